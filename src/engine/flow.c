#include "engine/crew.h"
#include "net/decode.h"

uint32_t flow_hash(const struct weir_frame *frame)
{
	struct weir_packet p;

	if (frame->kind != WEIR_FRAME_PACKET)
		return 0;
	net_decode(&p, frame);
	return p.flow_hash;
}
