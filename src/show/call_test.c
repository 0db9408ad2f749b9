#include "show/call.h"

#include <stdio.h>
#include <string.h>

#include "base/tap.h"
#include "ipmm/cc.h"
#include "ipmm/location.h"
#include "ipmm/mask.h"

static uint8_t pdu[8192];
static char shown[8192];
static struct etsi_header header;

static const char invite[] =
	"INVITE sip:bob@isp.example SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK1\r\n"
	"From: \"Alice\" <sip:alice@isp.example>;tag=a1\r\n"
	"To: <sip:bob@isp.example>\r\n"
	"Call-ID: c1@192.0.2.17\r\n"
	"CSeq: 1 INVITE\r\n"
	"P-Asserted-Identity: <sip:alice@isp.example>, <tel:+6491234567>\r\n"
	"P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=5301012340ABCDEF;"
	"network-provided\r\n"
	"P-Access-Network-Info: IEEE-802.11;i-wlan-node-id=001a2b3c4d5e\r\n"
	"P-Access-Network-Info: 3GPP-NR-TDD;utran-cell-id-3gpp=31041000ABCDFEDCBA987\r\n"
	"Geolocation: <cid:1@x>\r\n"
	"Content-Type: multipart/mixed;boundary=b\r\n"
	"\r\n"
	"--b\r\n"
	"Content-Type: application/sdp\r\n"
	"\r\n"
	"v=0\r\no=a 1 1 IN IP4 192.0.2.17\r\ns=-\r\nc=IN IP4 192.0.2.17\r\nt=0 0\r\n"
	"m=audio 4000 RTP/AVP 0 8 101\r\na=sendonly\r\nm=image 4010 udptl t38\r\n"
	"--b\r\n"
	"Content-Type: application/pidf+xml\r\n"
	"Content-ID: <1@x>\r\n"
	"\r\n"
	"<presence><location-info><Point><pos>-43.5312 172.6362</pos></Point></location-info>"
	"</presence>\r\n"
	"--b--\r\n";

static const char invite_words[] =
	"  method INVITE  uri sip:bob@isp.example  from sip:alice@isp.example  to"
	" sip:bob@isp.example  call_id c1@192.0.2.17  cseq 1 INVITE\n"
	"    record begin  session from target  direction from target  source 192.0.2.17"
	"  destination 2001:db8::5  octets 902\n"
	"    identity  field P-Asserted-Identity  uri sip:alice@isp.example\n"
	"    identity  field P-Asserted-Identity  uri tel:+6491234567\n"
	"    access  type 3GPP-E-UTRAN-FDD  network_provided  mcc 530  mnc 10  area"
	" 0x1234  cell 0x0abcdef\n"
	"    access  type IEEE-802.11  mac 00:1a:2b:3c:4d:5e\n"
	"    access  type 3GPP-NR-TDD  mcc 310  mnc 410  area 0x00abcd  cell"
	" 0xfedcba987\n"
	"    place  kind point  latitude S433152.32  longitude E1723810.32\n"
	"    place  kind TAI  network 530-10  area 0x1234\n"
	"    place  kind ECGI  network 530-10  cell 0x00abcdef\n"
	"    place  kind access point  mac 00:1a:2b:3c:4d:5e\n"
	"    place  kind NR  mcc 310  mnc 410  area 0x00abcd  cell 0xfedcba987\n"
	"    body  type application  subtype sdp  len 129\n"
	"    body  type application  subtype pidf+xml  len 95\n"
	"    media  line 0  kind audio  address 192.0.2.17  port 4000  protocol RTP/AVP "
	" formats 0 8 101  direction sendonly\n"
	"    media  line 1  kind image  address 192.0.2.17  port 4010  protocol udptl "
	" formats t38  direction sendrecv\n";
