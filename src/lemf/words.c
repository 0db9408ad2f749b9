#include "lemf/words.h"

#include <string.h>

#include "conf/json.h"
#include "etsi/decode.h"
#include "etsi/ipiri.h"
#include "ipmm/ipmm.h"
#include "sip/address.h"

enum { MAX_JSON = 1 << 20, MAX_NAME = 255 };

static const struct {
	enum ipiri_event event;
	const char *text;
} events[] = {
	{IPIRI_ATTEMPT, "asks for access"},
	{IPIRI_ACCEPT, "access granted"},
	{IPIRI_REJECT, "access refused"},
	{IPIRI_FAILED, "access failed"},
	{IPIRI_INTERIM, "still on line"},
	{IPIRI_START_ACTIVE, "interception begins, on line already"},
	{IPIRI_ACCESS_END, "access ended"},
	{IPIRI_END_ACTIVE, "interception ends, still on line"},
	{IPIRI_UNKNOWN, "something unknown happened"},
	{IPIRI_START_IDLE, "interception begins, not on line"},
	{IPIRI_END_IDLE, "interception ends, not on line"},
	{IPIRI_EXPIRED, "session expired"},
};

/* A field of the record's contents, what stands before and behind it. */
static const struct {
	const char *path, *before, *behind;
} fields[] = {
	{"targetIPAddress.iP-value.iPBinaryAddress", ", ", ""},
	{"targetIPAddress.iP-value.iPTextAddress", ", ", ""},
	{"targetIPAddress.iPv6PrefixLength", "/", ""},
	{"additionalIPAddress.iP-value.iPBinaryAddress", ", ", ""},
	{"additionalIPAddress.iPv6PrefixLength", "/", ""},
	{"internetAccessType", ", by ", ""},
	{"targetNetworkID", ", network ", ""},
	{"targetCPEID", ", equipment ", ""},
	{"pOPIPAddress.iP-value.iPBinaryAddress", ", at ", ""},
	{"pOPPortNumber", ", port ", ""},
	{"startTime", ", since ", ""},
	{"endTime", ", until ", ""},
	{"octetsReceived", ", received ", " octets"},
	{"octetsTransmitted", ", sent ", " octets"},
	{"endReason", ", reason ", ""},
};

static const struct conf_value *child_of(const struct conf_value *map, const char *key, size_t len)
{
	const struct conf_value *child = map && map->kind == CONF_KIND_MAP ? map->first : NULL;

	while (child && (strncmp(child->key, key, len) || child->key[len]))
		child = child->next;
	return child;
}

/* The value at "a.b.c", where a list stands for its first item; NULL. */
static const struct conf_value *at_path(const struct conf_value *at, const char *path)
{
	while (at && *path) {
		size_t len = strcspn(path, ".");

		if (at->kind == CONF_KIND_LIST)
			at = at->first;
		at = child_of(at, path, len);
		path += len + (path[len] == '.');
	}
	return at;
}

static const char *text_at(const struct conf_value *at, const char *path)
{
	const struct conf_value *value = at_path(at, path);

	return value && value->kind == CONF_KIND_SCALAR && *value->text ? value->text : NULL;
}

/* Control characters become blanks: the line stays one, whatever came in. */
static void put(struct wr *w, const char *text)
{
	for (; *text; text++)
		wr_u8(w, (uint8_t)((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text));
}

static const char *event_text(unsigned event)
{
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (event == (unsigned)events[i].event)
			return events[i].text;
	return "an event that is not known";
}

static void put_access(const struct conf_value *contents, const struct etsi_record *record,
		       struct wr *w)
{
	const char *user = text_at(contents, "targetUsername");

	put(w, user ? user : "the target");
	put(w, ": ");
	put(w, event_text(record->part.event));
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		const char *text = text_at(contents, fields[i].path);

		if (!text)
			continue;
		put(w, fields[i].before);
		put(w, text);
		put(w, fields[i].behind);
	}
}

