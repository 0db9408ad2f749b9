#include "station/reports.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/wr.h"
#include "conf/file.h"
#include "conf/json.h"

enum { MARK_LEN = 80, NS_PER_US = 1000, NAME_LEN = 4096 };

struct reports {
	int fd; /* -1: none */
	size_t file_len;
	struct report *first, **last;
	size_t n;
	uint64_t number; /* of the newest that there was */
};

int reports_new(struct reports **out)
{
	struct reports *r = calloc(1, sizeof *r);

	*out = r;
	if (!r)
		return ERR_NOMEM;
	r->fd = -1;
	r->last = &r->first;
	return 0;
}

static int append(struct reports *r, uint64_t number, const char *text, size_t len)
{
	struct report *report = malloc(sizeof *report + len);

	if (!report)
		return ERR_NOMEM;
	report->next = NULL;
	report->number = number;
	report->len = len;
	memcpy(report->text, text, len);
	*r->last = report;
	r->last = &report->next;
	r->n++;
	r->number = number > r->number ? number : r->number;
	return 0;
}

static void drop_first(struct reports *r)
{
	struct report *gone = r->first;

	r->first = gone->next;
	if (!r->first)
		r->last = &r->first;
	r->n--;
	free(gone);
}

static void drop_up_to(struct reports *r, uint64_t number)
{
	r->number = number > r->number ? number : r->number;
	while (r->first && r->first->number <= number)
		drop_first(r);
}

static bool number_of(const struct conf_value *map, const char *key, uint64_t *out)
{
	const struct conf_value *value = conf_value_find(map, key);
	char *end = NULL;

	if (!value || value->kind != CONF_KIND_SCALAR || *value->text < '0' || *value->text > '9')
		return false;
	*out = strtoull(value->text, &end, 10);
	return !*end;
}

static int read_line(struct reports *r, const char *line, size_t len)
{
	struct conf_doc *doc = NULL;
	const struct conf_value *root;
	const struct conf_value *body;
	uint64_t number;
	int rc = conf_json_parse(&doc, line, len, NULL);

	if (rc)
		return rc == ERR_NOMEM ? rc : ERR_BAD;
	root = conf_doc_root(doc);
	body = conf_value_find(root, "report");
	if (number_of(root, "heard", &number))
		drop_up_to(r, number);
	else if (number_of(root, "number", &number) && body && body->kind == CONF_KIND_MAP)
		rc = append(r, number, line, len);
	else
		rc = ERR_BAD;
	conf_doc_free(&doc);
	return rc;
}

ssize_t reports_read(struct reports *r, const char *lines, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *end = memchr(lines + at, '\n', len - at);
		int rc;

		if (!end)
			break;
		rc = read_line(r, lines + at, (size_t)(end - lines) - at);
		if (rc)
			return rc;
		at = (size_t)(end - lines) + 1;
	}
	return (ssize_t)at;
}

/* What a crash cut off at the end is cut off the file too; damage elsewhere is for the caller. */
static int load(struct reports *r, const char *path, struct why *why)
{
	struct wr w = wr_init(CONF_MAX_LEN);
	int rc = conf_file_read(path, &w, why);
	ssize_t n = rc ? rc : reports_read(r, (const char *)w.bytes, w.len);

	if (!rc && n < 0)
		rc = why_set(why, (int)n, "it does not hold reports");
	if (!rc && ftruncate(r->fd, (off_t)n) != 0)
		rc = why_set(why, err_of_errno(errno), "%s", strerror(errno));
	if (!rc)
		r->file_len = (size_t)n;
	wr_fini(&w);
	return rc;
}

static int open_file(struct reports **out, const char *path, struct why *why)
{
	int rc = reports_new(out);

	if (rc)
		return rc;
	(*out)->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if ((*out)->fd < 0)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	return load(*out, path, why);
}

/* Puts a file that is damaged aside, for people to look at. */
static int put_aside(const char *path, struct why *why)
{
	char aside[NAME_LEN];
	struct wr w = wr_of(aside, sizeof aside - 1);

	wr_text(&w, "%s.damaged", path);
	aside[w.ok ? w.len : 0] = '\0';
	if (rename(path, aside) != 0)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	log_error("%s is damaged: it is put aside as %s, and reports begin anew", path, aside);
	return 0;
}

int reports_open(struct reports **out, const char *path, struct why *why)
{
	struct why first;
	int rc;

	why_clear(&first);
	rc = open_file(out, path, &first);
	if (rc == ERR_BAD) {
		reports_free(out);
		rc = put_aside(path, why);
		if (!rc)
			rc = open_file(out, path, &first);
	}
	if (rc) {
		why_set(why, rc, "%s", first.text);
		why_place(why, path);
		reports_free(out);
	}
	return rc;
}

void reports_free(struct reports **reports)
{
	struct reports *r = *reports;

	*reports = NULL;
	if (!r)
		return;
	while (r->first)
		drop_first(r);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}

/* Writes a line at the end; one that is written by half is taken away again. */
static int write_line(struct reports *r, const void *line, size_t len)
{
	ssize_t n = r->fd < 0 ? (ssize_t)len : write(r->fd, line, len);

	if (n == (ssize_t)len) {
		r->file_len += len;
		return 0;
	}
	if (n > 0 && ftruncate(r->fd, (off_t)r->file_len) != 0)
		return ERR_IO;
	return n < 0 ? err_of_errno(errno) : ERR_FULL;
}

static uint64_t next_number(const struct reports *r, struct nanos now)
{
	uint64_t wall = now.ns > 0 ? (uint64_t)now.ns / NS_PER_US : 0;

	return wall > r->number ? wall : r->number + 1;
}

static bool is_object(const char *json, size_t len)
{
	return len >= 2 && json[0] == '{' && json[len - 1] == '}' && !memchr(json, '\n', len) &&
	       !memchr(json, 0, len);
}

int reports_add(struct reports *r, const char *json, size_t len, struct nanos now)
{
	uint64_t number = next_number(r, now);
	struct wr w = wr_init(REPORT_MAX_LEN + MARK_LEN);
	int rc;

	if (!is_object(json, len))
		return ERR_USAGE;
	wr_text(&w, "{\"type\":\"report\",\"number\":%" PRIu64 ",\"report\":", number);
	wr_bytes(&w, json, len);
	wr_text(&w, "}\n");
	rc = len > REPORT_MAX_LEN || r->file_len + w.len > REPORTS_MAX_LEN ? ERR_FULL : 0;
	if (!rc && !w.ok)
		rc = ERR_NOMEM;
	if (!rc)
		rc = write_line(r, w.bytes, w.len);
	if (!rc && r->fd >= 0 && fdatasync(r->fd) != 0)
		rc = err_of_errno(errno);
	if (!rc)
		rc = append(r, number, (const char *)w.bytes, w.len - 1);
	wr_fini(&w);
	return rc;
}

const struct report *reports_first(const struct reports *r)
{
	return r->first;
}

/* Where the line cannot be written the provisioner hears the report twice, and knows it again by
 * its number. */
void reports_heard(struct reports *r, uint64_t number)
{
	char bytes[MARK_LEN];
	struct wr w = wr_of(bytes, sizeof bytes);

	if (!r->first || r->first->number != number)
		return;
	drop_first(r);
	if (r->first) {
		wr_text(&w, "{\"heard\":%" PRIu64 "}\n", number);
		(void)!write_line(r, w.bytes, w.len);
	} else if (r->fd < 0 || ftruncate(r->fd, 0) == 0) {
		r->file_len = 0;
	}
}

size_t reports_n(const struct reports *r)
{
	return r->n;
}
