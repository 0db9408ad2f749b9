#include "base/err.h"

#include <errno.h>
#include <stddef.h>

const char *err_text(int err)
{
	static const struct {
		int err;
		const char *text;
	} texts[] = {
#define X(value, name, text) {value, text},
		ERRS(X)
#undef X
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].err == err)
			return texts[i].text;
	}
	return err >= 0 ? "no error" : "unknown error";
}

int err_of_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
	case ENOBUFS:
		return ERR_NOMEM;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_ACCESS;
	case ENOENT:
	case ENODEV:
	case ENXIO:
	case ENOTDIR:
		return ERR_ABSENT;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case EAGAIN:
	case EINTR:
		return ERR_AGAIN;
	default:
		return ERR_IO;
	}
}
