#include "intercept/content.h"

#include "etsi/ipcc.h"
#include "intercept/count.h"

static const uint8_t directions[] = {
	[WATCH_FROM] = ETSI_FROM_TARGET,
	[WATCH_TO] = ETSI_TO_TARGET,
	[WATCH_BOTH] = ETSI_INDETERMINATE,
};

static struct ipcc cc_of(const struct piece *piece, const struct pending *pending)
{
	return (struct ipcc){
		.bytes = piece->bytes,
		.len = piece->len,
		.original_len = piece->claim_len,
		.seq = pending->seq,
		.direction = directions[pending->direction],
		.time = {piece->time_ns},
	};
}

static struct ipmm_cc media_of(const struct piece *piece, const struct pending *pending)
{
	return (struct ipmm_cc){
		.bytes = piece->bytes,
		.len = piece->len,
		.seq = pending->seq,
		.direction = directions[pending->direction],
		.time = {piece->time_ns},
	};
}

/* n is 1, or -1 for what was counted and is lost. */
static void count_cc(struct intercept_counts *counts, const struct ipcc *cc, size_t len, int n)
{
	uint64_t one = (uint64_t)n;
	bool is_cut = cc->original_len > cc->len && cc->original_len != IPCC_LEN_UNKNOWN;

	counts->cc += one;
	counts->cc_bytes += one * len;
	counts->truncated += is_cut ? one : 0;
	counts->from += cc->direction == ETSI_FROM_TARGET ? one : 0;
	counts->to += cc->direction == ETSI_TO_TARGET ? one : 0;
	counts->both += cc->direction == ETSI_INDETERMINATE ? one : 0;
}

/* Octets of a pending record, as it will be sent. */
static size_t len_of(const struct piece *piece, const struct pending *pending,
		     const struct ipcc *cc)
{
	struct ipmm_cc media;

	if (__builtin_expect(pending->tail != NULL, 0)) {
		media = media_of(piece, pending);
		return pending->key ? 0 : ipmm_cc_len(pending->tail, &media);
	}
	return pending->key ? sealed_ipcc_len(pending->header, cc, pending->counter)
			    : ipcc_len(pending->header, cc);
}

size_t content_number(struct session *s, struct tray *tray, struct pending *pending)
{
	const struct piece *piece = &tray->pieces[pending->piece];
	struct ipcc cc;
	size_t len;

	pending->seq = (uint32_t)s->next_cc++;
	pending->header = s->header;
	pending->mandate = s->mandate->slot;
	pending->key = s->mandate->key_of_payload;
	pending->counter = 0;
	if (__builtin_expect(pending->key != NULL, 0)) {
		if (!s->bytes_cc)
			s->bytes_cc = seal_first_counter((struct nanos){piece->time_ns});
		pending->counter = s->bytes_cc;
	}
	cc = cc_of(piece, pending);
	len = len_of(piece, pending, &cc);
	if (pending->key)
		s->bytes_cc += len;
	count_cc(&s->mandate->counts, &cc, len, 1);
	return len;
}

bool content_is_ordered(const struct mandate *m, const struct pending *pending)
{
	return m->plan || m->has_flags || (pending->tail && pending->key);
}

void content_ahead(const struct pending *pending)
{
	if (pending->tail)
		__builtin_prefetch(pending->tail);
	etsi_header_prefetch(pending->header);
}

int content_encode(struct tray *tray, const struct pending *pending, struct wr *w)
{
	const struct piece *piece = &tray->pieces[pending->piece];
	struct ipmm_cc media;
	struct ipcc cc;

	if (__builtin_expect(pending->tail != NULL, 0)) {
		media = media_of(piece, pending);
		ipmm_cc_encode(pending->tail, &media, w);
		return w->ok ? 0 : ERR_NOMEM;
	}
	cc = cc_of(piece, pending);
	if (pending->key)
		return sealed_ipcc_encode(
			&(struct seal){tray->sealer, pending->key, pending->counter},
			pending->header, &cc, w);
	ipcc_encode(pending->header, &cc, w);
	return 0;
}

/* A sealed packet of media: its length is known only now. */
static int seal_media(struct intercept *i, struct tray *tray, struct session *s,
		      const struct pending *pending)
{
	struct seal seal = {i->sealer, pending->key, pending->counter};
	struct why why;
	int rc;

	why_clear(&why);
	wr_reset(&i->plain);
	rc = content_encode(tray, pending, &i->plain);
	if (!rc)
		rc = seal_pdu(&seal, i->plain.bytes, i->plain.len, &i->iri, &why);
	s->bytes_cc += i->iri.len;
	s->mandate->counts.cc_bytes += i->iri.len;
	return rc;
}

int content_deliver(struct intercept *i, struct tray *tray, struct session *s,
		    struct pending *pending)
{
	const struct piece *piece = &tray->pieces[pending->piece];
	struct outbox *hi3 = &i->desks[s->mandate->desk]->boxes[INTERCEPT_HI3];
	bool is_late = pending->tail && pending->key;
	struct ipcc cc = cc_of(piece, pending);
	int rc;

	wr_reset(&i->iri);
	rc = is_late ? seal_media(i, tray, s, pending) : content_encode(tray, pending, &i->iri);
	if (rc)
		return intercept_fail(i, rc, hi3->name, err_text(rc));
	rc = outbox_append(hi3, i->iri.bytes, i->iri.len);
	if (rc && i->options.is_live) {
		count_cc(&s->mandate->counts, &cc, i->iri.len, -1);
		s->mandate->counts.refused[INTERCEPT_FULL]++;
		intercept_health_lose(&s->mandate->health, piece->time_ns);
		count_full(pending->row, piece->time_ns);
		return 0;
	}
	if (rc)
		return intercept_fail(i, rc, hi3->name, err_text(rc));
	return check_add(i, s,
			 &(struct delivered){INTERCEPT_HI3, i->iri.bytes, i->iri.len, pending->seq,
					     piece->time_ns});
}

void content_lose(struct intercept *i, struct tray *tray, const struct pending *pending)
{
	const struct piece *piece = &tray->pieces[pending->piece];
	struct mandate *m = i->mandates[pending->mandate];
	struct ipcc cc = cc_of(piece, pending);

	count_cc(&m->counts, &cc, len_of(piece, pending, &cc), -1);
	m->counts.refused[INTERCEPT_FULL]++;
	intercept_health_lose(&m->health, piece->time_ns);
	count_full(pending->row, piece->time_ns);
}
