#include "tls/wire.h"

#include <fcntl.h>
#include <openssl/ssl.h>
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
		if (tls_wire_flush(a, NULL) == ERR_IO)
			break;
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

/* ---- a peer that is nothing but OpenSSL ---- */

/* Its context is in OpenSSL's default library, and offers this suite only. */
static SSL *stranger_new(const struct tls_files *files, const char *suite, int fd, bool is_server)
{
	SSL_CTX *rules = SSL_CTX_new(TLS_method());
	SSL *ssl = NULL;

	if (rules && SSL_CTX_set_ciphersuites(rules, suite) &&
	    SSL_CTX_load_verify_file(rules, files->authority) &&
	    SSL_CTX_use_certificate_chain_file(rules, files->certificate) == 1 &&
	    SSL_CTX_use_PrivateKey_file(rules, files->key, SSL_FILETYPE_PEM) == 1)
		ssl = SSL_new(rules);
	SSL_CTX_free(rules);
	if (!ssl || !SSL_set_fd(ssl, fd))
		exit(2);
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (is_server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* What has gone one way, and what of it has come. */
struct stream {
	uint8_t *bytes;
	size_t sent, got;
};

/* One turn each way, of at most len octets; whether what comes is what went. */
static bool turn(struct tls_wire *a, SSL *b, struct stream s[2], size_t len)
{
	static uint8_t in[2][BULK_LEN];
	size_t left = BULK_LEN - s[0].sent;
	ssize_t n[4] = {0};

	if (left)
		n[0] = tls_wire_write(a, s[0].bytes + s[0].sent, left < len ? left : len, NULL);
	if (s[1].sent < BULK_LEN)
		n[1] = SSL_write(b, s[1].bytes + s[1].sent, (int)(BULK_LEN - s[1].sent));
	if (tls_wire_flush(a, NULL) == ERR_IO)
		return false;
	n[2] = SSL_read(b, in[0], BULK_LEN);
	n[3] = tls_wire_read(a, in[1], BULK_LEN, NULL);
	for (int i = 0; i < 2; i++) {
		size_t came = n[2 + i] > 0 ? (size_t)n[2 + i] : 0;

		s[i].sent += n[i] > 0 ? (size_t)n[i] : 0;
		if (s[i].got + came > BULK_LEN || memcmp(s[i].bytes + s[i].got, in[i], came))
			return false;
		s[i].got += came;
	}
	return true;
}

/* Both ways at once; whether all arrived as it was. */
static bool exchange(struct tls_wire *a, SSL *b)
{
	struct stream s[2] = {{malloc(BULK_LEN), 0, 0}, {malloc(BULK_LEN), 0, 0}};
	bool is_same = true;

	for (size_t i = 0; i < BULK_LEN; i++) {
		s[0].bytes[i] = (uint8_t)(i * 11 + i / 253);
		s[1].bytes[i] = (uint8_t)(i * 13 + i / 255);
	}
	for (size_t i = 0; i < MAX_TURNS && is_same && s[0].got + s[1].got < 2 * BULK_LEN; i++)
		is_same = turn(a, b, s, 1 + i * 997 % 40000);
	free(s[0].bytes);
	free(s[1].bytes);
	return is_same && s[0].got == BULK_LEN && s[1].got == BULK_LEN;
}

static int n_key_updates;

/* OpenSSL calls it with each message of a handshake (RFC 8446, 4: 24 is key_update). */
static void hear(int is_ours, int version, int type, const void *bytes, size_t len, SSL *ssl,
		 void *owner)
{
	const uint8_t *message = bytes;

	(void)version;
	(void)ssl;
	(void)owner;
	n_key_updates += !is_ours && type == SSL3_RT_HANDSHAKE && len && *message == 24;
}

static void test_stranger(const struct tls_files *files, const char *suite, bool is_server)
{
	struct tls_wire a;
	int ends[2], rc = ERR_AGAIN, shaken = 0;
	SSL *b;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) ||
	    tls_wire_init(&a, ends[0], collector, !is_server))
		exit(2);
	b = stranger_new(files, suite, ends[1], is_server);
	for (int i = 0; i < 20 && (rc == ERR_AGAIN || shaken != 1); i++) {
		rc = rc == ERR_AGAIN ? tls_wire_shake(&a, NULL) : rc;
		shaken = shaken == 1 ? 1 : SSL_do_handshake(b);
	}
	n_key_updates = 0;
	SSL_set_msg_callback(b, hear);
	a.n_records = TLS_WIRE_KEY_RECORDS - 20;
	ok(!rc && shaken == 1 && !strcmp(SSL_get_cipher_name(a.session), suite) && exchange(&a, b),
	   "plain OpenSSL as %s understands us, and we it: %s", is_server ? "server" : "client",
	   suite);
	ok(n_key_updates == 1 && a.n_records > 20,
	   "it heard of a new key, once, when we had written enough with the old one");
	SSL_free(b);
	close(ends[1]);
	tls_wire_fini(&a);
}

