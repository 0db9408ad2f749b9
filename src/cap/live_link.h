/* What a live interface is, and the kernel's filter for it. */
#ifndef CAP_LIVE_LINK_H
#define CAP_LIVE_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/why.h"
#include "cap/source.h"

enum {
	/* DLT_LINUX_SLL2: a header that we write, where the kernel's own is not to be trusted. */
	LIVE_LINK_SLL2 = 276,
	LIVE_LINK_SLL2_LEN = 20,
	LIVE_LINK_ALL_BYTES = 0x40000, /* "all of the packet" as a filter's verdict */
};

/* An instruction of classic BPF, as the kernel takes it (struct sock_filter). */
struct live_op {
	uint16_t code;
	uint8_t if_true;
	uint8_t if_false;
	uint32_t k;
};

struct live_link {
	char name[IFNAMSIZ];
	int index;     /* 0: all interfaces ("any") */
	uint16_t link; /* LINKTYPE_ value of its frames */
	bool is_cooked;
	struct live_op *ops; /* NULL: no filter, nothing to cut */
	uint16_t n_ops;
};

/* Looks the interface up, which must be up, and compiles options->filter and options->snap_len
 * for it. Nothing of it remains open. ERR_ABSENT, ERR_ACCESS, ERR_AGAIN (it is down), ERR_USAGE
 * (the filter's syntax), each with a reason. */
MUST_CHECK int live_link_init(struct live_link *l, const char *name,
			      const struct source_options *options, struct why *why);
void live_link_fini(struct live_link *l);

/* Rewrites a program made for frames with an SLL2 header so that it works on what the kernel has,
 * which begins after it: loads of the header become loads of what the kernel knows besides the
 * bytes. False where a load has no such counterpart. */
bool live_link_cook(struct live_op *ops, uint16_t n_ops);

#endif
