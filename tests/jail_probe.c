/* What may a thread of a running daemon do? Makes it try: stops the thread, puts a system call in
 * its place, lets it run that one, and puts all back. So it is the real daemon that is asked, with
 * nothing built in for the purpose.
 *
 *	jail-probe TID CALL...     for each: its name, and "0" or the name of the error
 *
 * Exit status 77 where that cannot be done here. */
#include <errno.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if !defined(__x86_64__)
int main(void)
{
	return 77;
}
#else
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BELOW_STACK = 1024, TRIES = 200, SYSCALL_LEN = 2, SYSCALL_OPCODE = 0x050f };

#define IN_MEMORY UINT64_MAX /* an argument: where the path lies in the thread's memory */

static const struct {
	const char *name;
	long number;
	unsigned long long arguments[4];
} calls[] = {
	{"open", SYS_openat, {(unsigned long long)AT_FDCWD, IN_MEMORY, O_RDONLY | O_CLOEXEC}},
	{"create",
	 SYS_openat,
	 {(unsigned long long)AT_FDCWD, IN_MEMORY, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600}},
	{"rename",
	 SYS_renameat,
	 {(unsigned long long)AT_FDCWD, IN_MEMORY, (unsigned long long)AT_FDCWD, IN_MEMORY}},
	{"unlink", SYS_unlinkat, {(unsigned long long)AT_FDCWD, IN_MEMORY}},
	{"allocate", SYS_fallocate, {0, 0, 0, 1}},
	{"uring", SYS_io_uring_enter, {0, 1}},
	{"socket", SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC}},
	{"unix", SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC}},
	{"packet", SYS_socket, {AF_PACKET, SOCK_RAW | SOCK_CLOEXEC}},
	{"connect", SYS_connect, {0, IN_MEMORY, sizeof(struct sockaddr_in)}},
	{"execute", SYS_execve, {IN_MEMORY}},
	{"getpid", SYS_getpid, {0}},
};

static const char path[] = "/proc/self/status";

static bool stop(pid_t tid)
{
	int status;

	return ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0 && waitpid(tid, &status, __WALL) == tid &&
	       WIFSTOPPED(status);
}

/* Stops it while it waits in a system call, whose instruction is used again. */
static bool seize(pid_t tid, struct user_regs_struct *is)
{
	if (ptrace(PTRACE_SEIZE, tid, 0, 0))
		return false;
	for (int i = 0; i < TRIES && stop(tid); i++) {
		long words;

		if (ptrace(PTRACE_GETREGS, tid, 0, is))
			return false;
		words = ptrace(PTRACE_PEEKTEXT, tid, is->rip - SYSCALL_LEN, 0);
		if ((words & 0xffff) == SYSCALL_OPCODE)
			return true;
		(void)ptrace(PTRACE_CONT, tid, 0, 0);
		usleep(5000);
	}
	return false;
}

static bool put_path(pid_t tid, unsigned long long where)
{
	for (size_t i = 0; i < sizeof path; i += sizeof(long)) {
		long word = 0;

		memcpy(&word, path + i,
		       sizeof path - i < sizeof word ? sizeof path - i : sizeof word);
		if (ptrace(PTRACE_POKEDATA, tid, where + i, word))
			return false;
	}
	return true;
}

/* The call's result; 1 where the thread is gone. */
static long long inject(pid_t tid, const struct user_regs_struct *is, size_t n)
{
	unsigned long long where = (is->rsp - BELOW_STACK) & ~15ULL;
	struct user_regs_struct next = *is;
	unsigned long long *const places[] = {&next.rdi, &next.rsi, &next.rdx, &next.r10};
	int status;

	if (!put_path(tid, where))
		return 1;
	for (int i = 0; i < 4; i++) {
		unsigned long long value = calls[n].arguments[i];

		*places[i] = value == IN_MEMORY ? where : value;
	}
	next.rip = is->rip - SYSCALL_LEN;
	next.rax = (unsigned long long)calls[n].number;
	next.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, tid, 0, &next) || ptrace(PTRACE_SINGLESTEP, tid, 0, 0) ||
	    waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_GETREGS, tid, 0, &next))
		return 1;
	return (long long)next.rax;
}

static void say(const char *name, long long result)
{
	const char *error = result < 0 ? strerrorname_np((int)-result) : "0";

	printf("%s %s\n", name, result == 1 ? "gone" : error ? error : "?");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pid_t tid = argc > 1 ? (pid_t)strtol(argv[1], NULL, 10) : 0;
	struct user_regs_struct is;

	if (tid <= 0 || !seize(tid, &is))
		return errno == EPERM || errno == ENOSYS ? 77 : 1;
	for (int k = 2; k < argc; k++)
		for (size_t n = 0; n < sizeof calls / sizeof *calls; n++)
			if (!strcmp(calls[n].name, argv[k]))
				say(argv[k], inject(tid, &is, n));
	(void)ptrace(PTRACE_SETREGS, tid, 0, &is);
	(void)ptrace(PTRACE_DETACH, tid, 0, 0);
	return 0;
}
#endif
