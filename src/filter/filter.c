/* libpcap compiles the expression, once for each link type that comes. Programs are found without
 * a lock: neither a page nor a program goes before the filter does.
 *
 *	pages[link / 256] --> page[link % 256] --> program
 */
#include "filter/filter.h"

#include <pcap/pcap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter/bpf.h"
#include "filter/words.h"

enum { FILTER_SNAP = 262144, LINK_NULL = 0, LINK_ENC = 109, PAGE_LEN = 256, N_PAGES = 257 };

/* The expression compiled for one link type; bpf is NULL where it has no meaning there. */
struct program {
	uint16_t link;
	bool is_swapped;
	struct bpf *bpf;
};

struct page {
	_Atomic(struct program *) programs[PAGE_LEN];
};

struct filter {
	char *text;                            /* "" matches all */
	_Atomic(struct page *) pages[N_PAGES]; /* the last one: of loopback frames, swapped */
	_Atomic uint64_t n_unfit;
};

/* libpcap's compiler keeps to one thread, and so do its tables of names. */
static pthread_mutex_t compiler = PTHREAD_MUTEX_INITIALIZER;

/* A capture without a packet, for libpcap to compile for: as if from a file of this link type,
 * because only there does it know what IPv6 is called in the loopback headers of other systems. */
static pcap_t *empty_capture(uint16_t link, bool is_swapped)
{
	struct pcap_file_header header = {.magic = 0xa1b2c3d4,
					  .version_major = PCAP_VERSION_MAJOR,
					  .version_minor = PCAP_VERSION_MINOR,
					  .snaplen = FILTER_SNAP,
					  .linktype = link};
	char why[PCAP_ERRBUF_SIZE];
	FILE *file;
	pcap_t *pcap;

	if (is_swapped)
		header = (struct pcap_file_header){
			.magic = __builtin_bswap32(header.magic),
			.version_major = __builtin_bswap16(PCAP_VERSION_MAJOR),
			.version_minor = __builtin_bswap16(PCAP_VERSION_MINOR),
			.snaplen = __builtin_bswap32(FILTER_SNAP),
			.linktype = __builtin_bswap32(link)};
	file = fmemopen(&header, sizeof header, "r");
	pcap = file ? pcap_fopen_offline(file, why) : NULL;
	if (file && !pcap)
		fclose(file);
	return pcap;
}

/* The header of a loopback frame is in the byte order of the machine that captured it, and so is
 * its file. As libpcap does, we go by the file's, whatever the frame looks like. */
static bool is_swapped(const struct weir_frame *f)
{
	return f->flags & WEIR_FRAME_SWAPPED && (f->link == LINK_NULL || f->link == LINK_ENC);
}

/* Compiles for a link type; *out is NULL and the error ERR_USAGE where it has no meaning there. */
static int compile(const char *text, const struct program *p, struct bpf **out, struct why *why)
{
	struct bpf_program program;
	pcap_t *pcap;
	int rc = 0;

	*out = NULL;
	pthread_mutex_lock(&compiler);
	pcap = empty_capture(p->link, p->is_swapped);
	if (!pcap)
		rc = why_set(why, ERR_NOMEM, "out of memory");
	else if (pcap_compile(pcap, &program, text, 1, 0) < 0)
		rc = why_set(why, ERR_USAGE, "filter \"%s\": %s", text, pcap_geterr(pcap));
	if (rc == 0) {
		rc = bpf_new(out, program.bf_insns, program.bf_len);
		pcap_freecode(&program);
	}
	if (pcap)
		pcap_close(pcap);
	pthread_mutex_unlock(&compiler);
	return rc;
}

/* Whether it has a meaning for any of the usual link types. */
static int check(const char *text, struct why *why)
{
	static const uint16_t links[] = {1 /* Ethernet */,   101 /* raw IP */, 113 /* SLL */,
					 127 /* radiotap */, 9 /* PPP */,      140 /* MTP2 */};
	struct why ignored;
	struct bpf *bpf = NULL;
	int first = 0;

	why_clear(&ignored);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct program p = {.link = links[i]};
		int rc = compile(text, &p, &bpf, i == 0 ? why : &ignored);

		bpf_free(&bpf);
		if (rc == 0) {
			why_clear(why);
			return 0;
		}
		first = i == 0 ? rc : first;
	}
	return first;
}

