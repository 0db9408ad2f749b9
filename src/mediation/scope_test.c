#include "mediation/scope.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/tap.h"
#include "mediation/sample.h"

static struct scope scope;
static struct agency police = {.id = (char[]){"police"}};

static enum refusal judge(enum interface interface, const struct etsi_record *r, struct nanos now)
{
	return scope_check(&scope, &(struct scope_place){&police, interface, now}, r);
}

static enum refusal check(enum interface interface, enum etsi_record_kind kind, const char *liid,
			  double s)
{
	struct etsi_record r = sample_record(kind, liid, s);

	return judge(interface, &r, sample_at(SAMPLE_START + 10));
}

static void take(struct warrant *w, size_t n, double now)
{
	struct orders orders = {.warrants = {w, n}};

	if (scope_update(&scope, &orders, sample_at(now)))
		ok(false, "no memory");
}

static void test_kinds(void)
{
	struct warrant w[4] = {sample_warrant("police", "ALL"), sample_warrant("police", "IRI"),
			       sample_warrant("police", "CC"), sample_warrant("customs", "ALL2")};
	double s = SAMPLE_START + 5;

	w[1].deliver = WARRANT_IRI_ONLY;
	w[2].deliver = WARRANT_CC_ONLY;
	take(w, 4, s);
	ok(check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL", s) == REFUSAL_NONE &&
		   check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", s) == REFUSAL_NONE,
	   "what is ordered goes through");
	ok(check(INTERFACE_HI3, ETSI_RECORD_IRI, "ALL", s) == REFUSAL_INTERFACE &&
		   check(INTERFACE_HI2, ETSI_RECORD_CC, "ALL", s) == REFUSAL_INTERFACE,
	   "on its own interface only");
	ok(check(INTERFACE_HI3, ETSI_RECORD_CC, "IRI", s) == REFUSAL_KIND &&
		   check(INTERFACE_HI2, ETSI_RECORD_IRI, "CC", s) == REFUSAL_KIND,
	   "a kind that is not ordered does not");
	ok(check(INTERFACE_HI3, ETSI_RECORD_ENCRYPTED, "IRI", s) == REFUSAL_KIND &&
		   check(INTERFACE_HI2, ETSI_RECORD_ENCRYPTED, "IRI", s) == REFUSAL_NONE,
	   "encrypted, it counts as what its interface is for");
	ok(check(INTERFACE_HI2, ETSI_RECORD_HI1, "ALL", s) == REFUSAL_KIND &&
		   check(INTERFACE_HI2, ETSI_RECORD_OTHER, "ALL", s) == REFUSAL_KIND,
	   "HI1 does not come from collectors");
	ok(check(INTERFACE_HI2, ETSI_RECORD_TRI, "ALL", s + 99999) == REFUSAL_NONE,
	   "a TRI follows its records");
	ok(check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL2", s) == REFUSAL_UNKNOWN_LIID &&
		   check(INTERFACE_HI2, ETSI_RECORD_IRI, "AL", s) == REFUSAL_UNKNOWN_LIID &&
		   check(INTERFACE_HI2, ETSI_RECORD_IRI, "", s) == REFUSAL_UNKNOWN_LIID,
	   "an LIID of another agency, or of none, is not known");
	police.deliver_as = AGENCY_DELIVERS_PCAP;
	ok(check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", s) == REFUSAL_NONE &&
		   check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL", s) == REFUSAL_NO_CAPTURE &&
		   check(INTERFACE_HI3, ETSI_RECORD_ENCRYPTED, "ALL", s) == REFUSAL_NO_CAPTURE,
	   "captures hold packets only");
	police.deliver_as = AGENCY_DELIVERS_PS_PDU;
	sample_free(w, 4);
}

static void test_times(void)
{
	struct warrant w[1] = {sample_warrant("police", "ALL")};
	struct etsi_record r;

	take(w, 1, SAMPLE_START);
	ok(check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", SAMPLE_START - 0.000001) ==
			   REFUSAL_OUT_OF_TIME &&
		   check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", SAMPLE_START) == REFUSAL_NONE,
	   "from the start on, to the microsecond");
	ok(check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", SAMPLE_END - 0.000001) == REFUSAL_NONE &&
		   check(INTERFACE_HI3, ETSI_RECORD_CC, "ALL", SAMPLE_END) == REFUSAL_OUT_OF_TIME,
	   "no content at the end");
	ok(check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL", SAMPLE_END) == REFUSAL_NONE &&
		   check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL", SAMPLE_END + 0.000001) ==
			   REFUSAL_OUT_OF_TIME,
	   "but the IRI that says so");
	r = sample_record(ETSI_RECORD_IRI, "ALL", SAMPLE_START + 1);
	r.has_time = false;
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START)) == REFUSAL_OUT_OF_TIME,
	   "what has no time is in none");
	sample_free(w, 1);
}

