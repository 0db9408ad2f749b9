/* Any octets are refused, or are a message whose fields and values lie inside it, and which is
 * written and read again with the same ones. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "sip/access.h"
#include "sip/craft.h"
#include "sip/field.h"

static unsigned sum;

static void touch_address(const struct sip_address *a)
{
	sum += craft_touch(a->display) + craft_touch(a->text) + craft_touch(a->params) +
	       craft_touch(a->uri.user) + craft_touch(a->uri.host.text) +
	       craft_touch(a->uri.params) + craft_touch(a->uri.headers);
}

/* Every reader on every value, whatever field it is of: none may read what is not there. */
static void try_value(struct sip_text value)
{
	struct sip_address a;
	struct sip_via via;
	struct sip_cseq cseq;
	struct sip_replaces replaces;
	struct sip_session_id session;
	struct sip_credentials credentials;
	struct sip_content_type type;
	struct sip_access access;
	struct sip_diversion diversion;
	struct sip_history history;
	struct sip_reason reason;

	if (sip_address_read(value, &a) == 0)
		touch_address(&a);
	if (sip_via_read(value, &via) == 0)
		sum += craft_touch(via.transport) + craft_touch(via.host.text) +
		       craft_touch(via.branch) + craft_touch(via.params);
	if (sip_cseq_read(value, &cseq) == 0)
		sum += craft_touch(cseq.method_name);
	if (sip_replaces_read(value, &replaces) == 0)
		sum += craft_touch(replaces.call_id) + craft_touch(replaces.to_tag);
	if (sip_session_id_read(value, &session) == 0 && session.local.len != SIP_SESSION_ID_LEN)
		abort();
	if (sip_credentials_read(value, &credentials) == 0)
		sum += craft_touch(credentials.username) + craft_touch(credentials.realm);
	if (sip_content_type_read(value, &type) == 0)
		sum += craft_touch(type.subtype) + craft_touch(type.boundary);
	if (sip_access_read(value, &access) == 0)
		sum += craft_touch(access.cell) + craft_touch(access.mnc);
	if (sip_diversion_read(value, &diversion) == 0)
		sum += craft_touch(diversion.reason);
	if (sip_history_read(value, &history) == 0)
		sum += craft_touch(history.index) + craft_touch(history.cause);
	if (sip_reason_read(value, &reason) == 0)
		sum += craft_touch(reason.text);
}

static void compare(const struct sip_message *m, const struct sip_message *again)
{
	for (int i = 0; i < SIP_N_FIELDS; i++) {
		struct sip_values v = sip_message_values(m, (enum sip_field)i);
		struct sip_values w = sip_message_values(again, (enum sip_field)i);
		struct sip_text value, other;

		if (m->rows[i].n != again->rows[i].n)
			abort();
		while (sip_values_next(&v, &value)) {
			if (!sip_values_next(&w, &other) || !sip_text_same(value, other))
				abort();
			try_value(value);
		}
		if (sip_values_next(&w, &other))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sip_message m, again;
	struct wr w;
	int rc = sip_message_read(bytes, len, &m);

	if (rc == ERR_UNKNOWN || rc == ERR_FULL)
		return 0;
	sum += craft_touch(m.whole) + craft_touch(m.header) + craft_touch(m.body) +
	       craft_touch(m.method_name) + craft_touch(m.uri) + craft_touch(m.reason) +
	       sip_message_faults(&m);
	if (rc || !m.header.len || (!m.is_request && !m.status))
		return 0;
	w = wr_init(2 * len + 64);
	craft_message(&w, &m);
	if (!w.ok || sip_message_read(w.bytes, w.len, &again))
		abort();
	if (m.method != again.method || m.status != again.status ||
	    (m.is_request && !sip_text_same(m.uri, again.uri)) ||
	    (m.body.len && !sip_text_same(m.body, again.body)))
		abort();
	compare(&m, &again);
	wr_fini(&w);
	return 0;
}
