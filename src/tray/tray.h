/* What one worker holds of the block in hand. */
#ifndef TRAY_TRAY_H
#define TRAY_TRAY_H

#include <stdbool.h>
#include <stdint.h>

#include <weir/packet.h>

#include "access/server.h"
#include "base/err.h"
#include "base/wr.h"
#include "etsi/seal.h"
#include "ipmm/cc.h"
#include "outbox/outbox.h"
#include "junction/junction.h"
#include "media/media.h"
#include "voip/voip.h"
#include "watch/watch.h"

struct intercept_input;
struct ledger_row;
struct worker;

enum { TRAY_NONE = UINT32_MAX };

/* What workers look for besides targets. Immutable. */
struct sight {
	struct access_servers *servers; /* of RADIUS; NULL: none */
	struct access_servers *sip;     /* NULL: none */
	bool is_sip_anywhere;
	int64_t *starts; /* of mandates, in order of time */
	size_t n_starts;
};

/* Whether packets may change whose others are. */
static inline bool sight_has_points(const struct sight *s)
{
	return s->servers || s->sip || s->is_sip_anywhere;
}

/* What a block is matched with. */
struct outlook {
	const struct watch *watch;
	const struct sight *sight;
	const struct voip *voip; /* NULL: no targets of calls */
	const struct media *media;
	uint64_t serial; /* of the media, before they are looked at */
};

/* An IP packet that somebody gets: one layer of a frame. */
struct piece {
	const uint8_t *bytes;
	uint32_t len;       /* bytes that are here */
	uint32_t claim_len; /* bytes that its header claims; IPCC_LEN_UNKNOWN: it claims none */
	int64_t time_ns;
	int64_t latest_ns; /* of all frames of the block up to this one */
	uint32_t number;   /* of the frame in the block */
	bool has_time;
};

/* A piece for one session; from its turn on, a record. */
struct pending {
	uint32_t piece;
	uint32_t session;
	uint32_t seq;
	uint32_t next; /* of the same agency; TRAY_NONE: the last */
	const struct etsi_header *header;
	const struct ipmm_tail *tail; /* a packet of a call's media; NULL: of an access */
	const struct seal_key *key;   /* NULL: not encrypted */
	uint64_t counter;             /* byteCounter, where it is */
	struct ledger_row *row;       /* where it counts; NULL: there is no ledger */
	uint32_t mandate;
	uint8_t direction;
};

/* The block's records for one agency. */
struct run {
	uint32_t agency;
	uint32_t first;
	uint32_t last;
	uint64_t len;
	uint64_t last_at; /* where in it its last record begins */
	struct {
		const struct ledger_row *row;
		uint64_t n; /* records */
	} shares[OUTBOX_SHARES];
	unsigned n_shares;
	unsigned latest_share;
	bool is_mixed;      /* there are more shares, or records that count nowhere */
	struct outbox *hi3; /* from its reservation on: who fills does not look at the desks */
	struct outbox_claim claim;
	bool is_lost; /* there was no room for it */
};

/* What must be looked at in the turn, between two pending records. */
enum note_kind {
	NOTE_FRAGMENT, /* its datagram may be a tunnel's, or a core server's */
	NOTE_SERVER,   /* from or to a core server of RADIUS */
	NOTE_SIP,      /* signalling of calls */
	NOTE_MEDIA,    /* from or to where media are expected */
	NOTE_TIME,     /* the block's time has come to a full second, or a mandate's start */
};

/* A packet that is media where it goes from or to an endpoint of a call's. */
enum { SOUND_HITS = 4 };

struct sound {
	uint64_t serial; /* the media's, when its hits were found */
	uint32_t piece;
	uint32_t slot; /* of the first of its sessions, once it was looked for; TRAY_NONE */
	struct media_endpoint src;
	struct media_endpoint dst;
	struct media_hit hits[SOUND_HITS];
	uint8_t n_hits;  /* more than SOUND_HITS: they must be looked for again */
	bool is_control; /* RTCP */
	bool is_comfort; /* comfort noise */
};

struct note {
	struct weir_frame frame; /* its bytes are the block's */
	union {
		struct access_datagram datagram; /* of a SERVER */
		struct sound sound;              /* of a MEDIA */
	};
	enum note_kind kind;
	uint32_t number;    /* of the frame in the block */
	uint32_t hits_from; /* pending records [hits_from, before) are the same frame's */
	uint32_t before;    /* it comes before this pending record, in the order of the data */
	bool has_time;
	int64_t latest_ns; /* as a piece's */
};

