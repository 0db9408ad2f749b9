/* The option table of `weir`: every option of every tool is one row here, and means the same
 * wherever it is taken. Parsing, --help and shell completion are walks over the table. */
#ifndef TOOL_OPTION_H
#define TOOL_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/nanos.h"
#include "pack/sink.h"

/* type of the row -> type of the member in struct settings */
struct texts {
	const char *at[64];
	int n;
};
struct codec_wanted {
	bool is_given;
	enum sink_codec codec;
	int level; /* 0: the codec's own */
};
#define SETTING_FLAG   bool
#define SETTING_TEXT   const char *
#define SETTING_TEXTS  struct texts /* the option may be repeated */
#define SETTING_NUMBER uint64_t
#define SETTING_BYTES  uint64_t     /* with k, M or G (powers of 1,024) */
#define SETTING_TIME   struct nanos /* OPTION_NO_TIME: not given */
#define SETTING_SPAN   struct nanos
#define SETTING_CODEC  struct codec_wanted
#define OPTION_NO_TIME INT64_MIN

/* name, letter (0: none), type, default as text or NULL, value's name in --help, doc.
 * A TEXT whose value's name is "a|b|c" takes one of those words and no other. */
#define OPTIONS(X)                                                                                 \
	X(filter, 'f', TEXTS, NULL, "EXPR", "only packets that match, in libpcap's syntax")        \
	X(threads, 't', NUMBER, "0", "N", "workers; 0: one a processor")                           \
	X(json, 'j', FLAG, NULL, NULL, "print JSON, one document a line")                          \
	X(interval, 'i', SPAN, "1s", "SPAN", "length of an interval: 10, 250ms, 5m")               \
	X(count, 'c', NUMBER, "0", "N", "packets a part or interval, or in all; 0: no limit")      \
	X(max_gap, 0, NUMBER, "1000", "N", "empty intervals in a row that are shown one by one")   \
	X(output, 'o', TEXT, "text", "text|csv|json|svg", "form of the output")                    \
	X(no_promisc, 'p', FLAG, NULL, NULL, "live: leave the interface's mode as it is")          \
	X(snap, 's', BYTES, "0", "BYTES", "keep at most this of each packet; 0: all")              \
	X(block_size, 0, BYTES, "0", "BYTES", "bytes a block of the ring or file; 0: 256k")        \
	X(blocks, 0, NUMBER, "0", "N", "blocks a queue; 0: the source's default")                  \
	X(hardware_time, 0, FLAG, NULL, NULL, "live: time stamps of the interface itself")         \
	X(orders, 0, TEXT, NULL, "FILE", "who must be intercepted: a YAML document")               \
	X(message, 0, TEXT, NULL, "FILE",                                                          \
	  "a SIP message, whose fields are told one by one; -: input")                             \
	X(out, 0, TEXT, NULL, "DIR", "the folder of the agencies' files")                          \
	X(signing_key, 0, TEXT, NULL, "FILE", "the key (PEM) that signs integrity checks")         \
	X(days, 0, NUMBER, "3650", "N", "how long the certificates are valid")                     \
	X(force, 0, FLAG, NULL, NULL, "replace files that are there already")                      \
	X(reference, 0, FLAG, NULL, NULL, "print the reference of the document, and no more")      \
	X(write, 'w', TEXT, NULL, "pcap|pcapng|erf", "format of the output; else by its suffix")   \
	X(compress, 'z', CODEC, NULL, "CODEC[:LEVEL]",                                             \
	  "gzip, bzip2, xz, zstd, lz4 or none, level 1 to 19; else by suffix")                     \
	X(from, 0, TIME, NULL, "TIME", "packets from then on: RFC 3339 or seconds since 1970")     \
	X(to, 0, TIME, NULL, "TIME", "packets before then")                                        \
	X(packets, 0, TEXT, NULL, "A-B", "packets at these places, from 1; A- and -B are open")    \
	X(direction, 0, TEXT, NULL, "in|out", "packets that went this way")                        \
	X(micro, 0, FLAG, NULL, NULL, "pcap: times in µs (else ns, or as the input has them)")     \
	X(big_endian, 0, FLAG, NULL, NULL, "pcap and pcapng in big-endian byte order")             \
	X(bytes, 'b', BYTES, "0", "BYTES", "a new file when the next packet goes beyond so many")  \
	X(every, 'i', SPAN, NULL, "SPAN", "a new file each 10, 5m, 1h of time, on the clock")      \
	X(max_files, 0, NUMBER, "0", "N", "end after so many files; 0: no limit")                  \
	X(brief, 'b', FLAG, NULL, NULL, "one line a packet")                                       \
	X(hex, 'x', FLAG, NULL, NULL, "show the payload's bytes too")                              \
	X(hex_bytes, 0, BYTES, "256", "BYTES", "with -x: at most this of each payload; 0: all")    \
	X(key, 0, TEXT, NULL, "FILE", "the key: that opens records, or has signed (PEM)")          \
	X(at, 0, TEXT, "https://localhost:7680", "URL", "the provisioner's REST API")              \
	X(authority, 0, TEXT, NULL, "FILE", "whose certificates are believed (PEM)")               \
	X(api_key, 0, TEXT, NULL, "FILE", "file whose first line is a key of the REST API")        \
	X(lines, 0, NUMBER, "24", "N", "at most so many lines on the screen; 0: no limit")         \
	X(sip_port, 0, TEXTS, NULL, "PORT",                                                        \
	  "SIP is on this port alone, or on these; else it is found")                              \
	X(join, 0, TEXTS, NULL, "RULE", "legs are one call by this rule alone, or by these; none") \
	X(quiet, 'q', FLAG, NULL, NULL, "no progress, no remarks")

enum option {
#define X(name, letter, type, fallback, value, doc) OPTION_##name,
	OPTIONS(X)
#undef X
		OPTION_N
};

struct settings {
#define X(name, letter, type, fallback, value, doc) SETTING_##type name;
	OPTIONS(X)
#undef X
	bool is_given[OPTION_N]; /* on the command line, and not by default */
};

/* One sub-command. */
struct tool {
	const char *name;
	const char *doc;      /* one line */
	const char *operands; /* "CAPTURE…" */
	int min_operands;
	int max_operands;           /* -1: no limit */
	const enum option *options; /* ends with OPTION_N */
	/* Returns the exit status. operands borrow the command line. */
	int (*run)(const struct settings *set, int n, char **operands);
	const char *details; /* more of --help, or NULL */
};

/* Parses argv (argv[0] is the tool's name) into *set and moves the operands to the front of
 * argv + 1. Returns their number; -1 after --help was printed; -2 after an error was printed. */
int option_parse(const struct tool *tool, struct settings *set, int argc, char **argv);

void option_help(const struct tool *tool);

/* Words of a shell's completion script for these tools ("bash"); false for another shell. */
bool option_completion(const char *shell, const struct tool *const *tools);

#endif
