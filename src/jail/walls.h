/* What the jail's files share. Private to the room: users see jail.h. */
#ifndef JAIL_WALLS_H
#define JAIL_WALLS_H

#include <stddef.h>
#include <sys/types.h>

#include "jail/jail.h"

/* A build with sanitizers, which need more and report before they end (calls.c). */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JAIL_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
#define JAIL_IS_SANITIZED 1
#endif
#endif

struct jail_path {
	char *path;
	enum jail_access access;
};

struct jail {
	enum jail_role role;
	unsigned needs;
	const char *user; /* NULL: none was named */
	bool is_whole;    /* all walls, or none of it */
	struct jail_path *paths;
	size_t n_paths;
};

/* The folder of a path: "." of a bare name, "/" of "/name". */
void jail_folder_of(const char *path, char *out, size_t size);

/* user.c: chooses the user, makes the folders, becomes it, and gives up capabilities. */
MUST_CHECK int jail_user_enter(const struct jail *j, struct why *why);
void jail_user_settle(void);
void jail_user_none(void); /* no capability at all, of this thread */

/* files.c: the version of Landlock that confines this process now; 0: none does. */
int jail_files_enter(const struct jail *j);

/* calls.c: whether the filter of the role is around this thread now. */
bool jail_calls_enter(enum jail_role role);

#endif
