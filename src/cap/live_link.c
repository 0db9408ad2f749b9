#include "cap/live_link.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "filter/filter.h"

_Static_assert(sizeof(struct live_op) == sizeof(struct sock_filter), "the kernel's own layout");

enum { PROBE_SNAP_LEN = 128, PROBE_BUFFER_LEN = 256 * 1024 };

/* LINKTYPE_ values are libpcap's DLT_ values but for a few that differ by platform. */
static uint16_t link_of_dlt(int dlt)
{
	return dlt == DLT_RAW ? 101 : (uint16_t)dlt;
}

static int refuse(const struct live_link *l, int status, pcap_t *p, struct why *why)
{
	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
		return why_set(
			why, ERR_ACCESS,
			"capturing needs the capability CAP_NET_RAW: run as root, or give it "
			"to the program");
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return why_set(why, ERR_ABSENT, "there is no interface %s", l->name);
	case PCAP_ERROR_IFACE_NOT_UP:
		return why_set(why, ERR_AGAIN, "interface %s is down", l->name);
	default:
		return why_set(why, ERR_IO, "interface %s cannot be captured: %s", l->name,
			       pcap_geterr(p));
	}
}

/* A handle of libpcap's on the interface, for as long as it takes to ask what its frames look
 * like and to compile for it: only a live handle makes code that finds the VLAN tag, which the
 * kernel keeps beside the packet. It captures nothing. */
static int probe_open(pcap_t **out, const struct live_link *l, struct why *why)
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(l->name, text);
	int status;
	int rc;

	*out = NULL;
	if (!p)
		return why_set(why, ERR_IO, "interface %s cannot be captured: %s", l->name, text);
	pcap_set_snaplen(p, PROBE_SNAP_LEN);
	pcap_set_buffer_size(p, PROBE_BUFFER_LEN);
	pcap_set_promisc(p, 0);
	status = pcap_activate(p);
	if (status < 0) {
		rc = refuse(l, status, p, why);
		pcap_close(p);
		return rc;
	}
	*out = p;
	return 0;
}

/* The counterpart of a load at offset k of an SLL2 header, or -1. */
static int64_t cooked_field(uint16_t code, uint32_t k)
{
	static const struct {
		uint32_t offset;
		uint16_t size;
		uint32_t beside;
	} fields[] = {
		{0, BPF_H, SKF_AD_PROTOCOL},
		{4, BPF_W, SKF_AD_IFINDEX},
		{8, BPF_H, SKF_AD_HATYPE},
		{10, BPF_B, SKF_AD_PKTTYPE},
	};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (k == fields[i].offset && BPF_SIZE(code) == fields[i].size)
			return (uint32_t)(SKF_AD_OFF + fields[i].beside);
	}
	return -1;
}

bool live_link_cook(struct live_op *ops, uint16_t n_ops)
{
	for (uint16_t i = 0; i < n_ops; i++) {
		uint16_t kind = BPF_CLASS(ops[i].code);
		uint16_t mode = BPF_MODE(ops[i].code);
		int64_t field;

		if (kind != BPF_LD && kind != BPF_LDX)
			continue;
		if (mode != BPF_ABS && mode != BPF_IND && mode != BPF_MSH)
			continue;
		if ((int32_t)ops[i].k < 0)
			continue; /* it asks the kernel already */
		if (ops[i].k >= LIVE_LINK_SLL2_LEN) {
			ops[i].k -= LIVE_LINK_SLL2_LEN;
			continue;
		}
		field = mode == BPF_ABS ? cooked_field(ops[i].code, ops[i].k) : -1;
		if (field < 0)
			return false;
		ops[i].k = (uint32_t)field;
	}
	return true;
}

