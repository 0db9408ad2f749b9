/* The messages by which RFC 4475 tortures a parser, each as its section describes it: what is
 * valid is read without a fault and says what the section says; what is not is refused or told
 * of. */
#include <stdlib.h>

#include "base/tap.h"
#include "sip/body.h"
#include "sip/craft.h"
#include "sip/sdp.h"

#define FAULT(name) (1u << SIP_FAULT_##name)
#define VIA         "Via: SIP/2.0/UDP host.example.com;branch=z9hG4bK7\r\n"
#define TO          "To: <sip:bob@example.com>\r\n"
#define FROM        "From: <sip:alice@example.net>;tag=1\r\n"
#define BASIC       VIA TO FROM "Max-Forwards: 70\r\n"
#define SDP                                                                                        \
	"v=0\r\no=alice 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\n"           \
	"t=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"

struct message {
	const char *name; /* the RFC's, which is the Call-ID here, too */
	int rc;
	uint32_t faults;
	const char *text;
	size_t len;
};

#define MESSAGE(name, rc, faults, text)                                                            \
	{                                                                                          \
		name, rc, faults, text, sizeof text - 1                                            \
	}

/* 3.1.1: valid, all of them */
static const struct message valid[] = {
	MESSAGE("wsinv", 0, 0,
		"INVITE sip:bob@host.example.com;unknownparam SIP/2.0\r\n"
		"TO :\r\n"
		" sip:bob@host.example.com ;   tag    = 1918181833n\r\n"
		"from   : \"A Person \\\\\\\"\"       <sip:alice@example.com>\r\n"
		"  ;\r\n"
		"  tag = 98asjd8\r\n"
		"MaX-fOrWaRdS: 0068\r\n"
		"Call-ID: wsinv\r\n"
		"Content-Length   : 5\r\n"
		"cseq: 0009\r\n"
		"  INVITE\r\n"
		"Via  : SIP  /   2.0\r\n"
		" /UDP\r\n"
		"    192.0.2.2;branch=390skdjuw\r\n"
		"s :\r\n"
		"NewFangledHeader:   newfangled value\r\n"
		" continued newfangled value\r\n"
		"UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
		"Content-Type: application/sdp\r\n"
		"Route:\r\n"
		" <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n"
		"  branch  =   z9hG4bK9ikj8  ,\r\n"
		" SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n"
		" z9hG4bK30239\r\n"
		"m:\"Quoted string \\\"\\\"\" <sip:alice@example.com> ; newparam =\r\n"
		"      newvalue ;\r\n"
		"  secondparam ; q = 0.33\r\n"
		"\r\n"
		"v=0\r\n"),
	MESSAGE("intmeth", 0, 0,
		"!interesting-Method0123456789_*+`.%indeed'~ "
		"sip:1_odd.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,odd!*pas$wo~d_too."
		"(doesn't-it)@example.com SIP/2.0\r\n" VIA
		"To: \"BEL:\\\007 NUL:\\\000 DEL:\\\177\" "
		"<sip:1_odd.URI~(to-be!sure)&isn't+it$/crazy?,"
		"/;;*@example.com>\r\n"
		"From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
		";fromParam''~+*_!.-%=\"\321\200\320\260\320\261\";tag=_token~1'+`*%!-.\r\n"
		"Call-ID: intmeth\r\n"
		"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\n"
		"Max-Forwards: 255\r\n"
		"extensionHeader-!.%*+_`'~: \357\273\277\345\244\247\345\201\234\351\233\273\r\n"
		"Content-Length: 0\r\n"
		"\r\n"),
	MESSAGE("esc01", 0, 0,
		"INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n"
		"To: sip:%75se%72@example.com\r\n"
		"From: <sip:I%20have%20spaces@example.net>;tag=938\r\n"
		"Max-Forwards: 87\r\n"
		"i: esc01\r\n"
		"CSeq: 234234 INVITE\r\n"
		"Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\r\n"
		"C: application/sdp\r\n"
		"Contact:\r\n"
		"  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n"
		"Content-Length: 5\r\n"
		"\r\n"
		"v=0\r\n"),
	MESSAGE("escnull", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n"
		"To: sip:null-%00-null@example.com\r\n"
		"From: sip:null-%00-null@example.com;tag=839923423\r\n"
		"Max-Forwards: 70\r\n"
		"Call-ID: escnull\r\n"
		"CSeq: 14398234 REGISTER\r\n"
		"Via: SIP/2.0/UDP host5.example.com;branch=z9hG4bKkdjuw\r\n"
		"Contact: <sip:%00@host5.example.com>\r\n"
		"Contact: <sip:%00%00@host5.example.com>\r\n"
		"L:0\r\n"
		"\r\n"),
	MESSAGE("esc02", 0, 0,
		"RE%47IST%45R sip:registrar.example.com SIP/2.0\r\n"
		"To: \"%Z%45\" <sip:resource@example.com>\r\n"
		"From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\r\n"
		"Call-ID: esc02\r\n"
		"Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\r\n"
		"CSeq: 29344 RE%47IST%45R\r\n"
		"Max-Forwards: 70\r\n"
		"Contact: <sip:alias1@host1.example.com>\r\n"
		"C%6Fntact: <sip:alias2@host2.example.com>\r\n"
		"Contact: <sip:alias3@host3.example.com>\r\n"
		"l: 0\r\n"
		"\r\n"),
	MESSAGE("lwsdisp", 0, 0,
		"OPTIONS sip:user@example.com SIP/2.0\r\n" VIA TO
		"From: caller<sip:caller@example.com>;tag=323\r\n"
		"Max-Forwards: 70\r\nCall-ID: lwsdisp\r\nCSeq: 60 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("dblreq", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: dblreq\r\nCSeq: 8 REGISTER\r\nContent-Length: 0\r\n\r\n"
		"INVITE sip:joe@example.com SIP/2.0\r\n"
		"t: sip:joe@example.com\r\nCall-ID: dblreq2\r\nCSeq: 8 INVITE\r\n\r\n"),
	MESSAGE("semiuri", 0, 0,
		"OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n" VIA
		"To: sip:j_user@example.com\r\n"
		"From: sip:caller@example.org;tag=33242\r\n"
		"Max-Forwards: 3\r\nCall-ID: semiuri\r\nCSeq: 8 OPTIONS\r\n"
		"Accept: application/sdp, application/pkcs7-mime,\r\n"
		"        multipart/mixed, multipart/signed,\r\n"
		"        message/sip, message/sipfrag\r\nl: 0\r\n\r\n"),
	MESSAGE("transports", 0, 0,
		"OPTIONS sip:user@example.com SIP/2.0\r\n" TO FROM
		"Max-Forwards: 70\r\nCall-ID: transports\r\nCSeq: 60 OPTIONS\r\n"
		"Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\r\n"
		"Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
		"Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\n"
		"Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\n"
		"Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\r\nl: 0\r\n\r\n"),
	MESSAGE("mpart01", 0, 0,
		"MESSAGE sip:kumiko@example.org SIP/2.0\r\n" BASIC
		"Call-ID: mpart01\r\nCSeq: 127 MESSAGE\r\n"
		"Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\r\n"
		"MIME-Version: 1.0\r\n"
		"\r\n"
		"--7a9cbec02ceef655\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\n"
		"Hello\r\n"
		"--7a9cbec02ceef655\r\n"
		"Content-Type: application/octet-stream\r\n\r\n"
		"\0\1\r\n\377"),
	MESSAGE("unreason", 0, 0,
		"SIP/2.0 200 = 2**3 * 5**2 \320\275\320\276 \321\201\321\202\320\276\r\n" BASIC
		"Call-ID: unreason\r\nCSeq: 35 INVITE\r\nContent-Length: 0\r\n\r\n"),
	MESSAGE("noreason", 0, 0,
		"SIP/2.0 100 \r\n" BASIC "Call-ID: noreason\r\nCSeq: 35 INVITE\r\nl: 0\r\n\r\n"),
};

