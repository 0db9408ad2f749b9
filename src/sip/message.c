#include "sip/message.h"

#include "sip/field.h"

static const char *const fault_texts[SIP_N_FAULTS] = {
#define X(name, text) text,
	SIP_FAULTS(X)
#undef X
};

const char *sip_fault_text(enum sip_fault fault)
{
	return fault_texts[fault];
}

static void blame(struct sip_message *m, enum sip_fault fault)
{
	m->faults |= 1u << fault;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Up to the next line feed, which is stepped over, without a carriage return before it. False where
 * there is no line feed any more. */
static bool take_line(struct rd *r, struct sip_text *out)
{
	const uint8_t *end = rd_left(r) ? memchr(r->at, '\n', rd_left(r)) : NULL;

	if (!end)
		return false;
	out->len = (size_t)(end - r->at);
	out->bytes = rd_take(r, out->len + 1);
	if (out->len && out->bytes[out->len - 1] == '\r')
		out->len--;
	return true;
}

/* A line with those that continue it. */
static bool take_folded(struct rd *r, struct sip_text *out)
{
	struct sip_text more;

	if (!take_line(r, out))
		return false;
	while (rd_left(r) && is_blank(*r->at)) {
		if (!take_line(r, &more))
			return false;
		out->len = (size_t)(more.bytes - out->bytes) + more.len;
	}
	return true;
}

/* "SIP/2.0", or as far as *is_right "SIP/7.0"; false where it is none at all. */
static bool is_version(struct sip_text t, bool *is_right)
{
	struct rd r = sip_text_rd(t);
	struct sip_text major, minor;
	uint64_t number;

	if (!sip_text_is(sip_until(&r, "/"), "SIP") || !sip_skip(&r, '/'))
		return false;
	*is_right = sip_text_is(sip_text_rest(&r), "2.0");
	major = sip_until(&r, ".");
	(void)sip_skip(&r, '.');
	minor = sip_text_rest(&r);
	return sip_text_number(major, UINT32_MAX, &number) &&
	       sip_text_number(minor, UINT32_MAX, &number);
}

static bool read_status_line(struct sip_message *m, struct sip_text line)
{
	struct rd r = sip_text_rd(line);
	struct sip_text code;
	uint64_t status = 0;
	bool is_right;

	if (!is_version(sip_until(&r, " \t"), &is_right))
		return false;
	if (!is_right)
		blame(m, SIP_FAULT_VERSION);
	if (!sip_skip(&r, ' '))
		return false;
	code = sip_until(&r, " \t");
	if (!sip_text_number(code, UINT64_MAX, &status))
		return false;
	if (code.len != 3 || status < 100 || status > 699)
		blame(m, SIP_FAULT_STATUS);
	m->status = status <= UINT16_MAX ? (uint16_t)status : 0;
	(void)sip_skip(&r, ' ');
	m->reason = sip_text_rest(&r);
	return true;
}

static bool has_controls(struct sip_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.bytes[i] < ' ' && t.bytes[i] != '\t' && t.bytes[i] != '\r')
			return true;
	return false;
}

/* The end of a text behind its last space or tab. */
static struct sip_text last_word(struct sip_text t)
{
	size_t n = 0;
	struct rd r = sip_text_rd(t);

	while (n < t.len && !is_blank(t.bytes[t.len - n - 1]))
		n++;
	rd_skip(&r, t.len - n);
	return sip_text_rest(&r);
}

