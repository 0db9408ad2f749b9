#include "mediation/capture.h"

#include <stdio.h>
#include <unistd.h>

#include "base/tap.h"
#include "mediation/sample.h"

enum { PCAP_HEADER = 24, PACKET_HEADER = 16 };

static char top[] = "/tmp/weir-capture-XXXXXX";
static const struct etsi_stream stream = {
	.liid = "L/1", .authorization_country = "XX", .operator_id = "op", .cin = 1};

/* One record with a packet of one octet, kept for good. */
static bool add(struct captures *c, uint64_t offset, uint8_t octet, double now)
{
	static uint8_t pdu[512];
	struct wr w = wr_of(pdu, sizeof pdu);
	struct etsi_header h;
	struct etsi_record r;
	struct why why = {0};
	struct ipcc cc = {.bytes = &octet, .len = 1, .original_len = 1, .time = sample_at(now)};

	if (etsi_header_init(&h, &stream, &why))
		return false;
	ipcc_encode(&h, &cc, &w);
	return w.ok && !etsi_record_read(pdu, w.len, &r, &why) &&
	       !captures_add(c, &r, offset, sample_at(now), &why);
}

/* The packets' octets in a file, as text; "-" where there is none. */
static const char *packets(const char *name)
{
	static char out[64];
	char path[300];
	uint8_t octets[1000];
	size_t n, len = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", top, name);
	file = fopen(path, "rb");
	if (!file)
		return "-";
	n = fread(octets, 1, sizeof octets, file);
	fclose(file);
	for (size_t at = PCAP_HEADER + PACKET_HEADER; at < n && len < sizeof out - 1;
	     at += PACKET_HEADER + 1)
		out[len++] = (char)octets[at];
	out[len] = '\0';
	return out;
}

static bool flush(struct captures *c, uint64_t offset, double now)
{
	return !captures_flush(c, offset, sample_at(now), NULL);
}

static void test_names(void)
{
	char safe[CAPTURE_SAFE_LEN], name[CAPTURE_NAME_LEN];

	capture_safe(&(struct etsi_octets){(const uint8_t *)"../a b\0\xff", 8}, safe);
	ok(!strcmp(safe, "=2E=2E=2Fa=20b=00=FF"), "an LIID becomes safe: %s", safe);
	ok(!capture_name("%L-%Y%m%d.pcap", "L=25", nanos_from_s(86400), name) &&
		   !strcmp(name, "L=25-19700102.pcap"),
	   "the template is filled in: %s", name);
	ok(!capture_name("%%L%L", "x", nanos_from_s(0), name) && !strcmp(name, "%Lx"),
	   "a doubled %% is one: %s", name);
	ok(capture_name("%L-%D", "x", nanos_from_s(0), name) == ERR_USAGE,
	   "what would lead elsewhere is refused");
	ok(capture_template_is_good("%L.pcap") && !capture_template_is_good("x.pcap") &&
		   !capture_template_is_good("a/%L") && !capture_template_is_good(".%L"),
	   "a template holds the LIID, and no folder");
}

static void test_files(void)
{
	struct capture_rules rules = {
		.folder = top, .template = "%L-%S", .rotation = nanos_from_s(10)};
	struct captures *c;
	struct why why = {0};
	static const char part[] = ".L=2F1.part";

	ok(!captures_new(&c, &rules, &why), "captures begin %s", why.text);
	ok(add(c, 0, 'a', 1000) && add(c, 10, 'b', 1000) && flush(c, 20, 1000) &&
		   !strcmp(packets(part), "ab"),
	   "packets lie in a file that has no name yet: %s", packets(part));
	ok(add(c, 20, 'x', 1001), "one that is not in its file yet");
	captures_free(&c);
	ok(!captures_new(&c, &rules, &why) && add(c, 10, 'b', 1002) && add(c, 20, 'c', 1002) &&
		   flush(c, 30, 1002) && !strcmp(packets(part), "abc"),
	   "after a restart what is there is passed over, what is not is added: %s", packets(part));
	ok(!captures_tick(c, sample_at(1009), &why) && !strcmp(packets("L=2F1-40"), "-"),
	   "before its time is over it is not finished");
	ok(!captures_tick(c, sample_at(1010), &why) && !strcmp(packets("L=2F1-40"), "abc") &&
		   !strcmp(packets(part), "-"),
	   "then it has its name, that of its beginning");
	ok(add(c, 20, 'c', 1011) && add(c, 30, 'd', 1011) && flush(c, 40, 1011) &&
		   !strcmp(packets(part), "d"),
	   "the next one begins where it ended");
	captures_free(&c);
	rules.rotation.ns = 0;
	rules.size = 50;
	ok(!captures_new(&c, &rules, &why) && add(c, 40, 'e', 1012) && flush(c, 50, 1012) &&
		   !strcmp(packets("L=2F1-51"), "de"),
	   "a file that is large enough is finished");
	ok(add(c, 50, 'f', 1011) && add(c, 60, 'g', 1011) && flush(c, 70, 1011) &&
		   !strcmp(packets("L=2F1-51.1"), "fg") && !strcmp(packets("L=2F1-51"), "de"),
	   "a second one of that name gets a number");
	ok(add(c, 70, 'h', 1013) && flush(c, 80, 1013) && !captures_finish(c, &why) &&
		   !strcmp(packets("L=2F1-53"), "h"),
	   "all are finished when no more will come");
	ok(captures_stats(c).n_files == 3, "and counted");
	captures_free(&c);
}

static void remove_all(void)
{
	static const char *const names[] = {"L=2F1-40", "L=2F1-51",    "L=2F1-51.1",
					    "L=2F1-53", ".L=2F1.part", ".L=2F1.mark"};
	char path[300];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", top, names[i]);
		unlink(path);
	}
	ok(!rmdir(top), "nothing else was made");
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	test_names();
	test_files();
	remove_all();
	return tap_end();
}
