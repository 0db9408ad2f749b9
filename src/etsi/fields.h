/* Inside etsi only: the elements of a structure from anyone, one after the other. */
#ifndef ETSI_FIELDS_H
#define ETSI_FIELDS_H

#include "ber/reader.h"
#include "etsi/record.h"

/* A structure that is read, by its name in reasons. */
struct fields {
	struct ber_rd r;
	uint64_t seen; /* tags below 64 that were there */
	const char *name;
	struct why *why;
};

/* The next element: 0, ERR_END, or another error with its reason. Each tag comes once; the tag
 * is TAG_OTHER where it is not a context-specific one. */
enum { TAG_OTHER = UINT32_MAX };
int fields_next(struct fields *f, struct ber_tlv *t, uint32_t *tag);

/* As fields_next, where the same tag may come again (SEQUENCE OF). */
int fields_next_of(struct fields *f, struct ber_tlv *t);

/* What lies in an element, which must be constructed. */
int fields_inside(const struct ber_tlv *t, const char *name, struct why *why, struct fields *out);

/* The only element in one that is explicitly tagged (a CHOICE's alternative). */
int fields_alternative(const struct ber_tlv *t, const char *name, struct why *why,
		       struct ber_tlv *out);

/* Values: each refuses what is none, or is outside min..max. */
int fields_octets(const struct fields *f, const struct ber_tlv *t, size_t max,
		  struct etsi_octets *out);
int fields_u32(const struct fields *f, const struct ber_tlv *t, uint32_t max, uint32_t *out);
int fields_byte(const struct fields *f, const struct ber_tlv *t, uint8_t *out);

/* Whether this element was there. */
static inline bool fields_had(const struct fields *f, unsigned tag)
{
	return f->seen >> tag & 1;
}

/* A reason about the structure; returns ERR_BAD. */
__attribute__((format(printf, 2, 3))) int fields_bad(const struct fields *f, const char *format,
						     ...);

/* payload.c: the facts of a Payload's alternative. */
int payload_read(const struct ber_tlv *t, struct etsi_record *out, struct why *why);

/* The version in the object identifier of a service's contents: 3 iPAccess, 5 iPMultimedia. */
int payload_object(const struct fields *f, const struct ber_tlv *t, uint8_t service,
		   struct etsi_part *out);

/* multimedia.c: the facts of an iPMMIRI or iPMMCC. */
int multimedia_read(const struct ber_tlv *in, bool is_cc, struct etsi_part *out, struct why *why);

#endif
