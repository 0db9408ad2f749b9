#include "collection/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cap/card.h"
#include "collection/crew.h"
#include "jail/jail.h"

enum {
	AGAIN_MS = 2000, /* until an interface that is not there is looked for again */
	NAP_MS = 10,
	QUIET_MS = 20, /* that an interface may keep a packet back, and more */
	BLOCK_SIZE = 256 << 10,
	MIN_RING_BLOCK = 128 << 10,
	MAX_RING_BLOCK = 512 << 10,
	RING_BLOCKS = 512, /* half a second of a slow network, with a delay of 1 ms */
	NEVER = 0,
};

enum input_state { INPUT_OPENING, INPUT_RUNNING, INPUT_ENDED };

struct input {
	struct inputs *inputs;
	const struct collection_input *settings;
	struct intercept_input program; /* the engine's argument */
	pthread_t thread;
	bool has_thread;
	_Atomic int state;
	int64_t shift_ns; /* of a replayed capture's times; its one worker's */
	bool has_shift;
	int64_t left_ahead_ns;    /* pulse_ahead_ns when it was captured last */
	bool may_be_silent;       /* an interface, or a pipe */
	_Atomic int64_t quiet_ns; /* it was idle, and all before had its turn */
	pthread_mutex_t lock;     /* of source, engine, total and gap */
	struct source *source;
	struct engine *engine;
	struct source_stats total; /* of sources that were closed */
	struct input_gap gap;      /* before it was opened last; until 0: none */
	struct card card;          /* the loop's thread's; of an interface */
	bool is_gap_new;
};

struct inputs {
	struct inputs_options options;
	struct input *at;
	size_t n;
	struct junction *junction; /* NULL: there is one input */
	int cards;                 /* socket for card_look; -1: none */
	int ender;                 /* readable once is_ending, for a source that opens */
	_Atomic bool is_ending;
};

static int64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * NANOS_PER_S + t.tv_nsec;
}

static void nap(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * (long)NANOS_PER_MS};

	nanosleep(&t, NULL);
}

static bool is_ending(const struct input *in)
{
	return atomic_load(&in->inputs->is_ending);
}

/* A capture that begins now: all of its times are moved by the same span. */
static void shift_times(const struct input *in, struct weir_frame *frames, int n)
{
	for (int i = 0; i < n; i++)
		frames[i].time_ns += in->shift_ns;
}

/* Until the clock has come as far from the capture's beginning as its packets have. */
static int keep_pace(void *arg, struct nanos *due)
{
	struct input *in = arg;
	int64_t ahead_ns = in->settings->times == COLLECTION_TIMES_OWN ? in->shift_ns : 0;
	int64_t now_ns;

	while ((now_ns = wall_ns()) < due->ns + ahead_ns && !is_ending(in))
		nap(due->ns + ahead_ns - now_ns > NAP_MS * (int64_t)NANOS_PER_MS ? NAP_MS : 1);
	if (now_ns < due->ns + ahead_ns)
		return ERR_STOPPED; /* the rest has not happened yet */
	due->ns = now_ns - ahead_ns;
	return 0;
}

static int before(void *arg, struct weir_frame *frames, int n)
{
	struct input *in = arg;

	if (!in->has_shift) {
		in->shift_ns = wall_ns() - frames[0].time_ns;
		in->has_shift = true;
	}
	if (in->settings->times == COLLECTION_TIMES_NOW)
		shift_times(in, frames, n);
	return 0;
}

/* Nothing has come for a while: what may be on its way is younger than the lag. A capture in a file
 * is never silent, only slow. */
static void idle(void *arg)
{
	struct input *in = arg;

	atomic_store(&in->quiet_ns, wall_ns() - QUIET_MS * (int64_t)NANOS_PER_MS);
	if (in->may_be_silent && in->inputs->junction)
		junction_quiet(in->inputs->junction, in->program.branch,
			       wall_ns() - in->inputs->options.settings->lag.ns);
}

