#include "call/facts.h"

#include "base/hash.h"
#include "base/lookup.h"
#include "sip/body.h"

/* Kinds of texts have seeds of their own, so that none is taken for another. */
enum { OF_ID = 1, OF_TAG, OF_BRANCH, OF_WHOLE, OF_SESSION, OF_ORIGIN, OF_URI };

static uint64_t hash(uint64_t seed, unsigned kind, struct sip_text t)
{
	uint64_t h = keyed_hash(seed + kind, t.bytes, t.len);

	return h ? h : 1;
}

uint64_t facts_pair(uint64_t a, uint64_t b)
{
	return lookup_spread(a + 0x9e3779b97f4a7c15 * b);
}

uint64_t facts_hash_id(uint64_t seed, struct sip_text call_id)
{
	return hash(seed, OF_ID, call_id);
}

uint64_t facts_hash_tag(uint64_t seed, struct sip_text tag)
{
	return hash(seed, OF_TAG, tag);
}

uint64_t facts_hash_uri(uint64_t seed, struct sip_text text)
{
	struct sip_uri uri;

	if (sip_uri_read(text, &uri) < 0)
		return hash(seed, OF_URI, text);
	return facts_pair(hash(seed, OF_URI, uri.user), hash(seed, OF_URI, uri.host.text));
}

/* RFC 3261 17.2.3: a branch is of one transaction if it says so; before that it was made of
 * addresses, tags, Call-ID and CSeq, of which the latter are looked at anyway. */
static uint64_t branch_of(const struct call_message *m, uint64_t seed)
{
	struct sip_text value;
	struct sip_via via;

	if (!sip_message_value(m->sip, SIP_FIELD_VIA, &value) || sip_via_read(value, &via) < 0)
		return 1;
	if (sip_text_is_there(via.branch) && sip_branch_is_unique(via.branch))
		return hash(seed, OF_BRANCH, via.branch);
	return hash(seed, OF_BRANCH, via.host.text);
}

static uint64_t whole_of(const struct call_message *m, uint64_t seed)
{
	uint64_t ends = keyed_hash(seed, m->src.bytes, sizeof m->src.bytes) * 3 +
			keyed_hash(seed, m->dst.bytes, sizeof m->dst.bytes);

	return facts_pair(hash(seed, OF_WHOLE, m->sip->whole), ends);
}

static void read_session(struct facts *f, uint64_t seed)
{
	struct sip_text value;
	struct sip_session_id id;

	if (!sip_message_value(f->m->sip, SIP_FIELD_SESSION_ID, &value) ||
	    sip_session_id_read(value, &id) < 0)
		return;
	if (sip_text_is_there(id.local) && !sip_session_id_is_null(id.local))
		f->sessions[0] = hash(seed, OF_SESSION, id.local);
	if (sip_text_is_there(id.remote) && !sip_session_id_is_null(id.remote))
		f->sessions[1] = hash(seed, OF_SESSION, id.remote);
}

static void read_sdp(struct facts *f, uint64_t seed)
{
	struct sip_part part;

	if (!f->m->sip->body.len)
		return;
	if (f->method == SIP_INFO) {
		f->has_fragment =
			sip_message_part(f->m->sip, "application", "trickle-ice-sdpfrag", &part);
		if (f->has_fragment)
			sdp_fragment_read(part.bytes, &f->sdp);
		return;
	}
	if (!sip_message_part(f->m->sip, "application", "sdp", &part))
		return;
	f->has_sdp = sdp_read(part.bytes, &f->sdp) == 0;
	if (f->has_sdp && sip_text_is_there(f->sdp.origin.line))
		f->origin = hash(seed, OF_ORIGIN, f->sdp.origin.line);
}

bool facts_read(struct facts *f, const struct call_message *m, uint64_t seed)
{
	const struct sip_message *sip = m->sip;
	struct sip_text value, tag;
	struct sip_cseq cseq;

	*f = (struct facts){.m = m, .is_request = sip->is_request, .status = sip->status};
	if (!sip_message_value(sip, SIP_FIELD_CALL_ID, &f->call_id) || !f->call_id.len ||
	    !sip_message_value(sip, SIP_FIELD_CSEQ, &value) || sip_cseq_read(value, &cseq) < 0 ||
	    !sip_message_has(sip, SIP_FIELD_FROM) || !sip_message_has(sip, SIP_FIELD_TO))
		return false;
	f->cseq = cseq.number;
	f->method = sip->is_request ? sip->method : cseq.method;
	f->id = facts_hash_id(seed, f->call_id);
	if (!sip_message_tag(sip, SIP_FIELD_FROM, &tag))
		tag = sip_word("");
	f->from_tag = facts_hash_tag(seed, tag);
	if (sip_message_tag(sip, SIP_FIELD_TO, &tag))
		f->to_tag = facts_hash_tag(seed, tag);
	f->branch = branch_of(m, seed);
	f->whole = whole_of(m, seed);
	read_session(f, seed);
	read_sdp(f, seed);
	return true;
}

/* RFC 3261 10.2.4, 10.3: each contact's own, else the message's; the longest counts. */
uint32_t facts_expires(const struct sip_message *m)
{
	struct sip_values values = sip_message_values(m, SIP_FIELD_CONTACT);
	struct sip_text value, text;
	uint64_t most = 0, n;
	bool is_said = false;

	while (sip_values_next(&values, &value)) {
		struct sip_address a;

		if (sip_address_read(value, &a) == 0 &&
		    sip_param_find(a.params, "expires", &text) &&
		    sip_text_number(text, UINT32_MAX - 1, &n)) {
			most = n > most ? n : most;
			is_said = true;
		}
	}
	if (!is_said && sip_message_value(m, SIP_FIELD_EXPIRES, &value))
		is_said = sip_text_number(value, UINT32_MAX - 1, &most);
	return is_said ? (uint32_t)most : UINT32_MAX;
}
