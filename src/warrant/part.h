/* Inside warrant only: orders of which anything may be missing, and which are not checked as a
 * whole: what a change puts. The struct is orders. */
#ifndef WARRANT_PART_H
#define WARRANT_PART_H

#include "conf/field.h"

extern const struct conf_record orders_part_record;

#endif
