/* Inside gcm only: AES-128-GCM and AES-256-GCM over vectors of 512 bits, as a provider. */
#ifndef GCM_LANES_H
#define GCM_LANES_H

#include <openssl/core.h>

#define LANES_NAME "weir-lanes"

/* What OSSL_PROVIDER_add_builtin wants; NULL: not with this processor, or not in this build. To be
 * asked once. */
OSSL_provider_init_fn *lanes_provider(void);

#endif
