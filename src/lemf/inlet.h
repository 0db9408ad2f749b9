/* One connection's octets, cut into PS-PDUs. Bounded: a PDU that says it is longer than allowed
 * ends the stream before it is waited for. */
#ifndef LEMF_INLET_H
#define LEMF_INLET_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

struct lemf_inlet {
	struct wr bytes; /* [start, bytes.len) is not taken yet */
	size_t start;
	size_t max_pdu;
};

void lemf_inlet_init(struct lemf_inlet *in, size_t max_pdu);
void lemf_inlet_fini(struct lemf_inlet *in);

/* Room for more octets; NULL when there is no memory. lemf_inlet_fed says how many came. */
uint8_t *lemf_inlet_room(struct lemf_inlet *in, size_t *size);
void lemf_inlet_fed(struct lemf_inlet *in, size_t n);

/* The next PDU, good until lemf_inlet_room: 1; 0: more octets are needed; ERR_BAD with the reason:
 * this is no stream of PS-PDUs, nothing more will come out of it. */
MUST_CHECK int lemf_inlet_next(struct lemf_inlet *in, const uint8_t **pdu, size_t *len,
			       struct why *why);

/* Octets of a PDU that is not whole. */
size_t lemf_inlet_left(const struct lemf_inlet *in);

#endif
