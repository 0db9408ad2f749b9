#include "net/walk.h"

typedef enum step (*step_fn)(struct walk *w);

static const step_fn steps[N_STEPS] = {
#define X(name, function) [STEP_##name] = function,
	NET_STEPS(X)
#undef X
};

/* https://www.tcpdump.org/linktypes.html; one that is not here is not guessed at */
static enum step link_step(uint16_t link)
{
	switch (link) {
	case 0:   /* NULL */
	case 108: /* LOOP */
		return STEP_NULL;
	case 1: /* ETHERNET */
		return STEP_ETHER;
	case 9: /* PPP */
		return STEP_PPP;
	case 50: /* PPP_HDLC */
		return STEP_PPP_HDLC;
	case 51: /* PPP_ETHER */
		return STEP_PPPOE;
	case 12: /* RAW, by the numbers of several systems */
	case 14:
	case 101: /* RAW */
		return STEP_RAW;
	case 104: /* C_HDLC */
		return STEP_CHDLC;
	case 105: /* IEEE802_11 */
		return STEP_WLAN;
	case 113: /* LINUX_SLL */
		return STEP_SLL;
	case 127: /* IEEE802_11_RADIOTAP */
		return STEP_RADIOTAP;
	case 195: /* IEEE802_15_4_WITHFCS */
	case 230: /* IEEE802_15_4_NOFCS */
		return STEP_LOWPAN;
	case 204: /* PPP_WITH_DIR */
		return STEP_PPP_DIRECTION;
	case 228: /* IPV4 */
		return STEP_IPV4;
	case 229: /* IPV6 */
		return STEP_IPV6;
	case 276: /* LINUX_SLL2 */
		return STEP_SLL2;
	default:
		return STEP_END;
	}
}

/* Without IP: the MAC addresses in no order and the ethertype, or the link type alone. */
static uint32_t hash_link(const struct weir_packet *p)
{
	const uint8_t *h;
	uint64_t a, b;

	if (!p->n_layers || p->layers[0].proto != WEIR_ETHER)
		return (uint32_t)walk_mix(p->frame->link, 0);
	h = &p->frame->bytes[p->layers[0].offset];
	a = (uint64_t)walk_u32(h, 0) << 16 | be16(h, 4);
	b = (uint64_t)walk_u32(h, 6) << 16 | be16(h, 10);
	return (uint32_t)walk_mix(a < b ? a ^ b << 1 : b ^ a << 1, be16(h, 12));
}

static uint32_t flow_hash(const struct walk *w)
{
	const struct weir_layer *l;
	const uint8_t *h;

	if (w->hash_ip == WEIR_NO_LAYER)
		return hash_link(w->p);
	l = &w->p->layers[w->hash_ip];
	h = &w->start[l->offset];
	return l->proto == WEIR_IPV4 ? walk_hash_ipv4(h) : walk_hash_ipv6(h);
}

void walk_decode(struct weir_packet *p, const struct weir_frame *frame)
{
	enum step step = link_step(frame->link);
	struct walk w = {
		.r = rd_of(frame->bytes, frame->cap_len),
		.p = p,
		.start = frame->bytes,
		.claim_end = frame->wire_len > frame->cap_len ? frame->wire_len : frame->cap_len,
		.stop = step == STEP_END ? WEIR_STOP_UNKNOWN : WEIR_STOP_DONE,
		.hash_ip = WEIR_NO_LAYER,
	};

	w.end = w.r.end;
	p->frame = frame;
	p->src_port = p->dst_port = 0;
	p->n_layers = 0;
	p->outer_ip = p->inner_ip = p->transport = WEIR_NO_LAYER;
	if (step != STEP_END) {
		while (step != STEP_END)
			step = steps[step](&w);
		if (walk_left(&w) && p->n_layers < WEIR_MAX_LAYERS)
			walk_layer(&w, WEIR_PAYLOAD, 0);
	}
	p->stop = w.stop;
	p->flow_hash = flow_hash(&w);
}
