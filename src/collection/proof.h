/* Inside collection only: the collector's part of the ledger that intercept does not count itself:
 * what mediators have acknowledged, what inputs did not capture, and what an end without a word
 * left. It tells the provisioner of all of it. */
#ifndef COLLECTION_PROOF_H
#define COLLECTION_PROOF_H

#include "collection/delivery.h"
#include "collection/input.h"
#include "ledger/stock.h"
#include "station/station.h"

struct proof;

/* Opens the book of rows in this folder. */
MUST_CHECK int proof_open(struct proof **out, const char *folder, struct why *why);
void proof_free(struct proof **proof);

/* Member "ledger" of the object that is open: what was refused or lost, by reason. */
void proof_status(const struct proof *proof, struct json *j);

/* For intercept. */
struct ledger_book *proof_book(const struct proof *proof);

struct proof_place {
	struct loop *loop;
	struct station *station;
	struct intercept *intercept;
	const struct collection_settings *settings; /* outlive it: inputs that have missed
						       something since the process before */
	const struct pulse *pulse;
};

/* What the book says and the spools do not have is lost; before any input. Then it tells. */
MUST_CHECK int proof_begin(struct proof *proof, const struct proof_place *place);

/* Whose boxes are counted from now on; what of them was lost, and not yet known whose it was, is
 * looked for further. */
void proof_deliver(struct proof *proof, struct delivery *delivery);

/* Looks at them every second from now on; NULL: no more. */
void proof_watch(struct proof *proof, struct inputs *inputs);

/* Agencies that no order names any more: what their boxes still have is lost, and the boxes are
 * emptied. Now and then, for a record may be in hand. */
void proof_give_up(struct proof *proof);

/* What a warrant has lost on the collector's disk, or with its agency, each once; false: nothing
 * more is known. */
bool proof_next_loss(struct proof *proof, struct ledger_lost *out);

/* An interface was not captured for a while. */
void proof_gap(struct proof *proof, const struct input_gap *gap);

/* A mediator has acknowledged more of a box, which still has it: delivery's, with a proof. */
void proof_acked(void *proof, struct box *box);

/* The state of sessions that was made last could not be saved. */
void proof_unsettle(struct proof *proof);

/* So many warrants will be counted. */
void proof_expect(struct proof *proof, size_t n_warrants);

/* The station may send; all is told that can be. */
void proof_may_send(struct proof *proof);
void proof_tell(struct proof *proof);

#endif
