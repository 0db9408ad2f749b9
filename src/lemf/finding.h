/* What a receiver finds in what it is given: each a row, which gives the constant, the word in
 * JSON, the words of the summary, and whether it makes the exit status 1. */
#ifndef LEMF_FINDING_H
#define LEMF_FINDING_H

#define LEMF_FINDINGS(X)                                                                           \
	X(MISSING, "missing", true, "records are missing")                                         \
	X(BEGINS_LATE, "begins-late", true, "streams do not begin at number 0")                    \
	X(LATE, "late", false, "records came after later ones")                                    \
	X(REPLAYED, "replayed", false, "records came again on another connection")                 \
	X(TWICE, "twice", true, "records came twice on one connection")                            \
	X(REUSED, "reused", true, "numbers were given to two records")                             \
	X(IRI_ORDER, "iri-order", true, "IRIs do not follow Begin, Continue, End")                 \
	X(WRONG_SIDE, "wrong-side", true, "records came on the other interface")                   \
	X(UNREADABLE, "unreadable", true, "records break the schema")                              \
	X(NOT_OPENED, "not-opened", true, "encrypted records could not be opened")                 \
	X(NO_KEY, "no-key", false, "encrypted records have no key here")                           \
	X(BAD_HASH, "bad-hash", true, "hashes are not those of the records")                       \
	X(BAD_SIGNATURE, "bad-signature", true, "signatures are not those of the hashes")          \
	X(UNCHECKED, "unchecked", true, "integrity checks cover records that are not here")        \
	X(NO_SIGNER, "no-signer", false, "signatures have no key here")                            \
	X(NOT_COVERED, "not-covered", false, "records were covered by no integrity check")         \
	X(NOT_A_STREAM, "not-a-stream", true, "connections carried what is no PS-PDU")             \
	X(CUT, "cut", false, "connections ended inside a PS-PDU")                                  \
	X(NOT_ANSWERED, "not-answered", true, "questions could not be answered")                   \
	X(NOT_TRACKED, "not-tracked", true, "records are of more streams than can be followed")    \
	X(NO_SOUND, "no-sound", false, "sources of media are no sound that is written")            \
	X(NOT_WRITTEN, "not-written", true, "packets or records could not be written")

enum lemf_finding {
#define X(name, word, is_wrong, text) LEMF_##name,
	LEMF_FINDINGS(X)
#undef X
		LEMF_N_FINDINGS
};

struct lemf_finding_row {
	const char *word, *text;
	int is_wrong;
};
extern const struct lemf_finding_row lemf_findings[LEMF_N_FINDINGS];

#endif
