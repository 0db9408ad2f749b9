/* weir-agency: the receiving side of an agency. HI2 and HI3 come in, records are checked and kept,
 * and in the end it says whether anything was missing or wrong. */
#include "daemon/daemon.h"
#include "lemf/lemf.h"

static void on_done(void *owner)
{
	struct daemon *d = owner;

	daemon_end(d, 0);
}

static int start(struct daemon *d, struct why *why)
{
	struct lemf *lemf;
	int rc = lemf_new(&lemf, d->loop, d->conf, why);

	d->owner = lemf;
	if (!rc)
		lemf_on_done(lemf, on_done, d);
	return rc;
}

/* The verdict is the exit status. */
static void fini(struct daemon *d)
{
	struct lemf *lemf = d->owner;

	if (lemf && !lemf_finish(lemf))
		d->status = 1;
	lemf_free(&lemf);
}

static const struct daemon_program program = {
	.name = "weir-agency",
	.doc = "takes in HI2 and HI3, checks what comes, and keeps it",
	.version = WEIR_VERSION,
	.role = JAIL_AGENCY,
	.conf = &lemf_record,
	.start = start,
	.fini = fini,
};

int main(int argc, char **argv)
{
	return daemon_main(&program, argc, argv);
}
