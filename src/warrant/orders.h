/* Orders: who must be intercepted, for whom, by what authority, from when until when.
 *
 * Every field is one row below: the struct, the YAML document, its checks and the manual's
 * reference follow from it (conf/field.h). This is the vocabulary of the whole system. */
#ifndef WARRANT_ORDERS_H
#define WARRANT_ORDERS_H

#include "base/err.h"
#include "base/json.h"
#include "base/nanos.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/field.h"
#include "identity/pattern.h"
#include "net/ip.h"

/* Whom a field is for, where it is not for both kinds of daemon (conf_field.for_whom). */
enum {
	ORDERS_FOR_COLLECTOR = 1,
	ORDERS_FOR_MEDIATOR = 2,
	ORDERS_FOR_NO_DAEMON = 1 << 30, /* stays with the provisioner */
};

/* What a warrant lets us deliver. */
#define WARRANT_DELIVERIES(X)                                                                      \
	X(ALL, "all", "intercept related information (HI2) and content (HI3)")                     \
	X(IRI_ONLY, "iri-only", "intercept related information only")                              \
	X(CC_ONLY, "cc-only", "content only")

enum warrant_delivery {
#define X(name, text, doc) WARRANT_##name,
	WARRANT_DELIVERIES(X)
#undef X
};

/* In what shape an agency receives it. */
#define AGENCY_DELIVERIES(X)                                                                       \
	X(PS_PDU, "ps-pdu", "ETSI records (TS 102 232-1) over HI2 and HI3")                        \
	X(PCAP, "pcap", "captures of the content, in files at the mediator")

enum agency_delivery {
#define X(name, text, doc) AGENCY_DELIVERS_##name,
	AGENCY_DELIVERIES(X)
#undef X
};

#define AGENCY_TRANSPORTS(X)                                                                       \
	X(TLS, "tls", "TLS 1.3, both sides with certificates")                                     \
	X(PLAIN, "plain", "TCP without protection")

enum agency_transport {
#define X(name, text, doc) AGENCY_##name,
	AGENCY_TRANSPORTS(X)
#undef X
};

/* How records tell the time. */
#define AGENCY_TIME_FORMATS(X)                                                                     \
	X(MICROSECONDS, "microseconds", "microSecondTimeStamp")                                    \
	X(GENERALIZED, "generalized", "GeneralizedTime, in UTC to the microsecond")

enum agency_time_format {
#define X(name, text, doc) AGENCY_TIME_##name,
	AGENCY_TIME_FORMATS(X)
#undef X
};

/* Digests of integrity checks; the values are those of hashAlgorithm (clause 7.2.3). */
#define AGENCY_INTEGRITIES(X)                                                                      \
	X(NONE, "none", 0, "no integrity checks")                                                  \
	X(SHA_1, "sha-1", 1, NULL)                                                                 \
	X(SHA_256, "sha-256", 2, NULL)                                                             \
	X(SHA_384, "sha-384", 3, NULL)                                                             \
	X(SHA_512, "sha-512", 4, NULL)

enum agency_integrity {
#define X(name, text, value, doc) AGENCY_INTEGRITY_##name = (value),
	AGENCY_INTEGRITIES(X)
#undef X
};

/* Ciphers of payloads; the values are those of encryptionType (Annex G). */
#define ORDERS_CIPHERS(X)                                                                          \
	X(NONE, "none", 1, "payloads are not encrypted")                                           \
	X(AES_192_CBC, "aes-192-cbc", 3, "with a key of 24 octets")                                \
	X(AES_256_CBC, "aes-256-cbc", 4, "with a key of 32 octets")

enum orders_cipher {
	ORDERS_CIPHER_AS_AGENCY, /* of a warrant only */
#define X(name, text, value, doc) ORDERS_CIPHER_##name = (value),
	ORDERS_CIPHERS(X)
#undef X
};

/* Constant, word, the ports where none are given, meaning. */
#define CORE_SERVER_KINDS(X)                                                                       \
	X(RADIUS, "radius", 1812, 1813, "announces subscribers' sessions (RFC 2865, RFC 2866)")    \
	X(SIP, "sip", 5060, 5061, "carries what calls signal (RFC 3261)")

