/* Any octets are refused, or are a description whose parts lie inside it. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "sip/craft.h"
#include "sip/sdp.h"

static unsigned sum;

static void try_media(const struct sdp_media *m)
{
	struct rd formats = sip_text_rd(m->formats), lines = sip_text_rd(m->attributes);
	struct sip_text text;
	struct sdp_codec codec;
	struct sdp_candidate candidate;
	uint32_t n = 0;

	sum += craft_touch(m->kind_name) + craft_touch(m->protocol) + craft_touch(m->attributes) +
	       craft_touch(m->address.text) + craft_touch(m->rtcp_address.text) +
	       craft_touch(m->mid) + sdp_is_held(m);
	while (sdp_format_next(&formats, &text)) {
		uint64_t type;

		sum += craft_touch(text);
		if (n++ < 16 && sip_text_number(text, UINT8_MAX, &type) &&
		    sdp_codec_find(m, (uint8_t)type, &codec))
			sum += craft_touch(codec.name);
	}
	if (sdp_fmtp_find(m, 101, &text))
		sum += craft_touch(text);
	for (n = 0; sdp_candidate_next(&lines, &candidate); n++)
		sum += craft_touch(candidate.address.text) + craft_touch(candidate.kind);
	if (n > m->n_candidates)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sdp s;
	int rc;

	sdp_fragment_read(sip_text_of(bytes, len), &s);
	for (int i = 0; i < s.n_media; i++)
		try_media(&s.media[i]);
	rc = sdp_read(sip_text_of(bytes, len), &s);

	if (rc == ERR_UNKNOWN)
		return 0;
	if (s.n_media > SDP_MAX_MEDIA || (s.n_left_out && s.n_media < SDP_MAX_MEDIA))
		abort();
	sum += craft_touch(s.origin.line) + craft_touch(s.origin.id) + craft_touch(s.origin.user) +
	       craft_touch(s.origin.version) + craft_touch(s.origin.address.text) +
	       craft_touch(s.name) + craft_touch(s.attributes);
	for (int i = 0; i < s.n_media; i++)
		try_media(&s.media[i]);
	return 0;
}
