#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/places.h"
#include "daemon/words.h"

const struct conf_name daemon_transports[] = {
	{"tls", DAEMON_TLS, "TLS 1.3, both ends with a certificate of the same authority"},
	{"plain", DAEMON_PLAIN, "TCP as it is: whoever reaches it is believed"},
	{NULL},
};

const struct conf_name daemon_levels[] = {
#define X(name, number, text, doc) {text, LOG_LEVEL_##name, doc},
	LOG_LEVELS(X){NULL},
#undef X
};

const struct conf_name daemon_jails[] = {
	{"on", DAEMON_JAIL_ON,
	 "unprivileged, with its own files and the system calls of its role alone"},
	{"whole", DAEMON_JAIL_WHOLE,
	 "as on; where the kernel lacks Landlock or seccomp it does not start"},
	{"off", DAEMON_JAIL_OFF, "as it was started; its log says so"},
	{NULL},
};

bool daemon_is_name(const char *text)
{
	static const char all[] = "._-0123456789"
				  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return *text && strspn(text, all) == strlen(text) && !strchr("._-", *text);
}

bool daemon_check(const void *record, struct conf_fault *fault)
{
	const struct daemon_settings *s = record;
	const char *missing = !s->certificate ? "certificate"
			      : !s->key       ? "key"
			      : !s->authority ? "authority"
					      : NULL;

	if (s->transport == DAEMON_PLAIN || !missing)
		return true;
	snprintf(fault->path, sizeof fault->path, "transport");
	snprintf(fault->text, sizeof fault->text,
		 "is tls (unless \"transport: plain\" says otherwise), which needs \"%s\"",
		 missing);
	return false;
}

/* ---- the end ---- */

void daemon_end(struct daemon *d, int status)
{
	d->status = status;
	d->is_ending = true;
	loop_stop(d->loop);
}

static void on_end_signal(void *owner)
{
	struct daemon *d = owner;

	if (d->is_ending || !d->program->stop) {
		daemon_end(d, d->is_ending ? 1 : 0);
		return;
	}
	log_info("ends on request");
	d->is_ending = true;
	d->program->stop(d);
}

/* ---- the configuration ---- */

static void log_reason(const char *what, const struct why *why, int rc)
{
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];

	why_print(why, text, sizeof text);
	log_error("%s%s", what, text[0] ? text : err_text(rc));
}

/* A configuration in memory of its own, or NULL and the reason. */
static void *read_conf(const struct daemon *d, int *rc, struct why *why)
{
	const struct conf_record *record = d->program->conf;
	void *conf = calloc(1, record->size);

	*rc = conf ? daemon_words_read(record, d->n_words, d->words, conf, why) : ERR_NOMEM;
	if (*rc) {
		free(conf);
		conf = NULL;
	}
	return conf;
}

static void free_conf(const struct daemon *d, const void *conf)
{
	void *own = (void *)(uintptr_t)conf;

	if (own)
		conf_fini(d->program->conf, own);
	free(own);
}

static void on_reload_signal(void *owner)
{
	struct daemon *d = owner;
	const struct daemon_settings *settings;
	const void *old = d->conf;
	struct why why;
	void *conf;
	int rc;

	if (!d->program->reload) {
		log_info("its configuration is read at its start only");
		return;
	}
	why_clear(&why);
	conf = read_conf(d, &rc, &why);
	if (!conf) {
		log_reason("the configuration stays as it was: ", &why, rc);
		return;
	}
	settings = conf;
	d->conf = conf;
	log_open(d->program->name, (enum log_level)settings->log);
	d->program->reload(d, old);
	free_conf(d, old);
	log_info("the configuration was read again");
}

/* ---- running ---- */

static const struct {
	int number;
	loop_fn fn;
} signal_rows[] = {{SIGTERM, on_end_signal}, {SIGINT, on_end_signal}, {SIGHUP, on_reload_signal}};

enum { N_SIGNALS = sizeof signal_rows / sizeof *signal_rows };

/* Blocks or unblocks what is watched: one that comes before there is a loop waits for it. */
static void hold_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(&set, signal_rows[i].number);
	pthread_sigmask(how, &set, NULL);
}

static int watch_signals(struct daemon *d)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	/* a peer that is gone and a file that may not grow are errors of a call, and no end */
	int rc =
		sigaction(SIGPIPE, &ignore, NULL) || sigaction(SIGXFSZ, &ignore, NULL) ? ERR_IO : 0;

	for (size_t i = 0; !rc && i < N_SIGNALS; i++)
		rc = loop_signal_init(&d->signals[i], d->loop, signal_rows[i].number,
				      signal_rows[i].fn, d);
	hold_signals(SIG_UNBLOCK);
	return rc;
}

static int run(struct daemon *d)
{
	const struct daemon_settings *settings = d->conf;
	struct why why;
	int rc;

	log_open(d->program->name, (enum log_level)settings->log);
	why_clear(&why);
	hold_signals(SIG_BLOCK);
	rc = places_enter(d, &why);
	if (!rc)
		rc = loop_new(&d->loop);
	if (!rc)
		rc = watch_signals(d);
	if (!rc)
		rc = d->program->start(d, &why);
	if (!rc)
		jail_settle();
	if (!rc && !d->is_ending)
		rc = loop_run(d->loop);
	if (rc)
		log_reason("", &why, rc);
	if (d->loop && d->program->fini)
		d->program->fini(d);
	for (size_t i = 0; d->loop && i < sizeof d->signals / sizeof *d->signals; i++)
		loop_signal_fini(&d->signals[i]);
	loop_free(&d->loop);
	return rc ? 1 : d->status;
}

static int print_conf(const struct daemon *d)
{
	const struct conf_sight sight = {.hides_secrets = true};
	struct wr w = wr_init(CONF_MAX_LEN);
	int rc = conf_print_as(d->program->conf, d->conf, &sight, &w);

	if (!rc && (fwrite(w.bytes, 1, w.len, stdout) < w.len || fflush(stdout)))
		rc = ERR_IO;
	wr_fini(&w);
	return rc ? 1 : 0;
}

int daemon_main(const struct daemon_program *program, int argc, char **argv)
{
	struct daemon d = {
		.program = program, .n_words = argc - 1, .words = argv + (argc > 0 ? 1 : 0)};
	enum daemon_wish wish;
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];
	struct why why;
	int status;
	int rc;

	why_clear(&why);
	wish = daemon_words_wish(program->conf, d.n_words, d.words, &why);
	if (wish == DAEMON_WISH_TEXT)
		return daemon_words_print(program, d.words, d.n_words);
	d.conf = wish == DAEMON_WISH_NONSENSE ? NULL : read_conf(&d, &rc, &why);
	if (!d.conf) {
		why_print(&why, text, sizeof text);
		fprintf(stderr, "%s: %s%s\n", program->name, text,
			wish == DAEMON_WISH_NONSENSE ? " (try: --help)" : "");
		return 2;
	}
	status = wish == DAEMON_WISH_CHECK ? print_conf(&d) : run(&d);
	free_conf(&d, d.conf);
	return status;
}
