/* tm/net/tunnel_server_change.c - what changes while a server runs, and before it ends. */
#include "tm/core/session_end.h"
#include "tm/net/tunnel_server_impl.h"

void tm_tunnel_server_refuse_streams(struct tm_tunnel_server *t)
{
    t->refuses_streams = true;
}

void tm_tunnel_server_reset_streams(struct tm_tunnel_server *t)
{
    t->refuses_streams = true;
    for (struct tm_server_session *s = t->sessions; s != NULL; s = s->next)
        if (!s->is_over && s->kind == TM_TOKEN_CARRIER)
            tm_front_reset_streams(s->front);
}

bool tm_tunnel_server_is_heard(const struct tm_tunnel_server *t)
{
    for (const struct tm_server_session *s = t->sessions; s != NULL; s = s->next)
        if (!s->is_over && s->front->n_lanes > 0 && !tm_session_is_heard(s->front->session))
            return false;
    return true;
}

void tm_tunnel_server_set_decoy(struct tm_tunnel_server *t, const struct sockaddr *decoy)
{
    tm_gate_set_decoy(t->gate, decoy);
}
