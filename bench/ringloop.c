/* The least that a live capture can do: a TPACKET_V3 ring whose blocks are counted and given back.
 *
 *	ringloop -i IFACE [-b BLOCK_BYTES] [-n BLOCKS] [-t SECONDS]
 *
 * Says "ready", then counts until SIGINT, SIGTERM or the time is up, and prints one line:
 * received=PACKETS dropped=PACKETS cpu=SECONDS. What Weir loses at a rate at which this loses
 * nothing is Weir's fault; what this loses too is the machine's. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RETIRE_MS = 8, WAIT_MS = 100, NOMINAL_FRAME = 2048 };

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "ringloop: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *map_ring(int fd, uint32_t block_size, uint32_t n_blocks)
{
	int version = TPACKET_V3;
	struct tpacket_req3 req = {
		.tp_block_size = block_size,
		.tp_block_nr = n_blocks,
		.tp_frame_size = NOMINAL_FRAME,
		.tp_frame_nr = block_size / NOMINAL_FRAME * n_blocks,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	void *map;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req) < 0)
		fail("ring");
	map = mmap(NULL, (size_t)block_size * n_blocks, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		fail("mmap");
	return map;
}

/* Everything until told to stop, then what is there still. */
static uint64_t loop(int fd, uint8_t *map, uint32_t block_size, uint32_t n_blocks)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t received = 0;
	uint32_t at = 0;

	for (;;) {
		struct tpacket_block_desc *b = (void *)(map + (size_t)at * block_size);

		if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
		      TP_STATUS_USER)) {
			if (poll(&p, 1, WAIT_MS) == 0 && is_over)
				return received;
			continue;
		}
		received += b->hdr.bh1.num_pkts;
		__atomic_store_n(&b->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		at = at + 1 == n_blocks ? 0 : at + 1;
	}
}

static void print_result(int fd, uint64_t received)
{
	struct tpacket_stats_v3 st = {0};
	socklen_t len = sizeof st;
	struct rusage usage;

	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len);
	getrusage(RUSAGE_SELF, &usage);
	printf("received=%llu dropped=%u cpu=%.3f\n", (unsigned long long)received, st.tp_drops,
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll here = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	struct sigaction act = {.sa_handler = end};
	uint32_t block_size = 256 * 1024;
	uint32_t n_blocks = 256;
	uint8_t *map;
	int letter;
	int fd;

	while ((letter = getopt(argc, argv, "i:b:n:t:")) != -1) {
		if (letter == 'i')
			here.sll_ifindex = (int)if_nametoindex(optarg);
		else if (letter == 'b')
			block_size = (uint32_t)strtoul(optarg, NULL, 10);
		else if (letter == 'n')
			n_blocks = (uint32_t)strtoul(optarg, NULL, 10);
		else if (letter == 't')
			alarm((unsigned)strtoul(optarg, NULL, 10));
		else
			return 2;
	}
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || !here.sll_ifindex)
		fail("-i IFACE");
	map = map_ring(fd, block_size, n_blocks);
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		fail("bind");
	printf("ready\n");
	fflush(stdout);
	print_result(fd, loop(fd, map, block_size, n_blocks));
	return 0;
}
