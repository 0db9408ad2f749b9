#include "access/server.h"

#include <string.h>

#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

static struct craft wire;
static struct weir_frame frame;
static struct weir_packet packet;
static struct access_servers *servers;
static struct access_server list[3] = {{.first_port = 1812, .last_port = 1813},
				       {.first_port = 3799, .last_port = 3799},
				       {.first_port = 1813, .last_port = 1813}};

static void decode(const char *sentence, bool is_reversed, uint32_t cut)
{
	craft(&wire, sentence, is_reversed);
	frame = (struct weir_frame){
		.bytes = craft_bytes(&wire),
		.cap_len = (uint32_t)craft_len(&wire) - cut,
		.wire_len = (uint32_t)craft_len(&wire),
		.time_ns = 7,
		.link = wire.link,
	};
	net_decode(&packet, &frame);
}

static void find(const char *sentence, bool is_answer, size_t len)
{
	struct access_datagram d;

	decode(sentence, is_answer, 0);
	ok(access_servers_find(servers, &packet, &d) && d.is_answer == is_answer && d.len == len &&
		   d.time.ns == 7 && d.client_port != d.server_port &&
		   !memcmp(&d.server,
			   packet.layers[packet.inner_ip].proto == WEIR_IPV4 ? &list[0].ip
									     : &list[2].ip,
			   sizeof d.server),
	   "%s is %s", sentence, is_answer ? "an answer" : "a request");
}

static void miss(const char *sentence)
{
	struct access_datagram d;

	decode(sentence, false, 0);
	ok(!access_servers_find(servers, &packet, &d), "%s is neither", sentence);
}

int main(void)
{
	struct access_datagram d;

	/* the addresses that craft gives: source and destination of each family */
	decode("ip udp:1812 pay:30", false, 0);
	(void)net_ip_dst(&packet, packet.inner_ip, &list[0].ip);
	(void)net_ip_src(&packet, packet.inner_ip, &list[1].ip);
	decode("ip6 udp:1812 pay:30", false, 0);
	(void)net_ip_dst(&packet, packet.inner_ip, &list[2].ip);
	ok(access_servers_new(&servers, list, 3) == 0, "three servers");

	find("ip udp:1812 pay:30", false, 30);
	find("eth vlan:5 ip udp:1813 pay:40", false, 40);
	find("ip6 udp:1813 pay:20", false, 20);
	find("eth ip udp:4789 vxlan eth ip udp:1812 pay:21", false, 21);
	find("ip udp:1812 pay:30", true, 30);
	find("ip6 udp:1813 pay:0", true, 0);
	miss("ip6 udp:1812 pay:20");
	miss("ip udp:1811 pay:20");
	miss("ip udp:3799 pay:20");
	miss("ip tcp:1812 pay:20");
	miss("ip:0x20000 udp:1812 pay:20");
	miss("ip6 frag:1 udp:1813 pay:20");
	miss("ip icmp:3 ip udp:1812 pay:20");
	miss("ip pay:20");

	decode("ip udp:1812 pay:30", false, 10);
	ok(access_servers_find(servers, &packet, &d) && d.len == 20,
	   "a datagram that was not captured whole is found as far as it is here");
	for (uint32_t cut = 31; cut < craft_len(&wire); cut++) {
		decode("ip udp:1812 pay:30", false, cut);
		if (access_servers_find(servers, &packet, &d))
			ok(false, "cut in its header it is not found");
	}
	ok(!access_servers_find(NULL, &packet, &d), "nothing is found without servers");
	access_servers_free(&servers);
	list[1].last_port = 3798;
	ok(access_servers_new(&servers, list, 3) == ERR_USAGE,
	   "ports that run backwards are refused");
	list[1].first_port = 0;
	ok(access_servers_new(&servers, list, 3) == ERR_USAGE, "so is port 0");
	ok(access_servers_new(&servers, list, ACCESS_MAX_SERVERS + 1) == ERR_USAGE,
	   "so are too many servers");
	return tap_end();
}
