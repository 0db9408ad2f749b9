/* What was received before, taken in again: hi2.ber and hi3.ber of a folder, as `out` keeps them,
 * or `weir intercept`. Which connection a record came on is not in them: that one came twice on
 * one connection cannot be found. */
#ifndef LEMF_REPLAY_H
#define LEMF_REPLAY_H

#include "lemf/desk.h"

struct lemf_replay;

/* conf->from is the folder, of which one file may be missing; ERR_USAGE where conf->out is the
 * same. */
MUST_CHECK int lemf_replay_new(struct lemf_replay **out, const struct lemf_conf *conf,
			       struct why *why);
void lemf_replay_free(struct lemf_replay **replay);

/* Lays the next few megabytes on the desk: first all of HI2, since it tells what comes on HI3.
 * False: there is nothing left. */
bool lemf_replay_some(struct lemf_replay *r, struct lemf_desk *desk, struct nanos now);

#endif
