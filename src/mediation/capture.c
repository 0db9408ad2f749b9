#include "mediation/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/rd.h"
#include "base/wr.h"
#include "mediation/file.h"
#include "trace/writer.h"

enum {
	LINKTYPE_RAW = 101,
	PCAP_HEADER_LEN = 24,
	HELD_MAX = 64 << 20, /* bytes of one file that wait to be written */
	MARK_LEN = 32,
	MAX_NAMESAKES = 1000,
	HIDDEN_LEN = CAPTURE_SAFE_LEN + 8,
};

#define MARK_CHECK UINT64_C(0x7765697263617031)

struct capture {
	struct capture *next;
	char safe[CAPTURE_SAFE_LEN];
	struct trace_writer *writer;
	struct wr held;
	uint64_t offset;    /* packets before it are in a file */
	uint64_t size;      /* bytes of the unfinished file; 0: there is none */
	struct nanos begun; /* when that was begun */
};

struct captures {
	struct capture_rules rules;
	char *folder, *template;
	int dir;
	struct capture *list;
	bool is_full; /* a file has its size, with what is held for it */
	struct captures_stats stats;
};

/* ---- names ---- */

bool capture_template_is_good(const char *template)
{
	return strstr(template, "%L") && !strchr(template, '/') && template[0] != '.' &&
	       strlen(template) < CAPTURE_NAME_LEN - CAPTURE_SAFE_LEN;
}

static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '-' || c == '_';
}

void capture_safe(const struct etsi_octets *liid, char out[CAPTURE_SAFE_LEN])
{
	struct wr w = wr_of(out, CAPTURE_SAFE_LEN - 1);

	for (size_t i = 0; i < liid->len; i++) {
		if (is_plain(liid->bytes[i]))
			wr_u8(&w, liid->bytes[i]);
		else
			wr_text(&w, "=%02X", liid->bytes[i]);
	}
	out[w.len] = '\0';
}

int capture_name(const char *template, const char *safe, struct nanos begun,
		 char out[CAPTURE_NAME_LEN])
{
	char filled[CAPTURE_NAME_LEN];
	struct wr w = wr_of(filled, sizeof filled - 1);
	time_t s = (time_t)nanos_to_s(begun);
	struct tm tm;

	for (const char *at = template; *at; at++) {
		if (at[0] == '%' && at[1] == 'L') {
			wr_text(&w, "%s", safe);
			at++;
		} else {
			wr_u8(&w, (uint8_t)*at);
			if (at[0] == '%' && at[1])
				wr_u8(&w, (uint8_t) * ++at);
		}
	}
	filled[w.len] = '\0';
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the template is the operator's own */
	if (!w.ok || !gmtime_r(&s, &tm) || !strftime(out, CAPTURE_NAME_LEN, filled, &tm))
		return ERR_USAGE;
#pragma GCC diagnostic pop
	return strchr(out, '/') ? ERR_USAGE : 0;
}

static void hidden(const struct capture *f, const char *suffix, char out[HIDDEN_LEN])
{
	struct wr w = wr_of(out, HIDDEN_LEN - 1);

	wr_text(&w, ".%s%s", f->safe, suffix);
	out[w.len] = '\0';
}

static int failed(const struct captures *c, const char *name, struct why *why)
{
	int errnum = errno;

	return why_set(why, err_of_errno(errnum), "%s/%s: %s", c->folder, name, strerror(errnum));
}

/* ---- marks ---- */

