#include "show/call.h"

#include "ipmm/ipmm.h"
#include "show/media.h"
#include "show/place.h"
#include "sip/access.h"
#include "sip/body.h"
#include "sip/sdp.h"

enum {
	MAX_TEXT = 256,     /* octets of one value from outside */
	MAX_LINES = 16,     /* of one kind */
	IRI_ONLY_PACKET = 5 /* iRIOnlyOriginalIPMMMessage */
};

/* ---- values ---- */

static void put_text(struct form *f, const char *name, struct sip_text t)
{
	if (sip_text_is_there(t))
		form_text(f, name, t.bytes, t.len < MAX_TEXT ? t.len : MAX_TEXT);
}

static void put_value(struct form *f, const char *name, const struct sip_message *m,
		      enum sip_field field)
{
	struct sip_text value;

	if (sip_message_value(m, field, &value))
		put_text(f, name, value);
}

/* The URI of an address, or all of a value that has none. */
static void put_address(struct form *f, const char *name, struct sip_text value)
{
	struct sip_address a;

	put_text(f, name, sip_address_read(value, &a) == 0 ? a.text : value);
}

static void put_party(struct form *f, const char *name, const struct sip_message *m,
		      enum sip_field field)
{
	struct sip_text value;

	if (sip_message_value(m, field, &value))
		put_address(f, name, value);
}

static void put_direction(struct form *f, const char *name, uint8_t direction)
{
	static const char *const words[] = {"from target", "to target", "indeterminate", "combined",
					    "not applicable"};

	if (direction < sizeof words / sizeof *words)
		form_word(f, name, words[direction]);
}

static void put_host(struct form *f, const char *name, const struct etsi_octets *address)
{
	if (address->len == 4 || address->len == 16)
		form_address(f, name, address->len == 4 ? FORM_IP4 : FORM_IP6, address->bytes);
}

/* ---- a message ---- */

static void show_head(struct form *f, const struct sip_message *m)
{
	put_text(f, "method", m->method_name);
	if (m->is_request) {
		put_text(f, "uri", m->uri);
	} else {
		form_u64(f, "status", m->status);
		put_text(f, "phrase", m->reason);
	}
	put_party(f, "from", m, SIP_FIELD_FROM);
	put_party(f, "to", m, SIP_FIELD_TO);
	put_value(f, "call_id", m, SIP_FIELD_CALL_ID);
	put_value(f, "cseq", m, SIP_FIELD_CSEQ);
	put_value(f, "session_id", m, SIP_FIELD_SESSION_ID);
	put_value(f, "because", m, SIP_FIELD_REASON);
	put_value(f, "event", m, SIP_FIELD_EVENT);
}

/* Who else is named: by the network, before the call was forwarded, or to be called next. */
static void show_identities(struct form *f, const struct sip_message *m)
{
	static const enum sip_field fields[] = {SIP_FIELD_P_ASSERTED_IDENTITY,
						SIP_FIELD_P_PREFERRED_IDENTITY,
						SIP_FIELD_REMOTE_PARTY_ID,
						SIP_FIELD_P_CALLED_PARTY_ID,
						SIP_FIELD_P_SERVED_USER,
						SIP_FIELD_CONTACT,
						SIP_FIELD_DIVERSION,
						SIP_FIELD_HISTORY_INFO,
						SIP_FIELD_REFER_TO,
						SIP_FIELD_REFERRED_BY};
	int n = 0;

	form_lines(f, "identities");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct sip_values values = sip_message_values(m, fields[i]);
		struct sip_text value;

		while (n < MAX_LINES && sip_values_next(&values, &value)) {
			n++;
			form_line(f, "identity");
			form_word(f, "field", sip_field_name(fields[i]));
			put_address(f, "uri", value);
			form_line_end(f);
		}
	}
	form_lines_end(f);
}

static void show_access(struct form *f, const struct sip_access *a)
{
	put_text(f, "type", a->type);
	if (a->is_network_provided)
		form_flag(f, "network_provided");
	if (a->has_mac)
		form_address(f, "mac", FORM_MAC, a->mac);
	if (!sip_text_is_there(a->mcc))
		return;
	put_text(f, "mcc", a->mcc);
	put_text(f, "mnc", a->mnc);
	form_hex(f, "area", a->area, a->kind == SIP_ACCESS_NR ? 6 : 4);
	form_hex(f, a->is_service_area ? "service_area" : "cell", a->cell_number,
		 a->kind == SIP_ACCESS_NR      ? 9
		 : a->cell_number > UINT16_MAX ? 7
					       : 4);
}

