#include "daemon/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/tap.h"

#define MILL_FIELDS(X)                                                                             \
	DAEMON_FIELDS(X)                                                                           \
	X(INT, wheels, .otherwise = "1", .min = 1, .max = 9, .doc = "how many wheels")             \
	X(BOOL, is_loud, .otherwise = "false", .doc = "whether it is heard")                       \
	X(KEY, lock, .doc = "what opens its door")

struct mill_conf {
	CONF_STRUCT(MILL_FIELDS)
};
#define X(...) CONF_ROW(mill_conf, __VA_ARGS__)
static const struct conf_field mill_fields[] = {MILL_FIELDS(X)};
#undef X
static const struct conf_record mill_record =
	CONF_RECORD(mill_conf, mill_fields, .doc = "A mill.", .check = daemon_check);

/* ---- a mill that says what happens to it ---- */

static int mill_start(struct daemon *d, struct why *why)
{
	const struct mill_conf *conf = d->conf;

	if (conf->wheels == 9)
		return why_set(why, ERR_IO, "nine wheels break it");
	d->owner = d;
	log_info("turns %d", (int)conf->wheels);
	return 0;
}

static void mill_reload(struct daemon *d, const void *old)
{
	const struct mill_conf *was = old, *is = d->conf;

	log_info("from %d to %d", (int)was->wheels, (int)is->wheels);
}

static void mill_stop(struct daemon *d)
{
	log_info("slows");
	daemon_end(d, 3);
}

static void mill_fini(struct daemon *d)
{
	log_info(d->owner ? "still" : "never turned");
}

static const struct daemon_program mill = {
	.name = "weir-mill",
	.doc = "a mill for this test",
	.version = "1.2.3",
	.role = JAIL_MEDIATOR,
	.conf = &mill_record,
	.start = mill_start,
	.reload = mill_reload,
	.stop = mill_stop,
	.fini = mill_fini,
};

/* ---- running it in a process of its own ---- */

static char folder[] = "/tmp/weir-daemon-XXXXXX";
static char said[1 << 16]; /* what it wrote to both outputs */
static int out_fd;
static pid_t pid;

static void begin(const char *const *words)
{
	char *argv[16] = {(char *)(uintptr_t) "weir-mill"};
	int ends[2];
	int argc = 1;

	for (; *words; words++)
		argv[argc++] = (char *)(uintptr_t)*words;
	fflush(stdout);
	if (pipe(ends))
		exit(2);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		exit(daemon_main(&mill, argc, argv));
	}
	close(ends[1]);
	out_fd = ends[0];
	said[0] = 0;
}

/* Reads until the text shows, or it ended. */
static bool await(const char *text)
{
	size_t len = strlen(said);
	ssize_t n = 1;

	while (!strstr(said, text) && n > 0 && len < sizeof said - 1) {
		n = read(out_fd, said + len, sizeof said - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		said[len] = 0;
	}
	return strstr(said, text) != NULL;
}

static int end(void)
{
	int status = 0;

	(void)await("\nno such line");
	close(out_fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_words(const char *const *words)
{
	begin(words);
	return end();
}

#define RUN(...) run_words((const char *const[]){__VA_ARGS__, NULL})

static const char *file(const char *text)
{
	static char path[100];
	FILE *f;

	snprintf(path, sizeof path, "%s/mill.yaml", folder);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		exit(2);
	return path;
}

/* ---- facts ---- */

static void test_words(void)
{
	ok(RUN("--version") == 0 && !strcmp(said, "weir-mill 1.2.3\n"), "it says its version");
	ok(RUN("--help") == 0 && strstr(said, "--is-loud ") && strstr(said, "--wheels VALUE"),
	   "and what it can be told");
	ok(RUN("--reference") == 0 && strstr(said, "wheels\n") && strstr(said, "from 1 to 9"),
	   "and what a configuration may say");
	ok(RUN("--wheel", "2") == 2 && strstr(said, "did you mean --wheels?"),
	   "a word that it does not know");
	ok(RUN("--wheels") == 2 && strstr(said, "a value must follow"), "a value that is missing");
	ok(RUN("--check=x") == 2 && RUN("mill.yaml") == 2, "words that make no sense");
	ok(RUN("--config", "/no/such/file") == 2 && strstr(said, "/no/such/file: No such file"),
	   "a file that is not there");
	ok(RUN("--name", "m", "--transport", "plain", "--wheels", "10", "--check") == 2 &&
		   strstr(said, "wheels: \"10\" is not"),
	   "a value out of its limits");
}

static void test_check(void)
{
	const char *path = file("name: m1\ntransport: plain\nwheels: 3\nlock: grandmother\n");

	ok(RUN("--config", path, "--check") == 0 && strstr(said, "wheels: 3\n") &&
		   strstr(said, "is_loud: false\n") && strstr(said, "transport: plain\n"),
	   "it prints its configuration as it acts");
	ok(strstr(said, "lock: ") && !strstr(said, "grandm") && !strstr(said, "6772616e"),
	   "but for secrets");
	ok(RUN("--config", path, "--check", "--wheels=4", "--is-loud") == 0 &&
		   strstr(said, "wheels: 4\n") && strstr(said, "is_loud: true\n"),
	   "the command line stands above the file");
	ok(RUN("--config", file("name: m1\nwheel: 3\n")) == 2 &&
		   strstr(said, "mill.yaml:2: unknown key \"wheel\"; did you mean \"wheels\"?"),
	   "a key that it does not know");
	ok(RUN("--config", file("name: m1\n")) == 2 && strstr(said, "which needs \"certificate\""),
	   "TLS is the rule");
	ok(RUN("--config", file("name: -m\n")) == 2 && RUN("--config", file("- 1\n")) == 2 &&
		   RUN("--config", file("name: [")) == 2,
	   "what is no name, no map, no YAML");
}

static void test_run(void)
{
	const char *path = file("name: m1\ntransport: plain\nwheels: 3\n");
	const char *const words[] = {"--config", path, NULL};

	begin(words);
	ok(await("turns 3\n"), "it starts");
	file("name: m1\ntransport: plain\nwheels: 5\n");
	kill(pid, SIGHUP);
	ok(await("from 3 to 5\n"), "it reads its configuration again");
	file("name: m1\ntransport: plain\nwheels: 50\n");
	kill(pid, SIGHUP);
	ok(await("stays as it was: ") && await("wheels: \"50\" is not"),
	   "but not one that is no good");
	kill(pid, SIGTERM);
	ok(end() == 3 && strstr(said, "slows\n") && strstr(said, "still\n"),
	   "it ends in good order, with the status it says");
	ok(RUN("--config", file("name: m1\ntransport: plain\nwheels: 9\n")) == 1 &&
		   strstr(said, "error: nine wheels break it") && strstr(said, "never turned"),
	   "it says why it does not start");
	ok(RUN("--name=m", "--transport=plain", "--log=error", "--wheels=9") == 1 &&
		   !strstr(said, "never"),
	   "without a file too, and as quiet as it was told");
}

int main(void)
{
	char path[100];

	if (!mkdtemp(folder))
		return 2;
	test_words();
	test_check();
	test_run();
	snprintf(path, sizeof path, "%s/mill.yaml", folder);
	unlink(path);
	rmdir(folder);
	return tap_end();
}
