#include "etsi/text.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/rd.h"

static char *fill_digits(char *out, uint32_t v, int n)
{
	for (int i = n; i; i--, v /= 10)
		out[i - 1] = (char)('0' + v % 10);
	return out + n;
}

/* Days since 1970-01-01 to year, month and day, in years that begin on the first of March so
 * that the leap day is their last. An era is 400 years, 146,097 days. */
static char *fill_date(char *out, uint64_t days)
{
	uint32_t from_era, era, year_of_era, day_of_year, month, day;

	days += 719468; /* from 0000-03-01 */
	era = (uint32_t)(days / 146097);
	from_era = (uint32_t)(days % 146097);
	year_of_era = (from_era - from_era / 1460 + from_era / 36524 - from_era / 146096) / 365;
	day_of_year = from_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* 0 is March */
	day = day_of_year - (153 * month + 2) / 5 + 1;
	out = fill_digits(out, era * 400 + year_of_era + (month >= 10), 4);
	out = fill_digits(out, month < 10 ? month + 3 : month - 9, 2);
	return fill_digits(out, day, 2);
}

size_t etsi_time_print(uint64_t seconds, uint32_t microseconds, char out[ETSI_TIME_TEXT_LEN])
{
	uint32_t of_day = (uint32_t)(seconds % 86400);
	char *at = fill_date(out, seconds / 86400);

	at = fill_digits(at, of_day / 3600, 2);
	at = fill_digits(at, of_day / 60 % 60, 2);
	at = fill_digits(at, of_day % 60, 2);
	if (microseconds) {
		*at++ = '.';
		at = fill_digits(at, microseconds, 6);
		while (at[-1] == '0')
			at--;
	}
	*at++ = 'Z';
	return (size_t)(at - out);
}

size_t etsi_time_len(uint32_t microseconds)
{
	size_t len = sizeof "YYYYMMDDHHMMSSZ" - 1;

	if (!microseconds)
		return len;
	for (len += sizeof ".ffffff" - 1; microseconds % 10 == 0; microseconds /= 10)
		len--;
	return len;
}

/* Octets of the character that this first octet begins, and the bits that it contributes; 0
 * where no character begins so. */
static unsigned utf8_lead(uint8_t octet, uint32_t *bits)
{
	unsigned n = 0;

	if (octet < 0x80)
		n = 1;
	else if (octet >= 0xc2 && octet < 0xf5)
		n = octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
	*bits = n == 1 ? octet : octet & (0xffu >> (n + 1));
	return n;
}

bool etsi_is_utf8(const void *bytes, size_t len, size_t *n_chars)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	struct rd r = rd_of(bytes, len);
	size_t n_seen = 0;

	for (; rd_left(&r); n_seen++) {
		uint32_t c;
		unsigned n = utf8_lead(rd_u8(&r), &c);

		if (n == 0)
			return false;
		for (unsigned i = 1; i < n; i++) {
			uint8_t octet = rd_u8(&r);

			if (!r.ok || (octet & 0xc0) != 0x80)
				return false;
			c = c << 6 | (octet & 0x3f);
		}
		if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
	}
	if (n_chars)
		*n_chars = n_seen;
	return true;
}

static bool are_digits(const uint8_t *at, size_t n)
{
	for (size_t i = 0; at && i < n; i++)
		if (at[i] < '0' || at[i] > '9')
			return false;
	return at != NULL;
}

/* ".5", "Z" or "+1300" behind the seconds; out holds what is left of the readable text. */
static bool readable_rest(struct rd *r, char *out, size_t size, bool *is_der)
{
	size_t n = 0;
	const uint8_t *zone;

	*is_der = true;
	if (rd_left(r) && (*r->at == '.' || *r->at == ',')) {
		const uint8_t *point = rd_take(r, 1);

		out[n++] = '.';
		while (rd_left(r) && are_digits(r->at, 1) && n + 8 < size)
			out[n++] = (char)rd_u8(r);
		*is_der = *point == '.' && out[n - 1] != '0';
		if (n == 1)
			return false;
	}
	if (rd_left(r) == 1 && *r->at == 'Z') {
		snprintf(out + n, size - n, "Z");
		return true;
	}
	zone = rd_take(r, 5);
	*is_der = false;
	if (!zone || rd_left(r) || (zone[0] != '+' && zone[0] != '-') || !are_digits(zone + 1, 4))
		return false;
	snprintf(out + n, size - n, "%c%.2s:%.2s", zone[0], (const char *)zone + 1,
		 (const char *)zone + 3);
	return true;
}

bool etsi_time_readable(const uint8_t *bytes, size_t len, char out[ETSI_READABLE_TIME_LEN],
			bool *is_der)
{
	struct rd r = rd_of(bytes, len);
	const uint8_t *d = rd_take(&r, 14);
	const char *c = (const char *)d;
	int n;

	if (!are_digits(d, 14))
		return false;
	n = snprintf(out, ETSI_READABLE_TIME_LEN,
		     "%.4s-%.2s-%.2s"
		     "T%.2s:%.2s:%.2s",
		     c, c + 4, c + 6, c + 8, c + 10, c + 12);
	return readable_rest(&r, out + n, (size_t)(ETSI_READABLE_TIME_LEN - n), is_der);
}

bool etsi_utc_time_readable(const uint8_t *bytes, size_t len, char out[ETSI_READABLE_TIME_LEN],
			    bool *is_der)
{
	struct rd r = rd_of(bytes, len);
	const uint8_t *d = rd_take(&r, 12);
	const char *c = (const char *)d;
	int n;

	if (!are_digits(d, 12) || (rd_left(&r) && (*r.at == '.' || *r.at == ',')))
		return false;
	n = snprintf(out, ETSI_READABLE_TIME_LEN,
		     "%s%.2s-%.2s-%.2s"
		     "T%.2s:%.2s:%.2s",
		     d[0] < '5' ? "20" : "19", c, c + 2, c + 4, c + 6, c + 8, c + 10);
	return readable_rest(&r, out + n, (size_t)(ETSI_READABLE_TIME_LEN - n), is_der);
}

bool etsi_address_print(const uint8_t *bytes, size_t len, char out[ETSI_ADDRESS_TEXT_LEN])
{
	if (len != 4 && len != 16)
		return false;
	return inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, out, ETSI_ADDRESS_TEXT_LEN) != NULL;
}
