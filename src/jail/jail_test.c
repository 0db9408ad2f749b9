#include "jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/scratch.h"
#include "base/tap.h"
#include "jail/walls.h"

enum { NO_CALLS = 77, NO_FILES = 78, PLACE_LEN = 200 };

static char folder[] = "/tmp/weir-jail-XXXXXX";

/* A path below the test's folder. */
static const char *at(const char *name)
{
	static char paths[8][PLACE_LEN];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, PLACE_LEN, "%s/%s", folder, name);
	return path;
}

static void put(const char *name)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, name, 1) != 1)
		exit(2);
	close(fd);
}

/* Runs in a process of its own, since what it gives up is gone: its exit status, or minus the
 * signal that ended it. */
static int apart(int (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1000;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* One fact, told by a process: 0 holds, NO_CALLS and NO_FILES say what this kernel lacks. */
static void fact(int (*fn)(void), const char *sentence)
{
	int status = apart(fn);

	if (status == NO_CALLS || status == NO_FILES)
		skip("%s: this kernel has no %s", sentence,
		     status == NO_CALLS ? "seccomp" : "Landlock");
	else if (!ok(status == 0, "%s", sentence))
		printf("# status %d\n", status);
}

static bool fails(int result, int error)
{
	return result < 0 && errno == error;
}

static bool opens(const char *path, int how)
{
	int fd = open(path, how | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Enters; ends the process where the kernel lacks the wall that is looked at. */
static void enter(enum jail_role role, int needed)
{
	struct jail *j;
	struct why why;

	why_clear(&why);
	log_open("jail-test", LOG_LEVEL_ERROR);
	if (jail_new(&j, role) || jail_place(j, JAIL_FOLDER, at("own")) ||
	    jail_place(j, JAIL_READ, at("read")) || jail_place(j, JAIL_READ, at("read-folder")) ||
	    jail_place(j, JAIL_REREAD, at("papers/key")) ||
	    jail_place(j, JAIL_FILE, at("db/store")) || jail_place(j, JAIL_MADE, at("there")) ||
	    jail_place(j, JAIL_MADE, at("fresh/made")) || jail_place(j, JAIL_INPUT, at("fifo")) ||
	    jail_place(j, JAIL_READ, at("absent")) || jail_enter(j, &why))
		_exit(100);
	jail_free(&j);
	if (needed == NO_CALLS && !jail_has_calls())
		_exit(NO_CALLS);
	if (needed == NO_FILES && !jail_has_files())
		_exit(NO_FILES);
}

/* ---- files ---- */

static int reads_places(void)
{
	enter(JAIL_MEDIATOR, NO_FILES);
	return opens(at("read"), O_RDONLY) && opens(at("read-folder/a"), O_RDONLY) &&
			       opens(at("papers/key"), O_RDONLY)
		       ? 0
		       : 1;
}

static int reads_no_other(void)
{
	enter(JAIL_MEDIATOR, NO_FILES);
	if (opens("/etc/passwd", O_RDONLY) || errno != EACCES)
		return 1;
	if (opens(at("other"), O_RDONLY) || errno != EACCES)
		return 2;
	return opens(folder, O_RDONLY | O_DIRECTORY) ? 3 : 0;
}

static int writes_its_own(void)
{
	enter(JAIL_MEDIATOR, NO_FILES);
	if (!opens(at("own/new"), O_WRONLY | O_CREAT) || mkdir(at("own/sub"), 0700) ||
	    rename(at("own/new"), at("own/sub/new")) || unlink(at("own/sub/new")) ||
	    rmdir(at("own/sub")))
		return 1;
	if (!opens(at("db/store"), O_RDWR | O_CREAT) ||
	    !opens(at("db/store-wal"), O_RDWR | O_CREAT))
		return 2;
	return opens(at("fresh/made"), O_WRONLY | O_CREAT) && opens(at("fifo"), O_RDWR) ? 0 : 3;
}

static int writes_no_other(void)
{
	enter(JAIL_MEDIATOR, NO_FILES);
	if (opens(at("read"), O_WRONLY) || opens(at("read-folder/b"), O_WRONLY | O_CREAT))
		return 1;
	if (opens(at("there"), O_WRONLY) || opens(at("papers/key"), O_WRONLY) ||
	    opens(at("papers/other"), O_WRONLY | O_CREAT))
		return 2;
	return unlink(at("other")) && rename(at("read"), at("own/read")) && unlink(at("read")) ? 0
											       : 3;
}

static int reads_replaced(void)
{
	int pipe_ends[2];
	char octet = 0;

	if (pipe(pipe_ends))
		return 1;
	if (fork() == 0) { /* one outside, who renews the key */
		if (read(pipe_ends[0], &octet, 1) != 1)
			_exit(1);
		put("papers/next");
		_exit(rename(at("papers/next"), at("papers/key")) ? 1 : 0);
	}
	enter(JAIL_MEDIATOR, NO_FILES);
	if (write(pipe_ends[1], &octet, 1) != 1)
		return 2;
	(void)waitpid(-1, NULL, 0);
	for (int i = 0; i < 500 && access(at("papers/next"), F_OK) == 0; i++)
		usleep(1000);
	usleep(20000);
	return opens(at("papers/key"), O_RDONLY) ? 0 : 3;
}

static void test_files(void)
{
	fact(reads_places, "what it was told to read can be read");
	fact(reads_no_other, "no other file or folder can");
	fact(writes_its_own, "its own folders and files it makes, moves and removes");
	fact(writes_no_other, "it neither writes, makes nor removes anything else");
	fact(reads_replaced, "a key that was replaced meanwhile can be read again");
}

/* ---- calls ---- */

static int starts_nothing(void)
{
	enter(JAIL_AGENCY, NO_CALLS);
	return fails(fork(), EPERM) ? 0 : 1;
}

static int executes(void)
{
	char *const words[] = {NULL};

	enter(JAIL_AGENCY, NO_CALLS);
	execve("/bin/true", words, words);
	return 1;
}

static int traces(void)
{
	enter(JAIL_AGENCY, NO_CALLS);
	(void)ptrace(PTRACE_ATTACH, getppid(), 0, 0);
	return 1;
}

static int captures_nothing(void)
{
	enter(JAIL_MEDIATOR, NO_CALLS);
	if (!fails(socket(AF_PACKET, SOCK_RAW, 0), EPERM))
		return 1;
	return fails(socket(AF_NETLINK, SOCK_RAW, 0), EPERM) && socket(AF_INET, SOCK_STREAM, 0) >= 0
		       ? 0
		       : 2;
}

static int captures(void)
{
	enter(JAIL_COLLECTOR, NO_CALLS);
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ? 0 : 1;
}

static int refuses_the_rest(void)
{
	enter(JAIL_PROVISIONER, NO_CALLS);
	return fails((int)syscall(SYS_msgget, 1, 0), EPERM) &&
			       fails((int)syscall(SYS_io_uring_setup, 1, NULL), EPERM)
		       ? 0
		       : 1;
}

/* A sanitizer's build ends nobody: its report would be lost. */
static void killed(int (*fn)(void), const char *sentence)
{
#ifdef JAIL_IS_SANITIZED
	int wanted = 1;
#else
	int wanted = -SIGSYS;
#endif
	int status = apart(fn);

	if (status == NO_CALLS)
		skip("%s: this kernel has no seccomp", sentence);
	else
		ok(status == wanted, "%s", sentence);
}

static void test_calls(void)
{
	fact(starts_nothing, "it starts no process");
	killed(executes, "to execute a program ends it");
	killed(traces, "to trace another ends it");
	fact(captures_nothing, "a mediator has sockets of the internet, none for packets");
	fact(captures, "a collector asks for interfaces");
	fact(refuses_the_rest, "a call that is not in its role's list is refused");
}

/* ---- parser threads ---- */

static int parser_result, parser_file;

/* Neither what is there, nor what is not, in a folder that its daemon owns. */
static bool is_refused_files(void)
{
	static const int ways[] = {O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL};
	bool all = fails(open(at("read"), O_RDONLY | O_CLOEXEC), EPERM) &&
		   fails(open(at("own"), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), EPERM);

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		all = all && fails(open(at("own/there"), ways[i] | O_CLOEXEC, 0600), EPERM) &&
		      fails(open(at("own/not-there"), ways[i] | O_CLOEXEC, 0600), EPERM);
	return all && fails(creat(at("own/not-there"), 0600), EPERM);
}

/* What is open and mapped is filled; no file gets another name, goes, or grows by being asked. */
static bool is_refused_changes(void)
{
	return fails(rename(at("own/there"), at("own/moved")), EPERM) &&
	       fails(renameat(AT_FDCWD, at("own/there"), AT_FDCWD, at("own/moved")), EPERM) &&
	       fails(renameat2(AT_FDCWD, at("own/there"), AT_FDCWD, at("own/moved"), 0), EPERM) &&
	       fails(link(at("own/there"), at("own/moved")), EPERM) &&
	       fails(symlink("there", at("own/moved")), EPERM) &&
	       fails(unlink(at("own/there")), EPERM) &&
	       fails(unlinkat(AT_FDCWD, at("own/there"), 0), EPERM) &&
	       fails(mkdir(at("own/sub"), 0700), EPERM) &&
	       fails(truncate(at("own/there"), 0), EPERM) &&
	       fails(ftruncate(parser_file, 0), EPERM) &&
	       posix_fallocate(parser_file, 0, 4096) == EPERM &&
	       fails((int)syscall(SYS_io_uring_setup, 1, NULL), EPERM) &&
	       fails((int)syscall(SYS_io_uring_enter, parser_file, 1, 0, 0, NULL, 0), EPERM);
}

static int try_as_parser(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	int ends[2];
	char octet = 0;

	if (!is_refused_files() || !is_refused_changes())
		return 1;
	if (!fails(socket(AF_INET, SOCK_STREAM, 0), EPERM) ||
	    !fails(socket(AF_UNIX, SOCK_STREAM, 0), EPERM) ||
	    !fails(connect(parser_result, (struct sockaddr *)&to, sizeof to), EPERM) ||
	    !fails(bind(parser_result, (struct sockaddr *)&to, sizeof to), EPERM) ||
	    !fails((int)sendto(parser_result, &octet, 1, 0, NULL, 0), EPERM))
		return 2;
	if (!fails(pipe(ends), EPERM) || !fails(fork(), EPERM))
		return 3;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED)
		return 4;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	    MAP_FAILED)
		return 5;
	return jail_parser() == 0 ? 0 : 6; /* once more does no harm */
}

static void *parse(void *arg)
{
	int *result = arg;

	*result = jail_parser() ? 50 : try_as_parser();
	return NULL;
}

static int parser_opens_nothing(void)
{
	pthread_t thread;
	int result = 60;

	enter(JAIL_COLLECTOR, NO_CALLS);
	parser_result = socket(AF_INET, SOCK_STREAM, 0); /* there is one already, open */
	parser_file = open(at("own/there"), O_RDWR | O_CLOEXEC);
	if (parser_file < 0 || pthread_create(&thread, NULL, parse, &result) ||
	    pthread_join(thread, NULL))
		return 61;
	if (result)
		return result;
	if (rename(at("own/there"), at("own/moved")) || rename(at("own/moved"), at("own/there")))
		return 63;
	return opens(at("read"), O_RDONLY) && socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : 62;
}

static void *parse_and_execute(void *arg)
{
	char *const words[] = {NULL};

	if (!jail_parser())
		execve("/bin/true", words, words);
	return arg;
}

static int parser_executes(void)
{
	pthread_t thread;

	enter(JAIL_COLLECTOR, NO_CALLS);
	if (!pthread_create(&thread, NULL, parse_and_execute, NULL))
		pthread_join(thread, NULL);
	return 1;
}

static int parser_outside(void)
{
	return !jail_parser() && opens(at("read"), O_RDONLY) ? 0 : 1;
}

static void test_parser(void)
{
	fact(parser_opens_nothing,
	     "a parser thread opens and makes no file, socket, pipe or process; the thread "
	     "beside it does");
	killed(parser_executes, "to execute a program ends it there too");
	fact(parser_outside, "without a jail, a parser is as any thread");
}

/* ---- users ---- */

static int enter_as(const char *user, enum jail_access access, const char *path, struct why *why)
{
	struct jail *j;
	int rc;

	why_clear(why);
	log_open("jail-test", LOG_LEVEL_ERROR);
	rc = jail_new(&j, JAIL_MEDIATOR);
	if (!rc)
		rc = jail_place(j, access, path);
	if (!rc) {
		jail_user(j, user);
		rc = jail_enter(j, why);
	}
	jail_free(&j);
	return rc;
}

static int becomes_nobody(void)
{
	struct why why;

	if (enter_as("nobody", JAIL_FOLDER, at("open/of-nobody"), &why))
		return 1;
	if (geteuid() == 0 || getuid() == 0 || getegid() == 0 || setresuid(0, 0, 0) == 0)
		return 2;
	return opens(at("open/of-nobody/x"), O_WRONLY | O_CREAT) ? 0 : 3;
}

static int cannot_reach(void)
{
	struct why why;

	if (enter_as("nobody", JAIL_FOLDER, at("closed"), &why) != ERR_ACCESS || geteuid() != 0)
		return 1;
	if (!strstr(why.text, "nobody") || !strstr(why.place, "closed"))
		return 2;
	return opens("/etc/shadow", O_RDONLY) ? 0 : 3; /* nothing has changed */
}

static int is_unknown(void)
{
	struct why why;

	return enter_as("no-such-user", JAIL_READ, "/", &why) == ERR_ABSENT &&
			       strstr(why.text, "no-such-user")
		       ? 0
		       : 1;
}

/* "root" stays root; only the files that are root's are open to it. */
static int is_root_alone(void)
{
	struct why why;
	int rc = enter_as("root", JAIL_FOLDER, at("own"), &why);

	/* of this thread alone: the C library asks for all, and a sanitizer's own is not behind the
	 * wall */
	return !rc && geteuid() == 0 && !opens(at("of-nobody"), O_RDONLY) &&
			       syscall(SYS_setuid, 1) < 0
		       ? 0
		       : 1;
}

static bool binds(uint16_t port)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_bound;

	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	is_bound = bind(fd, (struct sockaddr *)&here, sizeof here) == 0 || errno == EADDRINUSE;
	close(fd);
	return is_bound;
}

static int binds_before(void)
{
	struct why why;

	if (enter_as("nobody", JAIL_FOLDER, at("open/of-nobody"), &why) || !binds(7))
		return 1;
	jail_settle();
	return !binds(7) && errno == EACCES ? 0 : 2;
}

static bool has_nobody(void)
{
	return geteuid() == 0 && getpwnam("nobody") != NULL;
}

static void test_users(void)
{
	static const struct {
		int (*fn)(void);
		const char *sentence;
	} rows[] = {
		{becomes_nobody,
		 "root becomes the user that is named, and makes that user's folder"},
		{cannot_reach, "a user that does not reach a folder is refused, with its name"},
		{is_unknown, "one that is not there too"},
		{is_root_alone, "who stays root has no more than root's own files"},
		{binds_before, "a low port is bound before it settles, none behind"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (has_nobody())
			fact(rows[i].fn, rows[i].sentence);
		else
			skip("%s: it takes root", rows[i].sentence);
	}
}

static void test_folder_of(void)
{
	static const struct {
		const char *path, *folder;
	} rows[] = {{"a", "."}, {"/a", "/"}, {"a/b", "a"}, {"/a/b/c", "/a/b"}, {"a/", "a"}};
	char out[PATH_MAX];
	bool all = true;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		jail_folder_of(rows[i].path, out, sizeof out);
		all = all && !strcmp(out, rows[i].folder);
	}
	ok(all, "a path's folder is what stands before its last slash");
}

static void make_places(void)
{
	static const char *const folders[] = {"own",   "read-folder", "papers", "db",
					      "fresh", "open",        "closed"};
	static const char *const files[] = {"read",  "read-folder/a", "papers/key", "there",
					    "other", "own/there",     "of-nobody"};

	if (!mkdtemp(folder) || chmod(folder, 0755))
		exit(2);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (mkdir(at(folders[i]), 0700))
			exit(2);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		put(files[i]);
	if (mkfifo(at("fifo"), 0600) || chmod(at("open"), 0777))
		exit(2);
	if (has_nobody() &&
	    (chown(at("of-nobody"), getpwnam("nobody")->pw_uid, 0) || chmod(at("of-nobody"), 0600)))
		exit(2);
}

int main(void)
{
	make_places();
	test_folder_of();
	test_parser();
	test_files();
	test_calls();
	test_users();
	scratch_remove(folder);
	return tap_end();
}
