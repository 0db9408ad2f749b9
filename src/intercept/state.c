/* What survives a restart: sessions, their CINs and numbers, and the table of subscribers.
 *
 *	"WEIRICPT" version:32
 *	mandates:32 { key:text started:8 over:8 known:64 from:64 cins:32 { 32 }
 *	              sessions:32 { kind:8 state:8 cin:32 access:64 iri:64 cc:64 bytes:64 bytes:64
 *	                            { hashes:32 signatures:32 } of both interfaces
 *	                            prefixes:32 { version:8 bits:8 address:16 octets }
 *	                            of a call: its facts, see party.c } }
 *	the table of subscribers, as access_save writes it
 *	calls:8 the table of calls, as call_save writes it
 *
 * Numbers are big-endian; a text is its length in 16 bits and its octets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/record.h"
#include "intercept/count.h"
#include "intercept/party.h"

/* A state of version 1 knows no calls. */
enum { STATE_VERSION = 2, STATE_WITHOUT_CALLS = 1 };

/* The first octet of a session. */
enum session_kind { KIND_DYNAMIC, KIND_STATIC, KIND_CALL, N_KINDS };

static const char magic[8] = {'W', 'E', 'I', 'R', 'I', 'C', 'P', 'T'};

static void put_session(struct wr *w, const struct session *s)
{
	size_t n = s->access_id ? s->n_prefixes : 0; /* a static one's are the orders' */

	wr_u8(w, s->call ? KIND_CALL : s->access_id ? KIND_DYNAMIC : KIND_STATIC);
	wr_u8(w, (uint8_t)s->state);
	wr_u32(w, s->cin);
	wr_u64(w, s->access_id);
	wr_u64(w, s->next_iri);
	wr_u64(w, s->next_cc);
	wr_u64(w, s->bytes_iri);
	wr_u64(w, s->bytes_cc);
	for (int k = 0; k < INTERCEPT_N_INTERFACES; k++) {
		wr_u32(w, s->hash_seq[k]);
		wr_u32(w, s->sign_seq[k]);
	}
	wr_u32(w, (uint32_t)n);
	for (size_t k = 0; k < n; k++) {
		wr_u8(w, s->prefixes[k].ip.version);
		wr_u8(w, s->prefixes[k].bits);
		wr_bytes(w, s->prefixes[k].ip.bytes, sizeof s->prefixes[k].ip.bytes);
	}
	if (s->call)
		session_call_put(s->call, w);
}

static uint32_t count_sessions(const struct session *s)
{
	uint32_t n = 0;

	for (; s; s = s->next)
		n++;
	return n;
}

static void put_mandate(struct wr *w, const struct mandate *m)
{
	size_t mark = wr_open16(w);

	wr_bytes(w, m->key, strlen(m->key));
	wr_close16(w, mark);
	wr_u8(w, m->is_started);
	wr_u8(w, m->is_over);
	wr_u64(w, (uint64_t)m->known_ns);
	wr_u64(w, (uint64_t)m->from_ns);
	wr_u32(w, (uint32_t)m->n_cins);
	for (size_t k = 0; k < m->n_cins; k++)
		wr_u32(w, m->cins[k]);
	wr_u32(w, count_sessions(m->statics) + count_sessions(m->dynamics));
	for (const struct session *s = m->statics; s; s = s->next)
		put_session(w, s);
	for (const struct session *s = m->dynamics; s; s = s->next)
		put_session(w, s);
}

void intercept_save(struct intercept *i, struct wr *w)
{
	pthread_mutex_lock(&i->turn);
	wr_bytes(w, magic, sizeof magic);
	wr_u32(w, STATE_VERSION);
	wr_u32(w, i->n_mandates);
	for (uint32_t k = 0; k < i->n_mandates; k++)
		put_mandate(w, i->mandates[k]);
	access_save(i->access, w);
	party_save(i, w);
	if (i->options.ledger)
		ledger_book_settle(i->options.ledger);
	pthread_mutex_unlock(&i->turn);
}

/* A session as it was saved. */
struct saved {
	enum session_kind kind;
	struct session_call call; /* of a call; its message is whoever's takes it */
	enum session_state state;
	uint32_t cin;
	uint64_t access_id, next_iri, next_cc, bytes_iri, bytes_cc;
	uint32_t hash_seq[INTERCEPT_N_INTERFACES], sign_seq[INTERCEPT_N_INTERFACES];
	struct net_prefix prefixes[ACCESS_MAX_ADDRESSES];
	size_t n_prefixes;
};

