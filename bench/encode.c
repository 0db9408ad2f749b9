/* What encoding costs: IPCC records against a memcpy of the same octets.
 *
 * Packets lie one behind the other in a source that is far larger than the caches, as they do
 * in a capture ring or a file; records go one behind the other into an output as large. The copy
 * reads the finished records from a source of its own and writes an output of its own. Both work
 * in short turns, interleaved, so that a noisy neighbour disturbs both. Printed is the median of
 * the rounds' ratios, then what a record and a copy cost:
 *
 *	encode NAME RATIO  NS-PER-RECORD NS-PER-COPY
 *
 * Encoding includes asking how long the record will be, which reserving its room needs. */
#include "etsi/ipcc.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ROUNDS = 15,
	TURN = 1024,          /* records a turn */
	AHEAD = 16,           /* records ahead of which a header is asked for */
	MANY_HEADERS = 50000, /* live intercepts */
	MAX_RECORDS = 500000,
	PACKET_OCTETS = 64 << 20,
	MAX_EXTRA = 192, /* of a record, beyond its packet */
};

struct work {
	struct etsi_header *headers;
	uint32_t *packet_len;
	uint32_t *header_of; /* for each record */
	uint32_t *record_len;
	uint8_t *packets; /* what encoding reads */
	uint8_t *records; /* what the copy reads */
	uint8_t *encoded; /* what encoding writes */
	uint8_t *copied;  /* what the copy writes */
	size_t n;
};

/* How far encoding has come. */
struct place {
	size_t i;
	const uint8_t *packet;
	uint8_t *record;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * (int64_t)NANOS_PER_S + t.tv_nsec;
}

static struct ipcc ipcc_of(const struct work *w, size_t i, const uint8_t *packet)
{
	return (struct ipcc){.bytes = packet,
			     .len = w->packet_len[i],
			     .seq = (uint32_t)i,
			     .direction = i & 1,
			     .time = {1700000000000000000 + (int64_t)i * 1300}};
}

/* Encodes the next records up to `to`, from where it stands. */
static void encode_some(const struct work *w, struct place *p, size_t to)
{
	for (; p->i < to; p->i++) {
		const struct etsi_header *h = &w->headers[w->header_of[p->i]];
		struct ipcc cc = ipcc_of(w, p->i, p->packet);
		size_t len = ipcc_len(h, &cc);
		struct wr room = wr_of(p->record, len);

		etsi_header_prefetch(&w->headers[w->header_of[p->i + AHEAD]]);
		ipcc_encode(h, &cc, &room);
		p->packet += cc.len;
		p->record += len;
	}
}

static size_t copy_some(const struct work *w, size_t from, size_t to, size_t at)
{
	for (size_t i = from; i < to; i++) {
		memcpy(w->copied + at, w->records + at, w->record_len[i]);
		at += w->record_len[i];
	}
	return at;
}

static void run_round(const struct work *w, int64_t *encode_ns, int64_t *copy_ns)
{
	struct place place = {0, w->packets, w->encoded};
	size_t copy_at = 0;

	*encode_ns = *copy_ns = 0;
	for (size_t from = 0; from < w->n; from += TURN) {
		size_t to = from + TURN < w->n ? from + TURN : w->n;
		int64_t t0 = now_ns(), t1;

		encode_some(w, &place, to);
		t1 = now_ns();
		copy_at = copy_some(w, from, to, copy_at);
		*encode_ns += t1 - t0;
		*copy_ns += now_ns() - t1;
	}
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void measure(const struct work *w, const char *name)
{
	double ratios[ROUNDS], encode = 1e9, copy = 1e9;
	int64_t encode_ns, copy_ns;

	run_round(w, &encode_ns, &copy_ns); /* every page is there from now on */
	for (int i = 0; i < ROUNDS; i++) {
		run_round(w, &encode_ns, &copy_ns);
		ratios[i] = (double)encode_ns / (double)copy_ns;
		if ((double)encode_ns / (double)w->n < encode)
			encode = (double)encode_ns / (double)w->n;
		if ((double)copy_ns / (double)w->n < copy)
			copy = (double)copy_ns / (double)w->n;
	}
	qsort(ratios, ROUNDS, sizeof ratios[0], compare);
	printf("encode %s %.2f  %.1f %.1f\n", name, ratios[ROUNDS / 2], encode, copy);
}

static struct etsi_header *make_headers(uint32_t n)
{
	struct etsi_header *headers = aligned_alloc(64, n * sizeof *headers);

	for (uint32_t i = 0; headers && i < n; i++) {
		char liid[ETSI_MAX_LIID + 1];
		struct etsi_stream s = {.liid = liid,
					.authorization_country = "NZ",
					.operator_id = "EXAMPLE-NZ",
					.network_element = "akl-1",
					.delivery_country = "NZ",
					.cin = 1000 + i};

		snprintf(liid, sizeof liid, "LIID%08u", i);
		if (etsi_header_init(&headers[i], &s, NULL) < 0)
			exit(1);
	}
	return headers;
}

/* IP lengths of 64-octet frames alone, or of 7 : 4 : 1 with 576 and 1,500 octets. */
static uint32_t packet_len(bool is_imix, size_t i)
{
	static const uint16_t mix[12] = {46, 576, 46, 46, 576, 46, 1500, 46, 576, 46, 576, 46};

	return is_imix ? mix[i % 12] : 46;
}

static void fill(struct work *w, bool is_imix, uint32_t n_headers)
{
	uint64_t random = 88172645463325252;
	struct place place = {0, w->packets, w->records};
	size_t octets = 0, i;

	for (i = 0; i < MAX_RECORDS && octets + packet_len(is_imix, i) <= PACKET_OCTETS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		w->header_of[i] = (uint32_t)(random % n_headers);
		w->packet_len[i] = packet_len(is_imix, i);
		octets += w->packet_len[i];
	}
	w->n = i;
	while (place.i < w->n) {
		const uint8_t *start = place.record;

		encode_some(w, &place, place.i + 1);
		w->record_len[place.i - 1] = (uint32_t)(place.record - start);
	}
}

int main(void)
{
	size_t room = PACKET_OCTETS + (size_t)MAX_RECORDS * MAX_EXTRA;
	struct work w = {.headers = make_headers(MANY_HEADERS),
			 .packet_len = calloc(MAX_RECORDS, sizeof *w.packet_len),
			 .header_of = calloc(MAX_RECORDS + AHEAD, sizeof *w.header_of),
			 .record_len = calloc(MAX_RECORDS, sizeof *w.record_len),
			 .packets = malloc(PACKET_OCTETS),
			 .records = malloc(room),
			 .encoded = malloc(room),
			 .copied = malloc(room)};
	static const struct {
		const char *name;
		bool is_imix;
		uint32_t n_headers;
	} cases[] = {
		{"imix", true, 1},
		{"64", false, 1},
		{"imix-50k", true, MANY_HEADERS},
		{"64-50k", false, MANY_HEADERS},
	};

	if (!w.headers || !w.packet_len || !w.header_of || !w.record_len || !w.packets ||
	    !w.records || !w.encoded || !w.copied) {
		fprintf(stderr, "encode: not enough memory\n");
		return 1;
	}
	memset(w.packets, 0x45, PACKET_OCTETS);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fill(&w, cases[i].is_imix, cases[i].n_headers);
		measure(&w, cases[i].name);
	}
	return 0;
}
