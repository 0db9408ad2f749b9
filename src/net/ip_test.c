#include "net/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/tap.h"

static void prints_as(const char *in, const char *out)
{
	struct net_prefix prefix;
	char text[NET_IP_TEXT_LEN] = "";
	bool is_read = net_prefix_parse(in, &prefix);
	size_t len = is_read ? net_prefix_print(&prefix, text) : 0;

	ok(is_read && !strcmp(text, out) && len == strlen(out), "%s is %s", in, text);
}

static void good_prefixes(void)
{
	prints_as("192.0.2.0/24", "192.0.2.0/24");
	prints_as("192.0.2.7", "192.0.2.7/32");
	prints_as("0.0.0.0/0", "0.0.0.0/0");
	prints_as("255.255.255.255/32", "255.255.255.255/32");
	prints_as("10.128.0.0/9", "10.128.0.0/9");
	prints_as("::/0", "::/0");
	prints_as("::1", "::1/128");
	prints_as("2001:DB8:7::/48", "2001:db8:7::/48");
	prints_as("2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1/128");
	prints_as("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128");
	prints_as("2001:0:0:1:0:0:0:1", "2001:0:0:1::1/128");
	prints_as("1:0:0:0:0:0:0:0", "1::/128");
	prints_as("::ffff:192.0.2.1", "::ffff:192.0.2.1/128");
	prints_as("64:ff9b::c000:201", "64:ff9b::c000:201/128");
	prints_as("8000::/1", "8000::/1");
}

static void bad_prefixes(void)
{
	static const char *const bad[] = {
		"",
		"192.0.2.7/24",
		"192.0.2.0/33",
		"192.0.2.0/",
		"192.0.2/24",
		"192.0.2.0/-1",
		"192.0.2.0/+8",
		"192.0.2.0/ 24",
		"localhost",
		"2001:db8::1/64",
		"2001:db8::/129",
		"2001:db8::/64x",
		"::1%lo",
		"192.0.2.0/024",
		"1.2.3.4/0x18",
		"/24",
		" 192.0.2.1",
		"192.0.2.1 ",
		"1::2::3",
		"192.0.2.0/24/24",
		"192.0.2.0/4294967320",
		"0000000000000000000000000000000000000000000000000000000000000000000000:1",
	};
	struct net_prefix prefix;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!net_prefix_parse(bad[i], &prefix), "'%s' is no prefix", bad[i]);
}

/* The C library prints the same, but for ::192.0.2.1, of which RFC 5952 does not speak. */
static void prints_like_the_library(void)
{
	uint32_t seed = 1;
	int n_alike = 0, n = 0;

	for (int i = 0; i < 20000; i++) {
		struct net_ip ip = {.version = i & 1 ? 6 : 4};
		char ours[NET_IP_TEXT_LEN], theirs[INET6_ADDRSTRLEN];

		for (int k = 0; k < (i & 1 ? 16 : 4); k++) {
			seed = seed * 1664525 + 1013904223;
			ip.bytes[k] = seed >> 24 & 1 || seed >> 26 & 1 ? (uint8_t)(seed >> 16) : 0;
			if (i & 2 && k & 1 && !ip.bytes[k - 1])
				ip.bytes[k] &= 3;
		}
		if (!inet_ntop(i & 1 ? AF_INET6 : AF_INET, ip.bytes, theirs, sizeof theirs))
			continue;
		net_ip_print(&ip, ours);
		n++;
		n_alike += !strcmp(ours, theirs);
	}
	ok(n == 20000 && n_alike == n, "%d of %d addresses print as the C library has them",
	   n_alike, n);
}

static void holds_what_it_should(const char *prefix_text, const char *inside, const char *outside)
{
	struct net_prefix prefix, in, out;

	ok(net_prefix_parse(prefix_text, &prefix) && net_prefix_parse(inside, &in) &&
		   net_prefix_parse(outside, &out) && net_prefix_holds(&prefix, &in.ip) &&
		   !net_prefix_holds(&prefix, &out.ip),
	   "%s holds %s and not %s", prefix_text, inside, outside);
}

int main(void)
{
	good_prefixes();
	bad_prefixes();
	prints_like_the_library();
	holds_what_it_should("192.0.2.0/25", "192.0.2.127", "192.0.2.128");
	holds_what_it_should("192.0.2.7/32", "192.0.2.7", "192.0.2.6");
	holds_what_it_should("0.0.0.0/0", "255.1.2.3", "::");
	holds_what_it_should("::/0", "ffff::", "0.0.0.0");
	holds_what_it_should("2001:db8:6::/47", "2001:db8:6::1", "2001:db8:8::1");
	return tap_end();
}