static bool read_request_line(struct sip_message *m, struct sip_text line)
{
	struct sip_text trimmed = sip_text_trim(line), version = last_word(trimmed), spaces;
	struct rd r;
	bool is_right;

	m->is_request = true;
	if (!is_version(version, &is_right))
		return false;
	if (!is_right)
		blame(m, SIP_FAULT_VERSION);
	r = rd_of(trimmed.bytes, trimmed.len - version.len);
	m->method_name = sip_token(&r);
	m->method = sip_method_of(m->method_name);
	spaces = sip_text_rest(&r);
	m->uri = sip_text_trim(spaces);
	if (m->method_name.len == 0 || trimmed.bytes != line.bytes || m->uri.len == 0 ||
	    !is_blank(*spaces.bytes) || !is_blank(spaces.bytes[spaces.len - 1]) ||
	    has_controls(spaces))
		return false;
	if (trimmed.len != line.len || spaces.len != m->uri.len + 2 || *spaces.bytes != ' ')
		blame(m, SIP_FAULT_START_LINE);
	r = sip_text_rd(m->uri);
	if (sip_until(&r, " \t").len != m->uri.len)
		blame(m, SIP_FAULT_START_LINE);
	return true;
}

static bool read_whole_line(struct sip_message *m, struct sip_text line)
{
	if (line.len > 4 && sip_text_is(sip_text_of(line.bytes, 4), "SIP/"))
		return read_status_line(m, line);
	return read_request_line(m, line);
}

static bool begins_with_scheme(struct sip_text t)
{
	static const char *const schemes[] = {"sip:", "sips:", "tel:"};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i]);

		if (t.len >= len && sip_text_is(sip_text_of(t.bytes, len), schemes[i]))
			return true;
	}
	return false;
}

/* Of a start line without its end. */
static enum sip_likeness likeness_of_cut(struct rd r)
{
	enum sip_likeness best = rd_left(&r) > SIP_MAX_START_LINE ? SIP_IS_NONE : SIP_MAY_BE;
	struct sip_text word = sip_token(&r), rest;

	if (rd_left(&r) == 0)
		return best;
	if (sip_text_is(word, "SIP") && sip_skip(&r, '/'))
		return best;
	if (word.len == 0 || !(sip_skip(&r, ' ') || sip_skip(&r, '\t')))
		return SIP_IS_NONE;
	rest = sip_text_rest(&r);
	if (sip_method_of(word) != SIP_OTHER && begins_with_scheme(rest))
		return SIP_IS_ONE;
	return has_controls(rest) ? SIP_IS_NONE : best;
}

static void skip_line_ends(struct rd *r)
{
	while (sip_skip(r, '\r') || sip_skip(r, '\n'))
		;
}

enum sip_likeness sip_likeness(const void *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len), before;
	struct sip_message m = {0};
	struct sip_text line;

	skip_line_ends(&r);
	before = r;
	if (take_line(&r, &line))
		return read_whole_line(&m, line) ? SIP_IS_ONE : SIP_IS_NONE;
	return likeness_of_cut(before);
}

static int read_start_line(struct sip_message *m, struct rd *r)
{
	struct rd before = *r;
	struct sip_text line;

	if (take_line(r, &line))
		return read_whole_line(m, line) ? 0 : ERR_UNKNOWN;
	return likeness_of_cut(before) == SIP_IS_NONE ? ERR_UNKNOWN : ERR_CUT;
}

/* A line as a field; false: it is none. */
static bool split_line(struct sip_text line, struct sip_line *out)
{
	struct rd r = sip_text_rd(line);

	out->name = sip_token(&r);
	sip_skip_space(&r);
	if (out->name.len == 0 || !sip_skip(&r, ':'))
		return false;
	out->field = sip_field_of(out->name);
	out->value = sip_text_trim(sip_text_rest(&r));
	return true;
}

/* Lines up to the empty one, which is stepped over; false where it is missing. */
static bool read_header(struct sip_message *m, struct rd *r)
{
	struct rd before = *r;
	struct sip_text text;
	struct sip_line line;

	for (; take_folded(r, &text); m->header.len = rd_left(&before) - rd_left(r)) {
		struct sip_row *row;

		if (text.len == 0)
			return true;
		if (!split_line(text, &line)) {
			blame(m, SIP_FAULT_LINE);
			continue;
		}
		if (line.field == SIP_NO_FIELD)
			continue;
		row = &m->rows[line.field];
		if (row->n++) {
			if (sip_field_kind(line.field) == SIP_KIND_ONCE)
				blame(m, SIP_FAULT_TWICE);
			continue;
		}
		row->value = (uint32_t)(line.value.bytes - m->whole.bytes);
		row->len = (uint32_t)line.value.len;
	}
	return false;
}

