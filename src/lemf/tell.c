#include "lemf/tell.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_LINE = 64 << 20 };

const struct lemf_finding_row lemf_findings[LEMF_N_FINDINGS] = {
#define X(name, word, is_wrong, text) {word, text, is_wrong},
	LEMF_FINDINGS(X)
#undef X
};

static const char *const sides[] = {"HI2", "HI3"};
static const char *const side_words[] = {"hi2", "hi3"};

void lemf_tell_init(struct lemf_tell *t, FILE *to, bool is_json)
{
	*t = (struct lemf_tell){.to = to, .is_json = is_json};
	t->line = wr_init(MAX_LINE);
}

void lemf_tell_fini(struct lemf_tell *t)
{
	wr_fini(&t->line);
}

static void begin(struct lemf_tell *t, const char *event)
{
	wr_reset(&t->line);
	t->json = json_of(&t->line);
	if (!t->is_json)
		return;
	json_open(&t->json, '{');
	json_key(&t->json, "event");
	json_text(&t->json, event);
}

static void end(struct lemf_tell *t)
{
	if (t->is_json) {
		json_close(&t->json, '}');
		json_line(&t->json);
	} else {
		wr_u8(&t->line, '\n');
	}
	if (t->line.ok)
		fwrite(t->line.bytes, 1, t->line.len, t->to);
	fflush(t->to);
}

static void member(struct lemf_tell *t, const char *key, uint64_t value)
{
	json_key(&t->json, key);
	json_u64(&t->json, value);
}

static void member_text(struct lemf_tell *t, const char *key, const char *text)
{
	json_key(&t->json, key);
	json_text(&t->json, text);
}

static void liid_of(const struct lemf_key *key, char out[ETSI_LIID_TEXT_SIZE])
{
	const struct etsi_octets liid = {key->liid, key->liid_len};

	etsi_liid_text(&liid, out);
}

static void put_name(struct lemf_tell *t, const char *key, const struct lemf_place_name *name)
{
	if (!name->len)
		return;
	json_key(&t->json, key);
	json_text_of(&t->json, name->octets, name->len);
}

/* In words: as an LIID is written, whatever its octets are. */
static void text_of_name(const struct lemf_place_name *name, char out[ETSI_LIID_TEXT_SIZE])
{
	const struct etsi_octets octets = {name->octets, name->len};

	etsi_liid_text(&octets, out);
}

/* Whose it is: "LIID0001 at akl-1 CIN 7 cc". */
static void put_key(struct lemf_tell *t, const struct lemf_key *key)
{
	char liid[ETSI_LIID_TEXT_SIZE], name[ETSI_LIID_TEXT_SIZE];

	liid_of(key, liid);
	if (t->is_json) {
		member_text(t, "liid", liid);
		if (key->has_cin)
			member(t, "cin", key->cin);
		put_name(t, "operator", &key->operator_id);
		put_name(t, "network_element", &key->network_element);
		member_text(t, "kind", lemf_kind_word((enum lemf_kind)key->kind));
		return;
	}
	wr_text(&t->line, "%s", liid);
	if (key->network_element.len) {
		text_of_name(&key->network_element, name);
		wr_text(&t->line, " at %s", name);
	}
	if (key->has_cin)
		wr_text(&t->line, " CIN %" PRIu32, key->cin);
	wr_text(&t->line, " %s", lemf_kind_word((enum lemf_kind)key->kind));
}

static void put_time(struct lemf_tell *t, const struct etsi_record *record)
{
	char text[NANOS_TEXT_LEN];

	if (!record->has_time)
		return;
	nanos_print(record->time, 6, text);
	if (t->is_json)
		member_text(t, "time", text);
	else
		wr_text(&t->line, "%s  ", text);
}

