#include "handover/notice.h"

#include "etsi/tri.h"

/* BER's tags of this one structure. */
enum { PS_PDU = 0x30, PAYLOAD = 0xa2, TRI = 0xa2, PRIMITIVE = 0x80, CONSTRUCTED = 0xa0 };

/* OptionRequest: requestedOptions [0] { pDUAcknowledgement [0] NULL } */
static const uint8_t request[] = {CONSTRUCTED, 2, PRIMITIVE, 0};

int notice_tri(const struct etsi_header *header, uint8_t kind, uint32_t number, struct nanos time,
	       struct wr *w)
{
	bool is_request = kind == ETSI_TRI_OPTION_REQUEST;
	uint8_t inside = is_request ? sizeof request : 0;
	size_t len = etsi_header_len(header, number, time) + 2 + 2 + 2 + inside;

	wr_u8(w, PS_PDU);
	if (len >= 0x80)
		wr_u8(w, 0x81);
	wr_u8(w, (uint8_t)len);
	etsi_header_put(header, number, time, w);
	wr_u8(w, PAYLOAD);
	wr_u8(w, (uint8_t)(2 + 2 + inside));
	wr_u8(w, TRI);
	wr_u8(w, (uint8_t)(2 + inside));
	wr_u8(w, (uint8_t)(kind | (is_request ? CONSTRUCTED : PRIMITIVE)));
	wr_u8(w, inside);
	wr_bytes(w, request, inside);
	return w->ok && len < 0x100 ? 0 : ERR_FULL;
}
