#include "lemf/desk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "lemf/answer.h"
#include "lemf/hash.h"
#include "lemf/keys.h"
#include "lemf/plain.h"
#include "lemf/sound.h"
#include "lemf/tell.h"
#include "lemf/words.h"
#include "likeness/likeness.h"

enum { MAX_TOLD = 100, MAX_KEPT = 256 << 20, MAX_ROOM = 64 << 20 };

struct lemf_desk {
	const struct lemf_conf *conf;
	struct likeness *like;
	struct known {
		uint64_t number; /* of likeness_stream; 0: none */
		struct lemf_stream *stream;
	} known[LIKENESS_MAX_SLOTS]; /* by its slot */
	struct lemf_keys *keys;
	struct lemf_streams *streams;
	struct lemf_files *files; /* NULL: nothing is kept */
	struct audio *audio;      /* NULL: nothing is made audible */
	struct nanos now;         /* of what came last */
	struct lemf_tell tell;
	struct lemf_counts counts;
	struct wr plain; /* what an encrypted record held */
	struct wr clear; /* the record as it was before it was encrypted, for hashes; for words */
	struct wr words;
};

/* A record on its way through the desk. */
struct taken {
	const struct lemf_delivery *delivery;
	struct etsi_record record;
	struct etsi_record sealed; /* an encrypted record, as it came */
	struct lemf_key key;
	struct lemf_stream *stream;
	const struct likeness_stream *like; /* NULL: read whole */
	const uint8_t *plain;               /* an encrypted record's, once opened */
	bool is_sealed;                     /* and stays so */
};

__attribute__((format(printf, 5, 6))) static void find(struct lemf_desk *d,
						       enum lemf_finding finding, uint64_t times,
						       const struct taken *t, const char *format,
						       ...)
{
	char text[WHY_TEXT_LEN];
	struct lemf_found found = {.finding = finding, .times = times, .text = text};
	va_list args;

	d->counts.findings[finding] += times;
	if (d->counts.findings[finding] - times >= MAX_TOLD)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	found.key = t && t->key.liid_len ? &t->key : NULL;
	found.record = t ? &t->record : NULL;
	lemf_tell_finding(&d->tell, &found);
}

/* ---- making one ---- */

int lemf_desk_new(struct lemf_desk **out, const struct lemf_conf *conf, FILE *told, struct why *why)
{
	struct lemf_desk *d = calloc(1, sizeof *d);
	int rc = d ? 0 : ERR_NOMEM;

	if (d) {
		d->conf = conf;
		lemf_tell_init(&d->tell, told, conf->json);
		d->plain = wr_init(MAX_ROOM);
		d->clear = wr_init(MAX_ROOM);
		d->words = wr_init(MAX_ROOM);
		rc = lemf_keys_new(&d->keys, conf, why);
	}
	if (!rc)
		rc = likeness_new(&d->like);
	if (!rc)
		rc = lemf_streams_new(&d->streams, (size_t)conf->max_streams, MAX_KEPT);
	if (!rc && conf->out)
		rc = lemf_files_new(&d->files, conf->out, conf->force, why);
	if (!rc && conf->audio)
		rc = audio_new(&d->audio, conf->audio, why);
	if (rc == ERR_NOMEM)
		why_set(why, rc, "%s", err_text(rc));
	if (rc)
		lemf_desk_free(&d);
	*out = d;
	return rc;
}

void lemf_desk_free(struct lemf_desk **out)
{
	struct lemf_desk *d = *out;

	*out = NULL;
	if (!d)
		return;
	if (lemf_files_close(&d->files, NULL))
		d->files = NULL;
	audio_free(&d->audio);
	likeness_free(&d->like);
	lemf_keys_free(&d->keys);
	if (d->streams)
		lemf_streams_free(&d->streams);
	lemf_tell_fini(&d->tell);
	wr_fini(&d->plain);
	wr_fini(&d->clear);
	wr_fini(&d->words);
	free(d);
}

/* ---- encrypted records ---- */

