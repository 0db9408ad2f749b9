/* The words of filters: all of libpcap's language is understood, to libpcap's verdicts on packets
 * whole and cut; and nothing is ever looked up by name. */
#include "filter/words.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "filter/filter.h"
#include "filter/names_trap.h"

static const char *const good[] = {
	"tcp",
	"tcp port 443",
	"udp and (port 53 or port 67)",
	"host 10.1.2.3",
	"src host 10.1.2.3 and dst port 80",
	"net 10.0.0.0/8",
	"net 10.1",
	"src net 192.168.0.0 mask 255.255.0.0",
	"ip6",
	"host 2001:db8::1",
	"net 2001:db8::/32",
	"ip6 host ::1",
	"ether host 02:00:00:00:00:01",
	"ether src 02-00-00-00-00-01 or ether multicast",
	"vlan",
	"vlan 5 and tcp",
	"vlan and vlan 7 and udp port 53",
	"mpls",
	"mpls 1024 and ip",
	"pppoes and ip",
	"icmp[icmptype] = icmp-echo",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"tcp[13] & 3 != 0 and not net 10.0.0.0/8",
	"ip[2:2] - ((ip[0] & 0xf) << 2) > 100",
	"tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
	"less 100",
	"greater 500",
	"len > 64 and len % 3 = 1",
	"len / 7 = 9 or len ^ 5 = 60",
	"ether[0] & 1 != 0",
	"ip[6:2] & 0x1fff = 0",
	"port http or https",
	"tcp dst port (http or 443)",
	"portrange 6000-6008",
	"udp src portrange 1000-50000",
	"proto 17",
	"ip proto \\tcp",
	"ip6 proto 58",
	"ether proto 0x86dd",
	"ether proto \\arp",
	"ip protochain 17",
	"ip6 protochain 6",
	"ip6 protochain \\udp or arp",
	"icmp6",
	"icmp6[icmp6type] = icmp6-neighborsolicit",
	"arp or rarp",
	"sctp port 5060",
	"ip broadcast",
	"ip multicast or ip6 multicast",
	"geneve",
	"llc",
	"llc s",
	"not ip and not ip6",
	"! (tcp or udp)",
	"tcp && port 22 || udp && port 53",
	"esp or ah",
	"ip[8] * 2 > 100 and ip[9] + ip[8] < 90",
	"-ip[0] = 1",
	"ip[ip[0] & 0xf] = 3",
	"(ip[0] | 1) << (ip[1] & 3) != 0 >> 1",
	"ip[4:2] / (ip[6:2] + 0) = 1",
};

/* Each would ask the world for a name, or is no expression. */
static const char *const bad[] = {
	"host example.net",
	"host 3com.example",
	"host 300.example.net or tcp",
	"example.net",
	"src foo",
	"dst net foo",
	"net foo mask 255.0.0.0",
	"gateway foo",
	"ether host foo",
	"tcp and foo",
	"port 80 and host foo",
	"port http and src foo",
	"port http or host foo",
	"(port http) or foo",
	"port 80 or (tcp and foo)",
	"tcp port 80 or udp foo",
	"vlan or foo",
	"llc or foo",
	"llc s or foo",
	"not foo",
	"!foo",
	"host foo-bar",
	"host 10.1.2.3x",
	"host 10.1.2.3.4",
	"host 1a",
	"host abc:def",
	"host dead.beef",
	"host fe80::1::2",
	"ether host 02:00:00:00:00",
	"ether host aabb.ccdd.eeff.0011",
	"host \\tcp",
	"decnet host foo",
	"less 100 or foo",
	"proto 6 and src foo",
	"type mgt subtype beacon or foo",
	"ip[foo] = 3",
	"tcp[foo:2] = 3",
	"host _tcp.example",
	"host .example",
	"port 80 80",
	"tcp and",
	"ip[",
	")",
	"tcp port 99999",
};

