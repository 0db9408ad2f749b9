#include "ipmm/mask.h"

#include "ipmm/base64.h"
#include "ipmm/sms.h"
#include "sip/body.h"
#include "sip/sdp.h"

enum {
	MASK = 'X',
	MAX_DEPTH = SIP_BODY_DEPTH,
	MAX_RELAY = 512, /* octets of a message of the relay layer, and more */
};

struct masker {
	struct wr *w;
	bool has_masked;
	int depth; /* bodies inside bodies */
};

/* ---- octets ---- */

static void keep(struct masker *k, struct sip_text t)
{
	wr_bytes(k->w, t.bytes, t.len);
}

static void mask(struct masker *k, size_t len)
{
	wr_fill(k->w, MASK, len);
	k->has_masked |= len != 0;
}

/* All but its line ends and the white space that begins a line, so that a header stays one. */
static void mask_lines(struct masker *k, struct sip_text t)
{
	struct rd r = sip_text_rd(t);
	bool is_start = true;

	while (rd_left(&r)) {
		uint8_t c = rd_u8(&r);
		bool is_end = c == '\r' || c == '\n';

		is_start = is_end || (is_start && (c == ' ' || c == '\t'));
		if (is_start)
			wr_u8(k->w, c);
		else
			mask(k, 1);
	}
}

/* White space is no content: it is what stands around a body's parts. */
static void mask_unless_blank(struct masker *k, struct sip_text t)
{
	if (sip_text_trim(t).len)
		mask(k, t.len);
	else
		keep(k, t);
}

/* ---- headers ---- */

/* What a header says of its body. */
struct entity {
	struct sip_content_type type;
	struct sip_text type_value;
	struct sip_text encoding;
	bool is_odd; /* compressed, or two things are said: nobody knows what is in it */
};

/* Whether a field's value stays. */
typedef bool (*keeps_fn)(const struct sip_line *line);

static bool is_one_of(struct sip_text name, const char *const *names)
{
	for (; *names; names++)
		if (sip_text_is(name, *names))
			return true;
	return false;
}

/* What one user writes to the other (RFC 3261 20.36, RFC 7433, RFC 2045 8). */
static bool is_written(const struct sip_line *line)
{
	static const char *const names[] = {"User-to-User", "Content-Description", NULL};

	return line->field == SIP_FIELD_SUBJECT || is_one_of(line->name, names);
}

static bool keeps_of_message(const struct sip_line *line)
{
	return !is_written(line);
}

/* Of a part what says what it is (RFC 2045). */
static bool keeps_of_part(const struct sip_line *line)
{
	static const char *const names[] = {"MIME-Version", NULL};

	switch (line->field) {
	case SIP_FIELD_CONTENT_TYPE:
	case SIP_FIELD_CONTENT_ID:
	case SIP_FIELD_CONTENT_DISPOSITION:
	case SIP_FIELD_CONTENT_ENCODING:
	case SIP_FIELD_CONTENT_TRANSFER_ENCODING:
	case SIP_FIELD_CONTENT_LENGTH:
		return true;
	default:
		return is_one_of(line->name, names);
	}
}

/* RFC 3862 4.1 and RFC 5438 6; not Subject. */
static bool keeps_of_cpim(const struct sip_line *line)
{
	static const char *const names[] = {"From",
					    "To",
					    "cc",
					    "DateTime",
					    "NS",
					    "Require",
					    "imdn.Message-ID",
					    "imdn.Disposition-Notification",
					    "imdn.Original-To",
					    "imdn.IMDN-Record-Route",
					    "imdn.IMDN-Route",
					    NULL};

	return is_one_of(line->name, names);
}

/* RFC 3842 5.2: how many messages wait. */
static bool keeps_of_summary(const struct sip_line *line)
{
	static const char *const names[] = {"Messages-Waiting",
					    "Message-Account",
					    "Voice-Message",
					    "Fax-Message",
					    "Pager-Message",
					    "Multimedia-Message",
					    "Text-Message",
					    "None",
					    NULL};

	return is_one_of(line->name, names);
}

/* False where something else than parameters follows, such as a second type. */
static bool is_type(struct sip_text value, struct sip_content_type *out)
{
	struct sip_text rest;

	if (sip_content_type_read(value, out))
		return false;
	rest = sip_text_trim(out->params);
	return rest.len == 0 || rest.bytes[0] == ';';
}

