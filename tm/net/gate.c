/* tm/net/gate.c - collecting, judging, relaying. */
#include "tm/net/gate.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/log.h"
#include "tm/base/time.h"
#include "tm/core/shape.h"
#include "tm/net/addr.h"
#include "tm/net/alarm.h"
#include "tm/net/decoy.h"

#define SILENT_US   (30 * TM_US_PER_S)  /* without a decoy */
#define PATIENCE_US (300 * TM_US_PER_S) /* with one, whose own timeouts should come first */
#define BYTES_MAX   (1U << 20)          /* read between the verdict and RELEASED */
#define BUCKETS     256U

enum visit_state { JUDGING, WAITING, RELEASING, CLOSING, RELAYING };

struct visit {
    struct tm_gate *gate;
    struct visit *next, **prev; /* in its bucket, or among the relays */
    enum visit_state state;
    struct tm_wire_event accepted;
    struct tm_decoy *decoy; /* NULL: none, or ended */
    bool has_end;           /* FIN read: */
    struct tm_wire_event end;
    bool is_again;     /* it has waited */
    int64_t judged_us; /* when the last byte of a hello that waits was read */
    size_t len, cap;
    uint8_t *bytes; /* read so far */
};

struct tm_gate {
    struct tm_gate_cfg cfg;
    struct sockaddr_storage decoy;
    bool has_decoy;
    struct tm_gate_stats stats;
    struct visit *bucket[BUCKETS];
    struct visit *relays;
};

/* ---- Lists ---- */

static struct visit **bucket_of(struct tm_gate *g, uint32_t conn)
{
    return &g->bucket[(conn * 2654435761U >> 16) % BUCKETS];
}

static void link_in(struct visit *v, struct visit **list)
{
    v->next = *list;
    v->prev = list;
    if (v->next != NULL)
        v->next->prev = &v->next;
    *list = v;
}

static void unlink_out(struct visit *v)
{
    *v->prev = v->next;
    if (v->next != NULL)
        v->next->prev = v->prev;
}

static struct visit *visit_of(struct tm_gate *g, uint32_t conn)
{
    struct visit *v = *bucket_of(g, conn);
    while (v != NULL && v->accepted.id != conn)
        v = v->next;
    return v;
}

/* Forgets it; a decoy that is still there is dropped. */
static void visit_free(struct visit *v)
{
    unlink_out(v);
    v->gate->stats.n_live--;
    if (v->decoy != NULL)
        tm_decoy_drop(v->decoy);
    free(v->bytes);
    free(v);
}

/* ---- Verdicts ---- */

/* Commands always fit: see TM_WIREPOLL_RESERVE. */
static void be_stranger(struct visit *v)
{
    struct tm_gate *g = v->gate;
    if (v->state != JUDGING)
        return;
    g->stats.strangers++;
    if (v->decoy != NULL) {
        v->state = RELEASING;
        TM_ASSERT_EQ(tm_wire_release(g->cfg.wire, v->accepted.id), TM_OK);
    } else if (g->has_decoy) { /* it could not even be dialled */
        g->stats.decoy_failed++;
        v->state = CLOSING;
        TM_ASSERT_EQ(tm_wire_reset(g->cfg.wire, v->accepted.id), TM_OK);
    } else {
        v->state = CLOSING;
        TM_ASSERT_EQ(tm_wire_close(g->cfg.wire, v->accepted.id, 0), TM_OK);
    }
}

static void judge(struct visit *v, int64_t t_us)
{
    struct tm_hello hello;
    int n = tm_hello_read(&hello, v->bytes, v->len);
    if (n == 0 && v->len <= TM_HELLO_MAX)
        return;
    if (n <= 0 || v->len > TM_HELLO_MAX) {
        be_stranger(v);
        return;
    }
    const struct tm_gate_guest guest = {.conn = v->accepted.id,
                                        .hello = &hello,
                                        .raw = {v->bytes, v->len},
                                        .t_us = t_us,
                                        .accepted = &v->accepted,
                                        .is_again = v->is_again,
                                        .end = v->has_end ? &v->end : NULL};
    switch (v->gate->cfg.judge(v->gate->cfg.user, &guest)) {
    case TM_GATE_OURS:
        visit_free(v);
        return;
    case TM_GATE_LATER:
        v->state = WAITING;
        v->is_again = true;
        v->judged_us = t_us;
        return;
    case TM_GATE_STRANGER:
        be_stranger(v);
        return;
    }
}

/* It was ours, and is not worth waiting for any more. */
static void give_up(struct visit *v)
{
    v->state = CLOSING;
    TM_ASSERT_EQ(tm_wire_reset(v->gate->cfg.wire, v->accepted.id), TM_OK);
}

void tm_gate_again(struct tm_gate *g)
{
    for (uint32_t b = 0; b < BUCKETS; b++) {
        for (struct visit *v = g->bucket[b], *next; v != NULL; v = next) {
            next = v->next;
            if (v->state != WAITING)
                continue;
            v->state = JUDGING;
            judge(v, v->judged_us);
        }
    }
}

/* ---- The decoy ---- */