/* 3.1.2: not valid; and what tells so */
static const struct message invalid[] = {
	MESSAGE("badinv01", 0, FAULT(VIA),
		"INVITE sip:user@example.com SIP/2.0\r\n" TO FROM
		"Max-Forwards: 7\r\nCall-ID: badinv01\r\nCSeq: 8 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
		"Contact: \"Joe\" <sip:joe@example.org>;;;;\r\nl: 0\r\n\r\n"),
	MESSAGE("clerr", ERR_CUT, FAULT(CONTENT_LENGTH),
		"INVITE sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: clerr\r\nCSeq: 8 INVITE\r\nContent-Type: application/sdp\r\n"
		"Content-Length: 9999\r\n\r\n" SDP),
	MESSAGE("ncl", 0, FAULT(CONTENT_LENGTH),
		"INVITE sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: ncl\r\nCSeq: 8 INVITE\r\nContent-Type: application/sdp\r\n"
		"Content-Length: -999\r\n\r\n" SDP),
	MESSAGE("scalar02", 0, FAULT(CSEQ) | FAULT(NUMBER),
		"REGISTER sip:example.com SIP/2.0\r\n" VIA TO FROM
		"Max-Forwards: 300\r\nCall-ID: scalar02\r\nCSeq: 36893488147419103232 REGISTER\r\n"
		"Expires: 10000000000000000000000\r\n"
		"Contact: <sip:user@host129.example.com>;expires=280297596632815\r\nl: 0\r\n\r\n"),
	MESSAGE("scalarlg", 0, FAULT(CSEQ),
		"SIP/2.0 503 Service Unavailable\r\n" VIA TO FROM
		"Call-ID: scalarlg\r\nCSeq: 9292394834772304023312 OPTIONS\r\n"
		"Retry-After: 949302838503028349304023988\r\n"
		"Warning: 1812 overture \"In Progress\"\r\nl: 0\r\n\r\n"),
	MESSAGE("quotbal", 0, FAULT(ADDRESS),
		"INVITE sip:user@example.com SIP/2.0\r\n" VIA FROM
		"To: \"Mr. J. User <sip:j.user@example.com>\r\n"
		"Max-Forwards: 70\r\nCall-ID: quotbal\r\nCSeq: 8 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("ltgtruri", 0, FAULT(URI),
		"INVITE <sip:user@example.com> SIP/2.0\r\n" BASIC
		"Call-ID: ltgtruri\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("lwsruri", 0, FAULT(START_LINE) | FAULT(URI),
		"INVITE sip:user@example.com; lr SIP/2.0\r\n" BASIC
		"Call-ID: lwsruri\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("lwsstart", 0, FAULT(START_LINE),
		"INVITE  sip:user@example.com  SIP/2.0\r\n" BASIC
		"Call-ID: lwsstart\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("trws", 0, FAULT(START_LINE),
		"OPTIONS sip:remote-target@example.com SIP/2.0  \r\n" BASIC
		"Call-ID: trws\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("escruri", 0, FAULT(URI),
		"INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\r\n" BASIC
		"Call-ID: escruri\r\nCSeq: 1 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("baddate", 0, FAULT(DATE),
		"INVITE sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: baddate\r\nCSeq: 1 INVITE\r\nDate: Fri, 01 Jan 2010 16:00:00 EST\r\n"
		"l: 0\r\n\r\n"),
	MESSAGE("regbadct", 0, FAULT(ADDRESS),
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: regbadct\r\nCSeq: 1 REGISTER\r\n"
		"Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\r\nl: 0\r\n\r\n"),
	MESSAGE("badaspec", 0, FAULT(ADDRESS),
		"OPTIONS sip:user@example.org SIP/2.0\r\n" VIA FROM
		"To: \"Watson, Thomas\" < sip:t.watson@example.org >\r\n"
		"Max-Forwards: 70\r\nCall-ID: badaspec\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("baddn", 0, FAULT(ADDRESS),
		"OPTIONS sip:t.watson@example.org SIP/2.0\r\n" VIA TO
		"From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\n"
		"Max-Forwards: 70\r\nCall-ID: baddn\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("badvers", 0, FAULT(VERSION),
		"OPTIONS sip:t.watson@example.org SIP/7.0\r\n" BASIC
		"Call-ID: badvers\r\nCSeq: 1 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("mismatch01", 0, FAULT(METHOD),
		"OPTIONS sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: mismatch01\r\nCSeq: 8 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("mismatch02", 0, FAULT(METHOD),
		"NEWMETHOD sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: mismatch02\r\nCSeq: 8 INVITE\r\nl: 0\r\n\r\n"),
	MESSAGE("bigcode", 0, FAULT(STATUS),
		"SIP/2.0 4294967301 better not break the receiver\r\n" BASIC
		"Call-ID: bigcode\r\nCSeq: 8 INVITE\r\nl: 0\r\n\r\n"),
};

