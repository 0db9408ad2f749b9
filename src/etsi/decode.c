/* The walk: elements of the wire and rows of the tables, side by side.
 *
 * Every element ends up in the output exactly once: under its name where the schema expects it
 * there, else as its tag and octets with a finding that says why. */
#include "etsi/decode.h"

#include <stdarg.h>
#include <stdio.h>

#include "etsi/pdu.h"
#include "etsi/walk.h"

enum {
	MAX_SEEN = 512,  /* fields of a SEQUENCE whose presence is kept */
	PAYLOAD_ROW = 1, /* of the root type */
	MAX_KINDS = 2,
};

static const char *const rule_texts[] = {
#define X(name, text, doc) [ETSI_RULE_##name] = text,
	ETSI_RULES(X)
#undef X
};

const char *etsi_rule_text(enum etsi_rule rule)
{
	return rule_texts[rule];
}

void walk_find(struct walk *w, const uint8_t *at, enum etsi_rule rule, const char *format, ...)
{
	struct etsi_decoded *out = w->out;
	struct etsi_finding f = {.offset = (size_t)(at - w->start), .times = 1, .rule = rule};
	int n = 0;
	va_list args;

	/* what is not DER is so in every element of some senders: one finding for all of them */
	if (w->name && rule != ETSI_RULE_DER)
		n = snprintf(f.text, sizeof f.text, "%s: ", w->name);
	va_start(args, format);
	vsnprintf(f.text + n, sizeof f.text - (size_t)n, format, args);
	va_end(args);
	for (unsigned i = 0; i < out->n_findings; i++) {
		if (out->findings[i].rule == rule && strcmp(out->findings[i].text, f.text) == 0) {
			out->findings[i].times++;
			return;
		}
	}
	if (out->n_findings < ETSI_MAX_FINDINGS)
		out->findings[out->n_findings++] = f;
	else
		out->n_more++;
}

static int next(struct walk *w, struct ber_rd *r, struct ber_tlv *t)
{
	int rc = ber_next(r, t);

	if (rc == 0 && t->flaws & BER_LONG_LENGTH)
		walk_find(w, t->start, ETSI_RULE_DER, "a length has more octets than it needs");
	if (rc == 0 && t->flaws & BER_LONG_TAG)
		walk_find(w, t->start, ETSI_RULE_DER, "a tag has more octets than it needs");
	if (rc && rc != ERR_END)
		walk_find(w, r->rd.at, ETSI_RULE_BROKEN, "%s", ber_fault_text(r->fault));
	return rc;
}

/* ---- what no table knows ---- */

static void print_tag(const struct ber_tlv *t, char out[32])
{
	static const char *const classes[] = {"UNIVERSAL ", "APPLICATION ", "", "PRIVATE "};

	snprintf(out, 32, "[%s%u]", classes[ber_tag_class(t->tag)], ber_tag_number(t->tag));
}

static void show_tlvs(struct walk *w, struct ber_rd r);

static void show_tlv(struct walk *w, const struct ber_tlv *t)
{
	char tag[32];

	print_tag(t, tag);
	show_key(&w->show, tag);
	if (!t->is_constructed) {
		show_hex(&w->show, t->value, t->len);
		return;
	}
	show_open(&w->show, '[');
	show_tlvs(w, ber_inside(t));
	show_close(&w->show, ']');
}

/* The rest of an element whose inside cannot be read. */
static void show_rest(struct walk *w, const struct ber_rd *r)
{
	if (!rd_left(&r->rd))
		return;
	show_key(&w->show, "unreadable");
	show_hex(&w->show, r->rd.at, rd_left(&r->rd));
}

static void show_tlvs(struct walk *w, struct ber_rd r)
{
	struct ber_tlv t;
	int rc;

	while ((rc = next(w, &r, &t)) == 0) {
		show_open(&w->show, '{');
		show_tlv(w, &t);
		show_close(&w->show, '}');
	}
	if (rc != ERR_END) {
		show_open(&w->show, '{');
		show_rest(w, &r);
		show_close(&w->show, '}');
	}
}

/* In the place of a value that its type cannot have: its octets. */
static void show_raw(struct walk *w, const struct ber_tlv *t)
{
	if (!t->is_constructed) {
		show_hex(&w->show, t->value, t->len);
		return;
	}
	show_open(&w->show, '[');
	show_tlvs(w, ber_inside(t));
	show_close(&w->show, ']');
}

