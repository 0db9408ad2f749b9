/* The third wall: seccomp. What is not in the table is refused with EPERM; what only an intruder
 * asks for ends the process. */
#include <errno.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "jail/walls.h"

enum {
	ALL = JAIL_PROVISIONER | JAIL_COLLECTOR | JAIL_MEDIATOR | JAIL_AGENCY, /* daemons */
	EVERY = ALL | JAIL_PARSER,
	SPOOLERS = JAIL_COLLECTOR | JAIL_MEDIATOR,
};

/* Who may call what. Names that an architecture does not have are passed over there. */
static const struct {
	const char *name;
	unsigned who; /* bits of enum jail_role */
} calls[] = {
	/* memory; what may be executed is looked at below */
	{"brk", EVERY},
	{"madvise", EVERY},
	{"membarrier", EVERY},
	{"mlock", SPOOLERS},
	{"mremap", EVERY},
	{"msync", EVERY},
	{"munlock", SPOOLERS},
	{"munmap", EVERY},
	/* threads and signals within the process */
	{"exit", EVERY},
	{"exit_group", EVERY},
	{"futex", EVERY},
	{"get_robust_list", ALL},
	{"getpid", EVERY},
	{"gettid", EVERY},
	{"restart_syscall", EVERY},
	{"rseq", EVERY},
	{"rt_sigaction", EVERY},
	{"rt_sigpending", ALL},
	{"rt_sigprocmask", EVERY},
	{"rt_sigreturn", EVERY},
	{"rt_sigtimedwait", ALL},
	{"sched_getaffinity", EVERY},
	{"sched_setaffinity", ALL},
	{"sched_yield", EVERY},
	{"set_robust_list", EVERY},
	{"sigaltstack", EVERY},
	{"tgkill", EVERY},
	/* time */
	{"clock_getres", EVERY},
	{"clock_gettime", EVERY},
	{"clock_nanosleep", EVERY},
	{"gettimeofday", EVERY},
	{"nanosleep", EVERY},
	{"time", EVERY},
	{"timerfd_create", ALL},
	{"timerfd_gettime", ALL},
	{"timerfd_settime", ALL},
	/* what is open already */
	{"close", EVERY},
	{"dup", ALL},
	{"dup2", ALL},
	{"dup3", ALL},
	{"epoll_create", ALL},
	{"epoll_create1", ALL},
	{"epoll_ctl", ALL},
	{"epoll_pwait", ALL},
	{"epoll_pwait2", ALL},
	{"epoll_wait", ALL},
	{"eventfd2", ALL},
	{"fcntl", EVERY},
	{"fstat", EVERY},
	{"lseek", EVERY},
	{"newfstatat", ALL},
	{"pipe2", ALL},
	{"poll", EVERY},
	{"ppoll", EVERY},
	{"pread64", EVERY},
	{"preadv", EVERY},
	{"pselect6", ALL},
	{"pwrite64", EVERY},
	{"pwritev", EVERY},
	{"read", EVERY},
	{"readv", EVERY},
	{"select", ALL},
	{"write", EVERY},
	{"writev", EVERY},
	/* files */
	{"access", ALL},
	{"copy_file_range", ALL},
	{"faccessat", ALL},
	{"faccessat2", ALL},
	{"fadvise64", EVERY},
	{"fallocate", ALL},
	{"fchmod", ALL},
	{"fchown", ALL},
	{"fdatasync", ALL},
	{"flock", ALL},
	{"fstatfs", ALL},
	{"fsync", ALL},
	{"ftruncate", ALL},
	{"getcwd", ALL},
	{"getdents64", ALL},
	{"link", ALL},
	{"linkat", ALL},
	{"lstat", ALL},
	{"mkdir", ALL},
	{"mkdirat", ALL},
	{"open", ALL},
	{"openat", ALL},
	{"readlink", ALL},
	{"readlinkat", ALL},
	{"rename", ALL},
	{"renameat", ALL},
	{"renameat2", ALL},
	{"rmdir", ALL},
	{"sendfile", ALL},
	{"splice", ALL},
	{"stat", ALL},
	{"statfs", ALL},
	{"statx", ALL},
	{"sync_file_range", ALL},
	{"truncate", ALL},
	{"umask", ALL},
	{"unlink", ALL},
	{"unlinkat", ALL},
	{"utimensat", ALL},
	/* the disk side of a spool */
	{"io_uring_enter", SPOOLERS},
	{"io_uring_register", SPOOLERS},
	{"io_uring_setup", SPOOLERS},
	/* sockets; of which families, is looked at below */
	{"accept", ALL},
	{"accept4", ALL},
	{"bind", ALL},
	{"connect", ALL},
	{"getpeername", ALL},
	{"getsockname", EVERY},
	{"getsockopt", EVERY},
	{"ioctl", ALL},
	{"listen", ALL},
	{"recvfrom", ALL},
	{"recvmmsg", ALL},
	{"recvmsg", ALL},
	{"sendmmsg", ALL},
	{"sendmsg", ALL},
	{"sendto", ALL},
	{"setsockopt", ALL},
	{"shutdown", ALL},
	{"socketpair", ALL},
	/* itself */
	{"arch_prctl", ALL},
	{"capget", ALL},
	{"capset", ALL},
	{"getegid", ALL},
	{"geteuid", ALL},
	{"getgid", ALL},
	{"getppid", ALL},
	{"getrandom", EVERY},
	{"getrlimit", ALL},
	{"getrusage", EVERY},
	{"getuid", ALL},
	{"getcpu", EVERY},
	{"prctl", ALL},
	{"prlimit64", ALL},
	{"sched_get_priority_max", ALL},
	{"sched_get_priority_min", ALL},
	{"sched_getparam", ALL},
	{"sched_getscheduler", ALL},
	{"seccomp", ALL}, /* a parser's own filter comes on top; none takes one away */
	{"set_tid_address", ALL},
	{"sysinfo", ALL},
	{"times", ALL},
	{"uname", EVERY},
};