/* 3.2 to 3.4: right by their grammar, or nearly so; what is wrong is what they mean */
static const struct message others[] = {
	MESSAGE("badbranch", 0, 0,
		"OPTIONS sip:user@example.com SIP/2.0\r\n" TO FROM
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\r\n"
		"Max-Forwards: 70\r\nCall-ID: badbranch\r\nCSeq: 8 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("insuf", 0, FAULT(MISSING),
		"INVITE sip:user@example.com SIP/2.0\r\nCall-ID: insuf\r\nCSeq: 193942 INVITE\r\n"
		"Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\nl: 0\r\n\r\n"),
	MESSAGE("unkscm", 0, 0,
		"OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" BASIC
		"Call-ID: unkscm\r\nCSeq: 8 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("novelsc", 0, 0,
		"OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" BASIC
		"Call-ID: novelsc\r\nCSeq: 8 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("unksm2", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" VIA "To: isbn:2983792873\r\n"
		"From: <http://www.example.com>;tag=3234233\r\nMax-Forwards: 70\r\n"
		"Call-ID: unksm2\r\nCSeq: 234902 REGISTER\r\n"
		"Contact: <name:John_Smith>\r\nl: 0\r\n\r\n"),
	MESSAGE("bext01", 0, 0,
		"OPTIONS sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: bext01\r\nCSeq: 8 OPTIONS\r\n"
		"Require: nothingSupportsThis, nothingSupportsThisEither\r\n"
		"Proxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\r\nl: 0\r\n\r\n"),
	MESSAGE("invut", 0, 0,
		"INVITE sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: invut\r\nCSeq: 235448 INVITE\r\n"
		"Content-Type: application/unknownformat\r\nContent-Length: 7\r\n\r\n<audio>"),
	MESSAGE("regaut01", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: regaut01\r\nCSeq: 9338 REGISTER\r\n"
		"Authorization: NoOneKnowsThisScheme opaque-data=here\r\nl: 0\r\n\r\n"),
	MESSAGE("multi01", 0, FAULT(TWICE),
		"INVITE sip:user@company.com SIP/2.0\r\nContact: "
		"<sip:caller@host25.example.net>\r\n"
		"Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bKkdjuw\r\nMax-Forwards: 70\r\n"
		"CSeq: 5 INVITE\r\nCall-ID: multi01\r\nCSeq: 59 INVITE\r\nCall-ID: multi01b\r\n"
		"From: sip:caller@example.com;tag=3413415\r\nTo: sip:user@example.com\r\n"
		"To: sip:other@example.net\r\nFrom: sip:caller@example.net;tag=2923420123\r\n"
		"Content-Length: 0\r\nContact: <sip:caller@host36.example.net>\r\n"
		"Max-Forwards: 5\r\n\r\n"),
	MESSAGE("mcl01", 0, FAULT(TWICE),
		"OPTIONS sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: mcl01\r\nCSeq: 8 OPTIONS\r\nContent-Length: 13\r\nContent-Length: "
		"5\r\n\r\n"
		"There's no way to know how many octets are here\r\n"),
	MESSAGE("bcast", 0, 0,
		"SIP/2.0 200 OK\r\n"
		"Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
		"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n" TO FROM
		"Call-ID: bcast\r\nCSeq: 8 INVITE\r\nContent-Type: application/sdp\r\n\r\n" SDP),
	MESSAGE("zeromf", 0, 0,
		"OPTIONS sip:user@example.com SIP/2.0\r\n" VIA TO FROM
		"Max-Forwards: 0\r\nCall-ID: zeromf\r\nCSeq: 8 OPTIONS\r\nl: 0\r\n\r\n"),
	MESSAGE("cparam01", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: cparam01\r\nCSeq: 8 REGISTER\r\n"
		"Contact: sip:+19725552222@gw1.example.net;unknownparam\r\nl: 0\r\n\r\n"),
	MESSAGE("cparam02", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: cparam02\r\nCSeq: 8 REGISTER\r\n"
		"Contact: <sip:+19725552222@gw1.example.net;unknownparam>\r\nl: 0\r\n\r\n"),
	MESSAGE("regescrt", 0, 0,
		"REGISTER sip:example.com SIP/2.0\r\n" BASIC
		"Call-ID: regescrt\r\nCSeq: 8 REGISTER\r\n"
		"Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\r\nL:0\r\n\r\n"),
	MESSAGE("sdp01", 0, 0,
		"INVITE sip:user@example.com SIP/2.0\r\n" BASIC
		"Call-ID: sdp01\r\nCSeq: 8 INVITE\r\nAccept: text/nobodyKnowsThis\r\n"
		"Content-Type: application/sdp\r\n\r\n" SDP),
	MESSAGE("inv2543", 0, 0,
		"INVITE sip:UserB@example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP iftgw.example.com\r\n"
		"From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
		"Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
		"To: sip:+16505552222@ss1.example.net;user=phone\r\n"
		"Call-ID: inv2543\r\nCSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\n" SDP),
};

