/* Inside warrant only: what must hold across the fields of orders. */
#ifndef WARRANT_CHECK_H
#define WARRANT_CHECK_H

#include "conf/field.h"

/* Of struct warrant, and of struct orders; false with the fault. */
bool warrant_check(const void *warrant, struct conf_fault *fault);
bool orders_check(const void *orders, struct conf_fault *fault);

#endif
