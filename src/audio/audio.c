#include "audio/audio.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "audio/g711.h"
#include "audio/placing.h"
#include "audio/track.h"
#include "base/hash.h"
#include "base/list.h"
#include "media/rtp.h"

enum {
	MAX_CALLS = 65536,
	MAX_STREAMS = 64, /* of a call */
	MAX_SOURCES = 64, /* of a stream */
	MAX_ALL_SOURCES = 65536,
	MAX_WINDOWS = 8192, /* of 8 KB a channel */
	MAX_WAITING = 1500, /* packets of one source: half a minute */
	MAX_ALL_WAITING = 64 << 20,
	MAX_NAMED = 32, /* octets of a stream's name in a file's */
	IDLE_S = 3600,  /* until a call is forgotten */
	ENDED_S = 60,   /* … that has ended */
	SOME = 2048,    /* samples that are decoded at a time */
};

/* A packet that waits for a description. */
struct waiting {
	struct waiting *next;
	struct nanos time;
	size_t len;
	bool is_cut;
	uint8_t bytes[];
};

struct source {
	struct source *next;
	struct stream *stream;
	enum audio_side side;
	uint32_t ssrc;
	struct placing placing;
	struct track *track;
	int64_t offset; /* of its place 0 in both parties' file */
	bool has_offset;
	bool is_told, is_failed; /* of a codec, of a failure: said once */
	struct waiting *waiting, **waiting_end;
	unsigned n_waiting;
};

struct stream {
	struct stream *next;
	struct call *call;
	struct nanos begin; /* time of its place 0 */
	struct track *both;
	struct source *sources;
	unsigned n_sources;
	uint8_t name_len;
	uint8_t name[AUDIO_MAX_STREAM];
};

struct call {
	struct index_entry by_key;
	struct list by_age; /* of a->live or a->ended, the latest at the end */
	struct audio_call key;
	struct nanos latest;
	bool has_ended;
	struct audio_codecs codecs;
	struct stream *streams;
	unsigned n_streams;
};

struct audio {
	struct tracks *tracks;
	struct index calls;
	struct list live, ended;
	uint64_t seed;
	size_t n_calls, n_sources, n_waiting, n_waiting_octets;
	struct audio_counts counts;
	struct nanos now;
	bool is_full_told;
	int16_t values[2][256]; /* by enum g711_law */
	int16_t samples[SOME];
};

_Static_assert(sizeof(struct audio_call) == AUDIO_MAX_LIID + 3 + 4 + AUDIO_MAX_PLACE,
	       "compared octet by octet: nothing lies between its members");

/* ---- names ---- */

static void put_name(char *out, size_t size, const uint8_t *octets, size_t len, const char *plain)
{
	size_t at = strlen(out);

	for (size_t i = 0; i < len; i++) {
		uint8_t c = octets[i];
		bool is_plain = c && c < 0x80 && (isalnum(c) || strchr(plain, c));

		at += (size_t)snprintf(out + at, size - at, is_plain ? "%c" : "%%%02X", c);
	}
}

/* Up to the stream: 75 + 12 + 96 octets at most. */
static void name_of(const struct stream *s, char out[TRACK_MAX_NAME])
{
	const struct audio_call *key = &s->call->key;
	char cin[16] = "none";

	if (key->has_cin)
		snprintf(cin, sizeof cin, "%u", key->cin);
	out[0] = '\0';
	put_name(out, TRACK_MAX_NAME, key->liid, key->liid_len, "-_");
	snprintf(out + strlen(out), TRACK_MAX_NAME - strlen(out), "-%s-", cin);
	put_name(out, TRACK_MAX_NAME, s->name, s->name_len < MAX_NAMED ? s->name_len : MAX_NAMED,
		 "_.");
}

/* ---- what is forgotten ---- */

/* count: of those that were dropped. */
static void drop_waiting(struct audio *a, struct source *source, uint64_t *count)
{
	while (source->waiting) {
		struct waiting *first = source->waiting;

		source->waiting = first->next;
		a->n_waiting_octets -= first->len;
		a->n_waiting--;
		++*count;
		free(first);
	}
	source->waiting_end = &source->waiting;
	source->n_waiting = 0;
}

static void free_stream(struct audio *a, struct stream *s)
{
	while (s->sources) {
		struct source *source = s->sources;

		s->sources = source->next;
		drop_waiting(a, source, &a->counts.n_untold);
		track_free(&source->track);
		a->n_sources--;
		free(source);
	}
	track_free(&s->both);
	free(s);
}

static void free_call(struct audio *a, struct call *call)
{
	while (call->streams) {
		struct stream *s = call->streams;

		call->streams = s->next;
		free_stream(a, s);
	}
	index_drop(&call->by_key);
	list_drop(&call->by_age);
	a->n_calls--;
	free(call);
}

