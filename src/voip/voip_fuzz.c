/* Whatever packets come, the table of media has what the calls that are up expect, and nothing when
 * they are over; a connection that is not followed leaves no mark.
 *
 * Input: packets, each an octet of flags (1: the called party's; 2: TCP; 4: its port is known to be
 * SIP's; 8: 20 seconds later; 16: out of order), two octets of its length, and its payload. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/wr.h"
#include "net/decode.h"
#include "voip/voip.h"

enum { UDP = 17, TCP = 6, LINK_RAW = 101, MAX_FUZZ_LEGS = 40, MAX_PAYLOAD = 2000 };

struct track {
	int64_t n_media;
	uint32_t seq[2];
};

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static void on_media(void *arg, const struct call *call, const struct call_media *m,
		     enum call_media_news news, struct nanos time)
{
	struct track *t = arg;

	(void)call, (void)m, (void)time;
	t->n_media += news == CALL_MEDIA_ADDED ? 1 : news == CALL_MEDIA_REMOVED ? -1 : 0;
	must(t->n_media >= 0);
}

static struct identity_set *bob_and_all(void)
{
	static const struct identity_target targets[] = {{.sip_uri = "sip:bob@example.org"},
							 {.phone = "+6491234567"}};
	const struct identity_plan plan = {.country_code = "64", .national_prefix = "0"};
	struct identity_set *set = NULL;
	struct why why;

	why_clear(&why);
	must(!identity_set_new(&set, &plan, &(struct identity_targets){targets, 2}, 1, &why));
	return set;
}

static void put_head(struct wr *w, struct track *t, uint8_t flags, size_t len)
{
	bool is_called = flags & 1, is_tcp = flags & 2;
	uint32_t *seq = &t->seq[is_called];

	wr_u16(w, 0x4500);
	wr_u16(w, (uint16_t)(20 + (is_tcp ? 20 : 8) + len));
	wr_u32(w, 0);
	wr_u32(w, 64u << 24 | (uint32_t)(is_tcp ? TCP : UDP) << 16);
	wr_u32(w, 0x0a000001 + is_called);
	wr_u32(w, 0x0a000002 - is_called);
	wr_u16(w, 5060), wr_u16(w, 5060);
	if (!is_tcp) {
		wr_u16(w, (uint16_t)(8 + len)), wr_u16(w, 0);
		return;
	}
	wr_u32(w, *seq + (flags & 16 ? 500 : 0));
	*seq += (uint32_t)len;
	wr_u32(w, 1), wr_u32(w, 0x50180000), wr_u32(w, 0);
}

static void feed(struct voip *voip, struct track *t, struct rd *r, struct nanos *now)
{
	uint8_t octets[MAX_PAYLOAD + 64], flags = rd_u8(r);
	struct wr w = wr_of(octets, sizeof octets);
	size_t len = rd_u16(r) % MAX_PAYLOAD;
	struct weir_frame f = {.bytes = octets, .link = LINK_RAW};
	struct weir_packet p;

	len = len < rd_left(r) ? len : rd_left(r);
	put_head(&w, t, flags, len);
	wr_bytes(&w, rd_take(r, len), len);
	now->ns += NANOS_PER_MS + (flags & 8 ? (int64_t)20 * NANOS_PER_S : 0);
	f.cap_len = f.wire_len = (uint32_t)w.len;
	f.time_ns = now->ns;
	net_decode(&p, &f);
	(void)voip_follows(voip, &p);
	(void)voip_take(voip, &p, *now, flags & 4);
	voip_tick(voip, *now);
	must(voip_serial(voip) % 2 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct track track = {.seq = {1000, 1000}};
	const struct voip_options options = {.joins = CALL_JOINS_USUAL,
					     .max_legs = MAX_FUZZ_LEGS,
					     .seed = 1,
					     .on_media = on_media,
					     .arg = &track};
	uint32_t *numbers = calloc(2, sizeof *numbers);
	struct nanos now = nanos_from_s(1767225600);
	struct rd r = rd_of(bytes, len);
	struct voip *voip;

	must(numbers != NULL);
	must(voip_new(&voip, &options) == 0);
	voip_set_targets(voip, bob_and_all(), numbers, true);
	while (rd_left(&r)) {
		feed(voip, &track, &r, &now);
		must((uint64_t)track.n_media == media_n(voip_media(voip)) + voip_n_refused(voip));
	}
	voip_flush(voip);
	voip_tick(voip, (struct nanos){now.ns + (int64_t)48 * 3600 * NANOS_PER_S});
	must(media_n(voip_media(voip)) == 0 || voip_n_refused(voip));
	voip_free(&voip);
	return 0;
}
