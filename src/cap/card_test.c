#include "cap/card.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"

struct answer {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr name;
	char text[8];
	struct rtattr stats_head;
	struct rtnl_link_stats64 stats;
};

static struct answer answer = {
	.head = {.nlmsg_len = sizeof answer, .nlmsg_type = RTM_NEWLINK},
	.name = {sizeof(struct rtattr) + 5, IFLA_IFNAME},
	.text = "eth1",
	.stats_head = {sizeof(struct rtattr) + sizeof(struct rtnl_link_stats64), IFLA_STATS64},
};

static int take(struct card *card, size_t len)
{
	uint8_t octets[sizeof answer];

	memcpy(octets, &answer, sizeof octets);
	return card_take(card, octets, len);
}

static void counts(void)
{
	struct card card = {0};

	answer.stats = (struct rtnl_link_stats64){.rx_dropped = 100, .rx_missed_errors = 50};
	ok(take(&card, sizeof answer) == 0 && card.is_known && card_n_lost(&card) == 0,
	   "what a card had counted before is not ours");
	answer.stats.rx_dropped += 3;
	answer.stats.rx_missed_errors += 4;
	answer.stats.rx_errors += 5;
	answer.stats.rx_fifo_errors += 6;
	ok(take(&card, sizeof answer) == 0 && card.n[CARD_DROPPED] == 3 &&
		   card.n[CARD_MISSED] == 4 && card.n[CARD_ERRORS] == 5 && card.n[CARD_FIFO] == 6,
	   "what it counts from then on is");
	ok(card_n_lost(&card) == 12, "packets that were lost are summed, events are not");
	answer.stats = (struct rtnl_link_stats64){.rx_dropped = 2};
	ok(take(&card, sizeof answer) == 0 && card.n[CARD_DROPPED] == 5 && card.n[CARD_MISSED] == 4,
	   "a card that begins anew has lost what it says");
	ok(!card.is_there, "a card that is down is as if it were not there");
	answer.link.ifi_flags = IFF_UP;
	ok(take(&card, sizeof answer) == 0 && !card.is_there, "so is one without a carrier");
	answer.link.ifi_flags = IFF_UP | IFF_LOWER_UP;
	ok(take(&card, sizeof answer) == 0 && card.is_there, "one with both is there");
}

static void refusals(void)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} error = {{.nlmsg_len = sizeof error, .nlmsg_type = NLMSG_ERROR}, {.error = -ENODEV}};
	struct card card = {0};
	uint8_t octets[sizeof error];
	size_t n_taken = 0;

	for (size_t len = 0; len < sizeof answer; len++)
		n_taken += take(&card, len) != ERR_BAD;
	ok(!n_taken && !card.is_known, "an answer that is cut anywhere is refused");
	answer.head.nlmsg_len = sizeof answer - 1;
	ok(take(&card, sizeof answer) == ERR_BAD, "so is one whose attribute is longer than it");
	answer.head.nlmsg_len = sizeof answer;
	answer.name.rta_len = 3;
	ok(take(&card, sizeof answer) == ERR_BAD, "and one shorter than its head");
	answer.name.rta_len = sizeof(struct rtattr) + 5;
	memcpy(octets, &error, sizeof octets);
	card.is_there = true;
	ok(card_take(&card, octets, sizeof octets) == ERR_ABSENT && !card.is_there,
	   "a card that is not there is absent");
	ok(card_take(&card, octets, sizeof octets - 1) == ERR_BAD, "a refusal that is cut is none");
}

static void kernels(void)
{
	struct card card = {0};
	int fd;

	if (card_open(&fd)) {
		skip("counters of this machine: no netlink here");
		return;
	}
	ok(card_look(fd, "lo", &card) == 0 && card.is_known,
	   "the kernel tells of a card by its name");
	ok(card_look(fd, "lo", &card) == 0 && card_n_lost(&card) == 0, "again and again");
	ok(card_look(fd, "none-of-that", &card) == ERR_ABSENT, "and that there is none");
	ok(card_look(fd, "a-name-that-is-too-long", &card) == ERR_ABSENT, "of that name");
	ok(card_look(fd, "lo", &card) == 0, "and of the next one");
	close(fd);
}

int main(void)
{
	counts();
	refusals();
	kernels();
	return tap_end();
}
