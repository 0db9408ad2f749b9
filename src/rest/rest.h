/* A REST API as a table of routes: who may do what, by which function. Requests come in as texts
 * (request.h says how they are read) and are answered with JSON; server.h gives it a socket.
 *
 *	GET     /api/v1/agencies/{id}   any of three roles    agency_get
 *
 * Refusals are {"error":{"field":"targets[0].prefix","reason":"…"}} with the status that says
 * what kind of refusal it is. No secret is ever logged here. */
#ifndef REST_REST_H
#define REST_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/nanos.h"
#include "base/wr.h"
#include "rest/limit.h"

enum {
	REST_MAX_TARGET = 2048, /* bytes of a request's path and query */
	REST_MAX_TOKEN = 200,   /* of a key, with the terminator */
	REST_MAX_PARAMS = 4,    /* {…} of a pattern */
	REST_MAX_QUERY = 8,     /* name=value pairs */
	REST_ROOM = REST_MAX_PARAMS + 2 * REST_MAX_QUERY + 2,
	REST_MAX_BODY = 1 << 20, /* bytes, where a route says nothing else */
	REST_MAX_ANSWER = 512 << 20,
	REST_NAME_LEN = 40, /* of keys, roles and addresses, with the terminator */
	REST_ETAG_LEN = 40,
	REST_LOCATION_LEN = 600,
};

/* Roles, and sets of them. */
enum rest_role { REST_AUDITOR = 1, REST_OPERATOR = 2, REST_ADMIN = 4, REST_ANY = 7 };

/* "auditor", …; NULL where it is not one role. 0 where no role has the name. */
const char *rest_role_text(enum rest_role role);
enum rest_role rest_role_of(const char *text);

/* Whose request this is. */
struct rest_who {
	char name[REST_NAME_LEN];
	enum rest_role role;
};

struct rest_pair {
	const char *name;
	const char *value;
};

struct rest_route;

/* A request whose route, key and headers are well. All texts are borrowed. */
struct rest_request {
	const struct rest_route *route;
	struct rest_who who;
	const char *address;                 /* of the peer, without its port */
	const char *params[REST_MAX_PARAMS]; /* what stood for each {…}, decoded */
	struct rest_pair query[REST_MAX_QUERY];
	size_t n_query;
	const char *if_match; /* NULL where the header was not there */
	const char *if_none_match;
	bool is_yaml; /* the body's syntax, where the route takes both */
	const uint8_t *body;
	size_t body_len;
	char room[REST_MAX_TARGET + REST_ROOM]; /* the decoded texts, each with a terminator */
};

struct rest_answer {
	int status; /* of HTTP; 0: nobody has answered yet */
	struct wr body;
	const char *type; /* of the body; NULL: application/json */
	char etag[REST_ETAG_LEN];
	char location[REST_LOCATION_LEN];
	char allow[64];
	int retry_after; /* seconds; 0: none */
};

typedef void (*rest_fn)(void *owner, const struct rest_request *request,
			struct rest_answer *answer);

enum rest_takes { REST_TAKES_NOTHING, REST_TAKES_JSON, REST_TAKES_JSON_OR_YAML };

struct rest_route {
	const char *method; /* GET, POST, PUT, DELETE; GET answers HEAD, too */
	const char *pattern;
	unsigned roles; /* who may */
	rest_fn answer;
	enum rest_takes takes;
	size_t max_body;  /* 0: REST_MAX_BODY */
	const char *kind; /* what it is about, for those who describe the routes and for answer */
	const char *doc;  /* a sentence */
};

/* Says whose token this is: 0; ERR_ACCESS: nobody's; another error: cannot say now. */
typedef int (*rest_who_fn)(void *owner, const char *token, struct rest_who *out);

struct rest {
	const struct rest_route *routes;
	size_t n_routes;
	rest_who_fn who;
	bool is_open; /* no key is asked for: whoever comes may take all routes */
	void *owner;  /* for who and for the routes' functions */
	struct rest_limit limit;
};

/* What a request says before its body; texts are NULL where a header was not there. */
struct rest_head {
	const char *method;
	const char *target; /* as it came: path and query, not decoded */
	const char *authorization;
	const char *api_key;
	const char *content_type;
	const char *if_match;
	const char *if_none_match;
	const char *address;
	struct nanos now; /* of a clock that does not jump */
};

void rest_answer_init(struct rest_answer *answer);
void rest_answer_fini(struct rest_answer *answer);

/* Looks at the head alone: key, route, role, type of body. True: the body is wanted, of at most
 * rest_max_body bytes, then rest_call. False: the answer is there. */
bool rest_begin(struct rest *rest, const struct rest_head *head, struct rest_request *request,
		struct rest_answer *answer);
size_t rest_max_body(const struct rest_request *request);
void rest_call(struct rest *rest, struct rest_request *request, struct rest_answer *answer);

/* Refuses: forgets what the answer held. field may be NULL or empty. */
void rest_refuse(struct rest_answer *answer, int status, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The value of a name in the query; NULL where it is not there. */
const char *rest_query(const struct rest_request *request, const char *name);

/* Whether a list of entity tags ("\"7\", \"8\"" or "*") holds this one. */
bool rest_etag_fits(const char *list, const char *etag);

#endif
