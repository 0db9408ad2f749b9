/* Tags what leaves on the trunk with the VLAN of its subscriber, takes the tag off what arrives.
 * samples/make loads it at both ends (tc, direct action): a kernel without a bridge can do that. */
#include <linux/bpf.h>
#include <linux/if_ether.h>

#define SECTION(name) __attribute__((section(name), used))

enum { VLAN_TARGET = 7, VLAN_NEIGHBOUR = 9, VLAN_INFRASTRUCTURE = 100 };

static long (*load_bytes)(const struct __sk_buff *, __u32, void *, __u32) = (void *)26;
static long (*vlan_push)(struct __sk_buff *, __be16, __u16) = (void *)18;
static long (*vlan_pop)(struct __sk_buff *) = (void *)19;

/* The target's are 192.0.2.0/28 and 2001:db8:7::/48, the neighbour's 192.0.2.16/28 and
 * 2001:db8:9::/48. */
static __u16 vlan_of_address(const __u8 *at, int is_v6)
{
	if (is_v6) {
		if (at[0] != 0x20 || at[1] != 0x01 || at[2] != 0x0d || at[3] != 0xb8 || at[4])
			return 0;
		return at[5] == 7 ? VLAN_TARGET : at[5] == 9 ? VLAN_NEIGHBOUR : 0;
	}
	if (at[0] != 192 || at[1] != 0 || at[2] != 2)
		return 0;
	return at[3] < 16 ? VLAN_TARGET : at[3] < 32 ? VLAN_NEIGHBOUR : 0;
}

SECTION("tag") int push_tag(struct __sk_buff *skb)
{
	int is_v6 = skb->protocol == __builtin_bswap16(ETH_P_IPV6);
	__u16 vlan = 0;
	__u8 address[2][16] = {0};

	if (is_v6 && !load_bytes(skb, ETH_HLEN + 8, address, 32)) {
		vlan = vlan_of_address(address[0], 1);
		vlan = vlan ? vlan : vlan_of_address(address[1], 1);
	} else if (skb->protocol == __builtin_bswap16(ETH_P_IP) &&
		   !load_bytes(skb, ETH_HLEN + 12, address[0], 4) &&
		   !load_bytes(skb, ETH_HLEN + 16, address[1], 4)) {
		vlan = vlan_of_address(address[0], 0);
		vlan = vlan ? vlan : vlan_of_address(address[1], 0);
	}
	vlan_push(skb, __builtin_bswap16(ETH_P_8021Q), vlan ? vlan : VLAN_INFRASTRUCTURE);
	return BPF_OK;
}

SECTION("untag") int pop_tag(struct __sk_buff *skb)
{
	vlan_pop(skb);
	return BPF_OK;
}

SECTION("license") char terms[] = "GPL";
