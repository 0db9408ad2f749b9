/* Kinds of scalar: ports and endpoints. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "conf/number.h"

static bool port_parse(const struct conf_field *field, const char *text, void *member)
{
	int64_t port;

	(void)field;
	if (!number_parse(text, 1, 65535, &port))
		return false;
	*(uint16_t *)member = (uint16_t)port;
	return true;
}

static const char *port_print(const struct conf_field *field, const void *member, char *out,
			      int size)
{
	(void)field;
	snprintf(out, (size_t)size, "%u", *(const uint16_t *)member);
	return out;
}

static void port_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "a port from 1 to 65535");
}

static bool ports_parse(const struct conf_field *field, const char *text, void *member)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	struct conf_ports *ports = member;
	char first[6];
	int64_t from;
	int64_t to;

	(void)field;
	if (len >= sizeof first)
		return false;
	memcpy(first, text, len);
	first[len] = 0;
	if (!number_parse(first, 1, 65535, &from) ||
	    !number_parse(dash ? dash + 1 : first, from, 65535, &to))
		return false;
	*ports = (struct conf_ports){(uint16_t)from, (uint16_t)to};
	return true;
}

static const char *ports_print(const struct conf_field *field, const void *member, char *out,
			       int size)
{
	const struct conf_ports *ports = member;

	(void)field;
	if (!ports->first)
		return NULL;
	if (ports->first == ports->last)
		snprintf(out, (size_t)size, "%u", ports->first);
	else
		snprintf(out, (size_t)size, "%u-%u", ports->first, ports->last);
	return out;
}

static void ports_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size, "a port, or a first and a last one, like 1812-1813");
}

static bool host_port_parse(const struct conf_field *field, const char *text, void *member)
{
	(void)field;
	return conf_endpoint_parse(text, member);
}

static const char *host_port_print(const struct conf_field *field, const void *member, char *out,
				   int size)
{
	char text[CONF_ENDPOINT_TEXT_LEN];

	(void)field;
	if (!((const struct conf_endpoint *)member)->version)
		return NULL;
	conf_endpoint_print(member, text);
	snprintf(out, (size_t)size, "%s", text);
	return out;
}

static void host_port_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "an address and a port, like 192.0.2.1:40002 or [2001:db8::1]:40002");
}

static bool endpoint_parse(const char *text, int64_t least_port, struct conf_endpoint *out)
{
	bool is_6 = *text == '[';
	const char *end = is_6 ? strstr(text, "]:") : strchr(text, ':');
	size_t len = end ? (size_t)(end - text) - is_6 : 0;
	char host[INET6_ADDRSTRLEN];
	int64_t port;

	if (!end || len >= sizeof host || !number_parse(end + 1 + is_6, least_port, 65535, &port))
		return false;
	memcpy(host, text + is_6, len);
	host[len] = 0;
	*out = (struct conf_endpoint){.port = (uint16_t)port, .version = is_6 ? 6 : 4};
	return inet_pton(is_6 ? AF_INET6 : AF_INET, host, out->ip) == 1;
}

bool conf_endpoint_parse(const char *text, struct conf_endpoint *out)
{
	return endpoint_parse(text, 1, out);
}

static bool listen_parse(const struct conf_field *field, const char *text, void *member)
{
	(void)field;
	return endpoint_parse(text, 0, member);
}

static void listen_want(const struct conf_field *field, char *out, int size)
{
	(void)field;
	snprintf(out, (size_t)size,
		 "an address and a port (0: any that is free), like "
		 "0.0.0.0:40002 or [::]:40002");
}

void conf_endpoint_print(const struct conf_endpoint *e, char out[CONF_ENDPOINT_TEXT_LEN])
{
	bool is_6 = e->version == 6;
	char host[INET6_ADDRSTRLEN] = "";

	inet_ntop(is_6 ? AF_INET6 : AF_INET, e->ip, host, sizeof host);
	snprintf(out, CONF_ENDPOINT_TEXT_LEN, is_6 ? "[%s]:%u" : "%s:%u", host, e->port);
}

const struct conf_type conf_port = {
	.name = "port",
	.size = sizeof(uint16_t),
	.is_bare = true,
	.parse = port_parse,
	.print = port_print,
	.want = port_want,
};
const struct conf_type conf_ports = {
	.name = "ports",
	.size = sizeof(struct conf_ports),
	.parse = ports_parse,
	.print = ports_print,
	.want = ports_want,
	.pattern = "^\\d{1,5}(-\\d{1,5})?$",
};
const struct conf_type conf_host_port = {
	.name = "endpoint",
	.size = sizeof(struct conf_endpoint),
	.parse = host_port_parse,
	.print = host_port_print,
	.want = host_port_want,
	.pattern = "^([0-9.]+|\\[[0-9a-fA-F:.]+\\]):\\d{1,5}$",
};
const struct conf_type conf_listen = {
	.name = "listen",
	.size = sizeof(struct conf_endpoint),
	.parse = listen_parse,
	.print = host_port_print,
	.want = listen_want,
	.pattern = "^([0-9.]+|\\[[0-9a-fA-F:.]+\\]):\\d{1,5}$",
};
