#include "ipmm/cc.h"

#include <string.h>

#include "base/tap.h"
#include "ber/writer.h"
#include "etsi/decode.h"
#include "etsi/record.h"

enum { ROOM = 80000, GUARD = 32, CANARY = 0xc5 };

static uint8_t packet[70000], expected[ROOM], got[ROOM + GUARD];

static const struct etsi_stream usual = {.liid = "LIID-VOIP",
					 .authorization_country = "NZ",
					 .operator_id = "op-1",
					 .network_element = "col-1",
					 .delivery_country = "NZ",
					 .cin = 101};

/* The same record, element by element through the general writer: what the template must equal. */
static size_t plain(const struct etsi_header *h, const struct ipmm_stream *s,
		    const struct ipmm_cc *cc, uint8_t version)
{
	const uint8_t object[] = {5, 5, version, 2};
	struct wr w = wr_of(expected, sizeof expected);
	size_t marks[6];

	marks[0] = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	etsi_header_put(h, cc->seq, cc->time, &w);
	marks[1] = ber_open(&w, ber_context(2));
	marks[2] = ber_open(&w, ber_context(1));
	marks[3] = ber_open(&w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	ber_put_uint(&w, ber_context(0), cc->direction);
	marks[4] = ber_open(&w, ber_context(2));
	marks[5] = ber_open(&w, ber_context(12));
	ber_put_bytes(&w, ber_context(0), object, sizeof object);
	ber_put_bytes(&w, ber_context(1), cc->bytes, cc->len);
	ber_put_uint(&w, ber_context(2), s->frame);
	if (s->id)
		ber_put_bytes(&w, ber_context(3), s->id, strlen(s->id));
	ber_put_uint(&w, ber_context(4), s->protocol);
	for (int i = 6; i; i--)
		ber_close(&w, marks[i - 1]);
	return w.ok ? w.len : 0;
}

static bool is_same(const struct ipmm_tail *tail, const struct ipmm_stream *s,
		    const struct ipmm_cc *cc)
{
	size_t len = plain(tail->header, s, cc, tail->version), said = ipmm_cc_len(tail, cc);
	struct wr w = wr_of(got, said);

	memset(got, CANARY, said + GUARD);
	ipmm_cc_encode(tail, cc, &w);
	for (size_t i = 0; i < GUARD; i++)
		if (got[said + i] != CANARY)
			return false;
	return len && len == said && w.ok && w.len == len && !memcmp(got, expected, len);
}

/* Every length at which an element's own length grows, and all small ones. */
static void test_lengths(void)
{
	static const struct ipmm_stream streams[] = {
		{IPMM_RTP_FRAME, IPMM_RTP, "1", 0},
		{IPMM_IP_FRAME, IPMM_RTP, NULL, 0},
		{IPMM_UDPTL_FRAME, IPMM_UDPTL, "m=image 9 udptl t38 c=IN IP4 192.0.2.1", 14},
	};
	struct etsi_header h;
	struct ipmm_tail tail;
	int n_good = 0, n = 0;

	if (!ok(etsi_header_init(&h, &usual, NULL) == 0, "a header"))
		return;
	for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
		if (ipmm_tail_init(&tail, &h, &streams[i], NULL))
			break;
		for (uint32_t len = 0; len < 70000; len += len < 600 ? 1 : len < 65300 ? 8111 : 7) {
			struct ipmm_cc cc = {packet,
					     len,
					     len * 77,
					     (enum etsi_direction)(len % 5),
					     {(int64_t)len * 1000000007}};

			n++;
			n_good += is_same(&tail, &streams[i], &cc);
		}
	}
	ok(n > 1800 && n == n_good,
	   "%d of %d records equal those of the general writer, and "
	   "nothing is written beyond them",
	   n_good, n);
}

static struct etsi_record read_back(const struct ipmm_tail *tail, const struct ipmm_cc *cc)
{
	struct wr w = wr_of(got, ipmm_cc_len(tail, cc));
	struct etsi_record r;

	ipmm_cc_encode(tail, cc, &w);
	if (!w.ok || etsi_record_read(got, w.len, &r, NULL))
		memset(&r, 0, sizeof r);
	return r;
}

static bool is_text(const struct etsi_octets *octets, const char *text)
{
	return octets->len == strlen(text) && !memcmp(octets->bytes, text, octets->len);
}

