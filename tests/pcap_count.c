/* pcap-count [FILTER...]: packets of captures, in all and by filter, as libpcap reads and filters
 * them, the library in which tcpdump --count does both. Paths come on standard input, one a line;
 * for each comes a line of numbers, in all first. "-": the filter does not go with this link type.
 * "?" alone: the file cannot be read to its end. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILTERS = 32 };

struct count {
	struct bpf_program program;
	int is_compiled;
	uint64_t n;
};

static struct count counts[MAX_FILTERS];

static int read_all(pcap_t *capture, int n_filters, uint64_t *n)
{
	struct pcap_pkthdr *header;
	const u_char *bytes;
	int rc;

	while ((rc = pcap_next_ex(capture, &header, &bytes)) == 1) {
		++*n;
		for (int i = 0; i < n_filters; i++)
			counts[i].n += counts[i].is_compiled &&
				       pcap_offline_filter(&counts[i].program, header, bytes);
	}
	return rc;
}

static void count_file(const char *path, int n_filters, char **filters)
{
	char errors[PCAP_ERRBUF_SIZE];
	pcap_t *capture = pcap_open_offline(path, errors);
	uint64_t n = 0;

	if (!capture) {
		puts("?");
		return;
	}
	for (int i = 0; i < n_filters; i++) {
		counts[i].n = 0;
		counts[i].is_compiled =
			!pcap_compile(capture, &counts[i].program, filters[i], 1, 0);
	}
	if (read_all(capture, n_filters, &n) == PCAP_ERROR_BREAK) {
		printf("%ju", (uintmax_t)n);
		for (int i = 0; i < n_filters; i++) {
			if (counts[i].is_compiled)
				printf(" %ju", (uintmax_t)counts[i].n);
			else
				printf(" -");
		}
		puts("");
	} else {
		puts("?");
	}
	for (int i = 0; i < n_filters; i++) {
		if (counts[i].is_compiled)
			pcap_freecode(&counts[i].program);
	}
	pcap_close(capture);
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0;

	if (argc > 1 + MAX_FILTERS)
		return 2;
	while (getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = 0;
		count_file(line, argc - 1, argv + 1);
		fflush(stdout);
	}
	free(line);
	return 0;
}
