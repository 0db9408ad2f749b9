/* Paths and folders of a mediator's. */
#ifndef MEDIATION_FILE_H
#define MEDIATION_FILE_H

#include <stddef.h>

#include "base/err.h"
#include "base/why.h"

/* Makes a folder (0700) where it is not there; its parent must be. */
MUST_CHECK int file_folder(const char *path, struct why *why);

/* "FOLDER/NAME" into out; ERR_USAGE where it is too long. */
MUST_CHECK int file_path(char *out, size_t size, const char *folder, const char *name,
			 struct why *why);

#endif
