/* Reading by likeness gives what reading whole gives, and never more. */
#include "mediation/likeness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "etsi/ipcc.h"
#include "mediation/likeness_same.h"

enum { ROOM = 4096, MAX_PACKET = 2000 };

static uint8_t packet[MAX_PACKET];

static struct etsi_header header_of(const char *liid, const char *point)
{
	struct etsi_stream s = {.liid = liid,
				.authorization_country = "NZ",
				.operator_id = "EXAMPLE-NZ",
				.network_element = "akl-1",
				.delivery_country = "NZ",
				.interception_point = point,
				.cin = 70000};
	struct etsi_header h;

	if (etsi_header_init(&h, &s, NULL))
		abort();
	return h;
}

static size_t encode(uint8_t *octets, const struct etsi_header *h, struct ipcc cc)
{
	struct wr w = wr_of(octets, ROOM);

	cc.bytes = packet;
	ipcc_encode(h, &cc, &w);
	if (!w.ok)
		abort();
	return w.len;
}

static struct likeness like_of(const uint8_t *octets, size_t len)
{
	struct likeness like = {.is_set = false};
	struct etsi_record record;

	if (etsi_record_read(octets, len, &record, NULL))
		abort();
	likeness_keep(&like, octets, len, &record);
	return like;
}

static void records_of_a_stream(void)
{
	static const uint32_t numbers[] = {0, 127, 128, 255, 32768, 8388608, UINT32_MAX};
	static const uint32_t lens[] = {1, 20, 46, 60, 100, 130, 220, 256, 562, 1486, 2000};
	static const int64_t times[] = {
		0, 1, 999999000, 1767225600000000000, 1767225600127999000, 5000000000000000000};
	uint8_t first[ROOM], octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL);
	size_t len = encode(first, &h, (struct ipcc){.len = 40, .seq = 5, .time = {1}});
	struct likeness like = like_of(first, len);
	int n_wrong = 0, n_other = 0;

	ok(like.is_set, "a CC is remembered");
	for (size_t i = 0; i < 7 * 11 * 6 * 3; i++) {
		struct ipcc cc = {.len = lens[i % 11],
				  .seq = numbers[i / 11 % 7],
				  .direction = (enum etsi_direction)(i / 77 % 3),
				  .time = {times[i / 231]}};
		struct etsi_record whole, quick;

		len = encode(octets, &h, cc);
		if (etsi_record_read(octets, len, &whole, NULL))
			abort();
		if (!likeness_read(&like, octets, len, &quick))
			n_other++;
		else
			n_wrong += !likeness_is_same(&whole, &quick);
	}
	ok(!n_other, "all of its stream are like it");
	ok(!n_wrong, "and say what they say when they are read whole");
}

static void others(void)
{
	uint8_t octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL), other = header_of("LIID0002", NULL),
			   point = header_of("LIID0001", "point");
	size_t len = encode(octets, &h, (struct ipcc){.len = 40, .time = {1}});
	struct likeness like = like_of(octets, len);
	struct etsi_record record;

	for (size_t n = 0; n < len; n++)
		ok(!likeness_read(&like, octets, n, &record), "cut at %zu it is like nothing", n);
	len = encode(octets, &other, (struct ipcc){.len = 40});
	ok(!likeness_read(&like, octets, len, &record), "another LIID is not like it");
	len = encode(octets, &h, (struct ipcc){.len = 40, .original_len = 100});
	ok(!likeness_read(&like, octets, len, &record), "nor is a truncated packet");
	len = encode(octets, &point, (struct ipcc){.len = 40});
	ok(!likeness_read(&like, octets, len, &record), "nor one with an interception point");
	like = like_of(octets, len);
	ok(!like.is_set, "which is not remembered");
	ok(!likeness_read(&like, octets, len, &record), "and nothing is like nothing");
}

/* Whatever one or two wrong octets make of it. */
static void damaged(void)
{
	uint8_t first[ROOM], octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL);
	size_t len = encode(first, &h, (struct ipcc){.len = 40, .seq = 300, .time = {1}});
	struct likeness like = like_of(first, len);
	uint64_t n_like = 0, n_wrong = 0;

	for (size_t at = 0; at < len; at++) {
		for (int value = 0; value < 256; value++) {
			struct etsi_record whole, quick;

			memcpy(octets, first, len);
			octets[at] = (uint8_t)value;
			if (!likeness_read(&like, octets, len, &quick))
				continue;
			n_like++;
			n_wrong += etsi_record_read(octets, len, &whole, NULL) ||
				   !likeness_is_same(&whole, &quick);
		}
	}
	ok(n_like > 40 * 256, "%llu damaged records are like it", (unsigned long long)n_like);
	ok(!n_wrong, "none of which reading whole would refuse, or read differently");
}

/* Two records, the first with its length before it. */
static int write_corpus(const char *path)
{
	uint8_t octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL);
	FILE *file = fopen(path, "wb");
	size_t len = encode(octets, &h, (struct ipcc){.len = 40, .seq = 300, .time = {1}});
	bool is_ok = file && fputc((int)(len >> 8), file) >= 0 &&
		     fputc((int)(len & 255), file) >= 0 && fwrite(octets, 1, len, file) == len;

	len = encode(octets, &h, (struct ipcc){.len = 200, .seq = 301, .time = {1000000000}});
	is_ok = is_ok && fwrite(octets, 1, len, file) == len;
	return file && !fclose(file) && is_ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc == 2)
		return write_corpus(argv[1]);
	records_of_a_stream();
	others();
	damaged();
	return tap_end();
}
