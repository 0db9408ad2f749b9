#include "cap/live_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/nanos.h"

enum {
	DELAY_MS = 8,         /* a block that is not full is ours after this long */
	TAG_LEN = 4,          /* room before each frame, for the VLAN tag to go back to */
	ADDRESSES_LEN = 12,   /* of an Ethernet header: what stands before the tag */
	NOMINAL_FRAME = 2048, /* a formality: frames of this kind of ring have any size */
	LINK_ETHERNET = 1,
	LINE = 64,          /* of a processor's cache */
	AHEAD = 4096,       /* octets: about as far as a packet is worked on while they come */
	LONG_PACKET = 1024, /* on the average, its header in the ring included */
};

/* A block as it is handed out. Taken last-in first-out, so that few stay in the caches. */
struct live_view {
	struct weir_block head;
	struct live_ring *ring;
	struct live_view *next;
	const uint8_t *at;      /* the next packet's header in the ring */
	const uint8_t *fetched; /* the lines before it are on their way; NULL: packets are long */
	uint32_t left;          /* packets not walked yet */
	uint32_t n;
	uint32_t slot;
	bool has_asked; /* how many were dropped */
	struct weir_frame frames[SOURCE_BATCH];
};

static struct tpacket_block_desc *slot_of(const struct live_ring *r, uint32_t slot)
{
	return (void *)(r->map + (size_t)slot * r->block_size);
}

static bool slot_is_filled(const struct live_ring *r, uint32_t slot)
{
	return __atomic_load_n(&slot_of(r, slot)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) &
	       TP_STATUS_USER;
}

static void ring_free(struct live_ring *r)
{
	if (r->fd >= 0 && r->map)
		live_ring_count_drops(r);
	if (r->map)
		munmap(r->map, (size_t)r->block_size * r->n_blocks);
	if (r->fd >= 0)
		close(r->fd);
	atomic_fetch_sub(&r->counts->n_rings, 1);
	free(r->slots);
	free(r->views);
	free(r);
}

void live_counts_wake(const struct live_counts *c)
{
	uint64_t one = 1;

	if (write(c->wake, &one, sizeof one) < 0)
		return; /* so often that the reader is awake anyway */
}

void live_ring_drop(struct live_ring **r)
{
	if (*r && atomic_fetch_sub(&(*r)->n_refs, 1) == 1)
		ring_free(*r);
	*r = NULL;
}

void live_ring_count_drops(const struct live_ring *r)
{
	struct tpacket_stats_v3 st = {0};
	socklen_t len = sizeof st;
	struct timespec now;

	if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) < 0 || !st.tp_drops)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_store(&r->counts->unsaid_from, (int64_t)now.tv_sec * NANOS_PER_S + now.tv_nsec);
	atomic_fetch_add(&r->counts->unsaid, st.tp_drops);
	atomic_fetch_add(&r->counts->dropped, st.tp_drops);
}

/* How many packets were lost before this one. The kernel marks the packets after a loss until
 * somebody asks how many there were; once somebody has, the clock tells which came after. */
static uint32_t lost_before(const struct live_ring *r, const struct weir_frame *f, bool is_marked)
{
	struct live_counts *c = r->counts;

	if (is_marked)
		live_ring_count_drops(r);
	else if (f->time_ns <= atomic_load(&c->unsaid_from))
		return 0;
	return atomic_exchange(&c->unsaid, 0);
}

/* Puts the tag that the kernel took out back between the addresses and the type. The room before
 * the frame is the ring's reserve, the kernel's no more until the block goes back. */
static uint8_t *restore_tag(uint8_t *at, const struct tpacket3_hdr *h, uint32_t addresses_len)
{
	bool has_type = h->tp_status & TP_STATUS_VLAN_TPID_VALID;
	uint16_t type = htons(has_type ? h->hv1.tp_vlan_tpid : ETH_P_8021Q);
	uint16_t tci = htons((uint16_t)h->hv1.tp_vlan_tci);

	memmove(at - TAG_LEN, at, addresses_len);
	at -= TAG_LEN;
	memcpy(at + addresses_len, &type, sizeof type);
	memcpy(at + addresses_len + 2, &tci, sizeof tci);
	return at;
}

