/* Reading by likeness gives what reading whole gives, and never more. */
#include "likeness/likeness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "etsi/ipcc.h"
#include "likeness/same.h"

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

/* Reads it whole and keeps it. */
static void keep(struct likeness *like, const uint8_t *octets, size_t len)
{
	struct etsi_record record;

	if (etsi_record_read(octets, len, &record, NULL))
		abort();
	likeness_keep(like, octets, len, &record);
}

static struct likeness *like_of(const uint8_t *octets, size_t len)
{
	struct likeness *like;

	if (likeness_new(&like))
		abort();
	keep(like, octets, len);
	return like;
}

static bool is_like(struct likeness *like, const uint8_t *octets, size_t len)
{
	struct likeness_own own;

	return likeness_find(like, octets, len, &own);
}

/* Whether it is like one that is kept; *is_wrong: and says something else than reading it whole. */
static bool compare(struct likeness *like, const uint8_t *octets, size_t len, bool *is_wrong)
{
	struct likeness_own own;
	const struct likeness_stream *s = likeness_find(like, octets, len, &own);
	struct etsi_record whole, quick;

	*is_wrong = false;
	if (!s)
		return false;
	likeness_record(s, &own, &quick);
	*is_wrong =
		etsi_record_read(octets, len, &whole, NULL) || !likeness_is_same(&whole, &quick);
	return true;
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
	struct likeness *like = like_of(first, len);
	int n_wrong = 0, n_other = 0;
	bool is_wrong;

	ok(likeness_n(like) == 1, "a CC is kept");
	for (size_t i = 0; i < 7 * 11 * 6 * 3; i++) {
		struct ipcc cc = {.len = lens[i % 11],
				  .seq = numbers[i / 11 % 7],
				  .direction = (enum etsi_direction)(i / 77 % 3),
				  .time = {times[i / 231]}};

		len = encode(octets, &h, cc);
		n_other += !compare(like, octets, len, &is_wrong);
		n_wrong += is_wrong;
	}
	likeness_free(&like);
	ok(!n_other, "all of its stream are like it");
	ok(!n_wrong, "and say what they say when they are read whole");
}

static void others(void)
{
	uint8_t octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL), other = header_of("LIID0002", NULL),
			   point = header_of("LIID0001", "point");
	size_t len = encode(octets, &h, (struct ipcc){.len = 40, .time = {1}});
	struct likeness *like = like_of(octets, len);

	for (size_t n = 0; n < len; n++)
		ok(!is_like(like, octets, n), "cut at %zu it is like nothing", n);
	len = encode(octets, &other, (struct ipcc){.len = 40});
	ok(!is_like(like, octets, len), "another LIID is not like it");
	len = encode(octets, &h, (struct ipcc){.len = 40, .original_len = 100});
	ok(!is_like(like, octets, len), "nor is a truncated packet");
	len = encode(octets, &point, (struct ipcc){.len = 40});
	ok(!is_like(like, octets, len), "nor one with an interception point");
	keep(like, octets, len);
	ok(likeness_n(like) == 1, "which is not kept");
	likeness_free(&like);
	ok(!like, "freed, it is gone");
}

static struct etsi_header header_of_number(int i)
{
	char liid[16];

	snprintf(liid, sizeof liid, "LIID%06d", i);
	return header_of(liid, NULL);
}

/* Records of n streams in turns; how many of the second turn are like one, none of them wrongly. */
static size_t take_turns(int n)
{
	uint8_t octets[ROOM];
	struct likeness *like;
	size_t n_like = 0;
	bool is_wrong, is_right = true;

	if (likeness_new(&like))
		abort();
	for (int turn = 0; turn < 2; turn++) {
		for (int i = 0; i < n; i++) {
			struct etsi_header h = header_of_number(i);
			size_t len =
				encode(octets, &h, (struct ipcc){.len = 40, .seq = (uint32_t)turn});

			if (compare(like, octets, len, &is_wrong))
				n_like += turn == 1;
			else
				keep(like, octets, len);
			is_right &= !is_wrong;
		}
	}
	ok(is_right, "none of %d streams is taken for another", n);
	ok(likeness_n(like) <= LIKENESS_MAX_SLOTS, "no more are kept than may be");
	likeness_free(&like);
	return n_like;
}

static void many_streams(void)
{
	size_t n;

	ok(take_turns(8) == 8, "streams in turns are told apart");
	n = take_turns(300);
	ok(n > 270, "%zu of 300 are there when they come again", n);
	n = take_turns(3 * LIKENESS_MAX_SLOTS);
	ok(n < LIKENESS_MAX_SLOTS, "%zu of too many are", n);
}

/* A stream has a number as long as it is kept as it is; slots are of one each. */
static void numbers(void)
{
	uint8_t octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL), other = header_of("LIID0002", NULL);
	size_t len = encode(octets, &other, (struct ipcc){.len = 40});
	struct likeness *like = like_of(octets, len);
	const struct likeness_stream *a, *b;
	struct likeness_own own;
	uint64_t number;

	len = encode(octets, &h, (struct ipcc){.len = 40});
	keep(like, octets, len);
	a = likeness_find(like, octets, len, &own);
	number = a ? a->number : 0;
	ok(a && !memcmp(a->record.liid.bytes, "LIID0001", 8), "a stream has its LIID itself");
	len = encode(octets, &other, (struct ipcc){.len = 40});
	b = likeness_find(like, octets, len, &own);
	ok(a && b && a->number != b->number && a->slot != b->slot, "two streams are two");
	len = encode(octets, &h, (struct ipcc){.len = 40});
	keep(like, octets, len);
	a = likeness_find(like, octets, len, &own);
	ok(a && b && a->number != number && a->number != b->number, "kept again it is another");
	likeness_free(&like);
}

/* Whatever one or two wrong octets make of it. */
static void damaged(void)
{
	uint8_t first[ROOM], octets[ROOM];
	struct etsi_header h = header_of("LIID0001", NULL);
	size_t len = encode(first, &h, (struct ipcc){.len = 40, .seq = 300, .time = {1}});
	struct likeness *like = like_of(first, len);
	uint64_t n_like = 0, n_wrong = 0;
	bool is_wrong;

	for (size_t at = 0; at < len; at++) {
		for (int value = 0; value < 256; value++) {
			memcpy(octets, first, len);
			octets[at] = (uint8_t)value;
			n_like += compare(like, octets, len, &is_wrong);
			n_wrong += is_wrong;
		}
	}
	likeness_free(&like);
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
	many_streams();
	numbers();
	damaged();
	return tap_end();
}
