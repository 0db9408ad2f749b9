/* The second wall: Landlock. The kernel keeps files by what they are, not by their names: a rule
 * for a file does not hold for one that takes its place, a rule for a folder holds for all that
 * comes to lie below. So what is replaced is allowed by its folder. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail/walls.h"

/* linux/landlock.h as newer kernels have it; Debian's headers are older than what runs. */
enum {
	MAY_EXECUTE = 1 << 0,
	MAY_WRITE = 1 << 1,
	MAY_READ = 1 << 2,
	MAY_LIST = 1 << 3,
	MAY_REMOVE_FOLDER = 1 << 4,
	MAY_REMOVE = 1 << 5,
	MAY_MAKE_FOLDER = 1 << 7,
	MAY_MAKE = 1 << 8,
	MAY_MOVE = 1 << 13,     /* from folder to folder; version 2 */
	MAY_TRUNCATE = 1 << 14, /* version 3 */

	READS = MAY_READ | MAY_LIST,
	WRITES = MAY_WRITE | MAY_TRUNCATE,
	OWNS = READS | WRITES | MAY_REMOVE_FOLDER | MAY_REMOVE | MAY_MAKE_FOLDER | MAY_MAKE |
	       MAY_MOVE,
	OF_FILES = MAY_EXECUTE | MAY_READ | MAY_WRITE | MAY_TRUNCATE, /* that a file can have */

	SCOPES = 3, /* no signal to, no abstract socket of, a process outside; version 6 */
	ASK_VERSION = 1,
	RULE_PATH = 1,
};

struct ruleset {
	uint64_t files;
	uint64_t ports;
	uint64_t scopes;
};

struct rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What each version of Landlock can forbid: all rights up to this bit. */
static const struct {
	int version;
	uint64_t rights;
	size_t size; /* of the struct that it takes */
} versions[] = {
	{1, (1 << 13) - 1, 8},  {2, (1 << 14) - 1, 8},  {3, (1 << 15) - 1, 8},
	{4, (1 << 15) - 1, 16}, {5, (1 << 16) - 1, 16}, {6, (1 << 16) - 1, 24},
};

/* What libraries read, whatever the daemon is for. */
static const char *const reads[] = {
	"/lib",
	"/lib64",
	"/usr/lib",
	"/usr/lib64",
	"/usr/local/lib",
	"/etc/ssl",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/usr/share/zoneinfo",
	"/proc/self",
	"/proc/cpuinfo",
	"/proc/meminfo",
	"/dev/urandom",
	"/dev/random",
	"/proc/sys/vm/overcommit_memory",
	"/proc/sys/kernel/random/boot_id",
	"/sys/devices/system/cpu",
};

/* … and what finding and opening an interface reads. */
static const char *const reads_of_collector[] = {"/sys/class/net", "/sys/devices", "/proc/net",
						 "/proc/sys/net"};

static void allow(int set, uint64_t handled, const char *path, uint64_t rights)
{
	struct rule rule = {.fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;

	if (rule.fd < 0)
		return; /* what is not there needs no rule */
	if (!fstat(rule.fd, &st) && !S_ISDIR(st.st_mode))
		rights &= OF_FILES;
	rule.allowed = rights & handled;
	(void)syscall(SYS_landlock_add_rule, set, RULE_PATH, &rule, 0);
	close(rule.fd);
}

static void allow_folder_of(int set, uint64_t handled, const char *path, uint64_t rights)
{
	char folder[PATH_MAX];

	jail_folder_of(path, folder, sizeof folder);
	allow(set, handled, folder, rights);
}

static void allow_path(int set, uint64_t handled, const struct jail_path *p)
{
	struct stat st;
	bool is_there = stat(p->path, &st) == 0;

	switch (p->access) {
	case JAIL_READ:
		allow(set, handled, p->path, READS);
		break;
	case JAIL_REREAD:
		allow_folder_of(set, handled, p->path, READS);
		allow(set, handled, p->path, READS); /* where it is a link to elsewhere */
		break;
	case JAIL_FOLDER:
		allow(set, handled, p->path, OWNS);
		break;
	case JAIL_FILE:
		allow_folder_of(set, handled, p->path, OWNS);
		break;
	case JAIL_MADE:
		if (is_there)
			allow(set, handled, p->path, READS);
		else
			allow_folder_of(set, handled, p->path, OWNS);
		break;
	case JAIL_INPUT:
		allow(set, handled, p->path,
		      is_there && S_ISFIFO(st.st_mode) ? READS | MAY_WRITE : READS);
		break;
	}
}

static int make_set(int version, uint64_t *handled)
{
	struct ruleset attr = {.scopes = SCOPES};
	size_t size = 0;

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (versions[i].version <= version) {
			attr.files = versions[i].rights;
			size = versions[i].size;
		}
	*handled = attr.files;
	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

int jail_files_enter(const struct jail *j)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
	uint64_t handled;
	int set = version > 0 ? make_set(version, &handled) : -1;
	bool is_in;

	if (set < 0)
		return 0;
	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
		allow(set, handled, reads[i], READS);
	for (size_t i = 0;
	     j->role == JAIL_COLLECTOR && i < sizeof reads_of_collector / sizeof *reads; i++)
		allow(set, handled, reads_of_collector[i], READS);
#ifdef JAIL_IS_SANITIZED
	allow(set, handled, "/proc", READS); /* who looks for leaks is a process of its own */
#endif
	allow(set, handled, "/dev/null", READS | MAY_WRITE);
	for (size_t i = 0; i < j->n_paths; i++)
		allow_path(set, handled, &j->paths[i]);
	is_in = syscall(SYS_landlock_restrict_self, set, 0) == 0;
	close(set);
	return is_in ? version : 0;
}
