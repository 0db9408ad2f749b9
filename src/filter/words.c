#include "filter/words.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_LEN = 128, WORDS_MAX_LEN = 1 << 20 };

/* What names may follow a word. */
enum words_then {
	THEN_NONE,
	THEN_ONE,  /* one, of the language's own: "subtype beacon" */
	THEN_MANY, /* of ports or protocols, joined by "and" and "or": "port http or https" */
	THEN_SAME, /* whatever could follow before: "and", "or", "not" */
};

static const struct {
	const char *words; /* between spaces */
	enum words_then then;
} language[] = {
	{" port portrange proto protochain ", THEN_MANY},
	{" type subtype dir direction ifname on rset ruleset reason action llc ", THEN_ONE},
	{" and or not ", THEN_SAME},
	{" src dst host net mask gateway less greater byte broadcast multicast len inbound "
	 "outbound link ether ppp slip fddi tr wlan radio arp rarp ip ip6 sctp tcp udp icmp icmp6 "
	 "igmp igrp pim vrrp carp ah esp atalk aarp decnet lat sca moprc mopdl iso clnp esis es-is "
	 "isis is-is l1 l2 iih lsp snp csnp psnp stp ipx netbeui addr1 addr2 addr3 addr4 address1 "
	 "address2 address3 address4 ra ta ifindex vlan mpls pppoed pppoes geneve lane metac bcc "
	 "oam oamf4 oamf4ec oamf4sc sc ilmic vpi vci connectmsg metaconnect rnr rulenum srnr "
	 "subrulenum fisu lssu lsu msu hfisu hlssu hmsu sio opc dpc sls hsio hopc hdpc hsls "
	 "icmptype icmpcode icmp-echoreply icmp-unreach icmp-sourcequench icmp-redirect icmp-echo "
	 "icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp "
	 "icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply icmp6type "
	 "icmp6code icmp6-destinationrunreach icmp6-packettoobig icmp6-timeexceeded "
	 "icmp6-parameterproblem icmp6-echo icmp6-echoreply icmp6-multicastlistenerquery "
	 "icmp6-multicastlistenerreportv1 icmp6-multicastlistenerdone icmp6-routersolicit "
	 "icmp6-routeradvert icmp6-neighborsolicit icmp6-neighboradvert icmp6-redirect "
	 "icmp6-routerrenum icmp6-nodeinformationquery icmp6-nodeinformationresponse "
	 "icmp6-ineighbordiscoverysolicit icmp6-ineighbordiscoveryadvert "
	 "icmp6-multicastlistenerreportv2 icmp6-homeagentdiscoveryrequest "
	 "icmp6-homeagentdiscoveryreply icmp6-mobileprefixsolicit icmp6-mobileprefixadvert "
	 "icmp6-certpathsolicit icmp6-certpathadvert icmp6-multicastrouteradvert "
	 "icmp6-multicastroutersolicit icmp6-multicastrouterterm tcpflags tcp-fin tcp-syn tcp-rst "
	 "tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr ",
	 THEN_NONE},
};

enum { N_LANGUAGE = sizeof language / sizeof language[0] };

struct words {
	const char *at;
	int depth;                /* of brackets: offsets into the packet */
	enum words_then then;     /* what names may stand here */
	enum words_then possible; /* … behind a parenthesis opened right here */
};

static bool find_word(const char *word, enum words_then *then)
{
	char padded[WORD_LEN + 3];

	snprintf(padded, sizeof padded, " %s ", word);
	for (int i = 0; i < N_LANGUAGE; i++)
		if (strstr(language[i].words, padded)) {
			*then = language[i].then;
			return true;
		}
	return false;
}

