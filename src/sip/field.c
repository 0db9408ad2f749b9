#include "sip/field.h"

static struct sip_text token_at(struct rd *r)
{
	sip_skip_space(r);
	return sip_token(r);
}

static bool skip_spaced(struct rd *r, char octet)
{
	sip_skip_space(r);
	return sip_skip(r, octet);
}

int sip_via_read(struct sip_text value, struct sip_via *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_param p;
	uint64_t port;

	*out = (struct sip_via){0};
	if (!sip_text_is(token_at(&r), "SIP") || !skip_spaced(&r, '/') || token_at(&r).len == 0 ||
	    !skip_spaced(&r, '/'))
		return ERR_BAD;
	out->transport = token_at(&r);
	if (out->transport.len == 0 ||
	    !sip_host_port_read(sip_text_trim(sip_until(&r, ";")), &out->host, &out->port))
		return ERR_BAD;
	out->params = sip_text_rest(&r);
	while (sip_param_next(&r, &p)) {
		if (sip_text_is(p.name, "branch") && !out->branch.bytes)
			out->branch = p.value;
		else if (sip_text_is(p.name, "received"))
			out->received = p.value;
		else if (sip_text_is(p.name, "rport")) {
			out->has_rport = true;
			if (sip_text_number(p.value, UINT16_MAX, &port))
				out->rport = (uint16_t)port;
		}
	}
	return 0;
}

bool sip_branch_is_unique(struct sip_text branch)
{
	static const char cookie[] = "z9hG4bK"; /* RFC 3261 8.1.1.7 */

	return branch.len > sizeof cookie - 1 &&
	       sip_text_is(sip_text_of(branch.bytes, sizeof cookie - 1), cookie);
}

int sip_cseq_read(struct sip_text value, struct sip_cseq *out)
{
	struct rd r = sip_text_rd(value);
	uint64_t number;

	*out = (struct sip_cseq){0};
	if (!sip_text_number(token_at(&r), UINT32_MAX, &number))
		return ERR_BAD;
	out->number = (uint32_t)number;
	out->method_name = token_at(&r);
	out->method = sip_method_of(out->method_name);
	sip_skip_space(&r);
	return out->method_name.len && rd_left(&r) == 0 ? 0 : ERR_BAD;
}

int sip_rack_read(struct sip_text value, struct sip_rack *out)
{
	struct rd r = sip_text_rd(value);
	uint64_t number;

	*out = (struct sip_rack){0};
	if (!sip_text_number(token_at(&r), UINT32_MAX, &number))
		return ERR_BAD;
	out->rseq = (uint32_t)number;
	return sip_cseq_read(sip_text_rest(&r), &out->cseq);
}

int sip_replaces_read(struct sip_text value, struct sip_replaces *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_param p;

	*out = (struct sip_replaces){.call_id = sip_text_trim(sip_until(&r, ";"))};
	while (sip_param_next(&r, &p)) {
		if (sip_text_is(p.name, "to-tag") || sip_text_is(p.name, "local-tag"))
			out->to_tag = p.value;
		else if (sip_text_is(p.name, "from-tag") || sip_text_is(p.name, "remote-tag"))
			out->from_tag = p.value;
		else if (sip_text_is(p.name, "early-only"))
			out->is_early_only = true;
	}
	return out->call_id.len && out->to_tag.len && out->from_tag.len ? 0 : ERR_BAD;
}

static bool is_session_id(struct sip_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		uint8_t letter = t.bytes[i] | 0x20;

		if (!((t.bytes[i] >= '0' && t.bytes[i] <= '9') || (letter >= 'a' && letter <= 'f')))
			return false;
	}
	return t.len == SIP_SESSION_ID_LEN;
}

int sip_session_id_read(struct sip_text value, struct sip_session_id *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text remote;

	*out = (struct sip_session_id){.local = sip_text_trim(sip_until(&r, ";"))};
	if (!is_session_id(out->local))
		return ERR_BAD;
	if (sip_param_find(sip_text_rest(&r), "remote", &remote)) {
		if (!is_session_id(remote))
			return ERR_BAD;
		out->remote = remote;
	}
	return 0;
}

bool sip_session_id_is_null(struct sip_text id)
{
	return sip_text_is(id, "00000000000000000000000000000000");
}

int sip_diversion_read(struct sip_text value, struct sip_diversion *out)
{
	struct sip_text counter;
	uint64_t n = 1;

	*out = (struct sip_diversion){0};
	if (sip_address_read(value, &out->address))
		return ERR_BAD;
	(void)sip_param_find(out->address.params, "reason", &out->reason);
	if (sip_param_find(out->address.params, "counter", &counter) &&
	    !sip_text_number(counter, 99, &n))
		n = 1;
	out->counter = (uint32_t)n;
	return 0;
}

