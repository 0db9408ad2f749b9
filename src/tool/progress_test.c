#include "tool/progress.h"

#include <string.h>

#include "base/tap.h"

static void progress_reads_well(void)
{
	struct source_stats stats = {.received = 4000000, .offset = 500000000, .size = 1000000000};
	char line[120];

	progress_print(&stats, nanos_from_s(2), line, sizeof line);
	ok(!strcmp(line, " 50%  500.0 MB of 1.0 GB  2.0 M packets/s  2 s left"), "%s", line);
	stats.size = 0;
	progress_print(&stats, nanos_from_s(2), line, sizeof line);
	ok(!strcmp(line, "4000000 packets  2.0 M packets/s"), "%s", line);
}

int main(void)
{
	progress_reads_well();
	return tap_end();
}