/* The header of LINKTYPE_LINUX_SLL2, in front of the network header. A VLAN tag is what its
 * protocol field then names, and stands where the payload begins. */
static uint8_t *write_sll2(uint8_t *at, const struct tpacket3_hdr *h,
			   const struct sockaddr_ll *from)
{
	uint16_t protocol = from->sll_protocol;
	uint32_t index = htonl((uint32_t)from->sll_ifindex);
	uint16_t type = htons(from->sll_hatype);

	if (h->tp_status & TP_STATUS_VLAN_VALID) {
		uint16_t tci = htons((uint16_t)h->hv1.tp_vlan_tci);

		at -= TAG_LEN;
		memcpy(at, &tci, sizeof tci);
		memcpy(at + 2, &protocol, sizeof protocol);
		protocol = htons(h->tp_status & TP_STATUS_VLAN_TPID_VALID ? h->hv1.tp_vlan_tpid
									  : ETH_P_8021Q);
	}
	at -= LIVE_LINK_SLL2_LEN;
	memset(at, 0, LIVE_LINK_SLL2_LEN);
	memcpy(at, &protocol, sizeof protocol);
	memcpy(at + 4, &index, sizeof index);
	memcpy(at + 8, &type, sizeof type);
	at[10] = from->sll_pkttype;
	at[11] = from->sll_halen;
	memcpy(at + 12, from->sll_addr, sizeof from->sll_addr);
	return at;
}

static uint8_t flags_of(uint32_t status)
{
	if (status & TP_STATUS_CSUMNOTREADY)
		return WEIR_FRAME_CHECKSUM_LATER;
	return status & TP_STATUS_CSUM_VALID ? WEIR_FRAME_CHECKSUM_OK : 0;
}

/* What the kernel takes out of a frame goes back in, and what it never had is added. */
static void restore_head(const struct live_ring *r, struct weir_frame *f, struct tpacket3_hdr *h,
			 const struct sockaddr_ll *from)
{
	uint8_t *at = (uint8_t *)h + h->tp_mac;
	uint8_t *start = at;
	uint32_t more;

	if (r->is_cooked)
		start = write_sll2(at, h, from);
	else if (r->link == LINK_ETHERNET && f->cap_len >= ADDRESSES_LEN)
		start = restore_tag(at, h, ADDRESSES_LEN);
	more = (uint32_t)(at - start);
	f->bytes = start;
	f->cap_len += more;
	f->wire_len += more;
	if (r->snap_len && f->cap_len > r->snap_len)
		f->cap_len = r->snap_len;
}

/* Fills *f from a packet of the ring. False where it is the second sight of a packet that the
 * loopback interface shows going out and coming in. */
static inline bool fill_frame(struct live_view *v, struct weir_frame *f, struct tpacket3_hdr *h)
{
	const struct live_ring *r = v->ring;
	const struct sockaddr_ll *from =
		(const void *)((uint8_t *)h + TPACKET_ALIGN(sizeof(struct tpacket3_hdr)));
	bool is_out = from->sll_pkttype == PACKET_OUTGOING;
	bool is_marked;

	*f = (struct weir_frame){
		.bytes = (uint8_t *)h + h->tp_mac,
		.block = &v->head,
		.time_ns = (int64_t)h->tp_sec * NANOS_PER_S + h->tp_nsec,
		.cap_len = h->tp_snaplen,
		.wire_len = h->tp_len,
		.iface = r->iface,
		.link = r->link,
		.direction = is_out ? WEIR_DIR_OUT : WEIR_DIR_IN,
		.kind = WEIR_FRAME_PACKET,
		.flags = flags_of(h->tp_status),
	};
	if ((h->tp_status & TP_STATUS_VLAN_VALID) || r->is_cooked)
		restore_head(r, f, h, from);
	is_marked = (h->tp_status & TP_STATUS_LOSING) && !v->has_asked;
	if (is_marked || atomic_load_explicit(&r->counts->unsaid, memory_order_relaxed)) {
		f->lost = lost_before(r, f, is_marked);
		v->has_asked |= is_marked;
	}
	return !is_out || !r->own_index || (uint32_t)from->sll_ifindex != r->own_index;
}

