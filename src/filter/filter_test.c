#include "filter/filter.h"

#include <pthread.h>
#include <string.h>

#include "base/tap.h"

/* Ethernet, IPv4, TCP from 192.0.2.7:1025 to 192.0.2.8:443. */
static const uint8_t tcp[] = {2, 0,   0, 0, 0,  1, 2, 0, 0,   0, 0,    2, 8,   0, 0x45, 0, 0, 40,
			      0, 0,   0, 0, 64, 6, 0, 0, 192, 0, 2,    7, 192, 0, 2,    8, 4, 1,
			      1, 187, 0, 0, 0,  0, 0, 0, 0,   0, 0x50, 2, 0,   0, 0,    0, 0, 0};

static struct weir_frame frame_of(uint16_t link, uint32_t skip)
{
	return (struct weir_frame){.bytes = tcp + skip,
				   .cap_len = sizeof tcp - skip,
				   .wire_len = sizeof tcp - skip,
				   .link = link};
}

static void link_types_are_told_apart(void)
{
	struct weir_frame ether = frame_of(1, 0), raw = frame_of(101, 14), odd = frame_of(147, 0);
	struct why why;
	struct filter *f;

	why_clear(&why);
	ok(filter_new(&f, "tcp port 443 and host 192.0.2.7", &why) == 0, "a filter: %s", why.text);
	ok(filter_match(f, &ether), "matches its packet on Ethernet");
	ok(filter_match(f, &raw), "and as raw IP");
	ok(!filter_match(f, &odd) && filter_n_unfit(f) == 1,
	   "a link type that the filter has no meaning for matches nothing, and is counted");
	ok(!strcmp(filter_text(f), "tcp port 443 and host 192.0.2.7"), "it keeps its text");
	filter_free(&f);
	ok(filter_new(&f, NULL, &why) == 0 && filter_match(f, &odd), "no filter matches all");
	filter_free(&f);
}

static void many_are_told_as_one_by_one(void)
{
	static const char *const texts[] = {"tcp port 443", "ip[2] = 0", "", "udp"};
	struct weir_frame frames[FILTER_MANY];
	struct filter *f;

	for (int i = 0; i < FILTER_MANY; i++) {
		frames[i] = i % 5 == 0   ? frame_of(101, 14)
			    : i % 7 == 0 ? frame_of(147, 0)
					 : frame_of(1, i % 3 == 0 ? 14 : 0);
		frames[i].cap_len -= i > 40 ? (uint32_t)i - 32 : 0;
	}
	for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
		uint64_t matching = 0, n_unfit;

		if (!ok(filter_new(&f, texts[t], NULL) == 0, "a filter: \"%s\"", texts[t]))
			continue;
		for (int i = 0; i < FILTER_MANY; i++)
			matching |= (uint64_t)filter_match(f, &frames[i]) << i;
		n_unfit = filter_n_unfit(f);
		ok(filter_match_many(f, frames, FILTER_MANY) == matching &&
			   filter_n_unfit(f) == 2 * n_unfit,
		   "%d of many at once match, of several link types",
		   __builtin_popcountll(matching));
		ok(filter_match_many(f, frames, 9) == (matching & 0x1ff), "and of nine");
		filter_free(&f);
	}
}

static void loopback_headers_of_other_systems(void)
{
	static const struct {
		uint8_t header[4];
		bool is_v6;
	} rows[] = {
		{{2, 0, 0, 0}, false}, {{0, 0, 0, 2}, false}, {{24, 0, 0, 0}, true},
		{{28, 0, 0, 0}, true}, {{0, 0, 0, 30}, true}, {{30, 0, 0, 0}, true},
	};
	struct filter *v4;
	struct filter *v6;
	struct filter *not_v6;

	if (!ok(filter_new(&v4, "ip", NULL) == 0 && filter_new(&v6, "ip6", NULL) == 0 &&
			filter_new(&not_v6, "not ip6", NULL) == 0,
		"three filters"))
		return;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct weir_frame f = {.bytes = rows[i].header, .cap_len = 4, .wire_len = 4};
		bool is_big = rows[i].header[0] == 0;

		f.flags = is_big == (__BYTE_ORDER == __BIG_ENDIAN) ? 0 : WEIR_FRAME_SWAPPED;
		ok(filter_match(v4, &f) == !rows[i].is_v6 &&
			   filter_match(v6, &f) == rows[i].is_v6 &&
			   filter_match(not_v6, &f) == !rows[i].is_v6,
		   "loopback header %d %d %d %d is IPv%d", rows[i].header[0], rows[i].header[1],
		   rows[i].header[2], rows[i].header[3], rows[i].is_v6 ? 6 : 4);
		f.flags ^= WEIR_FRAME_SWAPPED;
		ok(!filter_match(v4, &f) && !filter_match(v6, &f) && filter_match(not_v6, &f),
		   "and nothing in a file of the other byte order");
	}
	filter_free(&v4);
	filter_free(&v6);
	filter_free(&not_v6);
}

static void names_are_not_looked_up(void)
{
	static const char *const good[] = {
		"tcp port http or https",
		"port domain",
		"ip proto \\icmp",
		"icmp[icmptype] == icmp-echoreply",
		"ip6 host fe80::1",
		"ether host 02:00:00:00:00:01",
		"net 10",
		"net 2001:db8::/32",
		"wlan type mgt subtype beacon",
		"tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn",
		"vlan 7 && ip",
		"(host 192.0.2.1 or 192.0.2.2) and not port 22",
		"ether proto \\arp",
		"src 192.0.2.1 and dst net 192.0.2.0/24",
		"less 100",
	};
	static const char *const bad[] = {
		"host www.example.com",
		"example",
		"src localhost",
		"net loopback",
		"port http or host gate",
		"gateway gate",
		"host 192.0.2.1 or gate",
		"dst port http and dst a.b",
		"port http and src gate",
		"tcp and (",
		"port",
		"host 300.1.1.1",
	};
	struct why why;
	struct filter *f;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		why_clear(&why);
		ok(filter_new(&f, good[i], &why) == 0, "\"%s\" is a filter %s", good[i], why.text);
		filter_free(&f);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		why_clear(&why);
		ok(filter_new(&f, bad[i], &why) < 0 && !f && why.text[0], "\"%s\" is none: %s",
		   bad[i], why.text);
	}
}

static void *match_many(void *arg)
{
	struct filter *f = arg;
	intptr_t n = 0;

	for (int i = 0; i < 2000; i++) {
		struct weir_frame raw = frame_of((uint16_t)(i % 2 ? 101 : 228), 14);

		n += filter_match(f, &raw);
	}
	return (void *)n;
}

static void threads_share_a_filter(void)
{
	pthread_t threads[4];
	struct why why;
	struct filter *f;
	bool is_all = true;

	why_clear(&why);
	ok(filter_new(&f, "tcp", &why) == 0, "a filter for four threads");
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, match_many, f);
	for (int i = 0; i < 4; i++) {
		void *n;

		pthread_join(threads[i], &n);
		is_all &= (intptr_t)n == 2000;
	}
	ok(is_all, "each finds all its packets");
	filter_free(&f);
}

int main(void)
{
	link_types_are_told_apart();
	many_are_told_as_one_by_one();
	loopback_headers_of_other_systems();
	names_are_not_looked_up();
	threads_share_a_filter();
	return tap_end();
}
