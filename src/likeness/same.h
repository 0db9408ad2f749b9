/* For tests: whether two say the same of a record. */
#ifndef LIKENESS_SAME_H
#define LIKENESS_SAME_H

#include "etsi/record.h"

static inline bool likeness_is_same_octets(const struct etsi_octets *a, const struct etsi_octets *b)
{
	return a->bytes == b->bytes && a->len == b->len;
}

static inline bool likeness_is_same_header(const struct etsi_record *a, const struct etsi_record *b)
{
	return likeness_is_same_octets(&a->liid, &b->liid) &&
	       likeness_is_same_octets(&a->authorization_country, &b->authorization_country) &&
	       likeness_is_same_octets(&a->operator_id, &b->operator_id) &&
	       likeness_is_same_octets(&a->network_element, &b->network_element) &&
	       likeness_is_same_octets(&a->delivery_country, &b->delivery_country) &&
	       likeness_is_same_octets(&a->interception_point, &b->interception_point) &&
	       a->version == b->version && a->seq == b->seq && a->cin == b->cin &&
	       a->has_cin == b->has_cin && a->has_time == b->has_time &&
	       a->is_generalized == b->is_generalized && a->has_qualifier == b->has_qualifier &&
	       a->qualifier == b->qualifier && a->time.ns == b->time.ns;
}

static inline bool likeness_is_same_part(const struct etsi_part *a, const struct etsi_part *b)
{
	return a->contents == b->contents && a->direction == b->direction &&
	       a->has_time == b->has_time && a->time.ns == b->time.ns && a->version == b->version &&
	       likeness_is_same_octets(&a->content, &b->content) &&
	       a->original_len == b->original_len && a->is_truncated == b->is_truncated &&
	       a->event == b->event && a->iri_type == b->iri_type;
}

static inline bool likeness_is_same(const struct etsi_record *a, const struct etsi_record *b)
{
	return likeness_is_same_header(a, b) && a->kind == b->kind &&
	       a->alternative == b->alternative && a->n_parts == b->n_parts &&
	       likeness_is_same_octets(&a->payload, &b->payload) &&
	       likeness_is_same_octets(&a->parts, &b->parts) &&
	       likeness_is_same_part(&a->part, &b->part);
}

#endif
