/* Desks: the outboxes of agencies. One that was made stays, for its agency may come back. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "intercept/inside.h"

static const char *const file_names[] = {"hi2.ber", "hi3.ber"};

static int open_files(struct intercept *i, struct desk *desk, struct why *why)
{
	const char *dir = i->options.dir;
	struct outbox_place place = {.agency = desk->agency, .is_forced = i->options.is_forced};
	int rc = 0;

	if (mkdir(dir, S_IRWXU) != 0 && errno != EEXIST)
		rc = err_of_errno(errno);
	place.dir = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place.dir < 0) {
		why_place(why, dir);
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	}
	for (int k = 0; k < INTERCEPT_N_INTERFACES && !rc; k++)
		rc = outbox_open(&desk->boxes[k], &place, file_names[k], why);
	close(place.dir);
	return rc;
}

static int open_boxes(struct intercept *i, struct desk *desk, struct why *why)
{
	int rc = 0;

	if (i->options.dir)
		return open_files(i, desk, why);
	for (int k = 0; k < INTERCEPT_N_INTERFACES && !rc; k++)
		rc = i->options.open(i->options.arg, desk->agency, (enum intercept_interface)k,
				     &desk->boxes[k], why);
	return rc;
}

int desk_of(struct intercept *i, const char *agency, uint32_t *out, struct why *why)
{
	struct desk **desks = i->desks;
	struct desk *desk;

	for (uint32_t k = 0; k < i->n_desks; k++) {
		*out = k;
		if (!strcmp(desks[k]->agency, agency))
			return 0;
	}
	desks = reallocarray(desks, i->n_desks + 1, sizeof(struct desk *));
	if (!desks)
		return ERR_NOMEM;
	i->desks = desks;
	desk = calloc(1, sizeof *desk);
	if (!desk)
		return ERR_NOMEM;
	for (int k = 0; k < INTERCEPT_N_INTERFACES; k++)
		outbox_none(&desk->boxes[k]);
	desk->agency = strdup(agency);
	*out = i->n_desks;
	i->desks[i->n_desks++] = desk; /* half made or not: desk_abandon takes it away */
	return desk->agency ? open_boxes(i, desk, why) : ERR_NOMEM;
}

void desk_abandon(struct intercept *i, uint32_t from)
{
	int dir = i->options.dir ? open(i->options.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	while (i->n_desks > from) {
		struct desk *desk = i->desks[--i->n_desks];

		for (int k = 0; k < INTERCEPT_N_INTERFACES; k++)
			outbox_abandon(&desk->boxes[k], dir);
		free(desk->agency);
		free(desk);
	}
	if (dir >= 0)
		close(dir);
}
