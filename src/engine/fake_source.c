#include "engine/fake_source.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cap/backend.h"

enum { LINK_ETHERNET = 1, MAX_PER_BLOCK = 4096, WAIT_US = 1000, WIRE_LEN = 100 };

struct fake_block {
	struct weir_block head;
	struct fake_block *next;
	uint64_t first;
	uint32_t n, n_out;
	struct fake_packet packets[MAX_PER_BLOCK];
	struct weir_frame frames[MAX_PER_BLOCK];
	struct weir_frame window[SOURCE_BATCH]; /* used again, unless frames are kept */
};

struct fake_queue {
	uint64_t n_read;   /* packets */
	uint64_t n_blocks; /* numbers given */
	uint64_t delivered;
};

struct fake {
	struct fake_options o;
	pthread_mutex_t lock;
	struct fake_block *free;
	uint32_t n_out, n_most;
	_Atomic bool is_stopped;
	struct fake_queue queues[SOURCE_MAX_QUEUES]; /* a file uses the first for all */
};

static uint32_t mix(uint64_t x)
{
	x *= 0x9e3779b97f4a7c15u;
	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9u;
	return (uint32_t)(x >> 32);
}

static uint32_t chance(uint32_t below)
{
	static _Thread_local uint64_t state;

	if (state == 0)
		state = (uint64_t)(uintptr_t)&state ^ (uint64_t)time(NULL);
	return mix(++state) % below;
}

void fake_delay(uint32_t most_us)
{
	struct timespec span = {0, 0};

	if (most_us == 0)
		return;
	span.tv_nsec = (long)chance(most_us) * NANOS_PER_US;
	nanosleep(&span, NULL);
}

uint32_t fake_flow(uint64_t number, uint32_t n_flows)
{
	return n_flows > 1 ? mix(number) % n_flows : 0;
}

static uint32_t check_of(const struct fake_packet *p)
{
	return mix(p->number ^ (uint64_t)p->flow << 40);
}

struct fake_packet fake_packet_of(const struct weir_frame *frame)
{
	struct fake_packet p;

	memcpy(&p, frame->bytes, sizeof p);
	return p;
}

bool fake_packet_is_whole(const struct weir_frame *frame)
{
	struct fake_packet p = fake_packet_of(frame);

	return frame->cap_len == sizeof p && p.check == check_of(&p);
}

uint32_t fake_hash(const struct weir_frame *frame)
{
	return fake_packet_of(frame).flow;
}

static int give_batch(struct weir_block *head, struct weir_frame **frames)
{
	struct fake_block *b = (struct fake_block *)head;
	uint32_t n = b->n - b->n_out;

	if (n > SOURCE_BATCH)
		n = SOURCE_BATCH;
	*frames = &b->frames[b->n_out];
	if (!head->source->keeps_frames) {
		memcpy(b->window, *frames, n * sizeof **frames);
		*frames = b->window;
	}
	b->n_out += n;
	return (int)n;
}

static void take_back(struct weir_block *head)
{
	struct fake_block *b = (struct fake_block *)head;
	struct fake *f = head->source->own;

	memset(b->packets, 0xee, sizeof *b->packets * b->n);
	memset(b->frames, 0xee, sizeof *b->frames * b->n);
	pthread_mutex_lock(&f->lock);
	f->queues[head->queue].delivered += b->n;
	f->n_out--;
	b->next = f->free;
	f->free = b;
	pthread_mutex_unlock(&f->lock);
}

static void fill(struct fake *f, struct fake_block *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct fake_packet *p = &b->packets[i];

		*p = (struct fake_packet){.number = b->first + i};
		p->flow = fake_flow(p->number, f->o.n_flows);
		p->check = check_of(p);
		b->frames[i] = (struct weir_frame){
			.bytes = (const uint8_t *)p,
			.block = &b->head,
			.time_ns = f->o.first_ns + (int64_t)p->number * f->o.step_ns,
			.cap_len = sizeof *p,
			.wire_len = WIRE_LEN,
			.link = LINK_ETHERNET,
		};
	}
}

/* Under the lock: the next block's place in the data. */
static int cut_block(struct fake *f, struct fake_queue *place, uint64_t n_packets,
		     struct fake_block **out)
{
	struct fake_block *b = f->free;
	uint64_t left = n_packets - place->n_read;

