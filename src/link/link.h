/* A link: frames (frame.h) between two daemons over TCP, with TLS unless it is plain by choice.
 *
 * A dialled link is the caller's: it connects again by itself, with a growing pause, until it is
 * freed. A port listens, and owns the links that it accepts: each is freed after its `down`.
 * When a peer that is up comes again under the same role and name, the newer link replaces the
 * older. Who connects, who is refused and who is lost is logged here, once, with the reason.
 *
 * All on the loop's thread. Functions of link_ops may send, pause, refuse, close or free their
 * own link. What is sent goes out after the loop's turn. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "conf/field.h"
#include "conf/value.h"
#include "link/body.h"
#include "link/frame.h"
#include "loop/loop.h"
#include "tls/tls.h"

struct link;
struct link_port;

/* What a link tells; any but message may be NULL. `owner` is the options', or what
 * link_set_owner gave this link. */
struct link_ops {
	/* The peer said who it is, role, name and version are right: false refuses it, with why.
	 * Not yet up. */
	bool (*is_welcome)(void *owner, const struct tls_identity *peer, struct why *why);
	/* From now on frames may be sent, until down. */
	void (*up)(void *owner, struct link *link);
	/* root is a map, type its "type"; both are good until this returns (link_value, …).
	 * The JSON is that of conf/json.h: whole numbers, no null. */
	void (*message)(void *owner, struct link *link, const char *type,
			const struct conf_value *root);
	/* Whole PS-PDUs of the channel's stream, len bytes from offset on. */
	void (*records)(void *owner, struct link *link, const struct link_frame *records);
	/* The peer has the channel's stream up to offset. */
	void (*acknowledge)(void *owner, struct link *link, uint32_t channel, uint64_t offset);
	/* Once, when there is room again after ERR_FULL. */
	void (*may_send)(void *owner, struct link *link);
	/* Once for each up. */
	void (*down)(void *owner, struct link *link, const char *reason);
};

struct link_options {
	struct tls_identity self;
	const char *software;         /* "weir-collector 0.1.0" */
	const struct tls *tls;        /* NULL: plain. Its certificate must name self */
	struct conf_endpoint address; /* to dial, or to listen at (port 0: one that is free) */
	unsigned peer_roles;          /* bits: 1 << TLS_MEDIATOR | … */
	const char *peer_name;        /* NULL: any */
	const struct link_ops *ops;
	void *owner;
	/* 0: the value behind it */
	struct nanos ping;    /* 5 s: silence after which the peer is asked */
	struct nanos silence; /* 15 s: silence after which it is given up; a hello has this long */
	struct nanos redial;  /* 250 ms: the first pause; doubles up to */
	struct nanos max_redial; /* 5 s */
	size_t max_queue;        /* 4 MiB: bytes that wait to be sent */
	size_t max_message;      /* 16 MiB: bytes of a message, to be sent or taken */
	int max_links;           /* 256: of a port */
};

/* Copies the options; what they point to must stay. The first attempt is at once. */
MUST_CHECK int link_dial(struct link **out, struct loop *loop, const struct link_options *options,
			 struct why *why);

/* Ends it without a call of down. An accepted link is freed by its port: this closes it then. */
void link_free(struct link **link);

/* Listens; ERR_* with the reason and the address where it cannot. */
MUST_CHECK int link_listen(struct link_port **out, struct loop *loop,
			   const struct link_options *options, struct why *why);

/* Ends the port and its links, without calls of down. */
void link_port_free(struct link_port **port);
uint16_t link_port_number(const struct link_port *port);

/* Of whom, once up. */
const struct tls_identity *link_peer(const struct link *link);
const char *link_software(const struct link *link);
bool link_is_up(const struct link *link);
void link_set_owner(struct link *link, void *owner);

/* Queue something: 0, ERR_FULL (wait for may_send; an acknowledgement may just be dropped, since
 * a later one says more), ERR_END (not up), ERR_USAGE (longer than a frame, or empty). */
MUST_CHECK int link_send(struct link *link, const char *json, size_t len);
MUST_CHECK int link_send_records(struct link *link, uint32_t channel, uint64_t offset,
				 const uint8_t *bytes, size_t len);
MUST_CHECK int link_acknowledge(struct link *link, uint32_t channel, uint64_t offset);

/* Bytes that wait to be sent. */
size_t link_queued(const struct link *link);

/* While paused nothing is read from the peer, whom TCP slows down. */
void link_pause(struct link *link, bool is_paused);

/* Tells the peer why, sends what waits, closes; down follows. A dialled link dials again. */
void link_refuse(struct link *link, const char *reason);

/* Closes at once; down follows. A dialled link dials again. */
void link_close(struct link *link, const char *reason);

#endif
