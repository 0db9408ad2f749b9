#include "show/media.h"

#include "ipmm/ipmm.h"
#include "media/rtp.h"
#include "net/decode.h"
#include "net/ip.h"
#include "sip/sdp.h"

enum {
	LINK_RAW = 101, /* LINKTYPE_RAW: an IP packet */
	UDP_LEN = 8,
	TCP_MIN_LEN = 20,
	MAX_REPORTS = 16, /* RTCP packets of one datagram */
	MAX_TEXT = 96,
	SENDER_REPORT = 200,
};

static const char *const frames[] = {
#define X(name, value, text, doc) [value] = text,
	IPMM_FRAMES(X)
#undef X
};

static const char *const protocols[] = {
#define X(name, value, text) [value] = text,
	IPMM_PROTOCOLS(X)
#undef X
};

/* ---- what is around the media ---- */

static void put_ports(struct form *f, struct rd *r)
{
	struct rd ahead = *r;
	const uint8_t *src = rd_take(&ahead, 2), *dst = rd_take(&ahead, 2);

	if (dst)
		form_pair(f, FORM_PORT, src, dst);
}

/* A whole IP packet: its addresses and ports; *out is what its transport carries. */
static void open_packet(struct form *f, struct rd *out)
{
	struct weir_frame frame = {.bytes = out->at,
				   .cap_len = (uint32_t)rd_left(out),
				   .wire_len = (uint32_t)rd_left(out),
				   .link = LINK_RAW};
	const struct weir_layer *l;
	struct weir_packet p;
	bool is_v4;

	net_decode(&p, &frame);
	*out = rd_of(NULL, 0);
	if (p.inner_ip == WEIR_NO_LAYER)
		return;
	l = &p.layers[p.inner_ip];
	is_v4 = l->proto == WEIR_IPV4;
	form_pair(f, is_v4 ? FORM_IP4 : FORM_IP6, net_ip_src_bytes(&p, l), net_ip_dst_bytes(&p, l));
	if (l->flags & WEIR_LAYER_FRAGMENT)
		form_flag(f, "fragment");
	if (p.transport == WEIR_NO_LAYER)
		return;
	l = &p.layers[p.transport];
	*out = rd_of(frame.bytes, (size_t)l->offset + l->len);
	rd_skip(out, l->offset);
	put_ports(f, out);
	rd_skip(out, l->header_len);
}

static void open_segment(struct form *f, struct rd *out)
{
	struct rd ahead = *out;

	put_ports(f, out);
	rd_skip(&ahead, 12);
	rd_skip(out, (size_t)(rd_u8(&ahead) >> 4) * 4);
	if (rd_left(out) == 0)
		*out = rd_of(NULL, 0);
}

static void open_frame(struct form *f, uint8_t frame, struct rd *out)
{
	switch (frame) {
	case IPMM_IP_FRAME:
		open_packet(f, out);
		break;
	case IPMM_UDP_FRAME:
		put_ports(f, out);
		rd_skip(out, UDP_LEN);
		break;
	case IPMM_TCP_FRAME:
		open_segment(f, out);
		break;
	default:
		break;
	}
}

/* ---- the media ---- */

/* Types that RFC 3551 does not give to a codec are named by the call's description. */
static void put_type(struct form *f, uint8_t type)
{
	static const struct sdp_media none;
	struct sdp_codec codec;

	form_u64(f, "type", type);
	if (sdp_codec_find(&none, type, &codec))
		form_text(f, "codec", codec.name.bytes, codec.name.len);
}

static void show_rtp(struct form *f, struct rd r)
{
	struct rtp rtp;

	form_word(f, "packet", "RTP");
	if (!rtp_read(r.at, rd_left(&r), false, &rtp)) {
		form_flag(f, "malformed");
		return;
	}
	put_type(f, rtp.payload_type);
	form_u64(f, "seq", rtp.seq);
	form_u64(f, "timestamp", rtp.timestamp);
	form_hex(f, "ssrc", rtp.ssrc, 8);
	if (rtp.is_marked)
		form_flag(f, "marked");
	form_u64(f, "payload", rtp.len);
}