enum core_server_kind {
#define X(name, text, first, last, doc) CORE_##name,
	CORE_SERVER_KINDS(X)
#undef X
};

/* The kinds of field that are an address or prefix, an address, and an identity: a text that is
 * compared octet by octet, or with a '*' for any octets at its beginning or its end; and what a
 * call's target is named by (identity/pattern.h). Absent: version 0, NULL. */
#define CONF_C_PREFIX   struct net_prefix
#define CONF_T_PREFIX   .type = &warrant_prefix
#define CONF_C_ADDRESS  struct net_ip
#define CONF_T_ADDRESS  .type = &warrant_address
#define CONF_C_IDENTITY char *
#define CONF_T_IDENTITY .type = &warrant_identity
#define CONF_C_SIP_URI  char *
#define CONF_T_SIP_URI  .type = &warrant_sip_uri
#define CONF_C_PHONE    char *
#define CONF_T_PHONE    .type = &warrant_phone
extern const struct conf_type warrant_prefix, warrant_address, warrant_identity, warrant_sip_uri,
	warrant_phone;

/* The limits of texts that are sent are those of the PSHeader (TS 102 232-1). */
#define OPERATOR_FIELDS(X)                                                                         \
	X(TEXT, id, .is_required = true, WARRANT_GRAPHIC(1, 16),                                   \
	  .doc = "who intercepts (operatorIdentifier)")                                            \
	X(TEXT, network_element, WARRANT_GRAPHIC(1, 16),                                           \
	  .doc = "where, in the operator's network (networkElementIdentifier); records of a "      \
		 "collector name its own")                                                         \
	X(TEXT, country_code, AT_COLLECTOR, WARRANT_DIGITS(1, 3),                                  \
	  .doc = "the telephone country code, by which national numbers become international")     \
	X(TEXT, national_prefix, AT_COLLECTOR, WARRANT_DIGITS(1, 5),                               \
	  .doc = "digits before a national number, like 0; where there are none, seven digits "    \
		 "or more are a national number")                                                  \
	X(TEXTS, international_prefixes, AT_COLLECTOR, WARRANT_DIGITS(1, 7), .max_items = 8,       \
	  .doc = "digits before an international number; where there are none, and there is a "    \
		 "country_code, 00")                                                               \
	X(BOOL, bare_country_code, AT_COLLECTOR, .otherwise = "false",                             \
	  .doc = "whether digits that begin with country_code, and have no prefix, are an "        \
		 "international number")                                                           \
	X(TEXTS, phone_realms, AT_COLLECTOR, WARRANT_REALM, .max_items = 1000,                     \
	  .doc = "realms whose users' digits are telephone numbers; where there are none, every "  \
		 "realm's are")                                                                    \
	X(BOOL, trust_from, AT_COLLECTOR, .otherwise = "false",                                    \
	  .doc = "whether From and P-Preferred-Identity, which a caller writes himself, say who "  \
		 "calls")                                                                          \
	X(BOOL, sip_anywhere, AT_COLLECTOR, .otherwise = "false",                                  \
	  .doc = "whether SIP is looked for in all traffic, not only in that of core_servers")     \
	X(BOOL, join_by_call_id, AT_COLLECTOR, .otherwise = "true",                                \
	  .doc = "whether legs with the same Call-ID are one call")                                \
	X(BOOL, join_by_session_id, AT_COLLECTOR, .otherwise = "true",                             \
	  .doc = "whether those with the same Session-ID (RFC 7989) are")                          \
	X(BOOL, join_by_origin, AT_COLLECTOR, .otherwise = "true",                                 \
	  .doc = "whether a leg is that goes on, with the same o= line, from where the other "     \
		 "arrived")                                                                        \
	X(BOOL, join_by_any_origin, AT_COLLECTOR, .otherwise = "false",                            \
	  .doc = "whether legs with the same o= line are, wherever they come from")                \
	X(BOOL, join_by_replaces, AT_COLLECTOR, .otherwise = "true",                               \
	  .doc = "whether a leg is that replaces or joins a dialog (RFC 3891, RFC 3911)")          \
	X(BOOL, join_by_refer, AT_COLLECTOR, .otherwise = "true",                                  \
	  .doc = "whether a leg is to whom a party was referred (RFC 3515)")                       \
	X(SPAN, call_silence, AT_COLLECTOR, .otherwise = "1h", .min = 60, .max = 604800,           \
	  .doc = "time without any signalling or media after which a call is over")

