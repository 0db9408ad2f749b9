#include "station/account.h"

#include <stdlib.h>

#include "base/log.h"

enum {
	FREE_ROWS = 4096,      /* that should be there */
	MESSAGE_MAX = 4 << 20, /* octets */
	MESSAGES_AT_ONCE = 16,
};

struct account {
	struct account_options options;
	struct ledger_teller *teller;
	struct loop_timer timer;
	struct wr message;
	bool is_waiting; /* for room in the link */
	int rc;          /* of what was done while the book stood still */
};

static void hold(struct account *a, void (*fn)(void *arg))
{
	if (a->options.hold)
		a->options.hold(a->options.owner, fn, a);
	else
		fn(a);
}

static void tidy(void *arg)
{
	struct account *a = arg;

	ledger_book_live(a->options.book, loop_wall().ns);
	if (ledger_book_tidy(a->options.book, FREE_ROWS) && a->options.tidied)
		a->options.tidied(a->options.owner);
}

static void write_message(void *arg)
{
	struct account *a = arg;

	wr_reset(&a->message);
	a->rc = ledger_teller_next(a->teller, &a->message);
}

void account_tell(struct account *a)
{
	for (int n = 0; n < MESSAGES_AT_ONCE && station_is_up(a->options.station); n++) {
		hold(a, write_message);
		if (a->rc < 0)
			log_error("the provisioner is not told of the ledger: %s", err_text(a->rc));
		if (a->rc != 1)
			return;
		a->is_waiting = station_send(a->options.station, (const char *)a->message.bytes,
					     a->message.len) == ERR_FULL;
		if (a->is_waiting)
			return;
		ledger_teller_sent(a->teller);
	}
}

static void tick(void *owner)
{
	struct account *a = owner;

	hold(a, tidy);
	account_tell(a);
}

void account_may_send(struct account *a)
{
	if (!a)
		return;
	if (!a->is_waiting)
		ledger_teller_again(a->teller);
	a->is_waiting = false;
	account_tell(a);
}

int account_new(struct account **out, const struct account_options *options)
{
	struct account *a = calloc(1, sizeof *a);
	int rc = a ? ledger_teller_new(&a->teller, options->book) : ERR_NOMEM;

	*out = a;
	if (!a)
		return rc;
	a->options = *options;
	a->message = wr_init(MESSAGE_MAX);
	loop_timer_init(&a->timer, options->loop, tick, a);
	if (rc) {
		account_free(out);
		return rc;
	}
	hold(a, tidy);
	loop_timer_every(&a->timer, nanos_from_s(1));
	return 0;
}

void account_free(struct account **account)
{
	struct account *a = *account;

	*account = NULL;
	if (!a)
		return;
	loop_timer_fini(&a->timer);
	ledger_teller_free(&a->teller);
	wr_fini(&a->message);
	free(a);
}
