/* Inside intercept only: calls. What SIP tells of a target's call is a session of its warrant: its
 * records of HI2 are the messages, those of HI3 the packets of its media. In the turn. */
#ifndef INTERCEPT_PARTY_H
#define INTERCEPT_PARTY_H

#include "intercept/inside.h"

/* Orders have changed: whom messages are looked through for. */
MUST_CHECK int party_set(struct intercept *i, const struct orders *orders);

/* A packet that may be signalling of calls, or their media. */
MUST_CHECK int party_take(struct intercept *i, struct tray *tray, const struct weir_frame *f,
			  bool has_time);

/* A packet that may be media: a pending record for each session of the calls that it belongs to. */
MUST_CHECK int voice_take(struct intercept *i, struct tray *tray, const struct sound *sound);

/* Asks for the memory that media notes behind this one will need. */
void voice_ahead(const struct intercept *i, struct tray *tray, size_t note, size_t n_notes);

/* It is this late. */
MUST_CHECK int party_tick(struct intercept *i, struct nanos now);

/* No packets follow. */
MUST_CHECK int party_flush(struct intercept *i);

/* Whether the warrant still names the target by whose name the session's call was found. */
bool party_is_wanted(const struct intercept *i, const struct session *s);

/* Interception of the call ends while it goes on, or with it: its END, which says again what was
 * said last, since a record of this kind is a message. */
MUST_CHECK int party_end(struct intercept *i, struct session *s, int64_t ns);

/* Where the calls of a state were other numbers' targets: renumber says whose now. */
void party_save(const struct intercept *i, struct wr *w);
MUST_CHECK int party_load(struct intercept *i, struct rd *r, call_renumber_fn renumber, void *arg);

/* Its header has changed. */
void party_restream(struct intercept *i, struct session *s);

void party_report(const struct intercept *i, struct json *j);

#endif