static const char invite_json[] =
	"{\"method\":\"INVITE\",\"uri\":\"sip:bob@isp.example\","
	"\"from\":\"sip:alice@isp.example\",\"to\":\"sip:bob@isp.example\","
	"\"call_id\":\"c1@192.0.2.17\",\"cseq\":\"1 INVITE\",\"record\":\"begin\","
	"\"session\":\"from target\",\"direction\":\"from target\","
	"\"source\":\"192.0.2.17\",\"destination\":\"2001:db8::5\",\"octets\":902,"
	"\"identities\":[{\"field\":\"P-Asserted-Identity\","
	"\"uri\":\"sip:alice@isp.example\"},{\"field\":\"P-Asserted-Identity\","
	"\"uri\":\"tel:+6491234567\"}],\"access\":[{\"type\":\"3GPP-E-UTRAN-FDD\","
	"\"network_provided\":true,\"mcc\":\"530\",\"mnc\":\"10\",\"area\":4660,"
	"\"cell\":11259375},{\"type\":\"IEEE-802.11\",\"mac\":\"00:1a:2b:3c:4d:5e\"},"
	"{\"type\":\"3GPP-NR-TDD\",\"mcc\":\"310\",\"mnc\":\"410\",\"area\":43981,"
	"\"cell\":68414056839}],\"places\":[{\"kind\":\"point\","
	"\"latitude\":\"S433152.32\",\"longitude\":\"E1723810.32\"},{\"kind\":\"TAI\","
	"\"network\":\"530-10\",\"area\":4660},{\"kind\":\"ECGI\",\"network\":\"530-10\","
	"\"cell\":11259375},{\"kind\":\"access point\",\"mac\":\"00:1a:2b:3c:4d:5e\"},"
	"{\"kind\":\"NR\",\"mcc\":\"310\",\"mnc\":\"410\",\"area\":43981,"
	"\"cell\":68414056839}],\"bodies\":[{\"type\":\"application\","
	"\"subtype\":\"sdp\",\"len\":129},{\"type\":\"application\","
	"\"subtype\":\"pidf+xml\",\"len\":95}],\"media\":[{\"line\":0,\"kind\":\"audio\","
	"\"address\":\"192.0.2.17\",\"port\":4000,\"protocol\":\"RTP/AVP\","
	"\"formats\":\"0 8 101\",\"direction\":\"sendonly\"},{\"line\":1,"
	"\"kind\":\"image\",\"address\":\"192.0.2.17\",\"port\":4010,"
	"\"protocol\":\"udptl\",\"formats\":\"t38\",\"direction\":\"sendrecv\"}]}";

/* The record in pdu, as words or as JSON. */
static const char *show(size_t len, bool is_json)
{
	struct wr w = wr_of(shown, sizeof shown - 1);
	struct etsi_record r;
	struct form f;

	form_init(&f, &w, is_json);
	if (etsi_record_read(pdu, len, &r, NULL) || !show_is_call(&r))
		return "no record of a call";
	show_call(&f, &r);
	shown[w.len] = 0;
	return shown;
}

static bool shows(size_t len, bool is_json, const char *want)
{
	const char *said = show(len, is_json);

	if (strcmp(said, want) == 0)
		return true;
	printf("# %s\n", said);
	return false;
}

/* A record of a message, masked for a warrant without content. */
static size_t iri_of(const char *message, enum etsi_iri_type type)
{
	static uint8_t copy[4096];
	struct wr w = wr_of(pdu, sizeof pdu), masked = wr_of(copy, sizeof copy);
	struct ipmm_iri iri = {.type = type,
			       .source = {4, {192, 0, 2, 17}, ETSI_NO_MASK, 0},
			       .destination = {6, {0x20, 1, 0xd, 0xb8, [15] = 5}, 128, 0},
			       .session_direction = ETSI_FROM_TARGET,
			       .payload_direction = ETSI_FROM_TARGET};
	struct sip_message m;
	struct ipmm_place place;
	bool has_masked;

	if (sip_message_read(message, strlen(message), &m) || ipmm_mask(&m, &masked, &has_masked))
		return 0;
	(void)ipmm_place_in(&place, &m);
	iri.location = place.location;
	iri.form = has_masked ? IPMM_SIP_IRI_ONLY : IPMM_SIP;
	iri.message = (struct etsi_text){copy, masked.len};
	return ipmm_iri_encode(&header, &iri, &w, NULL) ? 0 : w.len;
}

