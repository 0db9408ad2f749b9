/* Injects frames into an interface's receive path, as fast as the kernel takes them.
 *
 *	pktgen -i IFACE [-c PACKETS | -t SECONDS] [-s BYTES | -s imix] [-f FLOWS] [-r PACKETS/S]
 *	       [-a CPU] [-p PEER]
 *
 * The kernel runs a small XDP program over frames of its own making (BPF_PROG_TEST_RUN with live
 * frames, Linux 5.18) which gives each its flow and its size and passes it up: no system call, no
 * copy and no sending queue per packet, so that a capture is measured and not its sender. Where
 * that cannot be had, frames are sent from the interface's peer (-p) with sendmmsg, a third as
 * fast, and the output says so.
 *
 * Prints one line: sent=PACKETS bytes=BYTES seconds=S method=live|sendmmsg */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/wr.h"

enum {
	ETHER_LEN = 14,
	IP_AT = ETHER_LEN,
	IP_LEN = 20,
	UDP_AT = IP_AT + IP_LEN,
	UDP_LEN = 8,
	SMALLEST = 60, /* a frame of 64 bytes without its FCS */
	LARGEST = 1514,
	CHUNK = 1 << 20,     /* packets a call: setting one up takes milliseconds */
	BATCH = 64,          /* frames the kernel makes at a time, at most … */
	BATCHES = 10000,     /* … and where it is paced so many times a second at least */
	MAX_SPINS = 2000,    /* looks at the clock while waiting for a packet's time */
	LATE_NS = 10000000,  /* later than this, and lost time is not made up for */
	MAX_FLOWS = 1 << 24, /* as many as there are addresses in 10.0.0.0/8 */
	MAX_OPS = 128,
	IMIX_CYCLE = 12
};

struct order {
	const char *iface;
	const char *peer;
	uint64_t n_packets; /* 0: until the time is up */
	double seconds;     /* 0: until the packets are sent */
	uint32_t size;      /* of a frame; 0: IMIX */
	uint32_t n_flows;
	uint64_t rate; /* packets a second; 0: as fast as it goes */
};

/* What the program counts, shared with it through a map of one element. */
struct tally {
	uint64_t n_packets;
	uint64_t n_bytes;
	uint64_t next_ns; /* when the next packet is due */
};

/* 7 : 4 : 1 */
static const uint16_t imix[IMIX_CYCLE] = {SMALLEST, 576, SMALLEST, 576,      SMALLEST, 1500,
					  SMALLEST, 576, SMALLEST, SMALLEST, 576,      SMALLEST};
static volatile sig_atomic_t is_over;

static void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "pktgen: ");
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(1);
}

static void end(int signal)
{
	(void)signal;
	is_over = 1;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint16_t ip_checksum(uint32_t size)
{
	/* the constant words of write_frame; the addresses of every flow have one sum */
	uint32_t sum = 0x4500 + (size - ETHER_LEN) + 0x4000 + 0x4011 + 0x0a00 + 0x0aff + 0xffff;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A UDP datagram of flow 0. A flow's number x goes into both addresses, 10.0.0.0 + x and
 * 10.255.255.255 - x, whose sum is always the same: so is the header's checksum. */
static void write_frame(uint8_t *bytes, uint32_t size)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0xff, 1, 2, 0, 0, 0, 0xff, 2};
	struct wr w = wr_of(bytes, size);

	wr_bytes(&w, macs, sizeof macs);
	wr_u16(&w, 0x0800);
	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(size - IP_AT));
	wr_u32(&w, 0x00004000);
	wr_u16(&w, 0x4011);
	wr_u16(&w, ip_checksum(size));
	wr_u32(&w, 0x0a000000);
	wr_u32(&w, 0x0affffff);
	wr_u16(&w, 40000);
	wr_u16(&w, 443);
	wr_u16(&w, (uint16_t)(size - UDP_AT));
	wr_u16(&w, 0); /* no checksum */
	while (w.len < size)
		wr_u8(&w, (uint8_t)w.len);
}

