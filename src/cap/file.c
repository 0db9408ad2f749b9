/* Files, pipes and standard input as a source.
 *
 * Records do not know of pieces: each piece may begin and end inside one. What can be done in
 * parallel is reading; finding the records is done in turn, for only the piece before tells where
 * the first record of the next one begins.
 *
 *	queue 0   [ticket 0: pread     ][turn: walk]---- its frames are used ----[ticket 2: pread ..
 *	queue 1       [ticket 1: pread     ]  wait..[turn: walk]---- its frames are used ----
 *
 * Compressed data and pipes can only be read in order: there the reading is done in the turn too.
 *
 * With one queue there are no turns. A piece is then walked a batch at a time, when block_batch
 * asks for it, while its bytes are on their way through the cache anyway; `open` is the piece that
 * is not walked to its end, on which the source keeps a reference. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/turn.h"
#include "cap/backend.h"
#include "cap/gate.h"
#include "pack/input.h"
#include "cap/pool.h"
#include "pack/stream.h"

enum {
	FILE_BLOCK = 256 * 1024,
	FILE_MIN_BLOCK = 64,
	FILE_MAX_BLOCK = 64 << 20,
	FILE_N_BLOCKS = 64,
	FILE_WAIT = 100 * NANOS_PER_MS,
	FILE_LINE = 64,
	FILE_DENSE =
		16, /* how many times as long it becomes, about, when it is not packed any more */
	FILE_NOTHING = 1, /* a piece was read, and no record ends in it */
};

struct file_counts {
	_Alignas(FILE_LINE) _Atomic uint64_t received; /* these by the queue's own thread */
	_Atomic uint64_t bytes;
	_Atomic uint64_t dropped;
	_Atomic uint64_t errors;
	_Alignas(FILE_LINE) _Atomic uint64_t delivered; /* by whoever gives a block back */
};

struct file {
	struct source *source;
	const char *path;
	struct input input;
	struct stream *stream; /* NULL: not compressed */
	struct trace_reader *reader;
	struct pool pool;
	struct nanos wait;
	bool wants_meta;
	int (*enter)(void);
	bool has_meta;  /* the format knows records that are no packets */
	bool is_lazy;   /* one queue */
	bool is_pieces; /* read in pieces at fixed places; else as the data comes */

	_Atomic uint64_t n_tickets;
	struct turn turn; /* of pieces */
	struct gate gate; /* the turn, where data is read as it comes */

	/* Touched in the turn only. */
	uint8_t *carry; /* the start of a record whose end is not read yet */
	size_t carry_len;
	size_t carry_size;
	int last; /* nothing more will be read: ERR_END, or the error that the reading met */
	uint64_t n_blocks;
	struct piece *open;

	_Atomic int ended; /* what source_block returns when all is handed out; 0: not yet */
	_Atomic uint64_t offset;
	struct file_counts counts[SOURCE_MAX_QUEUES];
};

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Nothing comes after this; the reason is there before the others can see that there is one. */
static void file_end(struct file *f, int rc, const struct why *why)
{
	if (why)
		f->source->why = *why;
	if (rc != ERR_END) {
		why_set(&f->source->why, rc, "%s", err_text(rc));
		why_place(&f->source->why, f->path);
	}
	atomic_store(&f->ended, rc);
}

/* A packet that cannot be read: the queue's own thread counts it. */
static void count_error(struct file *f, int q)
{
	count(&f->counts[q].received, 1);
	count(&f->counts[q].errors, 1);
}

/* The reading has come to its end, and what remains is no whole record. */
static void file_end_reading(struct file *f, int q)
{
	int rc = f->last;

	if (f->carry_len)
		count_error(f, q);
	if (rc == ERR_END) {
		rc = trace_reader_end(f->reader, f->carry_len);
		file_end(f, rc ? rc : ERR_END, rc ? trace_reader_why(f->reader) : NULL);
		return;
	}
	why_offset(&f->source->why, (int64_t)(trace_reader_offset(f->reader) + f->carry_len));
	file_end(f, rc, f->stream ? stream_why(f->stream) : NULL);
}

static int carry_grow(struct file *f, size_t size)
{
	size_t room = f->carry_size ? f->carry_size : 4096;
	uint8_t *grown;

	if (size <= f->carry_size)
		return 0;
	if (size > TRACE_MAX_RECORD + f->pool.piece_size)
		return ERR_BAD;
	while (room < size)
		room *= 2;
	grown = realloc(f->carry, room);
	if (!grown)
		return ERR_NOMEM;
	f->carry = grown;
	f->carry_size = room;
	return 0;
}