void lemf_tell_record(struct lemf_tell *t, const struct lemf_key *key,
		      const struct etsi_record *record, const struct wr *words)
{
	begin(t, "record");
	put_time(t, record);
	put_key(t, key);
	if (!t->is_json) {
		wr_text(&t->line, " #%" PRIu32 "  ", record->seq);
		wr_bytes(&t->line, words->bytes, words->len);
		end(t);
		return;
	}
	member(t, "seq", record->seq);
	if (record->kind == ETSI_RECORD_IRI) {
		member(t, "iri_type", record->part.iri_type);
		if (record->part.event != ETSI_NO_EVENT)
			member_text(t, "access_event", ipiri_event_text(record->part.event));
	}
	if (record->kind == ETSI_RECORD_CC && record->part.direction != ETSI_NO_DIRECTION)
		member(t, "direction", record->part.direction);
	json_key(&t->json, "words");
	json_text_of(&t->json, words->bytes, words->len);
	end(t);
}

void lemf_tell_finding(struct lemf_tell *t, const struct lemf_found *found)
{
	const struct lemf_finding_row *row = &lemf_findings[found->finding];

	begin(t, "finding");
	if (t->is_json) {
		member_text(t, "finding", row->word);
		json_key(&t->json, "wrong");
		json_bool(&t->json, row->is_wrong);
		member(t, "times", found->times);
	}
	if (found->record)
		put_time(t, found->record);
	if (found->key)
		put_key(t, found->key);
	if (t->is_json) {
		if (found->record)
			member(t, "seq", found->record->seq);
		member_text(t, "text", found->text);
	} else {
		if (found->record && found->key)
			wr_text(&t->line, " #%" PRIu32 "  ", found->record->seq);
		wr_text(&t->line, "%s: %s: %s", row->is_wrong ? "WRONG" : "note", row->word,
			found->text);
	}
	end(t);
}

void lemf_tell_connection(struct lemf_tell *t, enum lemf_side side, const char *whom)
{
	begin(t, "connection");
	if (t->is_json) {
		member_text(t, "interface", side_words[side]);
		member_text(t, "peer", whom);
	} else {
		wr_text(&t->line, "%s: connection from %s", sides[side], whom);
	}
	end(t);
}

static uint64_t wrong_of(const struct lemf_counts *c)
{
	uint64_t n = 0;

	for (int i = 0; i < LEMF_N_FINDINGS; i++)
		n += lemf_findings[i].is_wrong ? c->findings[i] : 0;
	return n;
}

void lemf_tell_progress(struct lemf_tell *t, const struct lemf_counts *c)
{
	begin(t, "progress");
	if (t->is_json) {
		for (int i = 0; i < LEMF_N_KINDS; i++)
			member(t, lemf_kind_word((enum lemf_kind)i), c->records[i]);
		member(t, "octets", c->octets[LEMF_HI2] + c->octets[LEMF_HI3]);
		member(t, "wrong", wrong_of(c));
	} else {
		wr_text(&t->line,
			"so far: %" PRIu64 " IRIs, %" PRIu64 " CCs, %" PRIu64
			" notifications, %" PRIu64 " octets, %" PRIu64 " missing, %" PRIu64
			" findings that are wrong",
			c->records[LEMF_KIND_IRI], c->records[LEMF_KIND_CC],
			c->records[LEMF_KIND_HI1], c->octets[LEMF_HI2] + c->octets[LEMF_HI3],
			c->findings[LEMF_MISSING], wrong_of(c));
	}
	end(t);
}

/* ---- the end ---- */

static void put_stream(struct lemf_tell *t, const struct lemf_stream *s)
{
	uint32_t highest = s->numbers.next - 1;

	if (t->is_json) {
		json_open(&t->json, '{');
		put_key(t, &s->key);
		member(t, "records", s->n_records);
		member(t, "octets", s->n_octets);
		member(t, "highest", highest);
		member(t, "missing", s->numbers.n_missing);
		json_close(&t->json, '}');
		return;
	}
	wr_text(&t->line, "  ");
	put_key(t, &s->key);
	wr_text(&t->line, ": %" PRIu64 " to #%" PRIu32, s->n_records, highest);
	if (s->numbers.n_missing)
		wr_text(&t->line, ", %" PRIu64 " missing\n", s->numbers.n_missing);
	else
		wr_text(&t->line, ", none missing\n");
}