/* ---- the program, put together as instructions: no compiler for BPF is needed */

struct code {
	struct bpf_insn ops[MAX_OPS];
	int n;
};

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, STACK };

static int emit(struct code *c, uint8_t op, int dst, int src, int offset_and_value)
{
	if (c->n == MAX_OPS)
		die("the program has more than %d instructions", MAX_OPS);
	c->ops[c->n] = (struct bpf_insn){
		.code = op, .dst_reg = (uint8_t)dst & 15, .src_reg = (uint8_t)src & 15};
	if (BPF_CLASS(op) == BPF_LDX || BPF_CLASS(op) == BPF_STX)
		c->ops[c->n].off = (int16_t)offset_and_value;
	else
		c->ops[c->n].imm = offset_and_value;
	return c->n++;
}

static void move(struct code *c, int dst, int src)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0);
}

static void set(struct code *c, int dst, int value)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, value);
}

static void alu(struct code *c, int operation, int dst, int value)
{
	emit(c, (uint8_t)(BPF_ALU64 | operation | BPF_K), dst, 0, value);
}

static void load(struct code *c, int size, int dst, int src, int offset)
{
	emit(c, (uint8_t)(BPF_LDX | BPF_MEM | size), dst, src, offset);
}

static void store(struct code *c, int size, int dst, int offset, int src)
{
	emit(c, (uint8_t)(BPF_STX | BPF_MEM | size), dst, src, offset);
}

/* A jump to a place yet to come: land() says where. */
static int jump(struct code *c, int operation, int dst, int value)
{
	return emit(c, (uint8_t)(BPF_JMP | operation | BPF_K), dst, 0, value);
}

static int jump_by(struct code *c, int operation, int dst, int src)
{
	return emit(c, (uint8_t)(BPF_JMP | operation | BPF_X), dst, src, 0);
}

static void land(struct code *c, int from)
{
	c->ops[from].off = (int16_t)(c->n - from - 1);
}

static void call(struct code *c, int helper)
{
	emit(c, BPF_JMP | BPF_CALL, 0, 0, helper);
}

/* r7 = the tally; r6 = the frame's context; r8 = this packet's number. */
static void begin_code(struct code *c, int map)
{
	move(c, R6, R1);
	emit(c, BPF_LD | BPF_DW | BPF_IMM, R7, BPF_PSEUDO_MAP_VALUE, map);
	emit(c, 0, 0, 0, 0);
	load(c, BPF_DW, R8, R7, offsetof(struct tally, n_packets));
	move(c, R1, R8);
	alu(c, BPF_ADD, R1, 1);
	store(c, BPF_DW, R7, offsetof(struct tally, n_packets), R1);
}

/* Looks at the clock until the packet is due. */
static void wait_code(struct code *c, uint64_t rate)
{
	int interval = (int)(1000000000 / rate);
	int again;
	int is_due;
	int is_enough;
	int is_late;

	set(c, R9, MAX_SPINS);
	again = c->n;
	call(c, BPF_FUNC_ktime_get_ns);
	load(c, BPF_DW, R1, R7, offsetof(struct tally, next_ns));
	is_due = jump_by(c, BPF_JGE, R0, R1);
	alu(c, BPF_SUB, R9, 1);
	is_enough = jump(c, BPF_JEQ, R9, 0);
	emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	c->ops[c->n - 1].off = (int16_t)(again - c->n);
	land(c, is_due);
	land(c, is_enough);
	move(c, R2, R1);
	alu(c, BPF_ADD, R2, LATE_NS);
	is_late = jump_by(c, BPF_JGT, R2, R0);
	move(c, R1, R0);
	land(c, is_late);
	alu(c, BPF_ADD, R1, interval);
	store(c, BPF_DW, R7, offsetof(struct tally, next_ns), R1);
}