static void read_cseq(struct sip_message *m)
{
	struct sip_text value;
	struct sip_cseq cseq;

	if (!sip_message_value(m, SIP_FIELD_CSEQ, &value) || sip_cseq_read(value, &cseq)) {
		blame(m, SIP_FAULT_CSEQ);
		return;
	}
	if (cseq.number > INT32_MAX)
		blame(m, SIP_FAULT_CSEQ); /* RFC 3261 8.1.1.5 */
	if (!m->is_request) {
		m->method = cseq.method;
		m->method_name = cseq.method_name;
	} else if (!sip_text_same(cseq.method_name, m->method_name)) {
		blame(m, SIP_FAULT_METHOD);
	}
}

static void read_fields(struct sip_message *m)
{
	static const enum sip_field wanted[] = {SIP_FIELD_VIA, SIP_FIELD_TO, SIP_FIELD_FROM,
						SIP_FIELD_CALL_ID, SIP_FIELD_CSEQ};

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!sip_message_has(m, wanted[i]))
			blame(m, SIP_FAULT_MISSING);
	if (sip_message_has(m, SIP_FIELD_CSEQ))
		read_cseq(m);
}

static int read_body(struct sip_message *m, struct rd *r)
{
	const struct sip_row *row = &m->rows[SIP_FIELD_CONTENT_LENGTH];
	size_t left = rd_left(r);
	uint64_t len = left;
	struct sip_text value;

	if (row->n && (!sip_message_value(m, SIP_FIELD_CONTENT_LENGTH, &value) ||
		       !sip_text_number(value, UINT32_MAX, &len))) {
		blame(m, SIP_FAULT_CONTENT_LENGTH);
		len = left;
	}
	m->body = sip_text_of(r->at, len < left ? len : left);
	rd_skip(r, m->body.len);
	if (len <= left)
		return 0;
	blame(m, SIP_FAULT_CONTENT_LENGTH);
	return ERR_CUT;
}

int sip_message_read(const void *bytes, size_t len, struct sip_message *out)
{
	struct rd r = rd_of(bytes, len);
	bool is_whole;
	int rc;

	*out = (struct sip_message){0};
	if (len > SIP_MAX_LEN)
		return ERR_FULL;
	skip_line_ends(&r);
	out->whole = sip_text_rest(&r);
	rc = read_start_line(out, &r);
	if (rc)
		return rc;
	out->header = sip_text_of(r.at, 0);
	is_whole = read_header(out, &r);
	read_fields(out);
	rc = is_whole ? read_body(out, &r) : ERR_CUT;
	if (is_whole)
		out->whole.len -= rd_left(&r);
	return rc;
}

bool sip_line_next(struct rd *header, struct sip_line *out)
{
	struct sip_text text;

	while (take_folded(header, &text))
		if (split_line(text, out))
			return true;
	return false;
}

bool sip_header_next(struct rd *octets, struct sip_line *out)
{
	struct sip_text text;

	while (take_folded(octets, &text) && text.len)
		if (split_line(text, out))
			return true;
	return false;
}

struct sip_values sip_message_values(const struct sip_message *m, enum sip_field field)
{
	const struct sip_row *row = &m->rows[field];
	struct sip_values v = {.field = field, .n_lines = row->n};
	struct rd header;

	if (row->n == 0)
		return v;
	header = sip_text_rd(m->header);
	rd_skip(&header, row->value - (size_t)(m->header.bytes - m->whole.bytes));
	v.line = rd_sub(&header, row->len);
	v.rest = header;
	v.n_lines--;
	return v;
}