/* Nothing that Weir or its libraries ever do: the process ends, with SIGSYS. */
static const char *const hostile[] = {
	"acct",
	"add_key",
	"adjtimex",
	"bpf",
	"chroot",
	"clock_adjtime",
	"clock_settime",
	"delete_module",
	"execve",
	"execveat",
	"finit_module",
	"fork",
	"fsmount",
	"fsopen",
	"init_module",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"mount",
	"mount_setattr",
	"move_mount",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"personality",
	"pidfd_getfd",
	"pivot_root",
	"process_vm_readv",
	"process_vm_writev",
	"ptrace",
	"quotactl",
	"reboot",
	"request_key",
	"setns",
	"settimeofday",
	"swapoff",
	"swapon",
	"umount2",
	"unshare",
	"userfaultfd",
	"vfork",
};

#ifdef JAIL_IS_SANITIZED
/* What the sanitizers' own code asks for. A build with them is for tests: nothing in it ends the
 * process, since their report would be lost. */
static const char *const of_sanitizers[] = {"getdents",         "mincore",           "ptrace",
					    "process_vm_readv", "process_vm_writev", "wait4",
					    "personality"};
#endif

static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
static const int families_of_collector[] = {AF_NETLINK, AF_PACKET}; /* live capture */

static int number_of(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

/* Rules for calls that this machine does not have are no failure. */
static int rule(scmp_filter_ctx filter, uint32_t what, const char *name)
{
	int number = number_of(name);
	int rc = number < 0 ? 0 : seccomp_rule_add(filter, what, number, 0);

	return rc == -EEXIST || rc == -EDOM || rc == -EACCES ? 0 : rc;
}

static int rule_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp when)
{
	int number = number_of(name);

	return number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, when);
}

static int add_families(scmp_filter_ctx filter, const int *list, size_t n)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++)
		rc = rule_if(filter, "socket", SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)list[i]));
	return rc;
}

/* What depends on an argument. A daemon starts threads, no processes; clone3, whose arguments no
 * filter sees, is said not to be there, so that the C library uses clone. */
static int add_looked_at(scmp_filter_ctx filter, enum jail_role role)
{
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	if (role == JAIL_PARSER) {
		if (!rc)
			rc = rule_if(filter, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		if (!rc)
			rc = rule_if(filter, "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		return rc;
	}
	if (!rc)
		rc = rule(filter, SCMP_ACT_ALLOW, "mmap");
	if (!rc)
		rc = rule(filter, SCMP_ACT_ALLOW, "mprotect");
	if (!rc)
		rc = rule_if(filter, "clone",
			     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (!rc)
		rc = add_families(filter, families, sizeof families / sizeof *families);
	if (!rc && role == JAIL_COLLECTOR)
		rc = add_families(filter, families_of_collector,
				  sizeof families_of_collector / sizeof *families_of_collector);
	return rc;
}

static int add_hostile(scmp_filter_ctx filter)
{
	int rc = 0;

#ifdef JAIL_IS_SANITIZED
	for (size_t i = 0; !rc && i < sizeof of_sanitizers / sizeof *of_sanitizers; i++)
		rc = rule(filter, SCMP_ACT_ALLOW, of_sanitizers[i]);
	if (!rc) /* the thread that looks for leaks shares the memory; a process would not */
		rc = rule_if(filter, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_VM, CLONE_VM));
	(void)hostile;
#else
	for (size_t i = 0; !rc && i < sizeof hostile / sizeof *hostile; i++)
		rc = rule(filter, SCMP_ACT_KILL_PROCESS, hostile[i]);
#endif
	return rc;
}

static int fill(scmp_filter_ctx filter, enum jail_role role)
{
	int rc = add_looked_at(filter, role);

	for (size_t i = 0; !rc && i < sizeof calls / sizeof *calls; i++)
		if (calls[i].who & role)
			rc = rule(filter, SCMP_ACT_ALLOW, calls[i].name);
	return rc ? rc : add_hostile(filter);
}

bool jail_calls_enter(enum jail_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter ? 0 : -ENOMEM;

	/* a tree instead of a list; and no slower branches in all of the daemon for the filter's
	 * sake, which kernels before 5.16 would see to */
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	if (!rc)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!rc)
		rc = fill(filter, role);
	if (!rc)
		rc = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return rc == 0;
}
