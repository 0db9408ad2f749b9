/* The jail: three walls around a daemon, put up once, before it has threads.
 *
 *	user    an unprivileged user; no capability that it does not need      (user.c)
 *	files   Landlock: the files and folders that its configuration names   (files.c)
 *	calls   seccomp: the system calls of its role; no other program        (calls.c)
 *
 * and, around a thread that reads the network's bytes, a fourth: jail_parser. The walls stand
 * until the process ends. What the kernel does not have is said in the log, and done without.
 *
 *	rc = jail_new(&jail, JAIL_COLLECTOR);
 *	rc = jail_place(jail, JAIL_FOLDER, "/var/lib/weir/collector");
 *	jail_need(jail, JAIL_PACKETS);
 *	rc = jail_enter(jail, &why);
 *	… open devices and low ports …
 *	jail_settle(); */
#ifndef JAIL_JAIL_H
#define JAIL_JAIL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/why.h"

/* Who is in it: one bit each, since a system call may be several's. PARSER is a thread. */
#define JAIL_ROLES(X)                                                                              \
	X(1, PROVISIONER, "provisioner")                                                           \
	X(2, COLLECTOR, "collector")                                                               \
	X(4, MEDIATOR, "mediator")                                                                 \
	X(8, AGENCY, "agency")                                                                     \
	X(16, PARSER, "parser")

enum jail_role {
#define X(bit, name, text) JAIL_##name = (bit),
	JAIL_ROLES(X)
#undef X
};

/* What may be done with a path. */
enum jail_access {
	JAIL_READ,   /* a file, or a folder with all below: read */
	JAIL_REREAD, /* a file that may be replaced: whatever lies in its folder is read */
	JAIL_FOLDER, /* a folder of its own, made (0700) where its parent is there: anything */
	JAIL_FILE,   /* a file of its own, with others beside it: anything in its folder */
	JAIL_MADE,   /* a file that it makes where it is not there, and reads where it is */
	JAIL_INPUT,  /* a capture or FIFO: read; a FIFO's other end is held too, so written */
};

/* Capabilities that outlive the jail. */
enum jail_need {
	JAIL_PACKETS = 1, /* CAP_NET_RAW, CAP_NET_ADMIN: live capture */
};

struct jail;

/* A plan. Sets NULL where it fails. */
MUST_CHECK int jail_new(struct jail **out, enum jail_role role);
void jail_free(struct jail **j);

/* The user by name, borrowed. NULL: "weir", where it exists, the process is root's, and that user
 * reaches all places; else who it is now. */
void jail_user(struct jail *j, const char *name);

/* Adds a place; the path is copied. One that is not there is no failure. */
MUST_CHECK int jail_place(struct jail *j, enum jail_access access, const char *path);
void jail_need(struct jail *j, enum jail_need need);

/* Whether the kernel must have what all walls need; otherwise, and at first, what it lacks is said
 * and done without. */
void jail_insist(struct jail *j, bool is_whole);

/* Puts up all walls. The process has one thread. A failure is one of the configuration: a user
 * that is not there, that it cannot become, or that does not reach a place; after that failure
 * nothing has changed. Or it is one of the kernel (ERR_UNSUPPORTED, jail_insist). Until
 * jail_settle, ports below 1024 may be bound. */
MUST_CHECK int jail_enter(struct jail *j, struct why *why);

/* The devices and ports are open: gives up what only their opening needed. */
void jail_settle(void);

/* The calling thread reads what others sent: from here on it opens no file, socket or process,
 * makes, renames and removes no file, maps nothing that could be executed, and has no capability.
 * Nothing where the process is in no jail. ERR_ACCESS where the kernel refuses. */
MUST_CHECK int jail_parser(void);

/* Whether jail_enter put up this wall. */
bool jail_has_files(void);
bool jail_has_calls(void);

#endif
