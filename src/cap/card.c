#include "cap/card.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/rd.h"

enum { ANSWER_MAX = 32 << 10 };

const struct card_facts card_counters[CARD_N_COUNTERS] = {
#define X(name, key, member, is_loss, doc) {key, doc, is_loss},
	CARD_COUNTERS(X)
#undef X
};

int card_open(int *fd)
{
	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return *fd < 0 ? err_of_errno(errno) : 0;
}

static void count(struct card *card, const struct rtnl_link_stats64 *stats)
{
	const uint64_t now[CARD_N_COUNTERS] = {
#define X(name, key, member, is_loss, doc) [CARD_##name] = stats->member,
		CARD_COUNTERS(X)
#undef X
	};

	for (int k = 0; k < CARD_N_COUNTERS; k++) {
		if (card->is_known)
			card->n[k] += now[k] < card->last[k] ? now[k] : now[k] - card->last[k];
		card->last[k] = now[k];
	}
	card->is_known = true;
}

/* Attributes are aligned to four octets, the last one too. */
static int take_attributes(struct card *card, struct rd *r)
{
	struct rtnl_link_stats64 stats = {0};
	struct rtattr head;

	while (rd_left(r) >= sizeof head) {
		const uint8_t *bytes = rd_take(r, sizeof head);
		size_t len, pad;

		memcpy(&head, bytes, sizeof head);
		if (head.rta_len < sizeof head || head.rta_len - sizeof head > rd_left(r))
			return ERR_BAD;
		len = head.rta_len - sizeof head;
		bytes = rd_take(r, len);
		/* older kernels know fewer counters, newer ones more */
		if (head.rta_type == IFLA_STATS64) {
			memcpy(&stats, bytes, len < sizeof stats ? len : sizeof stats);
			count(card, &stats);
			return 0;
		}
		pad = RTA_ALIGN(len) - len;
		(void)rd_take(r, pad < rd_left(r) ? pad : rd_left(r));
	}
	return ERR_BAD;
}

int card_take(struct card *card, const uint8_t *answer, size_t len)
{
	struct rd r = rd_of(answer, len);
	const uint8_t *bytes = rd_take(&r, sizeof(struct nlmsghdr));
	struct nlmsghdr head;
	struct nlmsgerr error;
	struct ifinfomsg link;

	card->is_there = false;
	if (!bytes)
		return ERR_BAD;
	memcpy(&head, bytes, sizeof head);
	if (head.nlmsg_len < sizeof head || head.nlmsg_len > len)
		return ERR_BAD;
	r = rd_of(answer + sizeof head, head.nlmsg_len - sizeof head);
	if (head.nlmsg_type == NLMSG_ERROR) {
		bytes = rd_take(&r, sizeof error);
		if (!bytes)
			return ERR_BAD;
		memcpy(&error, bytes, sizeof error);
		return error.error == -ENODEV ? ERR_ABSENT : err_of_errno(-error.error);
	}
	bytes = rd_take(&r, NLMSG_ALIGN(sizeof link));
	if (head.nlmsg_type != RTM_NEWLINK || !bytes)
		return ERR_BAD;
	memcpy(&link, bytes, sizeof link);
	card->is_there = (link.ifi_flags & IFF_UP) && (link.ifi_flags & IFF_LOWER_UP);
	return take_attributes(card, &r);
}

static int ask(int fd, const char *name)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
		struct rtattr attribute;
		char name[IFNAMSIZ];
	} question = {.head = {.nlmsg_len = sizeof question,
			       .nlmsg_type = RTM_GETLINK,
			       .nlmsg_flags = NLM_F_REQUEST},
		      .attribute = {sizeof question.attribute + IFNAMSIZ, IFLA_IFNAME}};

	if (strlen(name) >= sizeof question.name)
		return ERR_ABSENT;
	memcpy(question.name, name, strlen(name) + 1);
	return send(fd, &question, sizeof question, 0) < 0 ? err_of_errno(errno) : 0;
}

int card_look(int fd, const char *name, struct card *card)
{
	uint8_t answer[ANSWER_MAX];
	ssize_t len;
	int rc = ask(fd, name);

	if (rc)
		return rc;
	/* the kernel has answered before send returns */
	len = recv(fd, answer, sizeof answer, 0);
	return len < 0 ? err_of_errno(errno) : card_take(card, answer, (size_t)len);
}

uint64_t card_n_lost(const struct card *card)
{
	uint64_t n = 0;

	for (int k = 0; k < CARD_N_COUNTERS; k++)
		n += card_counters[k].is_loss ? card->n[k] : 0;
	return n;
}