static bool take_session(struct rd *r, struct saved *out)
{
	uint32_t n;

	*out = (struct saved){.kind = (enum session_kind)rd_u8(r)};
	out->state = (enum session_state)rd_u8(r);
	out->cin = rd_u32(r);
	out->access_id = rd_u64(r);
	out->next_iri = rd_u64(r);
	out->next_cc = rd_u64(r);
	out->bytes_iri = rd_u64(r);
	out->bytes_cc = rd_u64(r);
	for (int k = 0; k < INTERCEPT_N_INTERFACES; k++) {
		out->hash_seq[k] = rd_u32(r);
		out->sign_seq[k] = rd_u32(r);
	}
	n = rd_u32(r);
	if (!r->ok || n > ACCESS_MAX_ADDRESSES || out->state > SESSION_GONE ||
	    out->kind >= N_KINDS || (out->kind == KIND_STATIC) != !out->access_id)
		return false;
	for (uint32_t k = 0; k < n; k++) {
		struct net_prefix *p = &out->prefixes[out->n_prefixes++];
		const uint8_t *octets;

		p->ip.version = rd_u8(r);
		p->bits = rd_u8(r);
		octets = rd_take(r, sizeof p->ip.bytes);
		if (!octets || (p->ip.version != 4 && p->ip.version != 6) || !p->bits ||
		    p->bits > (p->ip.version == 4 ? 32 : 128))
			return false;
		memcpy(p->ip.bytes, octets, sizeof p->ip.bytes);
	}
	return out->kind != KIND_CALL || !session_call_take(&out->call, r);
}

static void set_numbers(struct session *s, const struct saved *saved)
{
	s->next_iri = saved->next_iri;
	s->next_cc = saved->next_cc;
	s->loaded_iri = s->next_iri;
	s->loaded_cc = s->next_cc;
	s->bytes_iri = saved->bytes_iri;
	s->bytes_cc = saved->bytes_cc;
	memcpy(s->hash_seq, saved->hash_seq, sizeof s->hash_seq);
	memcpy(s->sign_seq, saved->sign_seq, sizeof s->sign_seq);
	s->state = saved->state;
}

/* A static session that the orders do not name (any more) is kept for its numbers, and ends where
 * it had begun. */
static int keep_static(struct intercept *i, struct mandate *m, const struct saved *saved)
{
	struct session **link = &m->statics;
	struct session *s;
	struct why why;
	int rc = session_new(&s, saved->cin, 0, NULL);

	if (rc)
		return rc;
	why_clear(&why);
	while (*link && (*link)->cin < saved->cin)
		link = &(*link)->next;
	s->mandate = m;
	s->slot = UINT32_MAX;
	s->next = *link;
	*link = s;
	set_numbers(s, saved);
	s->state = SESSION_GONE;
	rc = order_slot(i, s);
	if (rc || !m->is_ordered)
		return rc;
	rc = order_header(i, s, &why);
	if (!rc && saved->state == SESSION_BEGUN)
		rc = tell_static(i, s, IPIRI_END_ACTIVE, i->options.now.ns);
	return rc;
}

static int restore(struct intercept *i, struct mandate *m, struct saved *saved, struct session **s)
{
	int rc;

	if (saved->kind == KIND_DYNAMIC)
		return subscriber_restore(i, m, saved->access_id, saved->cin, s);
	rc = subscriber_restore_call(i, m, (uint32_t)saved->access_id, saved->cin, s);
	if (rc)
		return rc;
	*(*s)->call = saved->call;
	saved->call.message = NULL;
	return 0;
}

static int load_session(struct intercept *i, struct mandate *m, struct saved *saved)
{
	struct session *s;
	int rc;

	if (saved->kind == KIND_STATIC) {
		s = order_static(m, saved->cin);
		if (!s)
			return keep_static(i, m, saved);
		set_numbers(s, saved);
		count_open(i, s);
		if (s->state == SESSION_GONE)
			s->state = SESSION_IDLE; /* it is named again */
		return 0;
	}
	if (!m->is_ordered)
		return mandate_note_cin(m, saved->cin);
	rc = restore(i, m, saved, &s);
	if (rc)
		return rc;
	set_numbers(s, saved);
	count_open(i, s);
	return subscriber_set_prefixes(i, s, saved->prefixes, saved->n_prefixes);
}

static int load_mandate(struct intercept *i, struct rd *r, uint32_t *slot)
{
	struct rd text = rd_sub(r, rd_u16(r));
	char key[ORDERS_KEY_LEN];
	size_t len = rd_left(&text);
	struct mandate *m;
	uint32_t n;
	int rc;

	if (!text.ok || len >= sizeof key)
		return ERR_BAD;
	memcpy(key, rd_take(&text, len), len);
	key[len] = 0;
	rc = order_mandate(i, key, &m);
	if (rc)
		return rc;
	*slot = m->slot;
	m->is_started = rd_u8(r) && m->is_ordered;
	m->is_over = rd_u8(r) && m->is_ordered;
	m->known_ns = (int64_t)rd_u64(r);
	m->from_ns = (int64_t)rd_u64(r);
	m->has_news = true;
	m->is_loaded = true;
	n = rd_u32(r);
	for (uint32_t k = 0; k < n && !rc && r->ok; k++)
		rc = mandate_note_cin(m, rd_u32(r));
	n = rd_u32(r);
	for (uint32_t k = 0; k < n && !rc && r->ok; k++) {
		struct saved saved;

		rc = take_session(r, &saved) ? load_session(i, m, &saved) : ERR_BAD;
		free(saved.call.message);
	}
	return rc ? rc : r->ok ? 0 : ERR_CUT;
}

