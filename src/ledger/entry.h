/* The ledger in documents: rows and gaps as daemons tell them, and the page of a warrant, which
 * the provisioner puts together from them. Field tables, so that they are read strictly, printed
 * always the same, and described by themselves. */
#ifndef LEDGER_ENTRY_H
#define LEDGER_ENTRY_H

#include "base/json.h"
#include "conf/record.h"
#include "ledger/book.h"

/* A time that may be absent (0). */
extern const struct conf_type ledger_moment;
#define CONF_C_MOMENT struct nanos
#define CONF_T_MOMENT .type = &ledger_moment

#define LEDGER_MAX_COUNT INT64_C(999999999999999999)

#define LEDGER_LOSS_FIELDS(X)                                                                      \
	X(WORD, reason, .is_required = true, .names = ledger_reason_names, .doc = "why")           \
	X(INT, records, .is_required = true, .min = 1, .max = LEDGER_MAX_COUNT,                    \
	  .doc = "how many records, or packets that should have become records")                   \
	X(TIME, first, .is_required = true, .doc = "when the first of them was")                   \
	X(TIME, last, .is_required = true, .doc = "when the last of them was")

/* The key of a row, and the row. */
#define LEDGER_NAME_FIELDS(X)                                                                      \
	X(TEXT, warrant, .max = LEDGER_WARRANT_LEN - 1, .doc = "AGENCY/LIID")                      \
	X(TEXT, element, .max = LEDGER_ELEMENT_LEN - 1, .doc = "the network element")              \
	X(WORD, kind, .is_required = true, .names = ledger_kind_names,                             \
	  .doc = "what its records "                                                               \
		 "are")                                                                            \
	X(WORD, span, .otherwise = "session", .names = ledger_span_names,                          \
	  .doc = "what it is about")                                                               \
	X(INT, cin, .otherwise = "0", .max = UINT32_MAX,                                           \
	  .doc = "communicationIdentityNumber of a session")

#define LEDGER_COUNT_FIELD(X, name, constant, stage, text)                                         \
	X(INT, name, .otherwise = "0", .max = LEDGER_MAX_COUNT, .doc = text)

#define LEDGER_ENTRY_FIELDS(X)                                                                     \
	LEDGER_NAME_FIELDS(X)                                                                      \
	X(BOOL, is_closed, .otherwise = "false", .doc = "the session is over")                     \
	X(INT, folded, .otherwise = "0", .max = UINT32_MAX,                                        \
	  .doc = "of a folded row: how many rows it is the sum of")                                \
	LEDGER_COLUMNS(LEDGER_COUNT_FIELD, X)                                                      \
	X(INT, first_sequence, .otherwise = "0", .max = INT64_MAX - 1,                             \
	  .doc = "number of the first record; of a number behind 2^32 the record has the rest")    \
	X(INT, last_sequence, .otherwise = "0", .max = INT64_MAX - 1,                              \
	  .doc = "number of the last record")                                                      \
	X(INT, turns, .otherwise = "0", .max = UINT32_MAX,                                         \
	  .doc = "times that the session's numbers began again at 0")                              \
	X(INT, numbers_again, .otherwise = "0", .max = LEDGER_MAX_COUNT,                           \
	  .doc = "numbers of lost records that were given again after an end without a word")      \
	X(MOMENT, first_time, .doc = "the first record's own time")                                \
	X(MOMENT, last_time, .doc = "the last record's own time")                                  \
	X(LIST(ledger_loss), losses, .max = LEDGER_N_REASONS,                                      \
	  .doc = "what was refused or lost, by reason")

#define LEDGER_HOLE_FIELDS(X)                                                                      \
	X(TEXT, collector, .max = 64, .doc = "whose input it is")                                  \
	X(TEXT, input, .is_required = true, .min = 1, .max = LEDGER_INPUT_LEN - 1,                 \
	  .doc = "the input's URI, cut where it is long")                                          \
	X(WORD, reason, .is_required = true, .names = ledger_reason_names, .doc = "why")           \
	X(TIME, from, .is_required = true, .doc = "its beginning")                                 \
	X(TIME, to, .is_required = true, .doc = "its end")                                         \
	X(INT, packets, .otherwise = "0", .max = LEDGER_MAX_COUNT,                                 \
	  .doc = "packets of the input that were not captured, whosever they were; 0: not known")

