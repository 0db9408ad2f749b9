#include "audio/codecs.h"

#include <stdio.h>

#include "audio/g711.h"
#include "media/rtp.h"
#include "sip/body.h"
#include "sip/message.h"
#include "sip/sdp.h"

enum {
	TYPE_PCMU = 0,
	TYPE_PCMA = 8,
	TYPE_OLD_NOISE = 19, /* reserved by RFC 3551 since some used it so */
	FIRST_UNASSIGNED = 35,
};

static const struct {
	const char *name;
	enum audio_codec codec;
} names[] = {
	{"PCMU", AUDIO_PCMU},   {"PCMA", AUDIO_PCMA},
	{"CN", AUDIO_SILENCE},  {"telephone-event", AUDIO_EVENTS},
	{"tone", AUDIO_EVENTS},
};

static enum audio_codec codec_of(struct sip_text name, uint64_t rate, uint64_t channels)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!sip_text_is(name, names[i].name))
			continue;
		/* PCMU of 16,000 samples a second is no G.711 that a telephone has */
		if (names[i].codec <= AUDIO_PCMA && (rate != G711_RATE || channels != 1))
			return AUDIO_OTHER;
		return names[i].codec;
	}
	return AUDIO_OTHER;
}

/* "96 PCMA/8000/1"; false where it is no such thing, or of a type that needs no words. */
static bool read_rtpmap(struct sip_text value, uint8_t *type_out, enum audio_codec *out)
{
	struct rd r = sip_text_rd(sip_text_trim(value));
	uint64_t type, rate, channels = 1;
	struct sip_text name;

	if (!sip_text_number(sip_until(&r, " \t"), AUDIO_N_TYPES - 1, &type) ||
	    type < FIRST_UNASSIGNED)
		return false;
	name = sip_text_trim(sip_until(&r, "/"));
	if (!sip_skip(&r, '/') || !sip_text_number(sip_until(&r, "/ \t"), UINT32_MAX, &rate))
		return false;
	if (sip_skip(&r, '/') && !sip_text_number(sip_text_trim(sip_text_rest(&r)), 255, &channels))
		return false;
	*type_out = (uint8_t)type;
	*out = codec_of(name, rate, channels);
	return true;
}

/* Sound counts before what is none: video may have the same number on a line of its own. */
static void read_types(uint8_t told[AUDIO_N_TYPES], const struct sdp_media *media, bool is_sound)
{
	struct rd lines = sip_text_rd(media->attributes);
	struct sip_text name, value;
	enum audio_codec codec;
	uint8_t type;

	while (sdp_attribute_next(&lines, &name, &value))
		if (sip_text_is(name, "rtpmap") && read_rtpmap(value, &type, &codec) &&
		    (is_sound || told[type] == AUDIO_UNTOLD))
			told[type] = (uint8_t)codec;
}

bool audio_codecs_read(struct audio_codecs *c, enum audio_side way, const void *message, size_t len)
{
	bool has_secret = false, has_open = false;
	struct sip_message sip;
	struct sip_part part;
	struct sdp sdp;

	if (sip_message_read(message, len, &sip) || !sip.body.len ||
	    !sip_message_part(&sip, "application", "sdp", &part) || sdp_read(part.bytes, &sdp))
		return false;
	for (uint16_t i = 0; i < sdp.n_media; i++) {
		const struct sdp_media *media = &sdp.media[i];
		bool is_sound = media->kind == SDP_KIND_AUDIO;

		if (!media->is_rtp)
			continue;
		read_types(c->told[way], media, is_sound);
		has_secret |= is_sound && media->port && media->is_secure;
		has_open |= is_sound && media->port && !media->is_secure;
	}
	c->is_secret[way] = has_secret && !has_open;
	return true;
}

static enum audio_codec told(const struct audio_codecs *c, enum audio_side way, uint8_t type)
{
	return (enum audio_codec)c->told[way][type];
}

enum audio_codec audio_codecs_of(const struct audio_codecs *c, enum audio_side way, uint8_t type)
{
	enum audio_side receivers = way == AUDIO_FROM_TARGET ? AUDIO_TO_TARGET : AUDIO_FROM_TARGET;
	enum audio_codec codec;

	type %= AUDIO_N_TYPES;
	if (type == TYPE_PCMU || type == TYPE_PCMA)
		return type == TYPE_PCMU ? AUDIO_PCMU : AUDIO_PCMA;
	if (type == RTP_COMFORT_NOISE || type == TYPE_OLD_NOISE)
		return AUDIO_SILENCE;
	if (type < FIRST_UNASSIGNED)
		return AUDIO_OTHER;
	codec = told(c, receivers, type);
	for (int i = 0; i < AUDIO_N_SIDES && codec == AUDIO_UNTOLD; i++)
		codec = told(c, (enum audio_side)i, type);
	return codec;
}

bool audio_codecs_is_secret(const struct audio_codecs *c)
{
	bool is_secret = false;

	for (int i = 0; i < AUDIO_N_SIDES; i++)
		is_secret |= c->is_secret[i];
	return is_secret;
}

void audio_type_text(uint8_t type, char out[AUDIO_TYPE_TEXT_LEN])
{
	static const struct sdp_media none;
	struct sdp_codec codec;

	if (type < FIRST_UNASSIGNED && sdp_codec_find(&none, type, &codec))
		snprintf(out, AUDIO_TYPE_TEXT_LEN, "%u (%.*s)", type, (int)codec.name.len,
			 (const char *)codec.name.bytes);
	else
		snprintf(out, AUDIO_TYPE_TEXT_LEN, "%u", type);
}
