/* No input costs more than in proportion to its length: instructions are counted, one by one, by
 * stepping a child through what it reads, so that neither the clock nor the machine's load
 * matters. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/tap.h"
#include "base/wr.h"
#include "sip/access.h"
#include "sip/body.h"
#include "sip/framer.h"
#include "sip/sdp.h"

enum { LEAST = 4000, MAX_LEN = 4 * LEAST + 600 };

static uint8_t text[MAX_LEN];
static uint8_t room[MAX_LEN];

static void read_values(const struct sip_message *m, enum sip_field field)
{
	struct sip_values v = sip_message_values(m, field);
	struct sip_text value;
	struct sip_credentials c;
	struct sip_access access;

	while (sip_values_next(&v, &value)) {
		(void)!sip_credentials_read(value, &c);
		(void)!sip_access_read(value, &access);
	}
}

/* All that this room reads in a message. */
static void read_message(const uint8_t *bytes, size_t len)
{
	static struct sip_message m;
	static struct sdp sdp;
	struct sip_parts parts;
	struct sip_part p;
	struct sip_uri uri;

	(void)!sip_message_read(bytes, len, &m);
	(void)sip_message_faults(&m);
	for (int i = 0; i < SIP_N_FIELDS; i++)
		read_values(&m, (enum sip_field)i);
	if (sip_uri_read(m.uri, &uri) == 0)
		(void)sip_uri_same(&uri, &uri);
	parts = sip_message_parts(&m);
	while (sip_parts_next(&parts, &p))
		(void)!sdp_read(p.bytes, &sdp);
}

static void read_stream(const uint8_t *bytes, size_t len, size_t n)
{
	struct rd r = rd_of(bytes, len);
	struct sip_framer f;
	struct sip_text message;

	sip_framer_init(&f, room, sizeof room);
	while (rd_left(&r)) {
		struct rd piece = rd_sub(&r, rd_left(&r) < n ? rd_left(&r) : n);

		while (sip_framer_next(&f, &piece, &message))
			;
	}
}

static void read_whole(const uint8_t *bytes, size_t len)
{
	read_stream(bytes, len, len);
}

static void read_octets(const uint8_t *bytes, size_t len)
{
	read_stream(bytes, len, 1);
}

#define BEGIN "INVITE sip:a@b SIP/2.0\r\n"

