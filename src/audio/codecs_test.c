#include "audio/codecs.h"

#include <stdio.h>
#include <string.h>

#include "base/tap.h"

static struct audio_codecs codecs;

/* A request or answer with a description of these lines. */
static bool read_with(enum audio_side way, const char *type, const char *lines)
{
	static char body[4096], message[8192];

	snprintf(body, sizeof body,
		 "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n%s",
		 lines);
	snprintf(
		message, sizeof message,
		"INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP "
		"192.0.2.1;branch=z9hG4bK1\r\n"
		"From: <sip:alice@example.net>;tag=1\r\nTo: <sip:bob@example.net>\r\n"
		"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		type, strlen(body), body);
	return audio_codecs_read(&codecs, way, message, strlen(message));
}

static enum audio_codec of(enum audio_side way, uint8_t type)
{
	return audio_codecs_of(&codecs, way, type);
}

static void begin(void)
{
	codecs = (struct audio_codecs){0};
}

static void test_static(void)
{
	char text[AUDIO_TYPE_TEXT_LEN];

	begin();
	ok(of(AUDIO_TO_TARGET, 0) == AUDIO_PCMU && of(AUDIO_NO_SIDE, 8) == AUDIO_PCMA,
	   "0 and 8 are G.711 by their numbers");
	ok(of(AUDIO_TO_TARGET, 13) == AUDIO_SILENCE && of(AUDIO_TO_TARGET, 18) == AUDIO_OTHER &&
		   of(AUDIO_TO_TARGET, 96) == AUDIO_UNTOLD,
	   "13 is comfort noise, 18 another codec, 96 nobody knows");
	audio_type_text(18, text);
	ok(!strcmp(text, "18 (G729)"), "18 has a name");
	audio_type_text(97, text);
	ok(!strcmp(text, "97"), "97 has none");
}

static void test_told(void)
{
	begin();
	ok(read_with(AUDIO_FROM_TARGET, "application/sdp",
		     "m=audio 4000 RTP/AVP 96 97 98 99 0\r\na=rtpmap:96 PCMA/8000\r\n"
		     "a=rtpmap:97 pcmu/8000/1\r\na=rtpmap:98 opus/48000/2\r\n"
		     "a=rtpmap:99 telephone-event/8000\r\na=rtpmap:100 PCMU/16000\r\n"
		     "a=rtpmap:101 CN/16000\r\na=rtpmap:0 opus/48000\r\n"
		     "m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"),
	   "a description");
	ok(of(AUDIO_TO_TARGET, 96) == AUDIO_PCMA && of(AUDIO_TO_TARGET, 97) == AUDIO_PCMU,
	   "dynamic types of G.711");
	ok(of(AUDIO_TO_TARGET, 98) == AUDIO_OTHER && of(AUDIO_TO_TARGET, 100) == AUDIO_OTHER &&
		   of(AUDIO_TO_TARGET, 99) == AUDIO_EVENTS &&
		   of(AUDIO_TO_TARGET, 101) == AUDIO_SILENCE,
	   "and others");
	ok(of(AUDIO_TO_TARGET, 0) == AUDIO_PCMU, "0 stays what it is");
	ok(of(AUDIO_FROM_TARGET, 96) == AUDIO_PCMA, "what one says holds for the other");
	ok(read_with(AUDIO_TO_TARGET, "application/sdp",
		     "m=audio 5000 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n") &&
		   of(AUDIO_FROM_TARGET, 96) == AUDIO_OTHER &&
		   of(AUDIO_TO_TARGET, 96) == AUDIO_PCMA,
	   "until he says otherwise: each receives by his own words");
}

static void test_secret(void)
{
	begin();
	ok(read_with(AUDIO_FROM_TARGET, "application/sdp",
		     "m=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVP 0\r\n") &&
		   !audio_codecs_is_secret(&codecs),
	   "encrypted or not, as is offered");
	ok(read_with(AUDIO_TO_TARGET, "application/sdp",
		     "m=audio 4000 RTP/SAVP 0\r\nm=audio 0 RTP/AVP 0\r\n") &&
		   audio_codecs_is_secret(&codecs),
	   "and encrypted, as is answered");
	ok(read_with(AUDIO_TO_TARGET, "application/sdp", "m=audio 4000 RTP/AVP 0\r\n") &&
		   !audio_codecs_is_secret(&codecs),
	   "until it is said otherwise");
}

static void test_none(void)
{
	static const char cut[] = "INVITE sip:bob@example.net SIP/2.0\r\nCall-ID: 1\r\n";

	begin();
	ok(!read_with(AUDIO_TO_TARGET, "text/plain", "m=audio 4000 RTP/AVP 96\r\n"),
	   "a message without a description");
	ok(!audio_codecs_read(&codecs, AUDIO_TO_TARGET, cut, sizeof cut - 1) &&
		   !audio_codecs_read(&codecs, AUDIO_TO_TARGET, "", 0),
	   "and what is no message");
	ok(read_with(AUDIO_TO_TARGET, "application/sdp",
		     "m=audio 4000 RTP/AVP 96\r\na=rtpmap:96\r\na=rtpmap:97 PCMA\r\n"
		     "a=rtpmap:128 PCMA/8000\r\na=rtpmap:x PCMA/8000\r\na=rtpmap:98 PCMA/\r\n"
		     "a=rtpmap:99 PCMA/8000/x\r\na=rtpmap\r\n") &&
		   of(AUDIO_TO_TARGET, 96) == AUDIO_UNTOLD &&
		   of(AUDIO_TO_TARGET, 97) == AUDIO_UNTOLD &&
		   of(AUDIO_TO_TARGET, 98) == AUDIO_UNTOLD &&
		   of(AUDIO_TO_TARGET, 99) == AUDIO_UNTOLD,
	   "lines that say nothing");
}

int main(void)
{
	test_static();
	test_told();
	test_secret();
	test_none();
	return tap_end();
}