static int carry_add(struct file *f, const uint8_t *bytes, size_t len)
{
	int rc = carry_grow(f, f->carry_len + len);

	if (!rc && len)
		memcpy(f->carry + f->carry_len, bytes, len);
	f->carry_len += rc ? 0 : len;
	return rc;
}

/* Puts the carry before the piece's data. A carry too long for that is a large record: data is
 * added to it until it is whole, and then the block owns that memory. */
static int piece_attach(struct file *f, struct piece *p)
{
	int rc;

	p->window = p->data;
	p->used = p->window_len = 0;
	if (f->carry_len <= POOL_HEADROOM) {
		p->window = p->data - f->carry_len;
		p->window_len = f->carry_len + p->got;
		if (f->carry_len)
			memcpy(p->data - f->carry_len, f->carry, f->carry_len);
		f->carry_len = 0;
		return 0;
	}
	rc = carry_add(f, p->data, p->got);
	if (rc || f->carry_len < trace_reader_need(f->reader))
		return rc;
	p->large = f->carry;
	p->window = f->carry;
	p->window_len = f->carry_len;
	f->carry = NULL;
	f->carry_len = f->carry_size = 0;
	return 0;
}

/* The window is walked as far as it goes. */
static void piece_shut(struct file *f, struct piece *p, int rc)
{
	struct weir_block *b = &p->head;

	p->is_open = false;
	if (!rc)
		rc = carry_add(f, p->window + p->used, p->window_len - p->used);
	if (rc) {
		const struct why *why = trace_reader_why(f->reader);

		count_error(f, b->queue);
		file_end(f, rc, why->text[0] ? why : NULL);
	} else if (f->last) {
		file_end_reading(f, b->queue);
	}
	if (f->open == p) {
		f->open = NULL;
		block_put(&b);
	}
}

/* Makes n frames the block's own; those that are not wanted leave. Returns how many stay. */
static int piece_pick(struct file *f, struct piece *p, struct weir_frame *frames, int n)
{
	struct file_counts *c = &f->counts[p->head.queue];
	uint64_t bytes = 0;
	uint64_t lost = 0;
	int n_packets = 0;
	int kept = 0;

	for (int i = 0; i < n; i++) {
		struct weir_frame *frame = &frames[i];
		bool is_packet = frame->kind == WEIR_FRAME_PACKET;

		lost += frame->lost;
		bytes += is_packet ? frame->cap_len : 0;
		n_packets += is_packet;
		if (!is_packet && !f->wants_meta)
			continue;
		if (kept != i)
			frames[kept] = *frame;
		frames[kept++].block = &p->head;
	}
	count(&c->received, (uint64_t)n_packets);
	count(&c->bytes, bytes);
	count(&c->dropped, lost);
	p->n_delivered += (uint32_t)n_packets;
	return kept;
}

/* The same, first in the hope that all are packets. */
static int piece_adopt(struct file *f, struct piece *p, struct weir_frame *frames, int n)
{
	struct file_counts *c = &f->counts[p->head.queue];
	uint64_t bytes = 0;
	uint64_t lost = 0;
	uint32_t kinds = WEIR_FRAME_PACKET;

	for (struct weir_frame *at = frames, *end = frames + n; at < end; at++) {
		bytes += at->cap_len;
		lost += at->lost;
		kinds |= at->kind;
		at->block = &p->head;
	}
	if (kinds != WEIR_FRAME_PACKET)
		return piece_pick(f, p, frames, n);
	count(&c->received, (uint64_t)n);
	count(&c->bytes, bytes);
	count(&c->dropped, lost);
	p->n_delivered += (uint32_t)n;
	return n;
}

/* The same where every frame is a packet that stays: the usual case, in few instructions. */
static int piece_adopt_packets(struct file *f, struct piece *p, struct weir_frame *frames, int n)
{
	struct file_counts *c = &f->counts[p->head.queue];
	uint64_t bytes = 0;

	for (struct weir_frame *at = frames, *end = frames + n; at < end; at++) {
		bytes += at->cap_len;
		at->block = &p->head;
	}
	count(&c->received, (uint64_t)n);
	count(&c->bytes, bytes);
	p->n_delivered += (uint32_t)n;
	return n;
}

