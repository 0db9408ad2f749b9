#include "ipmm/mask.h"

#include <stdio.h>
#include <string.h>

#include "base/tap.h"
#include "etsi/decode.h"
#include "ipmm/iri.h"

/* Content is written with tildes, and there is none elsewhere: in what is masked there are none. */
enum { SECRET = '~', ROOM = 8192 };

#define SDP                                                                                        \
	"v=0\r\no=a 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nm=audio 9 RTP/AVP 0\r\n"
#define SMS "\2\3\4"

/* Lines that speak of the body, the body, and the body as it must become; NULL: as it is. */
static const struct {
	const char *lines;
	const char *body;
	const char *masked;
	const char *what;
} cases[] = {
	{"Content-Type: text/plain\r\n", "~~~~ ~~\r\n", "XXXXXXXXX", "text is masked whole"},
	{"c: TEXT/html;charset=utf-8\r\n", "<~>", "XXX", "a compact name, other letters"},
	{"Content-Type: application/sdp\r\n", SDP, NULL, "a session description stays"},
	{"", SDP, NULL, "and so does one of which nothing is said"},
	{"", "~", "X", "what else nothing is said of does not"},
	{"Content-Type: application/sdp\r\n", "s=~\r\n", "XXXXX", "what says it is SDP and is not"},
	{"Content-Type: application/sdp\r\nContent-Type: text/plain\r\n", SDP, "", "two types"},
	{"Content-Type: application/sdp\r\nContent-Type: application/sdp\r\n", SDP, NULL,
	 "one type, twice"},
	{"Content-Type: application/vnd.3gpp.sms\r\nContent-Transfer-Encoding: base64\r\n",
	 "BgoAfn5+\r\n", "BgoXXXXX\r\n", "in base64, what is no signalling"},
	{"Content-Type: application/vnd.3gpp.sms\r\nContent-Transfer-Encoding: base64\r\n",
	 "Bgo-~~", "", "what is no base64"},
	{"Content-Type: application/vnd.3gpp.sms\r\nContent-Transfer-Encoding: "
	 "quoted-printable\r\n",
	 "=06=0A~~", "", "an encoding that is not read"},
	{"Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n", SDP, "", "compressed"},
	{"Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n", "dj0w", "XXXX",
	 "encoded"},
	{"Content-Type: application/sdp\r\nContent-Transfer-Encoding: binary\r\n", SDP, NULL,
	 "encoded so that it is as it was"},
	{"Content-Type: application/sdp, text/plain\r\n", SDP, "", "a type that is none"},
	{"Content-Type: application/pidf+xml\r\n", "<presence/>\r\n", NULL, "presence stays"},
	{"Content-Type: application/pidf+xml\r\n", "~<presence/>", "XXXXXXXXXXXX", "if it is XML"},
	{"Content-Type: application/x-other\r\n", "~~", "XX", "an unknown type"},
	{"Content-Type: image/png\r\n", "~~", "XX", "a picture"},
	{"Content-Type: application/dtmf-relay\r\n", "Signal=~\r\n", "",
	 "digits pressed in a call"},
	{"Content-Type: application/vnd.3gpp.sms\r\n", SMS "~~", "",
	 "no message of the relay layer"},
	{"Content-Type: application/vnd.3gpp.sms\r\n", "\2\10~", "", "one that is not understood"},
	{"Content-Type: application/vnd.3gpp.sms\r\nContent-Transfer-Encoding: binary\r\n",
	 "\6\12~~", "\6\12XX", "a short message's content"},
	{"Content-Type: application/simple-message-summary\r\n",
	 "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\nSubject: ~\r\n\r\nFrom: ~\r\n",
	 "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\nSubject: X\r\n\r\nXXXXXXXXX",
	 "how many messages wait, not what they are of"},
	{"Content-Type: message/cpim\r\n",
	 "From: <im:a@x>\r\nTo: <im:b@x>\r\nDateTime: 2026-01-01T00:00:00Z\r\nSubject: ~ ~\r\n"
	 "\r\nContent-Type: text/plain\r\nContent-Description: ~\r\n\r\n~~~",
	 "From: <im:a@x>\r\nTo: <im:b@x>\r\nDateTime: 2026-01-01T00:00:00Z\r\nSubject: XXX\r\n"
	 "\r\nContent-Type: text/plain\r\nContent-Description: X\r\n\r\nXXX",
	 "CPIM: who to whom and when"},
	{"Content-Type: message/cpim\r\n", "~\r\n~: ~\r\n\r\n~\r\n", "X\r\nXXXX\r\n\r\nX\r\n",
	 "CPIM that is none"},
	{"Content-Type: message/sipfrag\r\n", "SIP/2.0 200 OK\r\nCall-ID: 1\r\nSubject: ~\r\n\r\n~",
	 "SIP/2.0 200 OK\r\nCall-ID: 1\r\nSubject: X\r\n\r\nX", "a message inside"},
	{"Content-Type: message/sipfrag\r\n", "SIP/2.0 200 OK\r\n", NULL, "its first line alone"},
	{"Content-Type: message/sip\r\n",
	 "INFO sip:a@x SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n~~",
	 "INFO sip:a@x SIP/2.0\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nXX",
	 "and its body, and what is behind it"},
	{"Content-Type: message/sipfrag\r\n", "\r\n~", "XXX", "nothing inside"},
	{"Content-Type: multipart/mixed;boundary=b\r\n",
	 "\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--b\r\nContent-Type: "
	 "application/vnd.3gpp.sms\r\nContent-ID: <1@x>\r\n\r\n\6\12~\r\n--b--\r\n",
	 "\r\n--b\r\nContent-Type: application/sdp\r\n\r\n" SDP "\r\n--b\r\nContent-Type: "
	 "application/vnd.3gpp.sms\r\nContent-ID: <1@x>\r\n\r\n\6\12X\r\n--b--\r\n",
	 "part by part"},
	{"Content-Type: multipart/mixed;boundary=b\r\n",
	 "~\r\n--b\r\n\r\n~\r\n--b\r\nSubject: ~\r\n ~\r\n~\r\n\r\n--b\r\n~\r\n--b--\r\n~",
	 "X\r\n--b\r\n\r\nX\r\n--b\r\nSubject: X\r\n X\r\nX\r\n\r\n--b\r\nX\r\n--b--\r\nXXX",
	 "what stands around parts, and what is no header of theirs"},
	{"Content-Type: multipart/mixed;boundary=b\r\n",
	 "--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n--c\r\nContent-Type: "
	 "application/sdp\r\n\r\n" SDP "\r\n--c\r\n\r\n~\r\n--c--\r\n--b--",
	 "--b\r\nContent-Type: multipart/related;boundary=c\r\n\r\n--c\r\nContent-Type: "
	 "application/sdp\r\n\r\n" SDP "\r\n--c\r\n\r\nX\r\n--c--\r\n--b--",
	 "parts of parts"},
	{"Content-Type: multipart/mixed;boundary=b\r\n", "--c\r\n\r\n~", "XXXXXXXX",
	 "no boundary where one is announced"},
	{"Content-Type: multipart/mixed\r\n", "--\r\n\r\n~\r\n", "XXXXXXXXX", "none announced"},
	{"Subject: ~~\r\n ~\r\nUser-to-User: ~\r\n", "", NULL, "what users write into the header"},
	{"s: ~\r\n~~\r\n", "", NULL, "and lines that are no fields"},
};

