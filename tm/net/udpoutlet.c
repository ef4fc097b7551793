/* tm/net/udpoutlet.c - see udpoutlet.h.
 *
 *   stream --> outlet --address--> socket          name --> waiting --> (known) --> socket
 *   stream <-- outlet <-- socket, of peers alone
 */
#include "tm/net/udpoutlet.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/session_datagram.h"
#include "tm/net/addr.h"
#include "tm/net/alarm.h"
#include "tm/net/dial.h"
#include "tm/net/udpnames.h"

#define MIND_MS 10000U

struct peer {
    uint8_t addr[16]; /* IPv6, or IPv4 mapped; all zero: none */
    uint64_t used_ms;
};

struct outlet {
    struct tm_sink sink; /* first: on_event casts back */
    struct tm_front *front;
    const struct tm_guard *guard;
    uint64_t stream;
    bool has_stream;
    bool is_v6; /* the socket: it takes IPv4 addresses mapped */
    bool is_closing;
    uv_udp_t udp;
    uv_timer_t mind;
    unsigned n_handles;
    uint64_t used_ms;
    struct tm_udpnames *names;        /* NULL: none was ever named */
    struct tm_datagram_queue waiting; /* for names; .bytes NULL: none ever did */
    size_t last;                      /* the peer that was found last */
    struct peer peer[TM_UDPOUTLET_PEERS];
    uint8_t
        datagram[TM_DATAGRAM_FRAME_MAX]; /* last: its pages stay untouched until one is as long */
};

/* ---- Peers ---- */

/* As the table and a socket of both families have it. */
static struct in6_addr mapped(const struct sockaddr_storage *sa)
{
    struct in6_addr a = {.s6_addr = {[10] = 0xff, [11] = 0xff}};
    if (sa->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)sa)->sin6_addr;
    memcpy(a.s6_addr + 12, &((const struct sockaddr_in *)sa)->sin_addr, 4);
    return a;
}

static struct peer *find_peer(struct outlet *o, const struct in6_addr *addr)
{
    for (size_t i = 0; i < TM_UDPOUTLET_PEERS; i++) {
        size_t at = (o->last + i) % TM_UDPOUTLET_PEERS;
        if (memcmp(o->peer[at].addr, addr, 16) == 0) {
            o->last = at;
            return &o->peer[at];
        }
    }
    return NULL;
}

static void note_peer(struct outlet *o, const struct in6_addr *addr)
{
    struct peer *p = find_peer(o, addr);
    for (size_t i = 0; p == NULL || (i < TM_UDPOUTLET_PEERS && memcmp(p->addr, addr, 16) != 0); i++)
        if (p == NULL || o->peer[i].used_ms < p->used_ms)
            p = &o->peer[i];
    memcpy(p->addr, addr, 16);
    p->used_ms = o->used_ms;
}

/* ---- Stream to socket ---- */

/* One host: not the unspecified address, which would be this machine, not a group, not everybody. */
static bool is_one_host(const struct in6_addr *a)
{
    if (IN6_IS_ADDR_V4MAPPED(a))
        return a->s6_addr[12] != 0 && a->s6_addr[12] < 224;
    return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_MULTICAST(a);
}

/* Whether it may go there; then it is gone, or lost. */
static bool send_to(struct outlet *o, const struct sockaddr_storage *sa, struct tm_view data)
{
    struct in6_addr addr = mapped(sa);
    struct sockaddr_storage to = *sa;
    if (!is_one_host(&addr) || !tm_dial_may_reach(o->guard, (const struct sockaddr *)sa) ||
        (!o->is_v6 && sa->ss_family != AF_INET))
        return false;
    if (o->is_v6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = addr};
        in6.sin6_port = sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port
                                                  : ((const struct sockaddr_in *)sa)->sin_port;
        memcpy(&to, &in6, sizeof in6);
    }
    note_peer(o, &addr);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): libuv's buffers are not const */
    const uv_buf_t buf = uv_buf_init((char *)(uintptr_t)data.p, (unsigned)data.len);
    (void)uv_udp_try_send(&o->udp, &buf, 1, (const struct sockaddr *)&to);
    return true;
}

