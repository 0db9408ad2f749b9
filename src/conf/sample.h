/* A document with a field of every kind, for this room's tests and fuzz target. */
#ifndef CONF_SAMPLE_H
#define CONF_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "conf/record.h"

static const struct conf_name sample_colours[] = {
	{"red", 4, "as blood"}, {"dark-blue", 7, "as the sea"}, {NULL}};

#define SAMPLE_BOX_FIELDS(X)                                                                       \
	X(INT, size, .is_required = true, .min = -5, .max = 4294967295, .doc = "how big")          \
	X(WORD, colour, .otherwise = "red", .names = sample_colours, .doc = "its paint")

enum { SAMPLE_FOR_KEEPER = 1, SAMPLE_FOR_GUEST = 2 };

#define SAMPLE_FIELDS(X)                                                                           \
	X(TEXT, name, .is_required = true, .min = 1, .max = 20, .doc = "what it is called")        \
	X(TEXT, note, .doc = "anything else")                                                      \
	X(BOOL, is_open, .otherwise = "false", .doc = "whether it is open")                        \
	X(TIME, since, .otherwise = "2026-01-01T00:00:00Z", .doc = "from when")                    \
	X(SPAN, retry, .otherwise = "10s", .max = 86400, .doc = "how often")                       \
	X(PORT, port, .otherwise = "80", .doc = "where it listens")                                \
	X(HOST_PORT, peer, .otherwise = "127.0.0.1:80", .doc = "whom it calls")                    \
	X(LISTEN, listen, .otherwise = "127.0.0.1:0", .doc = "where it is called")                 \
	X(PORTS, ports, .otherwise = "1812-1813", .doc = "where others listen")                    \
	X(OPT_INT, shelf, .min = -1, .max = 9, .doc = "where it stands")                           \
	X(PATH, folder, .for_whom = SAMPLE_FOR_KEEPER, .doc = "where its papers are")              \
	X(KEY, key, .for_whom = SAMPLE_FOR_KEEPER, .is_required = true, .min = 3, .max = 8,        \
	  .doc = "what opens it")                                                                  \
	X(TEXTS, owners, .min = 1, .max = 5, .max_items = 3, .doc = "whose it is")                 \
	X(RECORD(sample_box), lid, .is_required = true, .doc = "its lid")                          \
	X(LIST(sample_box), boxes, .max = 3, .doc = "what is in it")

struct sample_box {
	CONF_STRUCT(SAMPLE_BOX_FIELDS)
};
struct sample {
	CONF_STRUCT(SAMPLE_FIELDS)
};

/* Boxes grow: a check across fields. */
static bool sample_check(const void *record, struct conf_fault *fault)
{
	const struct sample *sample = record;

	for (size_t i = 1; i < sample->boxes.n; i++) {
		if (sample->boxes.items[i].size > sample->boxes.items[i - 1].size)
			continue;
		snprintf(fault->path, sizeof fault->path, "boxes[%zu].size", i);
		snprintf(fault->text, sizeof fault->text, "is not above the one before");
		return false;
	}
	return true;
}

#define X(...) CONF_ROW(sample_box, __VA_ARGS__)
static const struct conf_field sample_box_fields[] = {SAMPLE_BOX_FIELDS(X)};
#undef X
static const struct conf_record sample_box_record =
	CONF_RECORD(sample_box, sample_box_fields, .doc = "A box.");
#define X(...) CONF_ROW(sample, __VA_ARGS__)
static const struct conf_field sample_fields[] = {SAMPLE_FIELDS(X)};
#undef X
static const struct conf_record sample_record =
	CONF_RECORD(sample, sample_fields, .doc = "A sample.", .check = sample_check);

#endif
