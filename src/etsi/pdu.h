/* Inside etsi only: the facts of a PDU's header, read before it is decoded. */
#ifndef ETSI_PDU_H
#define ETSI_PDU_H

#include "ber/reader.h"
#include "etsi/decode.h"

/* Fills liid, cin, seq and time as far as the PDU has them, and leaves the rest. */
void etsi_pdu_facts(const uint8_t *pdu, size_t len, struct etsi_decoded *out);

/* Times from anyone; false where the element is none, or beyond what struct nanos holds:
 * MicroSecondTimeStamp, GeneralizedTime, UTCTime. */
bool etsi_micro_time(const struct ber_tlv *t, struct nanos *out);
bool etsi_text_time(const struct ber_tlv *t, struct nanos *out);
bool etsi_utc_time(const struct ber_tlv *t, struct nanos *out);

#endif