void walk_bad_value(struct walk *w, const struct ber_tlv *t, const char *what)
{
	walk_find(w, t->start, ETSI_RULE_VALUE, "%s", what);
	show_raw(w, t);
}

/* ---- rows ---- */

bool walk_row_takes(const struct schema_row *row, uint32_t tag)
{
	const struct schema_type *type = walk_type(row);

	if (!(row->flags & ROW_OPEN))
		return tag ==
		       ber_tag(row->flags & ROW_UNIVERSAL ? BER_UNIVERSAL : BER_CONTEXT, row->tag);
	for (unsigned i = 0; i < type->n_rows; i++)
		if (walk_row_takes(&walk_rows(type)[i], tag))
			return true;
	return false;
}

/* The row that takes this tag, looked for from `from` on and then from the start; -1: none. */
static int find_row(const struct schema_type *type, uint32_t tag, int from)
{
	for (int i = 0; i < type->n_rows; i++) {
		int k = (from + i) % type->n_rows;

		if (walk_row_takes(&walk_rows(type)[k], tag))
			return k;
	}
	return -1;
}

/* ---- what holds others ---- */

/* One element as a row's value; the key is written already. */
static void walk_row(struct walk *w, const struct schema_row *row, const struct ber_tlv *t);

/* The alternative of a CHOICE as an object with one member. */
static void walk_alternative(struct walk *w, const struct schema_type *type,
			     const struct ber_tlv *t)
{
	int k = find_row(type, t->tag, 0);

	show_open(&w->show, '{');
	if (k < 0) {
		char tag[32];

		print_tag(t, tag);
		walk_find(w, t->start, ETSI_RULE_UNKNOWN, "%s is no alternative here", tag);
		show_tlv(w, t);
	} else {
		const struct schema_row *row = &walk_rows(type)[k];

		if (w->n_kinds >= 0 && w->n_kinds < MAX_KINDS)
			w->out->kind[w->n_kinds++] = row->name;
		show_key(&w->show, row->name);
		walk_row(w, row, t);
	}
	show_close(&w->show, '}');
}

static void walk_row(struct walk *w, const struct schema_row *row, const struct ber_tlv *t)
{
	const char *outer = w->name;

	if (row->name[0])
		w->name = row->name;
	if (row->flags & ROW_OPEN)
		walk_alternative(w, walk_type(row), t);
	else
		walk_value(w, walk_type(row), t);
	w->name = outer;
}

/* A CHOICE behind a tag of its own. */
static void walk_choice(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	struct ber_rd r = ber_inside(t);
	struct ber_tlv inner, extra;

	if (next(w, &r, &inner)) {
		walk_find(w, t->start, ETSI_RULE_BROKEN, "a choice without an alternative");
		show_raw(w, t);
		return;
	}
	if (ber_next(&r, &extra) != ERR_END) {
		walk_find(w, inner.start + inner.header_len + inner.len, ETSI_RULE_REPEATED,
			  "a choice with more than one alternative");
		show_raw(w, t);
		return;
	}
	walk_alternative(w, type, &inner);
}

struct fields {
	uint64_t seen[MAX_SEEN / 64];
	int last; /* row of the last element that was in its place */
};

static bool was_seen(const struct fields *f, int k)
{
	return f->seen[k / 64] >> (k % 64) & 1;
}

/* The row for this element, noting what is wrong with finding it here; -1: show its octets. */
static int place_field(struct walk *w, const struct schema_type *type, struct fields *f,
		       const struct ber_tlv *t)
{
	int k = find_row(type, t->tag, f->last + 1);
	char tag[32];

	if (k < 0) {
		print_tag(t, tag);
		walk_find(w, t->start, ETSI_RULE_UNKNOWN, "%s is not in the schema%s", tag,
			  type->is_extensible ? "; of a later version?" : "");
		return -1;
	}
	if (was_seen(f, k)) {
		walk_find(w, t->start, ETSI_RULE_REPEATED, "%s is there twice",
			  walk_rows(type)[k].name);
		return -1;
	}
	if (k < f->last && type->kind == SCHEMA_SEQUENCE)
		walk_find(w, t->start, ETSI_RULE_ORDER, "%s stands behind %s",
			  walk_rows(type)[k].name, walk_rows(type)[f->last].name);
	f->seen[k / 64] |= (uint64_t)1 << (k % 64);
	f->last = k;
	return k;
}

