/* Orders: who must be intercepted, for whom, by what authority, from when until when.
 *
 * Every field is one row below: the struct, the YAML document, its checks and the manual's
 * reference follow from it (conf/field.h). This is the vocabulary of the whole system. */
#ifndef WARRANT_ORDERS_H
#define WARRANT_ORDERS_H

#include "base/err.h"
#include "base/nanos.h"
#include "base/why.h"
#include "base/wr.h"
#include "conf/field.h"
#include "net/ip.h"

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

/* The kind of field that is an address or a prefix. */
#define CONF_C_PREFIX struct net_prefix
#define CONF_T_PREFIX .type = &warrant_prefix
extern const struct conf_type warrant_prefix;

/* The limits of texts that are sent are those of the PSHeader (TS 102 232-1). */
#define OPERATOR_FIELDS(X)                                                                         \
	X(TEXT, id, .is_required = true, WARRANT_GRAPHIC(1, 16),                                   \
	  .doc = "who intercepts (operatorIdentifier)")                                            \
	X(TEXT, network_element, WARRANT_GRAPHIC(1, 16),                                           \
	  .doc = "where, in the operator's network (networkElementIdentifier)")

#define AGENCY_FIELDS(X)                                                                           \
	X(TEXT, id, .is_required = true, WARRANT_FILE_NAME(1, 64),                                 \
	  .doc = "name of the agency in warrants, and of its folder")                              \
	X(TEXT, country, .is_required = true, WARRANT_COUNTRY, .doc = "where the agency is")       \
	X(HOST_PORT, hi2, .is_required = true,                                                     \
	  .doc = "where it receives intercept related information")                                \
	X(HOST_PORT, hi3, .is_required = true, .doc = "where it receives content")

#define TARGET_FIELDS(X)                                                                           \
	X(PREFIX, prefix, .is_required = true,                                                     \
	  .doc = "addresses of the target; the longest of a warrant's prefixes that fits decides") \
	X(INT, cin, .is_required = true, .max = UINT32_MAX,                                        \
	  .doc = "of what these addresses send and receive (communicationIdentityNumber)")

#define WARRANT_FIELDS(X)                                                                          \
	X(TEXT, reference, .is_required = true, .min = 1, .max = 256,                              \
	  .doc = "the authority's name for the warrant")                                           \
	X(TEXT, authority, .is_required = true, .min = 1, .max = 256, .doc = "who issued it")      \
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
	X(WORD, access_type, .otherwise = "undefined", .names = warrant_access_types,              \
	  .doc = "how the target reaches the internet")                                            \
	X(LIST(target), targets, .is_required = true, .min = 1, .max = 1000000,                    \
	  .doc = "whose packets it covers")

#define ORDERS_FIELDS(X)                                                                           \
	X(RECORD(operator), operator, .is_required = true, .doc = "the operator of the network")   \
	X(LIST(agency), agencies, .is_required = true, .min = 1, .max = 1000,                      \
	  .doc = "who receives what is intercepted")                                               \
	X(LIST(warrant), warrants, .is_required = true, .max = 100000,                             \
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

struct orders {
	CONF_STRUCT(ORDERS_FIELDS)
};

extern const struct conf_record orders_record;

/* Reads a document that is whole, within its limits, and consistent: ids and LIIDs are unique,
 * agencies exist, a warrant ends after it starts and lists no prefix twice. The reason names the
 * line. On success *out is given back by orders_fini. */
MUST_CHECK int orders_load(struct orders *out, const char *path, struct why *why);
MUST_CHECK int orders_parse(struct orders *out, const char *text, size_t len, struct why *why);
void orders_fini(struct orders *orders);

/* The reference of the document, for the manual and --help. */
void orders_reference(struct wr *w);

/* Index of the warrant's agency in orders->agencies. */
size_t orders_agency(const struct orders *orders, const struct warrant *warrant);

/* Whether the warrant covers this moment: from start on, and no longer from end on. */
static inline bool warrant_is_live(const struct warrant *w, struct nanos t)
{
	return t.ns >= w->start.ns && t.ns < w->end.ns;
}

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