#define AGENCY_FIELDS(X)                                                                           \
	X(TEXT, id, .is_required = true, WARRANT_FILE_NAME(1, 64),                                 \
	  .doc = "name of the agency in warrants, and of its folder")                              \
	X(TEXT, country, .is_required = true, WARRANT_COUNTRY, .doc = "where the agency is")       \
	X(WORD, deliver_as, .otherwise = "ps-pdu", .names = agency_deliveries,                     \
	  .doc = "in what shape it receives what is intercepted")                                  \
	X(HOST_PORT, hi2, AT_MEDIATOR,                                                             \
	  .doc = "where it receives intercept related information; ps-pdu needs it")               \
	X(HOST_PORT, hi3, AT_MEDIATOR, .doc = "where it receives content; ps-pdu needs it")        \
	X(WORD, transport, AT_MEDIATOR, .otherwise = "tls", .names = agency_transports,            \
	  .doc = "how HI2 and HI3 travel")                                                         \
	X(TEXT, certificate_name, AT_MEDIATOR, WARRANT_FILE_NAME(1, 64),                           \
	  .doc = "the name in its certificate, where that is not its id")                          \
	X(SPAN, keepalive_interval, AT_MEDIATOR, .otherwise = "300s", .max = 86400,                \
	  .doc = "time between keep-alives, whether records flow or not (TIME1); 0s: none is "     \
		 "sent")                                                                           \
	X(SPAN, keepalive_wait, AT_MEDIATOR, .otherwise = "30s", .max = 86400,                     \
	  .doc = "how long its answer may take (TIME2); 0s: none is needed")                       \
	X(SPAN, retry, AT_MEDIATOR, .otherwise = "10s", .max = 3600,                               \
	  .doc = "pause between attempts to connect")                                              \
	X(INT, resend_window, AT_MEDIATOR, .otherwise = "0", .max = 16 << 20,                      \
	  .doc = "octets of delivered records that are sent again after a reconnection, unless a " \
		 "keep-alive behind them was answered or, where none is, a minute or two have "    \
		 "passed; until then they stay in the spool")                                      \
	X(BOOL, acknowledge, AT_MEDIATOR, .otherwise = "false",                                    \
	  .doc = "whether PDU acknowledgement is negotiated (clause 6.3.6)")                       \
	X(BOOL, segment_flags, AT_COLLECTOR, .otherwise = "false",                                 \
	  .doc = "whether flags stand around the records of each communication, from its BEGIN "   \
		 "to its END, on HI2 and on HI3")                                                  \
	X(BOOL, cin_reset, AT_COLLECTOR, .otherwise = "false",                                     \
	  .doc = "whether a reset is told where numbers of a communication may begin at 0 again")  \
	X(WORD, time_format, .otherwise = "microseconds", .names = agency_time_formats,            \
	  .doc = "how records tell the time")                                                      \
	X(INT, header_version, .otherwise = "43", .min = ETSI_MIN_HEADER_VERSION,                  \
	  .max = ETSI_HEADER_VERSION, .doc = "version of TS 102 232-1 that its records announce")  \
	X(OPT_INT, service_version, .min = ETSI_MIN_SERVICE_VERSION,                               \
	  .max = ETSI_IP_ACCESS_VERSION,                                                           \
	  .doc = "version of TS 102 232-3 that they announce, where it is not the one that "       \
		 "belongs to header_version")                                                      \
	X(TEXT, operator_id, WARRANT_GRAPHIC(1, 16),                                               \
	  .doc = "who intercepts, where this agency knows the operator by another name")           \
	X(TEXT, interception_point, WARRANT_PRINTABLE(1, 8),                                       \
	  .doc = "where, within the network element (interceptionPointID)")                        \
	X(BOOL, comfort_noise, AT_COLLECTOR, .otherwise = "true",                                  \
	  .doc = "whether comfort noise (RTP payload type 13, RFC 3389) is delivered")             \
	X(WORD, integrity, AT_COLLECTOR, .otherwise = "none", .names = agency_integrities,         \
	  .doc = "digest of the integrity checks that go with its records")                        \
	X(INT, integrity_count, AT_COLLECTOR, .otherwise = "1000", .min = 1, .max = 10000,         \
	  .doc = "records after which a check follows")                                            \
	X(SPAN, integrity_time, AT_COLLECTOR, .otherwise = "1s", .max = 3600,                      \
	  .doc = "time after which it follows, where there are fewer")                             \
	X(INT, sign_count, AT_COLLECTOR, .otherwise = "0", .max = 10000,                           \
	  .doc = "checks after which a signature follows; 0: none does")                           \
	X(WORD, encryption, AT_COLLECTOR, .otherwise = "none", .names = orders_ciphers,            \
	  .doc = "how payloads are encrypted (Annex G)")                                           \
	X(KEY, encryption_key, AT_COLLECTOR, .min = 24, .max = 32,                                 \
	  .doc = "the key, agreed with "                                                           \
		 "the agency")                                                                     \
	X(TEXT, pcap_folder, AT_MEDIATOR, WARRANT_FILE_NAME(1, 64),                                \
	  .doc = "folder of its captures beneath the mediator's, where that is not its id")        \
	X(SPAN, pcap_rotation, AT_MEDIATOR, .otherwise = "1h", .min = 1, .max = 86400,             \
	  .doc = "time after which a capture is closed and the next one begun")                    \
	X(TEXT, mediator, AT_COLLECTOR, WARRANT_FILE_NAME(1, 64),                                  \
	  .doc = "name of the mediator that serves it; not needed where there is but one")

