/* Built where there is no libipsec-mb. */
#include <stddef.h>

#include "gcm/lanes.h"

OSSL_provider_init_fn *lanes_provider(void)
{
	return NULL;
}