/* Opens the record: its payload's facts take the place of the container's. */
static void open_record(struct lemf_desk *d, struct taken *t)
{
	const struct etsi_octets *liid = &t->record.liid;
	struct seal seal = {.sealer = lemf_keys_sealer(d->keys)};
	struct seal_opened opened;
	struct why why;

	why_clear(&why);
	d->counts.n_encrypted++;
	t->is_sealed = true;
	seal.key = lemf_keys_seal(d->keys, liid, t->record.sealed.type);
	if (!seal.key && t->record.sealed.type != SEAL_NONE) {
		find(d, LEMF_NO_KEY, 1, t, "encrypted, type %u: there is no key",
		     t->record.sealed.type);
		return;
	}
	wr_reset(&d->plain);
	if (seal_open(&seal, &t->record, &d->plain, &opened, &why)) {
		find(d, LEMF_NOT_OPENED, 1, t, "%s", why.text);
		return;
	}
	d->counts.n_opened++;
	t->plain = opened.plain;
	t->sealed = t->record;
	t->record = opened.record;
	t->is_sealed = false;
}

/* ---- streams ---- */

static struct lemf_place_name name_of(const struct etsi_octets *from)
{
	struct lemf_place_name name = {.len = LEMF_MAX_PLACE};

	if (from->len < LEMF_MAX_PLACE)
		name.len = (uint8_t)from->len;
	if (name.len)
		memcpy(name.octets, from->bytes, name.len);
	return name;
}

static void set_key(struct taken *t, enum lemf_kind kind)
{
	const struct etsi_record *r = &t->record;

	t->key = (struct lemf_key){.kind = (uint8_t)kind, .cin = r->cin, .has_cin = r->has_cin};
	t->key.liid_len = (uint8_t)(r->liid.len < LEMF_MAX_LIID ? r->liid.len : LEMF_MAX_LIID);
	memcpy(t->key.liid, r->liid.bytes, t->key.liid_len);
	t->key.operator_id = name_of(&r->operator_id);
	t->key.network_element = name_of(&r->network_element);
}

static bool get_stream(struct lemf_desk *d, struct taken *t)
{
	t->stream = lemf_streams_get(d->streams, &t->key);
	if (!t->stream)
		find(d, LEMF_NOT_TRACKED, 1, t, "%zu streams are followed, no more",
		     lemf_streams_n(d->streams));
	return t->stream != NULL;
}

/* Its place in its stream. False: it was there before. */
static bool take_number(struct lemf_desk *d, struct taken *t)
{
	const struct lemf_delivery *in = t->delivery;
	struct lemf_stream *s = t->stream;
	uint64_t gap;
	enum lemf_place place = LEMF_IS_NEXT;

	if (d->conf->late_start && !s->numbers.has_begun) {
		s->numbers.next = t->record.seq;
		s->iri_state = LEMF_IRI_ANY;
	}
	place = lemf_number_take(&s->numbers, t->record.seq, lemf_hash(in->pdu, in->len), in->conn,
				 &gap);
	switch (place) {
	case LEMF_IS_NEXT:
		return true;
	case LEMF_IS_FIRST_LATE:
		find(d, LEMF_BEGINS_LATE, 1, t, "the first that comes");
		find(d, LEMF_MISSING, gap, t, "%" PRIu64 " before it are missing", gap);
		return true;
	case LEMF_IS_AFTER_GAP:
		find(d, LEMF_MISSING, gap, t, "%" PRIu64 " before it are missing", gap);
		return true;
	case LEMF_IS_LATE:
		d->counts.findings[LEMF_MISSING]--;
		find(d, LEMF_LATE, 1, t, "it was missing until now");
		return true;
	case LEMF_IS_REPLAYED:
		find(d, LEMF_REPLAYED, 1, t, "it came before, on another connection");
		return false;
	case LEMF_IS_TWICE:
		find(d, LEMF_TWICE, 1, t, "it came before, on the same connection");
		return false;
	case LEMF_IS_REUSED:
		find(d, LEMF_REUSED, 1, t, "another record had this number");
		return false;
	}
	return false;
}

static void count_record(struct lemf_desk *d, const struct taken *t)
{
	struct lemf_stream *s = t->stream;

	if (!s->n_records++)
		s->first = t->record.time;
	s->latest = t->record.time;
	s->n_octets += t->delivery->len;
	d->counts.records[t->key.kind]++;
}

/* ---- integrity ---- */

static void keep_for_check(struct lemf_desk *d, const struct taken *t)
{
	const struct etsi_octets pdu = {t->delivery->pdu, t->delivery->len};
	struct verifier *v = lemf_streams_keep(d->streams, t->stream, pdu.len);
	const uint8_t *clear = NULL;

	if (!v)
		return;
	wr_reset(&d->clear);
	if (t->plain && seal_clear_form(&pdu, &t->sealed, t->plain, &d->clear) == 0)
		clear = d->clear.bytes;
	if (verifier_take(v, &pdu, clear, t->record.seq))
		find(d, LEMF_NOT_COVERED, 1, t, "no memory to keep it for its check");
}