static void forget(struct audio *a, struct list *from, int64_t after_s)
{
	struct list *first;

	while ((first = list_first(from))) {
		struct call *call = LIST_OWNER(first, struct call, by_age);

		if (a->now.ns - call->latest.ns < after_s * NANOS_PER_S)
			return;
		free_call(a, call);
	}
}

/* ---- calls, streams, sources ---- */

static struct call *find_call(const struct audio *a, const struct audio_call *key, uint64_t hash)
{
	struct index_entry *e = index_first(&a->calls, hash);

	while (e && memcmp(&LIST_OWNER(e, struct call, by_key)->key, key, sizeof *key))
		e = index_next(e->next, hash);
	return e ? LIST_OWNER(e, struct call, by_key) : NULL;
}

static struct call *get_call(struct audio *a, const struct audio_call *key)
{
	uint64_t hash = keyed_hash(a->seed, key, sizeof *key);
	struct call *call = find_call(a, key, hash);

	if (!call && a->n_calls < MAX_CALLS && (call = calloc(1, sizeof *call))) {
		call->key = *key;
		list_init(&call->by_age);
		index_add(&a->calls, &call->by_key, hash);
		a->n_calls++;
	}
	if (call) {
		call->latest = a->now;
		list_drop(&call->by_age);
		list_push(call->has_ended ? &a->ended : &a->live, &call->by_age);
	}
	return call;
}

static int new_stream(struct audio *a, struct stream **out, struct call *call,
		      const struct audio_packet *packet)
{
	struct stream *s = calloc(1, sizeof *s);
	char name[TRACK_MAX_NAME];

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	s->call = call;
	s->begin = packet->time;
	s->name_len = (uint8_t)(packet->stream_len < AUDIO_MAX_STREAM ? packet->stream_len
								      : AUDIO_MAX_STREAM);
	if (s->name_len)
		memcpy(s->name, packet->stream, s->name_len);
	name_of(s, name);
	if (track_new(&s->both, a->tracks, name, 2)) {
		free(s);
		return ERR_NOMEM;
	}
	s->next = call->streams;
	call->streams = s;
	call->n_streams++;
	*out = s;
	return 0;
}

static int get_stream(struct audio *a, struct stream **out, struct call *call,
		      const struct audio_packet *packet)
{
	size_t len = packet->stream_len < AUDIO_MAX_STREAM ? packet->stream_len : AUDIO_MAX_STREAM;
	struct stream *s = call->streams;

	while (s && (s->name_len != len || (len && memcmp(s->name, packet->stream, len))))
		s = s->next;
	*out = s;
	if (s)
		return 0;
	return call->n_streams < MAX_STREAMS && a->n_sources < MAX_ALL_SOURCES
		       ? new_stream(a, out, call, packet)
		       : ERR_FULL;
}

static int new_source(struct audio *a, struct source **out, struct stream *s,
		      const struct audio_packet *packet, uint32_t ssrc)
{
	static const char *const sides[] = {"from", "to", "other"};
	struct source *source = calloc(1, sizeof *source);
	char name[TRACK_MAX_NAME];

	*out = NULL;
	if (!source)
		return ERR_NOMEM;
	name_of(s, name);
	snprintf(name + strlen(name), sizeof name - strlen(name), "-%s-%08x", sides[packet->side],
		 ssrc);
	if (track_new(&source->track, a->tracks, name, 1)) {
		free(source);
		return ERR_NOMEM;
	}
	source->stream = s;
	source->side = packet->side;
	source->ssrc = ssrc;
	source->waiting_end = &source->waiting;
	source->next = s->sources;
	s->sources = source;
	s->n_sources++;
	a->n_sources++;
	*out = source;
	return 0;
}

static int get_source(struct audio *a, struct source **out, struct stream *s,
		      const struct audio_packet *packet, uint32_t ssrc)
{
	struct source *source = s->sources;

	while (source && (source->ssrc != ssrc || source->side != packet->side))
		source = source->next;
	*out = source;
	if (source)
		return 0;
	return s->n_sources < MAX_SOURCES && a->n_sources < MAX_ALL_SOURCES
		       ? new_source(a, out, s, packet, ssrc)
		       : ERR_FULL;
}

/* ---- sound ---- */

/* Where in both parties' file place 0 of the source lies. Sound that is more than a second late by
 * its own count, since its sender counted no pause, goes on where its record's time puts it. */
static void set_offset(struct source *source, int64_t at, struct nanos time)
{
	int64_t by_time = placing_samples(source->stream->begin, time) - at;

	if (!source->has_offset ||
	    (by_time - source->offset > G711_RATE && source->placing.at == at))
		source->offset = by_time;
	source->has_offset = true;
}

