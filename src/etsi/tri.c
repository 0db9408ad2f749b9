#include "etsi/tri.h"

#include "ber/writer.h"

static const struct {
	const char *text;
	uint8_t since;
} kinds[] = {
#define X(name, tag, since, text) [tag] = {text, since},
	ETSI_TRIS(X)
#undef X
};

enum { N_KINDS = sizeof kinds / sizeof kinds[0], SIGNATURE_ALGORITHM_SINCE = 43 };

const char *etsi_tri_text(unsigned kind)
{
	return kind < N_KINDS ? kinds[kind].text : NULL;
}

bool tri_is_known(const struct etsi_header *h, enum etsi_tri_kind kind)
{
	return (unsigned)kind < N_KINDS && h->header_version >= kinds[kind].since;
}

static int refuse(struct why *why, const struct tri *tri, const char *reason)
{
	return why_set(why, ERR_USAGE, "%s: %s", etsi_tri_text(tri->kind), reason);
}

typedef int (*put_fn)(struct wr *w, const struct etsi_header *h, const struct tri *tri,
		      struct why *why);

static int put_null(struct wr *w, const struct etsi_header *h, const struct tri *tri,
		    struct why *why)
{
	(void)h;
	(void)why;
	ber_put_null(w, ber_context(tri->kind));
	return 0;
}

static int put_padding(struct wr *w, const struct etsi_header *h, const struct tri *tri,
		       struct why *why)
{
	(void)h;
	if (tri->octets.len > ETSI_MAX_PADDING)
		return refuse(why, tri, "too long");
	ber_put_bytes(w, ber_context(tri->kind), tri->octets.bytes, tri->octets.len);
	return 0;
}

static int put_message(struct wr *w, const struct etsi_header *h, const struct tri *tri,
		       struct why *why)
{
	size_t mark;

	(void)h;
	if (!tri->octets.len || tri->octets.len > ETSI_MAX_MESSAGE)
		return refuse(why, tri, "a message has 1 to 255 octets");
	if (tri->priority != ETSI_MESSAGE_ERROR && tri->priority != ETSI_MESSAGE_INFORMATIONAL)
		return refuse(why, tri, "no priority has this number");
	mark = ber_open(w, ber_context(tri->kind));
	ber_put_uint(w, ber_context(0), tri->priority);
	ber_put_bytes(w, ber_context(1), tri->octets.bytes, tri->octets.len);
	ber_close(w, mark);
	return 0;
}

/* SEQUENCE OF Option, with pDUAcknowledgement [0] or nothing in it. */
static void put_options(struct wr *w, uint32_t number, bool has_acknowledgement)
{
	size_t mark = ber_open(w, ber_context(number));

	if (has_acknowledgement)
		ber_put_null(w, ber_context(0));
	ber_close(w, mark);
}

static int put_negotiation(struct wr *w, const struct etsi_header *h, const struct tri *tri,
			   struct why *why)
{
	size_t mark = ber_open(w, ber_context(tri->kind));

	(void)h;
	(void)why;
	if (tri->kind == ETSI_TRI_OPTION_REQUEST) {
		put_options(w, 0, tri->is_requested);
	} else {
		put_options(w, 0, tri->is_accepted);
		put_options(w, 1, tri->is_declined);
	}
	ber_close(w, mark);
	return 0;
}

static int check_check(const struct tri *tri, struct why *why)
{
	bool is_hash = tri->check_type == ETSI_CHECK_HASH;

	if (!is_hash && tri->check_type != ETSI_CHECK_SIGNATURE)
		return refuse(why, tri, "neither a hash nor a signature");
	if (tri->check_of != ETSI_CHECK_OF_IRI && tri->check_of != ETSI_CHECK_OF_CC)
		return refuse(why, tri, "neither of IRI nor of CC");
	if (is_hash && (tri->hash < ETSI_SHA_1 || tri->hash > ETSI_SHA_512))
		return refuse(why, tri, "no hash algorithm has this number");
	if (!is_hash && (tri->signature < ETSI_DSA || tri->signature > ETSI_EDDSA))
		return refuse(why, tri, "no signature algorithm has this number");
	if (!tri->n_covered || tri->n_covered > ETSI_MAX_COVERED)
		return refuse(why, tri, "it covers no PDU, or too many");
	if (!tri->octets.len || tri->octets.len > ETSI_MAX_CHECK_VALUE)
		return refuse(why, tri, "there is no value, or it is too long");
	return 0;
}

static int put_check(struct wr *w, const struct etsi_header *h, const struct tri *tri,
		     struct why *why)
{
	bool is_hash = tri->check_type == ETSI_CHECK_HASH;
	int rc = check_check(tri, why);
	size_t check, numbers;

	if (rc)
		return rc;
	check = ber_open(w, ber_context(tri->kind));
	numbers = ber_open(w, ber_context(0));
	for (uint32_t i = 0; i < tri->n_covered && w->ok; i++)
		ber_put_uint(w, ber_tag(BER_UNIVERSAL, BER_INTEGER), tri->first_covered + i);
	ber_close(w, numbers);
	ber_put_uint(w, ber_context(1), tri->check_type);
	ber_put_uint(w, ber_context(2), tri->check_of);
	ber_put_bytes(w, ber_context(3), tri->octets.bytes, tri->octets.len);
	if (is_hash)
		ber_put_uint(w, ber_context(4), tri->hash);
	else if (h->header_version >= SIGNATURE_ALGORITHM_SINCE)
		ber_put_uint(w, ber_context(5), tri->signature);
	ber_close(w, check);
	return 0;
}

/* The kinds that are no NULL. */
static const put_fn put_by_kind[N_KINDS] = {
	[ETSI_TRI_INTEGRITY_CHECK] = put_check,       [ETSI_TRI_PADDING] = put_padding,
	[ETSI_TRI_OPERATOR_MESSAGE] = put_message,    [ETSI_TRI_OPTION_REQUEST] = put_negotiation,
	[ETSI_TRI_OPTION_RESPONSE] = put_negotiation,
};

int tri_encode(const struct etsi_header *h, const struct tri *tri, struct wr *w, struct why *why)
{
	size_t start = w->len, pdu, marks[2];
	put_fn put;
	int rc;

	if (!etsi_tri_text(tri->kind))
		return why_set(why, ERR_USAGE, "no TRI has the number %u", tri->kind);
	if (!tri_is_known(h, tri->kind))
		return why_set(why, ERR_UNSUPPORTED, "version %u has no %s", h->header_version,
			       etsi_tri_text(tri->kind));
	put = put_by_kind[tri->kind] ?: put_null;
	pdu = ber_open(w, ber_tag(BER_UNIVERSAL, BER_SEQUENCE));
	etsi_header_put(h, tri->seq, tri->time, w);
	marks[0] = ber_open(w, ber_context(2)); /* payload */
	marks[1] = ber_open(w, ber_context(2)); /* tRIPayload */
	rc = put(w, h, tri, why);
	ber_close(w, marks[1]);
	ber_close(w, marks[0]);
	ber_close(w, pdu);
	if (!rc && !w->ok)
		rc = why_set(why, ERR_FULL, "no room for the TRI");
	if (rc)
		w->len = start;
	return rc;
}