static struct sip_message m;

static const struct message *find(const char *name)
{
	static const struct {
		const struct message *rows;
		size_t n;
	} tables[] = {{valid, sizeof valid / sizeof *valid},
		      {invalid, sizeof invalid / sizeof *invalid},
		      {others, sizeof others / sizeof *others}};

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		for (size_t j = 0; j < tables[i].n; j++)
			if (!strcmp(tables[i].rows[j].name, name))
				return &tables[i].rows[j];
	return NULL;
}

/* Reads the message of this name into m. */
static bool read_named(const char *name)
{
	const struct message *t = find(name);

	return t && sip_message_read(t->text, t->len, &m) == t->rc;
}

static bool is(struct sip_text t, const char *wanted)
{
	return wanted ? sip_text_same(t, sip_word(wanted)) : !t.bytes;
}

static struct sip_address address(enum sip_field field)
{
	struct sip_address a = {0};

	(void)!sip_message_address(&m, field, &a);
	return a;
}

static void tell(uint32_t faults)
{
	for (int i = 0; i < SIP_N_FAULTS; i++)
		if (faults & 1u << i)
			printf("# %s\n", sip_fault_text((enum sip_fault)i));
}

static void verdicts(const struct message *rows, size_t n)
{
	struct sip_text id = {NULL, 0};

	for (size_t i = 0; i < n; i++) {
		int rc = sip_message_read(rows[i].text, rows[i].len, &m);
		uint32_t faults = sip_message_faults(&m);

		(void)sip_message_value(&m, SIP_FIELD_CALL_ID, &id);
		if (!ok(rc == rows[i].rc && faults == rows[i].faults && is(id, rows[i].name),
			"%s is read, %s", rows[i].name,
			rows[i].faults ? "and told to be wrong" : "without a fault"))
			tell(faults);
	}
}

