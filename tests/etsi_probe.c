/* etsi-probe HI2 HI3: writes streams that use every form of record, for etsi_test.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/ipcc.h"
#include "etsi/ipiri.h"

enum { MAX_PACKET = 65535, N_STREAMS = 4 };

static const struct etsi_stream streams[N_STREAMS] = {
	{.liid = "LIID0001",
	 .authorization_country = "NZ",
	 .operator_id = "EXAMPLE-NZ",
	 .network_element = "akl-1",
	 .delivery_country = "NZ",
	 .interception_point = "point-1",
	 .cin = 1},
	{.liid = "1", .authorization_country = "NZ", .operator_id = "o", .cin = 0},
	{.liid = "1234567890123456789012345",
	 .authorization_country = "NL",
	 .operator_id = "1234567890123456",
	 .network_element = "abcdefghijklmnop",
	 .delivery_country = "DE",
	 .interception_point = "12345678",
	 .cin = UINT32_MAX},
	{.liid = "LIID-G",
	 .authorization_country = "AU",
	 .operator_id = "op",
	 .delivery_country = "AU",
	 .cin = 128,
	 .header_version = 17,
	 .service_version = 10,
	 .time_form = ETSI_TIME_GENERALIZED},
};

static uint8_t packet[MAX_PACKET];
static uint8_t record[MAX_PACKET + 1024];

/* An IPv4 packet that claims its own length, or an IPv6 one of at least 40 octets. */
static void make_packet(uint32_t len, bool is_v6)
{
	memset(packet, 0, sizeof packet);
	for (uint32_t i = 40; i < len; i++)
		packet[i] = (uint8_t)(i * 13);
	packet[0] = is_v6 ? 0x60 : 0x45;
	if (is_v6) {
		packet[4] = (uint8_t)((len - 40) >> 8);
		packet[5] = (uint8_t)(len - 40);
		packet[6] = 59;
	} else {
		packet[2] = (uint8_t)(len >> 8);
		packet[3] = (uint8_t)len;
		packet[9] = 17;
	}
}

static int put(FILE *file, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, file) == len ? 0 : ERR_IO;
}

/* Packets of every length around the changes of width, some cut, times of every form. */
static int put_packets(FILE *file, const struct etsi_header *h)
{
	static const uint32_t lens[] = {20,  21,  40,  90,  100,  105,  106,   107,   108,   120,
					126, 127, 128, 129, 200,  227,  228,   229,   230,   254,
					255, 256, 257, 576, 1500, 9000, 65501, 65502, 65503, 65535};
	uint32_t seq = 0;
	int rc = 0;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0] && !rc; i++) {
		/* an old version has no word for a packet that was cut */
		for (int cut = 0; cut < (h->service_version < 18 ? 1 : 2) && !rc; cut++) {
			struct wr w = wr_of(record, sizeof record);
			struct ipcc cc = {
				.bytes = packet,
				.len = cut ? lens[i] / 2 : lens[i],
				.original_len = lens[i],
				.seq = seq++,
				.direction = i % 3,
				.time = {1700000000000000000 + (int64_t)(i * i * i) * 1357000}};

			make_packet(lens[i], lens[i] >= 40 && i % 2);
			ipcc_encode(h, &cc, &w);
			rc = w.ok && w.len == ipcc_len(h, &cc) ? put(file, w.bytes, w.len)
							       : ERR_BAD;
		}
	}
	return rc;
}

