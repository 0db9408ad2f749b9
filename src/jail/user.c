/* The first wall: who the daemon is, and what it may beside.
 *
 *	started as   named   weir is there, reaches all   becomes
 *	root         yes     -                            that user, or does not start
 *	root         no      yes                          weir
 *	root         no      no                           root without capabilities
 *	another      no      -                            who it is */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "jail/walls.h"

enum {
	MAX_GROUPS = 64,
	MAX_DEPTH = 6,      /* of folders that are looked through */
	MAX_LOOKS = 100000, /* at files there */
	TEXT_LEN = 4096,    /* of a user's entry */
};

static const char ordinary[] = "weir";

#define CAPABILITY(name) (UINT64_C(1) << CAP_##name)

/* ---- capabilities ---- */

static uint64_t permitted(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct is[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &head, is))
		return 0;
	return is[0].permitted | (uint64_t)is[1].permitted << 32;
}

static bool set_capabilities(uint64_t permits, uint64_t acts)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct next[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = (uint32_t)acts, .permitted = (uint32_t)permits},
		{.effective = (uint32_t)(acts >> 32), .permitted = (uint32_t)(permits >> 32)},
	};

	return syscall(SYS_capset, &head, next) == 0;
}

static void drop_bounds(void)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static uint64_t wanted(const struct jail *j)
{
	uint64_t all = CAPABILITY(NET_BIND_SERVICE);

	if (j->needs & JAIL_PACKETS)
		all |= CAPABILITY(NET_RAW) | CAPABILITY(NET_ADMIN);
	return all;
}

void jail_user_settle(void)
{
	uint64_t left = permitted() & ~CAPABILITY(NET_BIND_SERVICE);

	(void)set_capabilities(left, left);
}

void jail_user_none(void)
{
	(void)set_capabilities(0, 0);
}

/* ---- whether it reaches what it is to work with ---- */

struct search {
	char *out; /* PATH_MAX: what is not reached */
	int n_left;
};

static bool may(int dir, const char *name, int how)
{
	return faccessat(dir, name, how, AT_EACCESS) == 0 || errno == ENOENT || errno == ENOTDIR;
}

static bool is_reached(int dir, const char *name, int depth, struct search *s);

/* All that lies in a folder of its own: what somebody else left there would stop it later. */
static bool is_content_reached(int fd, int depth, struct search *s)
{
	int copy = dup(fd);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool all = true;

	if (!list && copy >= 0)
		close(copy);
	while (all && list && (entry = readdir(list))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		all = s->n_left-- <= 0 || is_reached(fd, entry->d_name, depth + 1, s);
	}
	if (list)
		closedir(list);
	return all;
}

static bool is_reached(int dir, const char *name, int depth, struct search *s)
{
	struct stat st;
	bool is_link =
		depth && !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
	bool all;
	int fd;

	if (is_link || depth > MAX_DEPTH)
		return true;
	all = may(dir, name, R_OK | W_OK);
	fd = all ? openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd >= 0) {
		all = may(dir, name, X_OK) && is_content_reached(fd, depth, s);
		close(fd);
	}
	if (!all && !*s->out)
		snprintf(s->out, PATH_MAX, "%s", name);
	return all;
}

static bool is_place_reached(const struct jail_path *p, struct search *s)
{
	char folder[PATH_MAX];
	struct stat st;
	bool is_there = stat(p->path, &st) == 0;

	if (!is_there && errno == EACCES)
		return false; /* what leads there is closed */
	jail_folder_of(p->path, folder, sizeof folder);
	switch (p->access) {
	case JAIL_READ:
	case JAIL_REREAD:
		return may(AT_FDCWD, p->path, R_OK);
	case JAIL_FOLDER:
		return !is_there || is_reached(AT_FDCWD, p->path, 0, s);
	case JAIL_FILE:
		return may(AT_FDCWD, folder, R_OK | W_OK | X_OK) &&
		       may(AT_FDCWD, p->path, R_OK | W_OK);
	case JAIL_MADE:
		return is_there ? may(AT_FDCWD, p->path, R_OK) : may(AT_FDCWD, folder, W_OK | X_OK);
	case JAIL_INPUT:
		return may(AT_FDCWD, p->path,
			   is_there && S_ISFIFO(st.st_mode) ? R_OK | W_OK : R_OK);
	}
	return false;
}

/* The first place that this thread, as it is now, does not reach; NULL: there is none. */
static const char *find_unreached(const struct jail *j)
{
	static char within[PATH_MAX]; /* the process has one thread */

	for (size_t i = 0; i < j->n_paths; i++) {
		struct search s = {within, MAX_LOOKS};

		*within = '\0';
		if (is_place_reached(&j->paths[i], &s))
			continue;
		if (!*within || !strcmp(within, j->paths[i].path))
			return j->paths[i].path;
		log_debug("jail: \"%s\" in %s is not reached", within, j->paths[i].path);
		return j->paths[i].path;
	}
	return NULL;
}

/* ---- becoming somebody ---- */

