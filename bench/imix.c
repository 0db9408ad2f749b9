/* Writes a capture of made-up traffic, the same every time: the one that speed is measured on.
 *
 *	imix FILE|- [PACKETS [FLOWS]]      3,000,000 packets of 540,000 flows
 *
 * pcap with times in microseconds, Ethernet, IPv4. Frames of 60, 576 and 1,500 bytes as 7 : 4 : 1.
 * Two thirds are TCP, the rest UDP; headers and checksums are valid; a third of the flows go to
 * port 443; both directions of a flow occur. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wr.h"

enum {
	ETHER_LEN = 14,
	IP_LEN = 20,
	UDP_LEN = 8,
	TCP_LEN = 20,
	LARGEST = 1500,
	ROOM = 1 << 20,
	N_PACKETS = 3000000,
	N_FLOWS = 540000,
	START_S = 1767225600, /* 2026-01-01 */
	CYCLE = 12,
};

static const uint16_t sizes[CYCLE] = {60, 576, 60, 60, 576, 1500, 60, 576, 60, 60, 576, 60};
static const uint16_t ports[] = {443, 80, 443, 53, 8080, 443, 25, 5060, 123};

/* A fixed permutation of 32 bits: packets' and flows' properties are its digits. */
static uint32_t scramble(uint32_t v)
{
	v ^= v >> 16;
	v *= 0x7feb352d;
	v ^= v >> 15;
	v *= 0x846ca68b;
	return v ^ v >> 16;
}

static uint32_t add16(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return len % 2 ? sum + ((uint32_t)bytes[len - 1] << 8) : sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void write_ip(struct wr *w, uint32_t flow, uint16_t len, int is_tcp, int is_back)
{
	uint32_t client = 0x0a000000 | (scramble(flow) & 0xffffff);
	uint32_t server = 0xc6120000 | (scramble(flow ^ 0x5bd1e995) & 0x1ffff);
	uint8_t *start = w->bytes + w->len;

	wr_u16(w, 0x4500);
	wr_u16(w, len);
	wr_u32(w, 0x00004000);
	wr_u8(w, 64);
	wr_u8(w, is_tcp ? 6 : 17);
	wr_u16(w, 0);
	wr_u32(w, is_back ? server : client);
	wr_u32(w, is_back ? client : server);
	put16(start + 10, fold(add16(start, IP_LEN, 0)));
}

/* The checksum covers addresses, protocol and length too (RFC 793, RFC 768). */
static void fill_checksum(uint8_t *ip, size_t len, int is_tcp)
{
	uint32_t sum = add16(ip + 12, 8, is_tcp ? 6 : 17) + (uint32_t)(len - IP_LEN);
	uint8_t *at = ip + IP_LEN + (is_tcp ? 16 : 6);
	uint16_t folded = fold(add16(ip + IP_LEN, len - IP_LEN, sum));

	put16(at, folded || is_tcp ? folded : 0xffff);
}

static void write_frame(struct wr *w, uint32_t number, uint32_t flow, uint16_t size)
{
	uint32_t dice = scramble(flow + 77);
	uint16_t here = (uint16_t)(1024 + dice % 60000);
	uint16_t there = ports[dice / 65536 % (sizeof ports / sizeof *ports)];
	int is_tcp = dice % 3 != 0;
	int is_back = scramble(number) & 1;
	uint8_t *ip;

	wr_u32(w, 0x02000000);
	wr_u32(w, 0x00020200);
	wr_u32(w, 0x00000001);
	wr_u16(w, 0x0800);
	ip = w->bytes + w->len;
	write_ip(w, flow, (uint16_t)(size - ETHER_LEN), is_tcp, is_back);
	wr_u16(w, is_back ? there : here);
	wr_u16(w, is_back ? here : there);
	if (is_tcp) {
		wr_u32(w, number);
		wr_u32(w, scramble(number));
		wr_u32(w, 0x501001f4); /* ACK */
		wr_u32(w, 0);
	} else {
		wr_u16(w, (uint16_t)(size - ETHER_LEN - IP_LEN));
		wr_u16(w, 0);
	}
	while (w->len < (size_t)(ip - w->bytes) + size - ETHER_LEN)
		wr_u8(w, (uint8_t)(number + w->len));
	fill_checksum(ip, size - ETHER_LEN, is_tcp);
}

static int flush(int fd, struct wr *w)
{
	size_t done = 0;

	while (done < w->len) {
		ssize_t n = write(fd, w->bytes + done, w->len - done);

		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	wr_reset(w);
	return 0;
}

static int write_capture(int fd, uint32_t n_packets, uint32_t n_flows)
{
	static uint8_t room[ROOM];
	struct wr w = wr_of(room, sizeof room);

	wr_le32(&w, 0xa1b2c3d4);
	wr_le32(&w, 0x00040002);
	wr_le32(&w, 0);
	wr_le32(&w, 0);
	wr_le32(&w, 262144);
	wr_le32(&w, 1);
	for (uint32_t i = 0; i < n_packets; i++) {
		uint16_t size = sizes[i % CYCLE];

		if (w.size - w.len < LARGEST + 16 && flush(fd, &w) < 0)
			return -1;
		wr_le32(&w, START_S + i / 500000);
		wr_le32(&w, i % 500000 * 2);
		wr_le32(&w, size);
		wr_le32(&w, size);
		write_frame(&w, i, scramble(i + 1) % n_flows, size);
	}
	return flush(fd, &w);
}

int main(int argc, char **argv)
{
	uint32_t n_packets = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : N_PACKETS;
	uint32_t n_flows = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : N_FLOWS;
	int fd = STDOUT_FILENO;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		puts("usage: bench-imix FILE|- [PACKETS [FLOWS]]");
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "-"))
		fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (argc < 2 || fd < 0 || !n_flows || write_capture(fd, n_packets, n_flows) < 0) {
		perror("imix FILE|- [PACKETS [FLOWS]]");
		return 1;
	}
	return close(fd) != 0;
}
