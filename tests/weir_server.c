/* weir-server: the program weir, started once and run many times, for the tests that run it
 * thousands of times. weir_server.py speaks to it.
 *
 *	standard input     group N SECONDS MEGABYTES    of N commands, run in turn by one child
 *	                   command W                    then W words, each ended by a NUL: the
 *	                                                files of standard output and error, argv
 *	standard output    status S                     of each command that came to its end
 *	                   end W KILOBYTES              what wait() said of the child; its memory
 *
 * What ends the child (a crash, a sanitizer, a command over its time) is thus known by its command:
 * the first without a status. A child that grows beyond its memory is killed. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The program itself, under another name. */
static int weir_main(int argc, char **argv);
#define main weir_main
#include "bin/weir/main.c"
#undef main

enum { MAX_COMMANDS = 256, MAX_WORDS = 256, WATCH_MS = 100 };

struct command {
	int n;
	char *words[MAX_WORDS + 1]; /* files of output and error, argv, NULL */
};

static struct command commands[MAX_COMMANDS];

static void fail(const char *what)
{
	fprintf(stderr, "weir-server: %s\n", what);
	_exit(2);
}

/* A line of one word and n numbers; false at the end of the input. */
static bool read_numbers(FILE *file, const char *word, long *out, int n)
{
	char line[128];
	char *at = line + strlen(word);

	if (!fgets(line, sizeof line, file))
		return false;
	if (strncmp(line, word, strlen(word)))
		fail(line);
	for (int i = 0; i < n; i++)
		out[i] = strtol(at, &at, 10);
	return true;
}

static void read_command(struct command *command)
{
	long n;

	if (!read_numbers(stdin, "command", &n, 1) || n < 3 || n > MAX_WORDS)
		fail("no command");
	for (long i = 0; i < n; i++) {
		size_t size = 0;

		if (getdelim(&command->words[i], &size, 0, stdin) < 1)
			fail("a word is missing");
	}
	command->words[n] = NULL;
	command->n = (int)n;
}

static void forget(struct command *command)
{
	for (int i = 0; i < command->n; i++) {
		free(command->words[i]);
		command->words[i] = NULL;
	}
}

static void redirect(int to, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || dup2(fd, to) < 0)
		_exit(97);
	close(fd);
}

/* In the child: all commands, each with its time. */
static void run_all(int n, unsigned seconds)
{
	int answers = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (answers < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
		_exit(97);
	close(nothing);
	for (int i = 0; i < n; i++) {
		struct command *command = &commands[i];
		char *argv[MAX_WORDS + 1];
		int status;

		/* tools move the words of their argv */
		memcpy(argv, command->words + 2, sizeof argv - 2 * sizeof *argv);
		redirect(STDOUT_FILENO, command->words[0]);
		redirect(STDERR_FILENO, command->words[1]);
		alarm(seconds);
		status = weir_main(command->n - 2, argv);
		alarm(0);
		fflush(NULL);
		clearerr(stdout);
		dprintf(answers, "status %d\n", status);
	}
	exit(0);
}

static long kilobytes(pid_t pid)
{
	long pages[2] = {0, 0}; /* of the address space; in memory */
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	file = fopen(path, "r");
	if (file) {
		read_numbers(file, "", pages, 2);
		fclose(file);
	}
	return pages[1] * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Waits for the child's end; kills it when it grows too large. */
static void watch(pid_t pid, long most)
{
	const struct timespec step = {.tv_nsec = WATCH_MS * 1000000L};
	struct rusage usage;
	sigset_t ended;
	int status = 0;

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	while (wait4(pid, &status, WNOHANG, &usage) == 0) {
		if (sigtimedwait(&ended, NULL, &step) < 0 && kilobytes(pid) > most)
			kill(pid, SIGKILL);
	}
	printf("end %d %ld\n", status, usage.ru_maxrss);
	fflush(stdout);
}

int main(void)
{
	enum { N_COMMANDS, SECONDS, MEGABYTES, N_NUMBERS };
	sigset_t ended, before;
	long group[N_NUMBERS];

	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, &before);
	while (read_numbers(stdin, "group", group, N_NUMBERS)) {
		int n = (int)group[N_COMMANDS];
		pid_t pid;

		if (n < 1 || n > MAX_COMMANDS)
			fail("not so many commands");
		for (int i = 0; i < n; i++)
			read_command(&commands[i]);
		pid = fork();
		if (pid == 0) {
			sigprocmask(SIG_SETMASK, &before, NULL);
			run_all(n, (unsigned)group[SECONDS]);
		}
		if (pid < 0)
			fail("no child");
		watch(pid, group[MEGABYTES] * 1024);
		for (int i = 0; i < n; i++)
			forget(&commands[i]);
	}
	return 0;
}