/* Some say a thing twice. */
static bool is_same(struct sip_text before, struct sip_text value)
{
	return !sip_text_is_there(before) || sip_text_same(before, value);
}

static void note_field(struct entity *e, const struct sip_line *line)
{
	switch (line->field) {
	case SIP_FIELD_CONTENT_TYPE:
		e->is_odd |=
			!is_same(e->type_value, line->value) || !is_type(line->value, &e->type);
		e->type_value = line->value;
		break;
	case SIP_FIELD_CONTENT_TRANSFER_ENCODING:
		e->is_odd |= !is_same(e->encoding, line->value);
		e->encoding = line->value;
		break;
	case SIP_FIELD_CONTENT_ENCODING:
		e->is_odd |= !sip_text_is(line->value, "identity");
		break;
	default:
		break;
	}
}

/* A field's line, its value masked. */
static void mask_field(struct masker *k, struct sip_text raw)
{
	struct rd r = sip_text_rd(raw);
	struct sip_text name = sip_until(&r, ":");

	name.len += sip_skip(&r, ':');
	keep(k, name);
	mask_lines(k, sip_text_rest(&r));
}

static void put_field(struct masker *k, const struct sip_line *line, struct sip_text raw,
		      keeps_fn keeps)
{
	if (keeps(line))
		keep(k, raw);
	else if (is_written(line))
		mask_field(k, raw);
	else
		mask_lines(k, raw);
}

/* Writes a header with the empty line behind it, which r steps over. Lines that are no fields are
 * masked. */
static struct entity put_header(struct masker *k, struct rd *r, keeps_fn keeps)
{
	struct entity e = {0};

	for (;;) {
		struct rd before = *r;
		struct sip_line line;
		bool is_field = sip_header_next(r, &line);
		size_t len = rd_left(&before) - rd_left(r);
		size_t n_odd = is_field ? (size_t)(line.name.bytes - before.at) : len;

		mask_lines(k, sip_text_of(before.at, n_odd));
		if (!is_field)
			return e;
		rd_skip(&before, n_odd);
		note_field(&e, &line);
		put_field(k, &line, sip_text_of(before.at, len - n_odd), keeps);
	}
}

/* ---- bodies ---- */

static void put_entity(struct masker *k, const struct entity *e, struct sip_text body);

/* A part with its header. */
static void put_part(struct masker *k, struct sip_text part)
{
	struct rd r = sip_text_rd(part);
	struct entity e = put_header(k, &r, keeps_of_part);

	put_entity(k, &e, sip_text_rest(&r));
}

/* A message: its start line, its header and its body. */
static void put_message(struct masker *k, const struct sip_message *m)
{
	struct rd r = rd_of(m->whole.bytes, m->whole.len - m->body.len);
	struct sip_text line = sip_until(&r, "\n");
	struct entity e;

	line.len += sip_skip(&r, '\n');
	keep(k, line);
	e = put_header(k, &r, keeps_of_message);
	mask(k, rd_left(&r));
	put_entity(k, &e, m->body);
}

static void put_sdp(struct masker *k, struct sip_text body)
{
	struct sdp sdp;

	if (sdp_read(body, &sdp))
		mask(k, body.len);
	else
		keep(k, body);
}

static void put_xml(struct masker *k, struct sip_text body)
{
	struct sip_text inner = sip_text_trim(body);

	if (inner.len && inner.bytes[0] == '<' && inner.bytes[inner.len - 1] == '>')
		keep(k, body);
	else
		mask(k, body.len);
}

static void put_sms(struct masker *k, struct sip_text body)
{
	size_t len = ipmm_sms_signalling_len(body);

	keep(k, sip_text_of(body.bytes, len));
	mask(k, body.len - len);
}

static void put_sms_in_base64(struct masker *k, struct sip_text body)
{
	uint8_t octets[MAX_RELAY];
	size_t len = ipmm_base64_decode(body, octets, sizeof octets);

	if (len)
		k->has_masked |= ipmm_base64_mask(
			k->w, body, ipmm_sms_signalling_len(sip_text_of(octets, len)), MASK);
	else
		mask(k, body.len);
}

static void put_cpim(struct masker *k, struct sip_text body)
{
	struct rd r = sip_text_rd(body);

	(void)put_header(k, &r, keeps_of_cpim);
	put_part(k, sip_text_rest(&r));
}

