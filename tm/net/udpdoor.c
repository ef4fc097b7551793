/* tm/net/udpdoor.c - see udpdoor.h. */
#include "tm/net/udpdoor.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tm/net/addr.h"
#include "tm/net/assoc.h"

#define MIND_MS 10000U

struct peer {
    struct tm_assoc assoc; /* first: give and over cast back */
    struct tm_udpdoor *door;
    bool is_used;
    struct sockaddr_storage from;
};

struct tm_udpdoor {
    struct tm_front *front;
    struct tm_dest dest;
    uv_udp_t udp;
    uv_timer_t mind;
    unsigned n_handles;
    bool is_closing;
    uint32_t last; /* the peer that was found last */
    struct peer peer[TM_UDPDOOR_PEERS];
    uint8_t datagram[65536]; /* last: its pages stay untouched until one is as long */
};

static void on_give(struct tm_assoc *assoc, const struct tm_datagram *d)
{
    struct peer *p = (struct peer *)assoc;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): libuv's buffers are not const */
    char *data = (char *)(uintptr_t)d->data.p;
    const uv_buf_t buf = uv_buf_init(data, (unsigned)d->data.len);
    (void)uv_udp_try_send(&p->door->udp, &buf, 1, (const struct sockaddr *)&p->from);
}

static void on_over(struct tm_assoc *assoc)
{
    (void)assoc; /* the door stays until it is closed */
}

/* ---- Peers ---- */

static bool is_from(const struct peer *p, const struct sockaddr *from)
{
    return p->is_used && p->from.ss_family == from->sa_family &&
           memcmp(&p->from, from, tm_addr_len(from)) == 0;
}

static struct peer *find(struct tm_udpdoor *door, const struct sockaddr *from)
{
    for (uint32_t i = 0; i < TM_UDPDOOR_PEERS; i++) {
        uint32_t at = (door->last + i) % TM_UDPDOOR_PEERS;
        if (is_from(&door->peer[at], from)) {
            door->last = at;
            return &door->peer[at];
        }
    }
    return NULL;
}

/* In a free place, or that of whoever was silent longest. */
static struct peer *add(struct tm_udpdoor *door, const struct sockaddr *from)
{
    struct peer *p = &door->peer[0];
    for (uint32_t i = 0; i < TM_UDPDOOR_PEERS && p->is_used; i++) {
        struct peer *q = &door->peer[i];
        if (!q->is_used || q->assoc.used_ms < p->assoc.used_ms)
            p = q;
    }
    if (p->is_used)
        tm_assoc_end(&p->assoc);
    memset(p, 0, sizeof *p);
    tm_assoc_init(&p->assoc, door->front, on_give, on_over);
    p->door = door;
    p->is_used = true;
    memcpy(&p->from, from, tm_addr_len(from));
    return p;
}

static void on_mind(uv_timer_t *timer)
{
    struct tm_udpdoor *door = timer->data;
    for (uint32_t i = 0; i < TM_UDPDOOR_PEERS; i++)
        if (door->peer[i].is_used)
            tm_assoc_mind(&door->peer[i].assoc);
}

/* ---- The socket ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct tm_udpdoor *door = handle->data;
    *buf = uv_buf_init((char *)door->datagram, sizeof door->datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t n, const uv_buf_t *buf, const struct sockaddr *from,
                        unsigned flags)
{
    struct tm_udpdoor *door = udp->data;
    (void)buf;
    if (n < 0 || from == NULL || (flags & UV_UDP_PARTIAL) != 0 || (size_t)n > TM_DATAGRAM_MAX)
        return;
    struct peer *p = find(door, from);
    if (p == NULL)
        p = add(door, from);
    tm_assoc_send(&p->assoc,
                  &(struct tm_datagram){.dest = door->dest, .data = {door->datagram, (size_t)n}});
}

/* ---- Life ---- */

static void on_closed(uv_handle_t *h)
{
    struct tm_udpdoor *door = h->data;
    if (--door->n_handles == 0)
        free(door);
}

void tm_udpdoor_close(struct tm_udpdoor *door)
{
    if (door == NULL || door->is_closing)
        return;
    door->is_closing = true;
    for (uint32_t i = 0; i < TM_UDPDOOR_PEERS; i++)
        if (door->peer[i].is_used)
            tm_assoc_end(&door->peer[i].assoc);
    uv_close((uv_handle_t *)&door->udp, on_closed);
    uv_close((uv_handle_t *)&door->mind, on_closed);
}

int tm_udpdoor_open(struct tm_udpdoor **out, struct tm_front *front, const struct sockaddr *addr,
                    const struct tm_dest *dest, struct tm_msg *msg)
{
    *out = NULL;
    struct tm_udpdoor *door = malloc(sizeof *door);
    if (door == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    memset(door, 0, offsetof(struct tm_udpdoor, datagram));
    door->front = front;
    door->dest = *dest;
    door->udp.data = door->mind.data = door;
    int rc = uv_udp_init(tm_front_loop(front), &door->udp);
    if (rc != 0) {
        free(door);
        return tm_msg_set(msg, TM_ERR_IO, "cannot make a socket: %s", uv_strerror(rc));
    }
    (void)uv_timer_init(tm_front_loop(front), &door->mind);
    door->n_handles = 2;
    rc = uv_udp_bind(&door->udp, addr, 0);
    if (rc == 0)
        rc = uv_udp_recv_start(&door->udp, on_alloc, on_datagram);
    if (rc == 0)
        rc = uv_timer_start(&door->mind, on_mind, MIND_MS, MIND_MS);
    if (rc != 0) {
        char text[TM_ADDR_TEXT_MAX];
        tm_addr_text(addr, text);
        tm_udpdoor_close(door);
        return tm_msg_set(msg, TM_ERR_IO, "cannot listen on %s, UDP: %s", text, uv_strerror(rc));
    }
    *out = door;
    return TM_OK;
}

uint16_t tm_udpdoor_port(const struct tm_udpdoor *door)
{
    struct sockaddr_storage sa = {0};
    struct tm_dest at;
    int len = (int)sizeof sa;
    if (uv_udp_getsockname(&door->udp, (struct sockaddr *)&sa, &len) != 0)
        return 0;
    tm_addr_dest(&at, (const struct sockaddr *)&sa);
    return at.port;
}
