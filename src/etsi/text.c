#include "etsi/text.h"

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
	if (octet < 0x80)
		return *bits = octet, 1;
	if (octet >= 0xc2 && octet < 0xe0)
		return *bits = octet & 0x1f, 2;
	if (octet >= 0xe0 && octet < 0xf0)
		return *bits = octet & 0x0f, 3;
	return *bits = octet & 0x07, octet >= 0xf0 && octet < 0xf5 ? 4 : 0;
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