/* Each packet says where the next one lies, and another processor has just written it: every one
 * would wait for its line. So all lines are fetched ahead. Where packets are long that is far more
 * than is looked at of those that nobody watches, and the next one is guessed to lie as far on. */
static inline void fetch_ahead(struct live_view *v, const struct tpacket3_hdr *h)
{
	if (!v->fetched)
		__builtin_prefetch((const uint8_t *)h + 2 * (size_t)h->tp_next_offset);
	else
		for (; v->fetched < v->at + AHEAD; v->fetched += LINE)
			__builtin_prefetch(v->fetched);
}

static int view_batch(struct weir_block *b, struct weir_frame **frames)
{
	struct live_view *v = (struct live_view *)b;
	uint64_t bytes = 0;
	int n = 0;
	int n_seen = 0;
	bool is_new;

	while (n < SOURCE_BATCH && v->left) {
		struct tpacket3_hdr *h = (void *)(uintptr_t)v->at;

		v->at += h->tp_next_offset;
		fetch_ahead(v, h);
		v->left--;
		is_new = fill_frame(v, &v->frames[n], h);
		bytes += v->frames[n].cap_len;
		n_seen++;
		n += is_new;
	}
	atomic_fetch_add_explicit(&v->ring->counts->bytes, bytes, memory_order_relaxed);
	if (n < n_seen)
		atomic_fetch_add(&v->ring->counts->filtered, (uint64_t)(n_seen - n));
	*frames = v->frames;
	return n;
}

/* The last reference is gone, on whatever thread: first the memory goes to the kernel, then the
 * slot is free for the reader to look at again, which else could take it for a new block. */
