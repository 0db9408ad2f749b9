/* weir-mediator: takes records from collectors, keeps them, delivers HI1, HI2 and HI3. */
#include <stdio.h>

#include "base/log.h"
#include "daemon/daemon.h"
#include "mediation/mediation.h"

static int start(struct daemon *d, struct why *why)
{
	struct mediation_place place = {d->loop, d->conf, "weir-mediator " WEIR_VERSION};
	struct mediation *m;
	int rc = mediation_new(&m, &place, why);

	d->owner = m;
	if (!rc)
		log_info("collectors are heard on port %u", mediation_port(m));
	return rc;
}

static void fini(struct daemon *d)
{
	struct mediation *m = d->owner;

	mediation_free(&m);
}

int main(int argc, char **argv)
{
	static const struct daemon_program program = {
		.name = "weir-mediator",
		.doc = "takes records from collectors, keeps them, delivers them to agencies",
		.version = WEIR_VERSION,
		.role = JAIL_MEDIATOR,
		.conf = &mediation_record,
		.start = start,
		.fini = fini,
	};

	return daemon_main(&program, argc, argv);
}