#define TARGET_FIELDS(X)                                                                           \
	X(PREFIX, prefix,                                                                          \
	  .doc = "addresses of the target; the longest of a warrant's prefixes that fits decides") \
	X(OPT_INT, cin, .max = UINT32_MAX,                                                         \
	  .doc = "with prefix: of what these addresses send and receive "                          \
		 "(communicationIdentityNumber); sessions that RADIUS announces get theirs")       \
	X(IDENTITY, radius_user, .doc = "the target's User-Name in RADIUS")                        \
	X(IDENTITY, calling_station, .doc = "the target's Calling-Station-Id in RADIUS")           \
	X(SIP_URI, sip_uri, .doc = "the target's address in calls")                                \
	X(PHONE, phone, .doc = "the target's telephone number in calls")

#define WARRANT_FIELDS(X)                                                                          \
	X(TEXT, reference, AT_HOME, .is_required = true, .min = 1, .max = 256,                     \
	  .doc = "the authority's name for the warrant")                                           \
	X(TEXT, authority, AT_HOME, .is_required = true, .min = 1, .max = 256,                     \
	  .doc = "who issued it")                                                                  \
	X(TEXT, agency, .is_required = true, WARRANT_FILE_NAME(1, 64),                             \
	  .doc = "id of the agency that receives what is intercepted")                             \
	X(TEXT, liid, .is_required = true, WARRANT_GRAPHIC(1, 25),                                 \
	  .doc = "its lawfulInterceptionIdentifier, unique for its agency")                        \
	X(TEXT, authorization_country, .is_required = true, WARRANT_COUNTRY,                       \
	  .doc = "under whose law it was issued")                                                  \
	X(TEXT, delivery_country, WARRANT_COUNTRY, .doc = "where it is delivered to")              \
	X(TIME, start, .is_required = true, .doc = "the first moment that it covers")              \
	X(TIME, end, .is_required = true, .doc = "the first moment that it no longer covers")      \
	X(WORD, deliver, .otherwise = "all", .names = warrant_deliveries,                          \
	  .doc = "what may be delivered")                                                          \
	X(WORD, access_type, AT_COLLECTOR, .otherwise = "undefined",                               \
	  .names = warrant_access_types, .doc = "how the target reaches the internet")             \
	X(WORD, encryption, AT_COLLECTOR, .otherwise = "as-agency", .names = warrant_ciphers,      \
	  .doc = "how its payloads are encrypted (Annex G)")                                       \
	X(KEY, encryption_key, AT_COLLECTOR, .min = 24, .max = 32,                                 \
	  .doc = "the key, where it is not the agency's")                                          \
	X(TEXT, revision, AT_MEDIATOR, .max = 16,                                                  \
	  .doc = "a mark of all that it says, made where a mediator is told of it, so that it "    \
		 "hears of each change; what is given is replaced")                                \
	X(LIST(target), targets, AT_COLLECTOR, .is_required = true, .min = 1, .max = 1000000,      \
	  .doc = "whom it covers, each by prefix, radius_user, calling_station, sip_uri or phone")

