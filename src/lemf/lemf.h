/* The receiving side of an agency: listens for HI2 and HI3, takes any number of connections of
 * any number of operators, and lays what comes on the desk (desk.h). It ends by itself when it
 * was told to (count, until_idle, max_time). */
#ifndef LEMF_LEMF_H
#define LEMF_LEMF_H

#include "lemf/conf.h"
#include "loop/loop.h"

struct lemf;

/* Called once, when what was wished has come, or the time is over. */
typedef void (*lemf_done_fn)(void *owner);

/* conf is borrowed for good. The reason says which file, address or key is no good. */
MUST_CHECK int lemf_new(struct lemf **out, struct loop *loop, const struct lemf_conf *conf,
			struct why *why);
void lemf_on_done(struct lemf *l, lemf_done_fn done, void *owner);

/* Closes everything and tells the verdict: whether all that was wished has come, and nothing was
 * missing or wrong. */
bool lemf_finish(struct lemf *l);
void lemf_free(struct lemf **l);

#endif
