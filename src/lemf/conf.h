/* The configuration of a receiver. It begins as every daemon's does (daemon/daemon.h), but that it
 * needs no name; each scalar is an option of weir-agency's command line too. */
#ifndef LEMF_CONF_H
#define LEMF_CONF_H

#include "conf/record.h"
#include "daemon/daemon.h"

enum lemf_misbehaviour {
	LEMF_BEHAVES,
	LEMF_IS_SLOW,
	LEMF_IS_SILENT,
	LEMF_RESETS,
	LEMF_ANSWERS_WRONGLY,
	LEMF_HALF_CLOSES,
};

extern const struct conf_name lemf_misbehaviours[];
extern const struct conf_name lemf_ciphers[]; /* enum seal_cipher */

#define LEMF_DECRYPTION_FIELDS(X)                                                                  \
	X(TEXT, liid, .min = 1, .max = 25, .doc = "whose records; without it, everybody else's")   \
	X(WORD, encryption, .is_required = true, .names = lemf_ciphers, .doc = "the cipher")       \
	X(KEY, key, .is_required = true, .doc = "the key: 24 octets for AES-192, 32 for AES-256")

#define LEMF_SIGNER_FIELDS(X)                                                                      \
	X(TEXT, operator_id, .min = 1, .max = 16,                                                  \
	  .doc = "whose signatures; without it, everybody else's")                                 \
	X(PATH, key, .is_required = true, .doc = "file (PEM) of the public key or certificate")

#define LEMF_FIELDS(X)                                                                             \
	X(TEXT, name, .otherwise = "agency", .min = 1, .max = 63, .is_allowed = daemon_is_name,    \
	  .alphabet = "letters, digits, '.', '-' and '_', of which the first is a letter or "      \
		      "digit",                                                                     \
	  .doc = "its name; with TLS the one in its certificate")                                  \
	X(WORD, transport, .otherwise = "tls", .names = daemon_transports,                         \
	  .doc = "how HI2 and HI3 come in")                                                        \
	X(PATH, certificate, .place = CONF_PLACE_REREAD,                                           \
	  .doc = "file (PEM) of its certificate; tls needs it")                                    \
	X(PATH, key, .place = CONF_PLACE_REREAD,                                                   \
	  .doc = "file (PEM) of the certificate's key; tls needs it")                              \
	X(PATH, authority, .place = CONF_PLACE_REREAD,                                             \
	  .doc = "file (PEM) of the authority whose certificates it believes; tls needs it")       \
	X(WORD, log, .otherwise = "info", .names = daemon_levels, .doc = "what goes to its log")   \
	DAEMON_METRICS_FIELDS(X)                                                                   \
	DAEMON_JAIL_FIELDS(X)                                                                      \
	X(LISTEN, hi2, .otherwise = "127.0.0.1:40002", .doc = "where it takes HI2")                \
	X(LISTEN, hi3, .otherwise = "127.0.0.1:40003", .doc = "where it takes HI3")                \
	X(PATH, from, .place = CONF_PLACE_READ,                                                    \
	  .doc = "a folder with what was received before, to be taken in again: then it listens "  \
		 "nowhere, and ends when all is read")                                             \
	X(PATH, out, .place = CONF_PLACE_FOLDER,                                                   \
	  .doc = "the folder for what comes in; without it, nothing is kept")                      \
	X(PATH, audio, .place = CONF_PLACE_FOLDER,                                                 \
	  .doc = "the folder for what is said in calls, as WAV files; without it, there are none") \
	X(BOOL, force, .otherwise = "false", .doc = "replace files that are there already")        \
	X(BOOL, json, .otherwise = "false", .doc = "print JSON, one document a line")              \
	X(BOOL, each_cc, .otherwise = "false", .doc = "print each CC too, not IRIs alone")         \
	X(SPAN, interval, .otherwise = "10s", .max = 86400,                                        \
	  .doc = "how often it sums up while something comes in; 0s: in the end only")             \
	X(SPAN, until_idle, .otherwise = "0s", .max = 86400,                                       \
	  .doc = "end when nothing has come for so long since the last record; 0s: do not")        \
	X(SPAN, max_time, .otherwise = "0s", .max = 86400,                                         \
	  .doc = "end after so long in any case; 0s: do not")                                      \
	X(INT, count, .otherwise = "0", .min = 0, .max = INT64_MAX,                                \
	  .doc = "end after so many IRIs, CCs and notifications; 0: do not")                       \
	X(BOOL, late_start, .otherwise = "false",                                                  \
	  .doc = "streams may begin at another number than 0: it comes in the middle")             \
	X(WORD, misbehave, .otherwise = "none", .names = lemf_misbehaviours,                       \
	  .doc = "what it does wrong on purpose, to try the other end")                            \
	X(INT, slow_rate, .otherwise = "1000", .min = 1, .max = 1000000000,                        \
	  .doc = "octets a second that a slow one reads")                                          \
	X(INT, reset_after, .otherwise = "10", .min = 0, .max = 1000000000,                        \
	  .doc = "records after which one that resets does so")                                    \
	X(INT, max_connections, .otherwise = "256", .min = 1, .max = 10000,                        \
	  .doc = "connections that it takes at a time")                                            \
	X(INT, max_pdu, .otherwise = "4194304", .min = 1024, .max = 16777216,                      \
	  .doc = "octets of the longest record that it takes")                                     \
	X(INT, max_streams, .otherwise = "100000", .min = 1, .max = 10000000,                      \
	  .doc = "streams (LIID, CIN, kind) that it follows")                                      \
	X(LIST(lemf_decryption), decryption, .max = 10000, .doc = "keys of encrypted records")     \
	X(LIST(lemf_signer), signers, .max = 1000, .doc = "keys of signatures")

struct lemf_decryption {
	CONF_STRUCT(LEMF_DECRYPTION_FIELDS)
};
struct lemf_signer {
	CONF_STRUCT(LEMF_SIGNER_FIELDS)
};
struct lemf_conf {
	CONF_STRUCT(LEMF_FIELDS)
};

extern const struct conf_record lemf_record;

#endif
