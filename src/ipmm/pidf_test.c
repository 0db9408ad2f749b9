#include "ipmm/pidf.h"

#include <stdio.h>

#include "base/tap.h"

#define EPSG "urn:ogc:def:crs:EPSG::4326"
#define CIRCLE(srs, pos, radius)                                                                   \
	"<gs:Circle srsName=\"" srs "\"><gml:pos>" pos "</gml:pos><gs:radius "                     \
	"uom=\"urn:ogc:def:uom:EPSG::9001\">" radius "</gs:radius></gs:Circle>"
#define POINT(pos) "<gml:Point><gml:pos>" pos "</gml:pos></gml:Point>"

/* What stands inside location-info, and the point that it is; latitude 1: none. */
static const struct {
	const char *xml;
	struct ipmm_point point;
	const char *what;
} cases[] = {
	{"<gml:Point srsName=\"" EPSG "\"><gml:pos>-43.5312 172.6362</gml:pos></gml:Point>",
	 {true, -43531200, 172636200, 0},
	 "a point"},
	{CIRCLE(EPSG, "42.5463 -73.2512", "850.24"), {true, 42546300, -73251200, 851}, "a circle"},
	{CIRCLE("urn:ogc:def:crs:EPSG::4979", " 1\n\t2 33.5 ", "1"),
	 {true, 1000000, 2000000, 1},
	 "with a height, and white space"},
	{"<Point srsName = '" EPSG "'><pos>+90.0 -180</pos></Point>",
	 {true, 90000000, -180000000, 0},
	 "without prefixes, in other quotes"},
	{POINT("0.1234569 0.0000001"), {true, 123456, 0, 0}, "more digits than count"},
	{"<!-- <Point> -->" POINT("1 2"), {true, 1000000, 2000000, 0}, "behind a comment"},
	{"<civicAddress a=\"<Point>\"><country>NZ</country></civicAddress>" POINT("1 2"),
	 {true, 1000000, 2000000, 0},
	 "behind a civic address"},
	{"<Polygon><pos>1 2</pos></Polygon>" POINT("3 4"),
	 {true, 3000000, 4000000, 0},
	 "behind another shape"},
	{POINT("1") POINT("3 4"), {true, 3000000, 4000000, 0}, "behind one that tells nothing"},
	{CIRCLE("urn:ogc:def:crs:EPSG::27700", "1 2", "3"), {0}, "another reference system"},
	{CIRCLE(EPSG, "1 2", "-3"), {0}, "a radius below nothing"},
	{CIRCLE(EPSG, "1 2", "900000000"), {0}, "a radius beyond the earth"},
	{POINT("90.000001 0"), {0}, "beyond the pole"},
	{POINT("0 -180.1"), {0}, "beyond the date line"},
	{POINT("1e1 2"), {0}, "no decimal number"},
	{POINT("1. 2"), {0}, "a point without digits"},
	{POINT("&lat; 2"), {0}, "an entity"},
	{POINT("1,2"), {0}, "no two numbers"},
	{POINT("9999999999 2"), {0}, "too large for a number"},
	{"<Point><pos>1 2</pos><pos>3 4</pos></Point>", {0}, "two positions"},
	{"<Point><pos>1 2</pos>", {0}, "no end"},
	{"<![CDATA[<Point>]]>" POINT("1 2"), {0}, "what is no tag"},
	{"<Polygon><pos>1 2</pos></Polygon>", {0}, "another shape"},
};

static char document[1 << 16];

static size_t compose(const char *xml)
{
	return (size_t)snprintf(
		document, sizeof document,
		"<?xml version=\"1.0\"?>\n<presence entity=\"sip:a@x\"><Point><pos>8 "
		"8</pos></Point><gp:location-info>%s</gp:location-info></presence>",
		xml);
}

static bool is_it(const struct ipmm_point *a, const struct ipmm_point *b)
{
	return a->is_there == b->is_there && a->latitude == b->latitude &&
	       a->longitude == b->longitude && a->radius == b->radius;
}

static void facts(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = compose(cases[i].xml);
		struct ipmm_point p;
		bool is_told = ipmm_pidf_point(sip_text_of(document, len), &p);

		ok(is_told == cases[i].point.is_there && is_it(&p, &cases[i].point), "%s",
		   cases[i].what);
	}
}

static void refusals(void)
{
	static const char dtd[] = "<!DOCTYPE a [<!ENTITY x \"1\">]><location-info>" POINT("1 2");
	struct ipmm_point p;

	ok(!ipmm_pidf_point(sip_word(dtd), &p) && !p.is_there, "a type definition");
	ok(!ipmm_pidf_point(sip_word(POINT("1 2")), &p), "a point outside location-info");
	ok(!ipmm_pidf_point(sip_text_of("", 0), &p), "nothing");
}

/* Every cut tells the same point, or none. */
static void cuts(void)
{
	size_t n_good = 0, n_all = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = compose(cases[i].xml);

		for (size_t cut = 0; cut < len; cut++, n_all++) {
			struct ipmm_point p;

			n_good += !ipmm_pidf_point(sip_text_of(document, cut), &p)
					  ? !p.is_there
					  : is_it(&p, &cases[i].point);
		}
	}
	ok(n_good == n_all, "cut anywhere, it tells the same or nothing: %zu of %zu", n_good,
	   n_all);
}

int main(void)
{
	facts();
	refusals();
	cuts();
	return tap_end();
}
