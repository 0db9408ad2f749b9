/* Tests and fuzzing only: messages that are written again from what was read of them. */
#ifndef SIP_CRAFT_H
#define SIP_CRAFT_H

#include "base/wr.h"
#include "sip/message.h"

static inline void craft_text(struct wr *w, struct sip_text t)
{
	wr_bytes(w, t.bytes, t.len);
}

/* With the same start line, fields and body; what was no field is left out, and so is white space
 * that means nothing. */
static inline void craft_message(struct wr *w, const struct sip_message *m)
{
	struct rd header = sip_text_rd(m->header);
	struct sip_line line;

	if (m->is_request) {
		craft_text(w, m->method_name);
		wr_u8(w, ' ');
		craft_text(w, m->uri);
		wr_text(w, " SIP/2.0\r\n");
	} else {
		wr_text(w, "SIP/2.0 %03u ", m->status);
		craft_text(w, m->reason);
		wr_text(w, "\r\n");
	}
	while (sip_line_next(&header, &line)) {
		craft_text(w, line.name);
		wr_text(w, ": ");
		craft_text(w, line.value);
		wr_text(w, "\r\n");
	}
	wr_text(w, "\r\n");
	craft_text(w, m->body);
}

/* Reads every octet of a text, so that a sanitizer sees one that is not there. */
static inline unsigned craft_touch(struct sip_text t)
{
	unsigned sum = 0;

	for (size_t i = 0; i < t.len; i++)
		sum += t.bytes[i];
	return sum;
}

#endif
