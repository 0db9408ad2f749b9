#include "audio/audio.h"

#include <stdlib.h>

#include "audio/craft.h"
#include "base/tap.h"

static char folder[] = "/tmp/weir-audio-XXXXXX";
static struct audio *audio;
static int16_t heard[CRAFT_MAX];
static struct why why;
static const struct nanos epoch = {INT64_C(1700000000) * NANOS_PER_S};

static void begin(void)
{
	craft_empty(folder);
	why_clear(&why);
	if (audio_new(&audio, folder, NULL))
		exit(2);
}

static struct audio_call call_of(const char *liid, uint32_t cin)
{
	struct audio_call call = {
		.liid_len = (uint8_t)strlen(liid), .has_cin = 1, .cin = cin, .place_len = 1};

	memcpy(call.liid, liid, call.liid_len);
	return call;
}

static struct nanos after_ms(int64_t ms)
{
	return (struct nanos){epoch.ns + ms * NANOS_PER_MS};
}

/* Lays these octets there, at ms behind the beginning. */
static int lay(enum audio_side side, const char *stream, const struct wr *rtp, int64_t ms)
{
	const struct audio_packet packet = {.call = call_of("LIID-1", 7),
					    .stream = (const uint8_t *)stream,
					    .stream_len = strlen(stream),
					    .side = side,
					    .time = after_ms(ms),
					    .now = after_ms(ms),
					    .bytes = rtp->bytes,
					    .len = rtp->len};

	why_clear(&why);
	return audio_take(audio, &packet, &why);
}

/* Packet i of a source, whose sound is that of place 160 i. */
static int send_one(enum audio_side side, uint32_t ssrc, uint8_t type, int i)
{
	struct craft_rtp rtp = {ssrc, (uint16_t)(65500 + i), 0xffffff00u + (uint32_t)i * CRAFT_N,
				type};
	uint8_t bytes[400];
	struct wr w = wr_of(bytes, sizeof bytes);

	craft_rtp(&w, &rtp, (int64_t)i * CRAFT_N);
	return lay(side, "0.1", &w, (int64_t)i * 20);
}

static long read_file(const char *name, unsigned n_channels)
{
	return craft_read(folder, name, n_channels, heard);
}

/* Whether samples from .. to of the channel are the source's from there on. */
static bool is_sound(enum g711_law law, uint32_t ssrc, const long range[2], const unsigned at[2])
{
	for (long i = range[0]; i < range[1]; i++)
		if (heard[i * at[1] + at[0]] != craft_sample(law, ssrc, i))
			return false;
	return true;
}

static bool is_silence(const long range[2], const unsigned at[2])
{
	for (long i = range[0]; i < range[1]; i++)
		if (heard[i * at[1] + at[0]])
			return false;
	return true;
}

static const unsigned mono[2] = {0, 1}, left[2] = {0, 2}, right[2] = {1, 2};

/* A call of ten seconds, with loss, disorder and doubles. */
static void test_call(void)
{
	struct audio_counts counts;

	begin();
	for (int i = 0; i < 500; i++) {
		int j = i % 10 == 3 ? i + 1 : i % 10 == 4 ? i - 1 : i;

		if (i >= 100 && i < 105)
			continue;
		(void)send_one(AUDIO_FROM_TARGET, 0x11, 0, j);
		if (i % 50 == 0)
			(void)send_one(AUDIO_FROM_TARGET, 0x11, 0, j);
		if (i >= 25)
			(void)send_one(AUDIO_TO_TARGET, 0x22, 8, j);
		if (i == 250)
			(void)audio_flush(audio, after_ms(5000));
	}
	counts = audio_counts(audio);
	audio_free(&audio);
	ok(read_file("LIID-1-7-0.1-from-00000011.wav", 1) == 80000 &&
		   is_sound(G711_MU_LAW, 0x11, (long[]){0, 16000}, mono) &&
		   is_silence((long[]){16000, 16800}, mono) &&
		   is_sound(G711_MU_LAW, 0x11, (long[]){16800, 80000}, mono),
	   "what the target says, each sample, and silence where packets were lost");
	ok(read_file("LIID-1-7-0.1-to-00000022.wav", 1) == 475 * CRAFT_N &&
		   heard[0] == craft_sample(G711_A_LAW, 0x22, 25 * CRAFT_N),
	   "what the target hears begins with its first packet");
	ok(read_file("LIID-1-7-0.1.wav", 2) == 160000 &&
		   is_sound(G711_MU_LAW, 0x11, (long[]){0, 16000}, left) &&
		   is_sound(G711_MU_LAW, 0x11, (long[]){16800, 80000}, left) &&
		   is_silence((long[]){0, 4000}, right) &&
		   is_sound(G711_A_LAW, 0x22, (long[]){4000, 16000}, right) &&
		   is_sound(G711_A_LAW, 0x22, (long[]){16800, 80000}, right),
	   "both, side by side, as they came in time");
	ok(counts.n_twice == 9 && counts.n_packets == 495 + 470 && counts.n_files == 3 &&
		   !counts.n_other && !counts.n_nowhere,
	   "counted (%llu twice)", (unsigned long long)counts.n_twice);
}