/* A packet of sound, or of comfort noise. */
struct sound {
	const struct rtp *rtp;
	enum audio_codec codec;
	struct nanos time;
};

static int write_sound(struct audio *a, struct source *source, const struct sound *sound,
		       int64_t at)
{
	enum g711_law law = sound->codec == AUDIO_PCMA ? G711_A_LAW : G711_MU_LAW;
	const struct rtp *rtp = sound->rtp;
	int rc = 0;

	for (size_t done = 0; !rc && done < rtp->len; done += SOME) {
		size_t n = rtp->len - done < SOME ? rtp->len - done : SOME;

		for (size_t i = 0; i < n; i++)
			a->samples[i] = a->values[law][rtp->payload[done + i]];
		rc = track_put(source->track, 0, at + (int64_t)done, a->samples, n);
		if (rc || source->side >= AUDIO_NO_SIDE)
			continue;
		rc = track_put(source->stream->both, source->side == AUDIO_TO_TARGET,
			       at + (int64_t)done + source->offset, a->samples, n);
		rc = rc == ERR_USAGE ? 0 : rc; /* before both parties' file began */
	}
	return rc;
}

static int tell_failure(struct source *source, int rc, struct why *why)
{
	const struct why *failure = track_failure(source->track);

	if (!failure)
		failure = track_failure(source->stream->both);
	if (source->is_failed)
		return 0;
	source->is_failed = true;
	if (failure)
		return why_set(why, rc, "%s: %s", failure->place, failure->text);
	return why_set(why, rc, "sound of source %08x: %s", source->ssrc, err_text(rc));
}

static int place_sound(struct audio *a, struct source *source, const struct sound *sound,
		       struct why *why)
{
	bool is_silence = sound->codec == AUDIO_SILENCE;
	const struct placing_packet packet = {
		.seq = sound->rtp->seq,
		.stamp = sound->rtp->timestamp,
		.n = is_silence ? 0 : (uint32_t)sound->rtp->len,
		.time = sound->time,
	};
	int64_t at;
	int rc;

	switch (placing_take(&source->placing, &packet, &at)) {
	case PLACED_TWICE:
		a->counts.n_twice++;
		return 0;
	case PLACED_NOWHERE:
		a->counts.n_nowhere++;
		return 0;
	case PLACED:
		break;
	}
	set_offset(source, at, sound->time);
	if (is_silence) {
		a->counts.n_events++;
		return 0;
	}
	rc = write_sound(a, source, sound, at);
	if (rc == ERR_USAGE) {
		a->counts.n_nowhere++;
		return 0;
	}
	a->counts.n_packets += rc == 0;
	a->counts.n_other += rc != 0;
	return rc ? tell_failure(source, rc, why) : 0;
}

/* ---- packets of which nobody knows yet what they are ---- */

static int tell_codec(struct audio *a, struct source *source, uint8_t type, const char *reason,
		      struct why *why)
{
	char text[AUDIO_TYPE_TEXT_LEN];

	a->counts.n_other++;
	if (source->is_told)
		return 0;
	source->is_told = true;
	audio_type_text(type, text);
	return why_set(why, ERR_UNSUPPORTED, "source %08x, payload type %s: %s", source->ssrc, text,
		       reason);
}

static int wait_for_words(struct audio *a, struct source *source, const struct audio_packet *packet,
			  uint8_t type, struct why *why)
{
	struct waiting *w;

	if (source->is_told || source->n_waiting >= MAX_WAITING ||
	    a->n_waiting_octets + packet->len > MAX_ALL_WAITING ||
	    !(w = malloc(sizeof *w + packet->len))) {
		drop_waiting(a, source, &a->counts.n_other);
		return tell_codec(a, source, type, "no description says what it is", why);
	}
	w->next = NULL;
	w->time = packet->time;
	w->len = packet->len;
	w->is_cut = packet->is_cut;
	memcpy(w->bytes, packet->bytes, packet->len);
	*source->waiting_end = w;
	source->waiting_end = &w->next;
	source->n_waiting++;
	a->n_waiting++;
	a->n_waiting_octets += w->len;
	return 0;
}

static int take_rtp(struct audio *a, struct source *source, const struct audio_packet *packet,
		    const struct rtp *rtp, struct why *why)
{
	const struct audio_codecs *codecs = &source->stream->call->codecs;
	enum audio_codec codec = audio_codecs_of(codecs, source->side, rtp->payload_type);

	if (audio_codecs_is_secret(codecs))
		return tell_codec(a, source, rtp->payload_type, "it is encrypted (SRTP)", why);
	switch (codec) {
	case AUDIO_UNTOLD:
		return wait_for_words(a, source, packet, rtp->payload_type, why);
	case AUDIO_PCMU:
	case AUDIO_PCMA:
	case AUDIO_SILENCE:
		return place_sound(a, source, &(struct sound){rtp, codec, packet->time}, why);
	case AUDIO_EVENTS:
		a->counts.n_events++;
		return 0;
	case AUDIO_OTHER:
		break;
	}
	return tell_codec(a, source, rtp->payload_type, "it is not G.711", why);
}

