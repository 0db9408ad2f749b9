#include "sip/sdp.h"

static const char *const kind_names[] = {
#define X(name, text) [SDP_KIND_##name] = text,
	SDP_KINDS(X)
#undef X
};

static const char *const direction_names[] = {
#define X(name, text) [SDP_##name] = text,
	SDP_DIRECTIONS(X)
#undef X
};

/* A word up to the next space, which is stepped over; empty: there is none. */
static struct sip_text word(struct rd *r)
{
	struct sip_text t;

	while (sip_skip(r, ' '))
		;
	t = sip_until(r, " ");
	return t;
}

static bool number(struct sip_text t, uint64_t max, uint64_t *out)
{
	*out = 0;
	return sip_text_number(t, max, out);
}

/* "x=value", of the type x; false: no more. Lines of another form have type 0. */
static bool take_line(struct rd *r, char *type, struct sip_text *value)
{
	struct sip_text line;
	struct rd inside;

	if (rd_left(r) == 0)
		return false;
	line = sip_until(r, "\n");
	(void)sip_skip(r, '\n');
	if (line.len && line.bytes[line.len - 1] == '\r')
		line.len--;
	inside = sip_text_rd(line);
	*type = (char)rd_u8(&inside);
	if (!sip_skip(&inside, '='))
		*type = 0;
	*value = sip_text_rest(&inside);
	return true;
}

/* What c= and the end of o= and a=rtcp have: "IN IP4 192.0.2.1/127/3". */
struct place {
	struct sip_host host;
	uint8_t ttl;
	uint16_t n;
};

static bool read_place(struct rd *r, struct place *out)
{
	struct sip_text net = word(r), family = word(r), address = word(r);
	struct rd inside = sip_text_rd(address);
	uint64_t first = 0, second = 1;
	bool has_first, has_second;

	*out = (struct place){.n = 1};
	if (!sip_text_is(net, "IN") ||
	    !(sip_text_is(family, "IP4") || sip_text_is(family, "IP6")) ||
	    !sip_host_read(sip_until(&inside, "/"), &out->host))
		return false;
	has_first = sip_skip(&inside, '/');
	if (has_first && !number(sip_until(&inside, "/"), UINT16_MAX, &first))
		return false;
	has_second = sip_skip(&inside, '/');
	if (has_second && !number(sip_text_rest(&inside), UINT16_MAX, &second))
		return false;
	if (out->host.version == 6) { /* it has no TTL */
		second = has_first ? first : 1;
		first = 0;
	}
	out->ttl = first > UINT8_MAX ? UINT8_MAX : (uint8_t)first;
	out->n = (uint16_t)second;
	return true;
}

/* Steps back over the last word of a text and gives it. */
static struct sip_text last_word(struct sip_text *t)
{
	size_t n = 0;
	struct rd r;

	while (t->len && t->bytes[t->len - 1] == ' ')
		t->len--;
	while (n < t->len && t->bytes[t->len - 1 - n] != ' ')
		n++;
	r = sip_text_rd(*t);
	rd_skip(&r, t->len - n);
	t->len -= n;
	return sip_text_rest(&r);
}

/* Read from its end, since some write a user with spaces. */
static bool read_origin(struct sdp *out, struct sip_text value)
{
	struct sip_text rest = value, address, family;

	out->origin.line = value;
	address = last_word(&rest);
	family = last_word(&rest);
	if (!sip_text_is(last_word(&rest), "IN") || family.len == 0)
		return false;
	out->origin.version = last_word(&rest);
	out->origin.id = last_word(&rest);
	out->origin.user = sip_text_trim(rest);
	return out->origin.id.len && sip_host_read(address, &out->origin.address);
}

static bool is_direction(struct sip_text name, enum sdp_direction *out)
{
	for (size_t i = 0; i < sizeof direction_names / sizeof *direction_names; i++) {
		if (!sip_text_is(name, direction_names[i]))
			continue;
		*out = (enum sdp_direction)i;
		return true;
	}
	return false;
}

static bool read_session_address(struct sdp *out, struct sip_text value)
{
	struct rd r = sip_text_rd(value);
	struct place place;

	if (!read_place(&r, &place))
		return false;
	out->address = place.host;
	out->ttl = place.ttl;
	out->n_addresses = place.n;
	return true;
}

