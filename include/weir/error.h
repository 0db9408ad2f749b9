/* How libweir's functions say that they failed.
 *
 * A function that can fail returns an int: 0 (or a count) on success, a negative enum weir_error
 * on failure. Where a person will want to know more, it takes a struct weir_why (or NULL) and
 * fills it. */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what the shared library exports; and what must not be ignored. */
#define WEIR_API        __attribute__((visibility("default")))
#define WEIR_MUST_CHECK __attribute__((warn_unused_result))

enum weir_error {
	WEIR_ERR_NOMEM = -1,       /* out of memory */
	WEIR_ERR_IO = -2,          /* input or output failed */
	WEIR_ERR_CUT = -3,         /* the data ends in the middle of a record */
	WEIR_ERR_BAD = -4,         /* the data breaks its format's rules */
	WEIR_ERR_UNKNOWN = -5,     /* no format or name that is known */
	WEIR_ERR_UNSUPPORTED = -6, /* known, but cannot be done */
	WEIR_ERR_FULL = -7,        /* no room left */
	WEIR_ERR_END = -8,         /* nothing more will come */
	WEIR_ERR_USAGE = -9,       /* the request makes no sense */
	WEIR_ERR_ACCESS = -10,     /* permission denied */
	WEIR_ERR_ABSENT = -11,     /* no such file or device */
	WEIR_ERR_AGAIN = -12,      /* nothing now, ask again */
	WEIR_ERR_STOPPED = -13,    /* stopped on request */
};

/* Why something was refused, for a person. The caller's storage; nothing in it is owned. */
struct weir_why {
	char text[256];  /* the reason, terminated; empty when there is none */
	char place[256]; /* file, URI or device that it is about; may be empty */
	int line;        /* 1.. in a text file; 0 when it is not about a line */
	int64_t offset;  /* bytes from the start of the uncompressed data; -1: none */
};

/* A sentence for an error code; static, never NULL. Any thread. */
WEIR_API const char *weir_error_text(int error);

/* Writes "place: at byte N: text" into out, cut to size bytes and always terminated. */
WEIR_API void weir_why_print(const struct weir_why *why, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif
