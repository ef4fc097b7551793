/* models/measured.h - what was measured beside the parameters that are played.
 *
 * Swing's network rows and popularity, which TrafficMimic leaves out of playing, and the TLS part of
 * connections.  Stored, shown and covered by the digest; generators do not look at them.  Those of TLS have
 * no samples when the captures held no payload (a snapshot length of 96) or no TLS.
 * Source: Swing (ToN 2009) Table I and sec. III; RFC 8446 sec. 5.1 and RFC 5246 sec. 6.2 for records. */
#ifndef TM_MODELS_MEASURED_H
#define TM_MODELS_MEASURED_H

#include <stdint.h>

#define TM_MEASURED_MAX ((UINT64_C(1) << 62) - 1) /* of a value: databases hold signed numbers */

enum tm_measured_param {
    TM_MEASURED_MSS,             /* bytes; of a connection: the smaller of both sides' options */
    TM_MEASURED_RTT_CLIENT,      /* us, tap to client and back, one a connection */
    TM_MEASURED_RTT_SERVER,      /* us, tap to server and back */
    TM_MEASURED_CAPACITY_UP,     /* bits/s by packet pairs, one a connection */
    TM_MEASURED_CAPACITY_DOWN,   /* the same, server to client */
    TM_MEASURED_LOSS_UP,         /* lost segments per million of a connection's */
    TM_MEASURED_LOSS_DOWN,       /* the same, server to client */
    TM_MEASURED_SESSION_START,   /* millionths of the capture's length */
    TM_MEASURED_CLIENT_SESSIONS, /* sessions of one user */
    TM_MEASURED_SERVER_CONNS,    /* connections to one server */
    TM_MEASURED_TLS_HELLO,       /* bytes of the client's records before the server's first */
    TM_MEASURED_TLS_FLIGHT,      /* bytes of the server's handshake records */
    TM_MEASURED_TLS_FINISHED,    /* bytes of the client's handshake records after the hello */
    TM_MEASURED_TLS_PAIRS,       /* exchanges of a connection after its handshake */
    TM_MEASURED_TLS_REQ,         /* bytes of these exchanges' requests, records included */
    TM_MEASURED_TLS_RSP,         /* and of their responses */
    TM_MEASURED_TLS_REQ_RECORDS, /* application records in a request */
    TM_MEASURED_TLS_RSP_RECORDS, /* and in a response */
    TM_MEASURED_TLS_RECORD_UP,   /* bytes of an application record with its header */
    TM_MEASURED_TLS_RECORD_DOWN, /* the same, server to client */
    TM_MEASURED_PARAMS           /* count */
};

/* The name in databases, JSON and tables ("rtt_server_us"), its unit ("us", "bytes", "count", "bps", "ppm")
 * and a line of explanation; static storage. */
const char *tm_measured_name(enum tm_measured_param p);
const char *tm_measured_unit(enum tm_measured_param p);
const char *tm_measured_help(enum tm_measured_param p);

#endif
