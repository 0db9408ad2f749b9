#include "tls/make.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/tap.h"
#include "tls/folder.h"
#include "tls/tls.h"

static struct folder folder;

static const char *in_folder(const char *name)
{
	static char path[200];

	snprintf(path, sizeof path, "%s/%s", folder.path, name);
	return path;
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	return stat(in_folder(name), &st) ? 0 : st.st_mode & 0777;
}

static X509 *read_x509(const char *name)
{
	FILE *f = fopen(in_folder(name), "re");
	X509 *x509 = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	return x509;
}

static void test_orders(void)
{
	char good[] = "provisioner:p1@192.0.2.1,p1.example,2001:db8::1";
	char *bad[] = {(char[]){"provisioner:p1@"}, (char[]){"provisioner:p1@a b"},
		       (char[]){"provisioner@1.2.3.4"}, (char[]){"collector:c1,collector:c2"}};
	struct tls_order order;

	ok(tls_order_parse(good, &order, NULL) == 0 && order.n_addresses == 3 &&
		   !strcmp(order.addresses[1], "p1.example") && !strcmp(order.identity.name, "p1"),
	   "an order has an identity and addresses");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct why why;

		why_clear(&why);
		ok(tls_order_parse(bad[i], &order, &why) == ERR_USAGE, "refused: %s", why.text);
	}
}

static void test_made(void)
{
	static const char *const who[] = {"collector:c1", "provisioner:p1@192.0.2.1,p.example",
					  NULL};
	struct tls_order order = {.identity = {TLS_COLLECTOR, "c1"}};
	bool was_made = true;
	X509 *x509;
	struct why why;

	ok(folder_make(&folder, who, 30) == 0, "an authority and two certificates are made");
	ok(mode_of("authority.key") == 0600 && mode_of("collector-c1.key") == 0600,
	   "keys are their owner's alone");
	ok(tls_make_authority(folder.path, 30, &was_made, NULL) == 0 && !was_made,
	   "an authority is made once");
	why_clear(&why);
	ok(tls_make(folder.path, &order, 30, &why) == ERR_USAGE && strstr(why.place, "c1.key"),
	   "nothing is overwritten: %s: %s", why.place, why.text);
	x509 = read_x509("provisioner-p1.pem");
	ok(x509 && X509_check_host(x509, "p.example", 0, 0, NULL) == 1 &&
		   X509_check_ip_asc(x509, "192.0.2.1", 0) == 1 &&
		   X509_check_ip_asc(x509, "127.0.0.1", 0) == 1,
	   "a provisioner's certificate names where it is reached");
	ok(x509 && X509_check_ca(x509) == 0 && X509_get_extension_flags(x509) & EXFLAG_BCONS,
	   "and signs no others");
	X509_free(x509);
	x509 = read_x509("collector-c1.pem");
	ok(x509 && X509_check_host(x509, "localhost", 0, 0, NULL) != 1, "a collector's does not");
	X509_free(x509);
}

static void test_read(void)
{
	struct tls_files files = folder_files(&folder, "collector-c1");
	struct tls_files wrong = files;
	struct tls *tls = NULL;
	struct why why;

	ok(tls_new(&tls, &files, NULL) == 0 && tls_self(tls)->role == TLS_COLLECTOR &&
		   !strcmp(tls_self(tls)->name, "c1"),
	   "what was made is read, and knows whom it names");
	tls_free(&tls);
	tls_free(&tls);
	why_clear(&why);
	wrong.key = in_folder("provisioner-p1.key");
	ok(tls_new(&tls, &wrong, &why) == ERR_BAD && !tls, "another's key: %s: %s", why.place,
	   why.text);
	why_clear(&why);
	wrong = files;
	wrong.certificate = files.authority;
	wrong.key = in_folder("authority.key");
	ok(tls_new(&tls, &wrong, &why) == ERR_ACCESS && !tls, "one without a role: %s", why.text);
	why_clear(&why);
	wrong = files;
	wrong.certificate = in_folder("absent.pem");
	ok(tls_new(&tls, &wrong, &why) == ERR_ABSENT && strstr(why.place, "absent.pem"),
	   "a file that is not there: %s: %s", why.place, why.text);
	why_clear(&why);
	wrong = files;
	wrong.certificate = files.key;
	ok(tls_new(&tls, &wrong, &why) == ERR_BAD, "a file that is none: %s", why.text);
	why_clear(&why);
	wrong.certificate = NULL;
	ok(tls_new(&tls, &wrong, &why) == ERR_USAGE, "no file at all: %s", why.text);
}

/* Certificates that ended yesterday, and those of another authority. */
static void test_refused(void)
{
	static const char *const who[] = {"collector:c1", NULL};
	struct folder other;
	struct tls_files files;
	struct tls *tls = NULL;
	char stranger[200];
	struct why why;

	folder_init(&other);
	ok(folder_make(&other, who, -1) == 0, "certificates that have run out already");
	why_clear(&why);
	files = folder_files(&other, "collector-c1");
	ok(tls_new(&tls, &files, &why) == ERR_BAD, "are refused: %s", why.text);
	snprintf(stranger, sizeof stranger, "%s/authority.pem", other.path);
	why_clear(&why);
	files = folder_files(&folder, "collector-c1");
	files.authority = stranger;
	ok(tls_new(&tls, &files, &why) == ERR_BAD, "so are those of another authority: %s",
	   why.text);
	folder_fini(&other);
}

int main(void)
{
	folder_init(&folder);
	test_orders();
	test_made();
	test_read();
	test_refused();
	folder_fini(&folder);
	return tap_end();
}
