#include "link/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* UNSENT: octets that the kernel may hold unsent; what is urgent waits behind them. */
enum { BACKLOG = 128, UNSENT = 256 << 10 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t to_address(const struct conf_endpoint *e, union address *out)
{
	memset(out, 0, sizeof *out);
	if (e->version == 4) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(e->port);
		memcpy(&out->v4.sin_addr, e->ip, sizeof out->v4.sin_addr);
		return sizeof out->v4;
	}
	out->v6.sin6_family = AF_INET6;
	out->v6.sin6_port = htons(e->port);
	memcpy(&out->v6.sin6_addr, e->ip, sizeof out->v6.sin6_addr);
	return sizeof out->v6;
}

static void from_address(const union address *a, struct conf_endpoint *out)
{
	*out = (struct conf_endpoint){.version = a->any.sa_family == AF_INET ? 4 : 6};
	if (out->version == 4) {
		out->port = ntohs(a->v4.sin_port);
		memcpy(out->ip, &a->v4.sin_addr, sizeof a->v4.sin_addr);
	} else {
		out->port = ntohs(a->v6.sin6_port);
		memcpy(out->ip, &a->v6.sin6_addr, sizeof a->v6.sin6_addr);
	}
}

static void set_option(int fd, int level, int option)
{
	int one = 1;

	(void)setsockopt(fd, level, option, &one, sizeof one);
}

static int open_socket(const union address *a)
{
	return socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int fail(int fd, const struct conf_endpoint *at, struct why *why)
{
	int errnum = errno;
	char text[CONF_ENDPOINT_TEXT_LEN];

	if (fd >= 0)
		close(fd);
	conf_endpoint_print(at, text);
	why_place(why, text);
	why_set(why, ERR_IO, "%s", strerror(errnum));
	return errnum == EACCES || errnum == EPERM ? ERR_ACCESS : ERR_IO;
}

int link_socket_dial(const struct conf_endpoint *to, struct why *why)
{
	int unsent = UNSENT;
	union address a;
	socklen_t len = to_address(to, &a);
	int fd = open_socket(&a);

	if (fd < 0)
		return fail(fd, to, why);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
	if (connect(fd, &a.any, len) && errno != EINPROGRESS)
		return fail(fd, to, why);
	return fd;
}

int link_socket_listen(const struct conf_endpoint *at, struct why *why)
{
	union address a;
	socklen_t len = to_address(at, &a);
	int fd = open_socket(&a);

	if (fd < 0)
		return fail(fd, at, why);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR);
	if (at->version == 6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (bind(fd, &a.any, len) || listen(fd, BACKLOG))
		return fail(fd, at, why);
	return fd;
}

uint16_t link_socket_port(int fd)
{
	struct conf_endpoint at;
	union address a;
	socklen_t len = sizeof a;

	if (getsockname(fd, &a.any, &len))
		return 0;
	from_address(&a, &at);
	return at.port;
}

int link_socket_accept(int fd, struct conf_endpoint *from)
{
	union address a;
	socklen_t len = sizeof a;
	int got;

	do {
		got = accept4(fd, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (got < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (got < 0)
		return errno == EAGAIN                      ? ERR_AGAIN
		       : errno == EMFILE || errno == ENFILE ? ERR_FULL
							    : ERR_IO;
	set_option(got, IPPROTO_TCP, TCP_NODELAY);
	from_address(&a, from);
	return got;
}
