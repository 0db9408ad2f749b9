#include "voip/ways.h"

#include "sip/sdp.h"

static bool is_speech(const struct call_media *m)
{
	return m->at.kind != MEDIA_RTCP && m->direction != SDP_INACTIVE;
}

/* The first of this party's on this line, which stands for what else it says there. */
static const struct call_media *end_of(const struct call *call, uint16_t line, unsigned party)
{
	size_t n;
	const struct call_media *media = call_media_of(call, &n);

	for (size_t k = 0; k < n; k++) {
		if (media[k].at.line == line && media[k].at.party == party && is_speech(&media[k]))
			return &media[k];
	}
	return NULL;
}

/* From where they come there; NULL: they do not. */
static const struct call_media *sender_to(const struct call *call, const struct call_media *to)
{
	const struct call_media *from = end_of(call, to->at.line, to->at.party ^ 1u);
	bool receives = to->direction == SDP_SENDRECV || to->direction == SDP_RECVONLY;
	bool sends = from && (from->direction == SDP_SENDRECV || from->direction == SDP_SENDONLY);

	return receives && sends ? from : NULL;
}

static void not_before(struct nanos *since, struct nanos time)
{
	if (time.ns > since->ns)
		*since = time;
}

bool ways_of_call(const struct call *call, struct ways_call *out)
{
	bool is_flowing = false;
	size_t n;
	const struct call_media *media;

	if (!call || call->state != CALL_LIVE || !call->answered.ns)
		return false;
	*out = (struct ways_call){.since = call->answered};
	media = call_media_of(call, &n);
	for (size_t k = 0; k < n; k++) {
		struct media_endpoint *at = &out->at[media[k].at.party & 1];

		if (!is_speech(&media[k]))
			continue;
		if (!at->ip.version)
			*at = media[k].at.at;
		not_before(&out->since, media[k].since);
		is_flowing |= sender_to(call, &media[k]) != NULL;
	}
	return is_flowing || call_names_host(call);
}

bool ways_of_rtp(const struct call *call, size_t k, struct way *out)
{
	size_t n;
	const struct call_media *to = call_media_of(call, &n) + k;
	bool is_rtp = to->at.kind == MEDIA_RTP || to->at.kind == MEDIA_MUXED;

	if (!is_rtp || end_of(call, to->at.line, to->at.party) != to)
		return false;
	*out = (struct way){sender_to(call, to), to, call->answered};
	if (!out->from)
		return false;
	not_before(&out->since, to->since);
	not_before(&out->since, out->from->since);
	return true;
}
