/* tm/net/tunnel_server_listen.c - listeners of the server for its clients: who may have which, and how many.
 *
 * A client that is started again wants the port that its former session still holds: the newest session of a client has it, and the former
 * one is told that its listener is over. */
#include "tm/net/tunnel_server_impl.h"

#include <netinet/in.h>
#include <string.h>

#include "tm/base/log.h"
#include "tm/net/addr.h"
#include "tm/net/remote.h"

/* What a client is told of an errno. */
static enum tm_reply reply_of(int uv_err)
{
    switch (uv_err) {
    case 0:
        return TM_REPLY_OK;
    case UV_EACCES:
    case UV_EPERM:
        return TM_REPLY_DENIED;
    case UV_EADDRINUSE:
        return TM_REPLY_REFUSED;
    case UV_EADDRNOTAVAIL:
    case UV_EAFNOSUPPORT:
        return TM_REPLY_ADDRESS_UNSUPPORTED;
    default:
        return TM_REPLY_FAILURE;
    }
}

static void set_address(struct sockaddr_storage *ss, const struct tm_dest *d)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(d->port)};
    memset(ss, 0, sizeof *ss);
    memcpy(&in.sin_addr, d->addr, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, d->addr, sizeof in6.sin6_addr);
    if (d->kind == TM_ADDR_IPV4)
        memcpy(ss, &in, sizeof in);
    else
        memcpy(ss, &in6, sizeof in6);
}

static void release(struct tm_server_session *s, uint32_t listener)
{
    tm_remote_close(s->remote[listener]);
    s->remote[listener] = NULL;
}

void tm_tunnel_server_unlisten(struct tm_server_session *s)
{
    for (uint32_t i = 0; i < TM_LISTENERS_MAX; i++)
        release(s, i);
}

/* Takes the address from a former session of the client. */
static void take_over(struct tm_server_session *o, const struct sockaddr *sa)
{
    for (uint32_t i = 0; i < TM_LISTENERS_MAX; i++) {
        if (o->remote[i] == NULL || !tm_remote_is_at(o->remote[i], sa))
            continue;
        release(o, i);
        tm_session_listening(tm_front_session(o->front), i, TM_REPLY_REFUSED, 0);
        tm_front_pump(o->front);
    }
}

/* Listeners of the client, in all its sessions, when it has none at this address any more but those of `s` itself. */
static unsigned make_room(struct tm_server_session *s, const struct sockaddr *sa)
{
    unsigned n = 0;
    for (struct tm_server_session *o = s->server->sessions; o != NULL; o = o->next) {
        if (o->kind != s->kind || memcmp(o->client_id, s->client_id, TM_CLIENT_ID_LEN) != 0)
            continue;
        if (o != s)
            take_over(o, sa);
        for (uint32_t i = 0; i < TM_LISTENERS_MAX; i++)
            n += o->remote[i] != NULL;
    }
    return n;
}

/* Its carriers, or the time since the last one, do not say that the client is gone. */
static bool is_reachable(void *user)
{
    const struct tm_server_session *s = user;
    return s->front->n_lanes > 0 ||
           tm_now_us() - s->seen_us <= (int64_t)TM_TUNNEL_LEFT_S * TM_US_PER_S;
}

void tm_tunnel_server_listen(struct tm_server_session *s, const struct tm_event *ev)
{
    const struct tm_permit *permit = s->server->cfg.permit;
    struct sockaddr_storage ss;
    const struct sockaddr *sa = (const struct sockaddr *)&ss;
    const struct tm_remote_cfg cfg = {
        .front = s->front, .listener = ev->listener, .is_reachable = is_reachable, .user = s};
    char text[TM_ADDR_TEXT_MAX];
    uint16_t port = 0;
    enum tm_reply reply = TM_REPLY_DENIED;
    set_address(&ss, &ev->dest);
    if (s->kind == TM_TOKEN_CARRIER && permit != NULL && tm_permit_allows(permit, sa)) {
        reply = TM_REPLY_FAILURE;
        if (make_room(s, sa) < TM_LISTENERS_MAX)
            reply = reply_of(tm_remote_open(&s->remote[ev->listener], &cfg, sa, &port));
    }
    tm_addr_text(sa, text);
    tm_log(TM_LOG_DEBUG, "a client asks for a listener at %s: reply=%d port=%u", text, (int)reply,
           (unsigned)port);
    tm_session_listening(tm_front_session(s->front), ev->listener, reply, port);
}
