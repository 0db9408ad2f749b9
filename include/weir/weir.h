/* libweir: packet capture and decoding, serial or parallel. This header includes all of it:
 *
 *	error.h    error codes, and reasons for people
 *	frame.h    a frame: one captured packet, as a borrowed view
 *	source.h   files, pipes and live interfaces, frame by frame
 *	packet.h   a decoded packet: its layers
 *	decode.h   decoding, checksums, addresses, filters
 *	writer.h   writing captures
 *	engine.h   n workers over one source, by callbacks
 *
 * Structs whose members are not shown are opaque. Option structs are all zero by default; their
 * reserved members must be zero, so that a program built today runs with the library of tomorrow.
 * No function keeps a pointer that it was not said to borrow. */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include <weir/decode.h>
#include <weir/engine.h>
#include <weir/error.h>
#include <weir/frame.h>
#include <weir/packet.h>
#include <weir/source.h>
#include <weir/writer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these headers. */
#define WEIR_VERSION_MAJOR 0
#define WEIR_VERSION_MINOR 1
#define WEIR_VERSION_PATCH 0

/* The library's version at run time, "MAJOR.MINOR.PATCH". Static. */
WEIR_API const char *weir_version(void);

#ifdef __cplusplus
}
#endif
#endif