#define CORE_SERVER_FIELDS(X)                                                                      \
	X(TEXT, name, WARRANT_FILE_NAME(1, 64),                                                    \
	  .doc = "what it is called, where that is not ADDRESS:PORTS")                             \
	X(WORD, kind, .is_required = true, .names = core_server_kinds, .doc = "what it tells us")  \
	X(ADDRESS, address, .is_required = true, .doc = "its address")                             \
	X(PORTS, ports,                                                                            \
	  .doc = "where it listens; where they are not given, 1812-1813 of radius and 5060-5061 "  \
		 "of sip")

#define MEDIATOR_FIELDS(X)                                                                         \
	X(TEXT, name, .is_required = true, WARRANT_FILE_NAME(1, 64),                               \
	  .doc = "what it is called, as in its certificate")                                       \
	X(HOST_PORT, address, .is_required = true, .doc = "where collectors reach it")             \
	X(TEXT, description, AT_HOME, .max = 256, .doc = "anything else about it")

#define COLLECTOR_FIELDS(X)                                                                        \
	X(TEXT, name, .is_required = true, WARRANT_FILE_NAME(1, 64),                               \
	  .doc = "what it is called, as in its certificate")                                       \
	X(TEXT, description, .max = 256, .doc = "anything else about it")

#define ORDERS_FIELDS(X)                                                                           \
	X(RECORD(operator), operator, .is_required = ORDERS_ARE_WHOLE,                             \
	  .doc = "the operator of the network")                                                    \
	X(LIST(agency), agencies, .is_required = ORDERS_ARE_WHOLE, .max = 1000,                    \
	  .doc = "who receives what is intercepted")                                               \
	X(LIST(core_server), core_servers, AT_COLLECTOR, .max = 1000,                              \
	  .doc = "servers whose traffic announces sessions")                                       \
	X(TEXTS, radius_ignored_users, AT_COLLECTOR, .min = 1, .max = 253, .max_items = 1000,      \
	  .doc = "User-Names that stand for nobody: the defaults of modems")                       \
	X(LIST(mediator), mediators, AT_COLLECTOR, .max = 1000,                                    \
	  .doc = "who delivers what is intercepted")                                               \
	X(LIST(warrant), warrants, .is_required = ORDERS_ARE_WHOLE, .max = 100000,                 \
	  .doc = "what must be intercepted")

struct operator{CONF_STRUCT(OPERATOR_FIELDS)};

struct agency {
	CONF_STRUCT(AGENCY_FIELDS)
};

struct target {
	CONF_STRUCT(TARGET_FIELDS)
};

struct warrant {
	CONF_STRUCT(WARRANT_FIELDS)
};

struct core_server {
	CONF_STRUCT(CORE_SERVER_FIELDS)
};

struct mediator {
	CONF_STRUCT(MEDIATOR_FIELDS)
};

/* As the provisioner registers it; orders do not name collectors. */
struct collector {
	CONF_STRUCT(COLLECTOR_FIELDS)
};

struct orders {
	CONF_STRUCT(ORDERS_FIELDS)
};

/* Each may be read, printed and checked by itself too, as bodies of the REST API are. */
extern const struct conf_record orders_record, operator_record, agency_record, warrant_record,
	target_record, core_server_record, mediator_record, collector_record;

/* Reads a document that is whole, within its limits, and consistent: ids, names and LIIDs are
 * unique, agencies and mediators that are named exist, keys have their cipher's length, a warrant
 * ends after it starts and lists no target twice. The reason names the line. On success *out is
 * given back by orders_fini. */
MUST_CHECK int orders_load(struct orders *out, const char *path, struct why *why);
MUST_CHECK int orders_parse(struct orders *out, const char *text, size_t len, struct why *why);
void orders_fini(struct orders *orders);