static void test_pauses(void)
{
	struct craft_rtp rtp = {5, 10, 1000, 0};
	uint8_t bytes[400];
	struct wr w = wr_of(bytes, sizeof bytes);

	begin();
	craft_rtp(&w, &rtp, 0);
	lay(AUDIO_FROM_TARGET, "0.1", &w, 0);
	rtp = (struct craft_rtp){5, 11, 1160, 13};
	craft_rtp(&w, &rtp, 0);
	w.len = 13;
	lay(AUDIO_FROM_TARGET, "0.1", &w, 20);
	rtp = (struct craft_rtp){5, 12, 1000 + 16000, 0};
	craft_rtp(&w, &rtp, 16000);
	lay(AUDIO_FROM_TARGET, "0.1", &w, 2000);
	/* a sender that did not count the time for which it was on hold */
	rtp = (struct craft_rtp){5, 13, 1000 + 16160, 0};
	craft_rtp(&w, &rtp, 16160);
	lay(AUDIO_FROM_TARGET, "0.1", &w, 62020);
	audio_free(&audio);
	ok(read_file("LIID-1-7-0.1-from-00000005.wav", 1) == 16320 &&
		   is_sound(G711_MU_LAW, 5, (long[]){0, 160}, mono) &&
		   is_silence((long[]){160, 16000}, mono) &&
		   is_sound(G711_MU_LAW, 5, (long[]){16000, 16320}, mono),
	   "comfort noise is silence; a pause that nobody counted is none");
	ok(read_file("LIID-1-7-0.1.wav", 2) == 2 * (62020 * 8 + 160) &&
		   heard[2 * 62020 * 8] == craft_sample(G711_MU_LAW, 5, 16160),
	   "but both parties stay together");
}

static void test_sources(void)
{
	begin();
	for (int i = 0; i < 100; i++) {
		(void)send_one(AUDIO_TO_TARGET, i < 50 ? 0xa : 0xb, 0, i);
		(void)send_one(AUDIO_NO_SIDE, 0xa, 0, i);
	}
	audio_free(&audio);
	ok(read_file("LIID-1-7-0.1-to-0000000a.wav", 1) == 8000 &&
		   read_file("LIID-1-7-0.1-to-0000000b.wav", 1) == 8000 &&
		   read_file("LIID-1-7-0.1-other-0000000a.wav", 1) == 16000,
	   "another source is another file, and so is another direction");
	ok(read_file("LIID-1-7-0.1.wav", 2) == 32000 && is_silence((long[]){0, 16000}, left) &&
		   is_sound(G711_MU_LAW, 0xa, (long[]){0, 8000}, right) &&
		   is_sound(G711_MU_LAW, 0xb, (long[]){8000, 16000}, right),
	   "side by side they are one after the other");
}