static void put_counts_in_words(struct lemf_tell *t, const struct lemf_counts *c)
{
	for (int i = 0; i < LEMF_N_SIDES; i++)
		wr_text(&t->line, "%s: %" PRIu64 " octets over %" PRIu64 " connection%s\n",
			sides[i], c->octets[i], c->n_connections[i],
			c->n_connections[i] == 1 ? "" : "s");
	for (int i = 0; i < LEMF_N_KINDS; i++)
		if (c->records[i])
			wr_text(&t->line, "%" PRIu64 " %s\n", c->records[i],
				lemf_kind_text((enum lemf_kind)i));
	if (c->n_questions)
		wr_text(&t->line,
			"%" PRIu64 " keep-alives and other questions, %" PRIu64 " answered\n",
			c->n_questions, c->n_answers);
	if (c->n_encrypted)
		wr_text(&t->line, "%" PRIu64 " encrypted, %" PRIu64 " opened\n", c->n_encrypted,
			c->n_opened);
	if (c->n_hashes_right || c->n_signatures_right)
		wr_text(&t->line, "%" PRIu64 " hashes and %" PRIu64 " signatures are right\n",
			c->n_hashes_right, c->n_signatures_right);
	if (c->n_packets)
		wr_text(&t->line, "%" PRIu64 " packets written\n", c->n_packets);
	if (c->n_sounds)
		wr_text(&t->line, "%" PRIu64 " sound files written\n", c->n_sounds);
}

static void put_summary_in_words(struct lemf_tell *t, const struct lemf_counts *c,
				 const struct lemf_streams *streams, bool is_right)
{
	put_counts_in_words(t, c);
	for (const struct lemf_stream *s = lemf_streams_first(streams); s; s = s->next)
		put_stream(t, s);
	for (int i = 0; i < LEMF_N_FINDINGS; i++)
		if (c->findings[i])
			wr_text(&t->line, "%s: %" PRIu64 ": %s\n",
				lemf_findings[i].is_wrong ? "WRONG" : "note", c->findings[i],
				lemf_findings[i].text);
	wr_text(&t->line, "verdict: %s",
		!is_right       ? "something is missing or wrong"
		: !c->n_records ? "nothing was received"
				: "complete, nothing is wrong");
}

static void put_summary_as_json(struct lemf_tell *t, const struct lemf_counts *c,
				const struct lemf_streams *streams, bool is_right)
{
	json_key(&t->json, "right");
	json_bool(&t->json, is_right);
	member(t, "records", c->n_records);
	for (int i = 0; i < LEMF_N_KINDS; i++)
		member(t, lemf_kind_word((enum lemf_kind)i), c->records[i]);
	for (int i = 0; i < LEMF_N_SIDES; i++) {
		json_key(&t->json, side_words[i]);
		json_open(&t->json, '{');
		member(t, "connections", c->n_connections[i]);
		member(t, "octets", c->octets[i]);
		json_close(&t->json, '}');
	}
	member(t, "questions", c->n_questions);
	member(t, "answers", c->n_answers);
	member(t, "encrypted", c->n_encrypted);
	member(t, "opened", c->n_opened);
	member(t, "hashes_right", c->n_hashes_right);
	member(t, "signatures_right", c->n_signatures_right);
	member(t, "packets", c->n_packets);
	member(t, "sounds", c->n_sounds);
	json_key(&t->json, "findings");
	json_open(&t->json, '{');
	for (int i = 0; i < LEMF_N_FINDINGS; i++)
		if (c->findings[i])
			member(t, lemf_findings[i].word, c->findings[i]);
	json_close(&t->json, '}');
	json_key(&t->json, "streams");
	json_open(&t->json, '[');
	for (const struct lemf_stream *s = lemf_streams_first(streams); s; s = s->next)
		put_stream(t, s);
	json_close(&t->json, ']');
}

void lemf_tell_summary(struct lemf_tell *t, const struct lemf_counts *c,
		       const struct lemf_streams *streams, bool is_right)
{
	begin(t, "summary");
	if (t->is_json)
		put_summary_as_json(t, c, streams, is_right);
	else
		put_summary_in_words(t, c, streams, is_right);
	end(t);
}