static void test_round_trip(void)
{
	const struct ipmm_stream rtp = {IPMM_RTP_FRAME, IPMM_RTP, "audio 1", 0};
	const struct ipmm_stream whole = {IPMM_IP_FRAME, IPMM_RTP, NULL, 0};
	struct ipmm_cc cc = {packet, 172, 7, ETSI_TO_TARGET, {1700000000123456000}};
	struct etsi_header h;
	struct ipmm_tail tail;
	struct etsi_record r;

	if (etsi_header_init(&h, &usual, NULL) || ipmm_tail_init(&tail, &h, &rtp, NULL))
		return;
	r = read_back(&tail, &cc);
	ok(r.kind == ETSI_RECORD_CC && r.part.contents == ETSI_IPMMCC && r.part.version == 17 &&
		   r.seq == 7 && r.cin == 101 && r.part.direction == ETSI_TO_TARGET &&
		   r.time.ns == cc.time.ns,
	   "a record is read back: whose, which, when, which way");
	ok(r.part.media.frame == IPMM_RTP_FRAME && r.part.media.protocol == IPMM_RTP &&
		   is_text(&r.part.media.stream, "audio 1") && r.part.media.octets.len == 172 &&
		   !memcmp(r.part.media.octets.bytes, packet, 172) && !r.part.content.bytes,
	   "the packet, its frame, protocol and stream; an RTP frame is no IP packet");
	if (ipmm_tail_init(&tail, &h, &whole, NULL))
		return;
	r = read_back(&tail, &cc);
	ok(r.part.media.frame == IPMM_IP_FRAME && !r.part.media.stream.bytes &&
		   r.part.content.bytes == r.part.media.octets.bytes && r.part.content.len == 172,
	   "an IP frame is an IP packet, as an IPCC's is");
	ok(etsi_record_read(got, ipmm_cc_len(&tail, &cc), &r, NULL) == 0, "whole, it is read");
	for (size_t len = 0; len < ipmm_cc_len(&tail, &cc); len++)
		if (etsi_record_read(got, len, &r, NULL) == 0)
			ok(false, "cut at %zu it is refused", len);
}

static bool is_clean(const uint8_t *pdu, size_t len)
{
	static uint8_t printed[400000];
	struct wr w = wr_of(printed, sizeof printed);
	struct etsi_decoded d;

	etsi_decode(pdu, len, ETSI_JSON, &w, &d);
	return d.kind[1] && !strcmp(d.kind[1], "iPMMCC") && d.n_findings == 0;
}

static void test_versions(void)
{
	struct ipmm_cc cc = {packet, 40, 1, ETSI_FROM_TARGET, {0}};
	struct etsi_stream s = usual;
	struct etsi_header h;
	struct ipmm_tail tail;
	int n_good = 0, n = 0;

	ok(ipmm_version(15) == 6 && ipmm_version(17) == 6 && ipmm_version(29) == 6 &&
		   ipmm_version(30) == 14 && ipmm_version(33) == 14 && ipmm_version(36) == 14 &&
		   ipmm_version(37) == 17 && ipmm_version(43) == 17,
	   "versions of TS 102 232-1 and of TS 102 232-5 go together");
	for (s.header_version = 15; s.header_version <= 43; s.header_version++)
		for (unsigned frame = IPMM_IP_FRAME; frame <= IPMM_MSRP_FRAME; frame++) {
			const struct ipmm_stream stream = {(enum ipmm_frame)frame,
							   (enum ipmm_protocol)(frame % 3), "1", 0};
			int rc = etsi_header_init(&h, &s, NULL);
			struct wr w;

			rc = rc ? rc : ipmm_tail_init(&tail, &h, &stream, NULL);
			n++;
			if (rc) {
				n_good += rc == ERR_UNSUPPORTED && s.header_version < 30 &&
					  frame > IPMM_AUDIO_FRAME;
				continue;
			}
			w = wr_of(got, sizeof got);
			ipmm_cc_encode(&tail, &cc, &w);
			n_good += w.ok && is_clean(got, w.len);
		}
	ok(n == n_good,
	   "under each version each frame that it has is decoded without a finding, "
	   "and no other is made: %d of %d",
	   n_good, n);
}

static void test_refusals(void)
{
	char long_id[IPMM_MAX_STREAM_ID + 2];
	const struct ipmm_stream bad[] = {
		{(enum ipmm_frame)8, IPMM_RTP, NULL, 0},
		{IPMM_RTP_FRAME, (enum ipmm_protocol)3, NULL, 0},
		{IPMM_RTP_FRAME, IPMM_RTP, "", 0},
		{IPMM_RTP_FRAME, IPMM_RTP, long_id, 0},
		{IPMM_RTP_FRAME, IPMM_RTP, NULL, 5},
		{IPMM_RTP_FRAME, IPMM_RTP, NULL, 18},
	};
	struct ipmm_cc cc = {packet, 40, 1, ETSI_FROM_TARGET, {0}};
	struct ipmm_stream longest = {IPMM_RTP_FRAME, IPMM_RTP, long_id, 0};
	struct etsi_header h;
	struct ipmm_tail tail;
	struct wr w;
	int n = 0;

	memset(long_id, 'x', sizeof long_id);
	long_id[sizeof long_id - 1] = 0;
	if (etsi_header_init(&h, &usual, NULL))
		return;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct why why;

		why_clear(&why);
		n += ipmm_tail_init(&tail, &h, &bad[i], &why) == ERR_USAGE && why.text[0];
	}
	ok(n == 6, "what the schema does not have is refused, with a reason");
	long_id[IPMM_MAX_STREAM_ID] = 0;
	ok(ipmm_tail_init(&tail, &h, &longest, NULL) == 0, "the longest streamIdentifier fits");
	w = wr_of(got, ipmm_cc_len(&tail, &cc) - 1);
	ipmm_cc_encode(&tail, &cc, &w);
	ok(!w.ok && w.len == 0, "a record that does not fit is not begun");
}

int main(void)
{
	for (size_t i = 0; i < sizeof packet; i++)
		packet[i] = (uint8_t)(i * 7);
	packet[0] = 0x80;
	test_lengths();
	test_round_trip();
	test_versions();
	test_refusals();
	return tap_end();
}
