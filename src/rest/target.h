/* Inside rest only: a request's target, "/path/a%20b?name=value", in pieces and decoded. */
#ifndef REST_TARGET_H
#define REST_TARGET_H

#include "rest/rest.h"

/* Where the path ends and the query begins: the length of the path as it came. */
size_t rest_path_len(const char *target);

/* Whether the path fits the pattern ("/a/{id}"): pieces are compared as they came, what stands
 * for {…} is decoded into room. False where it does not fit, or an escape is broken (%zz, or a
 * zero). room has place for the whole target. */
bool rest_path_fits(const char *target, const char *pattern, const char *params[REST_MAX_PARAMS],
		    char *room);

/* Reads the query into pairs, decoded into the request's room behind what stands there already.
 * False where it has too many pairs or a broken escape. */
bool rest_query_read(const char *target, struct rest_request *request);

/* The token of "Bearer TOKEN"; NULL where the header says something else. */
const char *rest_bearer(const char *authorization);

/* Whether a Content-Type names this media type, whatever its parameters and case are. */
bool rest_type_is(const char *content_type, const char *want);

#endif
