#include "lemf/sound.h"

#include <stdlib.h>

#include "audio/craft.h"
#include "base/tap.h"
#include "ipmm/cc.h"
#include "ipmm/iri.h"
#include "lemf/desk.h"

/* A desk that writes sound, and records that are laid on it. */
static char folder[] = "/tmp/weir-sound-XXXXXX";
static struct lemf_conf conf = {.max_streams = 100, .audio = folder};
static struct lemf_desk *desk;
static char *told;
static size_t told_len;
static FILE *out;
static int16_t heard[CRAFT_MAX];
static uint32_t n_cc, n_iri;

static void begin(void)
{
	craft_empty(folder);
	n_cc = n_iri = 0;
	out = open_memstream(&told, &told_len);
	if (!out || lemf_desk_new(&desk, &conf, out, NULL))
		exit(2);
}

static bool finish(void)
{
	bool is_right = lemf_desk_finish(desk);

	lemf_desk_free(&desk);
	fclose(out);
	return is_right;
}

static void forget(void)
{
	free(told);
	told = NULL;
}

static struct etsi_header header_of(uint32_t cin)
{
	const struct etsi_stream stream = {.liid = "LIID0001",
					   .operator_id = "EXAMPLE",
					   .network_element = "COL-1",
					   .cin = cin};
	struct etsi_header header;

	if (etsi_header_init(&header, &stream, NULL))
		exit(2);
	return header;
}

static void lay(const uint8_t *pdu, size_t len, enum lemf_side side)
{
	const struct lemf_delivery delivery = {
		.pdu = pdu, .len = len, .side = side, .conn = 1, .now = nanos_from_s(1700000000)};

	lemf_desk_take(desk, &delivery);
}

static void lay_cc(const struct ipmm_stream *stream, enum etsi_direction direction,
		   const struct wr *packet, int ms)
{
	static uint8_t room[4096];
	struct etsi_header header = header_of(3);
	const struct ipmm_cc cc = {.bytes = packet->bytes,
				   .len = (uint32_t)packet->len,
				   .seq = n_cc++,
				   .direction = direction,
				   .time = {1700000000 * INT64_C(1000000000) + ms * 1000000LL}};
	struct wr w = wr_of(room, sizeof room);
	struct ipmm_tail tail;

	if (ipmm_tail_init(&tail, &header, stream, NULL))
		exit(2);
	ipmm_cc_encode(&tail, &cc, &w);
	lay(room, w.len, LEMF_HI3);
}

static void lay_iri(enum etsi_iri_type type, const char *lines)
{
	static uint8_t room[4096];
	static char message[2048];
	struct etsi_header header = header_of(3);
	struct ipmm_iri iri = {.type = type,
			       .form = IPMM_SIP,
			       .seq = n_iri++,
			       .time = nanos_from_s(1700000000),
			       .source = {4, {192, 0, 2, 1}, ETSI_NO_MASK, 0},
			       .destination = {4, {192, 0, 2, 2}, ETSI_NO_MASK, 0},
			       .session_direction = ETSI_FROM_TARGET,
			       .payload_direction = ETSI_FROM_TARGET};
	struct wr w = wr_of(room, sizeof room);

	iri.message.bytes = message;
	iri.message.len = (size_t)snprintf(
		message, sizeof message,
		"INVITE sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
		"o=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n%s",
		lines);
	if (ipmm_iri_encode(&header, &iri, &w, NULL))
		exit(2);
	lay(room, w.len, LEMF_HI2);
}

/* An RTP packet with what stands before it in this frame; version: of IP. */
static void wrap(struct wr *w, enum ipmm_frame frame, int version, const struct wr *rtp)
{
	uint16_t udp_len = (uint16_t)(8 + rtp->len);

	wr_reset(w);
	if (frame == IPMM_IP_FRAME && version == 4) {
		wr_u16(w, 0x4500);
		wr_u16(w, (uint16_t)(20 + udp_len));
		wr_u32(w, 0x00010000);
		wr_u32(w, 0x40110000);
		wr_u32(w, 0xc0000201), wr_u32(w, 0xc0000202);
	}
	if (frame == IPMM_IP_FRAME && version == 6) {
		wr_u32(w, 0x60000000);
		wr_u16(w, udp_len);
		wr_u16(w, 17 << 8 | 64);
		wr_fill(w, 0x20, 32);
	}
	if (frame == IPMM_IP_FRAME || frame == IPMM_UDP_FRAME) {
		wr_u16(w, 4000), wr_u16(w, 4002);
		wr_u16(w, udp_len), wr_u16(w, 0);
	}
	wr_bytes(w, rtp->bytes, rtp->len);
}

static void say(const struct ipmm_stream *stream, int version, uint8_t type, int i)
{
	const struct craft_rtp rtp = {7, (uint16_t)i, (uint32_t)i * CRAFT_N, type};
	uint8_t bytes[400], frame[500];
	struct wr w = wr_of(bytes, sizeof bytes), whole = wr_of(frame, sizeof frame);

	craft_rtp(&w, &rtp, (int64_t)i * CRAFT_N);
	wrap(&whole, stream->frame, version, &w);
	lay_cc(stream, i % 2 ? ETSI_FROM_TARGET : ETSI_TO_TARGET, &whole, i * 20);
}