	if (left == 0)
		return f->o.end ? f->o.end : ERR_END;
	if (f->n_out >= f->o.n_blocks || (f->o.is_moody && chance(4) == 0))
		return ERR_AGAIN;
	if (!b)
		b = calloc(1, sizeof *b);
	else
		f->free = b->next;
	if (!b)
		return ERR_NOMEM;
	if (++f->n_out > f->n_most)
		f->n_most = f->n_out;
	b->first = place->n_read;
	b->n = (uint32_t)(left < f->o.per_block ? left : f->o.per_block);
	b->n_out = 0;
	b->head = (struct weir_block){.n_refs = 1, .number = place->n_blocks++};
	place->n_read += b->n;
	*out = b;
	return 0;
}

static int next_block(struct source *s, int q, struct weir_block **out)
{
	struct fake *f = s->own;
	uint64_t n = f->o.n_packets;
	struct fake_block *b = NULL;
	int rc;

	if (atomic_load(&f->is_stopped))
		return ERR_STOPPED;
	fake_delay(f->o.delay_us);
	if (f->o.is_live && f->o.is_lopsided && q > 0)
		n = 0;
	pthread_mutex_lock(&f->lock);
	rc = cut_block(f, &f->queues[f->o.is_live ? q : 0], n, &b);
	/* an idle queue lives as long as the busy one */
	if (rc == ERR_END && f->o.is_lopsided && f->queues[0].n_read < f->o.n_packets)
		rc = ERR_AGAIN;
	pthread_mutex_unlock(&f->lock);
	if (rc == ERR_AGAIN)
		fake_delay(WAIT_US);
	if (rc < 0 || !b)
		return rc;
	b->head.source = s;
	b->head.queue = q;
	b->head.batch = give_batch;
	b->head.give = take_back;
	fill(f, b);
	*out = &b->head;
	return 0;
}

static void stop(struct source *s)
{
	struct fake *f = s->own;

	atomic_store(&f->is_stopped, true);
}

static struct source_stats stats(const struct source *s, int q)
{
	struct fake *f = s->own;
	struct source_stats sum = {0};

	pthread_mutex_lock(&f->lock);
	for (int i = 0; i < s->n_queues; i++) {
		if (q >= 0 && q != i)
			continue;
		sum.received += f->queues[i].n_read;
		sum.delivered += f->queues[i].delivered;
	}
	pthread_mutex_unlock(&f->lock);
	sum.in_flight = sum.received - sum.delivered;
	sum.bytes = sum.received * sizeof(struct fake_packet);
	return sum;
}

static const struct weir_iface *iface(const struct source *s, uint32_t i)
{
	static const struct weir_iface only = {.link = LINK_ETHERNET, .digits = 9};

	(void)s;
	return i == 0 ? &only : NULL;
}

static void shut(struct source *s)
{
	struct fake *f = s->own;

	while (f->free) {
		struct fake_block *b = f->free;

		f->free = b->next;
		free(b);
	}
	pthread_mutex_destroy(&f->lock);
	free(f);
	s->own = NULL;
}

static const struct source_ops fake_ops = {
	.scheme = "fake",
	.block = next_block,
	.stop = stop,
	.stats = stats,
	.iface = iface,
	.close = shut,
};

int fake_source_new(struct source **out, const struct fake_options *options)
{
	struct source *s = calloc(1, sizeof *s);
	struct fake *f = calloc(1, sizeof *f);

	*out = s;
	if (!s || !f) {
		free(s);
		free(f);
		*out = NULL;
		return ERR_NOMEM;
	}
	f->o = *options;
	if (f->o.per_block == 0)
		f->o.per_block = 100;
	if (f->o.n_blocks == 0)
		f->o.n_blocks = 64;
	pthread_mutex_init(&f->lock, NULL);
	s->ops = &fake_ops;
	s->own = f;
	s->n_queues = options->n_queues ? options->n_queues : 1;
	s->is_live = options->is_live;
	s->n_blocks = f->o.n_blocks;
	s->keeps_frames = !options->is_live && s->n_queues > 1;
	return 0;
}

uint32_t fake_blocks_out(const struct source *s)
{
	const struct fake *f = s->own;

	return f->n_out;
}

uint32_t fake_blocks_most(const struct source *s)
{
	const struct fake *f = s->own;

	return f->n_most;
}
