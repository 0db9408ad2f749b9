/* Shows how far a long read has come, on stderr where that is a terminal, and never otherwise. */
#ifndef TOOL_PROGRESS_H
#define TOOL_PROGRESS_H

#include "cap/source.h"

struct progress;

/* Begins to show the progress of n sources together twice a second from a thread of its own; NULL
 * where there is no terminal to show it on. The sources must outlive it, and their list too; one
 * that could not be opened is NULL there. */
struct progress *progress_new(struct source *const *sources, int n);

/* Wipes the line. Sets NULL, accepts NULL. */
void progress_free(struct progress **p);

/* The line for these counts after so long: "45%  1.2 GB of 2.7 GB  12.3 Mpps  3 s left". */
void progress_print(const struct source_stats *stats, struct nanos elapsed, char *out, int size);

#endif
