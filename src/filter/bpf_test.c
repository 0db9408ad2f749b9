/* Our interpreter against libpcap's: the same verdict on every program, packet and cut. */
#include "filter/bpf.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/tap.h"

enum { ROUNDS = 3008, MAX_LEN = 160, PAGE = 4096 };

static const char *const expressions[] = {
	"tcp port 443",
	"net 192.0.0.0/3",
	"ip6 net 8000::/1 and tcp",
	"net 10.0.0.0/8 or udp port 53",
	"ip and tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
	"ip[2:2] - ((ip[0]&0xf)<<2) - ((tcp[12]&0xf0)>>2) != 0",
	"len > 100 and not arp",
	"ip[6:2] & 0x1fff != 0",
	"icmp[icmptype] = icmp-echo or icmp6",
	"mpls and ip",
	"pppoes and ip6",
	"ether[12:2] * 2 / 3 % 7 = 0",
	"ether[0] << 3 > 8 and ether[1] >> ether[2] < 5",
	"portrange 1000-2000 and greater 60",
	"ether[0:4] & 0x03000000 = 0x02000000",
	"ether[ether[14]] ^ 0xff = 3",
	"ip6 protochain 6",
	"ether broadcast or ether multicast",
};

static uint32_t seed = 1;

static uint32_t any(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Half noise, half something that looks like a packet, so that programs get past their start. */
static uint32_t make(uint8_t p[MAX_LEN])
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x8100, 0x8847, 0x8864, 0x0806};
	uint16_t type = types[any() % 6];

	for (int i = 0; i < MAX_LEN; i++)
		p[i] = (uint8_t)any();
	if (any() % 8) {
		p[12] = (uint8_t)(type >> 8);
		p[13] = (uint8_t)type;
		p[14] = (uint8_t)(type == 0x86dd ? 0x60 : any() % 3 ? 0x45 : 0x40 + any() % 16);
		p[23] = (uint8_t[]){6, 17, 1, 58}[any() % 4];
		p[20] = any() % 2 ? 6 : 17;
		p[20 + any() % 2] &= 0x40;
		p[36] = (uint8_t[]){1, 0, 4}[any() % 3];
		p[37] = (uint8_t[]){0xbb, 53, 0xd2}[any() % 3];
	}
	return any() % (MAX_LEN + 1);
}

static void agree_on(const char *expression)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 262144);
	struct bpf_program program;
	struct bpf *b = NULL;
	static uint8_t p[BPF_MANY][MAX_LEN];
	struct weir_frame frames[BPF_MANY];
	int n_same = 0, n_matched = 0, n_many = 0;

	for (int optimize = 0; optimize < 2; optimize++) {
		if (pcap_compile(pcap, &program, expression, optimize, 0) < 0 ||
		    bpf_new(&b, program.bf_insns, program.bf_len) < 0) {
			ok(false, "%s compiles", expression);
			break;
		}
		for (int i = 0; i < ROUNDS; i += BPF_MANY) {
			uint64_t matching = 0;

			for (int k = 0; k < BPF_MANY; k++) {
				uint32_t len = make(p[k]), wire_len = len + any() % 100;
				uint32_t ours = bpf_run(b, p[k], len, wire_len);

				frames[k] = (struct weir_frame){
					.bytes = p[k], .cap_len = len, .wire_len = wire_len};
				n_same += ours == bpf_filter(program.bf_insns, p[k], wire_len, len);
				matching |= (uint64_t)(ours != 0) << k;
			}
			n_matched += __builtin_popcountll(matching);
			n_many += bpf_run_many(b, frames, BPF_MANY) == matching &&
				  bpf_run_many(b, frames, 21) == (matching & 0x1fffff);
		}
		bpf_free(&b);
		pcap_freecode(&program);
	}
	ok(n_same == 2 * ROUNDS, "\"%s\": the same verdict as libpcap on %d packets, %d match",
	   expression, n_same, n_matched);
	ok(n_many == 2 * ROUNDS / BPF_MANY, "and the same of many at once");
	pcap_close(pcap);
}

