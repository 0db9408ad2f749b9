/* Any body for any kind of thing, in JSON or YAML (the first byte says which): it is refused with
 * an answer, or is an item whose checks can be made and which prints and reads back. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "provision/own.h"

static struct provision p;

static void hold(enum kind_id id, const char *json)
{
	const struct kind *kind = &kinds[id];
	struct entry entry = {.revision = 1};
	struct why why = {.text = ""};
	char key[ORDERS_KEY_LEN] = "";
	void *item = calloc(1, kind->record->size);

	if (!item || conf_parse_json(kind->record, json, strlen(json), item, &why) ||
	    holding_reserve(&p.held, kind))
		abort();
	if (kind->key)
		kind->key(item, key);
	entry.key = strdup(key);
	holding_put(&p.held, kind, &entry, item);
	free(item);
}

static void fill(void)
{
	kinds_init();
	hold(KIND_OPERATOR, "{\"id\":\"op\"}");
	hold(KIND_MEDIATORS, "{\"name\":\"m1\",\"address\":\"192.0.2.1:9\"}");
	hold(KIND_AGENCIES, "{\"id\":\"a\",\"country\":\"NZ\",\"hi2\":\"192.0.2.1:1\","
			    "\"hi3\":\"192.0.2.1:2\",\"encryption\":\"aes-192-cbc\","
			    "\"encryption_key\":\"abcdefghijklmnopqrstuvwx\"}");
}

static void check_item(const struct kind *kind, void *item)
{
	struct wr w = wr_init(1 << 24);
	struct json json = json_of(&w);
	struct conf_sight whole = {0};
	struct conf_fault fault;
	struct why why = {.text = ""};
	void *again = calloc(1, kind->record->size);

	if (!holding_may_put(&p.held, kind, item, &fault) && !fault.text[0])
		abort();
	if (!again || conf_print_json(kind->record, item, &whole, &json) || !w.ok ||
	    conf_parse_json(kind->record, (const char *)w.bytes, w.len, again, &why) ||
	    !conf_is_equal(kind->record, item, again, NULL))
		abort();
	conf_fini(kind->record, again);
	free(again);
	wr_fini(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rest_request *request;
	struct rest_answer answer;
	const struct kind *kind;
	void *item;

	if (!len)
		return 0;
	if (!p.held.shelves[KIND_OPERATOR].n)
		fill();
	request = calloc(1, sizeof *request);
	if (!request)
		return 0;
	kind = &kinds[(bytes[0] & 0x7f) % KIND_N];
	request->is_yaml = bytes[0] >> 7;
	request->body = bytes + 1;
	request->body_len = len - 1;
	rest_answer_init(&answer);
	item = item_read(&p, kind, request, &answer);
	if (item)
		check_item(kind, item);
	else if (answer.status < 400 || !answer.body.len)
		abort();
	if (item)
		conf_fini(kind->record, item);
	free(item);
	free(request);
	rest_answer_fini(&answer);
	return 0;
}
