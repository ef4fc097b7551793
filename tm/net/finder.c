/* tm/net/finder.c - see finder.h.  The object lives until the resolver is back and the stream has ended. */
#include "tm/net/finder.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/lookup.h"
#include "tm/net/dial.h"

struct finder {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    const struct tm_guard *guard;
    uint64_t stream;
    bool is_asking;
    bool has_stream;
    union {
        uv_req_t req;
        uv_getaddrinfo_t by_name;
        uv_getnameinfo_t by_address;
    } ask;
    char name[TM_DEST_HOST_MAX + 1];
};

static void finder_free(struct finder *f)
{
    if (!f->is_asking && !f->has_stream)
        free(f);
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct finder *f = (struct finder *)sink;
    switch (ev->kind) {
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
    case TM_EVENT_FAILED:
    case TM_EVENT_REPLY:
        f->has_stream = false;
        if (f->is_asking)
            (void)uv_cancel(&f->ask.req);
        finder_free(f);
        return;
    case TM_EVENT_READABLE: /* nothing is to be said here */
    case TM_EVENT_WRITABLE:
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

/* The outcome, told if somebody still waits for it; found counts with OK. */
static void answer(struct finder *f, enum tm_reply reply, const struct tm_dest *found)
{
    f->is_asking = false;
    if (!f->has_stream) {
        finder_free(f);
        return;
    }
    struct tm_front *front = f->front;
    struct tm_session *s = tm_front_session(front);
    tm_session_stream_reply(s, f->stream, reply);
    if (reply == TM_REPLY_OK) {
        uint8_t text[TM_LOOKUP_MAX];
        (void)tm_session_stream_send(s, f->stream, text, tm_lookup_encode(text, found));
        tm_session_stream_finish(s, f->stream);
    } else {
        tm_front_detach(front, f->stream);
        f->has_stream = false;
        finder_free(f);
    }
    tm_front_pump(front);
}

static void set_address(struct tm_dest *d, const struct sockaddr *sa)
{
    bool is_v6 = sa->sa_family == AF_INET6;
    d->kind = is_v6 ? TM_ADDR_IPV6 : TM_ADDR_IPV4;
    d->len = is_v6 ? 16 : 4;
    memcpy(d->addr,
           is_v6 ? (const void *)&((const struct sockaddr_in6 *)sa)->sin6_addr
                 : (const void *)&((const struct sockaddr_in *)sa)->sin_addr,
           d->len);
}

static void on_address(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
    struct finder *f = req->data;
    struct tm_dest found = {0};
    enum tm_reply reply = status == 0 ? TM_REPLY_NAME_UNKNOWN : tm_dial_reply(status);
    for (const struct addrinfo *a = res; a != NULL; a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        if (f->guard != NULL && !tm_guard_allows(f->guard, a->ai_addr)) {
            reply = reply == TM_REPLY_OK ? reply : TM_REPLY_DENIED;
            continue;
        }
        bool is_first = reply != TM_REPLY_OK;
        reply = TM_REPLY_OK;
        if (is_first || (a->ai_family == AF_INET && found.kind == TM_ADDR_IPV6))
            set_address(&found, a->ai_addr);
    }
    uv_freeaddrinfo(res);
    answer(f, reply, &found);
}

static void on_name(uv_getnameinfo_t *req, int status, const char *host, const char *service)
{
    (void)service;
    struct finder *f = req->data;
    struct tm_dest found = {.kind = TM_ADDR_NAME};
    size_t len = status == 0 ? strlen(host) : 0;
    enum tm_reply reply = status == 0 ? TM_REPLY_NAME_UNKNOWN : tm_dial_reply(status);
    if (len > 0 && len <= TM_DEST_HOST_MAX) {
        found.len = (uint8_t)len;
        memcpy(found.addr, host, len);
        reply = TM_REPLY_OK;
    }
    answer(f, reply, &found);
}

static int ask(struct finder *f, const struct tm_dest *dest)
{
    uv_loop_t *loop = tm_front_loop(f->front);
    if (dest->kind == TM_ADDR_NAME) {
        const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
        if (memchr(dest->addr, '\0', dest->len) != NULL)
            return UV_EINVAL;
        memcpy(f->name, dest->addr, dest->len);
        f->ask.by_name.data = f;
        return uv_getaddrinfo(loop, &f->ask.by_name, on_address, f->name, NULL, &hints);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in = {.sin_family = AF_INET};
    memcpy(&in6.sin6_addr, dest->addr, 16);
    memcpy(&in.sin_addr, dest->addr, 4);
    f->ask.by_address.data = f;
    const void *sa = dest->kind == TM_ADDR_IPV6 ? (const void *)&in6 : (const void *)&in;
    if (f->guard != NULL &&
        !tm_guard_allows(f->guard, sa)) /* names of a network inside are its own */
        return UV_EACCES;
    return uv_getnameinfo(loop, &f->ask.by_address, on_name, sa, NI_NAMEREQD);
}

void tm_finder_open(struct tm_front *front, const struct tm_event *ev, const struct tm_guard *guard)
{
    struct finder *f = calloc(1, sizeof *f);
    struct tm_session *s = tm_front_session(front);
    if (f == NULL) {
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    f->sink.on_event = on_event;
    f->front = front;
    f->guard = guard;
    f->stream = ev->stream;
    f->has_stream = tm_front_attach(front, ev->stream, &f->sink) == TM_OK;
    int rc = f->has_stream ? ask(f, &ev->dest) : UV_ENOMEM;
    f->is_asking = rc == 0;
    if (f->is_asking)
        return;
    if (f->has_stream)
        tm_front_detach(front, ev->stream);
    tm_session_stream_reply(s, ev->stream, tm_dial_reply(rc));
    free(f);
}