/* Loads of every size at every offset, from packets that begin or end where memory does: one octet
 * beside them would be the last. */
static void nothing_beside_a_packet_is_read(void)
{
	uint8_t *wall = mmap(NULL, 3 * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *page = wall + PAGE;
	int n_same = 0, n = 0;

	if (wall == MAP_FAILED || mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0) {
		ok(false, "a page between walls");
		return;
	}
	for (uint32_t i = 0; i < PAGE; i++)
		page[i] = (uint8_t)any();
	for (uint32_t k = 0; k < 12; k++) {
		for (int size = 0; size < 3; size++) {
			const uint16_t code[] = {BPF_LD | BPF_B, BPF_LD | BPF_H, BPF_LD | BPF_W};
			const struct bpf_insn insns[] = {
				{BPF_LDX | BPF_B | BPF_MSH, 0, 0, k},
				{(uint16_t)(code[size] | BPF_ABS), 0, 0, k},
				{BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1},
				{(uint16_t)(code[size] | BPF_IND), 0, 0, k % 3},
				{BPF_JMP | BPF_JGT | BPF_K, 0, 1, (uint32_t)any() % 0x90},
				{BPF_RET | BPF_K, 0, 0, 1},
				{BPF_RET | BPF_K, 0, 0, 0}};
			struct weir_frame frames[BPF_MANY];
			uint64_t matching = 0;
			struct bpf *b;

			if (bpf_new(&b, insns, 7) < 0)
				abort();
			for (uint32_t i = 0; i < BPF_MANY; i++) {
				uint32_t len = i / 2;

				frames[i] = (struct weir_frame){
					.bytes = i % 2 ? page + PAGE - len : page, .cap_len = len};
				matching |= (uint64_t)(bpf_run(b, frames[i].bytes, len, len) != 0)
					    << i;
			}
			n_same += bpf_run_many(b, frames, BPF_MANY) == matching;
			n++;
			bpf_free(&b);
		}
	}
	ok(n_same == n, "nothing beside a packet is read, and %d programs say the same", n_same);
	munmap(wall, 3 * (size_t)PAGE);
}

static void unsound_programs_are_refused(void)
{
	static const struct {
		const char *what;
		struct bpf_insn insns[2];
		size_t n;
	} rows[] = {
		{"no instruction", {{0}}, 0},
		{"no return at the end", {{BPF_LD | BPF_IMM, 0, 0, 1}}, 1},
		{"an unknown code", {{0xffff, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0}}, 2},
		{"a jump beyond the end",
		 {{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0}},
		 2},
		{"a jump before the start",
		 {{BPF_JMP | BPF_JA, 0, 0, 0xfffffffe}, {BPF_RET | BPF_K, 0, 0, 0}},
		 2},
		{"memory that is not there",
		 {{BPF_ST, 0, 0, BPF_MEMWORDS}, {BPF_RET | BPF_K, 0, 0, 0}},
		 2},
		{"a division by zero",
		 {{BPF_ALU | BPF_DIV | BPF_K, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0}},
		 2},
	};
	struct bpf *b;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(bpf_new(&b, rows[i].insns, rows[i].n) == ERR_BAD && !b, "%s is refused",
		   rows[i].what);
}

static void loops_end(void)
{
	static const struct bpf_insn insns[] = {{BPF_JMP | BPF_JA, 0, 0, 0xffffffff},
						{BPF_RET | BPF_K, 0, 0, 1}};
	struct bpf *b;

	ok(bpf_new(&b, insns, 2) == 0, "a jump backward is taken");
	ok(bpf_run(b, (const uint8_t *)"", 0, 0) == 0,
	   "and a loop without an end refuses the packet");
	bpf_free(&b);
}

int main(void)
{
	for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++)
		agree_on(expressions[i]);
	nothing_beside_a_packet_is_read();
	unsound_programs_are_refused();
	loops_end();
	return tap_end();
}
