/* Which format: by the first bytes, by name, by suffix. */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "trace/erf.h"
#include "trace/pcap.h"
#include "trace/pcapng.h"
#include "trace/walk.h"

static const struct {
	const char *name;
	const char *suffix;
} formats[] = {[TRACE_UNKNOWN] = {"unknown", ""},
#define X(name, text, suffix, doc) [TRACE_##name] = {text, suffix},
	       TRACE_FORMATS(X)
#undef X
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

static_assert(N_FORMATS == TRACE_SNOOP + ANALYSER_N_FORMATS, "one row for each of analyser's");
static_assert(TRACE_NETXRAY == TRACE_SNOOP + ANALYSER_NETXRAY, "in the same order");

enum { EARLY_S = 315532800, PROBE_RECORDS = 8 }; /* 1980-01-01 */

static bool is_pcap(const uint8_t *bytes, size_t len)
{
	uint32_t magic;

	if (len < 4)
		return false;
	magic = load32(bytes, bytes[0] == 0xa1);
	return magic == PCAP_MAGIC_MICRO || magic == PCAP_MAGIC_NANO ||
	       magic == PCAP_MAGIC_MODIFIED;
}

static bool is_pcapng(const uint8_t *bytes, size_t len)
{
	if (len < 12 || load32(bytes, true) != PCAPNG_SECTION)
		return false;
	return load32(bytes + 8, true) == PCAPNG_ORDER || load32(bytes + 8, false) == PCAPNG_ORDER;
}

static bool is_text(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] >= 0x7f || (bytes[i] < ' ' && !memchr("\t\n\r\f", bytes[i], 4)))
			return false;
	return true;
}

/* Whether a record's header agrees with itself. Early times are only believed of records that
 * say that their lengths vary, as nearly all do. */
static bool is_erf_record(const uint8_t *header)
{
	uint8_t type = header[8] & ERF_TYPE_MASK;
	uint16_t len = load16(header + 10, true);

	if (!erf_type_is_known(type) || header[9] & ERF_FLAG_RESERVED)
		return false;
	if (len < ERF_HEADER_LEN + (header[8] & ERF_MORE ? ERF_EXTENSION_LEN : 0))
		return false;
	if (load32(header + 4, false) < EARLY_S && !(header[9] & ERF_FLAG_VARYING))
		return false;
	return load16(header + 14, true) != 0 || type == ERF_TYPE_PAD;
}

/* ERF has no magic: the records whose headers can be seen must be of kinds that are known, and
 * the first one must be more than padding. */
static bool is_erf(const uint8_t *bytes, size_t len)
{
	struct rd rd = rd_of(bytes, len);

	if (len < ERF_HEADER_LEN || is_text(bytes, len) ||
	    (bytes[8] & ERF_TYPE_MASK) == ERF_TYPE_PAD)
		return false;
	for (int i = 0; i < PROBE_RECORDS && rd_left(&rd) >= ERF_HEADER_LEN; i++) {
		if (!is_erf_record(rd.at))
			return false;
		rd_skip(&rd, load16(rd.at + 10, true));
	}
	return true;
}

enum trace_format trace_probe(const uint8_t *bytes, size_t len)
{
	if (is_pcap(bytes, len))
		return TRACE_PCAP;
	if (is_pcapng(bytes, len))
		return TRACE_PCAPNG;
	for (int f = 0; f < ANALYSER_N_FORMATS; f++)
		if (analyser_is((enum analyser_format)f, bytes, len))
			return (enum trace_format)(TRACE_SNOOP + f);
	return is_erf(bytes, len) ? TRACE_ERF : TRACE_UNKNOWN;
}

const char *trace_format_name(enum trace_format format)
{
	return formats[(unsigned)format < N_FORMATS ? format : TRACE_UNKNOWN].name;
}

bool trace_format_is_writable(enum trace_format format)
{
	return format == TRACE_PCAP || format == TRACE_PCAPNG || format == TRACE_ERF;
}

enum trace_format trace_format_of_name(const char *name)
{
	for (int f = TRACE_UNKNOWN + 1; f < N_FORMATS; f++)
		if (strcasecmp(name, formats[f].name) == 0)
			return (enum trace_format)f;
	return TRACE_UNKNOWN;
}

/* Length of the path without a codec's suffix. */
static size_t length_unpacked(const char *path)
{
	static const char *const codecs[] = {".gz", ".bz2", ".xz", ".zst", ".lz4"};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
		size_t n = strlen(codecs[i]);

		if (len > n && strcasecmp(path + len - n, codecs[i]) == 0)
			return len - n;
	}
	return len;
}

enum trace_format trace_format_of_path(const char *path)
{
	size_t len = length_unpacked(path);

	for (int f = TRACE_UNKNOWN + 1; f < N_FORMATS; f++) {
		size_t n = strlen(formats[f].suffix);

		if (len > n && strncasecmp(path + len - n, formats[f].suffix, n) == 0)
			return (enum trace_format)f;
	}
	if (len > 4 && strncasecmp(path + len - 4, ".cap", 4) == 0)
		return TRACE_PCAP;
	return TRACE_UNKNOWN;
}
