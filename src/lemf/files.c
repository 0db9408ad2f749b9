#include "lemf/files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wr.h"
#include "lemf/hash.h"
#include "trace/writer.h"

enum {
	MAX_FILES = 65536,
	MAX_OPEN = 64,
	N_SLOTS = 1 << 12,
	WAITING_LEN = 64 << 10,
	MAX_WAITING = TRACE_MAX_RECORD + WAITING_LEN,
	LINK_RAW = 101, /* LINKTYPE_RAW */
	NAME_LEN = 100, /* of 25 octets, each %XX, and ".pcap" */
	PATH_LEN = 4096,
};

struct file {
	struct file *same_slot;
	struct file *newer, *older; /* of the open ones */
	char name[NAME_LEN];
	struct trace_writer *writer; /* NULL: a stream */
	struct wr waiting;
	int fd;        /* -1: closed for now */
	bool was_open; /* from now on it is appended to */
	int failed;    /* it cannot be written: why */
};

struct lemf_files {
	char *dir;
	bool is_forced;
	struct file streams[LEMF_N_SIDES];
	struct file *slots[N_SLOTS];
	struct file *newest, *oldest;
	int n_open, n;
	struct why why; /* the first failure */
};

/* ---- one file ---- */

static void leave_row(struct lemf_files *f, struct file *file)
{
	*(file->newer ? &file->newer->older : &f->newest) = file->older;
	*(file->older ? &file->older->newer : &f->oldest) = file->newer;
	file->newer = file->older = NULL;
	f->n_open--;
}

static void enter_row(struct lemf_files *f, struct file *file)
{
	file->older = f->newest;
	file->newer = NULL;
	*(f->newest ? &f->newest->newer : &f->oldest) = file;
	f->newest = file;
	f->n_open++;
}

static int fail(struct lemf_files *f, struct file *file, int rc, const char *text)
{
	char path[PATH_LEN];

	snprintf(path, sizeof path, "%s/%s", f->dir, file->name);
	why_set(&f->why, rc, "%s", text);
	why_place(&f->why, path);
	file->failed = rc;
	wr_reset(&file->waiting);
	return rc;
}

static int write_waiting(struct lemf_files *f, struct file *file)
{
	size_t done = 0;

	while (!file->failed && done < file->waiting.len) {
		ssize_t n = write(file->fd, file->waiting.bytes + done, file->waiting.len - done);

		if (n < 0 && errno != EINTR)
			return fail(f, file, ERR_IO, strerror(errno));
		done += n > 0 ? (size_t)n : 0;
	}
	wr_reset(&file->waiting);
	return file->failed;
}

static void close_file(struct lemf_files *f, struct file *file)
{
	if (file->fd < 0)
		return;
	(void)write_waiting(f, file);
	if (close(file->fd) && !file->failed)
		(void)fail(f, file, ERR_IO, strerror(errno));
	file->fd = -1;
	if (file->writer)
		leave_row(f, file);
	wr_fini(&file->waiting);
	file->waiting = wr_init(MAX_WAITING);
}

static int open_file(struct lemf_files *f, struct file *file)
{
	int first = O_CREAT | (f->is_forced ? O_TRUNC : O_EXCL);
	char path[PATH_LEN];

	if (file->failed || file->fd >= 0)
		return file->failed;
	if (snprintf(path, sizeof path, "%s/%s", f->dir, file->name) >= (int)sizeof path)
		return fail(f, file, ERR_USAGE, "the name is too long");
	if (file->writer && f->n_open == MAX_OPEN)
		close_file(f, f->oldest);
	file->fd = open(path, O_WRONLY | O_CLOEXEC | (file->was_open ? O_APPEND : first), 0640);
	if (file->fd < 0 && errno == EEXIST)
		return fail(f, file, ERR_USAGE, "is there already (--force replaces it)");
	if (file->fd < 0)
		return fail(f, file, err_of_errno(errno), strerror(errno));
	file->was_open = true;
	if (file->writer)
		enter_row(f, file);
	return 0;
}

/* ---- all of them ---- */

