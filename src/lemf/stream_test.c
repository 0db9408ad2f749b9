#include "lemf/stream.h"

#include <string.h>

#include "base/tap.h"

static struct lemf_key key_of(const char *liid, uint32_t cin, enum lemf_kind kind)
{
	struct lemf_key key = {.cin = cin, .has_cin = true, .kind = (uint8_t)kind};

	key.liid_len = (uint8_t)strlen(liid);
	memcpy(key.liid, liid, key.liid_len);
	return key;
}

static void test_table(void)
{
	struct lemf_streams *s;
	bool is_well = true;
	struct lemf_key key;

	ok(lemf_streams_new(&s, 5000, 1 << 20) == 0, "a table");
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			struct lemf_stream *stream;

			key = key_of(i % 2 ? "LIID1" : "LIID2", i / 4, (enum lemf_kind)(i / 2 % 2));
			stream = lemf_streams_get(s, &key);
			is_well &= stream && stream->n_octets == (round ? i + 1 : 0);
			if (stream)
				stream->n_octets = i + 1;
		}
	ok(is_well && lemf_streams_n(s) == 5000, "5000 streams are told apart, and found again");
	key = key_of("LIID3", 0, LEMF_KIND_CC);
	ok(!lemf_streams_get(s, &key) && !lemf_streams_find(s, &key), "one more is too many");
	key = key_of("LIID1", 0, LEMF_KIND_IRI);
	ok(lemf_streams_find(s, &key) && lemf_streams_first(s)->n_octets == 1,
	   "the others are there, in their order");
	key.has_cin = false;
	ok(!lemf_streams_find(s, &key), "no CIN is another than 0");
	key = key_of("LIID1", 0, LEMF_KIND_IRI);
	key.network_element = (struct lemf_place_name){"akl-2", 5};
	ok(!lemf_streams_find(s, &key), "a CIN of another network element is another");
	key = key_of("LIID1", 0, LEMF_KIND_IRI);
	key.operator_id = (struct lemf_place_name){"OTHER", 5};
	ok(!lemf_streams_find(s, &key), "so is one of another operator");
	lemf_streams_free(&s);
	lemf_streams_free(&s);
}

/* What waits for its integrity check is bounded, for each stream and for all. */
static void test_keeping(void)
{
	struct lemf_key one = key_of("A", 1, LEMF_KIND_CC), two = key_of("B", 1, LEMF_KIND_CC);
	struct lemf_stream *a, *b;
	struct lemf_streams *s;

	ok(lemf_streams_new(&s, 10, 10000) == 0, "a table that keeps 10,000 octets");
	a = lemf_streams_get(s, &one);
	b = lemf_streams_get(s, &two);
	ok(lemf_streams_keep(s, a, 6000) && a->n_kept == 6000, "a stream's first is kept");
	a->n_records = 1;
	ok(!lemf_streams_keep(s, b, 6000), "there is no room for another's");
	ok(!lemf_streams_keep(s, a, 6000) && a->n_kept == 0,
	   "a stream without a check gives up what it kept");
	ok(lemf_streams_keep(s, b, 6000) != NULL, "which makes room");
	b->n_records = 1;
	b->has_checks = true;
	ok(lemf_streams_keep(s, b, 6000) && b->n_kept == 6000,
	   "one with checks keeps on; its oldest give way");
	lemf_streams_kept(s, b);
	ok(b->n_kept == 0, "a check that covers all makes room");
	lemf_streams_free(&s);
}

static void test_iri_order(void)
{
	struct lemf_stream s = {.iri_state = LEMF_IRI_NONE};
	struct lemf_stream any = {.iri_state = LEMF_IRI_ANY};

	ok(!lemf_iri_may_come(&s, ETSI_IRI_CONTINUE), "no Continue before the Begin");
	ok(lemf_iri_may_come(&s, ETSI_IRI_REPORT) && lemf_iri_may_come(&s, ETSI_IRI_BEGIN) &&
		   lemf_iri_may_come(&s, ETSI_IRI_CONTINUE) && lemf_iri_may_come(&s, ETSI_IRI_END),
	   "Report, Begin, Continue, End");
	ok(!lemf_iri_may_come(&s, ETSI_IRI_END) && !lemf_iri_may_come(&s, ETSI_IRI_CONTINUE),
	   "nothing after the End");
	ok(lemf_iri_may_come(&s, ETSI_IRI_REPORT) && lemf_iri_may_come(&s, ETSI_IRI_BEGIN),
	   "but a Report, or a Begin");
	ok(!lemf_iri_may_come(&s, ETSI_IRI_BEGIN), "of which there is one");
	ok(!lemf_iri_may_come(&s, (enum etsi_iri_type)0), "and none without a type");
	ok(lemf_iri_may_come(&any, ETSI_IRI_CONTINUE) && lemf_iri_may_come(&any, ETSI_IRI_END),
	   "who came in the middle does not know what was before");
}

int main(void)
{
	test_table();
	test_keeping();
	test_iri_order();
	return tap_end();
}
