/* Asks the provisioner's REST API one thing, over HTTPS, or HTTP where its address says so. */
#ifndef ASK_ASK_H
#define ASK_ASK_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

struct ask_place {
	const char *url;       /* "https://localhost:7680"; else a literal address */
	const char *authority; /* file (PEM) of whom to believe; https needs it */
	const char *key_file;  /* whose first line is a key of the API */
};

struct ask_answer {
	int status; /* of HTTP */
	struct wr body;
};

/* Sends METHOD PATH without a body. 0: there is an answer, whatever its status; its body is given
 * back with wr_fini in any case. Else the reason. */
MUST_CHECK int ask(const struct ask_place *place, const char *method, const char *path,
		   struct ask_answer *out, struct why *why);

#endif
