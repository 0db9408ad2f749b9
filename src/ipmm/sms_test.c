#include "ipmm/sms.h"

#include <stdlib.h>

#include "base/tap.h"

/* Messages as the standards draw them, made by hand; what is behind the bar is content. */
static const struct {
	const char *hex;
	const char *what;
} cases[] = {
	{"00 01 00 07 91 64 21 10 00 00 F0 11 01 00 0A 91 46 19 32 54 76 00 00 05|"
	 "E8 32 9B FD 06",
	 "SUBMIT of five letters of 7 bits, no validity period"},
	{"00 02 00 02 91 64 0D 11 05 04 81 21 43 00 04 A7 02|68 69 00",
	 "SUBMIT with a relative validity period, octets, and one too many"},
	{"00 03 00 02 91 64 11 19 05 04 81 21 43 00 04 99 20 10 80 00 00 00 01|68",
	 "SUBMIT with an absolute validity period"},
	{"00 03 00 02 91 64 11 09 05 04 81 21 43 00 04 40 05 00 00 00 00 00 01|68",
	 "SUBMIT with an enhanced validity period"},
	{"00 04 00 02 91 64 13 51 05 03 81 21 F3 00 04 A7 09 05 00 03 2A 02 01|68 69 6A",
	 "SUBMIT with a header that says: part 1 of 2"},
	{"00 04 00 02 91 64 19 51 05 03 81 21 F3 00 08 A7 0F 0C 05 04 0B 84 23 F0 08 04 12 34 02 "
	 "02|00 68",
	 "ports and a reference of 16 bits"},
	{"00 04 00 02 91 64 14 51 05 03 81 21 F3 00 04 A7 0A 06|0A 02 00 07 24 01 68 69 6A",
	 "an element that may be content ends what is known"},
	{"00 04 00 02 91 64 14 51 05 03 81 21 F3 00 04 A7 0A 06|00 04 2A 02 01 00 68 69 6A",
	 "and so does a known one with another length"},
	{"00 04 00 02 91 64 0D 51 05 03 81 21 F3 00 04 A7 03|48 69 6A",
	 "a header that is longer than the data is none"},
	{"00 05 00 02 91 64 0C 22 07 00 02 09 03 81 21 F3 02|AB CD",
	 "COMMAND: its octets are anybody's"},
	{"01 06 07 91 64 21 10 00 00 F0 00 14 04 0A 91 46 19 32 54 76 00 00 62 11 22 41 51 00 84 "
	 "02|E8 34",
	 "DELIVER with an originator's number and the service centre's time"},
	{"01 06 02 91 64 00 12 00 07 D0 41 F1 58 08 00 00 62 11 22 41 51 00 84 01|68",
	 "DELIVER from a name"},
	{"01 06 02 91 64 00 17 44 04 81 21 43 00 00 62 11 22 41 51 00 84 0A 05 00 03 01 03 02|"
	 "D0 69",
	 "DELIVER of part 2 of 3"},
	{"01 07 02 91 64 00 15 06 05 04 81 21 43 62 11 22 41 51 00 84 62 11 22 41 61 00 84 00",
	 "STATUS-REPORT without parameters"},
	{"01 07 02 91 64 00 1A 06 05 04 81 21 43 62 11 22 41 51 00 84 62 11 22 41 61 00 84 00 07 "
	 "00 04 01|68",
	 "STATUS-REPORT with all of them, and with data"},
	{"02 08", "RP-ACK"},
	{"03 08", "RP-ACK from the network"},
	{"02 08 41 02 00 00", "RP-ACK with a DELIVER-REPORT"},
	{"02 08 41 06 00 84 04 01|68 69", "one with data, and with parameters to come"},
	{"03 08 41 09 01 00 62 11 22 41 51 00 84", "RP-ACK with a SUBMIT-REPORT"},
	{"03 08 41 0E 41 07 62 11 22 41 51 00 84 00 04 02|05 68", "one with data"},
	{"04 09 01 16", "RP-ERROR"},
	{"04 09 01 16 41 06 00 D0 04 02|68 69", "RP-ERROR with a DELIVER-REPORT"},
	{"05 09 02 95 00 41 0A 01 C2 00 62 11 22 41 51 00 84", "RP-ERROR with a SUBMIT-REPORT"},
	{"06 0A", "RP-SMMA"},
	{"06 0A|68 69", "RP-SMMA has no more"},
	{"02 08 41 03 00 00|68", "a DELIVER-REPORT that announces no data has none"},
	{"01 06 02 91 64 00 11 04 04 81 21 43 00 00 62 11 22 41 51 00 84 01|68 69",
	 "what is behind the TPDU is content"},
	{"|07 01 00 00 00", "a type that there is not"},
	{"|40 01 00 07 91 64 21 10 00 00 F0 11 01 00 0A 91 46 19 32 54 76 00 00 05 E8",
	 "spare bits that are set"},
	{"|00 01 00 02 91 64 0B 03 05 04 81 21 43 00 04 02 68 69", "a TP-MTI that is reserved"},
	{"|02 08 41 0B 01 05 04 81 21 43 00 04 02 68 69", "a SUBMIT in an RP-ACK"},
	{"|02 08 42 02 00 00", "another element"},
	{"|00 01 00 0C 91 64 64 64 64 64 64 64 64 64 64 64 0A 01 05 02 81 21 00 00 02 68 69",
	 "an address of the relay layer that is too long"},
	{"|00 01 00 02 91 64 16 01 05 15 81 21 21 21 21 21 21 21 21 21 21 21 00 00 02 68 69 68 69",
	 "an address of 21 digits"},
	{"|00 01 00 02 91 64 0C 01 05 04 81 21 43 00 04 02 68 69", "a TPDU that is not all there"},
	{"|04 09 03 16 00 00", "a cause that is too long"},
	{"|00 01 00 02 91 64 06 01 05 04 81 21 43", "a TPDU that ends early"},
	{"|", "nothing"},
};

/* Octets of a case, and how many of them stand before the bar. */
static size_t octets(const char *hex, uint8_t *out, size_t *n_before)
{
	size_t n = 0;

	*n_before = SIZE_MAX;
	for (; *hex; hex++) {
		if (*hex == '|')
			*n_before = n;
		if (*hex == '|' || *hex == ' ')
			continue;
		out[n++] = (uint8_t)strtoul((char[]){hex[0], hex[1], 0}, NULL, 16);
		hex++;
	}
	if (*n_before == SIZE_MAX)
		*n_before = n;
	return n;
}

static void facts(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t bytes[300];
		size_t n_before, n = octets(cases[i].hex, bytes, &n_before);
		size_t said = ipmm_sms_signalling_len(sip_text_of(bytes, n));

		ok(said == n_before, "%s: %zu of %zu", cases[i].what, said, n);
	}
}

/* A cut message is not understood; but an RP-ACK or RP-ERROR is one without its TPDU. */
static void cuts(void)
{
	size_t n_good = 0, n_all = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t bytes[300];
		size_t n_before, n = octets(cases[i].hex, bytes, &n_before);

		for (size_t len = 0; n_before && len < n; len++, n_all++) {
			size_t said = ipmm_sms_signalling_len(sip_text_of(bytes, len));

			n_good += said == 0 ||
				  (said <= n_before && said <= len && bytes[0] >= 2 && said <= 5) ||
				  (said == n_before && len >= said);
		}
	}
	ok(n_good == n_all, "cut anywhere, no content becomes signalling: %zu of %zu", n_good,
	   n_all);
}

int main(void)
{
	facts();
	cuts();
	return tap_end();
}
