/* libmicrohttpd runs without threads of its own: it waits on one epoll descriptor, which the
 * loop watches, and each turn lets it do what is ready.
 *
 *	target -> exchange      head -> rest_begin      body in pieces      end -> rest_call
 *
 * A request that its head alone condemns is not read to its end, unless that is near. */
#include "rest/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum {
	SERVER_HEAD_MEMORY = 32 << 10, /* bytes of request line and headers */
	SERVER_CONNECTIONS = 256,
	SERVER_OF_ADDRESS = 64,
	SERVER_IDLE = 30,       /* seconds */
	SERVER_DRAIN = 8 << 20, /* bytes read of a request that is refused already */
	SERVER_PEM_LEN = 1 << 20,
};

struct rest_server {
	struct MHD_Daemon *http;
	struct rest *rest;
	struct loop_fd watch;
	struct loop_timer timer;
	char *certificate;
	char *key;
};

/* One request and its answer. */
struct exchange {
	char *target;
	char address[REST_NAME_LEN];
	struct rest_request request;
	struct rest_answer answer;
	struct wr body;
	size_t n_drained;
	bool has_begun;
	bool is_refused;
};

static void *exchange_new(void *owner, const char *target, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof *x);

	(void)owner;
	(void)connection;
	if (!x)
		return NULL;
	x->target = strdup(target);
	rest_answer_init(&x->answer);
	return x;
}

static void exchange_end(void *owner, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *slot;

	(void)owner;
	(void)connection;
	(void)code;
	if (!x)
		return;
	rest_answer_fini(&x->answer);
	wr_fini(&x->body);
	free(x->target);
	free(x);
	*slot = NULL;
}

/* Targets are decoded by us, piece by piece. */
static size_t keep_escapes(void *owner, struct MHD_Connection *connection, char *text)
{
	(void)owner;
	(void)connection;
	return strlen(text);
}

static void address_of(struct MHD_Connection *connection, char out[REST_NAME_LEN])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;
	char text[INET6_ADDRSTRLEN] = "";

	if (address && address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
			  text, sizeof text);
	else if (address && address->sa_family == AF_INET6)
		inet_ntop(AF_INET6,
			  &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, text,
			  sizeof text);
	snprintf(out, REST_NAME_LEN, "%.*s", REST_NAME_LEN - 1, text);
}

static void header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value && value[0])
		MHD_add_response_header(response, name, value);
}

static enum MHD_Result answer(struct MHD_Connection *connection, struct exchange *x)
{
	struct rest_answer *a = &x->answer;
	bool has_body = a->body.len && a->status != 204 && a->status != 304;
	struct MHD_Response *response;
	enum MHD_Result result;
	char seconds[16];

