#include "lemf/replay.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"
#include "etsi/ipcc.h"

static char folder[] = "/tmp/weir-replay-XXXXXX";
static struct lemf_conf conf = {.max_streams = 100, .max_pdu = 100000, .from = folder};
static struct why why;

static struct wr records(uint32_t n)
{
	static const uint8_t packet[1000] = {0x45, 0, 1000 >> 8, 1000 & 255};
	const struct etsi_stream stream = {.liid = "LIID0001", .operator_id = "EXAMPLE", .cin = 7};
	struct wr w = wr_init(64 << 20);
	struct etsi_header header;

	if (etsi_header_init(&header, &stream, NULL))
		exit(2);
	for (uint32_t i = 0; i < n; i++) {
		const struct ipcc one = {.seq = i, .bytes = packet, .len = sizeof packet};

		ipcc_encode(&header, &one, &w);
	}
	return w;
}

static void put(const char *name, const struct wr *w, size_t len)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	unlink(path);
	f = len ? fopen(path, "we") : NULL;
	if (f) {
		fwrite(w->bytes, 1, len, f);
		fclose(f);
	}
}

/* Reads the folder again. What the desk then has counted. */
static struct lemf_counts replay(int *n_steps)
{
	FILE *nowhere = fopen("/dev/null", "we");
	struct lemf_counts counts = {.n_records = UINT64_MAX};
	struct lemf_replay *r;
	struct lemf_desk *desk;

	*n_steps = 0;
	why_clear(&why);
	if (!nowhere || lemf_desk_new(&desk, &conf, nowhere, NULL))
		exit(2);
	if (lemf_replay_new(&r, &conf, &why) == 0) {
		while (lemf_replay_some(r, desk, nanos_from_s(1)))
			++*n_steps;
		counts = *lemf_desk_counts(desk);
	}
	lemf_replay_free(&r);
	lemf_desk_free(&desk);
	fclose(nowhere);
	return counts;
}

static void test_files(void)
{
	struct wr w = records(10000);
	struct lemf_counts c;
	int n;

	c = replay(&n);
	ok(c.n_records == UINT64_MAX && why.text[0], "a folder without streams is refused: %s",
	   why.text);
	put("hi3.ber", &w, w.len);
	c = replay(&n);
	ok(c.n_records == 10000 && c.octets[LEMF_HI3] == w.len && !c.findings[LEMF_MISSING] && n,
	   "all records of a stream are taken in, some at a time");
	put("hi2.ber", &w, w.len / 2);
	c = replay(&n);
	ok(c.findings[LEMF_WRONG_SIDE] > 4900 && c.findings[LEMF_CUT] == 1 &&
		   c.findings[LEMF_REPLAYED] == c.findings[LEMF_WRONG_SIDE] &&
		   !c.findings[LEMF_TWICE],
	   "HI2 comes first; a record that is cut is told of");
	put("hi3.ber", &w, 0);
	w.bytes[0] = 'X';
	put("hi2.ber", &w, w.len / 2);
	c = replay(&n);
	ok(c.n_records == 0 && c.findings[LEMF_NOT_A_STREAM] == 1, "and so is what is no stream");
	wr_fini(&w);
}

static void test_same(void)
{
	struct lemf_conf same = conf;
	struct lemf_replay *r;
	char other[200];

	snprintf(other, sizeof other, "%s/../%s", folder, folder + 5);
	same.out = other;
	why_clear(&why);
	ok(lemf_replay_new(&r, &same, &why) == ERR_USAGE && !r,
	   "what is read is not replaced by itself: %s", why.text);
}

int main(void)
{
	struct wr none = wr_init(10);

	if (!mkdtemp(folder))
		return 2;
	test_files();
	test_same();
	put("hi2.ber", &none, 0);
	rmdir(folder);
	return tap_end();
}