static void test_withdrawal(void)
{
	struct warrant w[1] = {sample_warrant("police", "ALL")};
	struct etsi_record r = sample_record(ETSI_RECORD_IRI, "ALL", SAMPLE_START + 10);
	char path[] = "/tmp/weir-scope-XXXXXX";
	int fd = mkstemp(path);
	struct why why = {0};

	close(fd);
	unlink(path);
	ok(fd >= 0 && !scope_load(&scope, path, &why), "nothing is known without a file");
	scope_fini(&scope);
	take(w, 1, SAMPLE_START);
	take(NULL, 0, SAMPLE_START + 10);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 11)) == REFUSAL_NONE,
	   "the last records of a warrant that was taken away come through");
	r.time = sample_at(SAMPLE_START + 12);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 12)) == REFUSAL_OUT_OF_TIME,
	   "none that was made later");
	r.time = sample_at(SAMPLE_START + 9);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + SCOPE_GRACE_S)) == REFUSAL_NONE,
	   "what was made before comes through for a month");
	ok(!scope_save(&scope, path, &why) && (scope_fini(&scope), scope.n == 0) &&
		   !scope_load(&scope, path, &why) && scope.n == 1,
	   "that is known over a restart: %s", why.text);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 71)) == REFUSAL_NONE &&
		   scope_knows(&scope, "police", "ALL") && !scope_knows(&scope, "police", "NO"),
	   "with all that was known");
	unlink(path);
	r.time = sample_at(SAMPLE_START + 12);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 71)) == REFUSAL_OUT_OF_TIME,
	   "and when it ended");
	r.time = sample_at(SAMPLE_START + 9);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 11 + SCOPE_GRACE_S)) ==
		   REFUSAL_UNKNOWN_LIID,
	   "nothing after its grace");
	take(w, 1, SAMPLE_START + 80);
	ok(judge(INTERFACE_HI2, &r, sample_at(SAMPLE_START + 81)) == REFUSAL_NONE && scope.n == 1,
	   "given again, it is as before");
	sample_free(w, 1);
}

static void test_doubt(void)
{
	struct etsi_record r = sample_record(ETSI_RECORD_CC, "ALL", SAMPLE_START + 1);

	ok(scope_may_change(REFUSAL_UNKNOWN_LIID, &r) && scope_may_change(REFUSAL_KIND, &r) &&
		   scope_may_change(REFUSAL_OUT_OF_TIME, &r),
	   "other orders may have the warrant, with content, for longer");
	ok(!scope_may_change(REFUSAL_NONE, &r) && !scope_may_change(REFUSAL_MALFORMED, &r) &&
		   !scope_may_change(REFUSAL_INTERFACE, &r) &&
		   !scope_may_change(REFUSAL_NO_CAPTURE, &r),
	   "they make nothing of what is wrong in itself");
	r.has_time = r.part.has_time = false;
	ok(!scope_may_change(REFUSAL_OUT_OF_TIME, &r), "nor give it a time");
	r.kind = ETSI_RECORD_HI1;
	ok(!scope_may_change(REFUSAL_KIND, &r), "nor a collector the right to HI1");
}

int main(void)
{
	enum interface interface;

	scope_init(&scope);
	ok(check(INTERFACE_HI2, ETSI_RECORD_IRI, "ALL", SAMPLE_START) == REFUSAL_UNKNOWN_LIID,
	   "without orders nothing goes through");
	test_kinds();
	test_times();
	test_withdrawal();
	test_doubt();
	scope_fini(&scope);
	ok(interface_of("hi3", &interface) && interface == INTERFACE_HI3 &&
		   !interface_of("hi4", &interface) && !interface_of(NULL, &interface),
	   "interfaces have names");
	ok(!strcmp(refusal_text(REFUSAL_OUT_OF_TIME), "out_of_time"), "so have refusals");
	return tap_end();
}