static void add_stats(struct source_stats *to, const struct source_stats *s)
{
	to->received += s->received;
	to->dropped += s->dropped;
	to->filtered += s->filtered;
	to->errors += s->errors;
	to->bytes += s->bytes;
	to->returns += s->returns;
}

static bool is_live(const struct input *in)
{
	return !strncmp(in->settings->uri, "int:", 4);
}

/* Nobody waits for it until it is opened again. */
static void go_away(const struct input *in)
{
	if (in->inputs->junction)
		junction_leave(in->inputs->junction, in->program.branch);
}

static void come_back(const struct input *in)
{
	if (in->inputs->junction)
		junction_join(in->inputs->junction, in->program.branch);
}

/* Blocks of the ring: the longer they are, the less often the kernel wakes us, and the fewer wait
 * where packets are few and the delay ends each of them. */
static uint32_t ring_block_size(uint64_t buffer)
{
	uint64_t size = buffer / RING_BLOCKS;

	if (size < MIN_RING_BLOCK)
		return MIN_RING_BLOCK;
	return size < MAX_RING_BLOCK ? (uint32_t)size : MAX_RING_BLOCK;
}

static int open_source(struct input *in, struct source **source, struct why *why)
{
	const struct collection_input *s = in->settings;
	uint64_t buffer = (uint64_t)s->buffer << 20;
	uint32_t usual = is_live(in) ? ring_block_size(buffer) : BLOCK_SIZE;
	uint32_t block_size = s->block_size ? (uint32_t)s->block_size : usual;
	uint64_t n_blocks = buffer / block_size;
	struct source_options options = {
		.n_queues = 1, /* one queue has one order, however many workers there are */
		.block_size = block_size,
		.n_blocks = is_live(in) ? (uint32_t)n_blocks : 0,
		.filter = s->filter,
		.delay = s->delay,
		.wait = {in->inputs->junction ? NAP_MS * (int64_t)NANOS_PER_MS : 0},
		.is_attended = true,
		.ender = &in->inputs->ender,
		.enter = jail_parser, /* what unpacks reads what others sent, too */
	};

	return source_open(source, s->uri, &options, why);
}

/* A FIFO is opened when somebody writes into it: to open it blocks until then, and could not be
 * ended. Both of its ends are held until the source has it, so that nothing in it gets lost. */
struct fifo {
	int out, in;
};

static void fifo_close(struct fifo *f)
{
	if (f->out >= 0)
		close(f->out);
	if (f->in >= 0)
		close(f->in);
}

static int fifo_await(struct input *in, struct fifo *f)
{
	const char *path = in->settings->uri;
	const char *behind = strchr(path, ':'); /* of "pcap:PATH" */
	struct pollfd poll_out = {.events = POLLIN};
	struct stat st;

	*f = (struct fifo){-1, -1};
	if (behind && stat(path, &st))
		path = behind + 1;
	in->may_be_silent = is_live(in) || stat(path, &st) || !S_ISREG(st.st_mode);
	if (stat(path, &st) || !S_ISFIFO(st.st_mode))
		return 0;
	go_away(in);
	f->out = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	poll_out.fd = f->out;
	while (f->out >= 0 && !is_ending(in)) {
		if (poll(&poll_out, 1, NAP_MS * 10) <= 0)
			continue;
		f->in = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		come_back(in);
		return f->in < 0 ? err_of_errno(errno) : 0;
	}
	return is_ending(in) ? ERR_STOPPED : err_of_errno(errno);
}

/* All of its packets up to this moment had their turn; 0: it had none. */
static int64_t reached_ns(struct input *in)
{
	int64_t passed_ns = atomic_load(&in->program.passed_ns);
	int64_t quiet_ns = atomic_load(&in->quiet_ns);

	return passed_ns > quiet_ns ? passed_ns : quiet_ns;
}

