#include "mediation/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/wr.h"

int file_path(char *out, size_t size, const char *folder, const char *name, struct why *why)
{
	struct wr w = wr_of(out, size - 1);

	wr_text(&w, "%s/%s", folder, name);
	out[w.ok ? w.len : 0] = '\0';
	return w.ok ? 0 : why_set(why, ERR_USAGE, "%s: the path is too long", folder);
}

int file_folder(const char *path, struct why *why)
{
	if (!mkdir(path, S_IRWXU) || errno == EEXIST)
		return 0;
	why_place(why, path);
	return why_set(why, err_of_errno(errno), "cannot be made: %s", strerror(errno));
}
