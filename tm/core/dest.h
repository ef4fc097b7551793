/* tm/core/dest.h - where a stream goes, and how that went: RFC 1928's addresses and reply codes. */
#ifndef TM_CORE_DEST_H
#define TM_CORE_DEST_H

#include <stdint.h>

#define TM_DEST_HOST_MAX 255U

/* The name, of kind NAME, that stands for the server's own resolver (tm/net/nameserver.h).  No host has it: a server that does not
 * know it says that it cannot be reached. */
#define TM_DEST_RESOLVER "trafficmimic.resolver"
/* ... for the ORPort of the Tor relay that the server is a transport of (tm/net/orport.h), with port TM_DEST_ORPORT_PORT. */
#define TM_DEST_ORPORT      "trafficmimic.orport"
#define TM_DEST_ORPORT_PORT 1
/* Likewise, for test loads that end at the server (tm/net/testload.h), with its ports. */
#define TM_DEST_TEST         "trafficmimic.test"
#define TM_TEST_PORT_DISCARD 9U
#define TM_TEST_PORT_SOURCE  19U
#define TM_TEST_BYTES        4096U /* that the source sends for each byte which it receives */

/* A name, of kind NAME, that begins so is the path of a unix socket where the stream comes out; its port says nothing, but is not 0.  A
 * server that does not know that says that it cannot be reached. */
#define TM_DEST_UNIX "unix:"

/* The same for a stream of datagrams (tm/core/session_datagram.h). */
#define TM_DEST_DATAGRAMS "trafficmimic.datagrams"

/* The same, port 1, for the server itself: what it hands out (tm/core/supply.h). */
#define TM_DEST_SERVER "trafficmimic.server"

enum tm_addr_kind { TM_ADDR_IPV4 = 1, TM_ADDR_NAME = 3, TM_ADDR_IPV6 = 4 }; /* RFC 1928 ATYP */
struct tm_dest {
    enum tm_addr_kind kind;
    uint8_t len;                    /* 4, 16, or the length of the name, 1..255 */
    uint8_t addr[TM_DEST_HOST_MAX]; /* network order bytes, or the name without terminator */
    uint16_t port; /* 0: no connection, its address or name is asked for (tm/core/lookup.h) */
};

/* RFC 1928 sec. 6 reply codes, also our reset codes. */
enum tm_reply {
    TM_REPLY_OK = 0,
    TM_REPLY_FAILURE = 1,
    TM_REPLY_DENIED = 2,
    TM_REPLY_NET_UNREACHABLE = 3,
    TM_REPLY_HOST_UNREACHABLE = 4,
    TM_REPLY_REFUSED = 5,
    TM_REPLY_TTL_EXPIRED = 6,
    TM_REPLY_COMMAND_UNSUPPORTED = 7,
    TM_REPLY_ADDRESS_UNSUPPORTED = 8,
    TM_REPLY_NAME_UNKNOWN = 9 /* between our two ends alone; SOCKS says HOST_UNREACHABLE */
};

#endif
