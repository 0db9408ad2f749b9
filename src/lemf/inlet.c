#include "lemf/inlet.h"

#include "etsi/decode.h"

enum { READ_LEN = 64 << 10 };

void lemf_inlet_init(struct lemf_inlet *in, size_t max_pdu)
{
	*in = (struct lemf_inlet){.max_pdu = max_pdu};
	in->bytes = wr_init(max_pdu + READ_LEN);
}

void lemf_inlet_fini(struct lemf_inlet *in)
{
	wr_fini(&in->bytes);
	in->start = 0;
}

size_t lemf_inlet_left(const struct lemf_inlet *in)
{
	return in->bytes.len - in->start;
}

uint8_t *lemf_inlet_room(struct lemf_inlet *in, size_t *size)
{
	size_t left = lemf_inlet_left(in);

	if (in->start) {
		memmove(in->bytes.bytes, in->bytes.bytes + in->start, left);
		in->bytes.len = left;
		in->start = 0;
	}
	if (in->bytes.size - left < READ_LEN && !wr_grow(&in->bytes, READ_LEN)) {
		in->bytes.ok = true;
		return NULL;
	}
	*size = in->bytes.size - left;
	return in->bytes.bytes + left;
}

void lemf_inlet_fed(struct lemf_inlet *in, size_t n)
{
	in->bytes.len += n;
}

int lemf_inlet_next(struct lemf_inlet *in, const uint8_t **pdu, size_t *len, struct why *why)
{
	size_t left = lemf_inlet_left(in);
	int rc;

	if (!left)
		return 0;
	*pdu = in->bytes.bytes + in->start;
	rc = etsi_pdu_len(*pdu, left, len, why);
	if (rc == ERR_AGAIN)
		return 0;
	if (rc)
		return rc;
	if (*len > in->max_pdu)
		return why_set(why, ERR_BAD, "a PS-PDU of %zu octets; at most %zu are taken", *len,
			       in->max_pdu);
	if (*len > left)
		return 0;
	in->start += *len;
	return 1;
}
