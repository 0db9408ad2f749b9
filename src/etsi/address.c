#include "etsi/address.h"

#include <stdbool.h>

#include "ber/writer.h"

static int refuse(struct why *why, const char *name, const char *reason)
{
	return why_set(why, ERR_USAGE, "%s: %s", name, reason);
}

static bool has_no_mask(const struct etsi_address *a)
{
	return a->version == 4 && a->prefix_len == ETSI_NO_MASK;
}

static int check_address(const struct etsi_address *a, const char *name, struct why *why)
{
	if (a->version != 4 && a->version != 6)
		return refuse(why, name, "an address is neither IPv4 nor IPv6");
	if (a->prefix_len > (a->version == 4 ? 32 : 128) && !has_no_mask(a))
		return refuse(why, name, "a prefix is longer than its address");
	if (a->version == 6 && a->prefix_len == 0)
		return refuse(why, name, "an IPv6 prefix of length 0 cannot be expressed");
	if (a->assignment > IP_NOT_KNOWN)
		return refuse(why, name, "no assignment with this number");
	return 0;
}

static void put_mask(struct wr *w, unsigned prefix_len)
{
	uint32_t mask = prefix_len ? __builtin_bswap32(UINT32_MAX << (32 - prefix_len)) : 0;

	ber_put_bytes(w, ber_context(5), &mask, sizeof mask);
}

/* The prefix length of IPv6 is mandatory, the mask of IPv4 is there where it is given as a prefix
 * or an assigned address (TS 102 232-3 clause 6.2.1). */
int etsi_address_put(struct wr *w, uint32_t tag, const struct etsi_address *a, const char *name,
		     struct why *why)
{
	bool is_v6 = a->version == 6;
	int rc = check_address(a, name, why);
	size_t address, value;

	if (rc)
		return rc;
	address = ber_open(w, ber_context(tag));
	ber_put_uint(w, ber_context(1), is_v6);
	value = ber_open(w, ber_context(2));
	ber_put_bytes(w, ber_context(1), a->bits, is_v6 ? 16 : 4);
	ber_close(w, value);
	if (a->assignment)
		ber_put_uint(w, ber_context(3), a->assignment);
	if (is_v6)
		ber_put_uint(w, ber_context(4), a->prefix_len);
	else if (!has_no_mask(a))
		put_mask(w, a->prefix_len);
	ber_close(w, address);
	return 0;
}

/* epsLocation [1] with userLocationInfo [1], wlanLocationAttributes [2] with wlanAPMACAddress
 * [0]. */
int etsi_location_put(struct wr *w, const struct etsi_location *l, const char *name,
		      struct why *why)
{
	size_t part;

	if (l->user_location.bytes &&
	    (!l->user_location.len || l->user_location.len > ETSI_MAX_USER_LOCATION))
		return refuse(why, name, "a user location has 1 to 39 octets");
	if (l->access_point.bytes && l->access_point.len != ETSI_MAC_LEN)
		return refuse(why, name, "a MAC address has six octets");
	if (l->user_location.bytes) {
		part = ber_open(w, ber_context(1));
		ber_put_bytes(w, ber_context(1), l->user_location.bytes, l->user_location.len);
		ber_close(w, part);
	}
	if (l->access_point.bytes) {
		part = ber_open(w, ber_context(2));
		ber_put_bytes(w, ber_context(0), l->access_point.bytes, ETSI_MAC_LEN);
		ber_close(w, part);
	}
	return 0;
}
