/* SIP messages from anyone: what they say of payload types leaves those alone that have a meaning
 * by their number. The first octet is the way. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "audio/codecs.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct audio_codecs codecs = {0};
	char text[AUDIO_TYPE_TEXT_LEN];

	if (!len)
		return 0;
	for (int i = 0; i < 2; i++)
		(void)audio_codecs_read(&codecs, (enum audio_side)((bytes[0] + i) % AUDIO_N_SIDES),
					bytes + 1, len - 1);
	for (int type = 0; type < AUDIO_N_TYPES; type++) {
		enum audio_codec codec = audio_codecs_of(&codecs, AUDIO_TO_TARGET, (uint8_t)type);

		audio_type_text((uint8_t)type, text);
		if (type < 35 && (codec == AUDIO_PCMU) != (type == 0))
			abort();
		if (codec > AUDIO_OTHER)
			abort();
	}
	return audio_codecs_is_secret(&codecs);
}
