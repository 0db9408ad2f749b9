#include "handover/answer.h"

#include <string.h>

#include "base/tap.h"
#include "etsi/record.h"

static const struct etsi_stream stream = {
	.liid = "agency", .authorization_country = "XX", .operator_id = "op"};

static size_t make(uint8_t *out, size_t size, uint8_t kind, uint32_t number)
{
	struct etsi_header header;
	struct wr w = wr_of(out, size);

	struct tri tri = {.kind = kind,
			  .seq = number,
			  .time = nanos_from_s(1767225600),
			  .is_accepted = kind == ETSI_TRI_OPTION_RESPONSE};

	if (etsi_header_init(&header, &stream, NULL) || tri_encode(&header, &tri, &w, NULL))
		return 0;
	return w.len;
}

static void put(struct answers *a, const uint8_t *octets, size_t len)
{
	size_t room;
	uint8_t *at = answers_room(a, &room);

	if (len > room)
		len = room;
	memcpy(at, octets, len);
	answers_came(a, len);
}

static void test_options(void)
{
	uint8_t octets[ANSWER_MAX];
	struct answers a;
	struct answer answer;
	struct why why = {0};
	size_t len = make(octets, sizeof octets, ETSI_TRI_OPTION_RESPONSE, 3);

	answers_init(&a);
	put(&a, octets, len);
	ok(!answers_next(&a, &answer, &why) && answer.kind == ETSI_TRI_OPTION_RESPONSE &&
		   answer.number == 3 && answer.is_accepted,
	   "an option that is accepted is read as such");
}

static void test_answers(void)
{
	uint8_t octets[ANSWER_MAX];
	struct answers a;
	struct answer answer;
	struct why why = {0};
	size_t len = make(octets, sizeof octets, ETSI_TRI_KEEP_ALIVE_RESPONSE, 70000);
	bool all = true;

	answers_init(&a);
	ok(answers_next(&a, &answer, &why) == ERR_AGAIN, "nothing came, nothing is there");
	put(&a, octets, len);
	put(&a, octets, len);
	ok(!answers_next(&a, &answer, &why) && answer.kind == ETSI_TRI_KEEP_ALIVE_RESPONSE &&
		   answer.number == 70000,
	   "an answer is read");
	ok(!answers_next(&a, &answer, &why) && answers_next(&a, &answer, &why) == ERR_AGAIN,
	   "and the next");
	for (size_t cut = 0; cut < len; cut++) {
		answers_init(&a);
		put(&a, octets, cut);
		all &= answers_next(&a, &answer, &why) == ERR_AGAIN;
		put(&a, octets + cut, len - cut);
		all &= !answers_next(&a, &answer, &why) && answer.number == 70000;
	}
	ok(all, "cut anywhere, it is waited for");
}

static void test_hostile(void)
{
	static const uint8_t noise[] = "GET / HTTP/1.1\r\n\r\n";
	static const uint8_t longer[] = {0x30, 0x82, 0x10, 0x00, 0xa1};
	static const uint8_t empty[] = {0x30, 0x00};
	struct answers a;
	struct answer answer;
	struct why why = {0};

	answers_init(&a);
	put(&a, noise, sizeof noise);
	ok(answers_next(&a, &answer, &why) == ERR_BAD, "noise is refused: %s", why.text);
	answers_init(&a);
	why = (struct why){0};
	put(&a, longer, sizeof longer);
	ok(answers_next(&a, &answer, &why) == ERR_BAD, "so is a long one: %s", why.text);
	answers_init(&a);
	why = (struct why){0};
	put(&a, empty, sizeof empty);
	ok(answers_next(&a, &answer, &why) == ERR_BAD, "and an empty one: %s", why.text);
}

int main(void)
{
	test_options();
	test_answers();
	test_hostile();
	return tap_end();
}