/* Cut anywhere in its header a message is refused, and never read beyond its end (the sanitizers
 * watch); what is read whole is the same once it is written again. */
static void cuts_and_rounds(const struct message *rows, size_t n)
{
	static struct sip_message again;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *end = memmem(rows[i].text, rows[i].len, "\r\n\r\n", 4);
		size_t header = (size_t)(end - (const uint8_t *)rows[i].text) + 4, n_cut = 0;
		struct wr w = wr_init(1 << 16);
		int rc;

		for (size_t cut = 0; cut < rows[i].len; cut++) {
			uint8_t *copy = malloc(cut + 1);

			if (!copy)
				break;
			memcpy(copy, rows[i].text, cut);
			rc = sip_message_read(copy, cut, &m);
			(void)sip_message_faults(&m);
			n_cut += cut < header && rc == ERR_CUT;
			free(copy);
		}
		ok(n_cut == header, "%s is refused when it is cut in its header", rows[i].name);
		rc = sip_message_read(rows[i].text, rows[i].len, &m);
		if (rc == 0 && (m.is_request || m.status)) {
			craft_message(&w, &m);
			ok(w.ok && sip_message_read(w.bytes, w.len, &again) == 0 &&
				   memcmp(m.rows, again.rows, 0) == 0 &&
				   again.body.len == m.body.len && again.method == m.method &&
				   again.status == m.status &&
				   (again.faults | FAULT(START_LINE) | FAULT(VERSION)) ==
					   (m.faults | FAULT(START_LINE) | FAULT(VERSION)),
			   "%s is the same once it is written again", rows[i].name);
		}
		wr_fini(&w);
	}
}

