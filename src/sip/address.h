/* Addresses in header fields (RFC 3261 20.10, 25.1): name-addr or addr-spec, with parameters.
 *
 *	"Bob \"B\" Smith" <sip:bob@example.org;transport=tcp>;tag=1928301774
 *	sip:bob@example.org;tag=1928301774        here parameters are the field's, not the URI's */
#ifndef SIP_ADDRESS_H
#define SIP_ADDRESS_H

#include "sip/message.h"
#include "sip/uri.h"

struct sip_address {
	struct sip_text display; /* without quotes; sip_text_unquote takes its backslashes */
	bool is_quoted;
	bool is_star;         /* Contact: * */
	bool has_fault;       /* read in spite of what the grammar forbids around the URI */
	struct sip_text text; /* of the URI */
	struct sip_uri uri;
	struct sip_text params; /* of the field, for sip_param_find */
};

/* One value of such a field. A quote that is never closed, a display name that should be quoted,
 * white space inside the brackets and a '?' without brackets are faults that networks live with,
 * so it is read nevertheless. ERR_BAD: it has no URI. */
MUST_CHECK int sip_address_read(struct sip_text value, struct sip_address *out);

/* As above, of the first value of a field of the message; ERR_ABSENT where it has none. */
MUST_CHECK int sip_message_address(const struct sip_message *m, enum sip_field field,
				   struct sip_address *out);

/* The tag of To or From, without reading all of the address; false where there is none. */
bool sip_message_tag(const struct sip_message *m, enum sip_field field, struct sip_text *out);

#endif
