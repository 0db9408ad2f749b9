#include "show/record.h"

#include <inttypes.h>

#include "show/call.h"

enum { MAX_SHOWN_LIID = 25 };

/* A call's record in words of its own, ahead of its elements; false where it is none. */
static bool put_call(struct wr *w, const struct show_record *r, const char *key, bool is_json)
{
	struct etsi_record record;
	struct form f;

	if (etsi_record_read(r->pdu->bytes, r->pdu->len, &record, NULL) || !show_is_call(&record))
		return false;
	wr_text(w, "%s", key);
	form_init(&f, w, is_json);
	show_call(&f, &record);
	return true;
}

/* ---- words ---- */

static bool is_graphic(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return false;
	return true;
}

static void put_facts(struct wr *w, const struct etsi_decoded *d)
{
	char text[NANOS_TEXT_LEN];

	if (d->has_time) {
		nanos_print(d->time, 6, text);
		wr_text(w, "  %s", text);
	}
	if (d->kind[0])
		wr_text(w, "  %s", d->kind[0]);
	if (d->kind[1])
		wr_text(w, " %s", d->kind[1]);
	if (d->liid_len && d->liid_len <= MAX_SHOWN_LIID && is_graphic(d->liid, d->liid_len))
		wr_text(w, "  %.*s", (int)d->liid_len, (const char *)d->liid);
	if (d->has_cin)
		wr_text(w, "  CIN %" PRIu32, d->cin);
	if (d->has_seq)
		wr_text(w, "  #%" PRIu32, d->seq);
}

static void put_findings(struct wr *w, const struct show_record *r)
{
	const struct etsi_decoded *d = r->decoded;

	for (unsigned i = 0; i < d->n_findings; i++) {
		const struct etsi_finding *f = &d->findings[i];

		wr_text(w, "  finding: at byte %" PRIu64 ": %s: %s", r->offset + f->offset,
			etsi_rule_text(f->rule), f->text);
		wr_text(w, f->times > 1 ? " (%" PRIu32 " times)\n" : "\n", f->times);
	}
	if (d->n_more)
		wr_text(w, "  finding: and %" PRIu32 " more\n", d->n_more);
}

static void put_words(struct wr *w, const struct show_record *r)
{
	wr_text(w, "PDU %" PRIu64 " at byte %" PRIu64 ", %zu octets", r->number, r->offset,
		r->size);
	put_facts(w, r->decoded);
	if (r->byte_counter)
		wr_text(w, "  opened, byteCounter %" PRIu64, *r->byte_counter);
	wr_u8(w, '\n');
	(void)put_call(w, r, "", false);
	wr_bytes(w, r->elements->bytes, r->elements->len);
	if (!r->elements->ok)
		wr_text(w, "  (too long to be printed whole)\n");
	put_findings(w, r);
	wr_u8(w, '\n');
}

/* ---- JSON ---- */

static void json_findings(struct json *j, const struct etsi_decoded *d, uint64_t stream_offset)
{
	json_key(j, "findings");
	json_open(j, '[');
	for (unsigned i = 0; i < d->n_findings; i++) {
		const struct etsi_finding *f = &d->findings[i];

		json_open(j, '{');
		json_key(j, "rule");
		json_text(j, etsi_rule_text(f->rule));
		json_key(j, "offset");
		json_u64(j, stream_offset + f->offset);
		json_key(j, "times");
		json_u64(j, f->times);
		json_key(j, "text");
		json_text(j, f->text);
		json_close(j, '}');
	}
	json_close(j, ']');
	if (d->n_more) {
		json_key(j, "more_findings");
		json_u64(j, d->n_more);
	}
}

static void put_json(struct wr *w, const struct show_record *r)
{
	const struct etsi_decoded *d = r->decoded;
	struct json j = json_of(w);

	json_open(&j, '{');
	json_key(&j, "file");
	json_text(&j, r->stream);
	json_key(&j, "n");
	json_u64(&j, r->number);
	json_key(&j, "offset");
	json_u64(&j, r->offset);
	json_key(&j, "size");
	json_u64(&j, r->size);
	if (d->has_time) {
		json_key(&j, "time");
		json_time(&j, d->time);
	}
	if (r->byte_counter) {
		json_key(&j, "byte_counter");
		json_u64(&j, *r->byte_counter);
	}
	json_key(&j, "kind");
	json_text(&j, d->kind[1] ? d->kind[1] : d->kind[0]);
	json_findings(&j, d, r->offset);
	(void)put_call(w, r, ",\"call\":", true);
	json_key(&j, "pdu");
	if (r->elements->ok) {
		wr_bytes(w, r->elements->bytes, r->elements->len);
		j.needs_comma = true;
	} else {
		json_none(&j);
	}
	json_close(&j, '}');
	json_line(&j);
}

void show_record(struct wr *w, const struct show_record *r, bool is_json)
{
	if (is_json)
		put_json(w, r);
	else
		put_words(w, r);
}
