/* Decodes every frame of a capture and nothing else: what net_decode costs.
 *
 *	decode FILE [read]        read: without decoding, to know what reading costs
 *
 * Prints packets=N layers=N, which also keeps the compiler from leaving anything out. */
#include "net/decode.h"

#include <inttypes.h>
#include <stdio.h>

#include "cap/source.h"

static uint64_t n_packets;
static uint64_t n_layers;

static void decode_block(struct weir_block *b, bool may_decode)
{
	struct weir_frame *frames;
	struct weir_packet p;
	int n;

	while ((n = block_batch(b, &frames)) > 0) {
		n_packets += (uint64_t)n;
		for (int i = 0; may_decode && i < n; i++) {
			net_decode(&p, &frames[i]);
			n_layers += p.n_layers;
		}
	}
}

int main(int argc, char **argv)
{
	struct weir_block *b;
	struct source *s;
	struct why why;
	int rc;

	why_clear(&why);
	rc = source_open(&s, argc > 1 ? argv[1] : "-", NULL, &why);
	if (rc) {
		fprintf(stderr, "decode: %s\n", why.text);
		return 1;
	}
	while ((rc = source_block(s, 0, &b)) == 0 || rc == ERR_AGAIN) {
		if (rc)
			continue;
		decode_block(b, argc == 2);
		block_put(&b);
	}
	source_close(&s);
	printf("packets=%" PRIu64 " layers=%" PRIu64 "\n", n_packets, n_layers);
	return rc != ERR_END;
}