/* Whether orders that were put together otherwise are consistent: what orders_parse holds between
 * items, not the limits of their fields. */
MUST_CHECK int orders_verify(const struct orders *orders, struct why *why);

/* The JSON Schemas of all records above, as members "agency", "warrant", … of the object that is
 * open in *j: the OpenAPI page's components.schemas. */
void orders_schemas(struct json *j);

/* The reference of the document, for the manual and --help. */
void orders_reference(struct wr *w);

enum { ORDERS_KEY_LEN = 256 };

/* What an item is called in REST paths and changes; others by id or name: a core server's name or
 * "192.0.2.1:1812-1813", a warrant's "AGENCY/LIID". */
void core_server_key(const struct core_server *server, char out[ORDERS_KEY_LEN]);
void warrant_key(const struct warrant *warrant, char out[ORDERS_KEY_LEN]);

/* Index of the warrant's agency in orders->agencies. */
size_t orders_agency(const struct orders *orders, const struct warrant *warrant);

/* Whether the warrant covers this moment: from start on, and no longer from end on. */
static inline bool warrant_is_live(const struct warrant *w, struct nanos t)
{
	return t.ns >= w->start.ns && t.ns < w->end.ns;
}

/* What a target is named by: constant, field, the kind of core server that tells of it (-1: none
 * does). */
#define TARGET_KINDS(X)                                                                            \
	X(PREFIX, prefix, -1)                                                                      \
	X(RADIUS_USER, radius_user, CORE_RADIUS)                                                   \
	X(CALLING_STATION, calling_station, CORE_RADIUS)                                           \
	X(SIP_URI, sip_uri, CORE_SIP)                                                              \
	X(PHONE, phone, CORE_SIP)

enum target_kind {
#define X(name, field, server) TARGET_##name,
	TARGET_KINDS(X)
#undef X
		TARGET_N_KINDS,
};

static inline enum target_kind target_kind(const struct target *t)
{
	return t->radius_user       ? TARGET_RADIUS_USER
	       : t->calling_station ? TARGET_CALLING_STATION
	       : t->sip_uri         ? TARGET_SIP_URI
	       : t->phone           ? TARGET_PHONE
				    : TARGET_PREFIX;
}

/* The text of a target that is no prefix. */
static inline const char *target_text(const struct target *t)
{
	return t->radius_user       ? t->radius_user
	       : t->calling_station ? t->calling_station
	       : t->sip_uri         ? t->sip_uri
				    : t->phone;
}

/* Whether RADIUS tells of it; whether calls do. */
static inline bool target_is_of_radius(const struct target *t)
{
	return t->radius_user || t->calling_station;
}

static inline bool target_is_of_calls(const struct target *t)
{
	return t->sip_uri || t->phone;
}

/* How the operator's network writes numbers. Borrows the operator, and plan_room for its lists. */
struct orders_plan {
	struct identity_plan plan;
	const char *international[1];
};
void orders_plan_of(const struct operator* operator, struct orders_plan * out);

/* Targets of calls in all orders. */
size_t orders_n_call_targets(const struct orders *orders);

/* Where it listens: as given, or as its kind does. */
struct conf_ports core_server_ports(const struct core_server *server);

/* Whether the octets are those of the identity; only its first or last '*' stands for others. */
bool warrant_identity_fits(const char *identity, const void *octets, size_t len);
bool warrant_identity_is_exact(const char *identity);

/* How the warrant's payloads are encrypted: its own cipher and key, or its agency's. *key is set
 * where there is a cipher; it lives in one of the two. */
enum orders_cipher warrant_cipher(const struct warrant *w, const struct agency *a,
				  const struct conf_key **key);

/* Index in orders->mediators of the mediator that serves the agency; mediators.n where there are
 * none. */
size_t orders_mediator(const struct orders *orders, const struct agency *agency);

/* Whether it lets us deliver intercept related information, and content. */
static inline bool warrant_delivers_iri(const struct warrant *w)
{
	return w->deliver != WARRANT_CC_ONLY;
}

static inline bool warrant_delivers_cc(const struct warrant *w)
{
	return w->deliver != WARRANT_IRI_ONLY;
}

#endif