struct person {
	const char *name;
	uid_t uid;
	gid_t gid;
};

static bool find_person(const char *name, struct person *out)
{
	struct passwd entry, *found = NULL;
	char text[TEXT_LEN];

	if (getpwnam_r(name, &entry, text, sizeof text, &found) || !found)
		return false;
	*out = (struct person){name, entry.pw_uid, entry.pw_gid};
	return true;
}

/* What the person does not reach, tried as the person; the process is root's before and after.
 * ERR_ACCESS: it cannot be become (a container without that user). */
static int try_person(const struct jail *j, const struct person *who, const char **unreached)
{
	gid_t old_groups[MAX_GROUPS];
	gid_t old_gid = getegid();
	int n_old = getgroups(MAX_GROUPS, old_groups);
	int rc = 0;

	*unreached = NULL;
	if (n_old < 0 || initgroups(who->name, who->gid) || setegid(who->gid))
		rc = ERR_ACCESS;
	if (!rc && seteuid(who->uid))
		rc = ERR_ACCESS;
	if (!rc) {
		*unreached = find_unreached(j);
		rc = seteuid(0) ? ERR_ACCESS : 0;
	}
	if (setegid(old_gid) || (n_old >= 0 && setgroups((size_t)n_old, old_groups)))
		rc = ERR_ACCESS;
	return rc;
}

static int become(const struct person *who, uint64_t keep, struct why *why)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || initgroups(who->name, who->gid) ||
	    setresgid(who->gid, who->gid, who->gid) || setresuid(who->uid, who->uid, who->uid) ||
	    !set_capabilities(keep, keep))
		return why_set(why, ERR_ACCESS, "cannot become user \"%s\": %s", who->name,
			       strerror(errno));
	(void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	log_info("works as user %s", who->name);
	return 0;
}

/* Root's own files need no capability; those of others do, and Landlock keeps it to the places. */
static int remain(const struct jail *j, uint64_t keep, struct why *why)
{
	uint64_t all = permitted();
	const char *other;

	keep &= all;
	if (geteuid() == 0 && set_capabilities(all, keep)) {
		other = find_unreached(j);
		if (other && (all & CAPABILITY(DAC_OVERRIDE))) {
			log_warn("keeps the capability to reach files of others, since it works "
				 "with "
				 "%s",
				 other);
			keep |= CAPABILITY(DAC_OVERRIDE);
		}
	}
	if (!set_capabilities(keep, keep))
		return why_set(why, ERR_ACCESS, "cannot give up capabilities: %s", strerror(errno));
	return 0;
}

/* Folders that are not there yet are made, so that there can be a rule for them. */
static void make_folders(const struct jail *j, const struct person *who)
{
	for (size_t i = 0; i < j->n_paths; i++) {
		const struct jail_path *p = &j->paths[i];

		if (p->access != JAIL_FOLDER || mkdir(p->path, S_IRWXU))
			continue;
		if (who && lchown(p->path, who->uid, who->gid))
			log_warn("%s: cannot be given to user %s: %s", p->path, who->name,
				 strerror(errno));
	}
}

static int refuse(struct why *why, const struct person *who, const char *place)
{
	if (place)
		why_place(why, place);
	return why_set(
		why, ERR_ACCESS,
		place ? "user \"%s\" does not reach it: give it to that user, or name another"
		      : "this process cannot become user \"%s\"",
		who->name);
}

/* Whom root becomes; is_any: nobody else. */
static int choose(const struct jail *j, struct person *out, bool *is_any, struct why *why)
{
	const char *name = j->user ? j->user : ordinary;
	const char *unreached;
	int rc;

	*is_any = false;
	if (!find_person(name, out)) {
		if (j->user)
			return why_set(why, ERR_ABSENT, "there is no user \"%.40s\"", name);
		log_warn("there is no user \"%s\": it stays root, without what root may beside",
			 name);
		return 0;
	}
	if (out->uid == geteuid())
		return 0;
	rc = try_person(j, out, &unreached);
	*is_any = !rc && !unreached;
	if (*is_any)
		return 0;
	if (j->user)
		return refuse(why, out, unreached);
	log_warn("user \"%s\" does not reach %s: it stays root, without what root may beside", name,
		 unreached ? unreached : "anything here");
	return 0;
}

int jail_user_enter(const struct jail *j, struct why *why)
{
	struct person who = {NULL};
	bool is_root = geteuid() == 0;
	bool is_any = false;
	uint64_t keep = wanted(j);
	int rc = 0;

	if (is_root)
		rc = choose(j, &who, &is_any, why);
	else if (j->user && (!find_person(j->user, &who) || who.uid != geteuid()))
		rc = why_set(why, ERR_ACCESS,
			     "this process is not root's: it cannot become user \"%.40s\"",
			     j->user);
	if (rc)
		return rc;
	make_folders(j, is_any ? &who : NULL);
	drop_bounds();
	if (is_any)
		return become(&who, keep & permitted(), why);
	return remain(j, keep, why);
}