static void view_give(struct weir_block *b)
{
	struct live_view *v = (struct live_view *)b;
	struct live_ring *r = v->ring;
	struct live_counts *c = r->counts;
	struct weir_frame *frames;

	while (v->left)
		(void)view_batch(b, &frames);
	__atomic_store_n(&slot_of(r, v->slot)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	atomic_fetch_add(&c->returned, v->n);
	atomic_store(&r->slots[v->slot].is_held, false);
	v->next = atomic_load(&r->returned_views);
	while (!atomic_compare_exchange_weak(&r->returned_views, &v->next, v))
		;
	if (atomic_load(&c->is_starving))
		live_counts_wake(c);
	live_ring_drop(&r);
}

/* There are as many views as slots, and a slot that is filled and not held has none. */
static struct live_view *view_take(struct live_ring *r)
{
	struct live_view *v;

	if (!r->free_views)
		r->free_views = atomic_exchange(&r->returned_views, NULL);
	if (!r->free_views)
		return &r->views[r->n_views++];
	v = r->free_views;
	r->free_views = v->next;
	return v;
}

int live_ring_block(struct live_ring *r, struct weir_block **out)
{
	struct tpacket_block_desc *desc = slot_of(r, r->next);
	struct live_view *v;

	if (atomic_load(&r->slots[r->next].is_held) || !slot_is_filled(r, r->next))
		return ERR_AGAIN;
	v = view_take(r);
	v->head = (struct weir_block){
		.n_refs = 1,
		.source = r->source,
		.queue = r->queue,
		.batch = view_batch,
		.give = view_give,
	};
	v->ring = r;
	v->slot = r->next;
	v->left = v->n = desc->hdr.bh1.num_pkts;
	v->at = (const uint8_t *)desc + desc->hdr.bh1.offset_to_first_pkt;
	v->fetched = v->n && desc->hdr.bh1.blk_len / v->n <= LONG_PACKET ? v->at : NULL;
	v->has_asked = false;
	atomic_fetch_add(&r->n_refs, 1);
	atomic_store(&r->slots[r->next].is_held, true);
	atomic_fetch_add(&r->counts->received, v->n);
	if (++r->next == r->n_blocks)
		r->next = 0;
	*out = &v->head;
	return 0;
}

bool live_ring_is_starved(const struct live_ring *r)
{
	return atomic_load(&r->slots[r->next].is_held);
}

bool live_ring_is_ahead(const struct live_ring *r)
{
	return atomic_load(&r->slots[(r->next ? r->next : r->n_blocks) - 1].is_held);
}

bool live_ring_is_bound(const struct live_ring *r)
{
	struct sockaddr_ll here = {0};
	socklen_t len = sizeof here;

	if (getsockname(r->fd, (struct sockaddr *)&here, &len) < 0)
		return true;
	return here.sll_ifindex != -1;
}

static int attach(const struct live_ring *r, const struct live_op *ops, uint16_t n)
{
	struct sock_fprog program = {n, (struct sock_filter *)(uintptr_t)ops};

	return setsockopt(r->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int attach_none(const struct live_ring *r)
{
	static const struct live_op none = {BPF_RET | BPF_K, 0, 0, 0};

	return attach(r, &none, 1);
}

static int open_socket(struct live_ring *r, const struct live_ring_options *o, struct why *why)
{
	r->fd = socket(AF_PACKET, (o->link->is_cooked ? SOCK_DGRAM : SOCK_RAW) | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return why_set(why, err_of_errno(errno),
			       "capturing needs the capability CAP_NET_RAW: %s", strerror(errno));
	if (attach_none(r) < 0)
		return why_set(why, ERR_IO, "no filter can be attached: %s", strerror(errno));
	return 0;
}

/* Asks the interface for time stamps of its own, of all that it receives. */
static int ask_hardware_time(const struct live_ring *r, const char *name, struct why *why)
{
	struct hwtstamp_config config = {.rx_filter = HWTSTAMP_FILTER_ALL};
	struct ifreq request = {0};
	int what = SOF_TIMESTAMPING_RAW_HARDWARE;

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	request.ifr_data = (char *)&config;
	if (ioctl(r->fd, SIOCSHWTSTAMP, &request) < 0)
		return why_set(why, ERR_UNSUPPORTED, "interface %s gives no hardware time: %s",
			       name, strerror(errno));
	if (setsockopt(r->fd, SOL_PACKET, PACKET_TIMESTAMP, &what, sizeof what) < 0)
		return why_set(why, ERR_UNSUPPORTED, "hardware time: %s", strerror(errno));
	return 0;
}

/* The kernel counts whole milliseconds, and takes 0 for a choice of its own. */
static unsigned delay_ms(const struct source_options *o)
{
	int64_t ms = o->delay.ns > 0 ? o->delay.ns / NANOS_PER_MS : DELAY_MS;

	return ms > 1 ? (unsigned)ms : 1;
}

static int map_ring(struct live_ring *r, const struct source_options *o, struct why *why)
{
	size_t len = (size_t)r->block_size * r->n_blocks;
	int version = TPACKET_V3;
	int reserve = TAG_LEN;
	struct tpacket_req3 req = {
		.tp_block_size = r->block_size,
		.tp_block_nr = r->n_blocks,
		.tp_frame_size = NOMINAL_FRAME,
		.tp_frame_nr = r->block_size / NOMINAL_FRAME * r->n_blocks,
		.tp_retire_blk_tov = delay_ms(o),
	};

	if (setsockopt(r->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) < 0 ||
	    setsockopt(r->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof reserve) < 0)
		return why_set(why, ERR_UNSUPPORTED, "the kernel has no TPACKET_V3: %s",
			       strerror(errno));
	if (setsockopt(r->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof req) < 0)
		return why_set(why, err_of_errno(errno), "no ring of %u blocks of %u bytes: %s",
			       r->n_blocks, r->block_size, strerror(errno));
	r->map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
	if (r->map == MAP_FAILED) {
		r->map = NULL;
		return why_set(why, err_of_errno(errno), "a ring of %zu bytes is not mapped: %s",
			       len, strerror(errno));
	}
	return 0;
}

/* From here on the socket belongs to the interface, which must be there and up. */
static int bind_ring(struct live_ring *r, const struct live_ring_options *o, struct why *why)
{
	struct sockaddr_ll here = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = o->link->index,
	};
	struct packet_mreq all = {.mr_ifindex = o->link->index, .mr_type = PACKET_MR_PROMISC};

	if (bind(r->fd, (struct sockaddr *)&here, sizeof here) < 0)
		return why_set(why, err_of_errno(errno), "interface %s cannot be captured: %s",
			       o->link->name, strerror(errno));
	if (!o->source->no_promisc && o->link->index &&
	    setsockopt(r->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0)
		return why_set(why, err_of_errno(errno),
			       "interface %s refuses promiscuous mode: %s", o->link->name,
			       strerror(errno));
	return 0;
}

/* Frames go to queues by a hash of their flow, the same for both directions. Frames stay as they
 * were on the wire: the kernel is not asked to put datagrams together (PACKET_FANOUT_FLAG_DEFRAG
 * would hand out what never was on the wire), but all fragments of a pair of addresses have one
 * hash. And no flow rolls over to another queue when its own is full. */
static int join_group(struct live_ring *r, int *group, struct why *why)
{
	socklen_t len = sizeof *group;
	bool is_fresh = *group == LIVE_FRESH_GROUP;
	int wish = PACKET_FANOUT_HASH << 16;

	wish |= is_fresh ? PACKET_FANOUT_FLAG_UNIQUEID << 16 : *group;
	if (setsockopt(r->fd, SOL_PACKET, PACKET_FANOUT, &wish, sizeof wish) < 0)
		return why_set(why, err_of_errno(errno), "queues cannot share the interface: %s",
			       strerror(errno));
	if (is_fresh && getsockopt(r->fd, SOL_PACKET, PACKET_FANOUT, group, &len) < 0)
		return why_set(why, err_of_errno(errno), "queues cannot share the interface: %s",
			       strerror(errno));
	*group &= 0xffff;
	return 0;
}

int live_ring_new(struct live_ring **out, const struct live_ring_options *o,
		  struct live_counts *counts, struct why *why)
{
	struct live_ring *r = calloc(1, sizeof *r);
	int rc;

	*out = NULL;
	if (!r)
		return ERR_NOMEM;
	r->fd = -1;
	r->counts = counts;
	r->n_refs = 1;
	r->block_size = o->block_size;
	r->n_blocks = o->n_blocks;
	r->snap_len = o->source->snap_len;
	r->iface = o->iface;
	r->link = o->link->link;
	r->is_cooked = o->link->is_cooked;
	r->own_index = o->loopback_index;
	atomic_fetch_add(&counts->n_rings, 1);
	r->slots = calloc(r->n_blocks, sizeof *r->slots);
	r->views = calloc(r->n_blocks, sizeof *r->views);
	rc = r->slots && r->views ? open_socket(r, o, why) : ERR_NOMEM;
	if (!rc && o->source->hardware_time && o->link->index)
		rc = ask_hardware_time(r, o->link->name, why);
	if (!rc)
		rc = map_ring(r, o->source, why);
	if (!rc)
		rc = bind_ring(r, o, why);
	if (!rc && o->group)
		rc = join_group(r, o->group, why);
	if (rc)
		live_ring_drop(&r);
	*out = r;
	return rc;
}

void live_ring_deafen(const struct live_ring *r)
{
	(void)attach_none(r); /* who reads does so for a limited time */
}

int live_ring_hear(struct live_ring *r, const struct live_link *link, struct why *why)
{
	int none = 0;
	int rc;

	if (link->ops)
		rc = attach(r, link->ops, link->n_ops);
	else
		rc = setsockopt(r->fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none);
	return rc < 0 ? why_set(why, ERR_IO, "the kernel refuses the filter: %s", strerror(errno))
		      : 0;
}
