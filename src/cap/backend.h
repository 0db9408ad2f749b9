/* What a new kind of source fills in. Private to the room: users see source.h. */
#ifndef CAP_BACKEND_H
#define CAP_BACKEND_H

#include <stdatomic.h>

#include "cap/source.h"

/* The head of every block; a backend's own block begins with it. */
struct weir_block {
	_Atomic int32_t n_refs;
	uint64_t number;
	uint32_t n_frames;       /* handed out so far: for in_flight */
	_Atomic uint32_t n_held; /* of its frames */
	struct source *source;
	int queue;
	int (*batch)(struct weir_block *b, struct weir_frame **frames);
	void (*give)(struct weir_block *b); /* the last reference is gone */
};

struct source_ops {
	const char *scheme; /* "int" in "int:eth0"; "" for files */
	int (*open)(struct source *s, const char *rest, const struct source_options *options,
		    struct why *why);
	int (*block)(struct source *s, int q, struct weir_block **out);
	void (*attend)(struct source *s);                            /* NULL: nothing to do */
	void (*finish)(struct source *s);                            /* NULL: as stop */
	void (*stop)(struct source *s);                              /* async-signal-safe */
	struct source_stats (*stats)(const struct source *s, int q); /* q < 0: of all */
	const struct weir_iface *(*iface)(const struct source *s, uint32_t i);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	void *own; /* the backend's state */
	char *uri;
	int n_queues;
	bool is_live;
	bool keeps_frames;         /* see source_keeps_frames */
	uint32_t n_blocks;         /* that can be out at once (of one queue, live); 0: no limit */
	_Atomic uint32_t n_pinned; /* blocks with held frames */
	enum trace_format format;
	struct why why;
};

/* cap/file.c and cap/live.c */
extern const struct source_ops file_source;
extern const struct source_ops live_source;

#endif
