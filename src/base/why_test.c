#include "base/why.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/tap.h"

int main(void)
{
	struct why why;
	char text[600];

	why_clear(&why);
	ok(why_set(&why, ERR_BAD, "length %d", 7) == ERR_BAD, "the error comes back");
	why_set(&why, ERR_IO, "later");
	why_place(&why, "a.pcap");
	why_offset(&why, 24);
	why_print(&why, text, sizeof text);
	ok(!strcmp(text, "a.pcap: at byte 24: length 7"), "the first reason stays: %s", text);
	why_line(&why, 3);
	why_print(&why, text, sizeof text);
	ok(!strcmp(text, "a.pcap:3: length 7"), "a line wins over an offset: %s", text);
	ok(why_set(NULL, ERR_END, "unheard") == ERR_END, "nobody need listen");
	ok(!strcmp(err_text(ERR_CUT), "the data ends in the middle of a record"),
	   "an error has a sentence");
	ok(err_text(-9999) && err_text(0), "and so has any number");
	ok(err_of_errno(ENOSPC) == ERR_FULL && err_of_errno(EINVAL) == ERR_IO,
	   "errno values map to ours");
	return tap_end();
}