/* Takes the program over, with our own number of bytes to keep as the verdict of a match. */
static int keep_program(struct live_link *l, const struct bpf_program *program, uint32_t snap_len,
			struct why *why)
{
	if (program->bf_len > BPF_MAXINSNS)
		return why_set(why, ERR_UNSUPPORTED,
			       "the filter takes %u instructions, the kernel %d at most",
			       program->bf_len, BPF_MAXINSNS);
	l->ops = calloc(program->bf_len, sizeof *l->ops);
	if (!l->ops)
		return ERR_NOMEM;
	l->n_ops = (uint16_t)program->bf_len;
	for (uint16_t i = 0; i < l->n_ops; i++) {
		const struct bpf_insn *from = program->bf_insns + i;

		l->ops[i] = (struct live_op){from->code, from->jt, from->jf, from->k};
		if (BPF_CLASS(from->code) == BPF_RET && from->k != 0)
			l->ops[i].k = snap_len;
	}
	if (l->is_cooked && !live_link_cook(l->ops, l->n_ops))
		return why_set(why, ERR_UNSUPPORTED,
			       "the filter asks for a link header, which interface %s has not",
			       l->name);
	return 0;
}

/* What libpcap would look up in the DNS, or complain of, is refused before it gets to see it. */
static int check_filter(const char *expression, struct why *why)
{
	struct filter *f = NULL;
	int rc = expression && *expression ? filter_new(&f, expression, why) : 0;

	filter_free(&f);
	return rc;
}

static int compile(struct live_link *l, pcap_t *p, const struct source_options *o, struct why *why)
{
	uint32_t snap_len = o->snap_len ? o->snap_len : LIVE_LINK_ALL_BYTES;
	struct bpf_program program;
	int rc;

	if ((!o->filter || !*o->filter) && !o->snap_len)
		return 0;
	if (pcap_compile(p, &program, o->filter ? o->filter : "", 1, PCAP_NETMASK_UNKNOWN) < 0)
		return why_set(why, ERR_USAGE, "filter \"%s\": %s", o->filter, pcap_geterr(p));
	rc = keep_program(l, &program, snap_len, why);
	pcap_freecode(&program);
	return rc;
}

/* Every interface's frames in one shape: a header of our own for what has none, or an odd one. */
static int choose_link(struct live_link *l, pcap_t *p, struct why *why)
{
	int dlt = pcap_datalink(p);

	l->is_cooked = dlt == DLT_LINUX_SLL || dlt == DLT_LINUX_SLL2;
	if (l->is_cooked && dlt != DLT_LINUX_SLL2 && pcap_set_datalink(p, DLT_LINUX_SLL2) < 0)
		return why_set(why, ERR_UNSUPPORTED, "interface %s: %s", l->name, pcap_geterr(p));
	l->link = l->is_cooked ? LIVE_LINK_SLL2 : link_of_dlt(dlt);
	return 0;
}

int live_link_init(struct live_link *l, const char *name, const struct source_options *options,
		   struct why *why)
{
	pcap_t *p = NULL;
	int rc;

	*l = (struct live_link){0};
	if (!*name || strlen(name) >= sizeof l->name)
		return why_set(why, ERR_ABSENT, "\"%s\" is no name of an interface", name);
	memcpy(l->name, name, strlen(name));
	if (strcmp(name, "any")) {
		l->index = (int)if_nametoindex(name);
		if (!l->index)
			return errno == EPERM ? refuse(l, PCAP_ERROR_PERM_DENIED, NULL, why)
					      : refuse(l, PCAP_ERROR_NO_SUCH_DEVICE, NULL, why);
	}
	rc = check_filter(options->filter, why);
	if (!rc)
		rc = probe_open(&p, l, why);
	if (!rc)
		rc = choose_link(l, p, why);
	if (!rc)
		rc = compile(l, p, options, why);
	if (p)
		pcap_close(p);
	if (rc)
		live_link_fini(l);
	return rc;
}

void live_link_fini(struct live_link *l)
{
	free(l->ops);
	l->ops = NULL;
	l->n_ops = 0;
}
