#include "audio/placing.h"

#include <string.h>

#include "audio/g711.h"

enum {
	MAX_LATE = 60 * G711_RATE, /* a late packet lies at most so far before the latest */
	MAX_ASTRAY = 2 * G711_RATE,
};

static const int64_t max_ahead = (int64_t)PLACING_MAX_AHEAD * G711_RATE;
static const int64_t max_silence = (int64_t)PLACING_MAX_SILENCE * G711_RATE;

/* Times are anybody's: a span is never so long that a sum of it overflows. */
int64_t placing_samples(struct nanos from, struct nanos to)
{
	const int64_t sample = NANOS_PER_S / G711_RATE;
	int64_t span;

	if (__builtin_sub_overflow(to.ns, from.ns, &span))
		span = to.ns < from.ns ? INT64_MIN : INT64_MAX;
	return span / sample + (span % sample + sample / 2 * (span < 0 ? -1 : 1)) / sample;
}

/* ---- numbers ---- */

static bool is_seen(const struct placing *p, uint16_t seq)
{
	unsigned i = seq % PLACING_N_SEEN;

	return p->seen[i / 64] >> (i % 64) & 1;
}

static void mark(struct placing *p, uint16_t seq, bool is_here)
{
	unsigned i = seq % PLACING_N_SEEN;
	uint64_t bit = UINT64_C(1) << (i % 64);

	p->seen[i / 64] = is_here ? p->seen[i / 64] | bit : p->seen[i / 64] & ~bit;
}

/* The numbers between are missing until they come. */
static void go_on_to(struct placing *p, uint16_t seq, int ahead)
{
	if (ahead >= PLACING_N_SEEN)
		memset(p->seen, 0, sizeof p->seen);
	for (int i = 1; i < ahead && i < PLACING_N_SEEN; i++)
		mark(p, (uint16_t)(seq - i), false);
	mark(p, seq, true);
	p->seq = seq;
}

/* ---- places ---- */

/* How much more silence there may be. */
static int64_t silence_left(const struct placing *p, struct nanos now)
{
	int64_t passed = placing_samples(p->first, now), most;

	most = passed < 0 ? 0 : passed > max_silence ? max_silence : passed;
	return most + max_ahead - p->n_silent;
}

/* By time stamp, where that can be believed. */
static bool place_by_stamp(const struct placing *p, const struct placing_packet *packet,
			   bool is_anew, int64_t *at)
{
	int64_t step = (int32_t)(packet->stamp - p->stamp);
	int64_t astray = step - placing_samples(p->latest, packet->time);

	/* silence may begin and end at one moment, a packet of sound takes its time */
	if (step < 0 || (step == 0 && p->n) || step - p->n > silence_left(p, packet->time))
		return false;
	if (is_anew && (astray > MAX_ASTRAY || astray < -MAX_ASTRAY))
		return false;
	*at = p->at + step;
	return true;
}

static int64_t place_by_time(struct placing *p, const struct placing_packet *packet)
{
	int64_t gap = placing_samples(p->latest, packet->time) - p->n;
	int64_t left = silence_left(p, packet->time);

	gap = gap > left ? left : gap;
	p->from = p->end;
	return p->end + (gap > 0 ? gap : 0);
}

static int64_t place_new(struct placing *p, const struct placing_packet *packet, bool is_anew)
{
	int64_t at;

	if (!place_by_stamp(p, packet, is_anew, &at))
		at = place_by_time(p, packet);
	if (at > p->end)
		p->n_silent += at - p->end;
	p->stamp = packet->stamp;
	p->n = packet->n;
	p->at = at;
	p->latest = packet->time;
	if (p->end < at + packet->n)
		p->end = at + packet->n;
	return at;
}

static void begin(struct placing *p, const struct placing_packet *packet)
{
	*p = (struct placing){.has_begun = true,
			      .seq = packet->seq,
			      .stamp = packet->stamp,
			      .n = packet->n,
			      .end = packet->n,
			      .from = -MAX_LATE,
			      .first = packet->time,
			      .latest = packet->time};
	mark(p, packet->seq, true);
}

static enum placed place_late(struct placing *p, const struct placing_packet *packet, int64_t *at)
{
	int64_t back = (int32_t)(p->stamp - packet->stamp);

	if (is_seen(p, packet->seq))
		return PLACED_TWICE;
	if (back < 0 || back > MAX_LATE || p->at - back < p->from)
		return PLACED_NOWHERE;
	mark(p, packet->seq, true);
	*at = p->at - back;
	return PLACED;
}

enum placed placing_take(struct placing *p, const struct placing_packet *packet, int64_t *at)
{
	int ahead = (int16_t)(packet->seq - p->seq);
	bool is_anew = ahead > PLACING_MAX_DROPOUT || ahead <= -PLACING_N_SEEN;

	*at = 0;
	if (!p->has_begun) {
		begin(p, packet);
		return PLACED;
	}
	if (ahead <= 0 && !is_anew)
		return place_late(p, packet, at);
	*at = place_new(p, packet, is_anew);
	go_on_to(p, packet->seq, is_anew ? PLACING_N_SEEN : ahead);
	return PLACED;
}
