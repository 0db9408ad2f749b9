#include "handover/answer.h"

#include <string.h>

#include "etsi/decode.h"
#include "etsi/record.h"

void answers_init(struct answers *a)
{
	a->len = 0;
}

uint8_t *answers_room(struct answers *a, size_t *size)
{
	*size = sizeof a->octets - a->len;
	return a->octets + a->len;
}

void answers_came(struct answers *a, size_t n)
{
	a->len += n;
}

static int read_answer(const struct answers *a, size_t len, struct answer *out, struct why *why)
{
	struct etsi_record record;

	if (etsi_record_read(a->octets, len, &record, why))
		return ERR_BAD;
	if (record.kind != ETSI_RECORD_TRI)
		return why_set(why, ERR_BAD, "the agency sent a record of kind %s",
			       etsi_record_kind_text(record.kind));
	*out = (struct answer){.kind = record.tri.kind,
			       .number = record.seq,
			       .is_accepted = record.tri.is_accepted && !record.tri.is_declined};
	return 0;
}

int answers_next(struct answers *a, struct answer *out, struct why *why)
{
	size_t len;
	int rc = etsi_pdu_len(a->octets, a->len, &len, why);

	if (rc)
		return rc;
	if (len > sizeof a->octets)
		return why_set(why, ERR_BAD, "the agency announced an answer of %zu octets", len);
	if (len > a->len)
		return ERR_AGAIN;
	rc = read_answer(a, len, out, why);
	a->len -= len;
	memmove(a->octets, a->octets + len, a->len);
	return rc;
}
