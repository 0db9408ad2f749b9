/* Whatever the octets: reading ends, all facts lie inside the PDU, and the walks over what was
 * accepted take as many records and numbers as were counted. */
#include "base/fuzz.h"
#include "etsi/record.h"

#include <stdlib.h>

static void check_inside(const struct etsi_octets *part, const uint8_t *bytes, size_t len)
{
	uintptr_t from = (uintptr_t)bytes, at = (uintptr_t)part->bytes;

	if (part->bytes && (at < from || at - from > len || part->len > len - (at - from)))
		abort();
}

static void check_walks(const struct etsi_record *record)
{
	struct etsi_octets left = record->parts;
	struct etsi_part part;
	uint32_t n = 0, number;

	while (etsi_part_next(record, &left, &part))
		n++;
	if (n != record->n_parts)
		abort();
	left = record->tri.numbers;
	for (n = 0; etsi_number_next(&left, &number);)
		n++;
	if (n != record->tri.n_numbers)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[ETSI_LIID_TEXT_SIZE];
	struct etsi_record record, again;
	struct why why;
	int rc;

	why_clear(&why);
	rc = etsi_record_read(bytes, len, &record, &why);
	if (rc && !why.text[0])
		abort();
	if (rc)
		return 0;
	check_inside(&record.liid, bytes, len);
	check_inside(&record.operator_id, bytes, len);
	check_inside(&record.network_element, bytes, len);
	check_inside(&record.interception_point, bytes, len);
	check_inside(&record.payload, bytes, len);
	check_inside(&record.part.content, bytes, len);
	check_inside(&record.part.media.octets, bytes, len);
	check_inside(&record.part.media.stream, bytes, len);
	check_inside(&record.part.media.source, bytes, len);
	check_inside(&record.part.media.destination, bytes, len);
	check_inside(&record.tri.value, bytes, len);
	check_inside(&record.tri.message, bytes, len);
	check_inside(&record.hi1.text, bytes, len);
	check_inside(&record.sealed.octets, bytes, len);
	check_walks(&record);
	etsi_liid_text(&record.liid, text);
	again = record;
	if (etsi_record_read_payload(record.payload.bytes, record.payload.len, &again, NULL) ||
	    again.kind != record.kind)
		abort();
	return 0;
}
