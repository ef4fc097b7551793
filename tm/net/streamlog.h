/* tm/net/streamlog.h - which flow behind the server travelled over which carriers: the truth that correlation attacks are judged by.
 *
 * Lines as `tm-audit correlate --labels` reads them (audit/correlate/truth.h), after the head:
 *
 *   at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes
 *   1763710000000000,192.0.2.1:40112,198.51.100.7:443,10.0.0.2:51000,192.0.2.1:443,8f0c...,18233
 *
 * When a stream is over: one for each carrier that carried a part of it, with the user data of both directions.  When the session is
 * over: those of the streams that are left, and for each carrier that carried none a line with - for both ends of the flow.  No
 * payload and no secret is written, but all that the tunnel hides.  Streams without TCP addresses (unix sockets) are left out.
 * What it holds grows with the carriers of a session.  All on the front thread. */
#ifndef TM_NET_STREAMLOG_H
#define TM_NET_STREAMLOG_H

#include <stdio.h>
#include <sys/socket.h>

#include "tm/base/err.h"
#include "tm/core/pieces.h"

struct tm_streamlog; /* of one session */

struct tm_streamlog_link { /* two ends of a TCP connection; borrowed */
    const struct sockaddr *client, *server;
};

/* The line before all others of a file. */
void tm_streamlog_head(FILE *f);
/* f is borrowed and may be shared by sessions; tunnel, copied, names the client.  Times given count from wall_minus_mono_us before
 * 1970.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_streamlog_new(struct tm_streamlog **out, FILE *f, const char *tunnel,
                                   int64_t wall_minus_mono_us);
/* Writes what is left; NULL does nothing. */
void tm_streamlog_free(struct tm_streamlog *l);

/* A carrier was accepted. */
void tm_streamlog_carrier(struct tm_streamlog *l, uint32_t carrier, int64_t at_us,
                          const struct tm_streamlog_link *link);
/* A stream's destination was reached: link.client is the server's own end. */
void tm_streamlog_flow(struct tm_streamlog *l, uint64_t stream, int64_t at_us,
                       const struct tm_streamlog_link *link);
/* A tm_piece_fn; user is a struct tm_streamlog. */
void tm_streamlog_piece(void *user, const struct tm_piece *p);

#endif
