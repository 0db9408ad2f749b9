/* TCP sockets at literal addresses: non-blocking, closed on exec, without Nagle's delay. */
#ifndef LINK_SOCKET_H
#define LINK_SOCKET_H

#include "base/err.h"
#include "base/why.h"
#include "conf/field.h"

/* Begins a connection; the descriptor (tls_wire_shake says when it stands), or ERR_IO and the
 * reason. */
MUST_CHECK int link_socket_dial(const struct conf_endpoint *to, struct why *why);

/* A listening socket; port 0: one that is free. The reason names the address. */
MUST_CHECK int link_socket_listen(const struct conf_endpoint *at, struct why *why);

/* The port that a listening socket has. */
uint16_t link_socket_port(int fd);

/* The next connection and whence it comes; ERR_AGAIN: none now; ERR_FULL: no descriptors left;
 * ERR_IO. */
MUST_CHECK int link_socket_accept(int fd, struct conf_endpoint *from);

#endif
