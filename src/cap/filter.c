#include "cap/filter.h"

#include <ctype.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cap/bpf.h"

enum { FILTER_SNAP = 262144, FILTER_WORD_LEN = 64, LINK_NULL = 0 };

/* The expression compiled for one link type; bpf is NULL where it has no meaning there. */
struct program {
	struct program *next;
	uint16_t link;
	bool is_swapped;
	struct bpf *bpf;
};

struct filter {
	char *text; /* "" matches all */
	_Atomic(struct program *) programs;
	_Atomic uint64_t n_unfit;
};

/* libpcap's compiler keeps to one thread, and so do its tables of names. */
static pthread_mutex_t compiler = PTHREAD_MUTEX_INITIALIZER;

/* What the words of libpcap's language say of the names that may follow them. A name after
 * "port" or "proto" is looked up in files (services, protocols); as an address it would be
 * looked up in the DNS, which nothing here may do. */
enum meaning { MEANS_ADDRESS, MEANS_FILE_NAME, MEANS_NOTHING };

static const struct {
	enum meaning meaning;
	const char *words;
} vocabulary[] = {
	{MEANS_FILE_NAME,
	 " port portrange proto protochain type subtype dir direction reason action rset ruleset "
	 "ifname on "},
	{MEANS_ADDRESS,
	 " src dst host net mask gateway ra ta addr1 addr2 addr3 addr4 address1 address2 address3 "
	 "address4 link ether ppp slip fddi tr wlan arp rarp ip sctp tcp udp icmp igmp igrp pim "
	 "vrrp "
	 "carp radio ip6 icmp6 ah esp atalk aarp decnet lat sca moprc mopdl iso esis es-is isis "
	 "is-is "
	 "clnp stp ipx netbeui "},
	{MEANS_NOTHING,
	 " and or not len length less greater byte broadcast multicast inbound outbound ifindex "
	 "vlan mpls pppoed pppoes geneve lane llc metac bcc oam oamf4 oamf4ec oamf4sc ilmic sc "
	 "connectmsg vpi vci rnr rulenum srnr subrulenum l1 l2 iih lsp snp csnp psnp fisu lssu lsu "
	 "msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls tcpflags tcp-fin tcp-syn "
	 "tcp-rst "
	 "tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr icmptype icmpcode icmp6type icmp6code i s u rr "
	 "rej ui ua disc sabme test xid frmr "},
};

/* Prefixes of the names of ICMP types: "icmp-echo", "icmp6-routersolicit". */
static bool is_word(const char *word, enum meaning *meaning)
{
	char padded[FILTER_WORD_LEN + 2];

	snprintf(padded, sizeof padded, " %s ", word);
	for (size_t i = 0; i < sizeof vocabulary / sizeof *vocabulary; i++) {
		if (strstr(vocabulary[i].words, padded)) {
			if (vocabulary[i].meaning != MEANS_NOTHING)
				*meaning = vocabulary[i].meaning;
			return true;
		}
	}
	return !strncmp(word, "icmp-", 5) || !strncmp(word, "icmp6-", 6);
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-.:/\\", c));
}

/* Numbers, addresses and parts of them: digits, or hexadecimal digits with a colon. */
static bool is_literal(const char *word)
{
	bool has_colon = strchr(word, ':') != NULL;

	if (isdigit((unsigned char)word[0]))
		return true;
	return has_colon && word[strspn(word, "0123456789abcdefABCDEF:./")] == 0;
}

/* Refuses an expression in which a word would be looked up as the name of a host or network. */
static int refuse_names(const char *text, struct why *why)
{
	enum meaning meaning = MEANS_ADDRESS;

	while (*text) {
		char word[FILTER_WORD_LEN];
		size_t len = 0;

		if (!is_word_char(*text)) {
			text++;
			continue;
		}
		while (is_word_char(text[len]))
			len++;
		snprintf(word, sizeof word, "%.*s", len < sizeof word ? (int)len : 0, text);
		text += len;
		if (len >= sizeof word)
			return why_set(why, ERR_USAGE, "a word of the filter is too long");
		if (is_literal(word) || is_word(word[0] == '\\' ? word + 1 : word, &meaning))
			continue;
		if (meaning != MEANS_FILE_NAME)
			return why_set(
				why, ERR_USAGE,
				"filter: \"%s\" is no word of the filter language, and names of "
				"hosts are not looked up: write the address",
				word);
	}
	return 0;
}

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

/* The header of a loopback frame is in the byte order of the machine that captured it; its number
 * is below 256. */
static bool is_swapped(const struct weir_frame *f)
{
	uint32_t family;

	if (f->link != LINK_NULL || f->cap_len < sizeof family)
		return false;
	memcpy(&family, f->bytes, sizeof family);
	return family > UINT16_MAX;
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
		rc = refuse_names(f->text, &local);
	if (rc == 0 && f->text[0])
		rc = check(f->text, &local);
	if (rc < 0) {
		filter_free(&f);
		why_set(why, rc, "%s", local.text);
	}
	*out = f;
	return rc;
}

void filter_free(struct filter **filter)
{
	struct filter *f = *filter;
	struct program *p = f ? atomic_load(&f->programs) : NULL;

	*filter = NULL;
	while (p) {
		struct program *next = p->next;

		bpf_free(&p->bpf);
		free(p);
		p = next;
	}
	if (f)
		free(f->text);
	free(f);
}

static struct program *find(const struct filter *f, uint16_t link, bool swapped)
{
	struct program *p = atomic_load_explicit(&f->programs, memory_order_acquire);

	while (p && (p->link != link || p->is_swapped != swapped))
		p = p->next;
	return p;
}

/* The first frame of a link type compiles for it. Two threads may do so at once; the second
 * one's work is then in the list too, and never found. */
static struct program *add(struct filter *f, uint16_t link, bool swapped)
{
	struct program *p = calloc(1, sizeof *p);
	struct program *head = atomic_load(&f->programs);
	struct why ignored;

	if (!p)
		return NULL;
	why_clear(&ignored);
	p->link = link;
	p->is_swapped = swapped;
	if (compile(f->text, p, &p->bpf, &ignored) < 0)
		p->bpf = NULL;
	do {
		p->next = head;
	} while (!atomic_compare_exchange_weak(&f->programs, &head, p));
	return p;
}

bool filter_match(struct filter *f, const struct weir_frame *frame)
{
	bool swapped = is_swapped(frame);
	struct program *p = find(f, frame->link, swapped);

	if (!p && !f->text[0])
		return true;
	if (!p)
		p = add(f, frame->link, swapped);
	if (!p || !p->bpf) {
		atomic_fetch_add_explicit(&f->n_unfit, 1, memory_order_relaxed);
		return false;
	}
	return bpf_run(p->bpf, frame->bytes, frame->cap_len, frame->wire_len) != 0;
}

uint64_t filter_n_unfit(const struct filter *f)
{
	return atomic_load_explicit(&f->n_unfit, memory_order_relaxed);
}

const char *filter_text(const struct filter *f)
{
	return f->text;
}