static void signal_type(uint8_t type, const char *codec)
{
	char text[1000];
	struct audio_message message = {.call = call_of("LIID-1", 7),
					.way = AUDIO_FROM_TARGET,
					.now = after_ms(0),
					.bytes = text};

	message.len = (size_t)snprintf(
		text, sizeof text,
		"INVITE sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
		"o=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP %u\r\na=rtpmap:%u %s/8000\r\n",
		type, type, codec);
	audio_signalled(audio, &message);
}

static void test_dynamic(void)
{
	int rc = 0;

	begin();
	for (int i = 0; i < 20; i++)
		rc |= send_one(AUDIO_TO_TARGET, 9, 96, i);
	signal_type(96, "PCMA");
	for (int i = 20; i < 40; i++)
		rc |= send_one(AUDIO_TO_TARGET, 9, 96, i);
	audio_free(&audio);
	ok(rc == 0 && read_file("LIID-1-7-0.1-to-00000009.wav", 1) == 40 * CRAFT_N &&
		   is_sound(G711_A_LAW, 9, (long[]){0, 40 * CRAFT_N}, mono),
	   "a dynamic type waits for its description, and nothing is lost");
	begin();
	signal_type(97, "iLBC");
	ok(send_one(AUDIO_TO_TARGET, 9, 97, 0) == ERR_UNSUPPORTED, "another codec is told of: %s",
	   why.text);
	ok(send_one(AUDIO_TO_TARGET, 9, 97, 1) == 0 && send_one(AUDIO_TO_TARGET, 10, 18, 0) < 0 &&
		   strstr(why.text, "G729"),
	   "once for each source: %s", why.text);
	for (int i = 0; i < 1600; i++)
		rc += send_one(AUDIO_FROM_TARGET, 9, 98, i) != 0;
	ok(rc == 1 && audio_counts(audio).n_other == 1603,
	   "nobody waits for ever for a description");
	signal_type(98, "PCMU");
	for (int i = 1600; i < 1610; i++)
		rc |= send_one(AUDIO_FROM_TARGET, 9, 98, i);
	audio_free(&audio);
	ok(rc == 1 && read_file("LIID-1-7-0.1-from-00000009.wav", 1) == 10 * CRAFT_N,
	   "one that comes even then counts from there");
}

static void test_secret(void)
{
	char text[] =
		"INVITE sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\n"
		"CSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"
		"o=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		"m=audio 4000 RTP/SAVP 0\r\n";
	const struct audio_message message = {.call = call_of("LIID-1", 7),
					      .way = AUDIO_TO_TARGET,
					      .bytes = text,
					      .len = sizeof text - 1,
					      .now = after_ms(0)};

	begin();
	audio_signalled(audio, &message);
	ok(send_one(AUDIO_TO_TARGET, 9, 0, 0) == ERR_UNSUPPORTED && strstr(why.text, "SRTP"),
	   "what is encrypted is no sound: %s", why.text);
	audio_free(&audio);
	ok(craft_empty(folder) == 0, "and makes no file");
}

