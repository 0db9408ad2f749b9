#include "sip/message.h"

#include "base/tap.h"
#include "sip/field.h"

static const char invite[] =
	"INVITE sip:bob@example.org;transport=tcp SIP/2.0\r\n"
	"v: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1, SIP/2.0/UDP h2\r\n"
	"Via: SIP/2.0/UDP 192.0.2.2\r\n"
	"Max-Forwards: 70\r\n"
	"TO: Bob <sip:bob@example.org>\r\n"
	"f: \"Alice, at home\" <sip:alice@example.org>;tag=88sja8x\r\n"
	"X-Nobody-Knows: this\r\n"
	"i:987asjd97y7atg\r\n"
	"CSeq: 986759 INVITE\r\n"
	"Subject: lunch\r\n"
	"\tand coffee\r\n"
	"P-Asserted-Identity: \"A, B\" <sip:a,b@example.org>, <tel:+31205551234>\r\n"
	"Contact:\r\n"
	"VIA: SIP/2.0/UDP 192.0.2.3\r\n"
	"l: 5\r\n"
	"\r\n"
	"v=0\r\n";

static const char trying[] = "SIP/2.0 100 Giving it a try\r\n"
			     "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1\r\n"
			     "To: Bob <sip:bob@example.org>;tag=7\r\n"
			     "From: <sip:alice@example.org>;tag=88sja8x\r\n"
			     "Call-ID: 987asjd97y7atg\r\n"
			     "CSeq: 986759 INVITE\r\n"
			     "\r\n";

static bool is(struct sip_text t, const char *wanted)
{
	return sip_text_same(t, sip_word(wanted));
}

static bool has(const struct sip_message *m, enum sip_field field, const char *wanted)
{
	struct sip_text value;

	return sip_message_value(m, field, &value) && is(value, wanted);
}

static void requests(void)
{
	static const char *const vias[] = {"SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bK1",
					   "SIP/2.0/UDP h2", "SIP/2.0/UDP 192.0.2.2",
					   "SIP/2.0/UDP 192.0.2.3"};
	struct sip_message m;
	struct sip_values v;
	struct sip_text value, tag;
	uint8_t folded[64];
	int n = 0;

	ok(sip_message_read(invite, sizeof invite - 1, &m) == 0 && m.faults == 0,
	   "a request is read without a fault");
	ok(m.is_request && m.method == SIP_INVITE && is(m.uri, "sip:bob@example.org;transport=tcp"),
	   "its method and URI are those of the start line");
	ok(has(&m, SIP_FIELD_CALL_ID, "987asjd97y7atg") &&
		   has(&m, SIP_FIELD_TO, "Bob <sip:bob@example.org>"),
	   "fields are found by their compact names and in letters of either case");
	ok(has(&m, SIP_FIELD_SUBJECT, "lunch\r\n\tand coffee"), "a folded line is one value");
	ok(sip_message_value(&m, SIP_FIELD_SUBJECT, &value) &&
		   sip_text_unfold(value, folded, sizeof folded) == 16 &&
		   !memcmp(folded, "lunch and coffee", 16),
	   "and one line once it is unfolded");
	for (v = sip_message_values(&m, SIP_FIELD_VIA); sip_values_next(&v, &value); n++)
		ok(n < 4 && is(value, vias[n]), "Via %d is %s", n, n < 4 ? vias[n] : "none");
	ok(n == 4, "four values on three lines are four values");
	v = sip_message_values(&m, SIP_FIELD_P_ASSERTED_IDENTITY);
	ok(sip_values_next(&v, &value) && is(value, "\"A, B\" <sip:a,b@example.org>") &&
		   sip_values_next(&v, &value) && is(value, "<tel:+31205551234>") &&
		   !sip_values_next(&v, &value),
	   "commas in quotes and brackets separate nothing");
	ok(sip_message_has(&m, SIP_FIELD_CONTACT) &&
		   !sip_message_value(&m, SIP_FIELD_CONTACT, &value),
	   "a field without a value is there, and has none");
	ok(!sip_message_has(&m, SIP_FIELD_ROUTE), "what is not there is not found");
	ok(is(m.body, "v=0\r\n") && m.whole.len == sizeof invite - 1, "the body is the rest");
	ok(sip_message_tag(&m, SIP_FIELD_FROM, &tag) && is(tag, "88sja8x") &&
		   !sip_message_tag(&m, SIP_FIELD_TO, &tag),
	   "From has a tag, To has none yet");
}

