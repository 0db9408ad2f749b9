/* Which way the media of a call flow, as its legs describe them. */
#ifndef VOIP_WAYS_H
#define VOIP_WAYS_H

#include "call/call.h"

struct ways_call {
	struct nanos since; /* the answer, or the newest description */
	/* the caller's and the called's, of the first stream; of version 0: it is not known */
	struct media_endpoint at[2];
};

/* Whether media flow at all, at a host's name too: of a call that was answered and goes on. */
bool ways_of_call(const struct call *call, struct ways_call *out);

/* To an end that says that it receives, from one that says that it sends (RFC 3264 6.1). Borrowed
 * from the call. */
struct way {
	const struct call_media *from, *to;
	struct nanos since; /* the answer, or the newer of both descriptions */
};

/* The way to the call's k-th endpoint; false: none goes there, or it is not the first of its party
 * and line, or not for RTP: facsimile, and what is of another protocol, has pauses either way. */
bool ways_of_rtp(const struct call *call, size_t k, struct way *out);

#endif
