/* What payload types mean in a call: by their numbers (RFC 3551 6), or by what its descriptions
 * (SDP) say in a=rtpmap. A description says what its sender will receive (RFC 3264 5.1), so it
 * counts first for what flows to him, and where the other says nothing also for what he sends. */
#ifndef AUDIO_CODECS_H
#define AUDIO_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audio_codec {
	AUDIO_UNTOLD, /* a dynamic type of which nothing was said so far */
	AUDIO_PCMU,
	AUDIO_PCMA,
	AUDIO_SILENCE, /* comfort noise (RFC 3389) */
	AUDIO_EVENTS,  /* keys that were pressed, tones (RFC 4733) */
	AUDIO_OTHER,
};

enum audio_side {
	AUDIO_FROM_TARGET,
	AUDIO_TO_TARGET,
	AUDIO_NO_SIDE, /* not known which */
	AUDIO_N_SIDES,
};

enum { AUDIO_N_TYPES = 128 };

struct audio_codecs {
	uint8_t told[AUDIO_N_SIDES][AUDIO_N_TYPES]; /* enum audio_codec, by the description's way */
	bool is_secret[AUDIO_N_SIDES]; /* its latest description has encrypted sound only (SRTP) */
};

/* A SIP message, from anyone, that went this way. False: there is no description in it that can
 * be read. Begin with zeros. */
bool audio_codecs_read(struct audio_codecs *c, enum audio_side way, const void *message,
		       size_t len);

/* Of a packet that goes this way. */
enum audio_codec audio_codecs_of(const struct audio_codecs *c, enum audio_side way, uint8_t type);

bool audio_codecs_is_secret(const struct audio_codecs *c);

/* "18 (G729)", "97": a payload type in words. */
enum { AUDIO_TYPE_TEXT_LEN = 24 };
void audio_type_text(uint8_t type, char out[AUDIO_TYPE_TEXT_LEN]);

#endif