static bool next_line(struct sip_values *v)
{
	struct sip_line line;

	while (v->n_lines && sip_line_next(&v->rest, &line)) {
		if (line.field != v->field)
			continue;
		v->n_lines--;
		v->line = sip_text_rd(line.value);
		return true;
	}
	return false;
}

bool sip_values_next(struct sip_values *v, struct sip_text *out)
{
	bool is_list = sip_field_kind(v->field) == SIP_KIND_LIST;

	do {
		while (rd_left(&v->line)) {
			*out = sip_text_trim(is_list ? sip_until_bare(&v->line, ",")
						     : sip_until(&v->line, ""));
			(void)sip_skip(&v->line, ',');
			if (out->len)
				return true;
		}
	} while (next_line(v));
	return false;
}

bool sip_message_value(const struct sip_message *m, enum sip_field field, struct sip_text *out)
{
	struct sip_values v = sip_message_values(m, field);

	return sip_values_next(&v, out);
}

/* Whether every value of the field is an address; the one of a request's Contact may be "*". */
static bool are_addresses(const struct sip_message *m, enum sip_field field)
{
	struct sip_values v = sip_message_values(m, field);
	struct sip_address a;
	struct sip_text value;

	while (sip_values_next(&v, &value))
		if (sip_address_read(value, &a) || a.has_fault ||
		    (a.is_star && field != SIP_FIELD_CONTACT))
			return false;
	return true;
}

static bool are_vias(const struct sip_message *m)
{
	struct sip_values v = sip_message_values(m, SIP_FIELD_VIA);
	struct sip_text value;
	struct sip_via via;

	while (sip_values_next(&v, &value))
		if (sip_via_read(value, &via))
			return false;
	return true;
}

static bool is_number(const struct sip_message *m, enum sip_field field, uint32_t max)
{
	struct sip_text value;
	uint64_t number;

	return !sip_message_has(m, field) ||
	       (sip_message_value(m, field, &value) && sip_text_number(value, max, &number));
}

/* RFC 3261 20.17: SIP restricts the time zone to GMT. */
static bool is_date(const struct sip_message *m)
{
	struct sip_text value;

	return !sip_message_value(m, SIP_FIELD_DATE, &value) ||
	       sip_text_is(last_word(value), "GMT");
}

/* A request's URI may have no headers (RFC 3261 19.1.1). */
static bool is_request_uri(struct sip_text t)
{
	struct sip_uri uri;

	return sip_uri_read(t, &uri) == 0 && !uri.headers.bytes;
}

uint32_t sip_message_faults(const struct sip_message *m)
{
	static const enum sip_field addresses[] = {
		SIP_FIELD_CONTACT,
		SIP_FIELD_DIVERSION,
		SIP_FIELD_FROM,
		SIP_FIELD_HISTORY_INFO,
		SIP_FIELD_P_ASSERTED_IDENTITY,
		SIP_FIELD_P_PREFERRED_IDENTITY,
		SIP_FIELD_RECORD_ROUTE,
		SIP_FIELD_REFER_TO,
		SIP_FIELD_REFERRED_BY,
		SIP_FIELD_REMOTE_PARTY_ID,
		SIP_FIELD_ROUTE,
		SIP_FIELD_TO,
	};
	uint32_t faults = m->faults;

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		if (!are_addresses(m, addresses[i]))
			faults |= 1u << SIP_FAULT_ADDRESS;
	if (m->is_request && !is_request_uri(m->uri))
		faults |= 1u << SIP_FAULT_URI;
	if (!are_vias(m))
		faults |= 1u << SIP_FAULT_VIA;
	if (!is_number(m, SIP_FIELD_MAX_FORWARDS, UINT8_MAX) ||
	    !is_number(m, SIP_FIELD_EXPIRES, UINT32_MAX) ||
	    !is_number(m, SIP_FIELD_RSEQ, UINT32_MAX))
		faults |= 1u << SIP_FAULT_NUMBER;
	if (!is_date(m))
		faults |= 1u << SIP_FAULT_DATE;
	return faults;
}
