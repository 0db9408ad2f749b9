#include "ask/ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ask/reply.h"

enum { KEY_LEN = 200, WAIT_S = 60, PIECE = 16 << 10 };
#define MOST_BYTES ((size_t)1 << 30)

/* One connection, plain or not. */
struct talk {
	int fd;
	SSL_CTX *rules;
	SSL *tls; /* NULL: plain */
};

static int read_key(const char *path, char out[KEY_LEN], struct why *why)
{
	FILE *file = path ? fopen(path, "re") : NULL;
	bool is_read = file && fgets(out, KEY_LEN, file);

	if (file)
		fclose(file);
	if (!is_read) {
		why_place(why, path ? path : "");
		return why_set(why, ERR_ABSENT, "no key of the REST API is there");
	}
	out[strcspn(out, "\r\n")] = '\0';
	return 0;
}

/* The address of a literal, or of this machine; no names are looked up. */
static socklen_t address_of(const struct ask_url *url, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)strtoul(url->port, NULL, 10))};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
	const char *host = strcmp(url->host, "localhost") ? url->host : "127.0.0.1";

	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof v4);
		return sizeof v4;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof v6);
		return sizeof v6;
	}
	return 0;
}

static int dial(struct talk *t, const struct ask_url *url, struct why *why)
{
	const struct timeval wait = {.tv_sec = WAIT_S};
	struct sockaddr_storage to;
	socklen_t len = address_of(url, &to);

	if (!len)
		return why_set(why, ERR_USAGE, "%s is no address, and not localhost", url->host);
	t->fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (!connect(t->fd, (const struct sockaddr *)&to, len))
		return 0;
	return why_set(why, err_of_errno(errno), "%s port %s: %s", url->host, url->port,
		       strerror(errno));
}

static int say_tls(const SSL *tls, struct why *why)
{
	long verdict = tls ? SSL_get_verify_result(tls) : X509_V_OK;
	unsigned long error = ERR_get_error();
	char text[160];

	if (verdict != X509_V_OK)
		return why_set(why, ERR_ACCESS, "its certificate is not believed: %s",
			       X509_verify_cert_error_string(verdict));
	ERR_error_string_n(error, text, sizeof text);
	return why_set(why, ERR_IO, "TLS: %s", error ? text : "the connection ended");
}

/* OpenSSL's macro takes the name without const, and changes nothing in it. */
static bool set_name(SSL *tls, char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(tls);

	if (strspn(host, "0123456789.") == strlen(host) || strchr(host, ':'))
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	return SSL_set1_host(tls, host) == 1 &&
	       SSL_set_tlsext_host_name(tls, (char *)(uintptr_t)host) == 1;
}

static int shake(struct talk *t, struct ask_url *url, const char *authority, struct why *why)
{
	if (!authority)
		return why_set(why, ERR_USAGE, "https needs --authority: whom to believe");
	t->rules = SSL_CTX_new(TLS_client_method());
	if (!t->rules || SSL_CTX_set_min_proto_version(t->rules, TLS1_2_VERSION) != 1)
		return ERR_NOMEM;
	if (SSL_CTX_load_verify_file(t->rules, authority) != 1) {
		why_place(why, authority);
		return why_set(why, ERR_BAD, "holds no certificate of an authority (PEM)");
	}
	SSL_CTX_set_verify(t->rules, SSL_VERIFY_PEER, NULL);
	t->tls = SSL_new(t->rules);
	if (!t->tls || !set_name(t->tls, url->host) || SSL_set_fd(t->tls, t->fd) != 1)
		return ERR_NOMEM;
	return SSL_connect(t->tls) == 1 ? 0 : say_tls(t->tls, why);
}

static int send_all(const struct talk *t, const struct wr *w, struct why *why)
{
	for (size_t at = 0; at < w->len;) {
		ssize_t n = t->tls ? SSL_write(t->tls, w->bytes + at, (int)(w->len - at))
				   : send(t->fd, w->bytes + at, w->len - at, MSG_NOSIGNAL);

		if (n <= 0)
			return t->tls ? say_tls(t->tls, why)
				      : why_set(why, ERR_IO, "%s", strerror(errno));
		at += (size_t)n;
	}
	return 0;
}

/* All that comes; a server may end without TLS's own goodbye, so lengths are looked at later. */
static int take_all(const struct talk *t, struct wr *w, struct why *why)
{
	ssize_t n;

	do {
		uint8_t piece[PIECE];

		n = t->tls ? SSL_read(t->tls, piece, sizeof piece)
			   : recv(t->fd, piece, sizeof piece, 0);
		if (n > 0)
			wr_bytes(w, piece, (size_t)n);
	} while (n > 0);
	return w->ok ? 0 : why_set(why, ERR_FULL, "its answer is too long");
}

static void hang_up(struct talk *t)
{
	if (t->tls)
		(void)SSL_shutdown(t->tls);
	SSL_free(t->tls);
	SSL_CTX_free(t->rules);
	if (t->fd >= 0)
		close(t->fd);
}

static int exchange(struct talk *t, const struct ask_place *place, const struct wr *request,
		    struct ask_answer *out, struct why *why)
{
	struct wr all = wr_init(MOST_BYTES);
	struct ask_reply reply;
	struct ask_url url;
	int rc = ask_url_parse(place->url, &url, why);

	if (!rc)
		rc = dial(t, &url, why);
	if (!rc && !url.is_plain)
		rc = shake(t, &url, place->authority, why);
	if (!rc)
		rc = send_all(t, request, why);
	if (!rc)
		rc = take_all(t, &all, why);
	if (!rc)
		rc = ask_reply_read(all.bytes, all.len, &reply, why);
	if (!rc) {
		out->status = reply.status;
		wr_bytes(&out->body, all.bytes + reply.body_at, reply.body_len);
	}
	wr_fini(&all);
	return rc;
}

int ask(const struct ask_place *place, const char *method, const char *path, struct ask_answer *out,
	struct why *why)
{
	struct talk t = {.fd = -1};
	struct wr request = wr_init(1 << 16);
	char key[KEY_LEN];
	int rc = read_key(place->key_file, key, why);

	*out = (struct ask_answer){.body = wr_init(MOST_BYTES)};
	wr_text(&request,
		"%s %s HTTP/1.1\r\nHost: weir\r\nConnection: close\r\nX-API-Key: %s\r\n"
		"Content-Length: 0\r\n\r\n",
		method, path, rc ? "" : key);
	if (!rc)
		rc = request.ok ? exchange(&t, place, &request, out, why) : ERR_USAGE;
	if (rc)
		why_place(why, place->url);
	hang_up(&t);
	explicit_bzero(key, sizeof key);
	wr_fini(&request);
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}
