/* Inside lemf only: from records of calls (TS 102 232-5) to sound (audio/audio.h). Media come as IP
 * packets, UDP datagrams or RTP packets, and what they are is told by the SIP messages of IRIs. */
#ifndef LEMF_SOUND_H
#define LEMF_SOUND_H

#include "audio/audio.h"
#include "etsi/record.h"
#include "lemf/stream.h"

/* An IRI or CC of this stream, not encrypted. As audio_take; of a record that holds several, the
 * first reason. */
int lemf_sound_take(struct audio *audio, const struct lemf_key *key,
		    const struct etsi_record *record, struct nanos now, struct why *why);

#endif