/* r9 = this packet's size, by its number's place in the cycle; the frame is cut to it. */
static void size_code(struct code *c, const struct order *o)
{
	int is_last[IMIX_CYCLE];
	int n = 0;

	if (o->size) {
		set(c, R9, (int)o->size);
		return;
	}
	move(c, R1, R8);
	alu(c, BPF_MOD, R1, IMIX_CYCLE);
	set(c, R9, SMALLEST);
	for (int i = 0; i < IMIX_CYCLE; i++) {
		int is_other;

		if (imix[i] == SMALLEST)
			continue;
		is_other = jump(c, BPF_JNE, R1, i);
		set(c, R9, imix[i]);
		is_last[n++] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
		land(c, is_other);
	}
	while (n > 0)
		land(c, is_last[--n]);
	move(c, R2, R9);
	alu(c, BPF_SUB, R2, 1500);
	move(c, R1, R6);
	call(c, BPF_FUNC_xdp_adjust_tail);
}

/* *(u16 *)(r2 + offset) = value of the frame's size in r9: one of three in IMIX. */
static void store_by_size(struct code *c, int offset, uint16_t (*value)(uint32_t size))
{
	int is_small = jump(c, BPF_JEQ, R9, SMALLEST);
	int is_middle = jump(c, BPF_JEQ, R9, 576);
	int to_end[2];

	set(c, R1, htons(value(1500)));
	to_end[0] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	land(c, is_middle);
	set(c, R1, htons(value(576)));
	to_end[1] = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
	land(c, is_small);
	set(c, R1, htons(value(SMALLEST)));
	land(c, to_end[0]);
	land(c, to_end[1]);
	store(c, BPF_H, R2, offset, R1);
}

static uint16_t ip_len(uint32_t size)
{
	return (uint16_t)(size - IP_AT);
}

static uint16_t udp_len(uint32_t size)
{
	return (uint16_t)(size - UDP_AT);
}

/* Writes flow and lengths into the headers, counts, and passes the frame up. */
static void end_code(struct code *c, const struct order *o)
{
	int is_short;

	load(c, BPF_W, R2, R6, offsetof(struct xdp_md, data));
	load(c, BPF_W, R3, R6, offsetof(struct xdp_md, data_end));
	move(c, R1, R2);
	alu(c, BPF_ADD, R1, UDP_AT + UDP_LEN);
	is_short = jump_by(c, BPF_JGT, R1, R3);
	if (!o->size) {
		store_by_size(c, IP_AT + 2, ip_len);
		store_by_size(c, IP_AT + 10, ip_checksum);
		store_by_size(c, UDP_AT + 4, udp_len);
	}
	alu(c, BPF_MOD, R8, (int)o->n_flows);
	move(c, R1, R8);
	alu(c, BPF_ADD, R1, 0x0a000000);
	emit(c, BPF_ALU | BPF_END | BPF_TO_BE, R1, 0, 32);
	store(c, BPF_W, R2, IP_AT + 12, R1);
	set(c, R1, 0x0affffff);
	emit(c, BPF_ALU64 | BPF_SUB | BPF_X, R1, R8, 0);
	emit(c, BPF_ALU | BPF_END | BPF_TO_BE, R1, 0, 32);
	store(c, BPF_W, R2, IP_AT + 16, R1);
	load(c, BPF_DW, R1, R7, offsetof(struct tally, n_bytes));
	emit(c, BPF_ALU64 | BPF_ADD | BPF_X, R1, R9, 0);
	store(c, BPF_DW, R7, offsetof(struct tally, n_bytes), R1);
	land(c, is_short);
	set(c, R0, XDP_PASS);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

/* The map, mapped, and its descriptor; NULL where there is none to be had. */
static volatile struct tally *open_tally(int *map)
{
	union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
			       .key_size = 4,
			       .value_size = sizeof(struct tally),
			       .max_entries = 1,
			       .map_flags = BPF_F_MMAPABLE};
	void *at;

	*map = bpf(BPF_MAP_CREATE, &attr);
	if (*map < 0)
		return NULL;
	at = mmap(NULL, (size_t)getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, *map, 0);
	return at == MAP_FAILED ? NULL : at;
}

