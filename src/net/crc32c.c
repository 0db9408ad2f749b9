/* CRC-32C: the processor's own instruction where it has one. */
#include "net/checksum.h"

#include <stddef.h>
#include <string.h>

/* Remainders of the sixteen half bytes by the reversed polynomial 0x82f63b78. */
static const uint32_t remainders[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc_plain(uint32_t crc, const uint8_t *bytes, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		crc = crc >> 4 ^ remainders[crc & 15];
		crc = crc >> 4 ^ remainders[crc & 15];
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t crc_sse(uint32_t crc, const uint8_t *bytes,
							  uint32_t len)
{
	uint64_t sum = crc;
	uint32_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t v;

		memcpy(&v, &bytes[i], 8);
		sum = __builtin_ia32_crc32di(sum, v);
	}
	for (; i < len; i++)
		sum = __builtin_ia32_crc32qi((uint32_t)sum, bytes[i]);
	return (uint32_t)sum;
}

static bool has_sse(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t crc_sse(uint32_t crc, const uint8_t *bytes, uint32_t len)
{
	return crc_plain(crc, bytes, len);
}

static bool has_sse(void)
{
	return false;
}
#endif

uint32_t net_crc32c_more(uint32_t crc, const uint8_t *bytes, uint32_t len)
{
	return has_sse() ? crc_sse(crc, bytes, len) : crc_plain(crc, bytes, len);
}

uint32_t net_crc32c(const uint8_t *bytes, uint32_t len)
{
	return ~net_crc32c_more(UINT32_MAX, bytes, len);
}
