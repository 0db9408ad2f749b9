/* Why a record, or a packet that should have become one, did not go on: one table for every stage,
 * which the counters, the metrics, the manual and the ledger walk over. */
#ifndef LEDGER_REASON_H
#define LEDGER_REASON_H

#include <stdbool.h>

#include "conf/field.h"

/* Whether it had to be so, or should not have happened. */
enum ledger_fate { LEDGER_REFUSED, LEDGER_LOST };

/* Where. */
#define LEDGER_STAGES(X)                                                                           \
	X(INPUT, "input", "between the wire and the collector: of all targets together")           \
	X(COLLECTOR, "collector", "in the collector")                                              \
	X(MEDIATOR, "mediator", "in the mediator")

enum ledger_stage {
#define X(name, text, doc) LEDGER_AT_##name,
	LEDGER_STAGES(X)
#undef X
};

/* Constant, key in JSON and metrics, fate, words, what it means and what to do. */
#define LEDGER_PACKET_REASONS(X)                                                                   \
	X(NO_TIME, "no_time", REFUSED, "without a time, so that its scope cannot be told",         \
	  "The capture gives the packet no time.")                                                 \
	X(EARLY, "early", REFUSED, "before the warrant's start",                                   \
	  "The packet was captured before the first moment that the warrant covers.")              \
	X(UNGIVEN, "ungiven", REFUSED, "from before their address was the target's",               \
	  "With several inputs, a packet may come after the session that its address was given "   \
	  "to began, and be older.")                                                               \
	X(LATE, "late", REFUSED, "at or after the warrant's end",                                  \
	  "The packet was captured when the warrant no longer covered it.")                        \
	X(IRI_ONLY, "iri_only", REFUSED, "of a warrant that delivers no content",                  \
	  "The warrant covers intercept related information only.")                                \
	X(NUMBERS, "numbers", LOST, "whose session's sequence numbers are used up",                \
	  "A session has 2^32 numbers.")                                                           \
	X(FULL, "full", LOST, "lost: no room left in the outbox",                                  \
	  "The mediator was away for longer than the collector's spool lasts, or too slow: give "  \
	  "the spool more room.")

#define LEDGER_COLLECTOR_REASONS(X)                                                                \
	LEDGER_PACKET_REASONS(X)                                                                   \
	X(KILLED, "killed", LOST, "lost: in hand when the collector was killed",                   \
	  "The record had its number and was not whole yet when the process ended without a "      \
	  "word.")                                                                                 \
	X(DAMAGED, "damaged", LOST, "lost: what the collector had on its disk cannot be read",     \
	  "The disk is broken, or was changed: a block has another sum than was written, or its "  \
	  "key is gone.")                                                                          \
	X(ABANDONED, "abandoned", LOST, "lost: given up by the collector with its agency",         \
	  "The agency was removed while records for it waited for a mediator, by somebody who "    \
	  "said that they may be dropped.")                                                        \
	X(VANISHED, "vanished", LOST, "lost at the collector: its spool is gone",                  \
	  "The collector began with an empty folder: its memory file system went with the "        \
	  "machine, or somebody removed it.")

#define LEDGER_REFUSALS(X)                                                                         \
	X(MALFORMED, "malformed", LOST, "no PS-PDU that can be read",                              \
	  "What came from the collector is no record.")                                            \
	X(UNKNOWN_LIID, "unknown_liid", REFUSED, "no warrant of the agency has its LIID",          \
	  "The warrant was removed, or the mediator has not heard of it.")                         \
	X(OUT_OF_TIME, "out_of_time", REFUSED,                                                     \
	  "its time is not within the warrant's, or it has none",                                  \
	  "The mediator enforces the warrant once more, behind the collector.")                    \
	X(KIND, "kind", REFUSED, "the warrant does not let us deliver its kind",                   \
	  "Content of a warrant for information only, or the other way round.")                    \
	X(INTERFACE, "interface", REFUSED, "its kind does not belong on this interface",           \
	  "Content came on HI2, or information on HI3.")                                           \
	X(NO_CAPTURE, "no_capture", REFUSED, "the agency receives captures, and it is no packet",  \
	  "A capture holds packets only.")

#define LEDGER_MEDIATOR_REASONS(X)                                                                 \
	LEDGER_REFUSALS(X)                                                                         \
	X(SPOILED, "spoiled", LOST, "lost: what the mediator had on its disk cannot be read",      \
	  "The disk is broken, or was changed: a block has another sum than was written, or its "  \
	  "key is gone.")                                                                          \
	X(UNDELIVERED, "undelivered", LOST, "lost: given up by the mediator with its agency",      \
	  "The agency was removed, or another mediator was given it, while records waited for "    \
	  "it, by somebody who said that they may be dropped.")                                    \
	X(GONE, "gone", LOST, "lost at the mediator: its spool is gone",                           \
	  "The mediator began with an empty folder: its memory file system went with the "         \
	  "machine, or somebody removed it.")

/* Of an input as a whole: whose packets they would have been is not known. */
#define LEDGER_INPUT_REASONS(X)                                                                    \
	X(CARD, "card", LOST, "lost by the network card or its driver",                            \
	  "The card's own counters: its queues were too short, or frames came damaged.")           \
	X(KERNEL, "kernel", LOST, "dropped by the kernel",                                         \
	  "The ring was full: the collector was too slow, or had no processor time.")              \
	X(RESTART, "restart", LOST, "the collector was not running",                               \
	  "Nothing captured while the collector was started again.")                               \
	X(CLOCK, "clock", LOST, "the collector was not running, and its clock was set back",       \
	  "How long nothing was captured is not known: the machine was started again, and its "    \
	  "clock is behind the one that the collector had. The gap is from what the clock says "   \
	  "now to what it said last.")                                                             \
	X(INPUT_DOWN, "input_down", LOST, "the input was not there",                               \
	  "The interface went down, or away, or had no carrier.")

#define LEDGER_REASONS(X)                                                                          \
	LEDGER_COLLECTOR_REASONS(X)                                                                \
	LEDGER_MEDIATOR_REASONS(X)                                                                 \
	LEDGER_INPUT_REASONS(X)

enum ledger_reason {
#define X(name, key, fate, text, doc) LEDGER_##name,
	LEDGER_REASONS(X)
#undef X
		LEDGER_N_REASONS
};

struct ledger_reason_facts {
	const char *key; /* "full" */
	const char *text;
	const char *doc;
	enum ledger_stage stage;
	enum ledger_fate fate;
};

/* By enum ledger_reason. */
extern const struct ledger_reason_facts ledger_reasons[LEDGER_N_REASONS];

/* The same words, for field tables. */
extern const struct conf_name ledger_reason_names[];

const char *ledger_stage_text(enum ledger_stage stage);

#endif
