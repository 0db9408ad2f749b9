/* Reads the formats of room analyser: its steps as a walk. */
#include "trace/walk.h"

void others_init(struct trace_reader *r)
{
	analyser_init(&r->analyser, (enum analyser_format)(r->format - TRACE_SNOOP));
}

/* The interfaces that the last step has found. */
static int others_add_ifaces(struct trace_reader *r)
{
	while (ifaces_count(&r->ifaces) < r->analyser.n_ifaces) {
		const struct analyser_iface *found = &r->analyser.ifaces[ifaces_count(&r->ifaces)];
		struct iface_entry *e = ifaces_next(&r->ifaces);

		if (!e)
			return why_set(&r->why, ERR_NOMEM, "out of memory");
		e->seen.link = found->link;
		e->seen.digits = found->digits;
		e->seen.name = found->name[0] ? found->name : NULL;
		ifaces_publish(&r->ifaces);
	}
	return 0;
}

int others_walk(struct trace_reader *r, struct walk *w)
{
	while (w->at < w->end) {
		int n = analyser_step(&r->analyser, &w->rd, w->at, &r->why);
		int rc = n < 0 ? n : others_add_ifaces(r);

		r->need = r->analyser.need;
		if (rc < 0)
			return rc;
		if (n)
			w->at->flags |= trace_wire_flags(w->at->link);
		w->at += n;
	}
	return 0;
}
