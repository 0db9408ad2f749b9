/* A record in plain words, one line: "alice@isp: access granted, 10.0.0.7, …". From what
 * etsi/decode.h prints as JSON, so that every name is the schema's. */
#ifndef LEMF_WORDS_H
#define LEMF_WORDS_H

#include "base/wr.h"
#include "etsi/record.h"

/* Appends the line, without LIID or line feed, of a whole PS-PDU whose payload is not encrypted
 * (record: what was read of it). Octets from outside are made readable. */
void lemf_words(const uint8_t *pdu, size_t len, const struct etsi_record *record, struct wr *w);

#endif
