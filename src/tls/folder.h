/* A folder for this room's tests: made, filled, removed. */
#ifndef TLS_FOLDER_H
#define TLS_FOLDER_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tls/make.h"
#include "tls/tls.h"

struct folder {
	char path[64];
	char files[3][300];
};

static inline void folder_init(struct folder *f)
{
	snprintf(f->path, sizeof f->path, "/tmp/weir-tls-XXXXXX");
	if (!mkdtemp(f->path))
		exit(2);
}

static inline void folder_fini(struct folder *f)
{
	DIR *dir = opendir(f->path);
	char path[512];

	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
		snprintf(path, sizeof path, "%s/%s", f->path, e->d_name);
		if (e->d_name[0] != '.')
			unlink(path);
	}
	closedir(dir);
	rmdir(f->path);
}

/* The files of one whose certificate is f/ROLE-NAME.pem; good until the next call. */
static inline struct tls_files folder_files(struct folder *f, const char *base)
{
	snprintf(f->files[0], sizeof f->files[0], "%s/%s.pem", f->path, base);
	snprintf(f->files[1], sizeof f->files[1], "%s/%s.key", f->path, base);
	snprintf(f->files[2], sizeof f->files[2], "%s/authority.pem", f->path);
	return (struct tls_files){f->files[0], f->files[1], f->files[2]};
}

/* Makes certificates ("collector:c1", ...); ends with NULL. */
static inline int folder_make(struct folder *f, const char *const *who, int days)
{
	bool was_made;
	int rc = tls_make_authority(f->path, days, &was_made, NULL);

	for (; !rc && *who; who++) {
		struct tls_order order;
		char text[100];

		snprintf(text, sizeof text, "%s", *who);
		rc = tls_order_parse(text, &order, NULL);
		if (!rc)
			rc = tls_make(f->path, &order, days, NULL);
	}
	return rc;
}

#endif
