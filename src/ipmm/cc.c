/* A record is the header and a chain of seven elements around the packet, like an IPCC's
 * (etsi/ipcc.c), with the stream's tail behind the packet:
 *
 *	A2 payload  A1 cCPayloadSequence  30 PS-CCPayload  80 payloadDirection
 *	A2 cCContents  AC iPMMCC  80 iPMMCCObjId  81 mMCCContents … tail
 *
 * All lengths are known before the first octet is written, so that each is written once. */
#include "ipmm/cc.h"

#include <string.h>

#include "ber/writer.h"

enum {
	N_ELEMENTS = 6,
	TAG_IPMMCC = 12,
	SERVICE_OF_FRAMES = 14, /* frames and protocols behind the extension mark */
	DIRECTION_LEN = 3,      /* 80 01 dd */
	OBJECT_LEN = 6,         /* 80 04 05 05 vv 02 */
};

unsigned ipmm_version(unsigned header_version)
{
	static const struct {
		uint8_t header, service;
	} pairs[] = {{37, 17}, {30, 14}, {0, 6}};
	size_t i = 0;

	while (header_version < pairs[i].header)
		i++;
	return pairs[i].service;
}

static bool is_frame(unsigned frame)
{
	switch (frame) {
#define X(name, value, text, doc)                                                                  \
	case value:                                                                                \
		return true;
		IPMM_FRAMES(X)
#undef X
	}
	return false;
}

static bool is_protocol(unsigned protocol)
{
	switch (protocol) {
#define X(name, value, text)                                                                       \
	case value:                                                                                \
		return true;
		IPMM_PROTOCOLS(X)
#undef X
	}
	return false;
}

static int check(const struct ipmm_stream *s, unsigned version, struct why *why)
{
	if (version < IPMM_MIN_VERSION || version > IPMM_VERSION)
		return why_set(why, ERR_USAGE, "multimedia version %u: known are %d to %d", version,
			       IPMM_MIN_VERSION, IPMM_VERSION);
	if (!is_frame(s->frame))
		return why_set(why, ERR_USAGE, "frameType: none has the number %u", s->frame);
	if (!is_protocol(s->protocol))
		return why_set(why, ERR_USAGE, "mMCCprotocol: none has the number %u", s->protocol);
	if (s->id && (!s->id[0] || strlen(s->id) > IPMM_MAX_STREAM_ID))
		return why_set(why, ERR_USAGE, "streamIdentifier: 1 to %d octets are allowed",
			       IPMM_MAX_STREAM_ID);
	if (version < SERVICE_OF_FRAMES && s->frame > IPMM_AUDIO_FRAME)
		return why_set(why, ERR_UNSUPPORTED, "version %u has no frame type %u", version,
			       s->frame);
	return 0;
}

int ipmm_tail_init(struct ipmm_tail *tail, const struct etsi_header *h, const struct ipmm_stream *s,
		   struct why *why)
{
	unsigned version = ipmm_announced(h, s->version);
	struct wr w = wr_of(tail->octets, sizeof tail->octets);
	int rc = check(s, version, why);

	if (rc)
		return rc;
	ber_put_uint(&w, ber_context(2), s->frame);
	if (s->id)
		ber_put_bytes(&w, ber_context(3), s->id, strlen(s->id));
	if (version >= SERVICE_OF_FRAMES || s->protocol != IPMM_UDPTL)
		ber_put_uint(&w, ber_context(4), s->protocol);
	tail->header = h;
	tail->version = (uint8_t)version;
	tail->len = (uint8_t)w.len;
	return w.ok ? 0 : why_set(why, ERR_FULL, "streamIdentifier: too long");
}

/* The contents of each element, outermost first; returns the octets of the whole chain. */
static size_t measure(const struct ipmm_tail *t, const struct ipmm_cc *cc, size_t lens[N_ELEMENTS])
{
	lens[5] = cc->len;
	lens[4] = OBJECT_LEN + ber_tlv_len(lens[5]) + t->len;
	lens[3] = ber_tlv_len(lens[4]);
	lens[2] = DIRECTION_LEN + ber_tlv_len(lens[3]);
	lens[1] = ber_tlv_len(lens[2]);
	lens[0] = ber_tlv_len(lens[1]);
	return ber_tlv_len(lens[0]);
}

size_t ipmm_cc_len(const struct ipmm_tail *tail, const struct ipmm_cc *cc)
{
	size_t lens[N_ELEMENTS];

	return ber_tlv_len(etsi_header_len(tail->header, cc->seq, cc->time) +
			   measure(tail, cc, lens));
}

void ipmm_cc_encode(const struct ipmm_tail *tail, const struct ipmm_cc *cc, struct wr *w)
{
	/* li-ps(5) iPMultimedia(5) version cC(2) */
	const uint8_t object[OBJECT_LEN] = {0x80, 4, 5, 5, tail->version, 2};
	size_t lens[N_ELEMENTS], chain = measure(tail, cc, lens);
	size_t len = etsi_header_len(tail->header, cc->seq, cc->time) + chain;
	uint8_t *room = wr_room(w, ber_tlv_len(len));
	struct wr at;

	if (!room)
		return;
	at = wr_of(room, ber_tlv_len(len));
	ber_put_header(&at, ber_tag(BER_UNIVERSAL, BER_SEQUENCE), true, len);
	etsi_header_put(tail->header, cc->seq, cc->time, &at);
	ber_put_header(&at, ber_context(2), true, lens[0]);
	ber_put_header(&at, ber_context(1), true, lens[1]);
	ber_put_header(&at, ber_tag(BER_UNIVERSAL, BER_SEQUENCE), true, lens[2]);
	ber_put_uint(&at, ber_context(0), cc->direction);
	ber_put_header(&at, ber_context(2), true, lens[3]);
	ber_put_header(&at, ber_context(TAG_IPMMCC), true, lens[4]);
	wr_bytes(&at, object, sizeof object);
	ber_put_header(&at, ber_context(1), false, lens[5]);
	wr_bytes(&at, cc->bytes, cc->len);
	wr_bytes(&at, tail->octets, tail->len);
}
