#include "sip/body.h"

#include "base/tap.h"
#include "base/wr.h"

static char room[1 << 16];

/* A MESSAGE with these fields and this body, and what is read of it. */
static struct sip_message with_body(const char *fields, const char *body)
{
	struct wr w = wr_of(room, sizeof room);
	struct sip_message m;

	wr_text(&w, "MESSAGE sip:bob@a.org SIP/2.0\r\n%s\r\n%s", fields, body);
	(void)!sip_message_read(room, w.len, &m);
	return m;
}

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static int n_parts(const struct sip_message *m)
{
	struct sip_parts parts = sip_message_parts(m);
	struct sip_part p;
	int n = 0;

	while (sip_parts_next(&parts, &p))
		n++;
	return n;
}

static void single(void)
{
	struct sip_message m = with_body(
		"c: application/sdp;x=y\r\nContent-Disposition: session;z\r\n", "v=0\r\n");
	struct sip_part p;

	ok(n_parts(&m) == 1 && sip_message_part(&m, "application", "SDP", &p) &&
		   is(p.bytes, "v=0\r\n") && is(p.disposition, "session") && is(p.id, NULL),
	   "a body of one part is that part");
	ok(!sip_message_part(&m, "text", "plain", &p), "and no other");
	m = with_body("", "v=0\r\n");
	ok(sip_message_part(&m, "application", "sdp", &p),
	   "one without a type that begins with v=0 is SDP");
	m = with_body("", "hello");
	ok(n_parts(&m) == 1 && !sip_message_part(&m, "application", "sdp", &p),
	   "another has no type");
	m = with_body("Content-Type: text/plain\r\n", "");
	ok(n_parts(&m) == 0, "an empty body has no part");
}

static void several(void)
{
	static const char body[] = "preamble\r\n"
				   "--b1  \r\n"
				   "Content-Type: application/sdp\r\n"
				   "\r\n"
				   "v=0\r\n"
				   "o=x\r\n"
				   "--b1\r\n"
				   "Content-Type: multipart/alternative;\r\n"
				   " boundary=\"b1in\"\r\n"
				   "\r\n"
				   "--b1in\r\n"
				   "\r\n"
				   "plain\r\n"
				   "--b1in\r\n"
				   "Content-Type: application/pidf+xml\r\n"
				   "Content-ID: <target@a.org>\r\n"
				   "content-transfer-encoding: binary\r\n"
				   "\r\n"
				   "<presence/>\r\n"
				   "--b1in--\r\n"
				   "epilogue of the inner\r\n"
				   "--b1\r\n"
				   "Content-Type: application/vnd.3gpp.sms\r\n"
				   "\r\n"
				   "\001\002\n"
				   "--b1x\r\n"
				   "--b1--\r\n"
				   "--b1\r\n"
				   "epilogue";
	struct sip_message m = with_body("Content-Type: multipart/mixed;boundary=b1\r\n", body);
	struct sip_parts parts = sip_message_parts(&m);
	struct sip_part p;

	ok(sip_parts_next(&parts, &p) && is(p.bytes, "v=0\r\no=x") &&
		   sip_content_type_is(&p.type, "application", "sdp"),
	   "the first part ends before the line end of its boundary");
	ok(sip_parts_next(&parts, &p) && is(p.bytes, "plain") && is(p.type.type, NULL),
	   "a part within a part is found; without a header it has no type");
	ok(sip_parts_next(&parts, &p) && is(p.bytes, "<presence/>") && is(p.id, "target@a.org") &&
		   is(p.encoding, "binary"),
	   "and one with an identifier");
	ok(sip_parts_next(&parts, &p) && is(p.bytes, "\001\002\n--b1x"),
	   "what only begins like a boundary is none, and octets are kept as they are");
	ok(!sip_parts_next(&parts, &p), "nothing comes after the last boundary");
	ok(sip_message_part_by_id(&m, sip_word("target@a.org"), &p) && is(p.bytes, "<presence/>") &&
		   !sip_message_part_by_id(&m, sip_word("target"), &p),
	   "a part is found by its identifier");
	ok(sip_message_part(&m, "application", "vnd.3gpp.sms", &p), "and by its type");
}

static void cuts(void)
{
	static const char body[] = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n";
	struct sip_message m;
	struct sip_part p;
	int n_found = 0;

	for (size_t cut = 0; cut < sizeof body - 1; cut++) {
		char text[sizeof body] = "";

		memcpy(text, body, cut);
		m = with_body("Content-Type: multipart/mixed;boundary=b\r\n", text);
		n_found += sip_message_part(&m, "application", "sdp", &p) && is(p.bytes, "v=0");
	}
	ok(n_found >= 5, "a part whose boundary is cut off is given as far as it goes (%d)",
	   n_found);
	m = with_body("Content-Type: multipart/mixed;boundary=b\r\n", "no boundary");
	ok(n_parts(&m) == 1, "where no boundary is found, all is one part");
	m = with_body("Content-Type: multipart/mixed\r\n", "--\r\n\r\nx\r\n----\r\n");
	ok(n_parts(&m) == 1, "and where none is named");
}

static void depth(void)
{
	char body[2048];
	struct wr w = wr_of(body, sizeof body);
	struct sip_message m;
	struct sip_parts parts;
	struct sip_part p;

	for (int i = 0; i < 10; i++)
		wr_text(&w, "--b%d\r\nContent-Type: multipart/mixed;boundary=b%d\r\n\r\n", i,
			i + 1);
	wr_u8(&w, 0);
	m = with_body("Content-Type: multipart/mixed;boundary=b0\r\n", body);
	parts = sip_message_parts(&m);
	ok(sip_parts_next(&parts, &p) && is(p.type.boundary, "b4") && !sip_parts_next(&parts, &p),
	   "parts in parts are followed %d deep, what is deeper is one leaf", SIP_BODY_DEPTH);
}

int main(void)
{
	single();
	several();
	cuts();
	depth();
	return tap_end();
}
