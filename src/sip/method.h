/* Methods, statuses and header fields of SIP: one table each. */
#ifndef SIP_METHOD_H
#define SIP_METHOD_H

#include <stdbool.h>

#include "sip/text.h"

/* constant (its name on the wire), where it is defined */
#define SIP_METHODS(X)                                                                             \
	X(INVITE, "RFC 3261")                                                                      \
	X(ACK, "RFC 3261")                                                                         \
	X(BYE, "RFC 3261")                                                                         \
	X(CANCEL, "RFC 3261")                                                                      \
	X(REGISTER, "RFC 3261")                                                                    \
	X(OPTIONS, "RFC 3261")                                                                     \
	X(PRACK, "RFC 3262")                                                                       \
	X(UPDATE, "RFC 3311")                                                                      \
	X(INFO, "RFC 6086")                                                                        \
	X(SUBSCRIBE, "RFC 6665")                                                                   \
	X(NOTIFY, "RFC 6665")                                                                      \
	X(REFER, "RFC 3515")                                                                       \
	X(MESSAGE, "RFC 3428")                                                                     \
	X(PUBLISH, "RFC 3903")

enum sip_method {
	SIP_OTHER, /* a method that is not known, or none */
#define X(name, rfc) SIP_##name,
	SIP_METHODS(X)
#undef X
		SIP_N_METHODS,
};

/* Letters of either case are not alike (RFC 3261 7.1). */
enum sip_method sip_method_of(struct sip_text t);
/* "INVITE"; "other" for SIP_OTHER. */
const char *sip_method_name(enum sip_method method);

/* code, reason phrase of RFC 3261 21 and of those that came after it */
#define SIP_STATUSES(X)                                                                            \
	X(100, "Trying")                                                                           \
	X(180, "Ringing")                                                                          \
	X(181, "Call Is Being Forwarded")                                                          \
	X(182, "Queued")                                                                           \
	X(183, "Session Progress")                                                                 \
	X(199, "Early Dialog Terminated")                                                          \
	X(200, "OK")                                                                               \
	X(202, "Accepted")                                                                         \
	X(204, "No Notification")                                                                  \
	X(300, "Multiple Choices")                                                                 \
	X(301, "Moved Permanently")                                                                \
	X(302, "Moved Temporarily")                                                                \
	X(305, "Use Proxy")                                                                        \
	X(380, "Alternative Service")                                                              \
	X(400, "Bad Request")                                                                      \
	X(401, "Unauthorized")                                                                     \
	X(402, "Payment Required")                                                                 \
	X(403, "Forbidden")                                                                        \
	X(404, "Not Found")                                                                        \
	X(405, "Method Not Allowed")                                                               \
	X(406, "Not Acceptable")                                                                   \
	X(407, "Proxy Authentication Required")                                                    \
	X(408, "Request Timeout")                                                                  \
	X(410, "Gone")                                                                             \
	X(412, "Conditional Request Failed")                                                       \
	X(413, "Request Entity Too Large")                                                         \
	X(414, "Request-URI Too Long")                                                             \
	X(415, "Unsupported Media Type")                                                           \
	X(416, "Unsupported URI Scheme")                                                           \
	X(420, "Bad Extension")                                                                    \
	X(421, "Extension Required")                                                               \
	X(422, "Session Interval Too Small")                                                       \
	X(423, "Interval Too Brief")                                                               \
	X(424, "Bad Location Information")                                                         \
	X(429, "Provide Referrer Identity")                                                        \
	X(430, "Flow Failed")                                                                      \
	X(433, "Anonymity Disallowed")                                                             \
	X(480, "Temporarily Unavailable")                                                          \
	X(481, "Call/Transaction Does Not Exist")                                                  \
	X(482, "Loop Detected")                                                                    \
	X(483, "Too Many Hops")                                                                    \
	X(484, "Address Incomplete")                                                               \
	X(485, "Ambiguous")                                                                        \
	X(486, "Busy Here")                                                                        \
	X(487, "Request Terminated")                                                               \
	X(488, "Not Acceptable Here")                                                              \
	X(489, "Bad Event")                                                                        \
	X(491, "Request Pending")                                                                  \
	X(493, "Undecipherable")                                                                   \
	X(494, "Security Agreement Required")                                                      \
	X(500, "Server Internal Error")                                                            \
	X(501, "Not Implemented")                                                                  \
	X(502, "Bad Gateway")                                                                      \
	X(503, "Service Unavailable")                                                              \
	X(504, "Server Time-out")                                                                  \
	X(505, "Version Not Supported")                                                            \
	X(513, "Message Too Large")                                                                \
	X(580, "Precondition Failure")                                                             \
	X(600, "Busy Everywhere")                                                                  \
	X(603, "Decline")                                                                          \
	X(604, "Does Not Exist Anywhere")                                                          \
	X(606, "Not Acceptable")                                                                   \
	X(607, "Unwanted")                                                                         \
	X(608, "Rejected")