/* 3.1.1.1 */
static void short_tortuous(void)
{
	static const char *const vias[][3] = {{"UDP", "192.0.2.2", "390skdjuw"},
					      {"TCP", "spindle.example.com", "z9hG4bK9ikj8"},
					      {"UDP", "192.168.255.111", "z9hG4bK30239"}};
	struct sip_values v;
	struct sip_text value;
	struct sip_address a;
	struct sip_cseq cseq;
	struct sip_via via;
	uint8_t name[32];
	int n = 0;

	read_named("wsinv");
	a = address(SIP_FIELD_TO);
	ok(is(a.text, "sip:bob@host.example.com") && sip_param_find(a.params, "tag", &value) &&
		   is(value, "1918181833n"),
	   "wsinv: white space around a parameter's equals sign");
	a = address(SIP_FIELD_FROM);
	ok(sip_text_unquote(a.display, name, sizeof name) == 11 &&
		   !memcmp(name, "A Person \\\"", 11) && sip_param_find(a.params, "tag", &value) &&
		   is(value, "98asjd8"),
	   "wsinv: escaped octets in a quoted string");
	ok(sip_message_value(&m, SIP_FIELD_CSEQ, &value) && !sip_cseq_read(value, &cseq) &&
		   cseq.number == 9 && cseq.method == SIP_INVITE,
	   "wsinv: a CSeq with leading zeros over two lines");
	for (v = sip_message_values(&m, SIP_FIELD_VIA); sip_values_next(&v, &value); n++)
		ok(n < 3 && !sip_via_read(value, &via) && is(via.transport, vias[n][0]) &&
			   is(via.host.text, vias[n][1]) && is(via.branch, vias[n][2]),
		   "wsinv: Via %d of three, two of them on one line", n);
	a = address(SIP_FIELD_CONTACT);
	ok(sip_param_find(a.params, "q", &value) && is(value, "0.33") &&
		   sip_param_find(a.params, "newparam", &value) && is(value, "newvalue") &&
		   sip_param_find(a.params, "secondparam", &value),
	   "wsinv: a folded Contact with unknown parameters");
	a = address(SIP_FIELD_ROUTE);
	ok(sip_param_find(a.uri.params, "lr", &value) &&
		   sip_param_find(a.uri.params, "unknown-no-value", &value),
	   "wsinv: a Route whose URI has parameters with and without values");
}

/* 3.1.1.2 to 3.1.1.4 */
static void odd_octets(void)
{
	struct sip_address a;
	struct sip_uri u, plain;
	struct sip_text value;
	struct sip_values v;
	uint8_t out[64];

	read_named("intmeth");
	ok(m.method == SIP_OTHER &&
		   is(m.method_name, "!interesting-Method0123456789_*+`.%indeed'~"),
	   "intmeth: any token is a method");
	a = address(SIP_FIELD_TO);
	ok(sip_text_unquote(a.display, out, sizeof out) == 17 && out[10] == 0 && out[16] == 0x7f,
	   "intmeth: a zero in a quoted string ends nothing");
	ok(!sip_uri_read(m.uri, &u) && is(u.host.text, "example.com") &&
		   is(u.password, "&it+has=1,odd!*pas$wo~d_too.(doesn't-it)"),
	   "intmeth: question marks, semicolons and slashes in a user");
	ok(sip_message_tag(&m, SIP_FIELD_FROM, &value) && is(value, "_token~1'+`*%!-."),
	   "intmeth: a tag of every octet that a token may have");

	read_named("esc01");
	a = address(SIP_FIELD_TO);
	ok(!sip_uri_read(sip_word("sip:user@example.com"), &plain) && sip_uri_same(&a.uri, &plain),
	   "esc01: what is escaped without need means the same");
	ok(!sip_uri_read(m.uri, &u) && is(u.host.text, "example.net") &&
		   sip_text_unescape(u.user, out, sizeof out) == 21 &&
		   !memcmp(out, "sips:user@example.com", 21),
	   "esc01: an escaped @ separates nothing");
	read_named("escnull");
	v = sip_message_values(&m, SIP_FIELD_CONTACT);
	ok(sip_values_next(&v, &value) && !sip_address_read(value, &a) &&
		   sip_text_unescape(a.uri.user, out, sizeof out) == 1 && out[0] == 0 &&
		   sip_values_next(&v, &value) && !sip_address_read(value, &a) &&
		   sip_text_unescape(a.uri.user, out, sizeof out) == 2,
	   "escnull: users of one and of two zeros");
	read_named("esc02");
	a = address(SIP_FIELD_TO);
	ok(m.method == SIP_OTHER && is(a.display, "%Z%45") && m.rows[SIP_FIELD_CONTACT].n == 2,
	   "esc02: a percent sign escapes nothing in methods, display names and fields' names");
}

