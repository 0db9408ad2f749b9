#include "net/ip.h"

#include <arpa/inet.h>
#include <string.h>

static bool address_of(const struct weir_packet *p, int i, bool is_src, struct net_ip *out)
{
	const struct weir_layer *l;
	bool is_v4;

	*out = (struct net_ip){.version = 0};
	if (i < 0 || i >= p->n_layers || !net_is_ip(&p->layers[i]))
		return false;
	l = &p->layers[i];
	is_v4 = l->proto == WEIR_IPV4;
	out->version = is_v4 ? 4 : 6;
	memcpy(out->bytes, is_src ? net_ip_src_bytes(p, l) : net_ip_dst_bytes(p, l),
	       is_v4 ? 4 : 16);
	return true;
}

bool net_ip_src(const struct weir_packet *p, int i, struct net_ip *out)
{
	return address_of(p, i, true, out);
}

bool net_ip_dst(const struct weir_packet *p, int i, struct net_ip *out)
{
	return address_of(p, i, false, out);
}

static char *put_decimal(char *at, unsigned v)
{
	if (v >= 100)
		*at++ = (char)('0' + v / 100);
	if (v >= 10)
		*at++ = (char)('0' + v / 10 % 10);
	*at++ = (char)('0' + v % 10);
	return at;
}

static char *put_v4(char *at, const uint8_t *bytes)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = put_decimal(at, bytes[i]);
	}
	return at;
}

static char *put_hex(char *at, unsigned v)
{
	bool is_begun = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = v >> shift & 15;

		if (!digit && !is_begun && shift)
			continue;
		is_begun = true;
		*at++ = "0123456789abcdef"[digit];
	}
	return at;
}

/* The first of the longest runs of two or more zero words: where it begins, and its length. */
static int longest_zeros(const uint16_t words[8], int *len)
{
	int best = 8;

	*len = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && !words[i + n])
			n++;
		if (n > *len) {
			best = i;
			*len = n;
		}
		i += n;
	}
	return best;
}

/* RFC 5952 section 4; and section 5 for addresses that hold one of IPv4 (::ffff:0:0/96). */
static char *put_v6(char *at, const uint8_t *bytes)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	uint16_t words[8];
	int gap, gap_len;

	if (!memcmp(bytes, mapped, sizeof mapped)) {
		memcpy(at, "::ffff:", 7);
		return put_v4(at + 7, &bytes[12]);
	}
	for (int i = 0; i < 8; i++)
		words[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	gap = longest_zeros(words, &gap_len);
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			*at++ = ':';
			i += gap_len - 1;
			if (i == 7)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		at = put_hex(at, words[i]);
	}
	return at;
}

size_t net_ip_print(const struct net_ip *ip, char out[NET_IP_TEXT_LEN])
{
	char *end = ip->version == 4 ? put_v4(out, ip->bytes) : put_v6(out, ip->bytes);

	*end = 0;
	return (size_t)(end - out);
}

/* Clears the bits of bytes beyond the first n. */
static void keep_bits(uint8_t bytes[16], unsigned n)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned kept = n > i * 8 ? n - i * 8 : 0;

		if (kept < 8)
			bytes[i] &= (uint8_t)(0xff00 >> kept);
	}
}

/* One to three digits without a sign, a space or an extra zero; -1 for anything else. */
static int parse_bits(const char *text)
{
	size_t n = strspn(text, "0123456789");
	int bits = 0;

	if (!n || n > 3 || text[n] || (text[0] == '0' && n > 1))
		return -1;
	for (size_t i = 0; i < n; i++)
		bits = bits * 10 + (text[i] - '0');
	return bits;
}

bool net_prefix_parse(const char *text, struct net_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct net_ip kept;
	char address[NET_IP_TEXT_LEN];
	int most, bits;

	*out = (struct net_prefix){.bits = 0};
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = 0;
	if (inet_pton(AF_INET, address, out->ip.bytes) == 1)
		out->ip.version = 4;
	else if (inet_pton(AF_INET6, address, out->ip.bytes) == 1)
		out->ip.version = 6;
	else
		return false;
	most = out->ip.version == 4 ? 32 : 128;
	bits = slash ? parse_bits(slash + 1) : most;
	if (bits < 0 || bits > most)
		return false;
	out->bits = (uint8_t)bits;
	kept = out->ip;
	keep_bits(kept.bytes, (unsigned)bits);
	return !memcmp(kept.bytes, out->ip.bytes, sizeof kept.bytes);
}

size_t net_prefix_print(const struct net_prefix *prefix, char out[NET_IP_TEXT_LEN])
{
	char *end = &out[net_ip_print(&prefix->ip, out)];

	*end++ = '/';
	end = put_decimal(end, prefix->bits);
	*end = 0;
	return (size_t)(end - out);
}

bool net_prefix_holds(const struct net_prefix *prefix, const struct net_ip *ip)
{
	struct net_ip kept = *ip;

	if (ip->version != prefix->ip.version)
		return false;
	keep_bits(kept.bytes, prefix->bits);
	return !memcmp(kept.bytes, prefix->ip.bytes, sizeof kept.bytes);
}
