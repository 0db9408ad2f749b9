/* Inside lemf only: lines on standard output, as words or as JSON. */
#ifndef LEMF_TELL_H
#define LEMF_TELL_H

#include <stdio.h>

#include "base/json.h"
#include "lemf/desk.h"

struct lemf_tell {
	FILE *to;
	bool is_json;
	struct wr line;
	struct json json;
};

void lemf_tell_init(struct lemf_tell *t, FILE *to, bool is_json);
void lemf_tell_fini(struct lemf_tell *t);

/* A record that came: words say what it is. */
void lemf_tell_record(struct lemf_tell *t, const struct lemf_key *key,
		      const struct etsi_record *record, const struct wr *words);

/* Something that was found: times of them, about a record (NULL: about a connection). */
struct lemf_found {
	enum lemf_finding finding;
	uint64_t times;
	const struct lemf_key *key;
	const struct etsi_record *record;
	const char *text;
};
void lemf_tell_finding(struct lemf_tell *t, const struct lemf_found *found);

void lemf_tell_connection(struct lemf_tell *t, enum lemf_side side, const char *whom);

/* How far it is; and how it ended. */
void lemf_tell_progress(struct lemf_tell *t, const struct lemf_counts *c);
void lemf_tell_summary(struct lemf_tell *t, const struct lemf_counts *c,
		       const struct lemf_streams *streams, bool is_right);

#endif