static void walk_fields(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	const struct schema_row *rows = walk_rows(type);
	struct fields f = {.last = -1};
	struct ber_rd r = ber_inside(t);
	struct ber_tlv inner;
	int rc;

	show_open(&w->show, '{');
	while ((rc = next(w, &r, &inner)) == 0) {
		int k = type->n_rows ? place_field(w, type, &f, &inner) : -1;

		if (k < 0) {
			show_tlv(w, &inner);
			continue;
		}
		if (type == &schema_types[SCHEMA_PS_PDU] && k == PAYLOAD_ROW)
			w->n_kinds = 0;
		show_key(&w->show, rows[k].name);
		walk_row(w, &rows[k], &inner);
	}
	if (rc != ERR_END)
		show_rest(w, &r);
	for (int k = 0; k < type->n_rows; k++)
		if (!(rows[k].flags & ROW_OPTIONAL) && !was_seen(&f, k))
			walk_find(w, t->start, ETSI_RULE_MISSING, "%s is missing", rows[k].name);
	show_close(&w->show, '}');
}

static void walk_list(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	const struct schema_row *row = walk_rows(type);
	struct ber_rd r = ber_inside(t);
	struct ber_tlv inner;
	uint64_t n = 0;
	int rc;

	show_open(&w->show, '[');
	for (; (rc = next(w, &r, &inner)) == 0; n++) {
		if (walk_row_takes(row, inner.tag)) {
			walk_row(w, row, &inner);
			continue;
		}
		walk_find(w, inner.start, ETSI_RULE_UNKNOWN,
			  "an element of another type in a list");
		show_open(&w->show, '{');
		show_tlv(w, &inner);
		show_close(&w->show, '}');
	}
	if (rc != ERR_END) {
		show_open(&w->show, '{');
		show_rest(w, &r);
		show_close(&w->show, '}');
	}
	walk_check_size(w, type, t, n);
	show_close(&w->show, ']');
}

static const walk_fn walk_structure[SCHEMA_N_KINDS] = {
	[SCHEMA_SEQUENCE] = walk_fields, [SCHEMA_SET] = walk_fields,
	[SCHEMA_CHOICE] = walk_choice,   [SCHEMA_SEQUENCE_OF] = walk_list,
	[SCHEMA_SET_OF] = walk_list,
};

void walk_value(struct walk *w, const struct schema_type *type, const struct ber_tlv *t)
{
	walk_fn walk = t->is_constructed ? walk_structure[type->kind] : walk_primitive[type->kind];

	if (walk)
		walk(w, type, t);
	else
		walk_bad_value(w, t,
			       t->is_constructed ? "a simple value in constructed form"
						 : "a structure in primitive form");
}

/* Rules of TS 102 232-1 that the schema cannot say, because their elements are optional. */
static void check_header(struct walk *w)
{
	const struct etsi_decoded *out = w->out;
	const char *kind = out->kind[0];

	if (!kind)
		return;
	if (!out->has_cin &&
	    (strcmp(kind, "iRIPayloadSequence") == 0 || strcmp(kind, "cCPayloadSequence") == 0))
		walk_find(w, w->start, ETSI_RULE_MISSING,
			  "communicationIdentityNumber is missing (clause 5.2.4)");
	if (!out->has_time && !out->has_payload_time)
		walk_find(w, w->start, ETSI_RULE_MISSING,
			  "neither timeStamp nor microSecondTimeStamp can be read (clause 5.2.6)");
}

void etsi_decode(const uint8_t *pdu, size_t len, enum etsi_form form, struct wr *w,
		 struct etsi_decoded *out)
{
	struct walk walk = {.show = show_of(form, w), .out = out, .start = pdu, .n_kinds = -1};
	struct ber_rd r = ber_rd_of(pdu, len);
	struct ber_tlv t;

	*out = (struct etsi_decoded){0};
	etsi_pdu_facts(pdu, len, out);
	if (next(&walk, &r, &t) || t.tag != ber_tag(BER_UNIVERSAL, BER_SEQUENCE) ||
	    !t.is_constructed) {
		walk_find(&walk, pdu, ETSI_RULE_BROKEN, "no PS-PDU");
		show_hex(&walk.show, pdu, len);
		return;
	}
	walk_fields(&walk, &schema_types[SCHEMA_PS_PDU], &t);
	check_header(&walk);
}
