/* Files that are read and written whole. */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include "base/err.h"
#include "base/why.h"
#include "base/wr.h"

/* Appends all of a file (or pipe) to w, up to CONF_MAX_LEN. The reason names the file; ERR_ABSENT
 * where there is none. */
MUST_CHECK int conf_file_read(const char *path, struct wr *w, struct why *why);

/* Puts the octets in place of the file, for its owner alone (0600): written whole as PATH.new and
 * on the disk before it is renamed, so that a reader finds the old file or the new one, whatever
 * ends the program or the machine. */
MUST_CHECK int conf_file_save(const char *path, const void *octets, size_t len, struct why *why);

#endif
