#include "collection/pulse.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"

static char path[] = "/tmp/weir-pulse-XXXXXX";

static struct pulse *open_it(void)
{
	struct pulse *p;

	if (pulse_open(&p, path, NULL))
		abort();
	return p;
}

int main(void)
{
	int fd = mkstemp(path);
	struct pulse *p, *next;
	char uri[32];

	ok(fd >= 0 && write(fd, "rubbish", 7) == 7, "a file of another shape");
	close(fd);
	p = open_it();
	ok(!pulse_last(p, "int:a").ns, "says nothing of an input");
	pulse_beat(p, "int:a", (struct nanos){100});
	pulse_beat(p, "int:b", (struct nanos){7});
	pulse_beat(p, "int:a", (struct nanos){200});
	ok(!pulse_last(p, "int:a").ns, "what this process says is for the next one");
	next = open_it(); /* the first is as if it were killed */
	ok(pulse_last(next, "int:a").ns == 200 && pulse_last(next, "int:b").ns == 7,
	   "which finds the latest of each input");
	ok(!pulse_last(next, "int:c").ns && pulse_latest(next).ns == 200, "and nothing of another");
	pulse_beat(next, "int:b", (struct nanos){300});
	pulse_free(&next);
	for (int k = 0; k < PULSE_SLOTS; k++) {
		snprintf(uri, sizeof uri, "int:x%d", k);
		pulse_beat(p, uri, (struct nanos){1000 + k});
	}
	pulse_free(&p);
	pulse_free(&p);
	p = open_it();
	ok(!pulse_last(p, "int:a").ns && pulse_last(p, "int:x0").ns == 1000 &&
		   pulse_last(p, uri).ns == 1000 + PULSE_SLOTS - 1,
	   "where there are too many, the oldest makes room");
	pulse_free(&p);
	ok(truncate(path, 50) == 0, "cut");
	p = open_it();
	ok(!pulse_last(p, uri).ns, "a cut file is begun anew");
	pulse_free(&p);
	ok(unlink(path) == 0 && symlink("/dev/null", path) == 0 && pulse_open(&p, path, NULL) < 0 &&
		   !p,
	   "a link is not followed");
	unlink(path);
	return tap_end();
}