/* Where a block is while it waits: the first frame that has not passed. */
struct cursor {
	int batch;
	int frame;         /* of the batch */
	uint32_t number;   /* of the block */
	int64_t moment_ns; /* the latest time up to it */
};

struct tray {
	struct tray *next_tray; /* of the intercept's */
	uint64_t pin;
	uint64_t version;          /* of what the block was matched with */
	const struct sight *sight; /* with which its first batch was matched; while it is pinned */
	bool is_pinned;
	struct watch_hits hits;
	struct note *notes;
	size_t n_notes;
	size_t notes_size;
	uint8_t **owned; /* datagrams put together, until the block is done */
	size_t n_owned;
	size_t owned_size;
	struct piece *pieces;
	size_t n_pieces;
	size_t pieces_size;
	struct media_found found[MEDIA_BATCH]; /* of frames that were looked at together */
	const struct media_found *match;       /* of the frame in hand; NULL: it was not */
	struct pending *pending;
	size_t n_pending;
	size_t pending_size;
	struct run *runs;
	uint32_t n_runs;
	uint32_t *run_of; /* agency -> its run; TRAY_NONE: none in this block */
	uint32_t n_agencies;
	struct wr w; /* encoded, on its way to a file */
	struct sealer *sealer;
	uint32_t n_packets;
	uint32_t number;  /* of the frame in hand */
	int64_t first_ns; /* of the block's frames */
	int64_t latest_ns;
	int64_t wake_ns; /* the next moment that is noted */
	bool has_time;

	/* in its turn, where it may have to wait for other inputs: await.c */
	struct worker *worker;
	struct intercept_input *input;
	struct cursor cursor;
	struct junction_limits limits; /* what passes without asking */
	int64_t floor_ns;              /* up to which the input has passed before */
	int64_t block_ns;              /* the latest time of the whole block */
	size_t n_points;               /* notes that the block came with */
	size_t next_note;              /* of these, the first that is still to come */
	bool has_points;
};

MUST_CHECK int tray_new(struct tray **out, const struct watch *watch);
void tray_free(struct tray **tray);

/* Forgets the block. */
void tray_clear(struct tray *tray);

/* Room for the runs of so many agencies. */
MUST_CHECK int tray_grow(struct tray *tray, uint32_t n_agencies);

/* Takes note of a frame's time only; false where it has none. */
bool tray_see_time(struct tray *tray, const struct weir_frame *frame);

/* Decodes a frame, the block's number-th, finds who gets it, and notes that. */
MUST_CHECK int tray_take(struct tray *tray, const struct outlook *out,
			 const struct weir_frame *frame, uint32_t number);

/* The same for n frames, the block's from the number-th on. */
MUST_CHECK int tray_take_many(struct tray *tray, const struct outlook *out,
			      const struct weir_frame *frames, int n, uint32_t number);

/* Finds who gets what lies in a datagram that was put together from fragments; it becomes the
 * tray's. Its outermost layer had its hits as fragments, and so had the sessions of the pending
 * records that came with the fragment (NULL: unknown). Appends pending records. Where it is a core
 * server's, *is_server is set, and *datagram what it says. */
struct net_whole;
struct tray_found {
	bool is_server;
	struct access_datagram datagram;
	struct weir_frame frame; /* the whole; its bytes are the tray's */
};
MUST_CHECK int tray_take_whole(struct tray *tray, const struct outlook *out,
			       struct net_whole *whole, const struct note *fragment,
			       struct tray_found *found);

/* Notes the innermost IP packet as a piece, and where it goes from and to: 1; 0 where it is no
 * datagram from or to an endpoint of these. */
MUST_CHECK int tray_take_sound(struct tray *tray, const struct outlook *out,
			       const struct weir_packet *p, bool has_time, struct sound *sound);

/* One more pending record, of the piece. */
MUST_CHECK int tray_add(struct tray *tray, const struct pending *pending);

/* Whether the packet is of a SIP server's port, or (*is_sure is false) looks like SIP. */
bool tray_sees_sip(const struct outlook *out, const struct weir_packet *p, bool *is_sure);

/* Puts a pending record of len bytes at the end of its agency's run. */
void tray_put(struct tray *tray, uint32_t i, uint32_t agency, size_t len);

/* Tells whom the run's outbox names what it holds. It has its claim. */
void tray_tell(const struct run *run);

#endif
