#include "sip/sdp.h"

#include "base/tap.h"
#include "base/wr.h"

static const char offer[] =
	"v=0\r\n"
	"o=alice 2890844526 2890844527 IN IP6 2001:db8::7\r\n"
	"s=a call\r\n"
	"c=IN IP4 192.0.2.1\r\n"
	"t=0 0\r\n"
	"a=sendonly\r\n"
	"a=group:BUNDLE 1 2\r\n"
	"m=audio 49170 RTP/AVP 0 96 101\r\n"
	"a=rtpmap:96 opus/48000/2\r\n"
	"a=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-15\r\n"
	"a=ptime:20\r\n"
	"a=mid:1\r\n"
	"a=rtcp:53020 IN IP4 192.0.2.8\r\n"
	"a=candidate:1 1 UDP 2130706431 192.0.2.9 49170 typ host\r\n"
	"a=candidate:2 1 udp 1694498815 203.0.113.5 45664 typ srflx raddr 192.0.2.9 "
	"rport 49170 generation 0\r\n"
	"a=candidate:broken\r\n"
	"a=candidate:3 2 TCP 1 f1c2.local 9 typ host tcptype active\r\n"
	"m=video 51372/2 UDP/TLS/RTP/SAVPF 99\r\n"
	"c=IN IP4 233.252.0.1/127/3\r\n"
	"a=inactive\r\n"
	"a=rtcp-mux\r\n"
	"m=image 49172 udptl t38\r\n"
	"c=IN IP4 0.0.0.0\r\n"
	"a=recvonly\r\n"
	"a=T38FaxVersion:0\r\n"
	"m=message 7654 TCP/MSRP *\r\n"
	"c=IN IP4 host.example.org\r\n"
	"m=audio 0 RTP/AVP 0\r\n";

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static void session(const struct sdp *s)
{
	ok(is(s->origin.line, "alice 2890844526 2890844527 IN IP6 2001:db8::7") &&
		   is(s->origin.user, "alice") && is(s->origin.id, "2890844526") &&
		   is(s->origin.version, "2890844527") && s->origin.address.version == 6 &&
		   s->origin.address.bytes[15] == 7,
	   "the origin is read");
	ok(is(s->name, "a call") && is(s->address.text, "192.0.2.1") &&
		   s->direction == SDP_SENDONLY && s->n_media == 5 && s->n_left_out == 0 &&
		   !s->has_fault,
	   "so is what holds for all media, of which there are five");
}

static void audio(const struct sdp_media *m)
{
	ok(m->kind == SDP_KIND_AUDIO && m->port == 49170 && m->n_ports == 1 &&
		   is(m->protocol, "RTP/AVP") && m->is_rtp && !m->is_secure && !m->is_tcp &&
		   is(m->address.text, "192.0.2.1") && m->direction == SDP_SENDONLY,
	   "a media has the session's address and direction where it has none");
	ok(m->has_rtcp && m->rtcp_port == 53020 && is(m->rtcp_address.text, "192.0.2.8") &&
		   !m->is_rtcp_mux && m->ptime == 20 && is(m->mid, "1"),
	   "its attributes are its own");
}

static void codecs(const struct sdp_media *m)
{
	struct rd formats = sip_text_rd(m->formats);
	struct sip_text format, fmtp;
	struct sdp_codec codec;

	ok(sdp_format_next(&formats, &format) && is(format, "0") &&
		   sdp_format_next(&formats, &format) && is(format, "96") &&
		   sdp_format_next(&formats, &format) && is(format, "101") &&
		   !sdp_format_next(&formats, &format),
	   "its formats are 0, 96 and 101");
	ok(sdp_codec_find(m, 96, &codec) && is(codec.name, "opus") && codec.rate == 48000 &&
		   codec.channels == 2 && sdp_codec_find(m, 0, &codec) && is(codec.name, "PCMU") &&
		   codec.rate == 8000 && sdp_codec_find(m, 101, &codec) && codec.channels == 1 &&
		   !sdp_codec_find(m, 97, &codec),
	   "codecs are those of a=rtpmap, or of RFC 3551");
	ok(sdp_fmtp_find(m, 101, &fmtp) && is(fmtp, "0-15") && !sdp_fmtp_find(m, 96, &fmtp),
	   "so is what a=fmtp says");
}

static void candidates(const struct sdp_media *m)
{
	struct rd lines = sip_text_rd(m->attributes);
	struct sdp_candidate c;

	ok(sdp_candidate_next(&lines, &c) && c.component == 1 && c.is_udp &&
		   c.priority == 2130706431 && is(c.address.text, "192.0.2.9") && c.port == 49170 &&
		   is(c.kind, "host") && is(c.related.text, NULL),
	   "a candidate is read");
	ok(sdp_candidate_next(&lines, &c) && is(c.kind, "srflx") && c.is_udp &&
		   is(c.related.text, "192.0.2.9") && c.related_port == 49170,
	   "and one with where it comes from");
	ok(sdp_candidate_next(&lines, &c) && c.component == 2 && !c.is_udp &&
		   c.address.version == 0 && is(c.address.text, "f1c2.local"),
	   "one that is broken is passed over, a name stays a name");
	ok(!sdp_candidate_next(&lines, &c) && m->n_candidates == 4, "four lines, three candidates");
}

