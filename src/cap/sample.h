/* For tests only: a capture made in memory, files in a folder of the test's own, and all that a
 * source has to say about one. */
#ifndef CAP_SAMPLE_H
#define CAP_SAMPLE_H

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/wr.h"
#include "cap/source.h"

enum { SAMPLE_LIMIT = 64 << 20, SAMPLE_MAX_BLOCKS = 1 << 14, SAMPLE_HEADER = 24 };

struct sample {
	char folder[32];
	char path[64];
};

static inline void sample_init(struct sample *s)
{
	snprintf(s->folder, sizeof s->folder, "/tmp/cap-test-XXXXXX");
	if (!mkdtemp(s->folder))
		abort();
	snprintf(s->path, sizeof s->path, "%s/f", s->folder);
}

static inline void sample_fini(struct sample *s)
{
	unlink(s->path);
	rmdir(s->folder);
}

static inline void sample_write(const struct sample *s, const void *bytes, size_t len)
{
	int fd = open(s->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		abort();
	close(fd);
}

static inline void sample_header(struct wr *w)
{
	wr_le32(w, 0xa1b2c3d4);
	wr_le16(w, 2);
	wr_le16(w, 4);
	wr_le64(w, 0);
	wr_le32(w, 262144);
	wr_le32(w, 1);
}

static inline void sample_packet(struct wr *w, uint32_t i, uint32_t len)
{
	wr_le32(w, 1700000000 + i / 1000);
	wr_le32(w, i % 1000);
	wr_le32(w, len);
	wr_le32(w, len);
	for (uint32_t at = 0; at < len; at++)
		wr_u8(w, (uint8_t)(i * 7 + at * (at >> 4)));
}

/* A pcap file of n packets of many sizes, up to `most` bytes. */
static inline struct wr sample_pcap(uint32_t n, uint32_t most)
{
	struct wr w = wr_init(SAMPLE_LIMIT);
	uint32_t state = 1;

	sample_header(&w);
	for (uint32_t i = 0; i < n; i++) {
		state = state * 1664525 + 1013904223;
		sample_packet(&w, i, (state >> 8) % (most + 1));
	}
	if (!w.ok)
		abort();
	return w;
}

/* What was read, block by block in the order of the data. */
struct sample_run {
	struct source *source;
	int rc; /* what the last source_block returned */
	char why[600];
	uint64_t n_frames;
	uint64_t n_blocks;
	uint64_t hash; /* of all frames, in order */
	struct source_stats stats;
};

struct sample_worker {
	struct sample_run *run;
	pthread_t thread;
	int queue;
	int rc;
	uint64_t n_frames;
	struct sample_block {
		uint64_t number;
		uint64_t n;
		uint64_t hash;
		uint64_t power; /* so that hashes of runs of frames can be joined */
	} * blocks;
	uint64_t n_blocks;
};

enum { SAMPLE_PRIME = 1000003 };

static inline uint64_t sample_hash(const struct weir_frame *f)
{
	uint64_t h = 14695981039346656037ULL ^ (uint64_t)f->time_ns ^ f->wire_len;

	for (uint32_t i = 0; i < f->cap_len; i++)
		h = (h ^ f->bytes[i]) * 1099511628211ULL;
	return h ^ f->kind;
}

static inline void *sample_work(void *arg)
{
	struct sample_worker *w = arg;
	struct weir_block *b;

	while ((w->rc = source_block(w->run->source, w->queue, &b)) == 0 || w->rc == ERR_AGAIN) {
		struct sample_block *seen = &w->blocks[w->n_blocks];
		struct weir_frame *frames;
		int n;

		if (w->rc == ERR_AGAIN)
			continue;
		if (w->n_blocks++ == SAMPLE_MAX_BLOCKS)
			abort();
		*seen = (struct sample_block){.number = block_number(b), .power = 1};
		while ((n = block_batch(b, &frames)) > 0)
			for (int i = 0; i < n; i++) {
				if (frames[i].block != b)
					abort();
				seen->hash = seen->hash * SAMPLE_PRIME + sample_hash(&frames[i]);
				seen->power *= SAMPLE_PRIME;
				seen->n++;
			}
		block_put(&b);
	}
	return NULL;
}

static inline int sample_by_number(const void *a, const void *b)
{
	const struct sample_block *x = a;
	const struct sample_block *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static inline void sample_join(struct sample_run *run, const struct sample_worker *workers, int n)
{
	struct sample_block *all;
	uint64_t at = 0;

	for (int i = 0; i < n; i++)
		run->n_blocks += workers[i].n_blocks;
	all = calloc(run->n_blocks + 1, sizeof *all);
	for (int i = 0; i < n; i++)
		for (uint64_t k = 0; k < workers[i].n_blocks; k++)
			all[at++] = workers[i].blocks[k];
	qsort(all, run->n_blocks, sizeof *all, sample_by_number);
	for (uint64_t i = 0; i < run->n_blocks; i++) {
		run->hash = run->hash * all[i].power + all[i].hash;
		run->n_frames += all[i].n;
		if (all[i].number != i)
			run->rc = ERR_BAD; /* numbers shall have no holes */
	}
	free(all);
}

/* Reads all of it with n queues, a thread each. */
static inline struct sample_run sample_read(const char *uri, const struct source_options *options)
{
	struct sample_run run = {0};
	struct sample_worker *workers = calloc(SOURCE_MAX_QUEUES, sizeof *workers);
	struct why why;
	int n;

	why_clear(&why);
	run.rc = source_open(&run.source, uri, options, &why);
	if (run.rc) {
		why_print(&why, run.why, sizeof run.why);
		free(workers);
		return run;
	}
	n = source_n_queues(run.source);
	for (int i = 0; i < n; i++) {
		workers[i] = (struct sample_worker){.run = &run, .queue = i};
		workers[i].blocks = calloc(SAMPLE_MAX_BLOCKS + 1, sizeof *workers[i].blocks);
		if (i)
			pthread_create(&workers[i].thread, NULL, sample_work, &workers[i]);
	}
	sample_work(&workers[0]);
	run.rc = workers[0].rc;
	for (int i = 1; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].rc != run.rc)
			run.rc = ERR_USAGE; /* all queues shall end alike */
	}
	why_print(source_why(run.source), run.why, sizeof run.why);
	sample_join(&run, workers, n);
	run.stats = source_stats(run.source);
	source_close(&run.source);
	for (int i = 0; i < n; i++)
		free(workers[i].blocks);
	free(workers);
	return run;
}

static inline bool sample_same(const struct sample_run *a, const struct sample_run *b)
{
	return a->rc == b->rc && a->n_frames == b->n_frames && a->hash == b->hash &&
	       strcmp(a->why, b->why) == 0;
}

static inline bool sample_adds_up(const struct source_stats *s)
{
	return s->received == s->delivered + s->filtered + s->errors + s->in_flight &&
	       s->in_flight == 0;
}

#endif
