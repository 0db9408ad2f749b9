/* Which row of the ledger a record counts in: its warrant, network element, CIN and kind.
 *
 * Records of one session differ, in their headers, behind the sequence number only: who sees
 * record after record of a session compares octets and reads nothing else. */
#ifndef TALLY_TALLY_H
#define TALLY_TALLY_H

#include "etsi/record.h"
#include "ledger/row.h"

/* Where a record was found. */
struct tally_place {
	const char *agency;
	bool is_hi3; /* what is encrypted does not say what it is */
};

/* The key for facts that were read already. */
void tally_key(struct ledger_key *key, const struct tally_place *place,
	       const struct etsi_record *record);

enum { TALLY_HEAD = 160, TALLY_SIGHTS = 8 };

/* Zeros at first. */
struct tally_sight {
	struct tally_seen {
		struct ledger_key key;
		struct ledger_row *row;   /* the caller's; NULL where the key is new */
		uint8_t head[TALLY_HEAD]; /* octets of the header before the number */
		uint8_t head_len;         /* 0: none */
		uint8_t payload;          /* tag of the payload's alternative */
	} seen[TALLY_SIGHTS];
};

/* Looks at a record: whose it is, with the caller's pointer of the last time, and its number; NULL
 * where it cannot be read. */
struct tally_seen *tally_see(struct tally_sight *sight, const struct tally_place *place,
			     const uint8_t *pdu, size_t len, uint32_t *seq);

/* Rows are elsewhere from now on. */
void tally_forget_rows(struct tally_sight *sight);

#endif