static uint8_t message[ROOM], got[ROOM];

static size_t compose(const char *lines, const char *body)
{
	return (size_t)snprintf((char *)message, sizeof message,
				"MESSAGE sip:bob@isp.example SIP/2.0\r\nVia: SIP/2.0/UDP x\r\n"
				"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n"
				"CSeq: 1 MESSAGE\r\n%sContent-Length: %zu\r\n\r\n%s",
				lines, strlen(body), body);
}

/* Octets of the copy in got; 0: none. */
static size_t masked(size_t len, bool *has_masked)
{
	struct wr w = wr_of(got, sizeof got);
	struct sip_message m;
	int rc = sip_message_read(message, len, &m);

	return (rc && rc != ERR_CUT) || ipmm_mask(&m, &w, has_masked) ? 0 : w.len;
}

/* Whether only octets that are content differ: a tilde, or any octet of a body masked whole. */
static bool is_told(size_t len, size_t body_len, bool has_masked)
{
	bool differs = false;

	for (size_t i = 0; i < len; i++) {
		if (got[i] == SECRET || (i < len - body_len && message[i] != SECRET &&
					 message[i] != got[i] && message[i] != ' '))
			return false;
		differs |= got[i] != message[i];
	}
	return differs == has_masked;
}

static void facts(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *want = cases[i].masked ? cases[i].masked : cases[i].body;
		size_t body_len = strlen(cases[i].body),
		       len = compose(cases[i].lines, cases[i].body);
		bool has_masked = false;
		bool is_it = masked(len, &has_masked) == len;
		const uint8_t *body = got + len - body_len;

		for (size_t j = 0; is_it && j < body_len; j++)
			is_it = body[j] == (uint8_t)(*want ? want[j] : 'X');
		ok(is_it && is_told(len, body_len, has_masked), "%s", cases[i].what);
	}
}

