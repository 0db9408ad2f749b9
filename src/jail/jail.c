#include "jail/jail.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "jail/walls.h"

static atomic_bool has_files, has_calls;

int jail_new(struct jail **out, enum jail_role role)
{
	struct jail *j = calloc(1, sizeof *j);

	if (j)
		j->role = role;
	*out = j;
	return j ? 0 : ERR_NOMEM;
}

void jail_free(struct jail **jp)
{
	struct jail *j = *jp;

	for (size_t i = 0; j && i < j->n_paths; i++)
		free(j->paths[i].path);
	if (j)
		free(j->paths);
	free(j);
	*jp = NULL;
}

void jail_user(struct jail *j, const char *name)
{
	j->user = name;
}

void jail_insist(struct jail *j, bool is_whole)
{
	j->is_whole = is_whole;
}

int jail_place(struct jail *j, enum jail_access access, const char *path)
{
	struct jail_path *more = realloc(j->paths, (j->n_paths + 1) * sizeof *more);
	char *copy = more ? strdup(path) : NULL;

	if (more)
		j->paths = more;
	if (!copy)
		return ERR_NOMEM;
	j->paths[j->n_paths++] = (struct jail_path){copy, access};
	return 0;
}

void jail_need(struct jail *j, enum jail_need need)
{
	j->needs |= need;
}

void jail_folder_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (slash == path)
		len = 1; /* "/" itself */
	if (len >= size)
		len = 0; /* longer than a path may be: it is not there */
	memcpy(out, len ? path : ".", len ? len : 1);
	out[len ? len : 1] = '\0';
}

int jail_enter(struct jail *j, struct why *why)
{
	int rc = jail_user_enter(j, why);
	int version;

	if (rc)
		return rc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return why_set(why, ERR_UNSUPPORTED, "this kernel knows no \"no new privileges\"");
	version = jail_files_enter(j);
	atomic_store(&has_files, version > 0);
	if (!version)
		log_warn("NOT CONFINED: this kernel has no Landlock, or does not let it be used; "
			 "the "
			 "daemon reaches all files that its user does");
	atomic_store(&has_calls, jail_calls_enter(j->role));
	if (!atomic_load(&has_calls))
		log_warn("NOT CONFINED: this kernel takes no seccomp filter; the daemon may make "
			 "any "
			 "system call");
	if (j->is_whole && (!version || !atomic_load(&has_calls)))
		return why_set(why, ERR_UNSUPPORTED,
			       "this kernel has no %s, and the jail shall be whole",
			       version ? "seccomp" : "Landlock");
	if (version && atomic_load(&has_calls))
		log_info("is in its jail (Landlock version %d, seccomp)", version);
	return 0;
}

void jail_settle(void)
{
	jail_user_settle();
}

int jail_parser(void)
{
	static _Thread_local bool is_in;

	if (!atomic_load(&has_calls) || is_in)
		return 0;
	jail_user_none();
	is_in = jail_calls_enter(JAIL_PARSER);
	return is_in ? 0 : ERR_ACCESS;
}

bool jail_has_files(void)
{
	return atomic_load(&has_files);
}

bool jail_has_calls(void)
{
	return atomic_load(&has_calls);
}
