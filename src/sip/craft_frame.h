/* Tests and fuzzing only: frames of WebSocket. */
#ifndef SIP_CRAFT_FRAME_H
#define SIP_CRAFT_FRAME_H

#include "base/wr.h"

/* first: FIN, opcode; key: 0: none. */
static inline void put_frame(struct wr *w, uint8_t first, const void *payload, size_t len,
			     uint32_t key)
{
	const uint8_t *at = payload;
	uint8_t mask = key ? 128 : 0;

	wr_u8(w, first);
	wr_u8(w, (uint8_t)(mask | (len < 126 ? len : len <= UINT16_MAX ? 126 : 127)));
	if (len > UINT16_MAX)
		wr_u64(w, len);
	else if (len >= 126)
		wr_u16(w, (uint16_t)len);
	if (key)
		wr_u32(w, key);
	for (size_t i = 0; i < len; i++)
		wr_u8(w, (uint8_t)(at[i] ^ (key >> (24 - 8 * (i % 4)) & 255)));
}

#endif
