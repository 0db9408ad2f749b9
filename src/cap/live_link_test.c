#include "cap/live_link.h"

#include <linux/filter.h>
#include <string.h>

#include "base/tap.h"

static uint32_t cooked(uint16_t code, uint32_t k)
{
	struct live_op op = {code, 0, 0, k};

	return live_link_cook(&op, 1) ? op.k : UINT32_MAX;
}

static void facts_of_cooking(void)
{
	struct live_op ops[] = {
		{BPF_LD | BPF_H | BPF_ABS, 0, 0, 0},  {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0x0800},
		{BPF_LD | BPF_B | BPF_ABS, 0, 0, 29}, {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 20},
		{BPF_LD | BPF_H | BPF_IND, 0, 0, 22}, {BPF_RET | BPF_K, 0, 0, 5},
	};

	ok(live_link_cook(ops, 6), "a program for IPv4 is rewritten");
	ok(ops[0].k == (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL), "its protocol is the kernel's");
	ok(ops[1].k == 0x0800 && ops[5].k == 5, "what loads no bytes stays");
	ok(ops[2].k == 9 && ops[3].k == 0 && ops[4].k == 2, "offsets begin after the header");
	ok(cooked(BPF_LD | BPF_W | BPF_ABS, 4) == (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX),
	   "the interface's index is the kernel's");
	ok(cooked(BPF_LD | BPF_B | BPF_ABS, 10) == (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE),
	   "the packet's type is the kernel's");
	ok(cooked(BPF_LD | BPF_H | BPF_ABS, 4) == UINT32_MAX, "half of a field is refused");
	ok(cooked(BPF_LD | BPF_W | BPF_ABS, 12) == UINT32_MAX,
	   "the sender's address, which the kernel does not keep, is refused");
	ok(cooked(BPF_LD | BPF_B | BPF_IND, 3) == UINT32_MAX, "a computed place in it is refused");
	ok(cooked(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG)) ==
		   (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG),
	   "what asks the kernel already stays");
	ok(cooked(BPF_LD | BPF_IMM, 3) == 3 && cooked(BPF_LD | BPF_W | BPF_LEN, 0) == 0,
	   "constants and lengths stay");
}

static void facts_of_names(void)
{
	static const char *const names[] = {"", "a-name-beyond-15", "no-such-iface", "a/b"};
	struct source_options none = {0};
	struct live_link l;
	struct why why;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		why_clear(&why);
		ok(live_link_init(&l, names[i], &none, &why) == ERR_ABSENT && why.text[0],
		   "\"%s\" is no interface: %s", names[i], why.text);
	}
}

int main(void)
{
	facts_of_cooking();
	facts_of_names();
	return tap_end();
}
