/* Packets and messages of a few calls, all the way into files. Each begins with an octet that
 * says whose it is and which way it goes, one of seconds that passed, and 16 bits of length. */
#include "base/fuzz.h"

#include <stdlib.h>
#include <unistd.h>

#include "audio/audio.h"
#include "audio/craft.h"

static char folder[] = "/tmp/weir-audio-fuzz-XXXXXX";

static void leave(void)
{
	craft_empty(folder);
	rmdir(folder);
}

static void step(struct audio *a, struct rd *r, struct nanos *now)
{
	uint8_t choice = rd_u8(r);
	struct audio_packet packet = {.side = (enum audio_side)(choice % AUDIO_N_SIDES)};
	struct audio_message message;
	struct rd part;
	struct why why;

	now->ns += (int64_t)rd_u8(r) * NANOS_PER_S;
	part = rd_sub(r, rd_u16(r) % 600);
	packet.call.liid_len = 1;
	packet.call.liid[0] = choice >> 6;
	packet.time = packet.now = *now;
	packet.bytes = part.at;
	packet.len = rd_left(&part);
	packet.stream = &choice;
	packet.stream_len = choice >> 5 & 1;
	packet.is_cut = choice >> 4 & 1;
	message = (struct audio_message){.call = packet.call,
					 .way = packet.side,
					 .now = *now,
					 .bytes = part.at,
					 .len = packet.len};
	why_clear(&why);
	if (!part.ok)
		return;
	if ((choice & 12) == 12)
		audio_signalled(a, &message);
	else if (audio_take(a, &packet, &why) && !why.text[0])
		abort();
	if ((choice & 12) == 8)
		audio_ended(a, &packet.call);
	if ((choice & 12) == 4)
		(void)audio_flush(a, *now);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rd r = rd_of(bytes, len);
	struct nanos now = nanos_from_s(1700000000);
	struct audio *audio;

	if (folder[sizeof folder - 2] == 'X') {
		if (!mkdtemp(folder) || atexit(leave))
			abort();
	}
	if (audio_new(&audio, folder, NULL))
		abort();
	while (rd_left(&r))
		step(audio, &r, &now);
	if (audio_counts(audio).n_packets && !audio_counts(audio).n_files &&
	    audio_flush(audio, now))
		abort();
	audio_free(&audio);
	craft_empty(folder);
	return 0;
}
