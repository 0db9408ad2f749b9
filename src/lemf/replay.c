#include "lemf/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lemf/inlet.h"

enum { MAX_READS = 64, PATH_LEN = 4096 };

struct lemf_replay {
	int fds[LEMF_N_SIDES]; /* -1: there is none, or no more */
	size_t max_pdu;
	enum lemf_side side; /* that is being read */
	struct lemf_inlet inlet;
	uint32_t n; /* records: each as if on a connection of its own */
};

static bool is_same_folder(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return !stat(a, &of_a) && !stat(b, &of_b) && of_a.st_dev == of_b.st_dev &&
	       of_a.st_ino == of_b.st_ino;
}

static int open_side(struct lemf_replay *r, int side, const char *dir, struct why *why)
{
	char path[PATH_LEN];

	snprintf(path, sizeof path, "%s/hi%d.ber", dir, side + 2);
	r->fds[side] = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fds[side] >= 0 || errno == ENOENT)
		return 0;
	why_place(why, path);
	return why_set(why, err_of_errno(errno), "%s", strerror(errno));
}

int lemf_replay_new(struct lemf_replay **out, const struct lemf_conf *conf, struct why *why)
{
	struct lemf_replay *r = calloc(1, sizeof *r);
	bool has_one = false;
	int rc = 0;

	*out = NULL;
	if (!r)
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	r->max_pdu = (size_t)conf->max_pdu;
	lemf_inlet_init(&r->inlet, r->max_pdu);
	r->fds[LEMF_HI2] = r->fds[LEMF_HI3] = -1;
	if (conf->out && is_same_folder(conf->from, conf->out))
		rc = why_set(why, ERR_USAGE, "from and out are the same folder, %s", conf->out);
	for (int i = 0; !rc && i < LEMF_N_SIDES; i++) {
		rc = open_side(r, i, conf->from, why);
		has_one |= r->fds[i] >= 0;
	}
	if (!rc && !has_one) {
		why_place(why, conf->from);
		rc = why_set(why, ERR_ABSENT, "there is neither hi2.ber nor hi3.ber");
	}
	if (rc)
		lemf_replay_free(&r);
	*out = r;
	return rc;
}

void lemf_replay_free(struct lemf_replay **out)
{
	struct lemf_replay *r = *out;

	*out = NULL;
	if (!r)
		return;
	for (int i = 0; i < LEMF_N_SIDES; i++)
		if (r->fds[i] >= 0)
			close(r->fds[i]);
	lemf_inlet_fini(&r->inlet);
	free(r);
}

static void next_side(struct lemf_replay *r)
{
	if (r->fds[r->side] >= 0)
		close(r->fds[r->side]);
	r->fds[r->side++] = -1;
	lemf_inlet_fini(&r->inlet);
	lemf_inlet_init(&r->inlet, r->max_pdu);
}

/* What was read; then n octets of a PS-PDU are left. ERR_BAD: it is no stream of them. */
static int lay(struct lemf_replay *r, struct lemf_desk *desk, struct nanos now, struct why *why)
{
	struct lemf_delivery delivery = {.side = r->side, .now = now};
	int rc;

	while ((rc = lemf_inlet_next(&r->inlet, &delivery.pdu, &delivery.len, why)) > 0) {
		delivery.conn = ++r->n;
		lemf_desk_take(desk, &delivery);
	}
	return rc;
}

/* 1: there is more; 0: the file ends here; or an error. */
static int read_some(struct lemf_replay *r, struct lemf_desk *desk, struct nanos now,
		     struct why *why)
{
	size_t size;
	uint8_t *room = lemf_inlet_room(&r->inlet, &size);
	ssize_t n;
	int rc;

	if (!room)
		return why_set(why, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	n = read(r->fds[r->side], room, size);
	if (n < 0)
		return errno == EINTR ? 1 : why_set(why, ERR_IO, "%s", strerror(errno));
	if (n == 0)
		return 0;
	lemf_inlet_fed(&r->inlet, (size_t)n);
	rc = lay(r, desk, now, why);
	return rc < 0 ? rc : 1;
}

bool lemf_replay_some(struct lemf_replay *r, struct lemf_desk *desk, struct nanos now)
{
	for (int i = 0; i < MAX_READS && r->side < LEMF_N_SIDES; i++) {
		struct why why;
		int rc;

		why_clear(&why);
		rc = r->fds[r->side] < 0 ? 0 : read_some(r, desk, now, &why);
		if (rc > 0)
			continue;
		if (rc < 0)
			lemf_desk_broken(desk, LEMF_NOT_A_STREAM, r->side, why.text);
		else if (lemf_inlet_left(&r->inlet))
			lemf_desk_broken(desk, LEMF_CUT, r->side, "its file ends inside a PS-PDU");
		next_side(r);
	}
	return r->side < LEMF_N_SIDES;
}
