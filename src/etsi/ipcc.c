/* A record is the header (stamp.h) and a chain of seven elements around the packet:
 *
 *	A2 payload  A1 cCPayloadSequence  30 PS-CCPayload  80 payloadDirection
 *	A2 cCContents  A2 iPCC  80 iPCCObjId  A1 iPCCContents  80 iPPackets
 *
 * For nearly every packet all seven lengths have the same width (1, 2 or 3 octets), so that
 * each element is one store of a sum known in advance. The few packets whose lengths straddle
 * two widths, the tiny ones and the cut ones go the general way. */
#include "etsi/ipcc.h"

#include "etsi/chain.h"
#include "etsi/stamp.h"

enum {
	N_ELEMENTS = 7,
	TAG_CC_SEQUENCE = 0xa1,
	TAG_CC_PAYLOAD = 0x30,
	TAG_DIRECTION = 0x80,
	TAG_CC_CONTENTS = 0xa2,
	TAG_IPCC = 0xa2,
	TAG_OBJECT_ID = 0x80,
	TAG_IPCC_CONTENTS = 0xa1,
	TAG_IP_PACKETS = 0x80,
	TAG_TRUNCATED = 0xa1,
	TAG_ORIGINAL_LENGTH = 0x81,
	DIRECTION_LEN = 3, /* 80 01 dd */
	OBJECT_LEN = 6,    /* 80 04 05 03 vv 02 */
	FIXED_LEN = DIRECTION_LEN + OBJECT_LEN,
	MIN_FAST_LEN = 8, /* a store of 8 octets may run into the packet, never past it */
};

/* How wide all lengths of the chain are for a packet of n octets: 1, 2 or 3; 0: they differ. */
static inline unsigned chain_width(size_t n)
{
	if (n - 0x100 <= 0xffff - (6 * 4 + FIXED_LEN) - 0x100)
		return 3;
	if (n - 0x80 <= 0xff - (6 * 3 + FIXED_LEN) - 0x80)
		return 2;
	return n - MIN_FAST_LEN <= 0x7f - (6 * 2 + FIXED_LEN) - MIN_FAST_LEN ? 1 : 0;
}

/* iPTruncatedPacket came between versions 14 and 18 of the module; before it there is but one
 * place for what is here of a packet, whose own header then tells that it was longer. */
enum { TRUNCATED_SINCE = 18 };

static inline bool is_truncated(const struct ipcc *cc, uint8_t version)
{
	return cc->original_len > cc->len && version >= TRUNCATED_SINCE;
}

static inline size_t original_len_len(const struct ipcc *cc)
{
	return cc->original_len == IPCC_LEN_UNKNOWN ? 0
						    : ber_tlv_len(ber_uint_len(cc->original_len));
}

/* The contents of each element, outermost first; returns the octets of the whole chain. */
static size_t measure_chain(const struct ipcc *cc, uint8_t version, size_t lens[N_ELEMENTS])
{
	size_t len = cc->len;

	if (is_truncated(cc, version))
		len = ber_tlv_len(len) + original_len_len(cc);
	lens[6] = len;
	lens[5] = ber_tlv_len(lens[6]);
	lens[4] = OBJECT_LEN + ber_tlv_len(lens[5]);
	lens[3] = ber_tlv_len(lens[4]);
	lens[2] = DIRECTION_LEN + ber_tlv_len(lens[3]);
	lens[1] = ber_tlv_len(lens[2]);
	lens[0] = ber_tlv_len(lens[1]);
	return ber_tlv_len(lens[0]);
}

static inline __attribute__((always_inline)) size_t chain_len(const struct ipcc *cc,
							      uint8_t version)
{
	size_t lens[N_ELEMENTS];
	unsigned width = chain_width(cc->len);

	if (width && !is_truncated(cc, version))
		return cc->len + N_ELEMENTS * (1 + width) + FIXED_LEN;
	return measure_chain(cc, version, lens);
}

static inline uint8_t *fill_direction(uint8_t *at, enum etsi_direction direction)
{
	uint32_t word = __builtin_bswap32((uint32_t)TAG_DIRECTION << 24 | 1u << 16 |
					  (uint32_t)direction << 8);

	memcpy(at, &word, sizeof word);
	return at + DIRECTION_LEN;
}

/* RELATIVE-OID li-ps(5) iPAccess(3) version cC(2) */
static inline uint8_t *fill_object_id(uint8_t *at, uint8_t version)
{
	uint64_t word = __builtin_bswap64((uint64_t)TAG_OBJECT_ID << 56 | 0x04050300020000 |
					  (uint64_t)version << 24);

	memcpy(at, &word, sizeof word);
	return at + OBJECT_LEN;
}

/* Tag and a length of `width` octets in one store of four. */
static inline uint8_t *fill_element(uint8_t *at, uint32_t tag, uint32_t len, unsigned width)
{
	uint32_t word =
		tag << 24 | (width > 1 ? (0x80 | (width - 1)) << 16 : 0) | len << (8 * (3 - width));

	word = __builtin_bswap32(word);
	memcpy(at, &word, sizeof word);
	return at + 1 + width;
}