static void judge(struct lemf_desk *d, const struct taken *t, enum verdict verdict)
{
	bool is_hash = t->record.tri.check_type == ETSI_CHECK_HASH;

	switch (verdict) {
	case VERDICT_RIGHT:
		d->counts.n_hashes_right += is_hash;
		d->counts.n_signatures_right += !is_hash;
		return;
	case VERDICT_WRONG:
		find(d, is_hash ? LEMF_BAD_HASH : LEMF_BAD_SIGNATURE, 1, t, "%s",
		     verdict_text(verdict));
		return;
	case VERDICT_MISSING:
		find(d, LEMF_UNCHECKED, 1, t, "%s", verdict_text(verdict));
		return;
	case VERDICT_UNKNOWN:
		find(d, LEMF_NO_SIGNER, 1, t, "%s", verdict_text(verdict));
		return;
	}
}

static void take_check(struct lemf_desk *d, struct taken *t)
{
	const struct etsi_octets pdu = {t->delivery->pdu, t->delivery->len};
	bool is_of_iri = t->record.tri.check_of ? t->record.tri.check_of == ETSI_CHECK_OF_IRI
						: t->delivery->side == LEMF_HI2;
	bool is_hash = t->record.tri.check_type == ETSI_CHECK_HASH;
	struct taken of = *t;
	enum verdict verdict;

	set_key(t, is_hash     ? is_of_iri ? LEMF_KIND_HASH_IRI : LEMF_KIND_HASH_CC
		   : is_of_iri ? LEMF_KIND_SIGNATURE_IRI
			       : LEMF_KIND_SIGNATURE_CC);
	if (!get_stream(d, t) || !take_number(d, t))
		return;
	count_record(d, t);
	set_key(&of, is_of_iri ? LEMF_KIND_IRI : LEMF_KIND_CC);
	if (!get_stream(d, &of))
		return;
	of.stream->has_checks = true;
	if (!of.stream->verifier) {
		find(d, LEMF_UNCHECKED, 1, t, "what it covers is not here");
		return;
	}
	if (verifier_check(of.stream->verifier, &pdu, &t->record,
			   lemf_keys_signer(d->keys, &t->record.operator_id), &verdict))
		verdict = VERDICT_MISSING;
	judge(d, t, verdict);
	if (is_hash)
		lemf_streams_kept(d->streams, of.stream);
}

/* ---- session PDUs ---- */

static void restart(struct lemf_desk *d, struct taken *t)
{
	for (int kind = 0; kind < LEMF_N_KINDS; kind++) {
		struct lemf_stream *s;

		set_key(t, (enum lemf_kind)kind);
		s = lemf_streams_find(d->streams, &t->key);
		if (s)
			lemf_number_restart(&s->numbers);
	}
}

static void take_session(struct lemf_desk *d, struct taken *t)
{
	const struct lemf_delivery *in = t->delivery;
	unsigned kind = t->record.tri.kind;
	bool is_question = kind == ETSI_TRI_KEEP_ALIVE || kind == ETSI_TRI_OPTION_REQUEST ||
			   kind == ETSI_TRI_ACKNOWLEDGEMENT_REQUEST;
	int rc;

	if (kind == ETSI_TRI_INTEGRITY_CHECK) {
		take_check(d, t);
		return;
	}
	if (kind == ETSI_TRI_CIN_RESET)
		restart(d, t);
	d->counts.n_questions += is_question;
	/* what an answer confirms is not in this program's memory alone */
	if (kind == ETSI_TRI_ACKNOWLEDGEMENT_REQUEST || kind == ETSI_TRI_KEEP_ALIVE)
		lemf_desk_flush(d);
	rc = in->answer ? lemf_answer(&t->record, in->now, in->added, in->answer) : 0;
	d->counts.n_answers += rc > 0;
	if (rc < 0)
		find(d, LEMF_NOT_ANSWERED, 1, t, "%s cannot be answered",
		     etsi_tri_text(kind) ? etsi_tri_text(kind) : "this");
}

/* ---- records ---- */

static void write_packets(struct lemf_desk *d, const struct taken *t)
{
	struct etsi_octets left = t->record.parts;
	struct etsi_part part;

	while (d->files && etsi_part_next(&t->record, &left, &part)) {
		const struct lemf_packet packet = {part.content.bytes, part.content.len,
						   part.original_len, part.time};
		int rc = part.content.len ? lemf_files_packet(d->files, t->key.liid,
							      t->key.liid_len, &packet)
					  : 0;

		d->counts.n_packets += part.content.len && rc == 0;
		if (rc)
			find(d, LEMF_NOT_WRITTEN, 1, t, "its packet: %s", err_text(rc));
	}
}