static const char *operation_text(unsigned operation)
{
	switch (operation) {
	case HI1_ACTIVATED:
		return "interception is activated";
	case HI1_DEACTIVATED:
		return "interception is deactivated";
	case HI1_MODIFIED:
		return "interception is modified";
	case HI1_ALARM:
		return "alarm";
	}
	return "a notification that is not known";
}

static void put_octets(const uint8_t *octets, size_t len, struct wr *w)
{
	for (size_t i = 0; i < len; i++)
		wr_u8(w, octets[i] < 0x20 || octets[i] > 0x7e ? ' ' : octets[i]);
}

static void put_printable(const struct etsi_octets *text, struct wr *w)
{
	put_octets(text->bytes, text->len, w);
}

/* The header of an alarm names the mediator; its LIID, where it has one, is its own. */
static void put_hi1(const struct etsi_record *record, struct wr *w)
{
	put(w, operation_text(record->hi1.operation));
	if (record->hi1.operation == HI1_ALARM && record->hi1.liid.len) {
		put(w, " of LIID ");
		put_printable(&record->hi1.liid, w);
	}
	if (!record->hi1.text.len)
		return;
	put(w, ": ");
	put_printable(&record->hi1.text, w);
}

static void put_iri(const uint8_t *pdu, size_t len, const struct etsi_record *record, struct wr *w)
{
	static const char path[] = "payload.iRIPayloadSequence.iRIContents.iPIRI.iPIRIContents";
	struct wr text = wr_init(MAX_JSON);
	struct conf_doc *doc = NULL;
	struct etsi_decoded decoded;

	etsi_decode(pdu, len, ETSI_JSON, &text, &decoded);
	if (text.ok && conf_json_parse(&doc, (const char *)text.bytes, text.len, NULL) == 0)
		put_access(at_path(conf_doc_root(doc), path), record, w);
	else
		put_access(NULL, record, w);
	conf_doc_free(&doc);
	wr_fini(&text);
}

static void put_name(struct sip_text name, struct wr *w)
{
	put_octets(name.bytes, name.len < MAX_NAME ? name.len : MAX_NAME, w);
}

static void put_party(const struct sip_message *m, enum sip_field field, struct wr *w)
{
	struct sip_address address;

	if (sip_message_address(m, field, &address) == 0)
		put_name(address.text, w);
	else
		put(w, "somebody");
}

/* Who signals what to whom: a message of a call, or of none. */
static void put_signal(const struct etsi_part *part, struct wr *w)
{
	struct sip_message m;
	int rc = sip_message_read(part->media.octets.bytes, part->media.octets.len, &m);

	if (rc && rc != ERR_CUT) {
		put(w, "a message that is no SIP");
		return;
	}
	put_party(&m, SIP_FIELD_FROM, w);
	put(w, " to ");
	put_party(&m, SIP_FIELD_TO, w);
	put(w, ": ");
	if (!m.is_request)
		wr_text(w, "%u ", m.status);
	put_name(m.is_request ? m.method_name : m.reason, w);
	if (part->iri_type == ETSI_IRI_BEGIN)
		put(w, ", the call begins");
	if (part->iri_type == ETSI_IRI_END)
		put(w, ", the call ends");
}

static bool is_signal(const struct etsi_part *part)
{
	return part->contents == ETSI_IPMMIRI &&
	       (part->media.form == IPMM_SIP || part->media.form == IPMM_SIP_IRI_ONLY);
}

void lemf_words(const uint8_t *pdu, size_t len, const struct etsi_record *record, struct wr *w)
{
	if (record->kind == ETSI_RECORD_HI1)
		put_hi1(record, w);
	else if (record->kind == ETSI_RECORD_IRI && record->part.event != ETSI_NO_EVENT)
		put_iri(pdu, len, record, w);
	else if (record->kind == ETSI_RECORD_IRI && is_signal(&record->part))
		put_signal(&record->part, w);
	else if (record->kind == ETSI_RECORD_CC)
		wr_text(w, "a packet of %zu octets", record->part.content.len);
	else
		put(w, etsi_record_kind_text(record->kind));
	if (record->kind == ETSI_RECORD_IRI && record->n_parts > 1)
		wr_text(w, "; and %u more", record->n_parts - 1);
}
