/* Inside etsi only: an IPCC record's [2] payload element alone, for the hot path of seal.c. */
#ifndef ETSI_CHAIN_H
#define ETSI_CHAIN_H

#include "etsi/ipcc.h"

size_t etsi_payload_len(const struct etsi_header *h, const struct ipcc *cc);

/* Writes exactly these octets and returns their end; no store runs beyond it. */
uint8_t *etsi_payload_fill(uint8_t *at, const struct etsi_header *h, const struct ipcc *cc);

#endif