/* What a daemon tells: what has changed since it told last. */
#define LEDGER_NEWS_FIELDS(X)                                                                      \
	X(TEXT, type, .is_required = true, .min = 6, .max = 6, .doc = "\"ledger\"")                \
	X(TEXT, book, .is_required = true, .min = 16, .max = 16,                                   \
	  .doc = "number of the daemon's book, in hex: one that was lost and begun anew has "      \
		 "another")                                                                        \
	X(BOOL, begin, .otherwise = "false", .doc = "first of the messages that tell the whole")   \
	X(BOOL, fresh, .otherwise = "false",                                                       \
	  .doc = "its spools were begun with it: what an older book of its holds is gone")         \
	X(BOOL, end, .otherwise = "false", .doc = "last of them: what they did not name is gone")  \
	X(LIST(ledger_entry), rows, .max = 10000, .doc = "as they are now")                        \
	X(LIST(ledger_name), gone, .max = 10000, .doc = "rows that were folded")                   \
	X(LIST(ledger_hole), gaps, .max = LEDGER_MAX_GAPS, .doc = "as they are now")

#define LEDGER_REPORTER_FIELDS(X)                                                                  \
	X(TEXT, role, .is_required = true, .min = 1, .max = 16, .doc = "collector or mediator")    \
	X(TEXT, name, .is_required = true, .min = 1, .max = 64, .doc = "its name")                 \
	X(TIME, at, .is_required = true, .doc = "when it told what has changed, the last time")

/* The page of a warrant. */
#define LEDGER_PAGE_FIELDS(X)                                                                      \
	X(TEXT, warrant, .is_required = true, .min = 3, .max = LEDGER_WARRANT_LEN - 1,             \
	  .doc = "AGENCY/LIID")                                                                    \
	X(TEXT, operator, .max = 64, .doc = "who intercepts")                                      \
	X(TIME, at, .is_required = true, .doc = "when the page was put together")                  \
	X(MOMENT, start, .doc = "the first moment that the warrant covers")                        \
	X(MOMENT, end, .doc = "the first moment that it no longer covers")                         \
	X(TEXT, asked_by, .max = 64, .doc = "of a statement: whose key asked for it")              \
	X(LIST(ledger_reporter), reporters, .max = 4096, .doc = "whose counts are in it")          \
	X(LIST(ledger_entry), rows, .max = 1000000,                                                \
	  .doc = "the sums over collectors and "                                                   \
		 "mediators, by session and kind")                                                 \
	X(LIST(ledger_hole), gaps, .max = 100000,                                                  \
	  .doc = "when an input did not deliver all, while the warrant was in force")              \
	X(BOOL, closes, .otherwise = "false", .doc = "the sums close at every stage")              \
	X(BOOL, is_complete, .otherwise = "false",                                                 \
	  .doc = "… and nothing was lost, and nothing is on its way")                              \
	X(TEXTS, remarks, .max = 400, .max_items = 100000, .doc = "what is to be said of it")

struct ledger_loss {
	CONF_STRUCT(LEDGER_LOSS_FIELDS)
};
struct ledger_name {
	CONF_STRUCT(LEDGER_NAME_FIELDS)
};
struct ledger_entry {
	CONF_STRUCT(LEDGER_ENTRY_FIELDS)
};
struct ledger_hole {
	CONF_STRUCT(LEDGER_HOLE_FIELDS)
};
struct ledger_news {
	CONF_STRUCT(LEDGER_NEWS_FIELDS)
};
struct ledger_reporter {
	CONF_STRUCT(LEDGER_REPORTER_FIELDS)
};
struct ledger_page {
	CONF_STRUCT(LEDGER_PAGE_FIELDS)
};

extern const struct conf_record ledger_loss_record, ledger_name_record, ledger_entry_record,
	ledger_hole_record, ledger_news_record, ledger_reporter_record, ledger_page_record;

/* A row as one value of *j. */
MUST_CHECK int ledger_row_print(const struct ledger_row *row, struct json *j);
MUST_CHECK int ledger_key_print(const struct ledger_key *key, struct json *j);
MUST_CHECK int ledger_gap_print(const struct ledger_gap *gap, struct json *j);

/* Member "ledger" of the object that is open: so many records by each reason of a stage. */
void ledger_sums_print(const uint64_t n[LEDGER_N_REASONS], enum ledger_stage stage, struct json *j);

/* An entry that was read, as a row. */
void ledger_entry_row(const struct ledger_entry *entry, struct ledger_row *row);

/* A row as an entry that owns its texts; ERR_NOMEM leaves it empty. */
MUST_CHECK int ledger_entry_of(struct ledger_entry *entry, const struct ledger_row *row);

#endif
