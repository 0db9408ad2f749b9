/* Tests only: the folder with others' captures and golden records, where it is at hand. */
#ifndef ETSI_GOLDEN_H
#define ETSI_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Path of a file in the shared folder ($WEIR_SHARED, else beside the repository); NULL where
 * there is none. The result is good until the next call. */
__attribute__((unused)) static const char *golden_path(const char *name)
{
	static char path[4096];
	const char *roots[] = {getenv("WEIR_SHARED"), "../shared", "../../shared"};
	struct stat st;

	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		if (!roots[i])
			continue;
		snprintf(path, sizeof path, "%s/%s", roots[i], name);
		if (stat(path, &st) == 0)
			return path;
	}
	return NULL;
}

/* The whole file, to be freed; NULL where it cannot be read. */
__attribute__((unused)) static char *golden_read(const char *name, size_t *len)
{
	const char *path = golden_path(name);
	FILE *file = path ? fopen(path, "rb") : NULL;
	char *bytes = NULL;
	struct stat st;

	if (file && fstat(fileno(file), &st) == 0 && (bytes = malloc((size_t)st.st_size + 1))) {
		*len = fread(bytes, 1, (size_t)st.st_size, file);
		bytes[*len] = 0;
	}
	if (file)
		fclose(file);
	return bytes;
}

/* Whether these octets are the n-th PDU (from 0) of a file of PDUs of less than 64 KiB each. */
__attribute__((unused)) static int golden_is_nth(const char *file, size_t len, int n,
						 const void *octets, size_t n_octets)
{
	const unsigned char *at = (const unsigned char *)file, *end = at + len;

	for (;; n--) {
		size_t left = (size_t)(end - at), header = 2, size;

		if (left < 4)
			return 0;
		size = at[1];
		if (at[1] == 0x81 || at[1] == 0x82) {
			header += at[1] & 0x7fu;
			size = at[1] == 0x81 ? at[2] : (size_t)at[2] << 8 | at[3];
		}
		size += header;
		if (size > left)
			return 0;
		if (n == 0)
			return size == n_octets && memcmp(at, octets, size) == 0;
		at += size;
	}
}

#endif