static const char *report_name(uint8_t type)
{
	static const char *const names[] = {"SR",  "RR",    "SDES", "BYE",
					    "APP", "RTPFB", "PSFB", "XR"};
	size_t i = (size_t)type - SENDER_REPORT;

	return type >= SENDER_REPORT && i < sizeof names / sizeof *names ? names[i] : "other";
}

/* A compound of packets, each with a length of its own (RFC 3550 6.1); of the first, who sent it,
 * and of a sender's report what it has sent. */
static void show_rtcp(struct form *f, struct rd r)
{
	struct rd first = r;
	uint8_t type;

	form_word(f, "packet", "RTCP");
	form_list(f, "reports");
	for (int i = 0; i < MAX_REPORTS && rd_left(&r) >= 4; i++) {
		rd_skip(&r, 1);
		form_item(f, "%s", report_name(rd_u8(&r)));
		rd_skip(&r, (size_t)rd_u16(&r) * 4);
	}
	form_list_end(f);
	rd_skip(&first, 1);
	type = rd_u8(&first);
	rd_skip(&first, 2);
	form_hex(f, "ssrc", rd_u32(&first), 8);
	rd_skip(&first, 12); /* NTP and RTP time */
	if (type != SENDER_REPORT || rd_left(&first) < 8)
		return;
	form_u64(f, "packets", rd_u32(&first));
	form_u64(f, "octets", rd_u32(&first));
}

/* Any of those that share a port with RTP. */
static void show_datagram(struct form *f, struct rd r)
{
	switch (media_sort_of(r.at, rd_left(&r))) {
	case MEDIA_IS_RTP:
		show_rtp(f, r);
		return;
	case MEDIA_IS_RTCP:
		show_rtcp(f, r);
		return;
	case MEDIA_IS_STUN:
		form_word(f, "packet", "STUN");
		break;
	case MEDIA_IS_DTLS:
		form_word(f, "packet", "DTLS");
		break;
	case MEDIA_IS_OTHER:
		form_word(f, "packet", "other");
		break;
	}
	form_u64(f, "payload", rd_left(&r));
}

static void show_udptl(struct form *f, struct rd r)
{
	form_word(f, "packet", "UDPTL");
	if (rd_left(&r) < 2) {
		form_flag(f, "malformed");
		return;
	}
	form_u64(f, "seq", rd_u16(&r));
	form_u64(f, "payload", rd_left(&r));
}

static void show_msrp(struct form *f, struct rd r)
{
	struct rd ahead = r;
	struct sip_text line = sip_text_trim(sip_until(&ahead, "\r\n"));

	form_word(f, "packet", "MSRP");
	form_text(f, "line", line.bytes, line.len < MAX_TEXT ? line.len : MAX_TEXT);
	form_u64(f, "payload", rd_left(&r));
}

void show_media(struct form *f, const struct etsi_media *m)
{
	struct rd r = rd_of(m->octets.bytes, m->octets.len);

	if (m->frame < sizeof frames / sizeof *frames)
		form_word(f, "frame", frames[m->frame]);
	if (m->protocol < sizeof protocols / sizeof *protocols)
		form_word(f, "protocol", protocols[m->protocol]);
	open_frame(f, m->frame, &r);
	if (m->frame == IPMM_AUDIO_FRAME || rd_left(&r) == 0)
		form_u64(f, "payload", rd_left(&r));
	else if (m->protocol == IPMM_UDPTL || m->frame == IPMM_UDPTL_FRAME)
		show_udptl(f, r);
	else if (m->protocol == IPMM_MSRP || m->frame == IPMM_MSRP_FRAME)
		show_msrp(f, r);
	else
		show_datagram(f, r);
}
