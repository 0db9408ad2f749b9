/* Where a target says it is: location objects (PIDF-LO, RFC 4119 and RFC 5491), the bodies to which
 * a Geolocation header points.
 *
 *	<location-info>
 *	  <gs:Circle srsName="urn:ogc:def:crs:EPSG::4326">
 *	    <gml:pos>-43.5312 172.6362</gml:pos>               latitude, longitude
 *	    <gs:radius uom="urn:ogc:def:uom:EPSG::9001">25</gs:radius>
 *	  </gs:Circle>
 *	</location-info>
 *
 * Read are Point, Circle and Sphere in WGS 84: what a record has a form for. Other shapes and civic
 * addresses are in the record with the message. Names count without their prefix. A document with a
 * type definition or with an entity where a number belongs tells nothing. */
#ifndef IPMM_PIDF_H
#define IPMM_PIDF_H

#include "sip/text.h"

enum { IPMM_DEGREE = 1000000 };

/* A point on the earth (WGS 84). */
struct ipmm_point {
	bool is_there;
	int32_t latitude;  /* millionths of a degree; north is positive; at most 90 degrees */
	int32_t longitude; /* east is positive; at most 180 degrees */
	uint32_t radius;   /* metres, rounded up; 0: not said */
};

/* The first one that the document tells; false, and out->is_there false, where it tells none. Time
 * in proportion to the document. */
bool ipmm_pidf_point(struct sip_text document, struct ipmm_point *out);

#endif
