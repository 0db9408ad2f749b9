#include "doubt/doubt.h"

#include <stdlib.h>

enum { GATHER_MS = 20, AGAIN_MS = 2000 };

struct doubt {
	struct doubt_options options;
	uint64_t raised;   /* the last question that somebody waits for */
	uint64_t asked;    /* … that was put */
	uint64_t answered; /* … and answered */
	bool is_resigned;
	struct loop_timer ask, resign;
};

static void ask(void *owner)
{
	struct doubt *d = owner;

	d->asked++;
	loop_timer_after(&d->ask, d->options.again);
	d->options.ask(d->options.owner, d->asked);
}

static void resign(void *owner)
{
	struct doubt *d = owner;

	d->is_resigned = true;
	d->options.resigned(d->options.owner);
	d->options.settled(d->options.owner);
}

int doubt_new(struct doubt **out, const struct doubt_options *options)
{
	struct doubt *d = calloc(1, sizeof *d);

	*out = d;
	if (!d)
		return ERR_NOMEM;
	d->options = *options;
	if (!d->options.gather.ns)
		d->options.gather.ns = GATHER_MS * (int64_t)NANOS_PER_MS;
	if (!d->options.again.ns)
		d->options.again.ns = AGAIN_MS * (int64_t)NANOS_PER_MS;
	loop_timer_init(&d->ask, options->loop, ask, d);
	loop_timer_init(&d->resign, options->loop, resign, d);
	d->is_resigned = !options->patience.ns;
	return 0;
}

void doubt_free(struct doubt **doubt)
{
	if (!*doubt)
		return;
	loop_timer_fini(&(*doubt)->ask);
	loop_timer_fini(&(*doubt)->resign);
	free(*doubt);
	*doubt = NULL;
}

uint64_t doubt_raise(struct doubt *d)
{
	if (d->raised <= d->answered)
		loop_timer_after(&d->resign, d->options.patience);
	if (d->raised <= d->asked) {
		d->raised = d->asked + 1;
		loop_timer_after(&d->ask, d->options.gather);
	}
	return d->raised;
}

bool doubt_is_open(const struct doubt *d, uint64_t question)
{
	return question > d->asked;
}

bool doubt_is_settled(const struct doubt *d, uint64_t question)
{
	return d->is_resigned || question <= d->answered;
}

bool doubt_is_resigned(const struct doubt *d)
{
	return d->is_resigned;
}

/* Whoever still waits has the whole patience before it: the provisioner is there. */
void doubt_answer(struct doubt *d, uint64_t question)
{
	if (question <= d->answered || question > d->asked)
		return;
	d->answered = question;
	d->is_resigned = !d->options.patience.ns;
	loop_timer_stop(&d->resign);
	if (d->raised > d->answered)
		loop_timer_after(&d->resign, d->options.patience);
	else
		loop_timer_stop(&d->ask);
	d->options.settled(d->options.owner);
}

void doubt_ask_again(struct doubt *d)
{
	if (d->raised > d->answered)
		ask(d);
}
