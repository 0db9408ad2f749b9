/* The least that a reader of captures can do: from record header to record header.
 *
 *	walk FILE        pcap (this machine's byte order), pcapng or ERF, not compressed
 *
 * Reads 256 KiB at a time, touches nothing but each record's length, and prints one line:
 * packets=N bytes=N. It trusts the file: it is a measure, not a reader. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 256 * 1024, MOST = 64 * 1024, HEAD = 16, PCAP_HEAD = 24 };

struct format {
	size_t (*len)(const uint8_t *record); /* of the whole record; HEAD bytes are there */
	size_t skip;                          /* bytes of the file's own header */
};

static uint64_t n_packets;

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return v;
}

static size_t pcap_len(const uint8_t *record)
{
	n_packets++;
	return HEAD + u32_at(record + 8);
}

static size_t pcapng_len(const uint8_t *record)
{
	uint32_t type = u32_at(record);

	n_packets += type == 6 || type == 3;
	return u32_at(record + 4);
}

static size_t erf_len(const uint8_t *record)
{
	n_packets++;
	return (size_t)record[10] << 8 | record[11];
}

static struct format format_of(const uint8_t *start)
{
	uint32_t magic = u32_at(start);

	if (magic == 0xa1b2c3d4 || magic == 0xa1b23c4d)
		return (struct format){pcap_len, PCAP_HEAD};
	if (magic == 0x0a0d0d0a)
		return (struct format){pcapng_len, 0};
	return (struct format){erf_len, 0};
}

/* Walks the records that are there; returns where the first one begins that is not whole. */
static size_t walk(const struct format *f, const uint8_t *bytes, size_t len, size_t at)
{
	while (at + HEAD <= len) {
		size_t record_len = f->len(bytes + at);

		if (at + record_len > len || record_len < HEAD / 2) {
			n_packets--; /* it will be seen again */
			break;
		}
		at += record_len;
	}
	return at;
}

int main(int argc, char **argv)
{
	static uint8_t room[MOST + ROOM];
	struct format f = {0};
	uint64_t n_bytes = 0;
	size_t left = 0;
	size_t at = 0;
	ssize_t n;
	int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0) {
		fprintf(stderr, "walk: which file?\n");
		return 2;
	}
	while ((n = read(fd, room + MOST, ROOM)) > 0) {
		uint8_t *start = room + MOST - left;
		size_t len = left + (size_t)n;

		if (!f.len) {
			f = format_of(start);
			at = f.skip;
		}
		at = walk(&f, start, len, at);
		left = len - at;
		if (left > MOST) {
			fprintf(stderr, "walk: a record of more than %d bytes\n", MOST);
			return 1;
		}
		memcpy(room + MOST - left, start + at, left);
		at = 0;
		n_bytes += (uint64_t)n;
	}
	printf("packets=%llu bytes=%llu\n", (unsigned long long)n_packets,
	       (unsigned long long)n_bytes);
	return left != 0;
}