static void set_port(struct sockaddr_storage *sa, uint16_t port)
{
    if (sa->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)sa)->sin_port = htons(port);
}

static void on_names(void *user);

/* Of the name's addresses the first that it may go to; or it waits until the name is known. */
static void send_to_name(struct outlet *o, const struct tm_datagram *d)
{
    const struct sockaddr_storage *addr = NULL;
    size_t n = 0;
    if (o->names == NULL)
        o->names = tm_udpnames_new(tm_front_loop(o->front), TM_UDPOUTLET_NAMES, on_names, o);
    enum tm_udpnames_state state =
        o->names == NULL ? TM_UDPNAMES_NONE : tm_udpnames_get(o->names, &d->dest, &addr, &n);
    if (state == TM_UDPNAMES_ASKING &&
        (o->waiting.bytes != NULL || tm_datagram_queue_init(&o->waiting) == TM_OK))
        tm_datagram_queue_put(&o->waiting, d, tm_now_us());
    for (size_t i = 0; i < n; i++) {
        struct sockaddr_storage sa = addr[i];
        set_port(&sa, d->dest.port);
        if (send_to(o, &sa, d->data))
            return;
    }
}

static void forward(struct outlet *o, const struct tm_datagram *d)
{
    struct sockaddr_storage sa;
    if (d->dest.kind == TM_ADDR_NAME) {
        send_to_name(o, d);
        return;
    }
    tm_addr_of_dest(&sa, &d->dest);
    (void)send_to(o, &sa, d->data);
}

/* A name is known: what waits is tried once more, in order. */
static void on_names(void *user)
{
    struct outlet *o = user;
    struct tm_view part[2];
    struct tm_datagram d;
    int64_t since_us;
    tm_datagram_queue_expire(&o->waiting, tm_now_us() - TM_DATAGRAM_AGE_US);
    for (uint32_t n = o->waiting.n; n > 0 && o->waiting.n > 0; n--) {
        size_t len = tm_datagram_queue_first(&o->waiting, part, &since_us);
        memcpy(o->datagram, part[0].p, part[0].len);
        memcpy(o->datagram + part[0].len, part[1].p, part[1].len);
        tm_datagram_queue_pop(&o->waiting);
        if (tm_datagram_decode(&d, o->datagram, len) > 0)
            forward(o, &d);
    }
}

/* ---- Socket to stream ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct outlet *o = handle->data;
    *buf = uv_buf_init((char *)o->datagram, sizeof o->datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct outlet *o = udp->data;
    struct sockaddr_storage sa = {0};
    struct tm_datagram d;
    (void)buf;
    if (n < 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 || (size_t)n > TM_DATAGRAM_MAX ||
        !o->has_stream)
        return;
    memcpy(&sa, from, tm_addr_len(from));
    struct in6_addr addr = mapped(&sa);
    tm_addr_dest(&d.dest, from);
    if (find_peer(o, &addr) == NULL || d.dest.port == 0)
        return;
    o->used_ms = uv_now(udp->loop);
    d.data = (struct tm_view){o->datagram, (size_t)n};
    (void)tm_session_datagram_send(tm_front_session(o->front), o->stream, &d, tm_now_us());
    tm_front_pump(o->front);
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct outlet *o = h->data;
    if (--o->n_handles == 0)
        free(o);
}

static void outlet_close(struct outlet *o)
{
    if (o->is_closing)
        return;
    o->is_closing = true;
    if (o->has_stream)
        tm_front_detach(o->front, o->stream);
    o->has_stream = false;
    tm_udpnames_free(o->names);
    tm_datagram_queue_deinit(&o->waiting);
    uv_close((uv_handle_t *)&o->udp, on_closed);
    uv_close((uv_handle_t *)&o->mind, on_closed);
}

static void give_up(struct outlet *o, enum tm_reply code)
{
    tm_session_stream_reset(tm_front_session(o->front), o->stream, code);
    outlet_close(o);
}

static void pull(struct outlet *o)
{
    struct tm_session *s = tm_front_session(o->front);
    struct tm_datagram d;
    int rc;
    o->used_ms = uv_now(tm_front_loop(o->front));
    while ((rc = tm_session_datagram_next(s, o->stream, &d)) == 1)
        forward(o, &d);
    if (rc < 0)
        give_up(o, TM_REPLY_FAILURE); /* what the client says is no datagram */
}

