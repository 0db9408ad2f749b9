/* Others' captures, where the shared folder is at hand: as many packets as its manifest says. */
#include "trace/sample.h"

#include <sys/stat.h>

enum { LINE_MOST = 8192, FILE_MOST = 64 << 20 };

/* Where the manifest counts in another way, or tells what should be there and not what is. */
static const struct {
	const char *name;
	long n;
	const char *reason;
} otherwise[] = {
	{"formats/gopacket__test901.429b1c.pcapng", 1, "its second section is of version 2.0"},
	{"formats/gopacket__test901.pcapng", 1, "its second section is of version 2.0"},
	{"formats/wswiki__test010.ntar", 1,
	 "its packet is whole, though its block's length is odd"},
	{"formats/wswiki__ejemplo.pcap", 2, "two packets precede the damage"},
};

static FILE *open_shared(const char *name)
{
	const char *roots[] = {getenv("WEIR_SHARED"), "../shared", "../../shared"};
	char path[4096];
	FILE *file = NULL;

	for (size_t i = 0; i < sizeof roots / sizeof roots[0] && !file; i++) {
		if (!roots[i])
			continue;
		snprintf(path, sizeof path, "%s/pcaps/%s", roots[i], name);
		file = fopen(path, "rb");
	}
	return file;
}

/* Packets of the bytes; all of it must come to an end. */
static long count_packets(enum trace_format format, const uint8_t *bytes, size_t len)
{
	struct trace_reader *r = NULL;
	struct weir_frame frames[64];
	struct rd rd = rd_of(bytes, len);
	long count = 0;
	int n;

	if (trace_reader_new(&r, format) < 0)
		abort();
	while ((n = trace_reader_batch(r, &rd, frames, 64)) >= 0) {
		for (int i = 0; i < n; i++)
			count += frames[i].kind == WEIR_FRAME_PACKET;
	}
	trace_reader_free(&r);
	return count;
}

static void check_file(const char *name, const char *packets)
{
	FILE *file = open_shared(name);
	uint8_t *bytes = malloc(FILE_MOST);
	size_t len = file && bytes ? fread(bytes, 1, FILE_MOST, file) : 0;
	enum trace_format format = len ? trace_probe(bytes, len) : TRACE_UNKNOWN;
	long expected = strtol(packets, NULL, 10);
	const char *reason = "";

	for (size_t i = 0; i < sizeof otherwise / sizeof otherwise[0]; i++)
		if (strcmp(name, otherwise[i].name) == 0) {
			expected = otherwise[i].n;
			reason = otherwise[i].reason;
		}
	if (!file)
		skip("%s is not there", name);
	else if (format == TRACE_UNKNOWN || strstr(name, ".gz"))
		skip("%s is compressed or in another format", name);
	else if (packets[0] == '-')
		skip("%s: the manifest has no count", name);
	else
		ok(count_packets(format, bytes, len) == expected, "%s: %ld packets%s%s", name,
		   expected, reason[0] ? ": " : "", reason);
	if (file)
		fclose(file);
	free(bytes);
}

int main(void)
{
	FILE *manifest = open_shared("manifest.tsv");
	char line[LINE_MOST];

	if (!manifest)
		skip("the shared folder with captures is not here");
	while (manifest && fgets(line, sizeof line, manifest)) {
		char *save = NULL;
		char *name = strtok_r(line, "\t", &save);
		char *category = strtok_r(NULL, "\t", &save);
		char *packets = strtok_r(NULL, "\t", &save);

		packets = packets ? strtok_r(NULL, "\t", &save) : NULL;
		if (packets && strcmp(category, "formats") == 0)
			check_file(name, packets);
	}
	if (manifest)
		fclose(manifest);
	return tap_end();
}
