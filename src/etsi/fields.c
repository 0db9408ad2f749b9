#include "etsi/fields.h"

#include <stdarg.h>
#include <stdio.h>

int fields_bad(const struct fields *f, const char *format, ...)
{
	char text[WHY_TEXT_LEN / 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return why_set(f->why, ERR_BAD, "%s: %s", f->name, text);
}

int fields_next_of(struct fields *f, struct ber_tlv *t)
{
	int rc = ber_next(&f->r, t);

	if (rc && rc != ERR_END)
		return why_set(f->why, ERR_BAD, "%s: %s", f->name, ber_fault_text(f->r.fault));
	return rc;
}

int fields_next(struct fields *f, struct ber_tlv *t, uint32_t *tag)
{
	int rc = fields_next_of(f, t);

	if (rc)
		return rc;
	*tag = TAG_OTHER;
	if (ber_tag_class(t->tag) != BER_CONTEXT)
		return 0;
	*tag = ber_tag_number(t->tag);
	if (*tag >= 64)
		return 0;
	if (fields_had(f, *tag))
		return fields_bad(f, "element [%u] is there twice", *tag);
	f->seen |= (uint64_t)1 << *tag;
	return 0;
}

int fields_inside(const struct ber_tlv *t, const char *name, struct why *why, struct fields *out)
{
	*out = (struct fields){ber_inside(t), 0, name, why};
	if (!t->is_constructed)
		return fields_bad(out, "holds no elements");
	return 0;
}

int fields_alternative(const struct ber_tlv *t, const char *name, struct why *why,
		       struct ber_tlv *out)
{
	struct ber_tlv more;
	struct fields f;
	int rc = fields_inside(t, name, why, &f);

	if (!rc)
		rc = fields_next_of(&f, out);
	if (rc == ERR_END)
		return fields_bad(&f, "is empty");
	if (rc)
		return rc;
	rc = fields_next_of(&f, &more);
	return rc == ERR_END ? 0 : rc ? rc : fields_bad(&f, "holds more than one alternative");
}

int fields_octets(const struct fields *f, const struct ber_tlv *t, size_t max,
		  struct etsi_octets *out)
{
	unsigned number = ber_tag_number(t->tag);

	if (t->is_constructed)
		return fields_bad(f, "element [%u] is constructed", number);
	if (t->len > max)
		return fields_bad(f, "element [%u] has %zu octets, allowed are %zu", number, t->len,
				  max);
	*out = (struct etsi_octets){t->value, t->len};
	return 0;
}

int fields_u32(const struct fields *f, const struct ber_tlv *t, uint32_t max, uint32_t *out)
{
	uint64_t v;

	if (!ber_get_u64(t, &v, NULL) || v > max)
		return fields_bad(f, "element [%u] is no number up to %u", ber_tag_number(t->tag),
				  max);
	*out = (uint32_t)v;
	return 0;
}

int fields_byte(const struct fields *f, const struct ber_tlv *t, uint8_t *out)
{
	uint32_t v = 0;
	/* 255 says that there is none */
	int rc = fields_u32(f, t, UINT8_MAX - 1, &v);

	*out = (uint8_t)v;
	return rc;
}
