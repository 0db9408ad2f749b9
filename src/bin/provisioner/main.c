/* weir-provisioner: what must be intercepted, kept, checked, and told to those who do it. */
#include "daemon/daemon.h"
#include "provision/provision.h"

static int start(struct daemon *d, struct why *why)
{
	struct provision *p = NULL;
	int rc = provision_new(&p, d->loop, d->conf, WEIR_VERSION, why);

	d->owner = p;
	return rc;
}

static void fini(struct daemon *d)
{
	struct provision *p = d->owner;

	provision_free(&p);
	d->owner = NULL;
}

static const struct daemon_program provisioner = {
	.name = "weir-provisioner",
	.doc = "keeps warrants, and tells collectors and mediators what to do",
	.version = WEIR_VERSION,
	.role = JAIL_PROVISIONER,
	.conf = &provision_conf_record,
	.start = start,
	.fini = fini,
};

int main(int argc, char **argv)
{
	return daemon_main(&provisioner, argc, argv);
}
