/* tm/net/associate.c - see associate.h.  One teardown path: tm_associate_close. */
#include "tm/net/associate.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tm/core/socks5.h"
#include "tm/net/addr.h"
#include "tm/net/assoc.h"

#define MIND_MS 10000U

struct tm_associate {
    struct tm_assoc assoc; /* first: give and over cast back */
    struct tm_associate *next, **prev;
    tm_associate_done_fn done;
    void *user;
    union tm_sock *sock; /* NULL: not started */
    uv_udp_t udp;
    uv_timer_t mind;
    unsigned n_handles;
    bool is_closing;
    struct sockaddr_storage program; /* where it sends from; port 0: any so far */
    uint8_t tcp[64];                 /* what it says on the connection, which means nothing */
    uint8_t datagram[65536];         /* last: its pages stay untouched until one is as long */
};

/* ---- Addresses ---- */

static uint16_t port_of(const struct sockaddr_storage *sa)
{
    return ntohs(sa->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)sa)->sin6_port
                                           : ((const struct sockaddr_in *)sa)->sin_port);
}

static void set_port(struct sockaddr_storage *sa, uint16_t port)
{
    if (sa->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)sa)->sin_port = htons(port);
}

static bool is_same_host(const struct sockaddr_storage *a, const struct sockaddr *b)
{
    struct sockaddr_in6 a6, b6;
    struct sockaddr_in a4, b4;
    if (a->ss_family != b->sa_family)
        return false;
    if (b->sa_family == AF_INET) {
        memcpy(&a4, a, sizeof a4);
        memcpy(&b4, b, sizeof b4);
        return a4.sin_addr.s_addr == b4.sin_addr.s_addr;
    }
    memcpy(&a6, a, sizeof a6);
    memcpy(&b6, b, sizeof b6);
    return b->sa_family == AF_INET6 && memcmp(&a6.sin6_addr, &b6.sin6_addr, 16) == 0 &&
           a6.sin6_scope_id == b6.sin6_scope_id;
}

/* ---- Datagrams ---- */

/* Whether it is the program's; its first one says where it sends from. */
static bool is_its(struct tm_associate *a, const struct sockaddr *from)
{
    struct sockaddr_storage sa = {0};
    if (!is_same_host(&a->program, from))
        return false;
    memcpy(&sa, from, tm_addr_len(from));
    if (port_of(&a->program) == 0)
        set_port(&a->program, port_of(&sa));
    return port_of(&a->program) == port_of(&sa);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct tm_associate *a = handle->data;
    *buf = uv_buf_init((char *)a->datagram, sizeof a->datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct tm_associate *a = udp->data;
    struct tm_datagram d;
    (void)buf;
    if (n <= 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 || a->sock == NULL ||
        tm_socks5_datagram(a->datagram, (size_t)n, &d) != TM_OK || !is_its(a, from))
        return;
    tm_assoc_send(&a->assoc, &d);
}

static void on_give(struct tm_assoc *assoc, const struct tm_datagram *d)
{
    struct tm_associate *a = (struct tm_associate *)assoc;
    uint8_t head[TM_SOCKS5_UDP_HEAD_MAX];
    if (port_of(&a->program) == 0)
        return; /* nobody has asked for anything */
    size_t n = tm_socks5_datagram_head(head, &d->dest);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): libuv's buffers are not const */
    char *data = (char *)(uintptr_t)d->data.p;
    const uv_buf_t bufs[2] = {uv_buf_init((char *)head, (unsigned)n),
                              uv_buf_init(data, (unsigned)d->data.len)};
    (void)uv_udp_try_send(&a->udp, bufs, 2, (const struct sockaddr *)&a->program);
}

/* ---- The connection ---- */

static void on_tcp_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct tm_associate *a = handle->data;
    *buf = uv_buf_init((char *)a->tcp, sizeof a->tcp);
}

static void on_tcp_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    if (n < 0)
        tm_associate_close(stream->data);
}