static void on_event(struct tm_sink *sink, const struct tm_event *ev)
{
    struct outlet *o = (struct outlet *)sink;
    switch (ev->kind) {
    case TM_EVENT_READABLE:
        pull(o);
        return;
    case TM_EVENT_RESET:
    case TM_EVENT_ENDED:
    case TM_EVENT_FAILED:
    case TM_EVENT_REPLY:
        o->has_stream = false;
        outlet_close(o);
        return;
    case TM_EVENT_WRITABLE:
    case TM_EVENT_OPEN:
    case TM_EVENT_LISTEN:
    case TM_EVENT_LISTENING:
    case TM_EVENT_PLAYED: /* never of a stream */
        return;
    }
}

static void on_mind(uv_timer_t *timer)
{
    struct outlet *o = timer->data;
    struct tm_front *front = o->front;
    if (uv_now(timer->loop) - o->used_ms < TM_UDPOUTLET_IDLE_MS)
        return;
    give_up(o, TM_REPLY_TTL_EXPIRED);
    tm_front_pump(front);
}

/* A port for both families, or for IPv4 alone where there is no IPv6. */
static int open_socket(struct outlet *o)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int rc = uv_udp_bind(&o->udp, (const struct sockaddr *)&in6, 0);
    o->is_v6 = rc == 0;
    if (rc == UV_EAFNOSUPPORT || rc == UV_EADDRNOTAVAIL)
        rc = uv_udp_bind(&o->udp, (const struct sockaddr *)&in, 0);
    return rc == 0 ? uv_udp_recv_start(&o->udp, on_alloc, on_datagram) : rc;
}

static struct outlet *outlet_new(struct tm_front *front, const struct tm_guard *guard)
{
    uv_loop_t *loop = tm_front_loop(front);
    struct outlet *o = malloc(sizeof *o);
    if (o == NULL)
        return NULL;
    memset(o, 0, offsetof(struct outlet, datagram));
    if (uv_udp_init(loop, &o->udp) != 0) {
        free(o);
        return NULL;
    }
    (void)uv_timer_init(loop, &o->mind);
    o->n_handles = 2;
    o->sink.on_event = on_event;
    o->front = front;
    o->guard = guard;
    o->used_ms = uv_now(loop);
    o->udp.data = o->mind.data = o;
    if (open_socket(o) == 0 && uv_timer_start(&o->mind, on_mind, MIND_MS, MIND_MS) == 0)
        return o;
    outlet_close(o);
    return NULL;
}

void tm_udpoutlet_open(struct tm_front *front, const struct tm_event *ev,
                       const struct tm_guard *guard)
{
    struct tm_session *s = tm_front_session(front);
    struct outlet *o = NULL;
    if (tm_session_datagrams_accept(s, ev->stream) == TM_OK)
        o = outlet_new(front, guard);
    if (o == NULL || tm_front_attach(front, ev->stream, &o->sink) != TM_OK) {
        if (o != NULL)
            outlet_close(o);
        tm_session_stream_reply(s, ev->stream, TM_REPLY_FAILURE);
        return;
    }
    o->stream = ev->stream;
    o->has_stream = true;
    tm_session_stream_reply(s, ev->stream, TM_REPLY_OK);
}