static void write_sound(struct lemf_desk *d, const struct taken *t)
{
	struct why why;
	int rc;

	why_clear(&why);
	rc = d->audio ? lemf_sound_take(d->audio, &t->key, &t->record, t->delivery->now, &why) : 0;
	if (rc)
		find(d, rc == ERR_UNSUPPORTED ? LEMF_NO_SOUND : LEMF_NOT_WRITTEN, 1, t, "%s",
		     why.text);
}

static void check_iri_order(struct lemf_desk *d, const struct taken *t)
{
	static const char *const types[] = {"of no type", "Begin", "End", "Continue", "Report"};
	struct etsi_octets left = t->record.parts;
	struct etsi_part part;

	while (etsi_part_next(&t->record, &left, &part)) {
		unsigned type = part.iri_type <= ETSI_IRI_REPORT ? part.iri_type : 0;

		if (!lemf_iri_may_come(t->stream, (enum etsi_iri_type)type))
			find(d, LEMF_IRI_ORDER, 1, t, "an IRI %s may not stand here", types[type]);
	}
}

/* What it says, in words. An encrypted one is made whole again first. */
static void put_words(struct lemf_desk *d, const struct taken *t)
{
	struct etsi_octets pdu = {t->delivery->pdu, t->delivery->len};

	wr_reset(&d->words);
	wr_reset(&d->clear);
	if (t->is_sealed) {
		wr_text(&d->words, "encrypted, %zu octets", pdu.len);
		return;
	}
	if (t->plain && lemf_plain(&pdu, &t->record.payload, &d->clear))
		pdu = (struct etsi_octets){d->clear.bytes, d->clear.len};
	lemf_words(pdu.bytes, pdu.len, &t->record, &d->words);
}

static void tell_record(struct lemf_desk *d, const struct taken *t)
{
	if (t->key.kind == LEMF_KIND_CC && !d->conf->each_cc)
		return;
	put_words(d, t);
	lemf_tell_record(&d->tell, &t->key, &t->record, &d->words);
}

static enum lemf_kind kind_of(const struct taken *t)
{
	switch (t->record.kind) {
	case ETSI_RECORD_IRI:
		return LEMF_KIND_IRI;
	case ETSI_RECORD_CC:
		return LEMF_KIND_CC;
	case ETSI_RECORD_HI1:
		return LEMF_KIND_HI1;
	default: /* sealed, or of another kind: by the way that it came */
		return t->delivery->side == LEMF_HI2 ? LEMF_KIND_IRI : LEMF_KIND_CC;
	}
}

static void take_record(struct lemf_desk *d, struct taken *t)
{
	enum lemf_kind kind = kind_of(t);
	uint64_t n_late = d->counts.findings[LEMF_LATE];

	set_key(t, kind);
	if ((kind == LEMF_KIND_CC) != (t->delivery->side == LEMF_HI3))
		find(d, LEMF_WRONG_SIDE, 1, t, "%s on %s", lemf_kind_text(kind),
		     t->delivery->side == LEMF_HI2 ? "HI2" : "HI3");
	if (!get_stream(d, t))
		return;
	if (t->like)
		d->known[t->like->slot] = (struct known){t->like->number, t->stream};
	if (!take_number(d, t))
		return;
	if (kind == LEMF_KIND_IRI || kind == LEMF_KIND_CC)
		keep_for_check(d, t);
	count_record(d, t);
	d->counts.n_records++;
	/* one that is late has its place before what came already */
	if (t->record.kind == ETSI_RECORD_IRI && n_late == d->counts.findings[LEMF_LATE])
		check_iri_order(d, t);
	if (t->record.kind == ETSI_RECORD_CC)
		write_packets(d, t);
	write_sound(d, t);
	tell_record(d, t);
}

/* Takes what nearly all records are: a CC of a stream that is known, whose turn it is, of which
 * nothing is to be kept, checked or told. False: it is none, and nothing was done. */
