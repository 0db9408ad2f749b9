#include "etsi/tri.h"

#include <stddef.h>

static const char *const texts[] = {
#define X(name, tag, text) [tag] = text,
	ETSI_TRIS(X)
#undef X
};

const char *etsi_tri_text(unsigned kind)
{
	return kind < sizeof texts / sizeof texts[0] ? texts[kind] : NULL;
}
