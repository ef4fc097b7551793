/* tm/net/ask.h - the one request and answer of a JOIN session, over a stream of its own.
 *
 *   client: carrier(4) | request, end of stream        server: reply, end of stream
 *
 * `carrier` names the carrier whose exporter value both sides use.  A server that declines resets. */
#ifndef TM_NET_ASK_H
#define TM_NET_ASK_H

#include "tm/net/front.h"
#include "tm/net/tunnel_server.h"

struct tm_ask_key { /* a carrier and its exporter value */
    uint32_t carrier;
    uint8_t exporter[TM_TLS_EXPORTER_LEN];
};

/* Client: sends the request (copied, 1..TM_TUNNEL_ASK_MAX bytes); `answer` is called once, from the pump.
 * TM_ERR_NOMEM, LIMIT, CLOSED. */
TM_MUST_CHECK int tm_ask_start(struct tm_front *front, const struct tm_ask_key *key,
                               struct tm_view request, tm_tunnel_answer_fn answer, void *user);

/* Server: serves event OPEN of a JOIN session.  find_key gives the exporter value of a carrier of the session,
 * or NULL. */
struct tm_ask_server {
    tm_tunnel_join_fn join;
    void *user;
    uint8_t id[TM_CLIENT_ID_LEN];
    const struct tm_ask_key *(*find_key)(void *owner, uint32_t carrier);
    void *owner; /* lives as long as the front */
};
void tm_ask_serve(struct tm_front *front, const struct tm_event *ev,
                  const struct tm_ask_server *srv);

#endif