/* The chain where all lengths are `width` octets wide, which is a constant at each call. */
static inline __attribute__((always_inline)) uint8_t *
fill_even_chain(uint8_t *at, const struct ipcc *cc, uint8_t version, const unsigned width)
{
	const uint32_t e = 1 + width, n = cc->len;

	at = fill_element(at, ETSI_TAG_PAYLOAD, n + 6 * e + FIXED_LEN, width);
	at = fill_element(at, TAG_CC_SEQUENCE, n + 5 * e + FIXED_LEN, width);
	at = fill_element(at, TAG_CC_PAYLOAD, n + 4 * e + FIXED_LEN, width);
	at = fill_direction(at, cc->direction);
	at = fill_element(at, TAG_CC_CONTENTS, n + 3 * e + OBJECT_LEN, width);
	at = fill_element(at, TAG_IPCC, n + 2 * e + OBJECT_LEN, width);
	at = fill_object_id(at, version);
	at = fill_element(at, TAG_IPCC_CONTENTS, n + e, width);
	return fill_element(at, TAG_IP_PACKETS, n, width);
}

static uint8_t *fill_tag_len(uint8_t *at, uint8_t tag, size_t len)
{
	*at = tag;
	return etsi_fill_len(at + 1, len);
}

static uint8_t *fill_any_chain(uint8_t *at, const struct ipcc *cc, uint8_t version)
{
	size_t lens[N_ELEMENTS];

	measure_chain(cc, version, lens);
	at = fill_tag_len(at, ETSI_TAG_PAYLOAD, lens[0]);
	at = fill_tag_len(at, TAG_CC_SEQUENCE, lens[1]);
	at = fill_tag_len(at, TAG_CC_PAYLOAD, lens[2]);
	at = fill_direction(at, cc->direction);
	at = fill_tag_len(at, TAG_CC_CONTENTS, lens[3]);
	at = fill_tag_len(at, TAG_IPCC, lens[4]);
	at = fill_object_id(at, version);
	at = fill_tag_len(at, TAG_IPCC_CONTENTS, lens[5]);
	if (!is_truncated(cc, version))
		return fill_tag_len(at, TAG_IP_PACKETS, lens[6]);
	at = fill_tag_len(at, TAG_TRUNCATED, lens[6]);
	return fill_tag_len(at, TAG_IP_PACKETS, cc->len);
}

static inline __attribute__((always_inline)) uint8_t *fill_chain(uint8_t *at, const struct ipcc *cc,
								 uint8_t version)
{
	if (is_truncated(cc, version))
		return fill_any_chain(at, cc, version);
	switch (chain_width(cc->len)) {
	case 3:
		return fill_even_chain(at, cc, version, 3);
	case 2:
		return fill_even_chain(at, cc, version, 2);
	case 1:
		return fill_even_chain(at, cc, version, 1);
	}
	return fill_any_chain(at, cc, version);
}

static uint8_t *fill_original_len(uint8_t *at, uint32_t len)
{
	unsigned n = ber_uint_len(len);

	*at++ = TAG_ORIGINAL_LENGTH;
	*at++ = (uint8_t)n;
	for (uint64_t v = len, i = n; i; i--, v >>= 8)
		at[i - 1] = (uint8_t)v;
	return at + n;
}

/* The chain and what it holds. */
static inline __attribute__((always_inline)) uint8_t *
fill_payload(uint8_t *at, const struct ipcc *cc, uint8_t version)
{
	at = fill_chain(at, cc, version);
	if (cc->len)
		memcpy(at, cc->bytes, cc->len);
	at += cc->len;
	if (is_truncated(cc, version) && cc->original_len != IPCC_LEN_UNKNOWN)
		at = fill_original_len(at, cc->original_len);
	return at;
}

size_t ipcc_len(const struct etsi_header *h, const struct ipcc *cc)
{
	struct etsi_stamp stamp = etsi_stamp_of(h, cc->seq, cc->time);

	return ber_tlv_len(ber_tlv_len(stamp.content_len) + chain_len(cc, h->service_version));
}

void ipcc_encode(const struct etsi_header *h, const struct ipcc *cc, struct wr *w)
{
	struct etsi_stamp stamp = etsi_stamp_of(h, cc->seq, cc->time);
	size_t len = ber_tlv_len(stamp.content_len) + chain_len(cc, h->service_version);
	uint8_t *at = wr_room(w, ber_tlv_len(len));

	if (!at)
		return;
	*at++ = ETSI_TAG_PS_PDU;
	at = etsi_fill_len(at, len);
	at = etsi_stamp_fill(&stamp, h, at);
	fill_payload(at, cc, h->service_version);
}

size_t etsi_payload_len(const struct etsi_header *h, const struct ipcc *cc)
{
	return chain_len(cc, h->service_version);
}

uint8_t *etsi_payload_fill(uint8_t *at, const struct etsi_header *h, const struct ipcc *cc)
{
	return fill_payload(at, cc, h->service_version);
}