/* An interface was opened: since it was captured last, by us or by another process, nobody did. */
static void note_gap(struct input *in)
{
	struct input_gap gap = {.uri = in->settings->uri, .until = {wall_ns()}};

	gap.from.ns = reached_ns(in);
	if (gap.from.ns) /* by the clock as it is now */
		gap.from.ns += pulse_ahead_ns() - in->left_ahead_ns;
	else
		gap.from = pulse_last(in->inputs->options.pulse, gap.uri);
	if (!is_live(in) || !gap.from.ns)
		return;
	if (gap.from.ns >= gap.until.ns) {
		gap = (struct input_gap){in->settings->uri, gap.until, gap.from, true};
		gap.until.ns += gap.until.ns == gap.from.ns;
	}
	pthread_mutex_lock(&in->lock);
	in->gap = gap;
	in->is_gap_new = true;
	pthread_mutex_unlock(&in->lock);
}

static int run_engine(struct input *in, struct source *source, struct why *why)
{
	/* a replay has one worker, who sees the capture's first packet first */
	const struct engine_options options = {
		.n_workers = in->program.before ? 1 : (int)in->settings->workers};
	struct engine *engine;
	struct source_stats stats;
	int rc = engine_new(&engine, source, crew_callbacks(), &options, &in->program);

	if (rc)
		return why_set(why, rc, "%s", err_text(rc));
	pthread_mutex_lock(&in->lock);
	in->source = source;
	in->engine = engine;
	pthread_mutex_unlock(&in->lock);
	atomic_store(&in->state, INPUT_RUNNING);
	if (is_ending(in))
		engine_stop(engine);
	rc = crew_run(engine, source);
	in->left_ahead_ns = pulse_ahead_ns();
	stats = source_stats(source);
	pthread_mutex_lock(&in->lock);
	add_stats(&in->total, &stats);
	in->source = NULL;
	in->engine = NULL;
	pthread_mutex_unlock(&in->lock);
	if (rc && rc != ERR_STOPPED)
		*why = source_why(source)->text[0] ? *source_why(source)
						   : *intercept_why(in->inputs->options.intercept);
	engine_free(&engine);
	return rc;
}

/* Opens and runs it once. Whether it may be tried again. */
static bool run_once(struct input *in, bool *was_told)
{
	struct source *source = NULL;
	struct why why;
	char text[WHY_TEXT_LEN + WHY_PLACE_LEN];
	struct fifo fifo;
	int rc;

	why_clear(&why);
	rc = fifo_await(in, &fifo);
	if (!rc)
		rc = open_source(in, &source, &why);
	fifo_close(&fifo);
	if (!rc) {
		*was_told = false;
		log_info("input %s: open", in->settings->uri);
		note_gap(in);
		rc = run_engine(in, source, &why);
	}
	source_close(&source);
	if (is_ending(in))
		return false;
	if (rc) {
		(void)why_set(&why, rc, "%s", err_text(rc));
		why_print(&why, text, sizeof text);
		if (!*was_told)
			log_error("input %s: %s", in->settings->uri, text);
		*was_told = true;
		return is_live(in);
	}
	log_info("input %s: read to its end", in->settings->uri);
	return is_live(in);
}

static void *run(void *arg)
{
	struct input *in = arg;
	bool was_told = false;

	while (!is_ending(in) && run_once(in, &was_told)) {
		atomic_store(&in->state, INPUT_OPENING);
		go_away(in);
		for (int ms = 0; ms < AGAIN_MS && !is_ending(in); ms += NAP_MS)
			nap(NAP_MS);
		come_back(in);
	}
	atomic_store(&in->state, INPUT_ENDED);
	go_away(in);
	return NULL;
}

/* What is lost before it comes to the ring; of an interface that is one. */
static void look_at_card(struct input *in)
{
	const char *name = in->settings->uri + strlen("int:");

	if (in->inputs->cards < 0 || !is_live(in))
		return;
	/* one that is not there has no counters to add */
	(void)!card_look(in->inputs->cards, name, &in->card);
}

