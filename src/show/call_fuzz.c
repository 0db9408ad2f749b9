/* A record whose contents are anyone's: the first octet says which, the next ones are facts. The
 * words are clean, JSON is one line, and both are bounded. */
#include "show/call.h"

#include <stdlib.h>

#include "base/fuzz.h"
#include "base/rd.h"

enum { MAX_WORDS = 1 << 20 };

static void put(const struct etsi_record *record, bool is_json)
{
	static uint8_t room[MAX_WORDS];
	struct wr w = wr_of(room, sizeof room);
	struct form f;

	form_init(&f, &w, is_json);
	show_call(&f, record);
	if (!w.ok || w.len == 0)
		abort();
	for (size_t i = 0; i < w.len; i++)
		if ((!is_json && room[i] > '~') || (room[i] < ' ' && (is_json || room[i] != '\n')))
			abort();
	if (is_json ? room[0] != '{' || room[w.len - 1] != '}' : room[w.len - 1] != '\n')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct etsi_record record = {.kind = rd_u8(&r) & 1 ? ETSI_RECORD_CC : ETSI_RECORD_IRI};
	struct etsi_media *m = &record.part.media;
	uint8_t facts = rd_u8(&r);
	struct rd location;

	record.part.contents = record.kind == ETSI_RECORD_CC ? ETSI_IPMMCC : ETSI_IPMMIRI;
	record.part.iri_type = facts & 7;
	record.part.direction = facts >> 5;
	m->form = m->frame = rd_u8(&r) & 15;
	m->protocol = facts & 3;
	location = rd_sub(&r, rd_u8(&r));
	m->location = (struct etsi_octets){location.at, rd_left(&location)};
	m->octets = (struct etsi_octets){r.at, rd_left(&r)};
	m->source = (struct etsi_octets){bytes, facts & 4 ? 4 : 0};
	if (!r.ok || !show_is_call(&record))
		return 0;
	put(&record, false);
	put(&record, true);
	return 0;
}
