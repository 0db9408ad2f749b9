/* What the table's octets are made of, for who writes them (saved.c) and who reads them (loaded.c).
 */
#ifndef CALL_SAVED_H
#define CALL_SAVED_H

#include "call/table.h"

enum {
	SAVED_MAGIC = 0x5743414c, /* "WCAL" */
	SAVED_VERSION = 1,
};

enum target_flag { TARGET_HAS_BEGUN = 1, TARGET_IS_OVER = 2 };

enum leg_flag {
	LEG_IS_MIDWAY = 1,
	LEG_IS_HELD = 2,
	LEG_IS_CANCELLED = 4,
	LEG_IS_RETRYING = 8,
	LEG_IS_REDIRECTED = 16,
};

enum view_flag { VIEW_HAS_OFFER = 1, VIEW_IS_HELD = 2, VIEW_NAMES_HOST = 4 };

/* Octets of an address of this version; 0: there is none. */
static inline size_t saved_ip_len(uint8_t version)
{
	return version == 4 ? 4 : version == 6 ? 16 : 0;
}

#endif
