/* Why something was refused, in words for a person: filled where the reason is known,
 * printed once by the program at the top. */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <stdbool.h>
#include <stdint.h>

enum { WHY_TEXT_LEN = 256, WHY_PLACE_LEN = 256 };

struct why {
	char text[WHY_TEXT_LEN];   /* the reason; empty when there is none */
	char place[WHY_PLACE_LEN]; /* file, URI or device it is about; may be empty */
	int line;                  /* 1.. in a text file; 0 when it is not about a line */
	int64_t offset;            /* bytes from the start of the (uncompressed) data; -1: none */
};

/* No reason yet. */
void why_clear(struct why *why);

/* Sets the text (cut to fit) and returns err, so that a caller can write
 * `return why_set(why, ERR_BAD, "...")`. The first reason stays: a later one is ignored.
 * why may be NULL. */
int why_set(struct why *why, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Fill the place, line or offset of a reason, unless they are filled already. why may be NULL. */
void why_place(struct why *why, const char *place);
void why_line(struct why *why, int line);
void why_offset(struct why *why, int64_t offset);

/* "place:line: text" or "place: at byte N: text"; out is always terminated. */
void why_print(const struct why *why, char *out, int size);

#endif