/* Cut anywhere, in the octets or by a Content-Length that lies, no content is told. */
static void cuts(void)
{
	size_t n_good = 0, n_all = 0;
	bool has_masked;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = compose(cases[i].lines, cases[i].body);

		for (size_t cut = 0; cut < len; cut++, n_all++) {
			size_t said = masked(cut, &has_masked);

			n_good += said <= cut && !memchr(got, SECRET, said);
		}
	}
	ok(n_good == n_all, "cut anywhere, no content is told: %zu of %zu", n_good, n_all);
}

/* A body inside a body inside a body: what is too deep is masked. */
static void test_depth(void)
{
	char body[2048], inner[2048];
	bool has_masked = true;
	size_t len;

	snprintf(body, sizeof body, "%s", SDP);
	for (int i = 0; i < 8; i++) {
		const char *type = i ? "message/sip" : "application/sdp";

		len = (size_t)snprintf(inner, sizeof inner,
				       "INFO sip:a@x SIP/2.0\r\nContent-Type: %s\r\n\r\n%s", type,
				       body);
		memcpy(body, inner, len + 1);
		len = compose("Content-Type: message/sip\r\n", body);
		if (masked(len, &has_masked) != len || has_masked != (i > 2))
			ok(false, "at depth %d it is masked: %d", i, has_masked);
	}
	ok(has_masked && !memmem(got, len, "v=0", 3), "what is too deep is masked");
}

static void test_room(void)
{
	size_t len = compose("Content-Type: text/plain\r\n", "~~"), n = 0;
	struct sip_message m;
	bool has_masked;

	if (!ok(sip_message_read(message, len, &m) == 0, "a message"))
		return;
	for (size_t size = 0; size < len; size++) {
		struct wr w = wr_of(got, size);

		n += ipmm_mask(&m, &w, &has_masked) == ERR_FULL && w.len == 0;
	}
	ok(n == len, "with less room than it needs, nothing is left behind");
}

/* Under every version of the header, before and after there was a form for it. */
static void test_record(void)
{
	static uint8_t record[ROOM];
	static char printed[ROOM * 4];
	struct etsi_stream s = {.liid = "L", .operator_id = "o"};
	size_t len = compose("Content-Type: text/plain\r\n", "~~");
	bool has_masked = false;
	struct ipmm_iri iri = {.type = ETSI_IRI_REPORT,
			       .source = {4, {192, 0, 2, 1}, ETSI_NO_MASK, 0},
			       .destination = {4, {192, 0, 2, 2}, ETSI_NO_MASK, 0},
			       .message = {got, masked(len, &has_masked)},
			       .session_direction = IPMM_NO_DIRECTION,
			       .payload_direction = IPMM_NO_DIRECTION};
	int n = 0;

	iri.form = has_masked ? IPMM_SIP_IRI_ONLY : IPMM_SIP;
	for (s.header_version = 15; s.header_version <= 43; s.header_version++) {
		struct wr w = wr_of(record, sizeof record), p = wr_of(printed, sizeof printed - 1);
		const char *form =
			s.header_version < 30 ? "\"sIPMessage\"" : "\"iRIOnlySIPMessage\"";
		struct etsi_decoded d;
		struct etsi_header h;

		if (etsi_header_init(&h, &s, NULL) || ipmm_iri_encode(&h, &iri, &w, NULL))
			continue;
		etsi_decode(record, w.len, ETSI_JSON, &p, &d);
		printed[p.len] = 0;
		n += d.n_findings == 0 && strstr(printed, form) && !memchr(record, SECRET, w.len);
	}
	ok(n == 29, "a record says so from header version 30 on, and none has the content: %d", n);
}

int main(void)
{
	facts();
	cuts();
	test_depth();
	test_room();
	test_record();
	return tap_end();
}
