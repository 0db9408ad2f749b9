#include "gauge/gauge.h"

#include <stdlib.h>

#include "base/log.h"
#include "conf/json.h"
#include "rest/rest.h"
#include "rest/server.h"

enum { STATUS_MAX = 64 << 20 };

struct gauge {
	struct gauge_options options;
	struct rest rest;
	struct rest_server *server;
};

static void status_of(const struct gauge *g, struct wr *w)
{
	struct json j = json_of(w);

	json_open(&j, '{');
	g->options.status(g->options.owner, &j);
	json_close(&j, '}');
}

static void get_status(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	(void)request;
	answer->status = 200;
	status_of(owner, &answer->body);
	wr_u8(&answer->body, '\n');
}

static void get_metrics(void *owner, const struct rest_request *request, struct rest_answer *answer)
{
	const struct gauge *g = owner;
	struct wr w = wr_init(STATUS_MAX);
	struct conf_doc *doc = NULL;
	struct why why;
	int rc;

	(void)request;
	why_clear(&why);
	status_of(g, &w);
	rc = w.ok ? conf_json_parse(&doc, (const char *)w.bytes, w.len, &why) : ERR_NOMEM;
	if (rc) {
		rest_refuse(answer, 500, NULL, "the status cannot be read: %s",
			    why.text[0] ? why.text : err_text(rc));
	} else {
		answer->status = 200;
		answer->type = "text/plain; version=0.0.4; charset=utf-8";
		gauge_print(g->options.table, conf_doc_root(doc), &answer->body);
	}
	conf_doc_free(&doc);
	wr_fini(&w);
}

static const struct rest_route routes[] = {
	{"GET", "/metrics", REST_ANY, get_metrics, REST_TAKES_NOTHING, 0, NULL,
	 "Shows what was counted, in Prometheus' text format."},
	{"GET", "/status", REST_ANY, get_status, REST_TAKES_NOTHING, 0, NULL,
	 "Tells how the daemon is."},
};

int gauge_new(struct gauge **out, const struct gauge_options *options, struct why *why)
{
	const struct rest_options rest = {.listen = options->listen, .is_plain = true};
	struct conf_endpoint at = options->listen;
	char text[CONF_ENDPOINT_TEXT_LEN];
	struct gauge *g;
	int rc;

	*out = NULL;
	if (!options->listen.version)
		return 0;
	g = calloc(1, sizeof *g);
	if (!g)
		return ERR_NOMEM;
	g->options = *options;
	g->rest = (struct rest){.routes = routes,
				.n_routes = sizeof routes / sizeof *routes,
				.is_open = true,
				.owner = g};
	rc = rest_server_new(&g->server, options->loop, &g->rest, &rest, why);
	if (rc) {
		gauge_free(&g);
		return rc;
	}
	at.port = rest_server_port(g->server);
	conf_endpoint_print(&at, text);
	log_info("metrics are at http://%s/metrics", text);
	*out = g;
	return 0;
}

void gauge_free(struct gauge **gauge)
{
	if (!*gauge)
		return;
	rest_server_free(&(*gauge)->server);
	free(*gauge);
	*gauge = NULL;
}
