/* Makes the certificates of a small authority of one's own: as many as a network of daemons needs,
 * without knowledge of X.509. P-256 keys. Files of a folder (made where it is absent, 0700):
 *
 *	authority.pem  authority.key        once
 *	ROLE-NAME.pem  ROLE-NAME.key        for each daemon
 *
 * Keys can be read by their owner alone (0600). No file is ever overwritten. */
#ifndef TLS_MAKE_H
#define TLS_MAKE_H

#include "base/err.h"
#include "base/why.h"
#include "tls/identity.h"

enum { TLS_MAKE_MAX_ADDRESSES = 16, TLS_MAKE_PATH_LEN = 4096 };

struct tls_order {
	struct tls_identity identity;
	/* IP addresses or DNS names by which others (a REST client) reach it; a provisioner has
	 * localhost, 127.0.0.1 and ::1 besides. Borrowed. */
	const char *addresses[TLS_MAKE_MAX_ADDRESSES];
	int n_addresses;
};

/* "collector:c1" or "provisioner:p1@192.0.2.1,p1.example" to an order, whose addresses are cut out
 * of the text in place. ERR_USAGE and a reason where it is none. */
MUST_CHECK int tls_order_parse(char *text, struct tls_order *out, struct why *why);

/* Makes the authority where the folder has none. *was_made says which. */
MUST_CHECK int tls_make_authority(const char *dir, int days, bool *was_made, struct why *why);

/* Makes one certificate and its key, valid for so many days from now but no longer than the
 * authority. ERR_USAGE where one of the files is there already. */
MUST_CHECK int tls_make(const char *dir, const struct tls_order *order, int days, struct why *why);

#endif
