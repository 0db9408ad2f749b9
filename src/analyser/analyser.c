#include "analyser/analyser.h"

#include <string.h>

static const struct {
	bool (*is)(const uint8_t *bytes, size_t len);
	analyser_step_fn first;
} formats[ANALYSER_N_FORMATS] = {
	[ANALYSER_SNOOP] = {snoop_is, snoop_header},
	[ANALYSER_IPTRACE] = {iptrace_is, iptrace_header},
	[ANALYSER_NETMON] = {netmon_is, netmon_header},
	[ANALYSER_SNIFFER] = {sniffer_is, sniffer_header},
	[ANALYSER_NETXRAY] = {netxray_is, netxray_header},
};

bool analyser_is(enum analyser_format format, const uint8_t *bytes, size_t len)
{
	return formats[format].is(bytes, len);
}

void analyser_init(struct analyser *a, enum analyser_format format)
{
	memset(a, 0, sizeof *a);
	a->step = formats[format].first;
}

int analyser_step(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	const struct rd before = *rd;
	int rc = a->step(a, rd, f, why);

	if (rc < 0)
		*rd = before;
	a->at += rd_left(&before) - rd_left(rd);
	return rc;
}

int analyser_end(const struct analyser *a, struct why *why)
{
	if (!a->has_header)
		return why_set(why, ERR_CUT, "the data ends before the file's header");
	if (a->at < a->least)
		return why_set(why, ERR_CUT,
			       "the data ends %llu bytes before the end that its header tells",
			       (unsigned long long)(a->least - a->at));
	return 0;
}

int analyser_check_len(uint32_t cap_len, struct why *why)
{
	if (cap_len <= ANALYSER_MAX_PACKET)
		return 0;
	return why_set(why, ERR_BAD,
		       "a packet claims %u captured bytes, more than the %u that are possible",
		       cap_len, ANALYSER_MAX_PACKET);
}

int analyser_iface(struct analyser *a, const struct analyser_iface *iface, struct why *why)
{
	for (uint32_t i = 0; i < a->n_ifaces; i++) {
		const struct analyser_iface *known = &a->ifaces[i];

		if (known->link == iface->link && known->digits == iface->digits &&
		    strcmp(known->name, iface->name) == 0)
			return (int)i;
	}
	if (a->n_ifaces == ANALYSER_MAX_IFACES)
		return why_set(why, ERR_BAD, "there are more than %u interfaces",
			       ANALYSER_MAX_IFACES);
	a->ifaces[a->n_ifaces] = *iface;
	return (int)a->n_ifaces++;
}

uint16_t analyser_link(const uint16_t *table, size_t n, uint32_t network)
{
	return network < n && table[network] ? table[network] : ANALYSER_LINK_UNNAMED;
}

int analyser_skip_to(struct analyser *a, struct rd *rd, uint64_t offset)
{
	uint64_t more = offset > a->at ? offset - a->at : 0;
	size_t left = rd_left(rd);

	if (more && !left)
		return analyser_need(a, 1);
	rd_skip(rd, more < left ? (size_t)more : left);
	return 0;
}

int analyser_rest(struct analyser *a, struct rd *rd, struct weir_frame *f, struct why *why)
{
	(void)f;
	(void)why;
	return analyser_skip_to(a, rd, UINT64_MAX);
}

bool analyser_date_to_s(const struct analyser_date *d, int64_t *s)
{
	enum { FIRST = 1970, LAST = 2261, MARCH = 3 };
	/* days before each month of a year that starts in March */
	static const uint16_t days[] = {0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337};
	int64_t year, day;

	if (d->year < FIRST || d->year > LAST || d->month < 1 || d->month > 12 || d->day < 1 ||
	    d->day > 31 || d->hour > 23 || d->minute > 59 || d->second > 60)
		return false;
	year = d->month < MARCH ? d->year - 1 : d->year;
	day = year * 365 + year / 4 - year / 100 + year / 400;
	day += days[(d->month + 12 - MARCH) % 12] + d->day - 1;
	day -= 719468; /* from 0000-03-01 to 1970-01-01 */
	*s = ((day * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
	return true;
}
