/* Whatever the document: reading ends, and a point is one on the earth that a record takes. */
#include "base/fuzz.h"
#include "ipmm/iri.h"

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
	struct etsi_header h;

	if (ipmm_pidf_point(sip_text_of(bytes, len), &iri.location.point) !=
	    iri.location.point.is_there)
		abort();
	if (etsi_header_init(&h, &stream, NULL) || ipmm_iri_encode(&h, &iri, &w, NULL))
		abort();
	return 0;
}
