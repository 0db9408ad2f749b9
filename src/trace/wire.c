#include "trace/wire.h"

#include <stddef.h>

#include "base/rd.h"
#include "trace/erf.h"

enum { LINK_ETHER = 1, ERF_WIRE_LEN_AT = 14 };

/* Bytes of the header that link types put before the packet. */
static const struct {
	uint16_t link;
	uint8_t len;
} headers[] = {
	{123, 4},       /* SunATM: direction, kind, VPI, VCI */
	{139, 4},       /* MTP2: direction, annex, number of the link */
	{144, 16},      /* IrDA: as in Linux cooked frames */
	{177, 16},      /* LAPD: as in Linux cooked frames */
	{196, 5},       /* SITA: flags, signals, errors, protocol */
	{LINK_ERF, 16}, /* a whole record */
	{201, 4},       /* Bluetooth HCI: direction */
	{204, 1},       /* PPP: direction */
	{209, 5},       /* I2C: bus, flags */
	{245, 2},       /* NFC: adapter, flags */
	{254, 4},       /* Bluetooth monitor: adapter, kind */
};

static uint8_t header_len(uint16_t link)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (headers[i].link == link)
			return headers[i].len;
	return 0;
}

uint8_t trace_wire_flags(uint16_t link)
{
	return header_len(link) ? WEIR_FRAME_APART : 0;
}

uint32_t trace_wire_apart(const struct weir_frame *f)
{
	uint32_t before = header_len(f->link);
	struct rd record = rd_of(f->bytes, f->cap_len);

	if (f->link == LINK_ETHER)
		return f->wire_len + ERF_FCS_LEN;
	if (f->link != LINK_ERF)
		return f->wire_len > before ? f->wire_len - before : 0;
	rd_skip(&record, ERF_WIRE_LEN_AT);
	before = rd_u16(&record);
	return record.ok ? before : f->wire_len;
}