/* ---- Life ---- */

static void on_over(struct tm_assoc *assoc)
{
    tm_associate_close((struct tm_associate *)assoc);
}

static void on_mind(uv_timer_t *timer)
{
    struct tm_associate *a = timer->data;
    tm_assoc_mind(&a->assoc);
}

static void on_closed(uv_handle_t *h)
{
    struct tm_associate *a = h->data;
    if (--a->n_handles == 0)
        free(a);
}

void tm_associate_close(struct tm_associate *a)
{
    if (a->is_closing)
        return;
    a->is_closing = true;
    *a->prev = a->next;
    if (a->next != NULL)
        a->next->prev = a->prev;
    union tm_sock *sock = a->sock;
    a->sock = NULL;
    uv_close((uv_handle_t *)&a->udp, on_closed);
    uv_close((uv_handle_t *)&a->mind, on_closed);
    tm_assoc_end(&a->assoc);
    if (sock == NULL)
        return;
    tm_sock_close(sock);
    a->done(a->user);
}

/* A port on the address at which the connection came in. */
static int open_port(struct tm_associate *a, const union tm_sock *sock,
                     struct sockaddr_storage *bound)
{
    int len = sizeof *bound;
    int rc = uv_tcp_getsockname(&sock->tcp, (struct sockaddr *)bound, &len);
    if (rc != 0)
        return rc;
    set_port(bound, 0);
    rc = uv_udp_bind(&a->udp, (const struct sockaddr *)bound, 0);
    len = sizeof *bound;
    if (rc == 0)
        rc = uv_udp_getsockname(&a->udp, (struct sockaddr *)bound, &len);
    return rc != 0 ? rc : uv_udp_recv_start(&a->udp, on_alloc, on_datagram);
}

int tm_associate_open(struct tm_associate **out, struct tm_dest *bound,
                      const struct tm_associate_cfg *cfg)
{
    struct sockaddr_storage at = {0};
    uv_loop_t *loop = tm_front_loop(cfg->front);
    int len = sizeof(struct sockaddr_storage);
    *out = NULL;
    struct tm_associate *a = malloc(sizeof *a);
    if (a == NULL)
        return TM_ERR_NOMEM;
    memset(a, 0, offsetof(struct tm_associate, datagram));
    tm_assoc_init(&a->assoc, cfg->front, on_give, on_over);
    a->done = cfg->done;
    a->user = cfg->user;
    a->udp.data = a->mind.data = a;
    int rc = uv_udp_init(loop, &a->udp);
    if (rc != 0) {
        free(a);
        return TM_ERR_IO;
    }
    (void)uv_timer_init(loop, &a->mind);
    a->n_handles = 2;
    a->next = *cfg->list;
    a->prev = cfg->list;
    if (a->next != NULL)
        a->next->prev = &a->next;
    *cfg->list = a;
    rc = open_port(a, cfg->sock, &at);
    if (rc == 0)
        rc = uv_tcp_getpeername(&cfg->sock->tcp, (struct sockaddr *)&a->program, &len);
    if (rc != 0) {
        tm_associate_close(a);
        return TM_ERR_IO;
    }
    set_port(&a->program, cfg->port);
    tm_addr_dest(bound, (const struct sockaddr *)&at);
    *out = a;
    return TM_OK;
}

void tm_associate_start(struct tm_associate *a, union tm_sock *take_sock, uint64_t stream)
{
    a->sock = take_sock;
    take_sock->handle.data = a;
    (void)uv_timer_start(&a->mind, on_mind, MIND_MS, MIND_MS);
    if (tm_assoc_adopt(&a->assoc, stream) != TM_OK)
        tm_session_stream_reset(tm_front_session(a->assoc.front), stream, TM_REPLY_FAILURE);
    if (uv_read_start(&take_sock->stream, on_tcp_alloc, on_tcp_read) != 0)
        tm_associate_close(a);
}