static void others(const struct sdp *s)
{
	const struct sdp_media *video = &s->media[1], *fax = &s->media[2], *chat = &s->media[3];

	ok(video->kind == SDP_KIND_VIDEO && video->n_ports == 2 && video->is_rtp &&
		   video->is_secure && video->ttl == 127 && video->n_addresses == 3 &&
		   video->direction == SDP_INACTIVE && video->is_rtcp_mux &&
		   video->rtcp_port == 51373,
	   "video to three addresses from two ports, secure, RTCP muxed");
	ok(fax->kind == SDP_KIND_IMAGE && fax->is_udptl && !fax->is_rtp && sdp_is_held(fax) &&
		   fax->direction == SDP_RECVONLY && !sdp_is_held(video),
	   "T.38, held by its address");
	ok(chat->is_tcp && !chat->is_rtp && is(chat->address.text, "host.example.org") &&
		   chat->address.version == 0 && !sdp_is_held(chat) &&
		   chat->direction == SDP_SENDONLY,
	   "a host's name is kept and means nothing more");
	ok(s->media[4].port == 0 && s->media[4].rtcp_port == 0, "a media of port 0 is refused");
}

static void cuts(void)
{
	struct sdp s;
	int n_bad = 0, n_cut = 0;

	for (size_t cut = 0; cut < sizeof offer - 1; cut++) {
		char room[sizeof offer];
		int rc;

		memcpy(room, offer, cut);
		rc = sdp_read(sip_text_of(room, cut), &s);
		n_bad += rc == ERR_UNKNOWN;
		n_cut += rc == ERR_CUT;
	}
	ok(n_bad == 3 && n_cut == 4, "cut before the origin it is refused: %d, %d", n_bad, n_cut);
}

static void tolerance(void)
{
	static const char odd[] = "v=0\n"
				  "o=Cisco SIP GW 1 2 IN IP4 192.0.2.1\n"
				  "c=IN IP4 192.0.2.1 \n"
				  "nonsense\n"
				  "m=audio x RTP/AVP 0\n"
				  "c=IN IP4 192.0.2.66\n"
				  "m=audio 4000 RTP/AVP 0 \n"
				  "a= sendrecv \n"
				  "a=rtcp:x\n";
	struct sdp s;

	ok(sdp_read(sip_word(odd), &s) == 0 && s.has_fault && is(s.origin.user, "Cisco SIP GW") &&
		   is(s.origin.id, "1"),
	   "lines may end with LF alone, and a user may have spaces");
	ok(s.n_media == 1 && s.media[0].port == 4000 && is(s.media[0].address.text, "192.0.2.1") &&
		   !s.media[0].has_rtcp,
	   "a media that is none takes its lines with it");
	ok(sdp_read(sip_word("v=0\r\no=x\r\n"), &s) == 0 && s.has_fault && s.n_media == 0,
	   "an origin that is none is told of");
	ok(sdp_read(sip_word("hello"), &s) == ERR_UNKNOWN &&
		   sdp_read(sip_word("v=1\r\n"), &s) == ERR_UNKNOWN &&
		   sdp_read(sip_word(""), &s) == ERR_UNKNOWN,
	   "what does not begin with v=0 is no description");
}

static void too_many(void)
{
	char text[2048];
	struct wr w = wr_of(text, sizeof text);
	struct sdp s;

	wr_text(&w, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n");
	for (int i = 0; i < SDP_MAX_MEDIA + 3; i++)
		wr_text(&w, "m=audio %d RTP/AVP 0\r\na=mid:%d\r\n", 4000 + 2 * i, i);
	ok(sdp_read(sip_text_of(text, w.len), &s) == 0 && s.n_media == SDP_MAX_MEDIA &&
		   s.n_left_out == 3 && is(s.media[SDP_MAX_MEDIA - 1].mid, "15"),
	   "%d media are kept, the others counted", SDP_MAX_MEDIA);
}

/* RFC 8840 9: any beginning of it is one too. */
static void fragment(void)
{
	static const char text[] = "a=ice-pwd:asd88fgpdd777uzjYhagZg\r\nm=audio 9 RTP/AVP 0\r\n"
				   "a=mid:1\r\na=candidate:1 1 UDP 1 192.0.2.9 49170 typ host\r\n"
				   "m=video 9 RTP/AVP 0\r\na=mid:2\r\n";
	struct sdp s;
	int n_wrong = 0;

	sdp_fragment_read(sip_word(text), &s);
	ok(s.n_media == 2 && is(s.media[0].mid, "1") && s.media[0].n_candidates == 1 &&
		   is(s.media[1].mid, "2") && !s.media[1].n_candidates && !s.has_fault,
	   "candidates that come later are those of their lines");
	for (size_t len = 0; len < sizeof text - 1; len++) {
		sdp_fragment_read(sip_text_of(text, len), &s);
		n_wrong += s.n_media > 2 || (s.n_media && s.media[0].n_candidates > 1);
	}
	ok(!n_wrong, "cut anywhere it has no more of them");
}

int main(void)
{
	struct sdp s;

	if (ok(sdp_read(sip_word(offer), &s) == 0, "a description is read")) {
		session(&s);
		audio(&s.media[0]);
		codecs(&s.media[0]);
		candidates(&s.media[0]);
		others(&s);
	}
	cuts();
	tolerance();
	too_many();
	fragment();
	return tap_end();
}