static void put_summary(struct masker *k, struct sip_text body)
{
	struct rd r = sip_text_rd(body);

	(void)put_header(k, &r, keeps_of_summary);
	mask(k, rd_left(&r));
}

static void put_sip(struct masker *k, struct sip_text body)
{
	struct sip_message m;
	int rc = sip_message_read(body.bytes, body.len, &m);

	if ((rc && rc != ERR_CUT) || m.whole.bytes != body.bytes || !m.header.bytes) {
		mask(k, body.len);
		return;
	}
	put_message(k, &m);
	mask(k, body.len - m.whole.len);
}

static void put_parts(struct masker *k, struct sip_text boundary, struct sip_text body)
{
	struct rd r = sip_text_rd(body);
	struct sip_piece piece = sip_piece_next(&r, boundary);

	if (boundary.len == 0 || !sip_text_is_there(piece.delimiter)) {
		mask(k, body.len);
		return;
	}
	mask_unless_blank(k, piece.bytes);
	keep(k, piece.delimiter);
	while (rd_left(&r) && !piece.is_last) {
		piece = sip_piece_next(&r, boundary);
		put_part(k, piece.bytes);
		keep(k, piece.delimiter);
	}
	mask_unless_blank(k, sip_text_rest(&r));
}

/* ---- which bodies ---- */

typedef void (*put_fn)(struct masker *k, struct sip_text body);

/* Bodies that are signalling, or that hold some. */
static const struct {
	const char *type;
	const char *subtype;
	put_fn put;
} bodies[] = {
	{"application", "sdp", put_sdp},
	{"application", "vnd.3gpp.sms", put_sms},
	{"application", "simple-message-summary", put_summary},
	{"application", "pidf+xml", put_xml},
	{"application", "pidf-diff+xml", put_xml},
	{"application", "reginfo+xml", put_xml},
	{"application", "watcherinfo+xml", put_xml},
	{"application", "dialog-info+xml", put_xml},
	{"application", "conference-info+xml", put_xml},
	{"application", "resource-lists+xml", put_xml},
	{"application", "rlmi+xml", put_xml},
	{"application", "media_control+xml", put_xml},
	{"application", "3gpp-ims+xml", put_xml},
	{"application", "vnd.3gpp.access-transfer-events+xml", put_xml},
	{"application", "vnd.etsi.aoc+xml", put_xml},
	{"application", "vnd.etsi.cug+xml", put_xml},
	{"application", "vnd.etsi.mcid+xml", put_xml},
	{"application", "vnd.etsi.simservs+xml", put_xml},
	{"message", "cpim", put_cpim},
	{"message", "sip", put_sip},
	{"message", "sipfrag", put_sip},
};

/* Nothing has to be undone to read it (RFC 2045 6). */
static bool is_plain(struct sip_text encoding)
{
	return !sip_text_is_there(encoding) || sip_text_is(encoding, "binary") ||
	       sip_text_is(encoding, "8bit") || sip_text_is(encoding, "7bit");
}

/* NULL: masked whole. */
static put_fn put_of(const struct entity *e)
{
	if (!sip_text_is_there(e->type.type))
		return put_sdp; /* some leave out what an INVITE's body is */
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		if (sip_content_type_is(&e->type, bodies[i].type, bodies[i].subtype))
			return bodies[i].put;
	return NULL;
}

static void put_entity(struct masker *k, const struct entity *e, struct sip_text body)
{
	put_fn put = e->is_odd ? NULL : put_of(e);
	bool has_parts = !e->is_odd && sip_text_is(e->type.type, "multipart");

	if (put == put_sms && sip_text_is(e->encoding, "base64"))
		put = put_sms_in_base64;
	else if (!is_plain(e->encoding))
		put = NULL;

	k->depth++;
	if (k->depth > MAX_DEPTH || body.len == 0)
		mask(k, body.len);
	else if (has_parts)
		put_parts(k, e->type.boundary, body);
	else if (put)
		put(k, body);
	else
		mask(k, body.len);
	k->depth--;
}

int ipmm_mask(const struct sip_message *m, struct wr *w, bool *out)
{
	struct masker k = {.w = w};
	size_t start = w->len;

	if (m->header.bytes)
		put_message(&k, m);
	else
		mask(&k, m->whole.len);
	*out = k.has_masked;
	if (w->ok)
		return 0;
	w->len = start;
	return ERR_FULL;
}
