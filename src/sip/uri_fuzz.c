/* Any octets are refused, or are a URI whose parts lie inside it, the same as itself, and the
 * same as what it is once it is written again. */
#include "base/fuzz.h"

#include <stdlib.h>

#include "sip/craft.h"
#include "sip/uri.h"

static unsigned sum;

static void craft_uri(struct wr *w, const struct sip_uri *u)
{
	const char *bracket = u->host.version == 6 ? "[" : "";

	craft_text(w, u->scheme_name);
	wr_u8(w, ':');
	craft_text(w, u->opaque);
	craft_text(w, u->user);
	if (u->password.bytes)
		wr_u8(w, ':');
	craft_text(w, u->password);
	if (u->user.bytes && u->scheme != SIP_SCHEME_TEL)
		wr_u8(w, '@');
	wr_text(w, "%s", bracket);
	craft_text(w, u->host.text);
	wr_text(w, "%s", *bracket ? "]" : "");
	if (u->port)
		wr_text(w, ":%u", u->port);
	if (u->params.bytes)
		wr_u8(w, ';');
	craft_text(w, u->params);
	if (u->headers.bytes)
		wr_u8(w, '?');
	craft_text(w, u->headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct sip_uri u, again;
	struct sip_text value;
	uint8_t out[64];
	struct wr w;

	sum += (unsigned)sip_text_unescape(sip_text_of(bytes, len), out, sizeof out);
	if (sip_uri_read(sip_text_of(bytes, len), &u))
		return 0;
	w = wr_init(len + 64);
	craft_uri(&w, &u);
	if (!w.ok || sip_uri_read(sip_text_of(w.bytes, w.len), &again) || !sip_uri_same(&u, &u) ||
	    !sip_uri_same(&u, &again) || !sip_uri_same(&again, &u))
		abort();
	if (sip_uri_header(&u, "Replaces", &value))
		sum += craft_touch(value);
	wr_fini(&w);
	return 0;
}