static void test_strangers(const struct tls_files *files)
{
	static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
					     "TLS_CHACHA20_POLY1305_SHA256"};

	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		test_stranger(files, suites[i], true);
		test_stranger(files, suites[i], false);
	}
}

/* An octet that was changed on its way ends the connection, and none of its record is given. */
static void test_changed(void)
{
	uint8_t record[4096];
	struct tls_wire a, b;
	struct why why[2];
	char byte;
	int rc[2];
	ssize_t n;

	pair(&a, collector, &b, mediator);
	shake(&a, &b, rc, why);
	ok(!rc[0] && !rc[1] && tls_wire_write(&a, "octets", 6, NULL) == 6, "octets are sent");
	n = recv(b.fd, record, sizeof record, 0);
	if (n > 0)
		record[n - 20] ^= 4;
	ok(n > 20 && send(a.fd, record, (size_t)n, MSG_NOSIGNAL) == n, "one is changed on its way");
	why_clear(&why[1]);
	ok(tls_wire_read(&b, &byte, 1, &why[1]) == ERR_IO, "none is given: %s", why[1].text);
	tls_wire_fini(&a);
	tls_wire_fini(&b);
}

/* What TLS holds and the descriptor does not tell: whole records, or a part of one. */
static void test_ahead(void)
{
	uint8_t record[4096], in[100];
	struct tls_wire a, b;
	struct why why[2];
	int rc[2];
	ssize_t n;

	pair(&a, collector, &b, mediator);
	shake(&a, &b, rc, why);
	ok(!rc[0] && !rc[1] && !tls_wire_has_bytes(&b), "nothing is held at first");
	n = tls_wire_write(&a, "one", 3, NULL) + tls_wire_write(&a, "two", 3, NULL);
	ok(n == 6 && tls_wire_read(&b, in, 1, NULL) == 1 && tls_wire_has_bytes(&b),
	   "the rest of a record is held");
	ok(tls_wire_read(&b, in, sizeof in, NULL) == 2 && recv(b.fd, in, 1, MSG_PEEK) < 0 &&
		   tls_wire_has_bytes(&b),
	   "so is the next, which came with it");
	ok(tls_wire_read(&b, in, sizeof in, NULL) == 3 && !memcmp(in, "two", 3) &&
		   !tls_wire_has_bytes(&b),
	   "then no more");
	n = tls_wire_write(&a, "three", 5, NULL) + recv(b.fd, record, sizeof record, 0) - 5;
	ok(n > 20 && send(a.fd, record, 20, MSG_NOSIGNAL) == 20, "a record is cut on its way");
	ok(tls_wire_read(&b, in, sizeof in, NULL) == ERR_AGAIN && !tls_wire_has_bytes(&b),
	   "of a part nobody is told, who has seen that it is not whole");
	ok(send(a.fd, record + 20, (size_t)n - 20, MSG_NOSIGNAL) == n - 20 &&
		   tls_wire_read(&b, in, sizeof in, NULL) == 5 && !memcmp(in, "three", 5),
	   "with the rest it is");
	tls_wire_fini(&a);
	tls_wire_fini(&b);
}

/* ---- what is held until more has come ---- */

enum { N_PIECES = 64, PIECE_LEN = 10000 };

/* Writes pieces until the socket and what is held are full; how many went. more: behind each. */
static size_t fill(struct tls_wire *a, const uint8_t *bytes, bool more)
{
	size_t n = 0;

	a->has_more = more;
	while (n < N_PIECES &&
	       tls_wire_write(a, bytes + n * PIECE_LEN, PIECE_LEN, NULL) == PIECE_LEN)
		n++;
	a->has_more = false;
	return n;
}

/* What has come, after the octets that are there; how many there are then. */
static size_t drain(struct tls_wire *b, uint8_t *in, size_t got)
{
	ssize_t n;

	while (got < N_PIECES * PIECE_LEN &&
	       (n = tls_wire_read(b, in + got, N_PIECES * PIECE_LEN - got, NULL)) > 0)
		got += (size_t)n;
	return got;
}

static void meet(struct tls_wire *a, struct tls_wire *b)
{
	const int small = 20000;
	struct why why[2];
	int rc[2];

	pair(a, collector, b, mediator);
	if (setsockopt(a->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small))
		exit(2);
	shake(a, b, rc, why);
	ok(!rc[0] && !rc[1], "two meet over a small socket");
}