static void test_neighbours(void)
{
	static const uint8_t rtcp[] = {0x80, 200, 0, 1, 0, 0, 0, 1},
			     noise[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct wr w = {.bytes = (uint8_t *)(uintptr_t)rtcp, .len = sizeof rtcp};
	struct audio_counts counts;

	begin();
	ok(lay(AUDIO_TO_TARGET, "0.1", &w, 0) == 0, "RTCP");
	w = (struct wr){.bytes = (uint8_t *)(uintptr_t)noise, .len = sizeof noise};
	ok(lay(AUDIO_TO_TARGET, "0.1", &w, 0) == 0, "and what is nothing");
	counts = audio_counts(audio);
	audio_free(&audio);
	ok(counts.n_rtcp == 1 && counts.n_not_rtp == 1 && craft_empty(folder) == 0,
	   "are counted, and no sound");
}

static void test_names(void)
{
	struct audio_packet packet = {.call = call_of("../x\1\xff", 9),
				      .stream = (const uint8_t *)"../..\0/a-b",
				      .stream_len = 10,
				      .side = AUDIO_TO_TARGET};
	struct craft_rtp rtp = {1, 1, 1, 0};
	uint8_t bytes[400];
	char longest[400];
	struct wr w = wr_of(bytes, sizeof bytes);

	begin();
	craft_rtp(&w, &rtp, 0);
	packet.bytes = bytes;
	packet.len = w.len;
	ok(audio_take(audio, &packet, NULL) == 0, "names from outside");
	packet.call.has_cin = 0;
	packet.stream_len = 0;
	ok(audio_take(audio, &packet, NULL) == 0, "or none");
	memset(packet.call.liid, 0xff, sizeof packet.call.liid);
	packet.call.liid_len = sizeof packet.call.liid;
	packet.call.has_cin = 1;
	packet.call.cin = UINT32_MAX;
	memset(longest, 0xfe, sizeof longest);
	packet.stream = (const uint8_t *)longest;
	packet.stream_len = sizeof longest;
	ok(audio_take(audio, &packet, NULL) == 0, "or of any length");
	audio_free(&audio);
	ok(read_file("%2E%2E%2Fx%01%FF-9-..%2F..%00%2Fa%2Db-to-00000001.wav", 1) == CRAFT_N &&
		   read_file("%2E%2E%2Fx%01%FF-none--to-00000001.wav", 1) == CRAFT_N,
	   "are made safe");
	ok(craft_empty(folder) == 6, "each is in the folder");
}

static void test_forgotten(void)
{
	const struct audio_call call = call_of("LIID-1", 7);

	begin();
	(void)send_one(AUDIO_TO_TARGET, 1, 0, 0);
	audio_ended(audio, &call);
	(void)send_one(AUDIO_TO_TARGET, 1, 0, 1);
	ok(audio_flush(audio, after_ms(59000)) == 0 && send_one(AUDIO_TO_TARGET, 1, 0, 2) == 0,
	   "what is late when a call has ended still counts");
	(void)audio_flush(audio, after_ms(120000));
	(void)send_one(AUDIO_TO_TARGET, 1, 0, 3);
	audio_free(&audio);
	ok(read_file("LIID-1-7-0.1-to-00000001.wav", 1) == 3 * CRAFT_N &&
		   read_file("LIID-1-7-0.1-to-00000001-2.wav", 1) == CRAFT_N,
	   "what comes much later begins another file");
}

/* A source for each packet, a stream for each packet: somebody's flood. */
static void test_flood(void)
{
	int n_told = 0;
	char stream[20];
	uint8_t bytes[400];
	struct wr w = wr_of(bytes, sizeof bytes);
	struct craft_rtp rtp = {1, 1, 1, 0};

	begin();
	for (int i = 0; i < 1000; i++)
		n_told += send_one(AUDIO_TO_TARGET, (uint32_t)i, 0, i) != 0;
	for (int i = 0; i < 1000; i++) {
		snprintf(stream, sizeof stream, "s%d", i);
		craft_rtp(&w, &rtp, 0);
		n_told += lay(AUDIO_TO_TARGET, stream, &w, 0) != 0;
	}
	audio_free(&audio);
	ok(n_told == 1, "a flood is told of once");
	ok(craft_empty(folder) == 64 + 1 + 63 * 2, "and bounded");
}

static void test_failing(void)
{
	int n_told = 0;

	begin();
	(void)send_one(AUDIO_TO_TARGET, 1, 0, 0);
	ok(audio_flush(audio, after_ms(0)) == 0 && craft_empty(folder) == 2, "files");
	for (int i = 1; i < 200; i++) {
		n_told += send_one(AUDIO_TO_TARGET, 1, 0, i) != 0;
		if (i == 100)
			ok(audio_flush(audio, after_ms(0)) == ERR_IO, "that are gone");
	}
	ok(n_told == 1, "are told of once: each source's reason");
	audio_free(&audio);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 2;
	test_call();
	test_pauses();
	test_sources();
	test_dynamic();
	test_secret();
	test_neighbours();
	test_names();
	test_forgotten();
	test_flood();
	test_failing();
	craft_empty(folder);
	rmdir(folder);
	return tap_end();
}