/* The phrase of a status; NULL where it has none. */
const char *sip_status_phrase(unsigned status);

/* How a header field's values stand:
 *	LIST  several, between commas, on one line or on several
 *	LINES one on each line, which may have commas; may come on several lines
 *	ONCE  one on one line: to see it twice is a fault */
enum sip_field_kind { SIP_KIND_LIST, SIP_KIND_LINES, SIP_KIND_ONCE };

/* In the order of their letters, which is how they are found: constant, name, compact form (0: it
 * has none), kind, where it is defined. */
#define SIP_FIELDS(X)                                                                              \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a', LIST, "RFC 3841")                                 \
	X(ALLOW, "Allow", 0, LIST, "RFC 3261")                                                     \
	X(ALLOW_EVENTS, "Allow-Events", 'u', LIST, "RFC 6665")                                     \
	X(AUTHORIZATION, "Authorization", 0, LINES, "RFC 3261")                                    \
	X(CALL_ID, "Call-ID", 'i', ONCE, "RFC 3261")                                               \
	X(CONTACT, "Contact", 'm', LIST, "RFC 3261")                                               \
	X(CONTENT_DISPOSITION, "Content-Disposition", 0, ONCE, "RFC 3261")                         \
	X(CONTENT_ENCODING, "Content-Encoding", 'e', LIST, "RFC 3261")                             \
	X(CONTENT_ID, "Content-ID", 0, ONCE, "RFC 8262")                                           \
	X(CONTENT_LENGTH, "Content-Length", 'l', ONCE, "RFC 3261")                                 \
	X(CONTENT_TRANSFER_ENCODING, "Content-Transfer-Encoding", 0, ONCE, "RFC 2045")             \
	X(CONTENT_TYPE, "Content-Type", 'c', ONCE, "RFC 3261")                                     \
	X(CSEQ, "CSeq", 0, ONCE, "RFC 3261")                                                       \
	X(DATE, "Date", 0, ONCE, "RFC 3261")                                                       \
	X(DIVERSION, "Diversion", 0, LIST, "RFC 5806")                                             \
	X(EVENT, "Event", 'o', ONCE, "RFC 6665")                                                   \
	X(EXPIRES, "Expires", 0, ONCE, "RFC 3261")                                                 \
	X(FROM, "From", 'f', ONCE, "RFC 3261")                                                     \
	X(GEOLOCATION, "Geolocation", 0, LIST, "RFC 6442")                                         \
	X(HISTORY_INFO, "History-Info", 0, LIST, "RFC 7044")                                       \
	X(IDENTITY, "Identity", 'y', LIST, "RFC 8224")                                             \
	X(IN_REPLY_TO, "In-Reply-To", 0, LIST, "RFC 3261")                                         \
	X(JOIN, "Join", 0, ONCE, "RFC 3911")                                                       \
	X(MAX_FORWARDS, "Max-Forwards", 0, ONCE, "RFC 3261")                                       \
	X(P_ACCESS_NETWORK_INFO, "P-Access-Network-Info", 0, LIST, "RFC 7315")                     \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, LIST, "RFC 3325")                         \
	X(P_ASSOCIATED_URI, "P-Associated-URI", 0, LIST, "RFC 7315")                               \
	X(P_CALLED_PARTY_ID, "P-Called-Party-ID", 0, ONCE, "RFC 7315")                             \
	X(P_CHARGING_VECTOR, "P-Charging-Vector", 0, ONCE, "RFC 7315")                             \
	X(P_EARLY_MEDIA, "P-Early-Media", 0, LIST, "RFC 5009")                                     \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, LIST, "RFC 3325")                       \
	X(P_SERVED_USER, "P-Served-User", 0, ONCE, "RFC 5502")                                     \
	X(P_VISITED_NETWORK_ID, "P-Visited-Network-ID", 0, LIST, "RFC 7315")                       \
	X(PATH, "Path", 0, LIST, "RFC 3327")                                                       \
	X(PRIVACY, "Privacy", 0, LINES, "RFC 3323")                                                \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, LINES, "RFC 3261")                          \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, LINES, "RFC 3261")                        \
	X(PROXY_REQUIRE, "Proxy-Require", 0, LIST, "RFC 3261")                                     \
	X(RACK, "RAck", 0, ONCE, "RFC 3262")                                                       \
	X(REASON, "Reason", 0, LIST, "RFC 3326")                                                   \
	X(RECORD_ROUTE, "Record-Route", 0, LIST, "RFC 3261")                                       \
	X(REFER_TO, "Refer-To", 'r', ONCE, "RFC 3515")                                             \
	X(REFERRED_BY, "Referred-By", 'b', ONCE, "RFC 3892")                                       \
	X(REJECT_CONTACT, "Reject-Contact", 'j', LIST, "RFC 3841")                                 \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, LIST, "draft-ietf-sip-privacy")                   \
	X(REPLACES, "Replaces", 0, ONCE, "RFC 3891")                                               \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd', LIST, "RFC 3841")                       \
	X(REQUIRE, "Require", 0, LIST, "RFC 3261")                                                 \
	X(ROUTE, "Route", 0, LIST, "RFC 3261")                                                     \
	X(RSEQ, "RSeq", 0, ONCE, "RFC 3262")                                                       \
	X(SERVICE_ROUTE, "Service-Route", 0, LIST, "RFC 3608")                                     \
	X(SESSION_EXPIRES, "Session-Expires", 'x', ONCE, "RFC 4028")                               \
	X(SESSION_ID, "Session-ID", 0, ONCE, "RFC 7989")                                           \
	X(SUBJECT, "Subject", 's', ONCE, "RFC 3261")                                               \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0, ONCE, "RFC 6665")                           \
	X(SUPPORTED, "Supported", 'k', LIST, "RFC 3261")                                           \
	X(TARGET_DIALOG, "Target-Dialog", 0, ONCE, "RFC 4538")                                     \
	X(TO, "To", 't', ONCE, "RFC 3261")                                                         \
	X(USER_AGENT, "User-Agent", 0, ONCE, "RFC 3261")                                           \
	X(VIA, "Via", 'v', LIST, "RFC 3261")                                                       \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, LINES, "RFC 3261")

enum sip_field {
#define X(name, text, compact, kind, rfc) SIP_FIELD_##name,
	SIP_FIELDS(X)
#undef X
		SIP_N_FIELDS,
	SIP_NO_FIELD = SIP_N_FIELDS, /* one that is not known */
};

/* Long or compact, in letters of either case; SIP_NO_FIELD where it is not known. */
enum sip_field sip_field_of(struct sip_text name);
const char *sip_field_name(enum sip_field field);
enum sip_field_kind sip_field_kind(enum sip_field field);

#endif
