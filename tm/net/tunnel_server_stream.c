/* tm/net/tunnel_server_stream.c - where a client's stream goes. */
#include "tm/net/outlet.h"
#include "tm/net/tunnel_server_impl.h"

void tm_tunnel_server_stream(void *owner, const struct tm_event *ev)
{
    struct tm_server_session *s = owner;
    if (s->kind == TM_TOKEN_JOIN)
        tm_ask_serve(s->front, ev, &s->ask);
    else if (s->supply.answer != NULL && tm_supply_is_meant(ev))
        tm_supply_serve(s->front, ev, &s->supply);
    else if (s->server->refuses_streams)
        tm_session_stream_reply(s->front->session, ev->stream, TM_REPLY_FAILURE);
    else if (s->server->cfg.orport != NULL)
        tm_orport_open(s->front, ev, s->server->cfg.orport, (const struct sockaddr *)&s->peer);
    else
        tm_outlet_open(s->front, ev, s->server->cfg.guard);
}