/* Finds up to SOURCE_BATCH more frames. */
static void piece_walk(struct file *f, struct piece *p)
{
	struct weir_frame *frames = p->frames + p->n_found;
	struct rd window = rd_of(NULL, 0);
	int n = ERR_AGAIN;

	assert(p->n_found < f->pool.n_frames);
	if (p->used < p->window_len) {
		uint32_t room = f->pool.n_frames - p->n_found;

		window = rd_of(p->window + p->used, p->window_len - p->used);
		n = trace_reader_batch(f->reader, &window, frames,
				       room < SOURCE_BATCH ? (int)room : SOURCE_BATCH);
	}
	if (n < 0) {
		piece_shut(f, p, n == ERR_AGAIN ? 0 : n);
		return;
	}
	p->used = p->window_len - rd_left(&window);
	if (f->has_meta)
		p->n_found += (uint32_t)piece_adopt(f, p, frames, n);
	else
		p->n_found += (uint32_t)piece_adopt_packets(f, p, frames, n);
}

/* In the turn, with new data in p: 0 when it has frames and is to be handed out (its number is
 * given here), FILE_NOTHING, or what the source ended with. */
static int piece_look(struct file *f, struct piece *p)
{
	int rc = piece_attach(f, p);

	p->is_open = true;
	if (rc)
		piece_shut(f, p, rc);
	while (p->is_open && !(f->is_lazy && p->n_found))
		piece_walk(f, p);
	if (p->n_found) {
		p->head.number = f->n_blocks++;
		if (p->is_open) {
			f->open = p;
			block_get(&p->head);
		}
		return 0;
	}
	rc = atomic_load(&f->ended);
	return rc ? rc : FILE_NOTHING;
}

/* Reads the next piece at its fixed place, and looks at it when its turn comes. */
static int file_next_piece(struct file *f, struct piece *p)
{
	uint64_t ticket = atomic_fetch_add(&f->n_tickets, 1);
	uint64_t offset = ticket * f->pool.piece_size;
	int errnum;
	int rc;

	p->got = input_pread(&f->input, p->data, f->pool.piece_size, offset, &errnum);
	turn_wait(&f->turn, ticket);
	rc = atomic_load(&f->ended);
	if (!rc) {
		if (errnum)
			f->last = why_set(&f->source->why, ERR_IO, "cannot read: %s",
					  strerror(errnum));
		else if (p->got < f->pool.piece_size)
			f->last = ERR_END;
		atomic_store_explicit(&f->offset, offset + p->got, memory_order_relaxed);
		rc = piece_look(f, p);
	}
	turn_pass(&f->turn);
	return rc;
}

static int file_read(struct file *f, struct piece *p)
{
	size_t got;
	int rc;

	if (f->stream)
		return stream_read(f->stream, p->data, f->pool.piece_size, f->wait, &p->got);
	p->got = 0;
	do {
		rc = input_read(&f->input, p->data + p->got, f->pool.piece_size - p->got, f->wait,
				&got);
		p->got += got;
	} while (!rc && p->got < f->pool.piece_size && input_is_ready(&f->input));
	if (rc == ERR_IO)
		f->source->why = f->input.why;
	return rc;
}

/* Whether another reader would have something to do: a whole piece more, or the news of the end.
 * What undoes a compression wants its processor more than a reader with nothing to read. */
static bool file_has_more(struct file *f)
{
	if (atomic_load(&f->ended))
		return true;
	return f->stream ? stream_is_ready(f->stream, f->pool.piece_size)
			 : input_is_ready(&f->input);
}

/* Reads what has come, and looks at it; all that in the turn. */
static int file_next_data(struct file *f, struct piece *p)
{
	int rc = gate_enter(&f->gate, f->wait, &f->input.is_stopped);

	if (rc)
		return rc;
	rc = atomic_load(&f->ended);
	if (!rc) {
		rc = file_read(f, p);
		if (rc != ERR_AGAIN && rc != ERR_STOPPED)
			f->last = rc;
		if (p->got || f->last)
			rc = piece_look(f, p);
	}
	gate_leave(&f->gate, f->source->n_queues > 1 && file_has_more(f));
	return rc;
}