static void test_held(void)
{
	static uint8_t out[N_PIECES * PIECE_LEN], in[sizeof out];
	struct tls_wire a, b;
	size_t n, got = 0, held;
	uint64_t before;
	char byte;

	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 17 + i / 249);
	meet(&a, &b);
	before = tls_wire_written(&a);
	a.has_more = true;
	ok(tls_wire_write(&a, out, 100, NULL) == 100 && tls_wire_held(&a) > 100 &&
		   tls_wire_written(&a) == before + tls_wire_held(&a) &&
		   recv(b.fd, &byte, 1, MSG_PEEK) < 0,
	   "what more is said to follow is held, and counts as written");
	ok(tls_wire_wants(&a, true, false) == (TLS_WIRE_READS | TLS_WIRE_WRITES),
	   "who holds something waits to hand it over");
	a.has_more = false;
	ok(tls_wire_write(&a, out + 100, 100, NULL) == 100 && !tls_wire_held(&a) &&
		   tls_wire_wants(&a, true, false) == TLS_WIRE_READS && drain(&b, in, 0) == 200 &&
		   !memcmp(in, out, 200),
	   "the last of them takes it along, in order");
	n = fill(&a, out, true);
	held = tls_wire_held(&a);
	ok(n > 8 && n < N_PIECES && held > 100000 && held <= 8 * 17000 &&
		   tls_wire_wants(&a, false, true) & TLS_WIRE_WRITES,
	   "of %zu pieces %zu octets are held, and then no more is taken", n, held);
	ok(tls_wire_flush(&a, NULL) == ERR_AGAIN && tls_wire_held(&a),
	   "a socket that is full takes none of it");
	for (int i = 0; i < MAX_TURNS && got < n * PIECE_LEN; i++) {
		got = drain(&b, in, got);
		if (tls_wire_flush(&a, NULL) == ERR_IO)
			break;
	}
	ok(got == n * PIECE_LEN && !tls_wire_held(&a) && !memcmp(in, out, got),
	   "all of it comes when there is room: %zu octets", got);
	n = fill(&a, out, false);
	ok(n && n < N_PIECES, "where nothing follows a piece, %zu fill the socket", n);
	tls_wire_fini(&a);
	tls_wire_fini(&b);
}

static void test_held_and_lost(void)
{
	static const uint8_t out[N_PIECES * PIECE_LEN];
	struct tls_wire a, b;
	struct why why;

	why_clear(&why);
	meet(&a, &b);
	ok(fill(&a, out, true) && tls_wire_held(&a), "something is held");
	tls_wire_fini(&b);
	ok(tls_wire_flush(&a, &why) == ERR_IO && why.text[0], "the peer goes: %s", why.text);
	ok(tls_wire_write(&a, out, 1, NULL) == ERR_IO, "and no more is taken");
	tls_wire_fini(&a);
}

/* Where much comes it is read ahead: no octet stays there that nobody is told of. */
static void test_much(void)
{
	static uint8_t out[20 * PIECE_LEN], in[sizeof out];
	struct tls_wire a, b;
	struct why why[2];
	size_t got = 0;
	ssize_t n = 0;
	int rc[2];
	char byte;

	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)(i * 19 + i / 241);
	pair(&a, collector, &b, mediator);
	shake(&a, &b, rc, why);
	for (size_t sent = 0; sent < sizeof out && n >= 0; sent += (size_t)n)
		n = tls_wire_write(&a, out + sent, sizeof out - sent, NULL);
	tls_wire_shut(&a);
	ok(!rc[0] && !rc[1] && n > 0 && !tls_wire_held(&a), "much is there, and then the end");
	do {
		n = tls_wire_read(&b, in + got, 1000, NULL);
		got += n > 0 ? (size_t)n : 0;
	} while (n > 0 && (tls_wire_has_bytes(&b) || recv(b.fd, &byte, 1, MSG_PEEK) >= 0));
	ok(got == sizeof out && !memcmp(in, out, got),
	   "all of it is read by who asks what is there: %zu octets", got);
	ok(n == ERR_END || tls_wire_read(&b, in, 1, NULL) == ERR_END, "the end comes last");
	tls_wire_fini(&a);
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
	test_changed();
	test_ahead();
	test_held();
	test_held_and_lost();
	test_much();
	files = folder_files(&ours, "mediator-m1");
	test_strangers(&files);
	tls_free(&collector);
	tls_free(&mediator);
	tls_free(&stranger);
	folder_fini(&ours);
	folder_fini(&theirs);
	return tap_end();
}
