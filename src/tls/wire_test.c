#include "tls/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/tap.h"
#include "tls/folder.h"

enum { BULK_LEN = 3 << 20, MAX_TURNS = 100000 };

static struct folder ours, theirs;
static struct tls *collector, *mediator, *stranger;

static void pair(struct tls_wire *a, const struct tls *ta, struct tls_wire *b, const struct tls *tb)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) ||
	    tls_wire_init(a, ends[0], ta, false) || tls_wire_init(b, ends[1], tb, true))
		exit(2);
}

/* Both shake until neither says ERR_AGAIN; a refusal may show at the first read. */
static void shake(struct tls_wire *a, struct tls_wire *b, int rc[2], struct why why[2])
{
	rc[0] = rc[1] = ERR_AGAIN;
	why_clear(&why[0]);
	why_clear(&why[1]);
	for (int i = 0; i < 20 && (rc[0] == ERR_AGAIN || rc[1] == ERR_AGAIN); i++) {
		if (rc[0] == ERR_AGAIN)
			rc[0] = tls_wire_shake(a, &why[0]);
		if (rc[1] == ERR_AGAIN)
			rc[1] = tls_wire_shake(b, &why[1]);
	}
}

/* Sends a lot from a to b, both at once as far as it goes; whether it arrived as it was. */
static bool carry(struct tls_wire *a, struct tls_wire *b)
{
	uint8_t *out = malloc(BULK_LEN), *in = malloc(BULK_LEN);
	size_t sent = 0, got = 0;
	bool is_same;

	for (size_t i = 0; i < BULK_LEN; i++)
		out[i] = (uint8_t)(i * 7 + i / 251);
	for (int i = 0; i < MAX_TURNS && got < BULK_LEN; i++) {
		ssize_t n = sent < BULK_LEN ? tls_wire_write(a, out + sent, BULK_LEN - sent, NULL)
					    : ERR_AGAIN;

		sent += n > 0 ? (size_t)n : 0;
		n = tls_wire_read(b, in + got, BULK_LEN - got, NULL);
		got += n > 0 ? (size_t)n : 0;
	}
	is_same = got == BULK_LEN && !memcmp(in, out, BULK_LEN);
	free(out);
	free(in);
	return is_same;
}

static void test_good(bool is_plain)
{
	const char *kind = is_plain ? "plain" : "through TLS";
	struct tls_identity id;
	struct tls_wire a, b;
	struct why why[2];
	char byte;
	int rc[2];

	pair(&a, is_plain ? NULL : collector, &b, is_plain ? NULL : mediator);
	shake(&a, &b, rc, why);
	ok(!rc[0] && !rc[1], "two meet, %s %s %s", kind, why[0].text, why[1].text);
	if (!is_plain) {
		ok(tls_peer(a.session, &id, NULL) == 0 && id.role == TLS_MEDIATOR &&
			   !strcmp(id.name, "m1"),
		   "one knows the other");
		ok(tls_peer(b.session, &id, NULL) == 0 && id.role == TLS_COLLECTOR, "and back");
	}
	ok(tls_wire_read(&b, &byte, 1, NULL) == ERR_AGAIN &&
		   tls_wire_wants(&b, true, false) == TLS_WIRE_READS,
	   "nothing has come, %s", kind);
	ok(carry(&a, &b) && carry(&b, &a), "what is sent arrives, both ways, %s", kind);
	tls_wire_shut(&a);
	ok(tls_wire_read(&b, &byte, 1, NULL) == ERR_END, "an end in good order is told, %s", kind);
	tls_wire_fini(&a);
	tls_wire_fini(&b);
	ok(a.fd == -1 && !a.session, "nothing is left, %s", kind);
}

/* One end refuses the other: both learn why, at the handshake or at the first read. */
static void test_refused(const char *name, const struct tls *ta, const struct tls *tb)
{
	struct tls_wire a, b;
	struct why why[2];
	char byte;
	int rc[2];

	pair(&a, ta, &b, tb);
	shake(&a, &b, rc, why);
	if (!rc[0])
		rc[0] = (int)tls_wire_read(&a, &byte, 1, &why[0]);
	if (rc[1] == ERR_AGAIN)
		rc[1] = tls_wire_shake(&b, &why[1]);
	ok(rc[0] == ERR_IO && why[0].text[0], "%s: the dialler says: %s", name, why[0].text);
	ok(rc[1] == ERR_IO && why[1].text[0], "%s: the other says: %s", name, why[1].text);
	tls_wire_fini(&a);
	tls_wire_fini(&b);
}

static void test_broken(void)
{
	static const char noise[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	struct tls_wire a, b;
	struct why why[2];
	int rc[2];

	pair(&a, NULL, &b, mediator);
	ok(tls_wire_write(&a, noise, sizeof noise, NULL) == sizeof noise, "somebody speaks HTTP");
	shake(&a, &b, rc, why);
	ok(rc[1] == ERR_IO, "and is refused: %s", why[1].text);
	tls_wire_fini(&b);
	pair(&a, collector, &b, NULL);
	shake(&a, &b, rc, why);
	ok(rc[1] == 0 && tls_wire_write(&b, noise, sizeof noise, NULL) == sizeof noise,
	   "somebody answers in plain text");
	shake(&a, &b, rc, why);
	ok(rc[0] == ERR_IO, "and is refused: %s", why[0].text);
	tls_wire_fini(&a);
	tls_wire_fini(&b);
	pair(&a, collector, &b, mediator);
	tls_wire_fini(&a);
	why_clear(&why[0]);
	rc[0] = tls_wire_shake(&b, &why[0]);
	ok(rc[0] < 0 && rc[0] != ERR_AGAIN, "one that leaves at once: %s", why[0].text);
	tls_wire_fini(&b);
}

int main(void)
{
	static const char *const us[] = {"collector:c1", "mediator:m1", NULL};
	static const char *const them[] = {"collector:c1", NULL};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct tls_files files;
	struct why why;
	int rc;

	sigaction(SIGPIPE, &ignore, NULL);
	why_clear(&why);
	folder_init(&ours);
	folder_init(&theirs);
	rc = folder_make(&ours, us, 10) | folder_make(&theirs, them, 10);
	files = folder_files(&ours, "collector-c1");
	rc |= tls_new(&collector, &files, &why);
	files = folder_files(&ours, "mediator-m1");
	rc |= tls_new(&mediator, &files, &why);
	files = folder_files(&theirs, "collector-c1");
	rc |= tls_new(&stranger, &files, &why);
	if (!ok(rc == 0, "contexts %s", why.text))
		return tap_end();
	test_good(true);
	test_good(false);
	test_refused("another authority", stranger, mediator);
	test_broken();
	tls_free(&collector);
	tls_free(&mediator);
	tls_free(&stranger);
	folder_fini(&ours);
	folder_fini(&theirs);
	return tap_end();
}