static int file_batch(struct weir_block *b, struct weir_frame **frames)
{
	struct piece *p = (struct piece *)b;
	uint32_t n;

	/* found a batch at a time, frames take the last one's place, which is in the cache */
	while (p->n_out == p->n_found && p->is_open) {
		p->n_out = p->n_found = 0;
		piece_walk(b->source->own, p);
	}
	n = p->n_found - p->n_out;
	if (n > SOURCE_BATCH)
		n = SOURCE_BATCH;
	*frames = p->frames + p->n_out;
	p->n_out += n;
	return (int)n;
}

static void file_give(struct weir_block *b)
{
	struct piece *p = (struct piece *)b;
	struct file *f = b->source->own;

	atomic_fetch_add_explicit(&f->counts[b->queue].delivered, p->n_delivered,
				  memory_order_relaxed);
	pool_give(&f->pool, p);
}

static int file_block(struct source *s, int q, struct weir_block **out)
{
	struct file *f = s->own;
	struct piece *p;
	int rc;

	while (f->is_lazy && f->open)
		piece_walk(f, f->open);
	if (atomic_load(&f->input.is_stopped))
		return ERR_STOPPED;
	rc = atomic_load(&f->ended);
	if (!rc)
		rc = pool_take(&f->pool, &p, f->wait, &f->input.is_stopped);
	if (rc)
		return rc;
	p->head = (struct weir_block){
		.n_refs = 1, .source = s, .queue = q, .batch = file_batch, .give = file_give};
	do
		rc = f->is_pieces ? file_next_piece(f, p) : file_next_data(f, p);
	while (rc == FILE_NOTHING);
	if (rc)
		pool_give(&f->pool, p);
	else
		*out = &p->head;
	return rc;
}

/* The format by the data's first bytes, as they are inside the compression if there is one. */
static int sniff_stream(struct file *f, enum trace_format *format, struct why *why)
{
	uint8_t bytes[TRACE_PROBE_LEN];
	size_t len = 0;
	int rc = 0;

	while (!rc && *format == TRACE_UNKNOWN && len < sizeof bytes) {
		rc = stream_peek(f->stream, bytes, sizeof bytes, &len);
		*format = trace_probe(bytes, len);
	}
	if (*format != TRACE_UNKNOWN || rc == 0 || rc == ERR_END)
		return len ? 0 : why_set(why, ERR_CUT, "there is nothing in it");
	if (why)
		*why = *stream_why(f->stream);
	return rc;
}

static int sniff(struct file *f, enum trace_format *format, struct why *why)
{
	struct input *in = &f->input;
	int rc = 0;

	while (!rc && *format == TRACE_UNKNOWN && in->n_peeked < TRACE_PROBE_LEN) {
		const struct codec *codec;

		rc = input_peek(in);
		codec = codec_probe(in->peek, in->n_peeked);
		if (codec) {
			rc = stream_new(&f->stream, in, codec, f->enter);
			return rc ? rc : sniff_stream(f, format, why);
		}
		*format = trace_probe(in->peek, in->n_peeked);
	}
	if (rc && rc != ERR_END)
		return why_set(why, rc, "%s", in->why.text[0] ? in->why.text : err_text(rc));
	return in->n_peeked ? 0 : why_set(why, ERR_CUT, "is empty");
}

/* "pcap:path" names the format that the path shall have. */
static const char *uri_path(const char *uri, enum trace_format *format)
{
	const char *colon = strchr(uri, ':');
	char name[16];
	size_t len = colon ? (size_t)(colon - uri) : 0;

	*format = TRACE_UNKNOWN;
	if (!len || len >= sizeof name)
		return uri;
	memcpy(name, uri, len);
	name[len] = '\0';
	*format = trace_format_of_name(name);
	return *format == TRACE_UNKNOWN ? uri : colon + 1;
}

static int file_find_format(struct file *f, enum trace_format wanted, struct why *why)
{
	enum trace_format found = TRACE_UNKNOWN;
	int rc = sniff(f, &found, why);

	if (rc)
		return rc;
	if (found == TRACE_UNKNOWN)
		found = wanted;
	if (found == TRACE_UNKNOWN)
		return why_set(why, ERR_UNKNOWN, "its first bytes are of no capture format");
	if (wanted != TRACE_UNKNOWN && wanted != found)
		return why_set(why, ERR_BAD, "its format is %s, not %s", trace_format_name(found),
			       trace_format_name(wanted));
	f->source->format = found;
	f->has_meta = found != TRACE_PCAP;
	return trace_reader_new(&f->reader, found);
}