static void init_input(struct inputs *inputs, size_t i)
{
	const struct collection_settings *settings = inputs->options.settings;
	struct input *in = &inputs->at[i];
	bool is_replay = settings->inputs.items[i].times == COLLECTION_TIMES_NOW ||
			 settings->inputs.items[i].pace == COLLECTION_PACE_OWN;

	in->inputs = inputs;
	in->settings = &settings->inputs.items[i];
	in->program = (struct intercept_input){
		.intercept = inputs->options.intercept,
		.before = is_replay ? before : NULL,
		.pace = settings->inputs.items[i].pace == COLLECTION_PACE_OWN ? keep_pace : NULL,
		.idle = idle,
		.arg = in,
		.junction = inputs->junction,
		.branch = (unsigned)i,
	};
	pthread_mutex_init(&in->lock, NULL);
	look_at_card(in);
}

int inputs_new(struct inputs **out, const struct inputs_options *options, struct why *why)
{
	struct inputs *inputs = calloc(1, sizeof *inputs);
	size_t n = options->settings->inputs.n;
	int rc = inputs ? 0 : ERR_NOMEM;

	if (inputs) {
		inputs->options = *options;
		inputs->ender = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (card_open(&inputs->cards))
			log_warn("the counters of network cards cannot be asked for");
		inputs->at = calloc(n + 1, sizeof *inputs->at);
		inputs->n = inputs->at ? n : 0;
		rc = inputs->at && inputs->ender >= 0 ? 0 : ERR_NOMEM;
	}
	if (!rc && n > 1)
		rc = junction_new(&inputs->junction, (unsigned)n);
	for (size_t i = 0; !rc && i < n; i++)
		init_input(inputs, i);
	for (size_t i = 0; !rc && i < n; i++) {
		struct input *in = &inputs->at[i];

		in->has_thread = pthread_create(&in->thread, NULL, run, in) == 0;
		rc = in->has_thread ? 0 : ERR_NOMEM;
	}
	if (rc) {
		why_set(why, rc, "%s", err_text(rc));
		inputs_free(&inputs);
	}
	*out = inputs;
	return rc;
}

static void beat_until(struct inputs *inputs, int64_t now_ns)
{
	for (size_t i = 0; inputs->options.pulse && i < inputs->n; i++) {
		struct input *in = &inputs->at[i];
		int64_t ns = reached_ns(in);
		bool is_gap_new;

		/* until somebody has heard of its gap, that begins where it was */
		pthread_mutex_lock(&in->lock);
		is_gap_new = in->is_gap_new;
		pthread_mutex_unlock(&in->lock);
		if (ns && !is_gap_new)
			pulse_beat(inputs->options.pulse, in->settings->uri,
				   (struct nanos){ns < now_ns ? ns : now_ns});
	}
}

/* Of those that open a source still, and have nothing that could be stopped. */
static void end_openings(const struct inputs *inputs)
{
	uint64_t one = 1;

	if (inputs->ender >= 0 && write(inputs->ender, &one, sizeof one) < 0)
		log_error("inputs cannot be told to end: %s", strerror(errno));
}

void inputs_free(struct inputs **ip)
{
	struct inputs *inputs = *ip;
	int64_t ended_ns;

	if (!inputs)
		return;
	atomic_store(&inputs->is_ending, true);
	ended_ns = wall_ns();
	for (size_t i = 0; i < inputs->n; i++) {
		pthread_mutex_lock(&inputs->at[i].lock);
		if (inputs->at[i].source && is_live(&inputs->at[i]))
			source_finish(inputs->at[i].source); /* what its ring has is delivered */
		else if (inputs->at[i].engine)
			engine_stop(inputs->at[i].engine);
		pthread_mutex_unlock(&inputs->at[i].lock);
	}
	end_openings(inputs);
	for (size_t i = 0; i < inputs->n; i++) {
		if (inputs->at[i].has_thread)
			pthread_join(inputs->at[i].thread, NULL);
	}
	junction_free(&inputs->junction);
	beat_until(inputs, ended_ns);
	for (size_t i = 0; i < inputs->n; i++)
		pthread_mutex_destroy(&inputs->at[i].lock);
	if (inputs->cards >= 0)
		close(inputs->cards);
	if (inputs->ender >= 0)
		close(inputs->ender);
	free(inputs->at);
	free(inputs);
	*ip = NULL;
}