static void fill_record(struct ipiri *iri, struct etsi_address *addresses, int n)
{
	struct etsi_address all[] = {
		{6, {0x20, 1, 0xd, 0xb8, 7}, 48, IP_STATIC},
		{4, {192, 0, 2, 7}, 32, IP_STATIC},
		{6, {0x20, 1, 0xd, 0xb8, 8}, 56, IP_DYNAMIC},
		{4, {198, 51, 100, 0}, 24, IP_NOT_KNOWN},
	};
	static const struct etsi_text routes[] = {{"192.0.2.0/24 192.0.2.1 1", 24},
						  {"::/0 :: 1", 9}};

	memcpy(addresses, all, sizeof all);
	iri->username = (struct etsi_text){"alice@isp.example", 17};
	iri->access_type = 6;
	ipiri_set_addresses(iri, addresses, (size_t)n);
	if (n < 4)
		return;
	iri->network_id = (struct etsi_text){"AA-BB-CC-DD-EE-FF", 17};
	iri->cpe_id = (struct etsi_text){"r\xc3\xb6uter", 7};
	iri->location_text = (struct etsi_text){"cabinet 7", 9};
	iri->pop_port = (struct etsi_number){true, UINT32_MAX};
	iri->callback_number = (struct etsi_text){"+6491234567", 11};
	iri->start_time = (struct etsi_moment){true, {1700000000500000000}};
	iri->end_time = (struct etsi_moment){true, {1700003600000000000}};
	iri->end_reason = (struct etsi_number){true, 4};
	iri->octets_received = (struct etsi_number){true, UINT64_MAX};
	iri->octets_transmitted = (struct etsi_number){true, 0};
	iri->raw_aaa = (struct etsi_text){"\x01\x02\x00\x14", 4};
	iri->expected_end_time = (struct etsi_moment){true, {1700007200000001000}};
	iri->pop_phone = (struct etsi_text){"123", 3};
	iri->pop_id = (struct etsi_id){ETSI_ID_MAC, {"\x02\x00\x00\x00\x00\x01", 6}, {0}};
	iri->pop_address = all[1];
	iri->authentication = (struct etsi_number){true, 4};
	iri->pop_port_id = (struct etsi_text){"nas-port-1", 10};
	iri->framed_routes = routes;
	iri->n_framed_routes = 2;
}

/* Each session once through, and the bracket of an interception around the live one. */
static int put_events(FILE *file, const struct etsi_header *h, int number)
{
	static const enum ipiri_event live[] = {IPIRI_START_ACTIVE, IPIRI_END_ACTIVE};
	static const enum ipiri_event session[] = {IPIRI_ATTEMPT, IPIRI_REJECT,  IPIRI_FAILED,
						   IPIRI_ACCEPT,  IPIRI_INTERIM, IPIRI_ACCESS_END};
	static const enum ipiri_event idle[] = {IPIRI_START_IDLE, IPIRI_UNKNOWN, IPIRI_EXPIRED};
	static const struct {
		const enum ipiri_event *events;
		size_t n;
	} series[N_STREAMS] = {{live, 2}, {session, 6}, {idle, 3}, {live, 2}};
	int rc = 0;

	for (size_t i = 0; i < series[number].n && !rc; i++) {
		struct ipiri iri = {.event = series[number].events[i],
				    .seq = (uint32_t)i,
				    .time = {1700000000000000000 + (int64_t)i * 999999000}};
		struct etsi_address addresses[4];
		struct wr w = wr_of(record, sizeof record);

		fill_record(&iri, addresses, number + 1);
		rc = ipiri_encode(h, &iri, &w, NULL);
		if (!rc)
			rc = put(file, w.bytes, w.len);
	}
	return rc;
}

static int encode(const char *hi2_path, const char *hi3_path)
{
	FILE *hi2 = fopen(hi2_path, "wb"), *hi3 = fopen(hi3_path, "wb");
	int rc = hi2 && hi3 ? 0 : ERR_IO;

	for (int i = 0; i < N_STREAMS && !rc; i++) {
		struct etsi_header h;

		rc = etsi_header_init(&h, &streams[i], NULL);
		if (!rc)
			rc = put_events(hi2, &h, i);
		if (!rc)
			rc = put_packets(hi3, &h);
	}
	if (hi2 && fclose(hi2) == EOF)
		rc = ERR_IO;
	if (hi3 && fclose(hi3) == EOF)
		rc = ERR_IO;
	return rc;
}

int main(int argc, char **argv)
{
	int rc = argc == 3 ? encode(argv[1], argv[2]) : ERR_USAGE;

	if (rc)
		fprintf(stderr, "etsi-probe: %s\n", err_text(rc));
	return rc ? 1 : 0;
}
