/* internetAccessType (TS 102 232-3), in the words of orders. */
#ifndef ETSI_ACCESS_H
#define ETSI_ACCESS_H

/* The words of an order's access_type, and the schema's values. Of several words for one value the
 * first is the one that is printed. */
#define ETSI_ACCESS_TYPES(X)                                                                       \
	X("undefined", 0)                                                                          \
	X("dialup", 1)                                                                             \
	X("xdsl", 2)                                                                               \
	X("adsl", 2)                                                                               \
	X("vdsl", 2)                                                                               \
	X("cable", 3)                                                                              \
	X("lan", 4)                                                                                \
	X("wlan", 5)                                                                               \
	X("wireless", 5)                                                                           \
	X("fiber", 6)                                                                              \
	X("fibre", 6)                                                                              \
	X("wimax", 7)                                                                              \
	X("satellite", 8)                                                                          \
	X("wireless-other", 9)

#endif
