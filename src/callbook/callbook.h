/* The calls of captures: packets in, and for each call that is over its story, in words or as JSON.
 *
 *	frame ── fragment? ──► put together ─┐
 *	  └──────────────────────────────────┴─► TCP ──► stream ──► framer ─┐
 *	                                       ► UDP, looks like SIP ───────┴─► call
 *	                                       ► UDP, else ──► media ──► flows
 *
 * What a packet is depends on those before it: frames come in the order of the data, by one
 * thread. */
#ifndef CALLBOOK_CALLBOOK_H
#define CALLBOOK_CALLBOOK_H

#include <weir/frame.h>

#include "base/err.h"
#include "call/call.h"

enum { CALLBOOK_MAX_PORTS = 64 };

/* Takes text; 0, or an error, which callbook_take gives back. */
typedef int (*callbook_show_fn)(void *arg, const void *bytes, size_t len);

struct callbook_options {
	uint16_t ports[CALLBOOK_MAX_PORTS]; /* of SIP */
	int n_ports;                        /* 0: SIP is found on any port, by its first line */
	uint32_t joins;                     /* 1 << enum call_join, or-ed */
	bool is_json;                       /* a document a line */
	callbook_show_fn show;
	void *arg;
};

struct callbook;

MUST_CHECK int callbook_new(struct callbook **out, const struct callbook_options *options);
void callbook_free(struct callbook **l);

MUST_CHECK int callbook_take(struct callbook *l, const struct weir_frame *f);
/* Shows the calls that go on as they are. Nothing can be taken from then on. */
MUST_CHECK int callbook_end(struct callbook *l);

uint64_t callbook_n_calls(const struct callbook *l);
uint64_t callbook_n_messages(const struct callbook *l);

#endif
