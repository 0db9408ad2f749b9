#include "lemf/sound.h"

#include <string.h>

#include "base/rd.h"
#include "etsi/ipcc.h"
#include "ipmm/ipmm.h"
#include "net/decode.h"

enum { LINK_RAW = 101, UDP_HEADER_LEN = 8 }; /* LINKTYPE_RAW */

_Static_assert((int)LEMF_MAX_LIID <= (int)AUDIO_MAX_LIID &&
		       2 * (LEMF_MAX_PLACE + 1) <= (int)AUDIO_MAX_PLACE,
	       "a call's key has room for all that tells a stream from others");

static struct audio_call call_of(const struct lemf_key *key)
{
	const struct lemf_place_name *names[] = {&key->operator_id, &key->network_element};
	struct audio_call call = {
		.liid_len = key->liid_len, .has_cin = key->has_cin, .cin = key->cin};

	memcpy(call.liid, key->liid, key->liid_len);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		call.place[call.place_len++] = names[i]->len;
		memcpy(call.place + call.place_len, names[i]->octets, names[i]->len);
		call.place_len = (uint8_t)(call.place_len + names[i]->len);
	}
	return call;
}

static enum audio_side side_of(uint8_t direction)
{
	return direction == ETSI_FROM_TARGET ? AUDIO_FROM_TARGET
	       : direction == ETSI_TO_TARGET ? AUDIO_TO_TARGET
					     : AUDIO_NO_SIDE;
}

/* What the packet's UDP carries: not that of a packet which an ICMP error quotes. */
static bool open_ip(const struct etsi_octets *ip, struct audio_packet *out)
{
	const struct weir_frame frame = {.bytes = ip->bytes,
					 .cap_len = (uint32_t)ip->len,
					 .wire_len = (uint32_t)ip->len,
					 .link = LINK_RAW};
	struct weir_packet p;

	if (ip->len > UINT32_MAX)
		return false;
	net_decode(&p, &frame);
	for (int i = 0; i < p.n_layers; i++) {
		const struct weir_layer *l = &p.layers[i];

		if (l->proto != WEIR_UDP || l->flags & WEIR_LAYER_QUOTED ||
		    l->header_len < UDP_HEADER_LEN)
			continue;
		out->bytes = ip->bytes + l->offset + l->header_len;
		out->len = l->len - l->header_len;
		out->is_cut = l->flags & WEIR_LAYER_CUT || l->len < l->claim_len;
		return true;
	}
	return false;
}

static bool open_udp(const struct etsi_octets *udp, struct audio_packet *out)
{
	struct rd r = rd_of(udp->bytes, udp->len);
	size_t len;

	rd_skip(&r, 4);
	len = rd_u16(&r);
	rd_skip(&r, 2);
	if (!r.ok || len < UDP_HEADER_LEN)
		return false;
	out->bytes = r.at;
	out->is_cut = len - UDP_HEADER_LEN > rd_left(&r);
	out->len = out->is_cut ? rd_left(&r) : len - UDP_HEADER_LEN;
	return true;
}

/* False: RTP cannot be in it. */
static bool open_frame(const struct etsi_media *media, struct audio_packet *out)
{
	if (media->protocol != ETSI_NO_PROTOCOL && media->protocol != IPMM_RTP)
		return false;
	switch (media->frame) {
	case IPMM_IP_FRAME:
		return open_ip(&media->octets, out);
	case IPMM_UDP_FRAME:
		return open_udp(&media->octets, out);
	case IPMM_RTP_FRAME:
	case IPMM_ARTIFICIAL_RTP_FRAME:
		out->bytes = media->octets.bytes;
		out->len = media->octets.len;
		return true;
	default:
		return false;
	}
}

static int take_media(struct audio *audio, const struct lemf_key *key, const struct etsi_part *part,
		      struct nanos now, struct why *why)
{
	struct audio_packet packet = {.call = call_of(key),
				      .stream = part->media.stream.bytes,
				      .stream_len = part->media.stream.len,
				      .side = side_of(part->direction),
				      .time = part->time,
				      .now = now};

	return open_frame(&part->media, &packet) ? audio_take(audio, &packet, why) : 0;
}

static void take_message(struct audio *audio, const struct lemf_key *key,
			 const struct etsi_part *part, struct nanos now)
{
	const struct audio_message message = {.call = call_of(key),
					      .way = side_of(part->direction),
					      .now = now,
					      .bytes = part->media.octets.bytes,
					      .len = part->media.octets.len};

	if (part->media.form == IPMM_SIP || part->media.form == IPMM_SIP_IRI_ONLY)
		audio_signalled(audio, &message);
	if (part->iri_type == ETSI_IRI_END)
		audio_ended(audio, &message.call);
}

int lemf_sound_take(struct audio *audio, const struct lemf_key *key,
		    const struct etsi_record *record, struct nanos now, struct why *why)
{
	struct etsi_octets left = record->parts;
	struct etsi_part part;
	int rc = 0;

	while (etsi_part_next(record, &left, &part)) {
		struct why another;
		int failed = 0;

		why_clear(&another);
		if (record->kind == ETSI_RECORD_CC && part.contents == ETSI_IPMMCC)
			failed = take_media(audio, key, &part, now, &another);
		if (record->kind == ETSI_RECORD_IRI && part.contents == ETSI_IPMMIRI)
			take_message(audio, key, &part, now);
		if (failed && !rc && why)
			*why = another;
		rc = rc ? rc : failed;
	}
	return rc;
}
