/* Tests only: a folder that a test made goes with all that is in it. No link is followed. */
#ifndef BASE_SCRATCH_H
#define BASE_SCRATCH_H

#include <ftw.h>
#include <stdio.h>

static inline int scratch_remove_one(const char *path, const struct stat *st, int kind,
				     struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path) ? -1 : 0;
}

/* What is not there is removed already. */
static inline void scratch_remove(const char *folder)
{
	(void)nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
