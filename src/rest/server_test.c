/* The server on loopback; its client is a thread that speaks HTTP by hand. */
#include "rest/server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"

static struct loop *loop;
static uint16_t port;
static char answer[4 << 20];

static void echo(void *owner, const struct rest_request *request, struct rest_answer *out)
{
	(void)owner;
	out->status = 201;
	snprintf(out->etag, sizeof out->etag, "\"9\"");
	snprintf(out->location, sizeof out->location, "/echo/%s", request->params[0]);
	wr_bytes(&out->body, request->body, request->body_len);
}

static void nothing(void *owner, const struct rest_request *request, struct rest_answer *out)
{
	(void)owner;
	(void)request;
	out->status = 204;
}

static int who(void *owner, const char *token, struct rest_who *out)
{
	(void)owner;
	*out = (struct rest_who){"k", REST_ADMIN};
	return strcmp(token, "right") ? ERR_ACCESS : 0;
}

static const struct rest_route routes[] = {
	{.method = "PUT",
	 .pattern = "/echo/{id}",
	 .roles = REST_ADMIN,
	 .answer = echo,
	 .takes = REST_TAKES_JSON},
	{.method = "DELETE", .pattern = "/echo/{id}", .roles = REST_ADMIN, .answer = nothing},
};

/* Sends what is given and reads to the end of the connection; the status, or 0. */
static int ask(const char *head, const char *body, size_t body_len)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {5, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	    send(fd, head, strlen(head), MSG_NOSIGNAL) > 0) {
		for (size_t at = 0; at < body_len; at += (size_t)n) {
			n = send(fd, body + at, body_len - at, MSG_NOSIGNAL);
			if (n <= 0)
				break;
		}
		while (len < sizeof answer - 1 &&
		       (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0)
			len += (size_t)n;
	}
	close(fd);
	answer[len] = 0;
	return len > 12 && !memcmp(answer, "HTTP/1.1 ", 9) ? (int)strtol(answer + 9, NULL, 10) : 0;
}

#define HEAD(method, path, more)                                                                   \
	method " " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" more "\r\n"
#define KEY "X-API-Key: right\r\n"

static void test_sizes(void)
{
	char *body = calloc(1, 3 << 20);
	char head[300];
	int status;

	memset(body, ' ', 3 << 20);
	snprintf(head, sizeof head, HEAD("PUT", "/echo/x", KEY "Content-Length: %d\r\n"),
		 REST_MAX_BODY);
	ok(ask(head, body, REST_MAX_BODY) == 201, "the largest body is taken");
	snprintf(head, sizeof head, HEAD("PUT", "/echo/x", KEY "Content-Length: %d\r\n"),
		 REST_MAX_BODY + 1);
	ok(ask(head, body, REST_MAX_BODY + 1) == 413, "a larger one is refused");
	ok(ask(HEAD("PUT", "/echo/x", KEY "Content-Length: 9000000\r\n"), body, 0) == 413,
	   "one that will be much larger is refused before it comes");
	snprintf(body, 20, "%x\r\n", REST_MAX_BODY + 100);
	{
		size_t at = strlen(body);

		body[at] = ' ';
		memcpy(body + at + REST_MAX_BODY + 100, "\r\n0\r\n\r\n", 7);
		ok(ask(HEAD("PUT", "/echo/x", KEY "Transfer-Encoding: chunked\r\n"), body,
		       at + REST_MAX_BODY + 107) == 413,
		   "one in chunks when it has grown too large");
	}
	ok(ask(HEAD("PUT", "/echo/x", "Content-Length: 3\r\n"), "abc", 3) == 401,
	   "a short body of one without a key is read, and refused");
	ok(ask(HEAD("PUT", "/echo/x", "Content-Length: 9000000\r\n"), body, 0) == 401,
	   "a long one is not waited for");
	memset(body, 'a', 3 << 20);
	memcpy(body, "GET /", 5);
	memcpy(body + 40000, " HTTP/1.1\r\n\r\n", 14);
	/* who still sends may lose the answer, since the connection is closed */
	status = ask(body, NULL, 0);
	ok(!status || status >= 400, "a request line beyond its bound is refused");
	memcpy(body, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 28);
	memcpy(body + 40000, "\r\n\r\n", 5);
	status = ask(body, NULL, 0);
	ok(!status || status >= 400, "so are headers");
	free(body);
}

static void *client(void *arg)
{
	ok(ask(HEAD("PUT", "/echo/a%2Fb", KEY "Content-Length: 7\r\n"), "{\"a\":1}", 7) == 201 &&
		   strstr(answer, "Location: /echo/a/b\r\n") && strstr(answer, "ETag: \"9\"\r\n") &&
		   strstr(answer, "\r\n\r\n{\"a\":1}") &&
		   strstr(answer, "Content-Type: application/json") &&
		   strstr(answer, "Cache-Control: no-store"),
	   "a request comes whole, its answer goes whole");
	ok(ask(HEAD("DELETE", "/echo/x", KEY), NULL, 0) == 204 && strstr(answer, "\r\n\r\n") &&
		   !strstr(answer, "\r\n\r\n")[4],
	   "an answer without a body");
	ok(ask(HEAD("PUT", "/echo/x", "Content-Length: 0\r\nX-API-Key: wrong\r\n"), NULL, 0) ==
			   401 &&
		   strstr(answer, "WWW-Authenticate: Bearer") && strstr(answer, "{\"error\":"),
	   "a wrong key is refused");
	ok(ask(HEAD("PATCH", "/echo/x", KEY), NULL, 0) == 405 &&
		   strstr(answer, "Allow: PUT, DELETE"),
	   "a method that is not there");
	ok(ask("nonsense\r\n\r\n", NULL, 0) != 201, "what is no HTTP is no request");
	test_sizes();
	loop_stop(loop);
	return arg;
}

int main(void)
{
	static struct rest rest = {.routes = routes, .n_routes = 2, .who = who};
	struct rest_options options = {.listen = {{127, 0, 0, 1}, 0, 4}, .is_plain = true};
	struct rest_server *server = NULL;
	struct rest_server *second = NULL;
	struct why why = {.text = ""};
	pthread_t thread;

	log_open("rest-test", LOG_LEVEL_ERROR);
	ok(!loop_new(&loop) && !rest_server_new(&server, loop, &rest, &options, &why),
	   "the server starts: %s", why.text);
	port = rest_server_port(server);
	options.listen.port = port;
	options.is_plain = false;
	options.certificate = options.key = "/nowhere.pem";
	ok(rest_server_new(&second, loop, &rest, &options, &why) == ERR_ABSENT && !second,
	   "without its certificate it does not: %s", why.text);
	if (!pthread_create(&thread, NULL, client, NULL)) {
		ok(!loop_run(loop), "the loop ends");
		pthread_join(thread, NULL);
	}
	rest_server_free(&server);
	loop_free(&loop);
	return tap_end();
}