static void file_close(struct source *s)
{
	struct file *f = s->own;

	if (f->open) {
		struct weir_block *b = &f->open->head;

		block_put(&b);
	}
	stream_free(&f->stream);
	trace_reader_free(&f->reader);
	pool_fini(&f->pool);
	turn_fini(&f->turn);
	gate_fini(&f->gate);
	input_close(&f->input);
	free(f->carry);
	free(f);
	s->own = NULL;
}

static void file_settle(struct file *f, const struct source_options *options)
{
	size_t size = options->block_size ? options->block_size : FILE_BLOCK;
	uint32_t least = (uint32_t)f->source->n_queues + 1;
	uint32_t n = options->n_blocks ? options->n_blocks : FILE_N_BLOCKS;

	if (size < FILE_MIN_BLOCK)
		size = FILE_MIN_BLOCK;
	if (size > FILE_MAX_BLOCK)
		size = FILE_MAX_BLOCK;
	if (!options->n_blocks && n < 2 * least)
		n = 2 * least;
	if (n < least)
		n = least;
	pool_init(&f->pool, size, n);
	f->source->n_blocks = n;
	turn_init(&f->turn);
	gate_init(&f->gate);
	f->wait = options->wait.ns > 0 ? options->wait : (struct nanos){FILE_WAIT};
	f->wants_meta = options->wants_meta;
	f->enter = options->enter;
	f->is_lazy = f->source->n_queues == 1;
	f->source->keeps_frames = !f->is_lazy;
}

/* A file that is read in a piece or two has nothing for more queues than that, and a thread that
 * finds nothing costs more than what it reads. Where it is packed, how long it is inside is a
 * guess. A pipe may bring anything. */
static void file_fit_queues(struct file *f)
{
	uint64_t piece = f->pool.piece_size;
	uint64_t n;

	if (!f->input.is_plain || f->input.size == 0)
		return;
	n = f->input.size / (f->stream ? (piece + FILE_DENSE - 1) / FILE_DENSE : piece) + 1;
	if (n < (uint64_t)f->source->n_queues)
		f->source->n_queues = (int)n;
	f->is_lazy = f->source->n_queues == 1;
	f->source->keeps_frames = !f->is_lazy;
}

static int file_open(struct source *s, const char *rest, const struct source_options *options,
		     struct why *why)
{
	struct file *f = aligned_alloc(FILE_LINE, sizeof *f);
	enum trace_format wanted;
	int rc;

	if (!f)
		return ERR_NOMEM;
	memset(f, 0, sizeof *f);
	f->source = s;
	f->path = uri_path(rest, &wanted);
	s->own = f;
	file_settle(f, options);
	rc = input_open(&f->input, f->path, options->ender ? *options->ender : -1, why);
	if (!rc)
		rc = file_find_format(f, wanted, why);
	f->is_pieces = f->input.is_plain && !f->stream;
	file_fit_queues(f);
	if (strcmp(f->path, "-") == 0)
		f->path = "standard input";
	if (rc)
		why_place(why, f->path);
	return rc;
}

static void file_stop(struct source *s)
{
	struct file *f = s->own;

	input_stop(&f->input);
}

static void stats_add(struct source_stats *sum, const struct file_counts *c)
{
	uint64_t delivered = read_count(&c->delivered);
	uint64_t errors = read_count(&c->errors);
	uint64_t received = read_count(&c->received);

	sum->received += received;
	sum->delivered += delivered;
	sum->errors += errors;
	sum->in_flight += received - delivered - errors;
	sum->dropped += read_count(&c->dropped);
	sum->bytes += read_count(&c->bytes);
}

static struct source_stats file_stats(const struct source *s, int q)
{
	const struct file *f = s->own;
	struct source_stats sum = {.size = f->input.size};

	for (int i = 0; i < s->n_queues; i++)
		if (q < 0 || q == i)
			stats_add(&sum, &f->counts[i]);
	sum.offset = read_count(f->is_pieces ? &f->offset : &f->input.n_read);
	return sum;
}

static const struct weir_iface *file_iface(const struct source *s, uint32_t i)
{
	const struct file *f = s->own;

	return trace_reader_iface(f->reader, i);
}

const struct source_ops file_source = {
	.scheme = "",
	.open = file_open,
	.block = file_block,
	.stop = file_stop,
	.stats = file_stats,
	.iface = file_iface,
	.close = file_close,
};
