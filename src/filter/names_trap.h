/* For tests only: functions that take the place of libpcap's, so that whatever asks for an address
 * by name is found out. */
#ifndef FILTER_NAMES_TRAP_H
#define FILTER_NAMES_TRAP_H

#include <arpa/inet.h>
#include <netdb.h>
#include <pcap/pcap.h>
#include <stdlib.h>

struct addrinfo *pcap_nametoaddrinfo(const char *name);
bpf_u_int32 **pcap_nametoaddr(const char *name);
bpf_u_int32 pcap_nametonetaddr(const char *name);
u_char *pcap_ether_hostton(const char *name);

static int names_asked;

/* An IPv6 address comes this way too; one block of memory, as the C library's own. */
__attribute__((visibility("default"))) struct addrinfo *pcap_nametoaddrinfo(const char *name)
{
	struct numeric {
		struct addrinfo ai;
		struct sockaddr_in6 address;
	} *n = calloc(1, sizeof *n);

	n->address.sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, name, &n->address.sin6_addr) != 1) {
		names_asked++;
		free(n);
		return NULL;
	}
	n->ai.ai_family = AF_INET6;
	n->ai.ai_addrlen = sizeof n->address;
	n->ai.ai_addr = (struct sockaddr *)&n->address;
	return &n->ai;
}

__attribute__((visibility("default"))) bpf_u_int32 **pcap_nametoaddr(const char *name)
{
	(void)name;
	names_asked++;
	return NULL;
}

__attribute__((visibility("default"))) bpf_u_int32 pcap_nametonetaddr(const char *name)
{
	(void)name;
	names_asked++;
	return 0;
}

__attribute__((visibility("default"))) u_char *pcap_ether_hostton(const char *name)
{
	(void)name;
	names_asked++;
	return NULL;
}

#endif