/* 3.1.1.6 to 3.1.1.13 */
static void bodies_and_reasons(void)
{
	const struct message *t = find("dblreq");
	struct sip_parts parts;
	struct sip_part p;
	struct sip_uri u;
	struct sip_address a;

	read_named("lwsdisp");
	a = address(SIP_FIELD_FROM);
	ok(is(a.display, "caller") && is(a.text, "sip:caller@example.com"),
	   "lwsdisp: no white space before an angle bracket");
	read_named("dblreq");
	ok(m.method == SIP_REGISTER && m.body.len == 0 && m.whole.len < t->len,
	   "dblreq: what follows in a datagram is no part of it");
	read_named("semiuri");
	ok(!sip_uri_read(m.uri, &u) && is(u.user, "user;par=u%40example.net") &&
		   is(u.host.text, "example.com"),
	   "semiuri: a user with a parameter of its own");
	read_named("transports");
	ok(m.rows[SIP_FIELD_VIA].n == 5, "transports: five Vias");
	read_named("mpart01");
	parts = sip_message_parts(&m);
	ok(sip_parts_next(&parts, &p) && is(p.bytes, "Hello") && is(p.encoding, "binary") &&
		   sip_parts_next(&parts, &p) && p.bytes.len == 5 &&
		   !memcmp(p.bytes.bytes, "\0\1\r\n\377", 5) && !sip_parts_next(&parts, &p),
	   "mpart01: two parts, one of them of octets");
	read_named("unreason");
	ok(m.status == 200 && m.reason.len == 25, "unreason: any phrase is one");
	read_named("noreason");
	ok(m.status == 100 && is(m.reason, ""), "noreason: so is none");
}

/* 3.1.1.7: nearly everything is long */
static void long_values(void)
{
	static char text[1 << 16];
	struct wr w = wr_of(text, sizeof text);
	struct sip_text tag;
	struct sip_address a;

	wr_text(&w, "INVITE sip:user@example.com SIP/2.0\r\nTo: \"I have a user name of ");
	for (int i = 0; i < 10; i++)
		wr_text(&w, "%s", "extreme");
	wr_text(&w, " proportion\" <sip:user@example.com:6000;unknownparam1=verylong");
	wr_fill(&w, 'v', 1000);
	wr_text(&w, ";shortparam=x>\r\nF: sip:");
	for (int i = 0; i < 200; i++)
		wr_text(&w, "amazinglylong");
	wr_text(&w, "@example.net;tag=12982");
	wr_fill(&w, '4', 2000);
	wr_text(&w, ";unknownheaderparam=x\r\nCall-ID: longreq");
	wr_fill(&w, 'o', 3000);
	wr_text(&w, "\r\nCSeq: 3882340 INVITE\r\nUnknown-%0500d: x\r\n", 7);
	for (int i = 33; i; i--)
		wr_text(&w, "%sSIP/2.0/TCP sip%d.example.com;branch=z9hG4bK%d",
			i % 3 ? ",\r\n " : "\r\nv: ", i, i);
	wr_text(&w, "\r\nl: 0\r\n\r\n");
	/* "\r\nv:" left an empty line behind Unknown's: put them together */
	memmove(strstr(text, "\r\n\r\nv:"), strstr(text, "\r\n\r\nv:") + 2,
		w.len - (size_t)(strstr(text, "\r\n\r\nv:") + 2 - text));
	ok(sip_message_read(text, w.len - 2, &m) == 0 && sip_message_faults(&m) == 0,
	   "longreq is read, without a fault");
	a = address(SIP_FIELD_FROM);
	ok(sip_message_tag(&m, SIP_FIELD_FROM, &tag) && tag.len == 2005 &&
		   a.uri.user.len == 200 * 13 && m.rows[SIP_FIELD_VIA].n == 11,
	   "longreq: a tag of 2,005 octets, a user of 2,600, Vias on eleven lines");
}