static void show_accesses(struct form *f, const struct sip_message *m)
{
	struct sip_values values = sip_message_values(m, SIP_FIELD_P_ACCESS_NETWORK_INFO);
	struct sip_access access;
	struct sip_text value;

	form_lines(f, "access");
	for (int i = 0; i < MAX_LINES && sip_values_next(&values, &value); i++) {
		if (sip_access_read(value, &access))
			continue;
		form_line(f, "access");
		show_access(f, &access);
		form_line_end(f);
	}
	form_lines_end(f);
}

static void show_bodies(struct form *f, const struct sip_message *m)
{
	struct sip_parts parts = sip_message_parts(m);
	struct sip_part part;

	form_lines(f, "bodies");
	for (int i = 0; i < MAX_LINES && sip_parts_next(&parts, &part); i++) {
		form_line(f, "body");
		put_text(f, "type", part.type.type);
		put_text(f, "subtype", part.type.subtype);
		put_text(f, "encoding", part.encoding);
		form_u64(f, "len", part.bytes.len);
		form_line_end(f);
	}
	form_lines_end(f);
}

static const char *direction_word(enum sdp_direction direction)
{
	static const char *const words[] = {
#define X(name, text) text,
		SDP_DIRECTIONS(X)
#undef X
	};

	return words[direction];
}

static void show_description(struct form *f, struct sip_text body)
{
	struct sdp sdp;

	if (sdp_read(body, &sdp))
		return;
	for (uint16_t i = 0; i < sdp.n_media; i++) {
		const struct sdp_media *media = &sdp.media[i];

		form_line(f, "media");
		form_u64(f, "line", i);
		put_text(f, "kind", media->kind_name);
		put_text(f, "address", media->address.text);
		form_u64(f, "port", media->port);
		put_text(f, "protocol", media->protocol);
		put_text(f, "formats", media->formats);
		form_word(f, "direction", direction_word(media->direction));
		form_line_end(f);
	}
}

static void show_descriptions(struct form *f, const struct sip_message *m)
{
	struct sip_part part;

	form_lines(f, "media");
	if (sip_message_part(m, "application", "sdp", &part))
		show_description(f, part.bytes);
	form_lines_end(f);
}

/* ---- a record ---- */

/* What the record says beside the message. */
static void show_envelope(struct form *f, const struct etsi_part *part)
{
	static const char *const types[] = {[1] = "begin", "end", "continue", "report"};
	const struct etsi_media *media = &part->media;

	if (part->iri_type >= 1 && part->iri_type < sizeof types / sizeof *types)
		form_word(f, "record", types[part->iri_type]);
	put_direction(f, "session", part->session_direction);
	put_direction(f, "direction", part->direction);
	put_host(f, "source", &media->source);
	put_host(f, "destination", &media->destination);
	if (media->form == IPMM_SIP_IRI_ONLY || media->form == IRI_ONLY_PACKET)
		form_flag(f, "without_content");
	form_u64(f, "octets", media->octets.len);
}

static void show_iri(struct form *f, const struct etsi_part *part)
{
	const struct etsi_media *media = &part->media;
	bool is_sip = media->form == IPMM_SIP || media->form == IPMM_SIP_IRI_ONLY;
	struct sip_message m;
	int rc =
		is_sip ? sip_message_read(media->octets.bytes, media->octets.len, &m) : ERR_UNKNOWN;

	if (rc && rc != ERR_CUT) {
		show_envelope(f, part);
		return;
	}
	show_head(f, &m);
	if (rc)
		form_flag(f, "cut");
	if (!f->is_json)
		form_put(f, "\n  ");
	show_envelope(f, part);
	if (!f->is_json)
		form_put(f, "\n");
	show_identities(f, &m);
	show_accesses(f, &m);
	show_places(f, &media->location);
	show_bodies(f, &m);
	show_descriptions(f, &m);
}

static void show_cc(struct form *f, const struct etsi_part *part)
{
	put_direction(f, "direction", part->direction);
	put_text(f, "stream", sip_text_of(part->media.stream.bytes, part->media.stream.len));
	show_media(f, &part->media);
}

bool show_is_call(const struct etsi_record *r)
{
	return (r->kind == ETSI_RECORD_IRI && r->part.contents == ETSI_IPMMIRI) ||
	       (r->kind == ETSI_RECORD_CC && r->part.contents == ETSI_IPMMCC);
}

void show_call(struct form *f, const struct etsi_record *r)
{
	size_t start = f->w->len;

	if (f->is_json)
		json_open(&f->json, '{');
	if (r->kind == ETSI_RECORD_IRI)
		show_iri(f, &r->part);
	else
		show_cc(f, &r->part);
	if (f->is_json)
		json_close(&f->json, '}');
	else if (f->w->len > start && f->w->ok && f->w->bytes[f->w->len - 1] != '\n')
		form_put(f, "\n");
}