	response = MHD_create_response_from_buffer(
		has_body ? a->body.len : 0, has_body ? a->body.bytes : NULL,
		has_body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	if (has_body)
		a->body = wr_init(0); /* the bytes are the response's now */
	snprintf(seconds, sizeof seconds, "%d", a->retry_after);
	header(response, "Content-Type", !has_body ? NULL : a->type ? a->type : "application/json");
	header(response, "ETag", a->etag);
	header(response, "Location", a->location);
	header(response, "Allow", a->allow);
	header(response, "Retry-After", a->retry_after ? seconds : NULL);
	header(response, "WWW-Authenticate", a->status == 401 ? "Bearer" : NULL);
	header(response, "Cache-Control", "no-store");
	header(response, "X-Content-Type-Options", "nosniff");
	result = MHD_queue_response(connection, (unsigned)a->status, response);
	MHD_destroy_response(response);
	return result;
}

/* Refusals of people, and changes: who, what, whence; not what was in the body, and no key. */
static void note(const struct exchange *x, const char *method)
{
	int path_len = (int)strcspn(x->target, "?#");
	int status = x->answer.status;

	if (status == 401 || status == 403 || status == 429)
		log_warn("rest: %s %.*s from %s: refused (%d)", method, path_len, x->target,
			 x->address, status);
	else if (status >= 500)
		log_error("rest: %s %.*s by %s from %s: failed (%d)", method, path_len, x->target,
			  x->request.who.name, x->address, status);
	else if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		log_info("rest: %s %.*s by %s from %s: %d", method, path_len, x->target,
			 x->request.who.name, x->address, status);
	else
		log_debug("rest: %s %.*s by %s from %s: %d", method, path_len, x->target,
			  x->request.who.name, x->address, status);
}

static const char *said(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Bytes that the body will have, by its head; 0 where that is not said. */
static unsigned long long body_len(struct MHD_Connection *connection)
{
	const char *length = said(connection, "Content-Length");

	return length ? strtoull(length, NULL, 10) : 0;
}

static enum MHD_Result begin(struct rest_server *server, struct MHD_Connection *connection,
			     struct exchange *x, const char *method)
{
	struct rest_head head = {.method = method,
				 .target = x->target,
				 .authorization = said(connection, "Authorization"),
				 .api_key = said(connection, "X-API-Key"),
				 .content_type = said(connection, "Content-Type"),
				 .if_match = said(connection, "If-Match"),
				 .if_none_match = said(connection, "If-None-Match"),
				 .address = x->address,
				 .now = loop_now()};
	size_t most;

	x->has_begun = true;
	address_of(connection, x->address);
	x->is_refused = !rest_begin(server->rest, &head, &x->request, &x->answer);
	most = x->is_refused ? SERVER_DRAIN : rest_max_body(&x->request);
	if (!x->is_refused)
		x->body = wr_init(most ? most : 1);
	if (body_len(connection) <= most || body_len(connection) <= SERVER_DRAIN)
		return MHD_YES;
	if (!x->is_refused)
		rest_refuse(&x->answer, 413, NULL, "the body is longer than %zu bytes", most);
	note(x, method);
	return answer(connection, x);
}

/* A piece of the body: kept while it fits; what does not is read on for a while, so that the
 * refusal reaches one who is still sending. */
static enum MHD_Result take(struct exchange *x, const char *bytes, size_t len)
{
	size_t most = x->is_refused ? 0 : rest_max_body(&x->request);

	if (!x->is_refused && len > most - x->body.len) {
		x->is_refused = true;
		rest_refuse(&x->answer, 413, NULL, "the body is longer than %zu bytes", most);
	}
	if (!x->is_refused) {
		wr_bytes(&x->body, bytes, len);
		return x->body.ok ? MHD_YES : MHD_NO;
	}
	x->n_drained += len;
	return x->n_drained <= SERVER_DRAIN ? MHD_YES : MHD_NO;
}

static enum MHD_Result heard(void *owner, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *bytes,
			     size_t *len, void **slot)
{
	struct rest_server *server = owner;
	struct exchange *x = *slot;

	(void)url;
	(void)version;
	if (!x || !x->target)
		return MHD_NO;
	if (!x->has_begun)
		return begin(server, connection, x, method);
	if (*len) {
		size_t n = *len;

		*len = 0;
		return take(x, bytes, n);
	}
	if (!x->is_refused) {
		x->request.body = x->body.bytes;
		x->request.body_len = x->body.len;
		rest_call(server->rest, &x->request, &x->answer);
	}
	note(x, method);
	return answer(connection, x);
}

static void run(struct rest_server *server)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(server->http);
	if (MHD_get_timeout(server->http, &ms) == MHD_YES)
		loop_timer_after(&server->timer,
				 (struct nanos){(int64_t)(ms < 60000 ? ms : 60000) * NANOS_PER_MS});
	else
		loop_timer_stop(&server->timer);
}

static void on_ready(void *owner, unsigned ready)
{
	(void)ready;
	run(owner);
}

static void on_time(void *owner)
{
	run(owner);
}

static void complain(void *owner, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
static void complain(void *owner, const char *format, va_list args)
{
	char text[300];

	(void)owner;
	vsnprintf(text, sizeof text, format, args);
	text[strcspn(text, "\n")] = 0;
	log_debug("rest: %s", text);
}

static int read_pem(const char *path, char **out, struct why *why)
{
	FILE *file = fopen(path, "rbe");
	size_t len = 0;
	int rc = 0;

	*out = calloc(1, SERVER_PEM_LEN + 1);
	if (!file)
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
	else if (*out)
		len = fread(*out, 1, SERVER_PEM_LEN, file);
	if (!rc && (!len || !strstr(*out, "-----BEGIN ")))
		rc = why_set(why, ERR_BAD, "this is no PEM file");
	if (rc)
		why_place(why, path);
	if (file)
		fclose(file);
	return rc;
}

static int read_pems(struct rest_server *server, const struct rest_options *options,
		     struct why *why)
{
	int rc = options->is_plain ? 0 : read_pem(options->certificate, &server->certificate, why);

	return rc || options->is_plain ? rc : read_pem(options->key, &server->key, why);
}

/* The socket's address; the storage has room for either kind. */
static void address_to(const struct conf_endpoint *listen, struct sockaddr_storage *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(listen->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(listen->port)};

	memset(out, 0, sizeof *out);
	memcpy(&in.sin_addr, listen->ip, 4);
	memcpy(&in6.sin6_addr, listen->ip, 16);
	if (listen->version == 6)
		memcpy(out, &in6, sizeof in6);
	else
		memcpy(out, &in, sizeof in);
}

static struct MHD_Daemon *start(struct rest_server *server, const struct rest_options *options)
{
	struct sockaddr_storage address;
	struct MHD_OptionItem tls[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
		{MHD_OPTION_HTTPS_PRIORITIES, 0,
		 (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3"},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG;

	address_to(&options->listen, &address);
	if (options->is_plain)
		tls[0].option = MHD_OPTION_END;
	else
		flags |= MHD_USE_TLS;
	if (options->listen.version == 6)
		flags |= MHD_USE_IPv6;
	return MHD_start_daemon(
		flags, options->listen.port, NULL, NULL, heard, server, MHD_OPTION_EXTERNAL_LOGGER,
		complain, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK,
		exchange_new, NULL, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEAD_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)SERVER_CONNECTIONS,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)SERVER_OF_ADDRESS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_IDLE, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

int rest_server_new(struct rest_server **out, struct loop *loop, struct rest *rest,
		    const struct rest_options *options, struct why *why)
{
	struct rest_server *server = calloc(1, sizeof *server);
	const union MHD_DaemonInfo *info;
	char at[CONF_ENDPOINT_TEXT_LEN];
	int rc = server ? read_pems(server, options, why) : ERR_NOMEM;

	if (!rc) {
		server->rest = rest;
		errno = 0;
		server->http = start(server, options);
		conf_endpoint_print(&options->listen, at);
		if (!server->http)
			rc = why_set(why, ERR_IO, "HTTP cannot be listened for on %s%s%s%s", at,
				     options->is_plain ? "" : " with this certificate and key",
				     errno ? ": " : "", errno ? strerror(errno) : "");
	}
	if (!rc) {
		info = MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD);
		loop_timer_init(&server->timer, loop, on_time, server);
		loop_fd_init(&server->watch, loop, info->epoll_fd, on_ready, server);
		rc = loop_fd_want(&server->watch, LOOP_READ);
	}
	if (rc)
		rest_server_free(&server);
	*out = server;
	return rc;
}

void rest_server_free(struct rest_server **server)
{
	if (!*server)
		return;
	loop_fd_fini(&(*server)->watch);
	loop_timer_fini(&(*server)->timer);
	if ((*server)->http)
		MHD_stop_daemon((*server)->http);
	free((*server)->certificate);
	free((*server)->key);
	free(*server);
	*server = NULL;
}

uint16_t rest_server_port(const struct rest_server *server)
{
	return MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_BIND_PORT)->port;
}
