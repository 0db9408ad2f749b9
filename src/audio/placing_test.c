#include "audio/placing.h"

#include <stdlib.h>

#include "base/tap.h"

enum { N = 160, MS = 1000000 };

static struct placing p;

/* Packet i of a sender that counts from seq and stamp on, 20 ms each. */
static struct placing_packet nth(uint16_t seq, uint32_t stamp, int i)
{
	return (struct placing_packet){
		.seq = (uint16_t)(seq + i),
		.stamp = stamp + (uint32_t)(i * N),
		.n = N,
		.time = {INT64_C(1700000000) * NANOS_PER_S + i * INT64_C(20) * MS}};
}

static int64_t place(struct placing_packet packet)
{
	int64_t at;
	enum placed placed = placing_take(&p, &packet, &at);

	return placed == PLACED ? at : placed == PLACED_TWICE ? -1000001 : -1000002;
}

enum { TWICE = -1000001, NOWHERE = -1000002 };

static void begin(void)
{
	p = (struct placing){0};
}

static void test_order(void)
{
	bool is_well = true;

	begin();
	for (int i = 0; i < 1000; i++)
		is_well &= place(nth(65000, UINT32_MAX - 50000, i)) == i * N;
	ok(is_well, "numbers and time stamps wrap, and the sound goes on");
	ok(place(nth(65000, UINT32_MAX - 50000, 1002)) == 1002 * N, "two are missing");
	ok(place(nth(65000, UINT32_MAX - 50000, 1001)) == 1001 * N &&
		   place(nth(65000, UINT32_MAX - 50000, 1000)) == 1000 * N,
	   "and come late, to their places");
	ok(place(nth(65000, UINT32_MAX - 50000, 1001)) == TWICE &&
		   place(nth(65000, UINT32_MAX - 50000, 1002)) == TWICE &&
		   place(nth(65000, UINT32_MAX - 50000, 800)) == TWICE,
	   "none is taken twice");
	begin();
	ok(place(nth(3, 3 * N, 0)) == 0 && place(nth(3, 3 * N, -1)) == -N &&
		   place(nth(3, 3 * N, -2)) == -2 * N && place(nth(3, 3 * N, 1)) == N,
	   "what was sent before the first that comes is placed before it");
}

/* Every order of five packets gives the same places. */
static bool permute(int order[5], int k)
{
	bool is_well = true;

	if (k == 5) {
		begin();
		for (int i = 0; i < 5; i++)
			is_well &= place(nth(65534, UINT32_MAX - 300, order[i])) ==
				   (order[i] - order[0]) * N;
		return is_well;
	}
	for (int i = k; i < 5; i++) {
		int was = order[k];

		order[k] = order[i], order[i] = was;
		is_well &= permute(order, k + 1);
		was = order[k], order[k] = order[i], order[i] = was;
	}
	return is_well;
}

static void test_silence(void)
{
	struct placing_packet packet = nth(0, 0, 1);

	begin();
	place(nth(0, 0, 0));
	packet.n = 0;
	ok(place(packet) == N, "comfort noise begins where sound ends");
	packet = nth(0, 0, 500);
	packet.seq = 2;
	ok(place(packet) == 500 * N, "and sound goes on where its time stamp says");
	packet.seq = 3, packet.n = 0, packet.stamp += N;
	ok(place(packet) == 501 * N, "noise again");
	packet.seq = 4, packet.n = N;
	ok(place(packet) == 501 * N, "which may end at the moment at which it began");
}

static void test_lies(void)
{
	struct placing_packet packet;
	int64_t most = 0, end = 0;

	begin();
	place(nth(0, 0, 0));
	packet = nth(0, 2000000000, 1);
	ok(place(packet) == N, "a time stamp far ahead is not believed: the sound goes on");
	packet = nth(0, 2000000000, 2);
	ok(place(packet) == 2 * N, "and counts from there");
	packet = nth(0, 5, 3);
	ok(place(packet) == 3 * N, "nor one that leads back");
	packet = nth(0, 5, 4), packet.stamp = nth(0, 5, 3).stamp;
	ok(place(packet) == 4 * N, "nor one that stands still");
	packet = nth(0, 5, 54), packet.stamp = 777777, packet.seq = 5;
	ok(place(packet) == 54 * N, "where the time stamp says nothing, the records' time does");
	packet = nth(0, 777777, 53), packet.seq = 4, packet.stamp = 6 * N;
	ok(place(packet) == TWICE, "twice is twice, whatever the time stamp");
	begin();
	for (int i = 0; i < 20000; i++) {
		packet = nth(0, 0, i);
		packet.stamp = (uint32_t)i * 70000;
		end = place(packet);
		most = end - (int64_t)i * N > most ? end - (int64_t)i * N : most;
	}
	ok(most > 0 && end < 2 * 20000 * N + PLACING_MAX_AHEAD * 8000,
	   "many small lies are no more than time that has passed, and ten seconds (%lld s)",
	   (long long)end / 8000);
}

static void test_anew(void)
{
	struct placing_packet packet;
	int64_t at;

	begin();
	for (int i = 0; i < 10; i++)
		place(nth(100, 1000, i));
	packet = nth(40000, 999, 10), packet.stamp = 77;
	ok((at = place(packet)) == 10 * N, "numbers and time stamps begin anew: the sound goes on");
	packet = nth(40000, 999, 11), packet.stamp = 77 + N;
	ok(place(packet) == 11 * N, "in the new count");
	packet = nth(100, 1000, 9);
	ok(place(packet) != NOWHERE, "a packet of the old count begins it anew again");
	begin();
	for (int i = 0; i < 10; i++)
		place(nth(100, 1000, i));
	packet = nth(100, 1000, 5000);
	ok(place(packet) == 5000 * N, "a minute and a half are lost: silence, as time says too");
}

static void test_times(void)
{
	struct placing_packet packet = nth(0, 0, 0);

	ok(placing_samples((struct nanos){INT64_MIN}, (struct nanos){INT64_MAX}) > 0 &&
		   placing_samples((struct nanos){INT64_MAX}, (struct nanos){INT64_MIN}) < 0 &&
		   placing_samples((struct nanos){0}, (struct nanos){NANOS_PER_S}) == 8000 &&
		   placing_samples((struct nanos){0}, (struct nanos){-62500}) == -1,
	   "spans of time, the longest too");
	begin();
	packet.time.ns = INT64_MIN;
	place(packet);
	packet.time.ns = INT64_MAX, packet.seq = 1, packet.stamp = 5;
	packet.stamp = 4000000000u;
	ok(place(packet) == N + (int64_t)(PLACING_MAX_SILENCE + PLACING_MAX_AHEAD) * 8000,
	   "a time that is a lie too leaves ten hours of silence at most");
	packet.seq = 2, packet.stamp = 0;
	packet.time.ns = INT64_MIN;
	ok(place(packet) == 2 * N + (int64_t)(PLACING_MAX_SILENCE + PLACING_MAX_AHEAD) * 8000,
	   "and no more ever");
	begin();
	for (int i = 0; i < 100; i++) {
		packet = nth(0, 0, i + i / 10);
		packet.time.ns = 0;
		if (place(packet) != (i + i / 10) * N)
			break;
	}
	ok(p.end == (99 + 9 + 1) * N, "records that all have one time are placed by time stamps");
}

int main(void)
{
	int order[5] = {0, 1, 2, 3, 4};

	test_order();
	ok(permute(order, 0), "five packets in each of 120 orders come to the same places");
	test_silence();
	test_lies();
	test_anew();
	test_times();
	return tap_end();
}
