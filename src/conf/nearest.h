/* The known word that someone probably meant. */
#ifndef CONF_NEAREST_H
#define CONF_NEAREST_H

#include <stddef.h>

/* The name nearest to a word, or NULL where none is near (a third of its letters wrong). */
const char *conf_nearest(const char *word, const char *const *names, size_t n);

#endif
