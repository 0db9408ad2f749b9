#include "lemf/files.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tap.h"

static char folder[] = "/tmp/weir-lemf-XXXXXX";

static long size_of(const char *name)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &st) ? -1 : (long)st.st_size;
}

static int empty_folder(void)
{
	DIR *dir = opendir(folder);
	char path[400];
	int n = 0;

	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		n += e->d_name[0] != '.' && unlink(path) == 0;
	}
	closedir(dir);
	return n;
}

static const uint8_t ip[40] = {0x45, 0, 0, 40};

static int put(struct lemf_files *f, const char *liid)
{
	const struct lemf_packet packet = {ip, sizeof ip, 1500, nanos_from_s(1000)};

	return lemf_files_packet(f, (const uint8_t *)liid, strlen(liid), &packet);
}

static void test_names(void)
{
	struct lemf_files *f;

	ok(lemf_files_new(&f, folder, false, NULL) == 0, "a folder of files");
	ok(put(f, "LIID-1") == 0 && put(f, "LIID-1") == 0 && put(f, "../x") == 0 &&
		   put(f, "%41") == 0 && put(f, "A") == 0,
	   "packets of several LIIDs");
	ok(lemf_files_stream(f, LEMF_HI2, ip, 7) == 0, "a record");
	lemf_files_flush(f);
	ok(size_of("LIID-1.pcap") == 24 + 2 * 56 && size_of("hi2.ber") == 7,
	   "can be read while they grow");
	ok(lemf_files_close(&f, NULL) == 0 && !f, "and are closed");
	ok(size_of("%2E%2E%2Fx.pcap") == 80 && size_of("%2541.pcap") == 80 &&
		   size_of("A.pcap") == 80 && size_of("hi3.ber") == 0,
	   "each LIID has a file of its own, in this folder");
}

static void test_there_already(void)
{
	struct lemf_files *f;
	struct why why;

	why_clear(&why);
	ok(lemf_files_new(&f, folder, false, &why) < 0 && !f && strstr(why.place, "hi2.ber"),
	   "what is there already is kept: %s %s", why.place, why.text);
	ok(lemf_files_new(&f, folder, true, NULL) == 0 && put(f, "A") == 0 &&
		   lemf_files_close(&f, NULL) == 0 && size_of("A.pcap") == 80 &&
		   size_of("hi2.ber") == 0,
	   "unless it shall be replaced");
	empty_folder();
	ok(lemf_files_new(&f, folder, false, NULL) == 0, "a new folder");
	ok(lemf_files_close(&f, NULL) == 0, "closed");
	unlink("hi2.ber");
}

/* More LIIDs than files may be open. */
static void test_many(void)
{
	struct lemf_files *f;
	bool is_well = true;
	char liid[20];

	empty_folder();
	ok(lemf_files_new(&f, folder, false, NULL) == 0, "a folder for many");
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 300; i++) {
			snprintf(liid, sizeof liid, "L%d", i);
			is_well &= put(f, liid) == 0;
		}
	ok(is_well && lemf_files_close(&f, NULL) == 0, "300 LIIDs, three rounds");
	for (int i = 0; i < 300; i++) {
		snprintf(liid, sizeof liid, "L%d.pcap", i);
		is_well &= size_of(liid) == 24 + 3 * 56;
	}
	ok(is_well, "each file has its three packets");
}

static void test_full_disk(void)
{
	struct lemf_files *f;
	struct why why;
	char path[300];
	bool has_failed = false;

	empty_folder();
	snprintf(path, sizeof path, "%s/hi2.ber", folder);
	if (symlink("/dev/full", path)) {
		skip("a full disk");
		return;
	}
	why_clear(&why);
	ok(lemf_files_new(&f, folder, true, NULL) == 0, "a disk that is full");
	for (int i = 0; i < 10000; i++)
		has_failed |= lemf_files_stream(f, LEMF_HI2, ip, sizeof ip) < 0;
	ok(has_failed && put(f, "A") == 0, "is told of, and does not stop the rest");
	ok(lemf_files_close(&f, &why) == ERR_IO && why.text[0], "also in the end: %s", why.text);
}

int main(void)
{
	if (!mkdtemp(folder))
		return 2;
	test_names();
	test_there_already();
	test_many();
	test_full_disk();
	empty_folder();
	rmdir(folder);
	return tap_end();
}