static int write_mark(struct captures *c, const struct capture *f, struct why *why)
{
	char name[HIDDEN_LEN];
	uint8_t octets[MARK_LEN];
	struct wr w = wr_of(octets, sizeof octets);
	int fd;

	hidden(f, ".mark", name);
	wr_u64(&w, f->offset);
	wr_u64(&w, f->size);
	wr_u64(&w, (uint64_t)f->begun.ns);
	wr_u64(&w, f->offset ^ f->size ^ (uint64_t)f->begun.ns ^ MARK_CHECK);
	fd = openat(c->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	if (fd < 0 || pwrite(fd, octets, sizeof octets, 0) != sizeof octets) {
		(void)failed(c, name, why);
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	close(fd);
	return 0;
}

static void read_mark(struct captures *c, struct capture *f)
{
	char name[HIDDEN_LEN];
	uint8_t octets[MARK_LEN];
	struct rd r = rd_of(octets, sizeof octets);
	uint64_t offset, size, begun;
	int fd;

	hidden(f, ".mark", name);
	fd = openat(c->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return;
	if (pread(fd, octets, sizeof octets, 0) == sizeof octets) {
		offset = rd_u64(&r);
		size = rd_u64(&r);
		begun = rd_u64(&r);
		if (rd_u64(&r) == (offset ^ size ^ begun ^ MARK_CHECK)) {
			f->offset = offset;
			f->size = size;
			f->begun.ns = (int64_t)begun;
		}
	}
	close(fd);
}

/* Takes up what is left of an unfinished file: as long as its mark says. The writer then believes
 * that it has written the header. */
static int resume(struct captures *c, struct capture *f)
{
	uint8_t octets[PCAP_HEADER_LEN];
	struct wr header = wr_of(octets, sizeof octets);
	char name[HIDDEN_LEN];
	struct stat st;
	int fd;

	read_mark(c, f);
	hidden(f, ".part", name);
	fd = openat(c->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) || (uint64_t)st.st_size < f->size ||
	    ftruncate(fd, (off_t)f->size))
		f->size = 0; /* it got its name before its mark was written */
	if (fd >= 0)
		close(fd);
	return f->size ? trace_writer_end(f->writer, &header, LINKTYPE_RAW) : 0;
}

static int new_writer(struct capture *f)
{
	struct trace_writer_options options = {.format = TRACE_PCAP, .is_micro = true};

	trace_writer_free(&f->writer);
	return trace_writer_new(&f->writer, &options);
}

static struct capture *capture_of(struct captures *c, const char *safe)
{
	struct capture *f = c->list;

	while (f && strcmp(f->safe, safe))
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	memcpy(f->safe, safe, strlen(safe) + 1);
	f->held = wr_init(HELD_MAX);
	if (new_writer(f) || resume(c, f)) {
		trace_writer_free(&f->writer);
		free(f);
		return NULL;
	}
	f->next = c->list;
	c->list = f;
	return f;
}

/* ---- the whole ---- */

static int find_unfinished(struct captures *c, struct why *why)
{
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	char safe[CAPTURE_SAFE_LEN];
	struct dirent *entry;

	if (!folder) {
		if (fd >= 0)
			close(fd);
		return failed(c, "", why);
	}
	while (!rc && (entry = readdir(folder))) {
		const char *end = strstr(entry->d_name, ".part");
		size_t len = end ? (size_t)(end - entry->d_name) : 0;

		if (entry->d_name[0] != '.' || len < 2 || end[5] || len > sizeof safe)
			continue;
		memcpy(safe, entry->d_name + 1, len - 1);
		safe[len - 1] = '\0';
		if (!capture_of(c, safe))
			rc = ERR_NOMEM;
	}
	closedir(folder);
	return rc;
}

static int take_rules(struct captures *c, const struct capture_rules *rules)
{
	char *folder = strdup(rules->folder), *template = strdup(rules->template);

	if (!folder || !template) {
		free(folder);
		free(template);
		return ERR_NOMEM;
	}
	free(c->folder);
	free(c->template);
	c->folder = folder;
	c->template = template;
	c->rules = *rules;
	return 0;
}

int captures_new(struct captures **out, const struct capture_rules *rules, struct why *why)
{
	struct captures *c = calloc(1, sizeof *c);
	int rc = c ? 0 : ERR_NOMEM;

	if (!rc) {
		c->dir = -1;
		rc = take_rules(c, rules);
	}
	if (!rc)
		rc = file_folder(rules->folder, why);
	if (!rc) {
		c->dir = open(rules->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = c->dir < 0 ? failed(c, "", why) : find_unfinished(c, why);
	}
	if (rc)
		captures_free(&c);
	*out = c;
	return rc;
}

void captures_free(struct captures **captures)
{
	struct captures *c = *captures;
	struct capture *f;

	*captures = NULL;
	if (!c)
		return;
	while ((f = c->list)) {
		c->list = f->next;
		trace_writer_free(&f->writer);
		wr_fini(&f->held);
		free(f);
	}
	if (c->dir >= 0)
		close(c->dir);
	free(c->folder);
	free(c->template);
	free(c);
}

/* Gives the unfinished file its name, and where another has it, a number behind it. */
static int give_name(struct captures *c, const struct capture *f, struct why *why)
{
	char part[HIDDEN_LEN], name[CAPTURE_NAME_LEN], other[CAPTURE_NAME_LEN + 8];
	struct wr w;

	hidden(f, ".part", part);
	if (capture_name(c->template, f->safe, f->begun, name))
		return why_set(why, ERR_USAGE, "the template %s gives no name", c->template);
	for (int i = 0; i < MAX_NAMESAKES; i++) {
		w = wr_of(other, sizeof other - 1);
		wr_text(&w, i ? "%s.%d" : "%s", name, i);
		other[w.len] = '\0';
		if (!renameat2(c->dir, part, c->dir, other, RENAME_NOREPLACE))
			return 0;
		if (errno != EEXIST)
			break;
	}
	return failed(c, name, why);
}

static int finish(struct captures *c, struct capture *f, struct why *why)
{
	int rc = f->size ? give_name(c, f, why) : 0;

	if (rc || !f->size)
		return rc;
	c->stats.n_files++;
	f->size = 0;
	rc = write_mark(c, f, why);
	if (!rc)
		rc = new_writer(f);
	return rc;
}

/* What is held, behind what the file has. A file that goes on has its header already. */
static int write_held(struct captures *c, struct capture *f, struct nanos now, struct why *why)
{
	char name[HIDDEN_LEN];
	int fd, flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (f->size ? 0 : O_TRUNC);
	size_t done = 0;
	ssize_t n = 0;

	hidden(f, ".part", name);
	fd = openat(c->dir, name, flags, S_IRUSR | S_IWUSR);
	while (fd >= 0 && done < f->held.len &&
	       ((n = pwrite(fd, f->held.bytes + done, f->held.len - done,
			    (off_t)(f->size + done))) > 0 ||
		errno == EINTR))
		done += (size_t)(n > 0 ? n : 0);
	if (fd < 0 || done < f->held.len) {
		(void)failed(c, name, why);
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	close(fd);
	if (!f->size)
		f->begun = now;
	f->size += done;
	wr_reset(&f->held);
	return 0;
}

static bool is_over(const struct captures *c, const struct capture *f, struct nanos now)
{
	int64_t span = c->rules.rotation.ns;

	return f->size && ((c->rules.size && f->size >= c->rules.size) ||
			   (span && f->begun.ns / span != now.ns / span));
}

int captures_flush(struct captures *c, uint64_t offset, struct nanos now, struct why *why)
{
	int rc = 0;

	c->is_full = false;
	for (struct capture *f = c->list; f && !rc; f = f->next) {
		if (!f->held.len)
			continue;
		rc = write_held(c, f, now, why);
		if (!rc) {
			f->offset = offset;
			rc = write_mark(c, f, why);
		}
		if (!rc && is_over(c, f, now))
			rc = finish(c, f, why);
	}
	return rc;
}

int captures_add(struct captures *c, const struct etsi_record *record, uint64_t offset,
		 struct nanos now, struct why *why)
{
	char safe[CAPTURE_SAFE_LEN];
	struct weir_iface iface = {.link = LINKTYPE_RAW, .digits = 6};
	struct etsi_octets left = record->parts;
	struct etsi_part part;
	struct capture *f;
	int rc = c->is_full ? captures_flush(c, offset, now, why) : 0;

	if (rc)
		return rc;
	capture_safe(&record->liid, safe);
	f = capture_of(c, safe);
	if (!f)
		return ERR_NOMEM;
	if (offset < f->offset)
		return 0;
	if (is_over(c, f, now) && !f->held.len)
		rc = finish(c, f, why);
	while (!rc && etsi_part_next(record, &left, &part)) {
		struct weir_frame frame = {.bytes = part.content.bytes,
					   .time_ns = part.time.ns,
					   .cap_len = (uint32_t)part.content.len,
					   .wire_len = (uint32_t)part.original_len,
					   .link = LINKTYPE_RAW};

		if (!part.content.bytes)
			continue;
		rc = trace_writer_frame(f->writer, &f->held, &frame, &iface, why);
		c->stats.n_packets++;
	}
	if (c->rules.size && f->size + f->held.len >= c->rules.size)
		c->is_full = true;
	return rc;
}

int captures_tick(struct captures *c, struct nanos now, struct why *why)
{
	int rc = 0;

	for (struct capture *f = c->list; f && !rc; f = f->next)
		if (is_over(c, f, now) && !f->held.len)
			rc = finish(c, f, why);
	return rc;
}

int captures_finish(struct captures *c, struct why *why)
{
	int rc = 0;

	for (struct capture *f = c->list; f && !rc; f = f->next)
		rc = finish(c, f, why);
	return rc;
}

struct captures_stats captures_stats(const struct captures *c)
{
	return c->stats;
}