static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Something that filters look at: tags, either IP, fragments, options, ports that are asked for. */
static uint32_t make_packet(uint8_t *bytes, uint32_t room)
{
	static const uint16_t types[] = {0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806,
					 0x8100, 0x8847, 0x8864, 0x0040, 0x88a8};
	static const uint8_t protos[] = {6, 6, 17, 17, 1, 58, 0, 43, 44, 60, 51, 59, 132, 4};
	static const uint16_t ports[] = {80, 443, 53, 22, 67, 6005, 5060, 6081, 5, 1000};
	uint32_t len = any(3) ? 34 + any(120) : any(room);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(any(4) ? any(8) : any(256));
	for (uint32_t at = 12, n = any(3); at + 2 <= len && n < 3; at += 4, n++) {
		uint16_t type = types[any(sizeof types / sizeof types[0])];

		bytes[at] = (uint8_t)(type >> 8);
		bytes[at + 1] = (uint8_t)type;
	}
	if (len > 60) {
		bool is_v6 = bytes[12] == 0x86;

		bytes[14] = is_v6 ? 0x60 : (uint8_t)(0x45 + any(2));
		bytes[20] = is_v6 || any(3) == 0 ? protos[any(sizeof protos)] : 0;
		bytes[21] = 0;
		if (!is_v6)
			bytes[23] = protos[any(sizeof protos)];
		for (uint32_t at = 34; at < 58; at += 2) {
			uint16_t port = ports[any(sizeof ports / sizeof ports[0])];

			if (any(2)) {
				bytes[at] = (uint8_t)(port >> 8);
				bytes[at + 1] = (uint8_t)port;
			}
		}
		if (any(4) == 0)
			memcpy(bytes + 26, "\x0a\x01\x02\x03", 4);
	}
	return len;
}

struct verdicts {
	struct filter *filter;
	struct bpf_program program;
	int n_true;
	int n_wrong;
};

static void compare(struct verdicts *v, const uint8_t *bytes, uint32_t len, uint32_t wire_len)
{
	struct weir_frame frame = {.bytes = bytes, .cap_len = len, .wire_len = wire_len, .link = 1};
	bool ours = filter_match(v->filter, &frame);
	bool theirs = bpf_filter(v->program.bf_insns, bytes, wire_len, len) != 0;

	v->n_true += theirs;
	v->n_wrong += ours != theirs;
}

static void test_verdicts(const char *expression, pcap_t *ethernet)
{
	struct verdicts v = {0};
	struct why why;
	uint8_t bytes[400];
	int n_cut = 0;

	why_clear(&why);
	if (!ok(filter_new(&v.filter, expression, &why) == 0, "\"%s\" is understood %s", expression,
		why.text))
		return;
	ok(strcmp(filter_text(v.filter), expression) == 0 && !why.text[0],
	   "and kept, word by word");
	if (pcap_compile(ethernet, &v.program, expression, 1, 0) < 0)
		abort();
	seed = 7;
	for (int i = 0; i < 600; i++) {
		uint32_t len = make_packet(bytes, sizeof bytes);
		uint8_t *copy =
			malloc(len ? len : 1); /* of its own size: a sanitizer sees it all */
		uint32_t cut = len ? any(len) : 0;

		memcpy(copy, bytes, len);
		compare(&v, copy, len, len);
		copy = realloc(copy, cut ? cut : 1);
		compare(&v, copy, cut, len);
		n_cut++;
		free(copy);
	}
	ok(v.n_wrong == 0, "\"%s\": libpcap says the same of %d packets and their cuts (%d match)",
	   expression, n_cut, v.n_true);
	pcap_freecode(&v.program);
	filter_free(&v.filter);
}

static void test_names(void)
{
	struct filter *f;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct why why;

		why_clear(&why);
		names_asked = 0;
		ok(filter_new(&f, bad[i], &why) == ERR_USAGE && !f && why.text[0] && !names_asked,
		   "\"%s\" is refused, and nobody asked: %s", bad[i], why.text);
	}
}

/* That the traps above work at all. */
static void test_traps(pcap_t *ethernet)
{
	struct bpf_program program;

	names_asked = 0;
	ok(pcap_compile(ethernet, &program, "host example.net", 1, 0) < 0 && names_asked == 1,
	   "libpcap by itself would ask for a host's name");
}

int main(void)
{
	pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, 262144);

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		test_verdicts(good[i], ethernet);
	ok(names_asked == 0, "for none of these was a name asked for");
	test_names();
	test_traps(ethernet);
	pcap_close(ethernet);
	return tap_end();
}