int lemf_files_new(struct lemf_files **out, const char *dir, bool is_forced, struct why *why)
{
	struct lemf_files *f = calloc(1, sizeof *f);
	int rc = f ? 0 : ERR_NOMEM;

	for (int i = 0; f && i < LEMF_N_SIDES; i++) {
		f->streams[i].fd = -1;
		f->streams[i].waiting = wr_init(MAX_WAITING);
		snprintf(f->streams[i].name, sizeof f->streams[i].name, "hi%d.ber", i + 2);
	}
	if (f) {
		why_clear(&f->why);
		f->is_forced = is_forced;
		f->dir = strdup(dir);
		rc = f->dir ? 0 : ERR_NOMEM;
	}
	if (!rc && mkdir(dir, 0750) && errno != EEXIST) {
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
		why_place(why, dir);
	}
	for (int i = 0; !rc && i < LEMF_N_SIDES; i++) {
		rc = open_file(f, &f->streams[i]);
		if (rc && why)
			*why = f->why;
	}
	if (rc == ERR_NOMEM)
		why_set(why, rc, "%s", err_text(rc));
	if (rc)
		rc = lemf_files_close(&f, NULL) == 0 ? ERR_IO : rc;
	*out = f;
	return rc;
}

int lemf_files_close(struct lemf_files **out, struct why *why)
{
	struct lemf_files *f = *out;
	int rc = 0;

	*out = NULL;
	if (!f)
		return 0;
	for (int i = 0; i < LEMF_N_SIDES; i++) {
		close_file(f, &f->streams[i]);
		wr_fini(&f->streams[i].waiting);
	}
	for (int i = 0; i < N_SLOTS; i++) {
		while (f->slots[i]) {
			struct file *file = f->slots[i];

			f->slots[i] = file->same_slot;
			close_file(f, file);
			trace_writer_free(&file->writer);
			wr_fini(&file->waiting);
			free(file);
		}
	}
	if (f->why.text[0]) {
		rc = ERR_IO;
		if (why)
			*why = f->why;
	}
	free(f->dir);
	free(f);
	return rc;
}

void lemf_files_flush(struct lemf_files *f)
{
	for (int i = 0; i < LEMF_N_SIDES; i++)
		(void)write_waiting(f, &f->streams[i]);
	for (struct file *file = f->newest; file; file = file->older)
		(void)write_waiting(f, file);
}

int lemf_files_stream(struct lemf_files *f, enum lemf_side side, const uint8_t *pdu, size_t len)
{
	struct file *file = &f->streams[side];
	int rc = file->failed;

	if (!rc && file->waiting.len + len > MAX_WAITING)
		rc = write_waiting(f, file);
	if (rc)
		return rc;
	wr_bytes(&file->waiting, pdu, len);
	if (!file->waiting.ok)
		return fail(f, file, ERR_NOMEM, err_text(ERR_NOMEM));
	return file->waiting.len >= WAITING_LEN ? write_waiting(f, file) : 0;
}

/* ---- packets ---- */

static void name_of(const uint8_t *liid, size_t len, char name[NAME_LEN])
{
	size_t at = 0;

	for (size_t i = 0; i < len && at < NAME_LEN - 10; i++) {
		bool is_plain = liid[i] < 0x80 && (isalnum(liid[i]) || strchr("-_", liid[i]));

		at += (size_t)snprintf(name + at, NAME_LEN - at,
				       is_plain && liid[i] ? "%c" : "%%%02X", liid[i]);
	}
	snprintf(name + at, NAME_LEN - at, ".pcap");
}

static struct file *new_file(struct lemf_files *f, const char *name)
{
	const struct trace_writer_options options = {.format = TRACE_PCAP};
	struct file *file = calloc(1, sizeof *file);

	if (!file || trace_writer_new(&file->writer, &options)) {
		free(file);
		return NULL;
	}
	snprintf(file->name, sizeof file->name, "%s", name);
	file->fd = -1;
	file->waiting = wr_init(MAX_WAITING);
	f->n++;
	return file;
}

static struct file *get_file(struct lemf_files *f, const uint8_t *liid, size_t len)
{
	struct file **at = &f->slots[lemf_hash(liid, len) % N_SLOTS];
	char name[NAME_LEN];

	name_of(liid, len, name);
	while (*at && strcmp((*at)->name, name))
		at = &(*at)->same_slot;
	if (!*at && f->n < MAX_FILES)
		*at = new_file(f, name);
	return *at;
}

int lemf_files_packet(struct lemf_files *f, const uint8_t *liid, size_t liid_len,
		      const struct lemf_packet *packet)
{
	struct file *file = get_file(f, liid, liid_len);
	const struct weir_frame frame = {
		.bytes = packet->bytes,
		.cap_len = (uint32_t)packet->len,
		.wire_len = packet->wire_len > UINT32_MAX ? UINT32_MAX : (uint32_t)packet->wire_len,
		.time_ns = packet->time.ns,
		.link = LINK_RAW,
	};
	int rc = file ? open_file(f, file) : ERR_FULL;

	if (!rc)
		rc = trace_writer_frame(file->writer, &file->waiting, &frame, NULL, NULL);
	if (!rc && file->waiting.len >= WAITING_LEN)
		rc = write_waiting(f, file);
	return rc;
}