static bool read_media_address(struct sdp_media *m, struct sip_text value)
{
	struct rd r = sip_text_rd(value);
	struct place place;

	if (!read_place(&r, &place))
		return false;
	m->address = place.host;
	m->ttl = place.ttl;
	m->n_addresses = place.n;
	return true;
}

/* "RTP/AVP", "UDP/TLS/RTP/SAVPF", "udptl", "TCP/MSRP" */
static void read_protocol(struct sdp_media *m)
{
	static const char *const secure[] = {"SAVP", "SAVPF", "TLS", "DTLS"};
	struct rd r = sip_text_rd(m->protocol);

	while (rd_left(&r)) {
		struct sip_text part = sip_until(&r, "/");

		(void)sip_skip(&r, '/');
		m->is_rtp |= sip_text_is(part, "RTP");
		m->is_udptl |= sip_text_is(part, "UDPTL");
		m->is_tcp |= sip_text_is(part, "TCP");
		for (size_t i = 0; i < sizeof secure / sizeof *secure; i++)
			m->is_secure |= sip_text_is(part, secure[i]);
	}
}

/* m=audio 49170/2 RTP/AVP 0 96 */
static bool read_media(const struct sdp *session, struct sip_text value, struct sdp_media *m)
{
	struct rd r = sip_text_rd(value), ports;
	uint64_t port, n = 1;

	*m = (struct sdp_media){
		.kind_name = word(&r),
		.address = session->address,
		.ttl = session->ttl,
		.n_addresses = session->n_addresses,
		.direction = session->direction,
	};
	ports = sip_text_rd(word(&r));
	m->protocol = word(&r);
	m->formats = sip_text_trim(sip_text_rest(&r));
	if (!number(sip_until(&ports, "/"), UINT16_MAX, &port) ||
	    (sip_skip(&ports, '/') && !number(sip_text_rest(&ports), UINT16_MAX, &n)) ||
	    m->protocol.len == 0)
		return false;
	m->port = (uint16_t)port;
	m->n_ports = (uint16_t)n;
	for (size_t i = SDP_KIND_OTHER + 1; i < sizeof kind_names / sizeof *kind_names; i++)
		if (sip_text_is(m->kind_name, kind_names[i]))
			m->kind = (enum sdp_kind)i;
	read_protocol(m);
	return true;
}

/* a=rtcp:53020, or with an address of its own. */
static void read_rtcp(struct sdp_media *m, struct sip_text value)
{
	struct rd r = sip_text_rd(value);
	struct place place;
	uint64_t port;

	if (!number(word(&r), UINT16_MAX, &port))
		return;
	m->has_rtcp = true;
	m->rtcp_port = (uint16_t)port;
	if (read_place(&r, &place))
		m->rtcp_address = place.host;
}

static void read_rtcp_mux(struct sdp_media *m, struct sip_text value)
{
	(void)value;
	m->is_rtcp_mux = true;
}

static void read_rtcp_mux_only(struct sdp_media *m, struct sip_text value)
{
	(void)value;
	m->is_rtcp_mux_only = true;
}

static void read_ptime(struct sdp_media *m, struct sip_text value)
{
	uint64_t ms;

	if (number(sip_text_trim(value), UINT16_MAX, &ms))
		m->ptime = (uint32_t)ms;
}

static void read_mid(struct sdp_media *m, struct sip_text value)
{
	m->mid = value;
}

static void count_candidate(struct sdp_media *m, struct sip_text value)
{
	(void)value;
	m->n_candidates++;
}

static const struct {
	const char *name;
	void (*read)(struct sdp_media *m, struct sip_text value);
} attributes[] = {
	{"candidate", count_candidate}, {"mid", read_mid},
	{"ptime", read_ptime},          {"rtcp", read_rtcp},
	{"rtcp-mux", read_rtcp_mux},    {"rtcp-mux-only", read_rtcp_mux_only},
};

static void read_media_attribute(struct sdp_media *m, struct sip_text value)
{
	struct rd r = sip_text_rd(value);
	struct sip_text name = sip_until(&r, ":");

	(void)sip_skip(&r, ':');
	if (is_direction(sip_text_trim(name), &m->direction))
		return;
	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
		if (sip_text_is(sip_text_trim(name), attributes[i].name))
			attributes[i].read(m, sip_text_rest(&r));
}

/* What follows from all lines of a media. */
static void close_media(struct sdp_media *m, struct rd start, const struct rd *now)
{
	m->attributes = sip_text_of(start.at, rd_left(&start) - rd_left(now));
	if (!m->has_rtcp && m->port && m->port < UINT16_MAX)
		m->rtcp_port = m->port + 1;
	if (!m->rtcp_address.text.bytes)
		m->rtcp_address = m->address;
}

