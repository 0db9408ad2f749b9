/* Where a target was, from a record's targetLocation (TS 102 232-1): cells with their numbers,
 * access points, coordinates. */
#ifndef SHOW_PLACE_H
#define SHOW_PLACE_H

#include "etsi/record.h"
#include "show/form.h"

/* A line for each place; JSON: "places":[…]. What is inside the element is the record's, from
 * anyone: what cannot be read is left out. */
void show_places(struct form *f, const struct etsi_octets *location);

#endif
