/* The JSON bodies that a link itself understands: hello and refusal; and the way to a message's
 * type. */
#ifndef LINK_BODY_H
#define LINK_BODY_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/value.h"
#include "tls/identity.h"

enum { LINK_SOFTWARE_LEN = 64 };

struct link_hello {
	struct tls_identity identity;
	int version;
	char software[LINK_SOFTWARE_LEN]; /* empty where it is not told */
	char to[TLS_NAME_LEN];            /* whom it means to talk to; empty: whoever answers */
};

/* to: the name that the listener must have; NULL: any. */
void link_hello_write(const struct tls_identity *self, const char *software, const char *to,
		      struct wr *w);

/* Keys that a later version may add are passed over. */
MUST_CHECK int link_hello_read(const void *body, size_t len, struct link_hello *out,
			       struct why *why);

/* The reason of a refusal, in any case a text. */
void link_refusal_read(const void *body, size_t len, char *out, size_t size);

/* A body as a tree, which must be a map; *doc is the caller's to free. */
MUST_CHECK int link_body_read(const void *body, size_t len, struct conf_doc **doc, struct why *why);

/* The child of a map by its key, and its text; NULL where it is not there or no scalar. */
const struct conf_value *link_value(const struct conf_value *map, const char *key);
const char *link_text(const struct conf_value *map, const char *key);

/* A whole number from 0 on; false where it is none. */
bool link_number(const struct conf_value *map, const char *key, uint64_t *out);

#endif
