/* Whatever the header: reading ends, what it gives is within bounds, and a record takes it. */
#include "base/fuzz.h"
#include "ipmm/location.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct etsi_stream stream = {.liid = "F", .operator_id = "o"};
	static uint8_t room[1024];
	struct wr w = wr_of(room, sizeof room);
	struct ipmm_iri iri = {.type = ETSI_IRI_REPORT,
			       .form = IPMM_SIP,
			       .source = {4, {0}, 32, 0},
			       .destination = {4, {0}, 32, 0},
			       .message = {"x", 1}};
	struct ipmm_place place = {0};
	struct etsi_header h;
	struct sip_access access;
	bool is_told = sip_access_read(sip_text_of(bytes, len), &access) == 0 &&
		       ipmm_place_of(&place, &access);

	if (is_told != (place.location.cell.mcc[0] || place.location.place.user_location.len ||
			place.location.place.access_point.len))
		abort();
	iri.location = place.location;
	if (etsi_header_init(&h, &stream, NULL) || ipmm_iri_encode(&h, &iri, &w, NULL))
		abort();
	return 0;
}
