/* An input is an expression, a newline and a packet: no name may be looked up for it, and the
 * verdict must be libpcap's. */
#include "base/fuzz.h"

#include <string.h>

#include "base/rd.h"
#include "filter/filter.h"
#include "filter/names_trap.h"

enum { FUZZ_MAX_TEXT = 128 };

/* "protochain" loops over a packet's headers, and libpcap's interpreter may do so for ever. */
static bool may_loop(const struct bpf_program *program)
{
	for (unsigned i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *in = &program->bf_insns[i];

		if (in->code == (BPF_JMP | BPF_JA) && in->k > program->bf_len)
			return true;
	}
	return false;
}

static void compare(struct filter *f, const char *text, struct rd *r)
{
	struct weir_frame frame = {
		.bytes = r->at, .cap_len = (uint32_t)rd_left(r), .wire_len = 99, .link = 1};
	struct bpf_program program;
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 262144);
	bool ours = filter_match(f, &frame);

	if (pcap_compile(p, &program, text, 1, 0) == 0) {
		if (!may_loop(&program) &&
		    ours != (bpf_filter(program.bf_insns, frame.bytes, 99, frame.cap_len) != 0))
			abort();
		pcap_freecode(&program);
	}
	pcap_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	const uint8_t *end = len ? memchr(bytes, '\n', len) : NULL;
	char text[FUZZ_MAX_TEXT];
	struct filter *f;

	if (!end || end - bytes >= FUZZ_MAX_TEXT || memchr(bytes, 0, (size_t)(end - bytes)))
		return 0;
	memcpy(text, bytes, (size_t)(end - bytes));
	text[end - bytes] = '\0';
	rd_skip(&r, (size_t)(end - bytes) + 1);
	if (filter_new(&f, text, NULL) == 0) {
		compare(f, text, &r);
		filter_free(&f);
	}
	if (names_asked)
		abort();
	return 0;
}
