#include "learner/ops/tap.h"

#include <stdlib.h>
#include <string.h>

#include "learner/ops/flight.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

#define CLIENT_NET 0xc6120000U /* 198.18.0.0 */
#define SERVER_NET 0x0a000000U /* 10.0.0.0 */
#define PORT_FIRST 32768U      /* Linux' range of ephemeral ports */
#define PORT_COUNT 28232U

/* An open connection in the heap. */
struct entry {
    int64_t next_us;
    struct tm_in_flight *flight; /* owned */
};

/* What the addresses of a user's next connection depend on. */
struct names {
    uint32_t n_conns;
    uint32_t session;
    uint32_t server; /* number of its session among all */
};

struct tm_tap {
    struct tm_timeline *timeline;
    uint16_t server_port;
    struct names *names; /* owned, by user */
    uint32_t n_sessions;
    struct entry *heap; /* owned; the earliest first, of equal ones the smaller number */
    size_t n, cap;
    struct tm_in_flight *over; /* its last packet was given out; freed at the next call */
};

int tm_tap_new(struct tm_tap **out, struct tm_timeline *t, uint16_t server_port)
{
    struct tm_tap *tap = calloc(1, sizeof *tap);
    struct names *names = calloc(TM_GEN_USERS_MAX, sizeof *names);
    *out = NULL;
    if (!tap || !names) {
        free(tap);
        free(names);
        return TM_ERR_NOMEM;
    }
    *tap = (struct tm_tap){.timeline = t, .server_port = server_port, .names = names};
    *out = tap;
    return TM_OK;
}

static void flight_free(struct tm_in_flight *f)
{
    if (!f)
        return;
    tm_in_flight_deinit(f);
    free(f);
}

void tm_tap_free(struct tm_tap *tap)
{
    if (!tap)
        return;
    for (size_t i = 0; i < tap->n; i++)
        flight_free(tap->heap[i].flight);
    flight_free(tap->over);
    free(tap->heap);
    free(tap->names);
    free(tap);
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    if (a->next_us != b->next_us)
        return a->next_us < b->next_us;
    return a->flight->conn.number < b->flight->conn.number;
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct tm_tap *tap, size_t i)
{
    for (; i > 0 && is_before(&tap->heap[i], &tap->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(&tap->heap[i], &tap->heap[(i - 1) / 2]);
}

static void sift_down(struct tm_tap *tap, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < tap->n; k++) {
            if (is_before(&tap->heap[k], &tap->heap[least]))
                least = k;
        }
        if (least == i)
            return;
        swap(&tap->heap[i], &tap->heap[least]);
        i = least;
    }
}

/* Names for the user's next connection, of `session`. */
static int name(struct tm_tap *tap, const struct tm_timed_conn *c, struct tm_tap_conn_id *id)
{
    struct names *n = &tap->names[c->user];
    if (n->n_conns == 0 || n->session != c->open.session) {
        if (tap->n_sessions == TM_TAP_SESSIONS_MAX)
            return TM_ERR_LIMIT;
        n->session = c->open.session;
        n->server = tap->n_sessions++;
    }
    *id = (struct tm_tap_conn_id){
        .client_ip = CLIENT_NET + c->user + 1,
        .server_ip = SERVER_NET + n->server + 1,
        .client_port = (uint16_t)(PORT_FIRST + n->n_conns % PORT_COUNT),
        .server_port = tap->server_port,
    };
    n->n_conns++;
    return TM_OK;
}

/* Opens the timeline's next connection. */
static int open_next(struct tm_tap *tap)
{
    struct tm_timed_conn c = {0};
    struct tm_tap_conn_id id;
    struct tm_in_flight *f = NULL;
    int rc = tm_timeline_next(tap->timeline, &c);
    if (rc != 1)
        return rc;
    rc = name(tap, &c, &id);
    if (rc == TM_OK)
        rc = tm_grow(&tap->heap, &tap->cap, tap->n, sizeof *tap->heap);
    if (rc == TM_OK && !(f = malloc(sizeof *f)))
        rc = TM_ERR_NOMEM;
    if (rc != TM_OK) {
        tm_timed_conn_deinit(&c);
        return rc;
    }
    tm_in_flight_init(f, &c, id);
    tap->heap[tap->n] = (struct entry){tm_in_flight_next_us(f), f};
    sift_up(tap, tap->n++);
    return TM_OK;
}

/* The heap's first has another time now, or is over: then it leaves the heap and is the caller's. */
static struct tm_in_flight *settle_first(struct tm_tap *tap)
{
    struct tm_in_flight *over = NULL;
    struct entry *first = &tap->heap[0];
    first->next_us = tm_in_flight_next_us(first->flight);
    if (first->next_us == TM_NEVER) {
        over = first->flight;
        *first = tap->heap[--tap->n];
    }
    if (tap->n > 0)
        sift_down(tap, 0);
    return over;
}

int tm_tap_next(struct tm_tap *tap, struct tm_tap_packet *p)
{
    flight_free(tap->over);
    tap->over = NULL;
    for (;;) {
        int64_t open_us = tm_timeline_next_us(tap->timeline);
        if (open_us != TM_NEVER && (tap->n == 0 || open_us <= tap->heap[0].next_us)) {
            int rc = open_next(tap);
            if (rc != TM_OK)
                return rc;
            continue;
        }
        if (tap->n == 0)
            return 0;
        int is_packet = tm_in_flight_step(tap->heap[0].flight, p);
        struct tm_in_flight *over = settle_first(tap);
        TM_ASSERT(is_packet || !over); /* the last that happens is the client's ACK */
        tap->over = over;
        if (is_packet)
            return 1;
    }
}

/* ::ffff:a.b.c.d */
static void mapped(uint8_t out[TM_ADDR_LEN], uint32_t ip)
{
    memset(out, 0, TM_ADDR_LEN);
    out[10] = out[11] = 0xff;
    for (int i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)(ip >> (24 - 8 * i));
}

void tm_tap_decoded(const struct tm_tap_packet *p, int64_t base_us, struct tm_packet *out)
{
    const struct tm_tap_conn_id *id = &p->id;
    bool is_up = p->dir == TM_UP;
    *out = (struct tm_packet){
        .t_us = base_us + p->t_us,
        .src_port = is_up ? id->client_port : id->server_port,
        .dst_port = is_up ? id->server_port : id->client_port,
        .seq = p->seq,
        .ack = p->ack,
        .flags = p->flags,
        .ip_version = 4,
        .wire_len = TM_TAP_HEADER_LEN + (p->flags & TM_TCP_SYN ? 4 : 0) + p->payload_len,
        .payload_len = p->payload_len,
    };
    mapped(out->src, is_up ? id->client_ip : id->server_ip);
    mapped(out->dst, is_up ? id->server_ip : id->client_ip);
}
