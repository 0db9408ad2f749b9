/* weir split: a capture into files by size, count or time. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "tool/capture.h"
#include "tool/copy.h"
#include "tool/output.h"
#include "tool/tools.h"

enum {
	NAME_LEN = 4096,
	NAMES_FIRST = 64,
	RECORD_EXTRA = 64, /* what a record may have besides its packet */
};

struct split {
	const struct settings *set;
	const char *name; /* of the files, with %… */
	struct output *output;
	struct source *source;
	enum trace_format format;
	bool is_prompt;
	bool is_altered;

	/* The open file's. */
	char path[NAME_LEN];
	bool is_open;
	uint64_t n_packets;
	int64_t period; /* which stretch of the clock */
	uint32_t link;

	uint64_t n_files;
	uint64_t *names; /* hashes of the names that were given in this run */
	size_t n_names;
	size_t names_size;
	struct copy *copy;
};

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return hash | 1;
}

static bool has_name(const struct split *s, uint64_t hash)
{
	if (!s->names_size)
		return false;
	for (size_t i = hash % s->names_size; s->names[i]; i = (i + 1) % s->names_size) {
		if (s->names[i] == hash)
			return true;
	}
	return false;
}

static void put_name(struct split *s, uint64_t hash)
{
	size_t i = hash % s->names_size;

	while (s->names[i])
		i = (i + 1) % s->names_size;
	s->names[i] = hash;
}

static int add_name(struct split *s, uint64_t hash)
{
	uint64_t *old = s->names;
	size_t old_size = s->names_size;

	if (2 * s->n_names >= s->names_size) {
		s->names_size = old_size ? 2 * old_size : NAMES_FIRST;
		s->names = calloc(s->names_size, sizeof *s->names);
		if (!s->names) {
			s->names = old;
			s->names_size = old_size;
			return ERR_NOMEM;
		}
		for (size_t i = 0; i < old_size; i++)
			if (old[i])
				put_name(s, old[i]);
		free(old);
	}
	put_name(s, hash);
	s->n_names++;
	return 0;
}

/* Where a counter goes into a name without one: before its suffixes. */
static size_t place_of_counter(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	const char *dot = strchr(*base == '.' ? base + 1 : base, '.');

	return dot ? (size_t)(dot - name) : strlen(name);
}

/* The name with %N as the file's number, the rest still strftime's. */
static void fill_counter(const struct split *s, char out[NAME_LEN])
{
	const char *name = s->name;
	size_t n = 0;

	for (; *name && n < NAME_LEN - 24; name++) {
		if (name[0] == '%' && name[1] == 'N') {
			n += (size_t)snprintf(out + n, NAME_LEN - n, "%05" PRIu64, s->n_files + 1);
			name++;
		} else if (name[0] == '%' && name[1]) {
			out[n++] = *name++;
			out[n++] = *name;
		} else {
			out[n++] = *name;
		}
	}
	out[n] = '\0';
}