/* 10, 0x0a, 10.1, 10.1.2.3 */
static bool is_number(const char *word)
{
	int n_dots = 0;

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X'))
		return word[2] && word[2 + strspn(word + 2, "0123456789abcdefABCDEF")] == '\0';
	for (const char *c = word; *c; c++) {
		bool is_dot = *c == '.';

		if (!is_dot && !isdigit((unsigned char)*c))
			return false;
		if (is_dot && (c == word || !isdigit((unsigned char)c[1])))
			return false;
		n_dots += is_dot;
	}
	return n_dots < 4;
}

/* 02:00:5e:0:0:1, or with hyphens and two digits each */
static bool is_mac(const char *word)
{
	char mark = '\0';
	int n_groups = 1;
	int n_digits = 0;

	for (; *word; word++) {
		if (isxdigit((unsigned char)*word) && n_digits < 2) {
			n_digits++;
			continue;
		}
		if ((*word != ':' && *word != '-') || !n_digits || (mark && *word != mark))
			return false;
		if (*word == '-' && n_digits != 2)
			return false;
		mark = *word;
		n_digits = 0;
		n_groups++;
	}
	return n_groups == 6 && (mark == '-' ? n_digits == 2 : n_digits > 0);
}

static bool is_literal(const char *word)
{
	struct in6_addr v6;

	return is_number(word) || inet_pton(AF_INET6, word, &v6) == 1 || is_mac(word);
}

/* libpcap's own idea of a word: the longest run of these, so that "len-20" is one. A colon is
 * of an address, but in brackets it stands before a size. */
static bool is_word_char(const struct words *w, char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == '_' || c == '-' || c == '\\' ||
	       (c == ':' && w->depth == 0);
}

static bool begins_word(const struct words *w, const char *at)
{
	return isalnum((unsigned char)*at) || *at == '\\' || *at == '_' || *at == '.' ||
	       (*at == ':' && w->depth == 0);
}

/* What may follow when this was used, or not used. */
static enum words_then after(enum words_then then)
{
	return then == THEN_MANY ? THEN_MANY : THEN_NONE;
}

static int check_word(struct words *w, const char *word, struct why *why)
{
	enum words_then then;

	if (word[0] != '\\' && find_word(word, &then)) {
		w->possible = then == THEN_SAME ? THEN_NONE : then;
		w->then = then == THEN_SAME ? after(w->then) : then;
		return 0;
	}
	w->possible = THEN_NONE;
	if (is_literal(word)) {
		w->then = after(w->then);
		return 0;
	}
	if (w->then == THEN_NONE || w->depth > 0)
		return why_set(why, ERR_USAGE,
			       "\"%s\" in the filter is no word of its language, and names of "
			       "hosts and networks are not looked up: write the address",
			       word);
	w->then = after(w->then);
	return 0;
}

static void see_mark(struct words *w, char c)
{
	bool is_join = c == '&' || c == '|' || c == '!';

	w->depth += (c == '[') - (c == ']');
	if (w->depth < 0)
		w->depth = 0;
	if (c == '(')
		w->then = w->possible;
	else
		w->then = is_join ? after(w->then) : THEN_NONE;
	if (c != '(')
		w->possible = THEN_NONE;
}

int words_check(const char *expression, struct why *why)
{
	struct words w = {.at = expression};

	if (strlen(expression) > WORDS_MAX_LEN)
		return why_set(why, ERR_USAGE, "the filter is longer than %d bytes", WORDS_MAX_LEN);
	while (*w.at) {
		char word[WORD_LEN];
		size_t len = 0;

		if (isspace((unsigned char)*w.at)) {
			w.at++;
			continue;
		}
		if (!begins_word(&w, w.at)) {
			see_mark(&w, *w.at++);
			continue;
		}
		while (is_word_char(&w, w.at[len]))
			len++;
		if (len >= sizeof word)
			return why_set(why, ERR_USAGE, "a word of the filter is too long");
		memcpy(word, w.at, len);
		word[len] = '\0';
		w.at += len;
		if (check_word(&w, word, why) < 0)
			return ERR_USAGE;
	}
	return 0;
}
