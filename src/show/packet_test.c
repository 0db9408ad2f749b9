#include "show/packet.h"

#include <stdlib.h>
#include <string.h>

#include "base/tap.h"
#include "net/craft.h"
#include "net/decode.h"

/* A packet as a sentence for craft.h, and the lines that it must give. */
struct fact {
	const char *sentence;
	const char *lines;
};

#define HEAD "  2026-01-02T03:04:05.000000600Z  "

static const struct fact facts[] = {
	{"eth vlan:0x6005 ip tcp:1 pay:20",
	 HEAD "82 bytes\n"
	      "    eth      02:00:00:00:00:0a > 02:00:00:00:00:0b  type 0x8100\n"
	      "    vlan     id 5  priority 3  type 0x0800\n"
	      "    ip       192.0.2.1 > 198.51.100.2  ttl 64  id 0x1234  len 64  proto 6"
	      "  checksum 0x7c4d good\n"
	      "    tcp      40000 > 80  seq 1000  ack 2000  win 8192  flags [PSH,ACK]"
	      "  checksum 0x4888 good  options [nop,nop,nop,nop]\n"
	      "    payload  len 20\n"
	      "      0000  a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af  ................\n"
	      "      0010  b0 b1                                            ..\n"},
	{"eth pppoe:17 ppp ip6 udp:2152 gtpu:4 ip icmp",
	 HEAD "122 bytes\n"
	      "    eth      02:00:00:00:00:0a > 02:00:00:00:00:0b  type 0x8864\n"
	      "    pppoe    code 0x00  session 0x0011  len 102\n"
	      "    ppp      protocol 0x0057\n"
	      "    ip6      2001:db8::1 > 2001:db8::2  hops 64  len 60  flow 0x00000  next 17\n"
	      "    udp      40000 > 2152  len 60  checksum 0x0e44 good\n"
	      "    gtpu     kind t-pdu  teid 0x0000abcd  len 44"
	      "  extensions [0x85 (4 bytes),0x85 (8 bytes)]\n"
	      "      ip       192.0.2.1 > 198.51.100.2  ttl 64  id 0x1234  len 28  proto 1"
	      "  checksum 0x7c76 good\n"
	      "      icmp     type 8  code 0  name echo-request  checksum 0xf7ff good  id 0"
	      "  seq 0\n"},
	{"eth mpls:16 ip:0x20000 udp",
	 HEAD "46 bytes\n"
	      "    eth      02:00:00:00:00:0a > 02:00:00:00:00:0b  type 0x8847\n"
	      "    mpls     label 16  bottom  ttl 64\n"
	      "    ip       192.0.2.1 > 198.51.100.2  ttl 64  id 0x1234  len 28  mf  proto 17"
	      "  offset 0  checksum 0x5c66 good\n"
	      "    udp      40000 > 53  len 8  checksum 0x7731 unknown\n"},
	{"pay:4", HEAD "4 bytes\n"
		       "    link type 147 is not decoded\n"
		       "      0000  a0 a1 a2 a3                                      ....\n"},
};

static struct weir_frame frame_of(const struct craft *c)
{
	return (struct weir_frame){
		.bytes = craft_bytes(c),
		.cap_len = (uint32_t)craft_len(c),
		.wire_len = (uint32_t)craft_len(c),
		.time_ns = 1767323045000000600,
		.link = c->link,
	};
}

/* The packet in words, in w. */
static void put_words(struct wr *w, const struct weir_frame *frame, bool is_json, bool is_brief)
{
	struct show_style style = {.is_brief = is_brief, .has_hex = true, .max_hex = 18};
	struct weir_packet p;
	struct form f;

	wr_reset(w);
	form_init(&f, w, is_json);
	if (is_json)
		form_put(&f, "{\"number\":1");
	net_decode(&p, frame);
	show_packet(&f, &style, &p, NULL);
}

static void lines_are_these(void)
{
	static struct craft c;
	struct wr w = wr_init(1 << 20);

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct weir_frame frame;

		craft(&c, facts[i].sentence, false);
		frame = frame_of(&c);
		put_words(&w, &frame, false, false);
		if (!ok(w.len == strlen(facts[i].lines) && !memcmp(w.bytes, facts[i].lines, w.len),
			"%s in words", facts[i].sentence))
			printf("%.*s", (int)w.len, (const char *)w.bytes);
	}
	wr_fini(&w);
}

static void brief_is(const char *sentence, const char *line)
{
	static struct craft c;
	struct wr w = wr_init(1 << 20);
	struct weir_frame frame;

	craft(&c, sentence, false);
	frame = frame_of(&c);
	put_words(&w, &frame, false, true);
	ok(w.len == strlen(line) && !memcmp(w.bytes, line, w.len), "%s in a line: %.*s", sentence,
	   (int)w.len - 1, (const char *)w.bytes);
	wr_fini(&w);
}

static const char *const sentences[] = {
	"eth qinq:1 vlan:2 snap ip6 hbh dst:2 rt:4 frag:1 ah tcp:6 pay:9",
	"sll ip:5 icmp:3 ip udp:4789 vxlan:9 eth arp",
	"radiotap:0x10 wlan:0x8802 snap ip udp:1701 l2tp:0x4a02 ppp ip6 icmp6:3 ip6 sctp",
	"ip gre:0xf000 erspan3:3 eth mpls:1 mpls:2 ip udp:6081 geneve:4 eth ip esp",
	"ip6 udp:2152 gtpu:7 ip gre:0x3081 ppp:3 ip l2tp3:8 eth ip udplite:8 pay:3",
	"null:2 ip tcp:10",
	"eth llc:0x42 pay:40",
	"chdlc ip6 rt:6 mob:3",
	"sll2 ip ah esp pay:3",
};