/* What is repeated, what comes before and behind it, who reads it. */
static const struct {
	const char *name;
	const char *head;
	const char *unit;
	const char *tail;
	void (*read)(const uint8_t *bytes, size_t len);
} shapes[] = {
	{"folds", BEGIN "Subject: a\r\n", " b\r\n", "\r\n", read_message},
	{"folds in a list", BEGIN "Via: a\r\n", " ,\r\n", "\r\n", read_message},
	{"commas", BEGIN "Contact: ", ",", "\r\n\r\n", read_message},
	{"values", BEGIN "Contact: ", "<sip:a>,", "\r\n\r\n", read_message},
	{"lines of one field", BEGIN, "m:a,b\r\n", "\r\n", read_message},
	{"lines of no field", BEGIN, "c\r\n", "\r\n", read_message},
	{"lines of two fields", BEGIN, "v:a\r\nm:b\r\n", "\r\n", read_message},
	{"quotes", BEGIN "Contact: ", "\",", "\r\n\r\n", read_message},
	{"escaped quotes", BEGIN "Contact: \"", "\\\",", "\r\n\r\n", read_message},
	{"brackets", BEGIN "Contact: ", "<,", "\r\n\r\n", read_message},
	{"brackets and quotes", BEGIN "Route: ", "<\",\\", "\r\n\r\n", read_message},
	{"parameters", BEGIN "To: <sip:a@b>", ";x", "\r\n\r\n", read_message},
	{"equals signs", BEGIN "Via: SIP/2.0/UDP h", ";=", "\r\n\r\n", read_message},
	{"pairs of credentials", BEGIN "Authorization: Digest ", "a=\",", "\r\n\r\n", read_message},
	{"words of credentials", BEGIN "Authorization: Digest ", "a,", "\r\n\r\n", read_message},
	{"parameters of a URI", "INVITE sip:a@b", ";x=y", " SIP/2.0\r\n\r\n", read_message},
	{"escapes of a URI", "INVITE sip:", "%4", "@b SIP/2.0\r\n\r\n", read_message},
	{"spaces", BEGIN "To:", " ", "\r\n\r\n", read_message},
	{"boundaries", BEGIN "c:multipart/x;boundary=b\r\n\r\n", "--b\r\n", "--b--", read_message},
	{"nearly boundaries", BEGIN "c:multipart/x;boundary=------------\r\n\r\n",
	 "-----------\r\n", "", read_message},
	{"parts that have none", BEGIN "c:multipart/x;boundary=b\r\n\r\n--b\r\n",
	 "c:multipart/x;boundary=c\r\n\r\n--b\r\n", "", read_message},
	{"media", BEGIN "\r\nv=0\r\n", "m=a 1 RTP/A 0\r\n", "", read_message},
	{"words of an origin", BEGIN "\r\nv=0\r\n", "o= a a\r\n", "", read_message},
	{"attributes", BEGIN "\r\nv=0\r\nm=a 1 RTP/A 0\r\n", "a=rtcp:1\r\n", "", read_message},
	{"messages in a stream", "", "BYE sip:a SIP/2.0\r\n\r\n", "", read_whole},
	{"start lines in a stream", "", "BYE sip:a SIP/2.0\r\n", "", read_whole},
	{"lengths in a stream", BEGIN, "l:\r\n", "\r\n", read_whole},
	{"no fields in a stream", BEGIN, "c\r\n", "\r\n", read_whole},
	{"nonsense in a stream", "", "a \r\n", "", read_whole},
	{"one line, octet by octet", "", "a", "", read_octets},
	{"a header, octet by octet", BEGIN, "c:\r\n", "\r\n", read_octets},
	{"start lines, octet by octet", "", "BYE sip:a SIP/2.0\r\n", "", read_octets},
};

static uint64_t n_steps;

/* The compiler puts a call of this at every branch (-fsanitize-coverage=trace-pc). */
void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
	n_steps++;
}

/* What the room calls instead of those without "counted_". */
void *counted_memchr(const void *bytes, int octet, size_t len);
void *counted_memcpy(void *to, const void *from, size_t len);
void *counted_memmove(void *to, const void *from, size_t len);

void *counted_memchr(const void *bytes, int octet, size_t len)
{
	const uint8_t *from = bytes, *at = memchr(bytes, octet, len);

	n_steps += (at ? (size_t)(at - from) : len) / 16 + 1;
	return memchr(bytes, octet, len);
}

void *counted_memcpy(void *to, const void *from, size_t len)
{
	n_steps += len / 16 + 1;
	return memcpy(to, from, len);
}

void *counted_memmove(void *to, const void *from, size_t len)
{
	n_steps += len / 16 + 1;
	return memmove(to, from, len);
}

/* Steps for this shape, repeated up to that size. */
static uint64_t count_shape(size_t i, size_t size)
{
	struct wr w = wr_of(text, sizeof text);

	wr_text(&w, "%s", shapes[i].head);
	while (w.ok && w.len < size)
		wr_text(&w, "%s", shapes[i].unit);
	wr_text(&w, "%s", shapes[i].tail);
	n_steps = 0;
	shapes[i].read(text, w.len);
	return w.ok ? n_steps : 0;
}

int main(void)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		uint64_t n[3];

		for (int k = 0; k < 3; k++)
			n[k] = count_shape(i, (size_t)LEAST << k);
		/* twice the octets more cost twice as much more, and a little for where units
		 * end */
		ok(n[0] && n[1] > n[0] && n[2] - n[1] <= (n[1] - n[0]) * 21 / 10 + 200,
		   "%s cost in proportion: %llu, %llu, %llu steps", shapes[i].name,
		   (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2]);
	}
	return tap_end();
}
