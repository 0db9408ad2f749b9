/* Orders and records for this room's tests. */
#ifndef MEDIATION_SAMPLE_H
#define MEDIATION_SAMPLE_H

#include <stdlib.h>
#include <string.h>

#include "etsi/header.h"
#include "etsi/ipcc.h"
#include "etsi/record.h"
#include "warrant/orders.h"

enum { SAMPLE_START = 1000000000, SAMPLE_END = 1000003600 };

static inline struct nanos sample_at(double s)
{
	return (struct nanos){(int64_t)(s * 1e6) * NANOS_PER_US};
}

/* A warrant from SAMPLE_START to SAMPLE_END; texts are borrowed. */
static inline struct warrant sample_warrant(const char *agency, const char *liid)
{
	struct warrant w = {.start = {(int64_t)SAMPLE_START * NANOS_PER_S},
			    .end = {(int64_t)SAMPLE_END * NANOS_PER_S}};

	w.agency = strdup(agency);
	w.liid = strdup(liid);
	w.authorization_country = strdup("XX");
	return w;
}

static inline void sample_free(struct warrant *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(w[i].agency);
		free(w[i].liid);
		free(w[i].authorization_country);
		free(w[i].delivery_country);
	}
}

/* What is known of a record of this kind, LIID and time. */
static inline struct etsi_record sample_record(enum etsi_record_kind kind, const char *liid,
					       double s)
{
	static const uint8_t packet[] = {0x45};
	struct etsi_record r = {.kind = kind, .has_time = true, .time = sample_at(s)};

	r.liid = (struct etsi_octets){(const uint8_t *)liid, strlen(liid)};
	if (kind == ETSI_RECORD_CC) {
		r.part.content = (struct etsi_octets){packet, sizeof packet};
		r.n_parts = 1;
	}
	return r;
}

#endif