/* What waited has come to be known, or waits on. */
static void take_waiting(struct audio *a, struct source *source)
{
	struct waiting *first = source->waiting, *next;
	struct rtp rtp;
	struct why why;

	source->waiting = NULL;
	source->waiting_end = &source->waiting;
	source->n_waiting = 0;
	for (; first; first = next) {
		const struct audio_packet packet = {.bytes = first->bytes,
						    .len = first->len,
						    .time = first->time,
						    .is_cut = first->is_cut};

		next = first->next;
		a->n_waiting--;
		a->n_waiting_octets -= first->len;
		if (rtp_read(first->bytes, first->len, first->is_cut, &rtp))
			(void)take_rtp(a, source, &packet, &rtp, &why);
		free(first);
	}
}

/* ---- what comes in ---- */

int audio_take(struct audio *a, const struct audio_packet *packet, struct why *why)
{
	enum media_sort sort = media_sort_of(packet->bytes, packet->len);
	struct source *source = NULL;
	struct stream *s = NULL;
	struct call *call;
	struct rtp rtp;
	int rc = ERR_FULL;

	a->now = packet->now;
	if (sort == MEDIA_IS_RTCP) {
		a->counts.n_rtcp++;
		return 0;
	}
	if (sort != MEDIA_IS_RTP || !rtp_read(packet->bytes, packet->len, packet->is_cut, &rtp)) {
		a->counts.n_not_rtp++;
		return 0;
	}
	call = get_call(a, &packet->call);
	if (call)
		rc = get_stream(a, &s, call, packet);
	if (!rc)
		rc = get_source(a, &source, s, packet, rtp.ssrc);
	if (!rc)
		return take_rtp(a, source, packet, &rtp, why);
	a->counts.n_other++;
	if (a->is_full_told)
		return 0;
	a->is_full_told = true;
	return why_set(why, rc, "source %08x, and perhaps others: %s", rtp.ssrc, err_text(rc));
}

void audio_signalled(struct audio *a, const struct audio_message *message)
{
	struct call *call;

	a->now = message->now;
	call = get_call(a, &message->call);
	if (!call || !audio_codecs_read(&call->codecs, message->way, message->bytes, message->len))
		return;
	for (struct stream *s = call->streams; s; s = s->next)
		for (struct source *source = s->sources; source; source = source->next)
			take_waiting(a, source);
}

void audio_ended(struct audio *a, const struct audio_call *key)
{
	struct call *call = find_call(a, key, keyed_hash(a->seed, key, sizeof *key));

	if (!call)
		return;
	call->has_ended = true;
	list_drop(&call->by_age);
	list_push(&a->ended, &call->by_age);
}

int audio_flush(struct audio *a, struct nanos now)
{
	a->now = now;
	forget(a, &a->ended, ENDED_S);
	forget(a, &a->live, IDLE_S);
	return tracks_flush(a->tracks);
}

struct audio_counts audio_counts(const struct audio *a)
{
	struct audio_counts counts = a->counts;

	counts.n_files = tracks_n_files(a->tracks);
	counts.n_untold += a->n_waiting;
	return counts;
}

/* ---- making one ---- */

int audio_new(struct audio **out, const char *dir, struct why *why)
{
	struct audio *a = calloc(1, sizeof *a);
	int rc = a ? 0 : ERR_NOMEM;

	if (a) {
		g711_table(G711_MU_LAW, a->values[G711_MU_LAW]);
		g711_table(G711_A_LAW, a->values[G711_A_LAW]);
		list_init(&a->live);
		list_init(&a->ended);
		if (getrandom(&a->seed, sizeof a->seed, 0) != sizeof a->seed)
			a->seed = (uint64_t)(uintptr_t)a;
		rc = index_init(&a->calls, MAX_CALLS);
	}
	if (rc)
		why_set(why, rc, "%s", err_text(rc));
	else
		rc = tracks_new(&a->tracks, dir, MAX_WINDOWS, why);
	if (rc)
		audio_free(&a);
	*out = a;
	return rc;
}

void audio_free(struct audio **out)
{
	struct audio *a = *out;
	struct list *first;

	*out = NULL;
	if (!a)
		return;
	while ((first = list_first(&a->live)) || (first = list_first(&a->ended)))
		free_call(a, LIST_OWNER(first, struct call, by_age));
	tracks_free(&a->tracks);
	index_fini(&a->calls);
	free(a);
}
