/* weir-collector: from packets to the records of whom warrants name. */
#include "collection/collection.h"
#include "daemon/daemon.h"

static int start(struct daemon *d, struct why *why)
{
	const struct collection_place place = {d, d->conf, "weir-collector " WEIR_VERSION};
	struct collection *c;
	int rc = collection_new(&c, &place, why);

	d->owner = c;
	return rc;
}

static void stop(struct daemon *d)
{
	collection_stop(d->owner);
}

static void fini(struct daemon *d)
{
	struct collection *c = d->owner;

	collection_free(&c);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "weir-collector",
		.doc = "captures packets, executes warrants on them, sends records to mediators",
		.version = WEIR_VERSION,
		.role = JAIL_COLLECTOR,
		.conf = &collection_record,
		.start = start,
		.stop = stop,
		.fini = fini,
	};

	return daemon_main(&program, argc, argv);
}