static bool read_session_line(struct sdp *out, char type, struct sip_text value)
{
	switch (type) {
	case 'o':
		return read_origin(out, value);
	case 's':
		out->name = value;
		return true;
	case 'c':
		return read_session_address(out, value);
	case 'a':
		(void)is_direction(sip_text_trim(value), &out->direction);
		out->is_ice_lite |= sip_text_is(sip_text_trim(value), "ice-lite");
		return true;
	default:
		return type >= 'a' && type <= 'z';
	}
}

static bool read_media_line(struct sdp_media *m, char type, struct sip_text value)
{
	switch (type) {
	case 'c':
		return read_media_address(m, value);
	case 'a':
		read_media_attribute(m, value);
		return true;
	default:
		return type >= 'a' && type <= 'z';
	}
}

/* The place for one media more; that of nobody where there are too many, or where its line is none,
 * so that the lines which follow it are not taken for those of the one before. */
static struct sdp_media *open_media(struct sdp *out, struct sip_text value,
				    struct sdp_media *nobody)
{
	struct sdp_media *m = out->n_media < SDP_MAX_MEDIA ? &out->media[out->n_media] : nobody;

	if (!read_media(out, value, m)) {
		out->has_fault = true;
		*nobody = (struct sdp_media){0};
		return nobody;
	}
	if (m == nobody)
		out->n_left_out++;
	else
		out->n_media++;
	return m;
}

static void clear(struct sdp *out)
{
	memset(out, 0, offsetof(struct sdp, media));
	out->attributes = (struct sip_text){NULL, 0};
	out->has_fault = false;
	out->n_addresses = 1;
}

/* All lines that are left. */
static void read_lines(struct rd r, struct sdp *out)
{
	struct rd before = r, start = r;
	struct sdp_media *m = NULL, nobody;
	struct sip_text value;
	char type;

	for (; take_line(&r, &type, &value); before = r) {
		bool is_right = true;

		if (type == 'm') {
			if (m)
				close_media(m, start, &before);
			else
				out->attributes =
					sip_text_of(start.at, rd_left(&start) - rd_left(&before));
			m = open_media(out, value, &nobody);
			start = r;
		} else if (value.len || type) {
			is_right = m ? read_media_line(m, type, value)
				     : read_session_line(out, type, value);
		}
		out->has_fault |= !is_right;
	}
	if (m)
		close_media(m, start, &r);
	else
		out->attributes = sip_text_rest(&start);
}

int sdp_read(struct sip_text body, struct sdp *out)
{
	struct rd r = sip_text_rd(body);
	struct sip_text value;
	char type;

	clear(out);
	sip_skip_space(&r);
	if (!take_line(&r, &type, &value) || type != 'v' || !sip_text_is(sip_text_trim(value), "0"))
		return ERR_UNKNOWN;
	read_lines(r, out);
	return out->origin.line.bytes ? 0 : ERR_CUT;
}

void sdp_fragment_read(struct sip_text body, struct sdp *out)
{
	clear(out);
	read_lines(sip_text_rd(body), out);
}

bool sdp_is_held(const struct sdp_media *media)
{
	static const uint8_t zeros[sizeof media->address.bytes];

	return media->address.version && memcmp(media->address.bytes, zeros, sizeof zeros) == 0;
}

bool sdp_format_next(struct rd *formats, struct sip_text *out)
{
	*out = word(formats);
	return out->len != 0;
}

bool sdp_attribute_next(struct rd *lines, struct sip_text *name, struct sip_text *value)
{
	struct sip_text line;
	struct rd r;
	char type;

	while (take_line(lines, &type, &line)) {
		if (type != 'a')
			continue;
		r = sip_text_rd(line);
		*name = sip_text_trim(sip_until(&r, ":"));
		*value = sip_skip(&r, ':') ? sip_text_rest(&r) : (struct sip_text){NULL, 0};
		return true;
	}
	return false;
}

/* Of the first attribute of this name that begins with this payload type: what comes behind it. */
static bool find_of_type(const struct sdp_media *media, const char *wanted, uint8_t type,
			 struct rd *out)
{
	struct rd lines = sip_text_rd(media->attributes);
	struct sip_text name, value;
	uint64_t n;

