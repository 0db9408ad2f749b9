/* The packet of media that an IPMMCC holds: RTP, RTCP, UDPTL, MSRP. */
#ifndef SHOW_MEDIA_H
#define SHOW_MEDIA_H

#include "etsi/record.h"
#include "show/form.h"

/* Its facts, on the line or in the object that is open. */
void show_media(struct form *f, const struct etsi_media *m);

#endif
