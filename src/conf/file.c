/* Reads a whole document file, up to a bound. */
#include "conf/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All bytes of fd (a file or a pipe) into *w. */
static int slurp(int fd, struct wr *w)
{
	enum { PIECE_LEN = 64 << 10 };
	ssize_t n = 1;

	while (n > 0) {
		if (w->size - w->len < PIECE_LEN && !wr_grow(w, PIECE_LEN))
			return w->len >= CONF_MAX_LEN ? ERR_FULL : ERR_NOMEM;
		n = read(fd, w->bytes + w->len, PIECE_LEN);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return err_of_errno(errno);
		else
			w->len += (size_t)n;
	}
	return 0;
}

int conf_load(const struct conf_record *record, const char *path, void *out, struct why *why)
{
	struct wr w = wr_init((size_t)CONF_MAX_LEN + (128 << 10));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? err_of_errno(errno) : slurp(fd, &w);

	memset(out, 0, record->size);
	if (rc == ERR_FULL)
		why_set(why, rc, "the document is longer than %d MiB", CONF_MAX_LEN >> 20);
	else if (rc)
		why_set(why, rc, "%s", fd < 0 ? strerror(errno) : err_text(rc));
	else
		rc = conf_parse(record, (const char *)w.bytes, w.len, out, why);
	if (rc)
		why_place(why, path);
	if (fd >= 0)
		close(fd);
	wr_fini(&w);
	return rc;
}
