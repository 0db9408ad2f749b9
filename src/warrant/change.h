/* Changes: the difference of two views, as items to put and keys to remove, so that a daemon with
 * ten thousand warrants is told of one.
 *
 *	{"put":{"warrants":[{…}]},"remove":{"agencies":["police"]}}
 *
 * Items are put whole, in place of the one with the same key. */
#ifndef WARRANT_CHANGE_H
#define WARRANT_CHANGE_H

#include "base/json.h"
#include "conf/value.h"
#include "warrant/orders.h"

/* Writes what makes `to` of `from`, both views for this role, as members "put" and "remove" of the
 * object that is open in *j: neither where nothing differs, and then *differs is false. */
MUST_CHECK int orders_change_print(const struct orders *from, const struct orders *to,
				   unsigned role, struct json *j, bool *differs);

/* Makes *out what `from` becomes by the members "put" and "remove" of a map; others are not looked
 * at. *out owns itself, `from` stays as it is. Refused as a whole, with a reason, where a key to
 * remove is not there, an item is not well, or the result would not be. */
MUST_CHECK int orders_change_apply(const struct orders *from, const struct conf_value *change,
				   unsigned role, struct orders *out, struct why *why);

#endif
