#include "lemf/answer.h"

#include <stdio.h>

enum { TEXT_LEN = 32 };

/* A header's text with a zero behind it; NULL where the element is not there. */
static const char *text_of(const struct etsi_octets *octets, char out[TEXT_LEN])
{
	if (!octets->bytes || octets->len >= TEXT_LEN)
		return NULL;
	snprintf(out, TEXT_LEN, "%.*s", (int)octets->len, (const char *)octets->bytes);
	return out;
}

/* The header of the question, said back. */
static int header_of(const struct etsi_record *q, struct etsi_header *h)
{
	char liid[TEXT_LEN], authorization[TEXT_LEN], operator_id[TEXT_LEN];
	char element[TEXT_LEN], delivery[TEXT_LEN];
	unsigned version = q->version < ETSI_MIN_HEADER_VERSION ? ETSI_MIN_HEADER_VERSION
			   : q->version > ETSI_HEADER_VERSION   ? ETSI_HEADER_VERSION
								: q->version;
	const struct etsi_stream stream = {
		.liid = text_of(&q->liid, liid),
		.authorization_country = text_of(&q->authorization_country, authorization),
		.operator_id = text_of(&q->operator_id, operator_id),
		.network_element = text_of(&q->network_element, element),
		.delivery_country = text_of(&q->delivery_country, delivery),
		.cin = q->cin,
		.has_no_cin = !q->has_cin,
		.header_version = version,
		.time_form = q->is_generalized ? ETSI_TIME_GENERALIZED : ETSI_TIME_MICROSECONDS,
		.qualifier = ETSI_NO_QUALIFIER,
	};

	return etsi_header_init(h, &stream, NULL) ? ERR_BAD : 0;
}

int lemf_answer(const struct etsi_record *question, struct nanos now, uint32_t added, struct wr *w)
{
	struct tri tri = {.seq = question->seq + added, .time = now};
	struct etsi_header header;
	int rc;

	if (question->kind != ETSI_RECORD_TRI)
		return 0;
	switch (question->tri.kind) {
	case ETSI_TRI_KEEP_ALIVE:
		tri.kind = ETSI_TRI_KEEP_ALIVE_RESPONSE;
		break;
	case ETSI_TRI_OPTION_REQUEST:
		tri.kind = ETSI_TRI_OPTION_RESPONSE;
		tri.is_accepted = question->tri.is_requested;
		tri.is_declined = !question->tri.is_requested;
		break;
	case ETSI_TRI_ACKNOWLEDGEMENT_REQUEST:
		tri.kind = ETSI_TRI_ACKNOWLEDGEMENT_RESPONSE;
		break;
	default:
		return 0;
	}
	rc = header_of(question, &header);
	if (rc)
		return rc;
	rc = tri_encode(&header, &tri, w, NULL);
	return rc ? rc : 1;
}