static void test_iri(void)
{
	static const char message[] =
		"MESSAGE tel:+6491234567 SIP/2.0\r\nFrom: <sip:a\x01@x>;tag=1\r\nTo: sip:b@x\r\n"
		"Call-ID: m\r\nCSeq: 2 MESSAGE\r\nContent-Type: text/plain\r\n\r\nat six";
	static const char busy[] =
		"SIP/2.0 486 Busy Here\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"
		"Call-ID: c1\r\nCSeq: 1 INVITE\r\nReason: Q.850;cause=17\r\n"
		"Diversion: <sip:c@x>;reason=user-busy\r\n\r\n";
	size_t len = iri_of(invite, ETSI_IRI_BEGIN);

	ok(shows(len, false, invite_words), "an INVITE in words");
	ok(shows(len, true, invite_json), "and as JSON");
	ok(shows(iri_of(message, ETSI_IRI_REPORT), false,
		 "  method MESSAGE  uri tel:+6491234567  from <sip:a\\x01@x>;tag=1  to sip:b@x "
		 " call_id m  cseq 2 MESSAGE\n"
		 "    record report  session from target  direction from target  source"
		 " 192.0.2.17  destination 2001:db8::5  without_content  octets 133\n"
		 "    body  type text  subtype plain  len 6\n"),
	   "a message without its content");
	ok(shows(iri_of(busy, ETSI_IRI_END), false,
		 "  method INVITE  status 486  phrase Busy Here  from sip:a@x  to sip:b@x "
		 " call_id c1  cseq 1 INVITE  because Q.850;cause=17\n"
		 "    record end  session from target  direction from target  source 192.0.2.17 "
		 " destination 2001:db8::5  octets 161\n"
		 "    identity  field Diversion  uri sip:c@x\n"),
	   "an answer that ends a call");
}

static size_t cc_of(enum ipmm_frame frame, enum ipmm_protocol protocol, const void *bytes,
		    size_t len)
{
	const struct ipmm_stream s = {frame, protocol, "0.1", 0};
	struct ipmm_cc cc = {bytes, (uint32_t)len, 1, ETSI_TO_TARGET, {0}};
	struct wr w = wr_of(pdu, sizeof pdu);
	struct ipmm_tail tail;

	if (ipmm_tail_init(&tail, &header, &s, NULL))
		return 0;
	ipmm_cc_encode(&tail, &cc, &w);
	return w.ok ? w.len : 0;
}

#define RTP "\x80\x88\0\7\0\0\0\xa0\x12\x34\xab\xcd----------"
#define UDP "\x0f\xa0\x13\x88\0\x1e\0\0"
#define IP4 "\x45\0\0\x32\0\1\0\0\x40\x11\0\0\xc0\0\2\1\xc6\x33\x64\5"
#define SR                                                                                         \
	"\x80\xc8\0\6\x11\x22\x33\x44\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\6\x40"                 \
	"\x81\xca\0\1\x11\x22\x33\x44\x80\xcf\0\0"