static int open_program(const struct order *o, int map)
{
	static char log[256 * 1024];
	struct code c = {0};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_XDP};
	int fd;

	begin_code(&c, map);
	if (o->rate)
		wait_code(&c, o->rate);
	size_code(&c, o);
	end_code(&c, o);
	attr.insns = (uintptr_t)c.ops;
	attr.insn_cnt = (uint32_t)c.n;
	attr.license = (uintptr_t) "Apache-2.0";
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0 || errno == EPERM)
		return fd;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof log;
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		fprintf(stderr, "pktgen: the kernel refuses the program: %s\n%s", strerror(errno),
			log);
	return fd;
}

static bool is_done(const struct order *o, uint64_t sent)
{
	return is_over || (o->n_packets && sent >= o->n_packets);
}

/* The kernel gives nobody else a turn on that processor before a batch is made. */
static uint32_t batch_of(const struct order *o)
{
	uint64_t n = o->rate ? o->rate / BATCHES + 1 : BATCH;

	return n < BATCH ? (uint32_t)n : BATCH;
}

/* Runs the program until the order is fulfilled. Negative errno where the kernel cannot. */
static int run_live(const struct order *o, int program, const volatile struct tally *tally)
{
	uint8_t frame[LARGEST];
	uint32_t size = o->size ? o->size : 1500;
	struct xdp_md md = {.data_end = size, .ingress_ifindex = if_nametoindex(o->iface)};

	write_frame(frame, size);
	while (!is_done(o, tally->n_packets)) {
		uint64_t left = o->n_packets ? o->n_packets - tally->n_packets : CHUNK;
		union bpf_attr attr = {0};

		attr.test.prog_fd = (uint32_t)program;
		attr.test.data_in = (uintptr_t)frame;
		attr.test.data_size_in = size;
		attr.test.ctx_in = (uintptr_t)&md;
		attr.test.ctx_size_in = sizeof md;
		attr.test.repeat = left < CHUNK ? (uint32_t)left : CHUNK;
		attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
		attr.test.batch_size = batch_of(o);
		if (bpf(BPF_PROG_TEST_RUN, &attr) < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}

/* ---- the other way */

static void aim(uint8_t *frame, uint32_t flow)
{
	struct wr w = wr_of(frame + IP_AT + 12, 8);

	wr_u32(&w, 0x0a000000 + flow);
	wr_u32(&w, 0x0affffff - flow);
}

static void pace(const struct order *o, uint64_t sent, double start)
{
	double due = start + (double)sent / (double)o->rate;

	while (!is_over && now_s() < due)
		;
}

static void run_sendmmsg(const struct order *o, struct tally *tally)
{
	static uint8_t frames[BATCH][LARGEST];
	struct sockaddr_ll to = {.sll_family = AF_PACKET};
	struct mmsghdr messages[BATCH] = {0};
	struct iovec pieces[BATCH];
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	double start = now_s();

	to.sll_ifindex = (int)if_nametoindex(o->peer);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("%s: %s", o->peer, strerror(errno));
	while (!is_done(o, tally->n_packets)) {
		uint64_t left = o->n_packets ? o->n_packets - tally->n_packets : BATCH;
		unsigned n = left < BATCH ? (unsigned)left : BATCH;
		int sent;

		for (unsigned i = 0; i < n; i++) {
			uint64_t number = tally->n_packets + i;
			uint32_t size = o->size ? o->size : imix[number % IMIX_CYCLE];

			write_frame(frames[i], size);
			aim(frames[i], (uint32_t)(number % o->n_flows));
			pieces[i] = (struct iovec){frames[i], size};
			messages[i].msg_hdr =
				(struct msghdr){.msg_iov = &pieces[i], .msg_iovlen = 1};
		}
		if (o->rate)
			pace(o, tally->n_packets, start);
		sent = sendmmsg(fd, messages, n, 0);
		if (sent < 0 && errno != EINTR && errno != ENOBUFS)
			die("%s: %s", o->peer, strerror(errno));
		for (int i = 0; i < sent; i++)
			tally->n_bytes += pieces[i].iov_len;
		tally->n_packets += sent > 0 ? (uint64_t)sent : 0;
	}
	close(fd);
}

/* ---- */

static void set_timer(double seconds)
{
	struct itimerval t = {
		.it_value = {(time_t)seconds,
			     (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)}};
	struct sigaction act = {.sa_handler = end};

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGALRM, &act, NULL);
	if (seconds > 0)
		setitimer(ITIMER_REAL, &t, NULL);
}

static void stay_on(const char *cpu)
{
	cpu_set_t set_of_one;

	CPU_ZERO(&set_of_one);
	CPU_SET(strtoul(cpu, NULL, 10), &set_of_one);
	if (sched_setaffinity(0, sizeof set_of_one, &set_of_one) < 0)
		die("cpu %s: %s", cpu, strerror(errno));
}

static void take_option(struct order *o, int letter, const char *text)
{
	switch (letter) {
	case 'i':
		o->iface = text;
		break;
	case 'p':
		o->peer = text;
		break;
	case 'c':
		o->n_packets = strtoull(text, NULL, 10);
		break;
	case 't':
		o->seconds = strtod(text, NULL);
		break;
	case 's':
		o->size = strcmp(text, "imix") ? (uint32_t)strtoul(text, NULL, 10) : 0;
		if (o->size || strcmp(text, "imix"))
			o->size = o->size < SMALLEST ? SMALLEST : o->size;
		break;
	case 'f':
		o->n_flows = (uint32_t)strtoul(text, NULL, 10);
		break;
	case 'r':
		o->rate = strtoull(text, NULL, 10);
		break;
	case 'a':
		stay_on(text);
		break;
	default:
		die("-i IFACE [-c PACKETS | -t SECONDS] [-s BYTES|imix] [-f FLOWS] [-r RATE] "
		    "[-a CPU] [-p PEER]");
	}
}

int main(int argc, char **argv)
{
	struct order o = {.seconds = 0, .size = SMALLEST, .n_flows = 1024};
	volatile struct tally *tally;
	struct tally own = {0};
	const char *method = "live";
	double start;
	int program = -1;
	int map;
	int letter;
	int rc = -ENOSYS;

	while ((letter = getopt(argc, argv, "i:p:c:t:s:f:r:a:h")) != -1)
		take_option(&o, letter, optarg);
	if (!o.iface || !if_nametoindex(o.iface))
		die("-i IFACE: which interface?");
	if (o.size > LARGEST || !o.n_flows || o.n_flows > MAX_FLOWS)
		die("sizes are at most %d, flows 1 to %d", LARGEST, MAX_FLOWS);
	if (!o.n_packets && o.seconds <= 0)
		o.seconds = 1;
	tally = open_tally(&map);
	if (tally)
		program = open_program(&o, map);
	set_timer(o.seconds);
	start = now_s();
	if (program >= 0)
		rc = run_live(&o, program, tally);
	if (rc < 0 && !o.peer)
		die("no live frames on %s: %s (-p PEER sends with sendmmsg instead)", o.iface,
		    strerror(-rc));
	if (rc < 0) {
		method = "sendmmsg";
		run_sendmmsg(&o, &own);
		tally = &own;
	}
	printf("sent=%llu bytes=%llu seconds=%.3f method=%s\n",
	       (unsigned long long)tally->n_packets, (unsigned long long)tally->n_bytes,
	       now_s() - start, method);
	return 0;
}