void inputs_beat(struct inputs *inputs)
{
	beat_until(inputs, wall_ns());
}

bool inputs_next_gap(struct inputs *inputs, struct input_gap *out)
{
	bool is_new = false;

	for (size_t i = 0; !is_new && i < inputs->n; i++) {
		struct input *in = &inputs->at[i];

		pthread_mutex_lock(&in->lock);
		is_new = in->is_gap_new;
		in->is_gap_new = false;
		*out = in->gap;
		pthread_mutex_unlock(&in->lock);
	}
	return is_new;
}

static void put_number(struct json *j, const char *key, uint64_t n)
{
	json_key(j, key);
	json_u64(j, n);
}

static struct source_stats stats_of(struct input *in)
{
	struct source_stats stats;

	pthread_mutex_lock(&in->lock);
	stats = in->total;
	if (in->source) {
		struct source_stats now = source_stats(in->source);

		add_stats(&stats, &now);
	}
	pthread_mutex_unlock(&in->lock);
	return stats;
}

bool inputs_look(struct inputs *inputs, size_t i, struct input_look *out)
{
	struct input *in = i < inputs->n ? &inputs->at[i] : NULL;
	struct source_stats stats;

	if (!in)
		return false;
	look_at_card(in);
	stats = stats_of(in);
	*out = (struct input_look){
		.uri = in->settings->uri,
		.n_dropped = stats.dropped,
		.n_returns = stats.returns,
		.n_card = card_n_lost(&in->card),
		.is_down = is_live(in) && (atomic_load(&in->state) == INPUT_OPENING ||
					   (in->card.is_known && !in->card.is_there)),
	};
	return true;
}

static void print_card(struct input *in, struct json *j)
{
	look_at_card(in);
	if (!in->card.is_known)
		return;
	put_number(j, "card_lost", card_n_lost(&in->card));
	json_key(j, "card"), json_open(j, '{');
	for (int k = 0; k < CARD_N_COUNTERS; k++)
		put_number(j, card_counters[k].key, in->card.n[k]);
	json_close(j, '}');
}

void inputs_status(struct inputs *inputs, struct json *j)
{
	static const char *const states[] = {"opening", "running", "ended"};

	json_open(j, '[');
	for (size_t i = 0; inputs && i < inputs->n; i++) {
		struct input *in = &inputs->at[i];
		struct source_stats stats = stats_of(in);
		struct input_gap gap;

		pthread_mutex_lock(&in->lock);
		gap = in->gap;
		pthread_mutex_unlock(&in->lock);
		json_open(j, '{');
		json_key(j, "uri");
		json_text(j, in->settings->uri);
		json_key(j, "state");
		json_text(j, states[atomic_load(&in->state)]);
		put_number(j, "received", stats.received);
		put_number(j, "dropped", stats.dropped);
		put_number(j, "filtered", stats.filtered);
		put_number(j, "errors", stats.errors);
		put_number(j, "octets", stats.bytes);
		put_number(j, "returns", stats.returns);
		put_number(j, "late", atomic_load(&in->program.n_late));
		print_card(in, j);
		if (gap.until.ns) {
			json_key(j, "gap"), json_open(j, '{');
			json_key(j, "from"), json_time(j, gap.from);
			json_key(j, "until"), json_time(j, gap.until);
			json_close(j, '}');
		}
		json_close(j, '}');
	}
	json_close(j, ']');
}
