/* What is noted of each call, beside what the table of calls knows. Private to the room. */
#ifndef CALLBOOK_NOTE_H
#define CALLBOOK_NOTE_H

#include "base/list.h"
#include "base/wr.h"
#include "call/call.h"
#include "media/flows.h"

enum { NOTE_MAX_STATUSES = 32 };

/* An endpoint, for as long as media were expected there. */
struct note_endpoint {
	struct call_media media;
	struct nanos until;
	bool is_over;
};

/* Messages of a leg, those that came again included. */
struct note_leg {
	uint32_t n_requests[SIP_N_METHODS];
	uint16_t status[NOTE_MAX_STATUSES];
	uint32_t n_status[NOTE_MAX_STATUSES];
	uint8_t n_statuses;
};

struct note {
	struct index_entry by_number;
	struct list in_order;
	uint32_t number;
	struct note_leg legs[CALL_MAX_LEGS];
	struct note_endpoint *endpoints;
	size_t n_endpoints;
	struct media_flow **flows;
	size_t n_flows;
};

/* Writes a call to w, in words or as a line of JSON. */
void callbook_print(struct wr *w, const struct call *call, const struct note *note);
void callbook_print_json(struct wr *w, const struct call *call, const struct note *note);

#endif