static int insert_counter(char path[NAME_LEN], uint64_t number)
{
	char rest[NAME_LEN];
	size_t at = place_of_counter(path);

	memcpy(rest, path + at, strlen(path + at) + 1);
	return snprintf(path + at, NAME_LEN - at, "-%05" PRIu64 "%s", number, rest);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the format is the user's, as promised */
static bool print_time(char *out, size_t size, const char *format, const struct tm *tm)
{
	return strftime(out, size, format, tm) > 0;
}
#pragma GCC diagnostic pop

/* A name that this run has not given yet. t: the file's own time. */
static int make_path(struct split *s, struct nanos t, struct why *why)
{
	char format[NAME_LEN];
	time_t seconds = (time_t)nanos_to_s(t);
	struct tm tm;

	fill_counter(s, format);
	if (!gmtime_r(&seconds, &tm) || !print_time(s->path, NAME_LEN - 64, format, &tm))
		return why_set(why, ERR_USAGE, "\"%s\" makes no name of a file", s->name);
	if (!strchr(s->name, '%') || has_name(s, hash_of(s->path)))
		insert_counter(s->path, s->n_files + 1);
	if (has_name(s, hash_of(s->path)))
		return why_set(why, ERR_USAGE, "%s would be written twice", s->path);
	return add_name(s, hash_of(s->path));
}

/* Says which file was finished. */
static void tell(const struct split *s, uint64_t n_bytes)
{
	struct wr w = wr_init(1 << 16);
	struct json j = json_of(&w);

	if (s->set->json) {
		json_open(&j, '{');
		json_key(&j, "file");
		json_text(&j, s->path);
		json_key(&j, "packets");
		json_u64(&j, s->n_packets);
		json_key(&j, "bytes");
		json_u64(&j, n_bytes);
		json_close(&j, '}');
		json_line(&j);
		fwrite(w.bytes, 1, w.len, stdout);
	} else if (!s->set->quiet) {
		printf("%s  %" PRIu64 " packets  %" PRIu64 " bytes\n", s->path, s->n_packets,
		       n_bytes);
	}
	wr_fini(&w);
}

static int finish_file(struct split *s, struct why *why)
{
	uint64_t n_bytes = s->is_open ? output_n_bytes(s->output) : 0;
	int rc = s->is_open ? output_finish(s->output, s->link, why) : 0;

	if (rc == 0 && s->is_open)
		tell(s, n_bytes);
	s->is_open = false;
	return rc;
}

static int64_t period_of(const struct split *s, int64_t ns)
{
	int64_t every = s->set->every.ns;

	return ns >= 0 ? ns / every : -((every - 1 - ns) / every);
}

static int open_output(struct split *s, const struct weir_iface *iface, struct why *why)
{
	struct output_options options;
	int rc = output_options_of(&options, s->set, s->name, s->format, why);

	if (rc < 0)
		return rc;
	options.records.is_altered = s->is_altered;
	options.records.is_micro |= s->format == TRACE_PCAP && iface && iface->digits == 6;
	options.bytes.is_prompt = s->is_prompt;
	return output_new(&s->output, &options, why);
}

static int start_file(struct split *s, const struct weir_frame *f, struct why *why)
{
	struct nanos t = {f->time_ns};
	int rc = finish_file(s, why);

	s->n_packets = 0;
	if (s->set->every.ns > 0) {
		s->period = period_of(s, f->time_ns);
		t.ns = s->period * s->set->every.ns;
	}
	if (!rc)
		rc = make_path(s, t, why);
	if (!rc)
		rc = output_next(s->output, s->path, why);
	if (rc < 0)
		return rc;
	s->n_files++;
	s->is_open = true;
	s->link = f->link;
	return 0;
}

/* Whether the packet belongs into another file than the open one. A packet that comes late stays
 * in the file that is open. */
static bool is_next(const struct split *s, const struct weir_frame *f)
{
	const struct settings *set = s->set;

	if (!s->is_open)
		return true;
	if (set->count && s->n_packets >= set->count)
		return true;
	if (set->bytes && s->n_packets &&
	    output_n_bytes(s->output) + f->cap_len + RECORD_EXTRA > set->bytes)
		return true;
	return set->every.ns > 0 && !(f->flags & WEIR_FRAME_NO_TIME) &&
	       period_of(s, f->time_ns) > s->period;
}

static int frame(void *arg, const struct weir_frame *f, struct why *why)
{
	struct split *s = arg;
	const struct weir_iface *iface = source_iface(s->source, f->iface);
	int rc = s->output ? 0 : open_output(s, iface, why);

	if (!rc && f->kind == WEIR_FRAME_PACKET && is_next(s, f)) {
		if (s->set->max_files && s->n_files == s->set->max_files) {
			copy_end(s->copy);
			return 0;
		}
		rc = start_file(s, f, why);
	}
	if (!rc)
		rc = output_frame(s->output, f, iface, why);
	s->n_packets += f->kind == WEIR_FRAME_PACKET;
	return rc;
}

static int opened(void *arg, struct source *source, bool is_prompt, struct why *why)
{
	struct split *s = arg;

	(void)why;
	s->source = source;
	s->format = source_format(source);
	s->is_prompt = is_prompt;
	if (s->output)
		output_source(s->output, s->format == TRACE_PCAP ? TRACE_UNKNOWN : s->format);
	return 0;
}

static int pause_output(void *arg, struct why *why)
{
	struct split *s = arg;

	return s->is_open ? output_flush(s->output, why) : 0;
}

static int check(const struct split *s, struct why *why)
{
	if (!s->set->count && !s->set->bytes && s->set->every.ns <= 0)
		return why_set(why, ERR_USAGE, "say where to split: -c, -b or -i");
	if (strcmp(s->name, "-") == 0 || strlen(s->name) > NAME_LEN / 4)
		return why_set(why, ERR_USAGE, "\"%s\" is no name for files", s->name);
	return 0;
}

static int split(struct split *s, char *const *inputs, int n, struct why *why)
{
	struct pick pick;
	struct copy copy = {.set = s->set,
			    .pick = &pick,
			    .wants_meta = true,
			    .arg = s,
			    .opened = opened,
			    .frame = frame,
			    .pause = pause_output};
	int rc, status = check(s, why);

	if (status < 0)
		return status;
	status = pick_init(&pick, s->set, why);
	if (status == 0) {
		s->copy = &copy;
		s->is_altered = !pick_is_all(&pick) || s->set->snap;
		status = copy_run(&copy, "split", inputs, n, why);
	}
	pick_fini(&pick);
	rc = finish_file(s, why);
	return rc < 0 && status >= 0 ? rc : status;
}

static int run(const struct settings *set, int n, char **operands)
{
	struct split s = {.set = set, .name = operands[n - 1]};
	struct why why;
	int status;

	why_clear(&why);
	status = split(&s, operands, n - 1, &why);
	output_free(&s.output);
	free(s.names);
	if (status < 0)
		return output_fail("split", status, &why);
	return capture_close_output("split") ? 1 : status;
}

static const enum option options[] = {
	OPTION_count,         OPTION_bytes,     OPTION_every,      OPTION_max_files,  OPTION_filter,
	OPTION_write,         OPTION_compress,  OPTION_snap,       OPTION_from,       OPTION_to,
	OPTION_packets,       OPTION_direction, OPTION_micro,      OPTION_big_endian, OPTION_json,
	OPTION_threads,       OPTION_quiet,     OPTION_no_promisc, OPTION_block_size, OPTION_blocks,
	OPTION_hardware_time, OPTION_N,
};

const struct tool split_tool = {
	.name = "split",
	.doc = "a capture into files by size, count or time",
	.operands = "CAPTURE... NAME",
	.min_operands = 2,
	.max_operands = -1,
	.options = options,
	.run = run,
	.details =
		"In NAME, %N is the file's number and the rest is as for strftime(3), in UTC, of "
		"the\n"
		"file's first packet (with -i, of its stretch of the clock): "
		"cap-%Y%m%d-%H%M%S.pcap.\n"
		"A number is put before the suffix where NAME has no %, and where a name has been\n"
		"given before. A file is called NAME.part until it is finished. Of each finished "
		"file\n"
		"name, packets and bytes (before compression) are printed.\n",
};