/* Sessions of subscribers whom the table does not know any more, or the orders do not name. */
static int end_strangers(struct intercept *i)
{
	int rc = 0;

	for (size_t k = 0; k < i->n_ordered && !rc; k++)
		rc = subscriber_end(i, i->ordered[k], false, i->options.now.ns);
	return rc;
}

/* Slots of mandates now, by the place that they have in the state, which was their slot. */
struct places {
	const struct intercept *i;
	uint32_t *slots;
	uint32_t n;
};

static bool renumber(void *arg, uint32_t before, uint32_t *now)
{
	const struct places *p = arg;

	if (before >= p->n || !p->i->mandates[p->slots[before]]->is_ordered)
		return false;
	*now = p->slots[before];
	return true;
}

static int load_mandates(struct intercept *i, struct rd *r, struct places *p)
{
	uint32_t n = rd_u32(r), size = 0;
	int rc = 0;

	for (; p->n < n && !rc; p->n++) {
		if (p->n == size) {
			uint32_t *more = reallocarray(p->slots, size + 256, sizeof *more);

			if (!more)
				return ERR_NOMEM;
			p->slots = more;
			size += 256;
		}
		rc = load_mandate(i, r, &p->slots[p->n]);
	}
	return rc;
}

static int load(struct intercept *i, struct rd *r, struct why *why)
{
	const uint8_t *head = rd_take(r, sizeof magic);
	uint32_t version = rd_u32(r);
	struct places places = {.i = i};
	int rc;

	if (!head || memcmp(head, magic, sizeof magic) != 0)
		return why_set(why, ERR_BAD, "is no state of a collector");
	if (version != STATE_VERSION && version != STATE_WITHOUT_CALLS)
		return why_set(why, ERR_UNSUPPORTED, "its version is %u, and %d is known", version,
			       STATE_VERSION);
	rc = load_mandates(i, r, &places);
	if (!rc)
		rc = access_load(i->access, r);
	if (!rc && version != STATE_WITHOUT_CALLS)
		rc = party_load(i, r, renumber, &places);
	free(places.slots);
	if (!rc)
		rc = end_strangers(i);
	if (!rc)
		rc = term_sort(i);
	i->has_loaded = i->has_state = true;
	return rc ? why_set(why, rc, "%s", err_text(rc)) : 0;
}

int intercept_load(struct intercept *i, struct rd *r, struct why *why)
{
	int rc;

	pthread_mutex_lock(&i->turn);
	rc = load(i, r, why);
	pthread_mutex_unlock(&i->turn);
	return rc;
}

static struct session *with_cin(struct mandate *m, uint32_t cin)
{
	struct session *s = order_static(m, cin);

	if (s)
		return s;
	for (s = m->dynamics; s && s->cin != cin; s = s->next)
		;
	return s;
}

/* Numbers of integrity checks are their own. */
static void recall_check(struct session *s, const struct etsi_record *record,
			 enum intercept_interface which)
{
	uint32_t *next = record->tri.check_type == ETSI_CHECK_SIGNATURE ? &s->sign_seq[which]
									: &s->hash_seq[which];

	if (record->tri.kind == ETSI_TRI_INTEGRITY_CHECK && record->seq >= *next)
		*next = record->seq + 1;
}

static void recall(struct session *s, const struct etsi_record *record,
		   enum intercept_interface which)
{
	uint64_t next = (uint64_t)record->seq + 1;

	if (which == INTERCEPT_HI3) {
		if (s->next_cc > UINT32_MAX)
			s->next_cc = 0; /* they began again */
		s->next_cc = s->loaded_cc = next > s->next_cc ? next : s->next_cc;
		s->bytes_cc = 0;
		return;
	}
	s->next_iri = s->loaded_iri = next > s->next_iri ? next : s->next_iri;
	s->bytes_iri = 0;
	if (record->kind != ETSI_RECORD_IRI || s->state == SESSION_GONE)
		return;
	if (record->part.iri_type == ETSI_IRI_BEGIN)
		s->state = SESSION_BEGUN;
	if (record->part.iri_type == ETSI_IRI_END)
		s->state = SESSION_IDLE;
}

int intercept_recall(struct intercept *i, const char *agency, enum intercept_interface which,
		     const uint8_t *pdu, size_t len)
{
	struct etsi_record record;
	char key[ORDERS_KEY_LEN];
	struct mandate *m;
	struct session *s;
	int rc = etsi_record_read(pdu, len, &record, NULL);

	if (rc || !record.has_cin)
		return rc;
	snprintf(key, sizeof key, "%s/%.*s", agency, (int)record.liid.len,
		 (const char *)record.liid.bytes);
	pthread_mutex_lock(&i->turn);
	count_recall(i, agency, which, &record);
	m = order_find(i, key);
	s = m ? with_cin(m, record.cin) : NULL;
	if (s && record.kind == ETSI_RECORD_TRI)
		recall_check(s, &record, which);
	else if (s)
		recall(s, &record, which);
	else if (m)
		rc = mandate_note_cin(m, record.cin);
	pthread_mutex_unlock(&i->turn);
	return rc;
}