	while (sdp_attribute_next(&lines, &name, &value)) {
		if (!sip_text_is(name, wanted))
			continue;
		*out = sip_text_rd(value);
		if (number(word(out), UINT8_MAX, &n) && n == type)
			return true;
	}
	return false;
}

/* Payload types that have a codec without being told (RFC 3551 6). */
static const struct {
	uint8_t type;
	const char *name;
	uint32_t rate;
	uint8_t channels;
} known_codecs[] = {
	{0, "PCMU", 8000, 1},   {3, "GSM", 8000, 1},    {4, "G723", 8000, 1},
	{5, "DVI4", 8000, 1},   {6, "DVI4", 16000, 1},  {7, "LPC", 8000, 1},
	{8, "PCMA", 8000, 1},   {9, "G722", 8000, 1},   {10, "L16", 44100, 2},
	{11, "L16", 44100, 1},  {12, "QCELP", 8000, 1}, {13, "CN", 8000, 1},
	{14, "MPA", 90000, 1},  {15, "G728", 8000, 1},  {16, "DVI4", 11025, 1},
	{17, "DVI4", 22050, 1}, {18, "G729", 8000, 1},  {25, "CelB", 90000, 1},
	{26, "JPEG", 90000, 1}, {28, "nv", 90000, 1},   {31, "H261", 90000, 1},
	{32, "MPV", 90000, 1},  {33, "MP2T", 90000, 1}, {34, "H263", 90000, 1},
};

static bool find_known(uint8_t type, struct sdp_codec *out)
{
	for (size_t i = 0; i < sizeof known_codecs / sizeof *known_codecs; i++) {
		if (known_codecs[i].type != type)
			continue;
		*out = (struct sdp_codec){type, sip_word(known_codecs[i].name),
					  known_codecs[i].rate, known_codecs[i].channels};
		return true;
	}
	return false;
}

bool sdp_codec_find(const struct sdp_media *media, uint8_t type, struct sdp_codec *out)
{
	uint64_t rate, channels = 1;
	struct rd r;

	if (!find_of_type(media, "rtpmap", type, &r))
		return find_known(type, out);
	while (sip_skip(&r, ' '))
		;
	*out = (struct sdp_codec){.type = type, .name = sip_until(&r, "/")};
	if (!sip_skip(&r, '/') || !number(sip_text_trim(sip_until(&r, "/")), UINT32_MAX, &rate))
		return find_known(type, out);
	if (sip_skip(&r, '/') && !number(sip_text_trim(sip_text_rest(&r)), UINT8_MAX, &channels))
		channels = 1;
	out->rate = (uint32_t)rate;
	out->channels = (uint8_t)channels;
	return true;
}

bool sdp_fmtp_find(const struct sdp_media *media, uint8_t type, struct sip_text *out)
{
	struct rd r;

	if (!find_of_type(media, "fmtp", type, &r))
		return false;
	*out = sip_text_trim(sip_text_rest(&r));
	return true;
}

/* 1 1 UDP 2130706431 192.0.2.9 49170 typ host raddr 10.0.0.1 rport 8998 … */
static bool read_candidate(struct sip_text value, struct sdp_candidate *out)
{
	struct rd r = sip_text_rd(value);
	struct sip_text transport, name, text;
	uint64_t component, priority, port;

	*out = (struct sdp_candidate){.foundation = word(&r)};
	if (!number(word(&r), 256, &component))
		return false;
	transport = word(&r);
	if (!number(word(&r), UINT32_MAX, &priority) || !sip_host_read(word(&r), &out->address) ||
	    !number(word(&r), UINT16_MAX, &port) || !sip_text_is(word(&r), "typ"))
		return false;
	out->component = (uint16_t)component;
	out->is_udp = sip_text_is(transport, "UDP");
	out->priority = (uint32_t)priority;
	out->port = (uint16_t)port;
	out->kind = word(&r);
	while ((name = word(&r)).len) {
		text = word(&r);
		if (sip_text_is(name, "raddr"))
			(void)sip_host_read(text, &out->related);
		else if (sip_text_is(name, "rport") && number(text, UINT16_MAX, &port))
			out->related_port = (uint16_t)port;
	}
	return out->kind.len != 0;
}

bool sdp_candidate_next(struct rd *lines, struct sdp_candidate *out)
{
	struct sip_text name, value;

	while (sdp_attribute_next(lines, &name, &value))
		if (sip_text_is(name, "candidate") && read_candidate(value, out))
			return true;
	return false;
}
