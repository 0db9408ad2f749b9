/* Inside warrant only: what must hold across the fields of orders. */
#ifndef WARRANT_CHECK_H
#define WARRANT_CHECK_H

#include "conf/field.h"

/* Of the structs of these names; false with the fault. What is not for fault->whom is not asked
 * for. */
bool operator_check(const void *operator, struct conf_fault * fault);
bool agency_check(const void *agency, struct conf_fault *fault);
bool target_check(const void *target, struct conf_fault *fault);
bool warrant_check(const void *warrant, struct conf_fault *fault);
bool orders_check(const void *orders, struct conf_fault *fault);

#endif
