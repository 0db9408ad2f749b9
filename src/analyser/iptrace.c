#include "analyser/analyser.h"

#include <ctype.h>
#include <stdio.h>

#include "base/nanos.h"

enum {
	IPTRACE_MAGIC_LEN = 11,
	IPTRACE_PREFIX_LEN = 8, /* length and seconds */
	IPTRACE_INFO_LEN = 22,
	IPTRACE_INFO_2_LEN = 32,
	IPTRACE_NAME_LEN = 4,
	IPTRACE_TEXT_LEN = 12,
	FDDI_PADDING = 3,
	LINK_FDDI = 10,
};

/* By type of interface. */
static const uint16_t links[] = {
	[0x04] = 101,                     /* X.25: raw IP */
	[0x06] = 1,                       /* Ethernet */
	[0x07] = 1,                       /* 802.3 */
	[0x09] = 6,                       /* 802.5 */
	[0x0c] = 101,                     /* SP switch: raw IP */
	[0x0f] = LINK_FDDI, [0x18] = 101, /* loopback: raw IP */
	[0x3d] = 101,                     /* HFI: raw IP */
	[0xc7] = 247,                     /* InfiniBand */
};

bool iptrace_is(const uint8_t *bytes, size_t len)
{
	return len >= IPTRACE_MAGIC_LEN && (memcmp(bytes, "iptrace 1.0", IPTRACE_MAGIC_LEN) == 0 ||
					    memcmp(bytes, "iptrace 2.0", IPTRACE_MAGIC_LEN) == 0);
}

/* "en" and 0 are "en0"; what is no letter or digit ends the name. */
static void print_name(char name[ANALYSER_NAME_LEN], const uint8_t *prefix, uint8_t unit)
{
	int n = 0;

	while (n < IPTRACE_NAME_LEN && isalnum(prefix[n]))
		n++;
	snprintf(name, ANALYSER_NAME_LEN, "%.*s%u", n, (const char *)prefix, unit);
}

/* Reads what a record tells of its packet, all but where it is; info is whole. */
static struct analyser_iface read_info(const struct iptrace_state *s, struct rd info,
				       struct weir_frame *f)
{
	struct analyser_iface iface = {.digits = s->has_nanos ? 9 : 0};
	const uint8_t *prefix;
	uint8_t unit;

	rd_skip(&info, 3);
	unit = rd_u8(&info);
	prefix = rd_take(&info, IPTRACE_NAME_LEN);
	print_name(iface.name, prefix, unit);
	rd_skip(&info, IPTRACE_TEXT_LEN);
	iface.link = analyser_link(links, sizeof links / sizeof *links, rd_u8(&info));
	f->link = iface.link;
	f->direction = rd_u8(&info) ? WEIR_DIR_OUT : WEIR_DIR_IN;
	if (s->has_nanos) {
		rd_skip(&info, 2);
		f->time_ns = (int64_t)rd_u32(&info) * NANOS_PER_S;
		f->time_ns += rd_u32(&info);
	}
	return iface;
}

static int iptrace_record(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	const struct iptrace_state *s = &a->iptrace;
	uint32_t info_len = s->before - IPTRACE_PREFIX_LEN;
	struct rd record = *rd;
	uint32_t len = rd_u32(&record);
	int64_t time_ns = (int64_t)rd_u32(&record) * NANOS_PER_S;
	struct rd info = rd_sub(&record, info_len);
	struct analyser_iface iface;
	uint32_t padding;
	int rc;

	if (!info.ok)
		return analyser_need(a, s->before);
	*f = (struct weir_frame){.time_ns = time_ns};
	iface = read_info(s, info, f);
	padding = f->link == LINK_FDDI ? FDDI_PADDING : 0;
	if (len < info_len + padding)
		return why_set(why, ERR_BAD, "a record claims %u bytes, fewer than its header has",
			       len);
	f->cap_len = f->wire_len = len - info_len - padding;
	rc = analyser_check_len(f->cap_len, why);
	if (rc)
		return rc;
	if (rd_left(rd) < IPTRACE_PREFIX_LEN + (size_t)len)
		return analyser_need(a, IPTRACE_PREFIX_LEN + (size_t)len);
	rc = analyser_iface(a, &iface, why);
	if (rc < 0)
		return rc;
	rd_skip(&record, padding);
	f->iface = (uint32_t)rc;
	f->bytes = record.at;
	f->record_len = IPTRACE_PREFIX_LEN + len;
	f->record = rd_take(rd, f->record_len);
	return 1;
}

int iptrace_header(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	const uint8_t *magic = rd_take(rd, IPTRACE_MAGIC_LEN);

	(void)f;
	if (!magic)
		return analyser_need(a, IPTRACE_MAGIC_LEN);
	if (!iptrace_is(magic, IPTRACE_MAGIC_LEN))
		return why_set(why, ERR_BAD, "these are not the first bytes of an iptrace file");
	a->iptrace.has_nanos = magic[8] == '2';
	a->iptrace.before =
		IPTRACE_PREFIX_LEN + (a->iptrace.has_nanos ? IPTRACE_INFO_2_LEN : IPTRACE_INFO_LEN);
	a->has_header = true;
	a->step = iptrace_record;
	return 0;
}
