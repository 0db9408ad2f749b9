/* Whatever the octets: a record that is seen again is in the same row, by comparing as by reading,
 * and only what can be read has one at first. */
#include "base/fuzz.h"
#include "tally/tally.h"

#include <stdlib.h>

static const struct tally_place place = {"police", true};

static void check(const uint8_t *bytes, size_t len)
{
	struct tally_sight sight = {0};
	struct etsi_record record;
	struct ledger_key key;
	uint32_t first, second;
	struct tally_seen *seen = tally_see(&sight, &place, bytes, len, &first);

	if (!seen)
		return;
	if (etsi_record_read(bytes, len, &record, NULL))
		abort();
	tally_key(&key, &place, &record);
	if (!ledger_key_is_equal(&key, &seen->key) || first != record.seq)
		abort();
	seen = tally_see(&sight, &place, bytes, len, &second);
	if (seen && (!ledger_key_is_equal(&key, &seen->key) || first != second))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check(bytes, len);
	return 0;
}
