/* Custody of the keys that seal spools on disk: whose a record is, and when a key has served. A key
 * belongs to an LIID. Once no order names that LIID any more, or its warrant has ended, and all
 * that the spools held by then is acknowledged, the key is destroyed. */
#ifndef CUSTODY_CUSTODY_H
#define CUSTODY_CUSTODY_H

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "seal/vault.h"
#include "spool/spool.h"
#include "warrant/orders.h"

struct custody;

/* The rows of a daemon's settings about its disk. */
#define CUSTODY_FIELDS(X)                                                                          \
	X(PATH, disk, .place = CONF_PLACE_FOLDER,                                                  \
	  .doc = "folder on a disk for what finds no room in spools: the oldest goes there, "      \
		 "sealed "                                                                         \
		 "under a key of its warrant; its parent must be there")                           \
	X(INT, disk_limit, .otherwise = "17179869184", .min = 8 << 20, .max = INT64_C(1) << 50,    \
	  .doc = "bytes that may lie there, for each spool")                                       \
	X(PATH, keys, .place = CONF_PLACE_FOLDER,                                                  \
	  .doc = "folder of these keys, where that is not FOLDER/keys: best on another disk, and " \
		 "in "                                                                             \
		 "no backup; a key is destroyed when its warrant is closed and delivered")

enum { CUSTODY_REPORT_LEN = 512 };

/* Says that a key was destroyed, as the provisioner's audit log takes it: its length. */
size_t custody_report(uint8_t octets[CUSTODY_REPORT_LEN], const char *liid, uint64_t key);

/* Says that records of a warrant ("AGENCY/LIID") were dropped with their agency. */
size_t custody_report_dropped(uint8_t octets[CUSTODY_REPORT_LEN], const char *warrant, uint64_t n);

enum {
	CUSTODY_GRACE_S = 3, /* for records that are still on their way to a spool */
	CUSTODY_LOOK_S = 1,  /* how often custody_look should be called */
};

/* Opens the folder of keys, which is made where it is not there. */
MUST_CHECK int custody_new(struct custody **out, const char *folder, struct why *why);
void custody_free(struct custody **custody);

struct vault *custody_vault(const struct custody *custody);

/* Whose PS-PDU that is: a spool_owner_fn. Alarms and other PDUs without an LIID are nobody's. */
size_t custody_owner(const uint8_t *bytes, size_t len, const uint8_t **name, size_t *name_len);

/* Spools that are open, and the orders. */
struct custody_view {
	const struct orders *orders;
	struct spool *const *spools;
	size_t n_spools;
	struct nanos now;
};

/* A key was destroyed: of this LIID, and its number. */
typedef void (*custody_gone_fn)(void *owner, const char *liid, uint64_t key);

/* Looks whether keys have served, every CUSTODY_LOOK_S; destroys those. */
void custody_look(struct custody *custody, const struct custody_view *view, custody_gone_fn gone,
		  void *owner);

/* What was delivered goes from the spools' memory, too, some of it at each call, every
 * CUSTODY_LOOK_S: also where nothing is sealed. */
void custody_scour(const struct custody_view *view);

#endif