static bool take_usual(struct lemf_desk *d, const struct lemf_delivery *in,
		       const struct likeness_stream *like, const struct likeness_own *own)
{
	const struct known *known = &d->known[like->slot];
	struct lemf_stream *s = known->stream;
	uint64_t gap;

	if (known->number != like->number || in->side != LEMF_HI3 || d->files || d->conf->each_cc ||
	    s->verifier || s->has_checks || !s->n_records || own->seq != s->numbers.next)
		return false;
	if (lemf_number_take(&s->numbers, own->seq, lemf_hash(in->pdu, in->len), in->conn, &gap) !=
	    LEMF_IS_NEXT)
		return false;
	s->n_records++;
	s->latest = own->time;
	s->n_octets += in->len;
	d->counts.records[LEMF_KIND_CC]++;
	d->counts.n_records++;
	return true;
}

static void take_whole(struct lemf_desk *d, struct taken *t)
{
	if (t->record.kind == ETSI_RECORD_ENCRYPTED)
		open_record(d, t);
	if (t->record.kind == ETSI_RECORD_TRI)
		take_session(d, t);
	else
		take_record(d, t);
}

/* One that is like no other. */
static void take_other(struct lemf_desk *d, struct taken *t)
{
	const struct lemf_delivery *in = t->delivery;
	struct why why;

	why_clear(&why);
	if (etsi_record_read(in->pdu, in->len, &t->record, &why)) {
		t->record = (struct etsi_record){.kind = ETSI_RECORD_OTHER};
		find(d, LEMF_UNREADABLE, 1, t, "%s", why.text);
		return;
	}
	likeness_keep(d->like, in->pdu, in->len, &t->record);
	take_whole(d, t);
}

void lemf_desk_take(struct lemf_desk *d, const struct lemf_delivery *delivery)
{
	struct likeness_own own;
	const struct likeness_stream *like =
		likeness_find(d->like, delivery->pdu, delivery->len, &own);

	d->now = delivery->now;
	d->counts.octets[delivery->side] += delivery->len;
	if (d->files && lemf_files_stream(d->files, delivery->side, delivery->pdu, delivery->len))
		d->counts.findings[LEMF_NOT_WRITTEN]++;
	if (!like || !take_usual(d, delivery, like, &own)) {
		struct taken t = {.delivery = delivery, .like = like};

		if (like)
			likeness_record(like, &own, &t.record);
		if (like)
			take_whole(d, &t);
		else
			take_other(d, &t);
	}
}

/* ---- the rest ---- */

void lemf_desk_connected(struct lemf_desk *d, enum lemf_side side, const char *whom)
{
	d->counts.n_connections[side]++;
	lemf_tell_connection(&d->tell, side, whom);
}

void lemf_desk_broken(struct lemf_desk *d, enum lemf_finding finding, enum lemf_side side,
		      const char *reason)
{
	find(d, finding, 1, NULL, "%s: %s", side == LEMF_HI2 ? "HI2" : "HI3", reason);
}

const struct lemf_counts *lemf_desk_counts(const struct lemf_desk *d)
{
	return &d->counts;
}

void lemf_desk_sum_up(struct lemf_desk *d)
{
	lemf_tell_progress(&d->tell, &d->counts);
}

void lemf_desk_flush(struct lemf_desk *d)
{
	if (d->files)
		lemf_files_flush(d->files);
	if (d->audio) /* what fails is told of with the next record of its source, or in the end */
		(void)audio_flush(d->audio, d->now);
}

static void finish_sound(struct lemf_desk *d)
{
	struct audio_counts counts;

	if (!d->audio)
		return;
	if (audio_flush(d->audio, d->now))
		find(d, LEMF_NOT_WRITTEN, 1, NULL, "sound could not be written");
	counts = audio_counts(d->audio);
	if (counts.n_untold)
		find(d, LEMF_NO_SOUND, 1, NULL,
		     "%" PRIu64 " packets of media that no description explains", counts.n_untold);
	d->counts.n_sounds = counts.n_files;
	audio_free(&d->audio);
}

bool lemf_desk_finish(struct lemf_desk *d)
{
	bool is_right = true;
	struct why why;

	why_clear(&why);
	for (const struct lemf_stream *s = lemf_streams_first(d->streams); s; s = s->next)
		if (s->has_checks && s->verifier)
			d->counts.findings[LEMF_NOT_COVERED] += verifier_n_waiting(s->verifier);
	if (lemf_files_close(&d->files, &why))
		find(d, LEMF_NOT_WRITTEN, 1, NULL, "%s: %s", why.place, why.text);
	finish_sound(d);
	for (int i = 0; i < LEMF_N_FINDINGS; i++)
		is_right &= !(lemf_findings[i].is_wrong && d->counts.findings[i]);
	lemf_tell_summary(&d->tell, &d->counts, d->streams, is_right);
	return is_right;
}
