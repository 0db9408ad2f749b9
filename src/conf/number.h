/* Inside conf only: whole numbers in texts. */
#ifndef CONF_NUMBER_H
#define CONF_NUMBER_H

#include "conf/field.h"

/* Decimal, without leading zeros or a plus sign; false where it is none, or out of bounds. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
