/* What was said in calls, as WAV files in one folder. For each RTP source of a stream one of its
 * own, and for each stream one with both parties:
 *
 *	LIID-CIN-STREAM-from-SSRC.wav   one channel: all of the source's sound, exactly, from its
 *	LIID-CIN-STREAM-to-SSRC.wav     first packet on; silence where its time stamps say so
 *	LIID-CIN-STREAM.wav             left what comes from the target, right what goes to it, each
 *	                                source where the times of its records put it
 *
 * In LIID and STREAM what is no letter, digit, '-' (LIID only), '_' or '.' (STREAM only) is written
 * %XX. SSRC is hexadecimal. A packet of which nobody knows what it is waits for a description.
 *
 * Calls that have ended, or of which nothing comes for an hour, are forgotten; what comes then
 * begins new files. Everything is bounded, and what is beyond is counted. */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audio/codecs.h"
#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"

enum { AUDIO_MAX_LIID = 25, AUDIO_MAX_PLACE = 36, AUDIO_MAX_STREAM = 96 };

/* Whose it is. Compared octet by octet: begin with zeros. */
struct audio_call {
	uint8_t liid[AUDIO_MAX_LIID];
	uint8_t liid_len;
	uint8_t has_cin;
	uint8_t place_len;
	uint32_t cin;
	uint8_t place[AUDIO_MAX_PLACE]; /* who counts its CINs: operator and network element */
};

struct audio_packet {
	struct audio_call call;
	const uint8_t *stream; /* which of the call's; what is beyond AUDIO_MAX_STREAM is cut */
	size_t stream_len;
	enum audio_side side;
	struct nanos time; /* of the record */
	struct nanos now;  /* for what is forgotten */
	const void *bytes; /* what UDP carried: RTP or a neighbour of it */
	size_t len;
	bool is_cut; /* its end is not here */
};

struct audio_counts {
	uint64_t n_files;
	uint64_t n_packets; /* of sound */
	uint64_t n_twice;
	uint64_t n_nowhere; /* too late for their place */
	uint64_t n_events;  /* keys that were pressed, comfort noise */
	uint64_t n_rtcp;
	uint64_t n_not_rtp;
	uint64_t n_other;  /* of other codecs, encrypted, or beyond what is bounded */
	uint64_t n_untold; /* no description said what they are, until now or their call's end */
};

struct audio;

MUST_CHECK int audio_new(struct audio **out, const char *dir, struct why *why);
/* Writes what waits. */
void audio_free(struct audio **audio);

/* 0: it is in a file, or waits, or need not be told of; else the reason, each source's once.
 * ERR_UNSUPPORTED: it is no sound that can be written; ERR_FULL, ERR_IO, ERR_NOMEM: it is, and is
 * not written. */
int audio_take(struct audio *a, const struct audio_packet *packet, struct why *why);

/* A SIP message of a call. */
struct audio_message {
	struct audio_call call;
	enum audio_side way;
	struct nanos now;
	const void *bytes;
	size_t len;
};
void audio_signalled(struct audio *a, const struct audio_message *message);

/* The call is over, but what is late may come. */
void audio_ended(struct audio *a, const struct audio_call *call);

/* Writes what waits, and forgets what is old. ERR_IO where a file failed, now or before. */
int audio_flush(struct audio *a, struct nanos now);

struct audio_counts audio_counts(const struct audio *a);

#endif
