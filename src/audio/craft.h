/* Tests only: RTP packets of known sound, and WAV files read back. */
#ifndef AUDIO_CRAFT_H
#define AUDIO_CRAFT_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/g711.h"
#include "base/rd.h"
#include "base/wr.h"

enum { CRAFT_N = 160, CRAFT_MAX = 1 << 20 };

struct craft_rtp {
	uint32_t ssrc;
	uint16_t seq;
	uint32_t stamp;
	uint8_t type;
};

/* The octet at a place in a source's sound. */
static inline uint8_t craft_octet(uint32_t ssrc, int64_t at)
{
	return (uint8_t)((uint64_t)at * 37 + (uint64_t)at / 256 * 11 + ssrc * 5);
}

/* A packet of CRAFT_N octets, from a place on. */
static inline void craft_rtp(struct wr *w, const struct craft_rtp *rtp, int64_t at)
{
	wr_reset(w);
	wr_u8(w, 0x80);
	wr_u8(w, rtp->type);
	wr_u16(w, rtp->seq);
	wr_u32(w, rtp->stamp);
	wr_u32(w, rtp->ssrc);
	for (int i = 0; i < CRAFT_N; i++)
		wr_u8(w, craft_octet(rtp->ssrc, at + i));
}

static inline int16_t craft_sample(enum g711_law law, uint32_t ssrc, int64_t at)
{
	static int16_t tables[2][256];

	if (!tables[law][0])
		g711_table(law, tables[law]);
	return tables[law][craft_octet(ssrc, at)];
}

/* Samples of a WAV file, all channels; -1: it is not there, or its header is not right. */
static inline long craft_read(const char *folder, const char *name, unsigned n_channels,
			      int16_t out[CRAFT_MAX])
{
	static uint8_t bytes[44 + 2 * CRAFT_MAX];
	char path[600];
	struct rd r;
	ssize_t len;
	uint32_t size;
	int fd;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);
	if (fd >= 0)
		close(fd);
	if (len < 44 || memcmp(bytes, "RIFF", 4) ||
	    memcmp(bytes + 8, "WAVEfmt \x10\0\0\0\1\0", 14) || memcmp(bytes + 36, "data", 4))
		return -1;
	r = rd_of(bytes, (size_t)len);
	rd_skip(&r, 4);
	size = rd_le32(&r);
	rd_skip(&r, 14);
	if (rd_le16(&r) != n_channels || rd_le32(&r) != 8000 || rd_le32(&r) != 16000 * n_channels ||
	    rd_le16(&r) != 2 * n_channels || rd_le16(&r) != 16)
		return -1;
	rd_skip(&r, 4);
	if (rd_le32(&r) + 36 != size || size - 36 != rd_left(&r))
		return -1;
	for (size_t i = 0; i < (size - 36) / 2; i++)
		out[i] = (int16_t)rd_le16(&r);
	return (long)((size - 36) / 2);
}

/* How many files there were. */
static inline int craft_empty(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
		n += unlinkat(dirfd(dir), e->d_name, 0) == 0;
	if (dir)
		closedir(dir);
	return n;
}

#endif