static const char *after_value(const char *at, int depth);

static const char *after_text(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && !strchr("\"\\/bfnrtu", *++at))
			return NULL;
	}
	return at + 1;
}

/* An object's or an array's members. */
static const char *after_members(const char *at, int depth, bool has_keys)
{
	char close = has_keys ? '}' : ']';

	if (*++at == close)
		return at + 1;
	for (;;) {
		if (has_keys) {
			at = after_text(at);
			if (!at || *at++ != ':')
				return NULL;
		}
		at = after_value(at, depth + 1);
		if (!at || (*at != ',' && *at != close))
			return NULL;
		if (*at++ == close)
			return at;
	}
}

/* Past the JSON value (RFC 8259, without white space) at `at`; NULL where it is none. */
static const char *after_value(const char *at, int depth)
{
	size_t n;

	if (depth > 8)
		return NULL;
	if (*at == '{' || *at == '[')
		return after_members(at, depth, *at == '{');
	if (*at == '"')
		return after_text(at);
	if (!strncmp(at, "true", 4))
		return at + 4;
	n = strspn(at, "0123456789");
	return n && (n == 1 || *at != '0') ? at + n : NULL;
}

/* Whatever the bytes: JSON is one valid object a line, text has no control characters. */
static bool is_clean(struct wr *w, const struct weir_frame *frame)
{
	const char *end;

	put_words(w, frame, false, false);
	for (size_t i = 0; i < w->len; i++)
		if ((w->bytes[i] < ' ' && w->bytes[i] != '\n') || w->bytes[i] > '~')
			return false;
	put_words(w, frame, false, true);
	if (memchr(w->bytes, '\n', w->len) != w->bytes + w->len - 1)
		return false;
	put_words(w, frame, true, false);
	if (memchr(w->bytes, '\n', w->len) != w->bytes + w->len - 1)
		return false;
	wr_u8(w, 0);
	end = after_value((const char *)w->bytes, 0);
	if (!end)
		printf("# %s", (const char *)w->bytes);
	return end && !strcmp(end, "\n");
}

static void cut_packets_are_clean(const char *sentence)
{
	static struct craft c;
	struct wr w = wr_init(1 << 20);
	bool is_good = true;
	struct weir_frame frame;

	craft(&c, sentence, false);
	for (size_t len = 0; len <= craft_len(&c) && is_good; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		memcpy(copy, craft_bytes(&c), len);
		frame = frame_of(&c);
		frame.bytes = copy;
		frame.cap_len = (uint32_t)len;
		is_good = is_clean(&w, &frame);
		free(copy);
	}
	ok(is_good, "%s is clean at each cut", sentence);
	wr_fini(&w);
}

/* Bytes of headers changed at random, which reaches what no sentence says. */
static void changed_packets_are_clean(const char *sentence)
{
	static struct craft c;
	struct wr w = wr_init(1 << 20);
	bool is_good = true;
	uint32_t seed = 7;

	for (int i = 0; i < 1500 && is_good; i++) {
		struct weir_frame frame;

		craft(&c, sentence, false);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1664525 + 1013904223;
			c.bytes[c.at + (seed >> 16) % craft_len(&c)] = (uint8_t)(seed >> 8);
		}
		frame = frame_of(&c);
		is_good = is_clean(&w, &frame);
	}
	ok(is_good, "%s is clean with bytes changed", sentence);
	wr_fini(&w);
}

static void names_from_outside_are_escaped(void)
{
	static struct craft c;
	static const char evil[] = "et\x1b[31m\"\\\n\xff";
	struct weir_iface iface = {.name = evil, .digits = 6};
	struct show_style style = {0};
	struct wr w = wr_init(1 << 20);
	struct weir_frame frame;
	struct weir_packet p;
	struct form f;

	craft(&c, "ip tcp", false);
	frame = frame_of(&c);
	net_decode(&p, &frame);
	form_init(&f, &w, false);
	show_packet(&f, &style, &p, &iface);
	wr_u8(&w, 0);
	ok(strstr((const char *)w.bytes, ".000000Z  40 bytes  on et\\x1b[31m\"\\x5c\\x0a\\xff\n"),
	   "an interface's name is escaped, its digits are those of the times");
	wr_reset(&w);
	form_init(&f, &w, true);
	form_put(&f, "{\"number\":1");
	show_packet(&f, &style, &p, &iface);
	wr_u8(&w, 0);
	ok(strstr((const char *)w.bytes,
		  ",\"iface_name\":\"et\\u001b[31m\\\"\\\\\\n\xef\xbf\xbd\","),
	   "in JSON too");
	wr_fini(&w);
}

int main(void)
{
	lines_are_these();
	brief_is("eth ip6 tcp", HEAD "74 bytes  eth.ip6.tcp  [2001:db8::1]:40000 > "
				     "[2001:db8::2]:80  tcp [PSH,ACK]\n");
	brief_is("ip icmp:3 ip udp",
		 HEAD "56 bytes  ip.icmp.ip.udp  192.0.2.1 > 198.51.100.2  icmp unreachable\n");
	brief_is("eth ip:0x640 pay:8", HEAD "42 bytes  eth.ip  192.0.2.1 > 198.51.100.2\n");
	brief_is("eth:0x88b5 pay:46", HEAD "60 bytes  eth  (unknown)\n");
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		cut_packets_are_clean(sentences[i]);
		changed_packets_are_clean(sentences[i]);
	}
	names_from_outside_are_escaped();
	return tap_end();
}