int sip_history_read(struct sip_text value, struct sip_history *out)
{
	*out = (struct sip_history){0};
	if (sip_address_read(value, &out->address))
		return ERR_BAD;
	(void)sip_param_find(out->address.params, "index", &out->index);
	(void)sip_param_find(out->address.params, "mp", &out->mp);
	(void)sip_param_find(out->address.params, "rc", &out->rc);
	(void)sip_param_find(out->address.uri.params, "cause", &out->cause);
	return 0;
}

int sip_remote_party_read(struct sip_text value, struct sip_remote_party *out)
{
	*out = (struct sip_remote_party){0};
	if (sip_address_read(value, &out->address))
		return ERR_BAD;
	(void)sip_param_find(out->address.params, "party", &out->party);
	(void)sip_param_find(out->address.params, "screen", &out->screen);
	(void)sip_param_find(out->address.params, "privacy", &out->privacy);
	return 0;
}

/* name=value or name="value", up to a comma; words without '=' are passed over. False: no more. */
static bool credential_next(struct rd *r, struct sip_text *name, struct sip_text *value)
{
	for (;;) {
		sip_skip_space(r);
		if (rd_left(r) == 0)
			return false;
		*name = sip_text_trim(sip_until(r, "=,"));
		if (sip_skip(r, '='))
			break;
		(void)sip_skip(r, ',');
	}
	sip_skip_space(r);
	if (sip_skip(r, '"'))
		(void)sip_quoted(r, value);
	else
		*value = sip_text_trim(sip_until(r, ","));
	(void)sip_until(r, ",");
	(void)sip_skip(r, ',');
	return true;
}

int sip_credentials_read(struct sip_text value, struct sip_credentials *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text name, text;

	*out = (struct sip_credentials){.scheme = token_at(&r)};
	if (out->scheme.len == 0)
		return ERR_BAD;
	while (credential_next(&r, &name, &text)) {
		if (sip_text_is(name, "username"))
			out->username = text;
		else if (sip_text_is(name, "realm"))
			out->realm = text;
		else if (sip_text_is(name, "uri"))
			out->uri = text;
		else if (sip_text_is(name, "nonce"))
			out->nonce = text;
	}
	return 0;
}

int sip_event_read(struct sip_text value, struct sip_event *out)
{
	struct rd r = sip_text_rd(value);

	*out = (struct sip_event){.package = token_at(&r)};
	(void)sip_param_find(sip_text_rest(&r), "id", &out->id);
	return out->package.len ? 0 : ERR_BAD;
}

int sip_subscription_read(struct sip_text value, struct sip_subscription *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text expires;
	uint64_t seconds;

	*out = (struct sip_subscription){.state = token_at(&r)};
	(void)sip_param_find(sip_text_rest(&r), "reason", &out->reason);
	if (sip_param_find(sip_text_rest(&r), "expires", &expires) &&
	    sip_text_number(expires, UINT32_MAX, &seconds)) {
		out->has_expires = true;
		out->expires = (uint32_t)seconds;
	}
	return out->state.len ? 0 : ERR_BAD;
}

int sip_reason_read(struct sip_text value, struct sip_reason *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text cause;
	uint64_t number;

	*out = (struct sip_reason){.protocol = token_at(&r)};
	if (sip_param_find(sip_text_rest(&r), "cause", &cause) &&
	    sip_text_number(cause, UINT32_MAX, &number))
		out->cause = (uint32_t)number;
	(void)sip_param_find(sip_text_rest(&r), "text", &out->text);
	return out->protocol.len ? 0 : ERR_BAD;
}

int sip_content_type_read(struct sip_text value, struct sip_content_type *out)
{
	struct rd r = sip_text_rd(value);

	*out = (struct sip_content_type){.type = token_at(&r)};
	if (out->type.len == 0 || !skip_spaced(&r, '/'))
		return ERR_BAD;
	out->subtype = token_at(&r);
	out->params = sip_text_rest(&r);
	(void)sip_param_find(out->params, "boundary", &out->boundary);
	return out->subtype.len ? 0 : ERR_BAD;
}

bool sip_content_type_is(const struct sip_content_type *t, const char *type, const char *subtype)
{
	return sip_text_is(t->type, type) && sip_text_is(t->subtype, subtype);
}

int sip_geolocation_read(struct sip_text value, struct sip_geolocation *out)
{
	struct sip_address a;

	*out = (struct sip_geolocation){0};
	if (sip_address_read(value, &a) || a.is_star)
		return ERR_BAD;
	out->uri = a.text;
	if (sip_text_is(a.uri.scheme_name, "cid"))
		out->cid = a.uri.opaque;
	return 0;
}
