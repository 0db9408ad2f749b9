/* Records of HI2: what happens to a session. */
#include <stdlib.h>
#include <string.h>

#include "intercept/count.h"

static int encode(struct intercept *i, struct session *s, const struct iri_form *form, uint32_t seq)
{
	struct seal seal = {i->sealer, s->mandate->key_of_payload, s->bytes_iri};
	struct why why;
	int rc;

	why_clear(&why);
	wr_reset(&i->plain);
	wr_reset(&i->iri);
	rc = form->encode(form, s, seq, seal.key ? &i->plain : &i->iri, &why);
	if (!rc && seal.key) {
		if (!seal.counter)
			seal.counter = seal_first_counter(form->time);
		rc = seal_pdu(&seal, i->plain.bytes, i->plain.len, &i->iri, &why);
		s->bytes_iri = seal.counter + i->iri.len;
	}
	return rc ? intercept_fail(i, rc, s->mandate->terms.liid, why.text) : 0;
}

/* A record that finds no room is lost and counted; its number is not used again, so that the
 * agency sees the gap. */
int tell_record(struct intercept *i, struct session *s, const struct iri_form *form)
{
	struct mandate *m = s->mandate;
	struct outbox *hi2 = &i->desks[m->desk]->boxes[INTERCEPT_HI2];
	struct ledger_row *row = count_matched(i, s, LEDGER_IRI);
	int64_t ns = form->time.ns;
	uint32_t seq;
	int rc;

	if (s->next_iri > UINT32_MAX) {
		rc = flag_wrap(i, s, ns);
		if (rc)
			return rc;
	}
	seq = (uint32_t)s->next_iri++;
	rc = encode(i, s, form, seq);
	if (rc)
		return rc;
	count_spooled(row, seq, ns);
	rc = outbox_append(hi2, i->iri.bytes, i->iri.len);
	if (rc && i->options.is_live) {
		count_full(row, ns);
		m->counts.iri_lost++;
		intercept_health_lose(&m->health, ns);
		return 0;
	}
	if (rc)
		return intercept_fail(i, rc, hi2->name, err_text(rc));
	m->counts.iri++;
	m->counts.iri_bytes += i->iri.len;
	return check_add(i, s,
			 &(struct delivered){INTERCEPT_HI2, i->iri.bytes, i->iri.len, seq, ns});
}

/* The form of a record of an access. */
struct access_form {
	struct iri_form form;
	struct ipiri *iri;
};

static int encode_access(const struct iri_form *form, const struct session *s, uint32_t seq,
			 struct wr *w, struct why *why)
{
	struct ipiri *iri = ((const struct access_form *)form)->iri;

	iri->seq = seq;
	iri->access_type = s->mandate->access_type;
	return ipiri_encode(s->header, iri, w, why);
}

static int send(struct intercept *i, struct session *s, struct ipiri *iri)
{
	const struct access_form form = {{encode_access, iri->time}, iri};

	return tell_record(i, s, &form.form);
}

static bool begins(enum ipiri_event event)
{
	return event == IPIRI_ACCEPT || event == IPIRI_START_ACTIVE || event == IPIRI_START_IDLE;
}

static bool ends(enum ipiri_event event)
{
	return event == IPIRI_ACCESS_END || event == IPIRI_END_ACTIVE || event == IPIRI_EXPIRED ||
	       event == IPIRI_END_IDLE;
}

int tell_facts(struct intercept *i, struct session *s, struct ipiri *iri)
{
	int64_t ns = iri->time.ns;
	int rc = begins(iri->event) ? flag_begin(i, s, iri->event, ns) : 0;

	if (!rc && s->mandate->delivers_iri)
		rc = send(i, s, iri);
	if (!rc && ends(iri->event))
		rc = flag_end(i, s, ns);
	return rc;
}

int tell_static(struct intercept *i, struct session *s, enum ipiri_event event, int64_t ns)
{
	struct ipiri iri = {.event = event, .time = {ns}};
	struct etsi_address *many;
	int rc;

	many = calloc(s->n_prefixes + 1, sizeof *many);
	if (!many)
		return intercept_fail(i, ERR_NOMEM, s->mandate->terms.liid, err_text(ERR_NOMEM));
	session_describe_static(s, many, &iri);
	rc = tell_facts(i, s, &iri);
	free(many);
	return rc;
}

/* What is still known of a subscriber whom the table does not have any more. */
static void describe_unknown(const struct session *s, struct session_iri *out)
{
	size_t n = s->n_prefixes < ACCESS_MAX_ADDRESSES ? s->n_prefixes : ACCESS_MAX_ADDRESSES;
	const struct access_session nobody = {.id = s->access_id};

	session_describe(&nobody, out);
	for (size_t k = 0; k < n; k++) {
		out->addresses[k] = (struct etsi_address){
			.version = s->prefixes[k].ip.version,
			.prefix_len = s->prefixes[k].bits,
			.assignment = IP_NOT_KNOWN,
		};
		memcpy(out->addresses[k].bits, s->prefixes[k].ip.bytes, 16);
	}
	if (n) {
		out->iri.ip_version = 0;
		ipiri_set_addresses(&out->iri, out->addresses, n);
	}
}

int tell(struct intercept *i, struct session *s, const struct access_session *a,
	 enum ipiri_event event, int64_t ns)
{
	struct session_iri room;

	if (a)
		session_describe(a, &room);
	else
		describe_unknown(s, &room);
	room.iri.event = event;
	room.iri.time.ns = ns;
	return tell_facts(i, s, &room.iri);
}