static void on_news(void *user, enum tm_decoy_news news)
{
    struct visit *v = user;
    switch (news) {
    case TM_DECOY_SPOKE:
        be_stranger(v);
        return;
    case TM_DECOY_FAILED:
        if (v->gate->stats.decoy_failed++ == 0)
            tm_log(TM_LOG_WARN, "decoy: it does not answer; strangers are reset, which a prober "
                                "can tell from a web server");
        return;
    case TM_DECOY_ENDED:
        v->decoy = NULL;
        visit_free(v);
        return;
    }
}

static void start_decoy(struct visit *v)
{
    struct tm_gate *g = v->gate;
    const struct tm_decoy_cfg cfg = {
        .loop = g->cfg.loop, .addr = (struct sockaddr *)&g->decoy, .on_news = on_news, .user = v};
    if (g->has_decoy && tm_decoy_start(&v->decoy, &cfg) != TM_OK)
        v->decoy = NULL;
}

/* ---- Events ---- */

static void on_accepted(struct tm_gate *g, const struct tm_wire_event *ev)
{
    g->stats.accepted++;
    struct visit *v = g->stats.n_live >= g->cfg.n_max ? NULL : calloc(1, sizeof *v);
    if (v == NULL) {
        TM_ASSERT_EQ(tm_wire_reset(g->cfg.wire, ev->id), TM_OK);
        return;
    }
    v->gate = g;
    v->accepted = *ev;
    g->stats.n_live++;
    link_in(v, bucket_of(g, ev->id));
    start_decoy(v);
}

static void on_rx(struct visit *v, const struct tm_wire_event *ev)
{
    size_t need = v->len + ev->bytes.len;
    if (v->state == CLOSING)
        return;
    if (need > v->cap) {
        uint8_t *more = need > BYTES_MAX ? NULL : realloc(v->bytes, need);
        if (more == NULL) {
            v->state = CLOSING;
            TM_ASSERT_EQ(tm_wire_reset(v->gate->cfg.wire, v->accepted.id), TM_OK);
            return;
        }
        v->bytes = more;
        v->cap = need;
    }
    memcpy(v->bytes + v->len, ev->bytes.p, ev->bytes.len);
    v->len = need;
    if (v->state == JUDGING)
        judge(v, ev->t_us);
}

static void on_released(struct visit *v, int fd)
{
    unlink_out(v);
    link_in(v, &v->gate->relays);
    v->state = RELAYING;
    tm_decoy_relay(v->decoy, fd, v->bytes, v->len, v->has_end ? TM_DECOY_READ_END : TM_DECOY_OPEN);
}

void tm_gate_on_wire(struct tm_gate *g, const struct tm_wire_event *ev)
{
    struct visit *v = ev->kind == TM_WIRE_ACCEPTED ? NULL : visit_of(g, ev->id);
    if (ev->kind == TM_WIRE_ACCEPTED)
        on_accepted(g, ev);
    if (v == NULL)
        return;
    switch (ev->kind) {
    case TM_WIRE_RX:
        on_rx(v, ev);
        return;
    case TM_WIRE_END_OF_FILE:
        v->has_end = true;
        v->end = *ev;
        be_stranger(v); /* unless it waits: a plan may end before its first answer */
        return;
    case TM_WIRE_RELEASED:
        on_released(v, ev->fd);
        return;
    case TM_WIRE_DOWN:
        visit_free(v);
        return;
    case TM_WIRE_YIELDED:
    case TM_WIRE_ACCEPTED:
    case TM_WIRE_UP:
    case TM_WIRE_SENT:
        return;
    }
}

void tm_gate_sweep(struct tm_gate *g, int64_t now_us)
{
    int64_t limit_us = g->has_decoy ? PATIENCE_US : SILENT_US;
    for (uint32_t b = 0; b < BUCKETS; b++)
        for (struct visit *v = g->bucket[b]; v != NULL; v = v->next)
            if (now_us - v->accepted.t_us > limit_us && v->state == WAITING)
                give_up(v);
            else if (now_us - v->accepted.t_us > limit_us)
                be_stranger(v);
}

void tm_gate_get_stats(const struct tm_gate *g, struct tm_gate_stats *out)
{
    *out = g->stats;
}

/* ---- Life ---- */

void tm_gate_set_decoy(struct tm_gate *g, const struct sockaddr *decoy)
{
    g->has_decoy = decoy != NULL;
    if (g->has_decoy)
        memcpy(&g->decoy, decoy, tm_addr_len(decoy));
}

int tm_gate_new(struct tm_gate **out, const struct tm_gate_cfg *cfg)
{
    struct tm_gate *g = calloc(1, sizeof *g);
    *out = g;
    if (g == NULL)
        return TM_ERR_NOMEM;
    g->cfg = *cfg;
    tm_gate_set_decoy(g, cfg->decoy);
    return TM_OK;
}

void tm_gate_free(struct tm_gate *g)
{
    if (g == NULL)
        return;
    for (uint32_t b = 0; b < BUCKETS; b++)
        while (g->bucket[b] != NULL)
            /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it takes itself out of the bucket */
            visit_free(g->bucket[b]);
    while (g->relays != NULL)
        visit_free(g->relays);
    free(g);
}
