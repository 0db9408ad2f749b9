#include "lib/same.h"

#include <string.h>

#include "base/nanos.h"
#include "filter/filter.h"
#include "net/checksum.h"
#include "net/decode.h"
#include "net/ip.h"

LIB_SAME(WEIR_CHECKSUM_NONE, NET_CHECKSUM_NONE);
LIB_SAME(WEIR_CHECKSUM_GOOD, NET_CHECKSUM_GOOD);
LIB_SAME(WEIR_CHECKSUM_BAD, NET_CHECKSUM_BAD);
LIB_SAME(WEIR_CHECKSUM_UNKNOWN, NET_CHECKSUM_UNKNOWN);
LIB_SAME(WEIR_IP_TEXT_LEN, NET_IP_TEXT_LEN);
LIB_SAME(WEIR_TIME_TEXT_LEN, NANOS_TEXT_LEN);

/* A filter is the source room's own; the public name is never defined. */
static struct filter *own_filter(struct weir_filter *f)
{
	return (struct filter *)f;
}

void weir_decode(struct weir_packet *packet, const struct weir_frame *frame)
{
	net_decode(packet, frame);
}

const char *weir_proto_name(enum weir_proto proto)
{
	return net_proto_name(proto);
}

const char *weir_proto_text(enum weir_proto proto)
{
	return net_proto_text(proto);
}

enum weir_checksum weir_checksum(const struct weir_packet *packet, int layer)
{
	if (layer < 0 || layer >= packet->n_layers)
		return WEIR_CHECKSUM_NONE;
	return (enum weir_checksum)net_checksum(packet, layer);
}

const char *weir_checksum_name(enum weir_checksum checksum)
{
	return net_checksum_name((enum net_checksum)checksum);
}

static bool out_of(bool is_ip, const struct net_ip *own, struct weir_ip *out)
{
	if (is_ip) {
		memcpy(out->bytes, own->bytes, sizeof out->bytes);
		out->version = own->version;
	}
	return is_ip;
}

static bool has_layer(const struct weir_packet *packet, int layer)
{
	return layer >= 0 && layer < packet->n_layers;
}

bool weir_ip_src(const struct weir_packet *packet, int layer, struct weir_ip *out)
{
	struct net_ip own;

	return has_layer(packet, layer) && out_of(net_ip_src(packet, layer, &own), &own, out);
}

bool weir_ip_dst(const struct weir_packet *packet, int layer, struct weir_ip *out)
{
	struct net_ip own;

	return has_layer(packet, layer) && out_of(net_ip_dst(packet, layer, &own), &own, out);
}

size_t weir_ip_print(const struct weir_ip *ip, char out[WEIR_IP_TEXT_LEN])
{
	struct net_ip own = {.version = ip->version};

	memcpy(own.bytes, ip->bytes, sizeof own.bytes);
	return net_ip_print(&own, out);
}

void weir_time_print(int64_t time_ns, int digits, char out[WEIR_TIME_TEXT_LEN])
{
	nanos_print((struct nanos){time_ns}, digits < 0 ? 0 : digits > 9 ? 9 : digits, out);
}

int weir_filter_new(struct weir_filter **out, const char *expression, struct weir_why *why)
{
	struct filter *own = NULL;
	struct why reason;
	int rc;

	why_clear(&reason);
	rc = filter_new(&own, expression, &reason);
	if (rc < 0)
		lib_why(why, &reason);
	*out = (struct weir_filter *)own;
	return rc;
}

void weir_filter_free(struct weir_filter **filter)
{
	struct filter *own = own_filter(*filter);

	filter_free(&own);
	*filter = NULL;
}

bool weir_filter_match(struct weir_filter *filter, const struct weir_frame *frame)
{
	return filter_match(own_filter(filter), frame);
}