/* 3.2 to 3.4 */
static void meanings(void)
{
	struct sip_text value;
	struct sip_via via;
	struct sip_address a;
	struct sip_credentials c;
	struct sip_uri u;
	struct sip_part p;
	struct sdp sdp;

	read_named("badbranch");
	ok(sip_message_value(&m, SIP_FIELD_VIA, &value) && !sip_via_read(value, &via) &&
		   !sip_branch_is_unique(via.branch),
	   "badbranch: the cookie alone identifies no transaction");
	read_named("unkscm");
	ok(!sip_uri_read(m.uri, &u) && u.scheme == SIP_SCHEME_OTHER &&
		   is(u.opaque, "totallyopaquecontent"),
	   "unkscm: a URI of another scheme is one");
	read_named("regaut01");
	ok(sip_message_value(&m, SIP_FIELD_AUTHORIZATION, &value) &&
		   !sip_credentials_read(value, &c) && is(c.scheme, "NoOneKnowsThisScheme") &&
		   is(c.username, NULL),
	   "regaut01: credentials of another scheme name nobody");
	read_named("mcl01");
	ok(m.body.len == 13, "mcl01: the first Content-Length counts");
	read_named("cparam01");
	a = address(SIP_FIELD_CONTACT);
	ok(is(a.text, "sip:+19725552222@gw1.example.net") &&
		   sip_param_find(a.params, "unknownparam", &value),
	   "cparam01: without brackets a parameter is the field's");
	read_named("cparam02");
	a = address(SIP_FIELD_CONTACT);
	ok(sip_param_find(a.uri.params, "unknownparam", &value) && a.params.len == 0,
	   "cparam02: inside them it is the URI's");
	read_named("regescrt");
	a = address(SIP_FIELD_CONTACT);
	ok(sip_uri_header(&a.uri, "Route", &value) && is(value, "%3Csip:sip.example.com%3E"),
	   "regescrt: a header in a Contact's URI");
	read_named("inv2543");
	ok(sip_message_part(&m, "application", "sdp", &p) && !sdp_read(p.bytes, &sdp) &&
		   sdp.n_media == 2 && sdp.media[0].port == 49217 && sdp.media[1].port == 3227 &&
		   is(sdp.media[1].address.text, "192.0.2.4") && is(sdp.origin.user, "alice"),
	   "inv2543: without Content-Length the body goes to the datagram's end");
	ok(!sip_message_tag(&m, SIP_FIELD_FROM, &value) &&
		   sip_message_value(&m, SIP_FIELD_VIA, &value) && !sip_via_read(value, &via) &&
		   is(via.branch, NULL),
	   "inv2543: neither tag nor branch");
}

int main(void)
{
	verdicts(valid, sizeof valid / sizeof *valid);
	verdicts(invalid, sizeof invalid / sizeof *invalid);
	verdicts(others, sizeof others / sizeof *others);
	short_tortuous();
	odd_octets();
	bodies_and_reasons();
	long_values();
	meanings();
	cuts_and_rounds(valid, sizeof valid / sizeof *valid);
	cuts_and_rounds(invalid, sizeof invalid / sizeof *invalid);
	cuts_and_rounds(others, sizeof others / sizeof *others);
	return tap_end();
}