int filter_new(struct filter **out, const char *expression, struct why *why)
{
	struct filter *f = calloc(1, sizeof *f);
	struct why local;
	int rc;

	why_clear(&local);
	if (f)
		f->text = strdup(expression ? expression : "");
	if (!f || !f->text)
		rc = why_set(&local, ERR_NOMEM, "out of memory");
	else
		rc = words_check(f->text, &local);
	if (rc == 0 && f->text[0])
		rc = check(f->text, &local);
	if (rc < 0) {
		filter_free(&f);
		why_set(why, rc, "%s", local.text);
	}
	*out = f;
	return rc;
}

static void program_free(struct program *p)
{
	if (p)
		bpf_free(&p->bpf);
	free(p);
}

void filter_free(struct filter **filter)
{
	struct filter *f = *filter;

	*filter = NULL;
	if (!f)
		return;
	for (int i = 0; i < N_PAGES; i++) {
		struct page *page = atomic_load(&f->pages[i]);

		for (int k = 0; page && k < PAGE_LEN; k++)
			program_free(atomic_load(&page->programs[k]));
		free(page);
	}
	free(f->text);
	free(f);
}

static uint32_t page_index(uint16_t link, bool swapped)
{
	return swapped ? N_PAGES - 1 : link / PAGE_LEN;
}

static struct program *find(const struct filter *f, uint16_t link, bool swapped)
{
	struct page *page =
		atomic_load_explicit(&f->pages[page_index(link, swapped)], memory_order_acquire);

	return page ? atomic_load_explicit(&page->programs[link % PAGE_LEN], memory_order_acquire)
		    : NULL;
}

/* The first frame of a link type compiles for it. Two threads may do so at once: what the first
 * puts in place stays, and the second one's work is forgotten. */
static struct program *add(struct filter *f, uint16_t link, bool swapped)
{
	_Atomic(struct page *) *place = &f->pages[page_index(link, swapped)];
	struct program *p = calloc(1, sizeof *p);
	struct program *placed = NULL;
	struct page *page = atomic_load(place);
	struct page *fresh = page ? NULL : calloc(1, sizeof *fresh);
	struct why ignored;

	if (fresh && atomic_compare_exchange_strong(place, &page, fresh)) {
		page = fresh;
		fresh = NULL;
	}
	free(fresh);
	if (!p || !page) {
		free(p);
		return NULL;
	}
	why_clear(&ignored);
	p->link = link;
	p->is_swapped = swapped;
	if (compile(f->text, p, &p->bpf, &ignored) < 0)
		p->bpf = NULL;
	if (atomic_compare_exchange_strong(&page->programs[link % PAGE_LEN], &placed, p))
		return p;
	program_free(p);
	return placed;
}

/* The program for frames of this link type; NULL where there is none. */
static struct bpf *program_for(struct filter *f, const struct weir_frame *frame)
{
	bool swapped = is_swapped(frame);
	struct program *p = find(f, frame->link, swapped);

	if (!p)
		p = add(f, frame->link, swapped);
	return p ? p->bpf : NULL;
}

bool filter_match(struct filter *f, const struct weir_frame *frame)
{
	const struct bpf *bpf;

	if (!f->text[0])
		return true;
	bpf = program_for(f, frame);
	if (!bpf)
		atomic_fetch_add_explicit(&f->n_unfit, 1, memory_order_relaxed);
	return bpf && bpf_run(bpf, frame->bytes, frame->cap_len, frame->wire_len) != 0;
}

/* How many of the frames, from the first on, have its program. */
static int n_alike(const struct weir_frame *frames, int n)
{
	int i = 1;

	while (i < n && frames[i].link == frames[0].link &&
	       ((frames[i].flags ^ frames[0].flags) & WEIR_FRAME_SWAPPED) == 0)
		i++;
	return i;
}

uint64_t filter_match_many(struct filter *f, const struct weir_frame *frames, int n)
{
	uint64_t matching = 0;

	if (!f->text[0])
		return n < FILTER_MANY ? ((uint64_t)1 << n) - 1 : UINT64_MAX;
	for (int i = 0, n_here; i < n; i += n_here) {
		const struct bpf *bpf = program_for(f, &frames[i]);

		n_here = n_alike(&frames[i], n - i);
		if (bpf)
			matching |= bpf_run_many(bpf, &frames[i], n_here) << i;
		else
			atomic_fetch_add_explicit(&f->n_unfit, (uint64_t)n_here,
						  memory_order_relaxed);
	}
	return matching;
}

uint64_t filter_n_unfit(const struct filter *f)
{
	return atomic_load_explicit(&f->n_unfit, memory_order_relaxed);
}

const char *filter_text(const struct filter *f)
{
	return f->text;
}
