/* Tests and fuzzing only: that a reader's frames do not depend on the windows that it is shown,
 * and that whatever it reads can be written. */
#ifndef TRACE_WINDOWS_H
#define TRACE_WINDOWS_H

#include <stdlib.h>
#include <string.h>

#include "base/sample.h"
#include "base/wr.h"
#include "trace/writer.h"

/* Everything that a reading says, as one number. */
struct digest {
	uint64_t hash;
	uint64_t n_frames;
	uint64_t n_packets;
	int rc;
};

static void digest_frame(struct digest *d, const struct trace_reader *r, const struct weir_frame *f)
{
	const struct weir_iface *iface = trace_reader_iface(r, f->iface);
	struct weir_frame plain = *f;

	plain.bytes = plain.record = NULL;
	sample_hash(&d->hash, &plain, sizeof plain);
	sample_hash(&d->hash, f->bytes, f->cap_len);
	sample_hash(&d->hash, f->record, f->record_len);
	if (f->kind != WEIR_FRAME_PACKET)
		iface = NULL; /* a section's header comes before its interfaces */
	if (iface)
		sample_hash(&d->hash, &iface->link, sizeof iface->link);
	if (iface && iface->name)
		sample_hash(&d->hash, iface->name, strlen(iface->name));
	d->n_frames++;
	d->n_packets += f->kind == WEIR_FRAME_PACKET;
}

/* Reads all of it through windows of random sizes from seed on (0: one window of all), each a
 * copy of exactly its size. */
static struct digest digest_of(enum trace_format format, const uint8_t *bytes, size_t len,
			       uint32_t seed)
{
	struct digest d = {.hash = 0xcbf29ce484222325u};
	struct trace_reader *r = NULL;
	size_t at = 0, window = seed ? 1 : len;

	if (trace_reader_new(&r, format) < 0)
		abort();
	for (;;) {
		size_t n = window < len - at ? window : len - at;
		uint8_t *copy = malloc(n ? n : 1);
		struct weir_frame frames[7];
		struct rd rd = rd_of(copy, n);

		if (!copy)
			abort();
		if (n)
			memcpy(copy, bytes + at, n);
		d.rc = trace_reader_batch(r, &rd, frames, seed ? 1 + seed % 7 : 7);
		for (int i = 0; i < d.rc; i++)
			digest_frame(&d, r, &frames[i]);
		at += n - rd_left(&rd);
		free(copy);
		seed = seed ? (seed * 1664525 + 1013904223) | 1 : 0;
		window = seed ? 1 + (seed >> 8) % 300 : len;
		if (d.rc == ERR_AGAIN && at + n < len && window < trace_reader_need(r))
			window = trace_reader_need(r);
		if (d.rc == ERR_AGAIN && at + n >= len)
			break;
		if (d.rc < 0 && d.rc != ERR_AGAIN)
			break;
	}
	if (d.rc == ERR_AGAIN)
		d.rc = trace_reader_end(r, len - at);
	sample_hash(&d.hash, trace_reader_why(r)->text, strlen(trace_reader_why(r)->text));
	sample_hash(&d.hash, &trace_reader_why(r)->offset, sizeof(int64_t));
	trace_reader_free(&r);
	return d;
}

static bool digest_same(struct digest a, struct digest b)
{
	return a.hash == b.hash && a.n_frames == b.n_frames && a.rc == b.rc;
}

/* Writes all frames in another format into w. Returns how many packets were written. */
__attribute__((unused)) static uint64_t rewrite(enum trace_format format, const uint8_t *bytes,
						size_t len,
						const struct trace_writer_options *options,
						struct wr *w)
{
	struct trace_reader *r = NULL;
	struct trace_writer *t = NULL;
	struct weir_frame frames[16];
	struct rd rd = rd_of(bytes, len);
	uint64_t n_written = 0;
	int n;

	if (trace_reader_new(&r, format) < 0 || trace_writer_new(&t, options) < 0)
		abort();
	while ((n = trace_reader_batch(r, &rd, frames, 16)) >= 0) {
		for (int i = 0; i < n; i++) {
			size_t before = w->len;

			n_written += trace_writer_frame(t, w, &frames[i],
							trace_reader_iface(r, frames[i].iface),
							NULL) == 0 &&
				     frames[i].kind == WEIR_FRAME_PACKET && w->len > before;
		}
	}
	if (trace_writer_end(t, w, 1) < 0)
		abort();
	trace_writer_free(&t);
	trace_reader_free(&r);
	return n_written;
}

/* For a fuzz target: the properties above, or abort. */
__attribute__((unused)) static void windows_fuzz(enum trace_format format, const uint8_t *bytes,
						 size_t len)
{
	struct digest whole = digest_of(format, bytes, len, 0);
	uint32_t seed = (uint32_t)(len * 2654435761u) | 1;

	if (!digest_same(whole, digest_of(format, bytes, len, seed)))
		abort();
	for (int to = TRACE_PCAP; to <= TRACE_ERF; to++) {
		struct trace_writer_options options = {.format = (enum trace_format)to,
						       .from = format,
						       .snap_len = len % 3 ? 0 : 40,
						       .is_big_endian = len % 2};
		struct wr w = wr_init(64u << 20);
		uint64_t n_written = rewrite(format, bytes, len, &options, &w);
		struct digest again = digest_of(options.format, w.bytes, w.len, 0);

		if (again.n_packets != n_written || (again.rc < 0 && again.rc != ERR_CUT) ||
		    (again.rc == ERR_CUT && w.len > 0))
			abort();
		wr_fini(&w);
	}
}

#endif