/* Packets, and their words. */
static const struct {
	enum ipmm_frame frame;
	enum ipmm_protocol protocol;
	const char *bytes;
	size_t len;
	const char *words;
	const char *what;
} cases[] = {
#define CASE(frame, protocol, bytes, words, what)                                                  \
	{                                                                                          \
		IPMM_##frame, IPMM_##protocol, bytes, sizeof bytes - 1, words, what                \
	}
	CASE(IP_FRAME, RTP, IP4 UDP RTP,
	     "  direction to target  stream 0.1  frame ipFrame  protocol rTP  192.0.2.1 >"
	     " 198.51.100.5  4000 > 5000  packet RTP  type 8  codec PCMA  seq 7  timestamp"
	     " 160  ssrc 0x1234abcd  marked  payload 10\n",
	     "RTP in an IP packet"),
	CASE(RTP_FRAME, RTP, "\x80\x60\0\7\0\0\0\xa0\x12\x34\xab\xcd",
	     "  direction to target  stream 0.1  frame rtpFrame  protocol rTP  packet RTP "
	     " type 96  seq 7  timestamp 160  ssrc 0x1234abcd  payload 0\n",
	     "RTP of a type that the call's description names"),
	CASE(UDP_FRAME, RTP, UDP SR,
	     "  direction to target  stream 0.1  frame udpFrame  protocol rTP  4000 > 5000 "
	     " packet RTCP  reports [SR,SDES,XR]  ssrc 0x11223344  packets 10  octets "
	     "1600\n",
	     "RTCP: a sender's report"),
	CASE(RTP_FRAME, RTP, "\x80\x08",
	     "  direction to target  stream 0.1  frame rtpFrame  protocol rTP  packet "
	     "other "
	     " payload 2\n",
	     "too short for anything"),
	CASE(RTP_FRAME, RTP, "\0\1\0\0\x21\x12\xa4\x42------------",
	     "  direction to target  stream 0.1  frame rtpFrame  protocol rTP  packet STUN "
	     " payload 20\n",
	     "STUN"),
	CASE(AUDIO_FRAME, RTP, "----",
	     "  direction to target  stream 0.1  frame audioFrame  protocol rTP  payload "
	     "4\n",
	     "sound alone"),
	CASE(UDPTL_FRAME, UDPTL, "\0\7\1\6\0",
	     "  direction to target  stream 0.1  frame udptlFrame  protocol uDPTL  packet"
	     " UDPTL  seq 7  payload 3\n",
	     "facsimile"),
	CASE(MSRP_FRAME, MSRP, "MSRP a786 SEND\r\nTo-Path: x\r\n",
	     "  direction to target  stream 0.1  frame msrpFrame  protocol mSRP  packet "
	     "MSRP "
	     " line MSRP a786 SEND  payload 28\n",
	     "MSRP"),
	CASE(TCP_FRAME, MSRP,
	     "\x0f\xa0\x13\x88\0\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0MSRP d93k 200 OK\r\n",
	     "  direction to target  stream 0.1  frame tcpFrame  protocol mSRP  4000 > "
	     "5000 "
	     " packet MSRP  line MSRP d93k 200 OK  payload 18\n",
	     "MSRP in TCP"),
};

static void test_cc(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = cc_of(cases[i].frame, cases[i].protocol, cases[i].bytes, cases[i].len);

		ok(shows(len, false, cases[i].words), "%s", cases[i].what);
	}
	ok(shows(cc_of(IPMM_IP_FRAME, IPMM_RTP, IP4 UDP RTP, sizeof(IP4 UDP RTP) - 1), true,
		 "{\"direction\":\"to target\",\"stream\":\"0.1\",\"frame\":\"ipFrame\","
		 "\"protocol\":\"rTP\",\"src\":\"192.0.2.1\",\"dst\":\"198.51.100.5\","
		 "\"src_port\":4000,\"dst_port\":5000,\"packet\":\"RTP\",\"type\":8,"
		 "\"codec\":\"PCMA\",\"seq\":7,\"timestamp\":160,\"ssrc\":305441741,"
		 "\"marked\":true,\"payload\":10}"),
	   "RTP as JSON");
}

int main(void)
{
	const struct etsi_stream stream = {.liid = "L", .operator_id = "o"};

	if (!ok(etsi_header_init(&header, &stream, NULL) == 0, "a header"))
		return tap_end();
	test_iri();
	test_cc();
	return tap_end();
}