/* Whether the file has every second packet, from the one that is first. */
static bool is_half(const char *name, enum g711_law law, int first, int n)
{
	if (craft_read(folder, name, 1, heard) != (2 * n - 1) * CRAFT_N)
		return false;
	for (int i = 0; i < (2 * n - 1) * CRAFT_N; i++)
		if (heard[i] != (i / CRAFT_N % 2 ? 0 : craft_sample(law, 7, first * CRAFT_N + i)))
			return false;
	return true;
}

static void test_frames(void)
{
	static const struct {
		enum ipmm_frame frame;
		int version;
		const char *text;
	} rows[] = {
		{IPMM_IP_FRAME, 4, "IPv4 packets"},
		{IPMM_IP_FRAME, 6, "IPv6 packets"},
		{IPMM_UDP_FRAME, 0, "UDP datagrams"},
		{IPMM_RTP_FRAME, 0, "RTP packets"},
		{IPMM_ARTIFICIAL_RTP_FRAME, 0, "RTP packets that the network had not"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct ipmm_stream stream = {rows[i].frame, IPMM_RTP, "0.1", 0};

		begin();
		for (int j = 0; j < 40; j++)
			say(&stream, rows[i].version, 8, j);
		ok(finish() && is_half("LIID0001-3-0.1-to-00000007.wav", G711_A_LAW, 0, 20) &&
			   is_half("LIID0001-3-0.1-from-00000007.wav", G711_A_LAW, 1, 20) &&
			   craft_read(folder, "LIID0001-3-0.1.wav", 2, heard) == 2 * 40 * CRAFT_N &&
			   strstr(told, "3 sound files written"),
		   "sound from %s", rows[i].text);
		forget();
	}
}

static void test_signalled(void)
{
	const struct ipmm_stream stream = {IPMM_IP_FRAME, IPMM_RTP, "0.1", 0};

	begin();
	for (int i = 0; i < 10; i++)
		say(&stream, 4, 96, i);
	lay_iri(ETSI_IRI_BEGIN, "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMU/8000\r\n");
	for (int i = 10; i < 20; i++)
		say(&stream, 4, 96, i);
	lay_iri(ETSI_IRI_END, "");
	ok(finish() && is_half("LIID0001-3-0.1-to-00000007.wav", G711_MU_LAW, 0, 10) &&
		   is_half("LIID0001-3-0.1-from-00000007.wav", G711_MU_LAW, 1, 10),
	   "a call's IRIs tell what its media are");
	forget();
	begin();
	lay_iri(ETSI_IRI_BEGIN, "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n");
	for (int i = 0; i < 20; i++)
		say(&stream, 4, 96, i);
	ok(finish() && strstr(told, "note: no-sound: source 00000007, payload type 96") &&
		   strstr(told, "note: 2: sources of media are no sound that is written"),
	   "another codec is noted, once for each source");
	ok(craft_empty(folder) == 0, "and no sound is written");
	forget();
	begin();
	for (int i = 0; i < 20; i++)
		say(&stream, 4, 96, i);
	ok(finish() && strstr(told, "20 packets of media that no description explains"),
	   "so are media that nobody ever describes");
	forget();
}

/* What is no RTP makes no sound and no trouble. */
static void test_others(void)
{
	static const struct ipmm_stream streams[] = {{IPMM_UDPTL_FRAME, IPMM_UDPTL, "0.1", 0},
						     {IPMM_AUDIO_FRAME, IPMM_RTP, "0.1", 0},
						     {IPMM_IP_FRAME, IPMM_UDPTL, "0.1", 0}};
	const struct ipmm_stream ip = {IPMM_IP_FRAME, IPMM_RTP, "0.1", 0};
	uint8_t bytes[400], frame[500];
	struct wr rtp = wr_of(bytes, sizeof bytes), whole = wr_of(frame, sizeof frame);
	size_t len;

	begin();
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
		for (int j = 0; j < 4; j++)
			say(&streams[i], 4, 0, j);
	craft_rtp(&rtp, &(struct craft_rtp){7, 1, 1, 0}, 0);
	/* what is cut before the RTP header's end is none; later it is what is there */
	wrap(&whole, IPMM_IP_FRAME, 4, &rtp);
	for (len = whole.len, whole.len = 0; whole.len < 20 + 8 + 12; whole.len++)
		lay_cc(&ip, ETSI_TO_TARGET, &whole, 0);
	ok(craft_empty(folder) == 0, "what is no RTP is no sound");
	frame[6] = 0x20; /* more fragments follow */
	whole.len = len;
	lay_cc(&ip, ETSI_TO_TARGET, &whole, 0);
	frame[6] = 0, frame[7] = 9; /* a later one */
	lay_cc(&ip, ETSI_TO_TARGET, &whole, 0);
	ok(finish() && craft_read(folder, "LIID0001-3-0.1-to-00000007.wav", 1, heard) == CRAFT_N,
	   "of a datagram in fragments, the first is heard");
	forget();
}

static void test_away(void)
{
	char path[] = "/dev/null/x";
	const struct lemf_conf nowhere = {.max_streams = 100, .audio = path};
	struct lemf_desk *none;
	struct why why;

	why_clear(&why);
	ok(lemf_desk_new(&none, &nowhere, stdout, &why) < 0 && !none && why.text[0],
	   "a folder that cannot be is told of: %s %s", why.place, why.text);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 2;
	test_frames();
	test_signalled();
	test_others();
	test_away();
	craft_empty(folder);
	rmdir(folder);
	return tap_end();
}