static void responses(void)
{
	struct sip_message m;

	ok(sip_message_read(trying, sizeof trying - 1, &m) == 0 && m.faults == 0,
	   "a response is read without a fault");
	ok(!m.is_request && m.status == 100 && is(m.reason, "Giving it a try"),
	   "its status and phrase are those of the start line");
	ok(m.method == SIP_INVITE && is(m.method_name, "INVITE"), "its method is its CSeq's");
	ok(m.body.len == 0, "it has no body");
}

static void cuts(void)
{
	struct sip_message m;
	int n_refused = 0;

	for (size_t cut = 0; cut < sizeof invite - 1; cut++)
		n_refused += sip_message_read(invite, cut, &m) == ERR_CUT;
	ok(n_refused == sizeof invite - 1, "cut at any of %d octets a request is refused",
	   (int)sizeof invite - 1);
	n_refused = 0;
	for (size_t cut = 0; cut < sizeof trying - 1; cut++)
		n_refused += sip_message_read(trying, cut, &m) == ERR_CUT;
	ok(n_refused == sizeof trying - 1, "cut at any of %d octets a response is refused",
	   (int)sizeof trying - 1);
	ok(sip_message_read(invite, sizeof invite - 3, &m) == ERR_CUT &&
		   has(&m, SIP_FIELD_CALL_ID, "987asjd97y7atg") && is(m.body, "v=0"),
	   "what is there of a message that is cut can be used");
}

static void others(void)
{
	static const char *const none[] = {"GET / HTTP/1.1\r\n\r\n",
					   "HTTP/1.1 200 OK\r\n\r\n",
					   "OPTIONS * RTSP/1.0\r\n\r\n",
					   "\200\1\2\3 SIP/2.0\r\n",
					   "SIP/x 200 OK\r\n\r\n",
					   "SIP/2.0 OK\r\n\r\n",
					   "INVITE SIP/2.0\r\n\r\n",
					   " INVITE sip:a@b SIP/2.0\r\n\r\n",
					   "<sip:a@b> INVITE SIP/2.0\r\n\r\n",
					   "INVITE sip:a@b SIP/2\r\n\r\n"};
	struct sip_message m;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		ok(sip_message_read(none[i], strlen(none[i]), &m) == ERR_UNKNOWN,
		   "\"%.*s\" begins no message of SIP", (int)strcspn(none[i], "\r"), none[i]);
	ok(sip_message_read("\0\0\0\0", 4, &m) == ERR_UNKNOWN, "nor do zeros");
}

static void table(void)
{
	int n = 0, n_compact = 0;

	for (int i = 0; i < SIP_N_FIELDS; i++)
		n += sip_field_of(sip_word(sip_field_name((enum sip_field)i))) == (enum sip_field)i;
	ok(n == SIP_N_FIELDS, "each of %d fields is found by its name", n);
	for (char c = 'a'; c <= 'z'; c++) {
		char letter[2] = {c, 0};

		n_compact += sip_field_of(sip_word(letter)) != SIP_NO_FIELD;
	}
	ok(n_compact == 19 && sip_field_of(sip_word("R")) == SIP_FIELD_REFER_TO,
	   "%d letters are compact names", n_compact);
	ok(sip_field_of(sip_word("Vi")) == SIP_NO_FIELD &&
		   sip_field_of(sip_word("Viaa")) == SIP_NO_FIELD &&
		   sip_field_of(sip_word("")) == SIP_NO_FIELD,
	   "other names are not known");
	n = 0;
	for (int i = SIP_OTHER + 1; i < SIP_N_METHODS; i++)
		n += sip_method_of(sip_word(sip_method_name((enum sip_method)i))) ==
		     (enum sip_method)i;
	ok(n == 14 && sip_method_of(sip_word("invite")) == SIP_OTHER,
	   "%d methods are found by their names, whose case counts", n);
	ok(!strcmp(sip_status_phrase(487), "Request Terminated") && !sip_status_phrase(99),
	   "statuses have phrases");
}

int main(void)
{
	requests();
	responses();
	cuts();
	others();
	table();
	return tap_end();
}
