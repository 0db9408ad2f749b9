#include "ask/reply.h"

#include <string.h>

#include "base/tap.h"

static int read_text(const char *text, struct ask_reply *out)
{
	return ask_reply_read((const uint8_t *)text, strlen(text), out, NULL);
}

static void test_replies(void)
{
	static const char whole[] = "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 3\r\n\r\nabc";
	struct ask_reply r;
	bool is_refused = true;
	char text[sizeof whole];

	ok(!read_text(whole, &r) && r.status == 200 && r.body_len == 3 &&
		   !strcmp(whole + r.body_at, "abc"),
	   "a reply with its length is read");
	ok(!read_text("HTTP/1.0 404 No\r\n\r\nrest", &r) && r.status == 404 && r.body_len == 4,
	   "without one, the body is all that follows");
	for (size_t len = 0; len + 1 < sizeof whole; len++) {
		memcpy(text, whole, len);
		text[len] = '\0';
		is_refused &= read_text(text, &r) != 0;
	}
	ok(is_refused, "each cut of it is refused");
	ok(read_text("SSH-2.0-x\r\n\r\n", &r) == ERR_BAD, "what is no HTTP is refused");
}

static void test_urls(void)
{
	struct ask_url u;

	ok(!ask_url_parse("https://localhost:7680", &u, NULL) && !strcmp(u.host, "localhost") &&
		   !strcmp(u.port, "7680") && !u.is_plain,
	   "a host and a port");
	ok(!ask_url_parse("https://[::1]:80/", &u, NULL) && !strcmp(u.host, "::1") &&
		   !strcmp(u.port, "80"),
	   "an address of IPv6");
	ok(!ask_url_parse("http://192.0.2.1", &u, NULL) && !strcmp(u.port, "80") && u.is_plain,
	   "plain, with its own port");
	ok(ask_url_parse("localhost:7680", &u, NULL) == ERR_USAGE &&
		   ask_url_parse("https://:80", &u, NULL) == ERR_USAGE &&
		   ask_url_parse("https://a:b", &u, NULL) == ERR_USAGE &&
		   ask_url_parse("https://a/b", &u, NULL) == ERR_USAGE,
	   "what is no address of a server is refused");
}

int main(void)
{
	test_replies();
	test_urls();
	return tap_end();
}
