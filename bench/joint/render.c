#include "bench/joint/render.h"

#include <stdlib.h>
#include <string.h>

#include "learner/packet.h"
#include "tm/base/grow.h"
#include "tm/base/time.h"

#define LINK_RAW 101U
#define SNAP     96U
#define IP_LEN   20U
#define TCP_LEN  20U
#define INNER_US 2 /* between segments that leave at once */

struct segment {
    int64_t t_us; /* at the tap */
    uint32_t len;
    uint8_t dir, flags;
    uint32_t place; /* order of making, for equal times */
};

/* What is known of a write once it is out. */
struct done {
    int64_t sent_us; /* its last byte, in its sender's time */
    int64_t received_us;
};

struct render {
    const struct tm_render_path *path;
    struct tm_rng *rng;
    struct segment *s; /* owned */
    uint32_t n;
    size_t cap;
    struct tm_sender dir[2];
    int64_t free_us[2]; /* when the sender has given all to TCP */
};

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

void tm_render_head(FILE *out)
{
    const uint32_t head[6] = {0xa1b2c3d4, 2U | 4U << 16, 0, 0, SNAP, LINK_RAW};
    (void)fwrite(head, sizeof head, 1, out);
}

/* ---- sending ---- */

static int push(struct render *r, int64_t t_us, uint32_t len, enum tm_dir dir, unsigned flags)
{
    if (tm_grow(&r->s, &r->cap, r->n, sizeof *r->s) != TM_OK)
        return TM_ERR_NOMEM;
    r->s[r->n] = (struct segment){t_us, len, (uint8_t)dir, (uint8_t)flags, r->n};
    r->n++;
    return TM_OK;
}

static int64_t jitter(struct render *r)
{
    return (int64_t)tm_rng_below(r->rng, r->path->jitter_us + 1);
}

/* One segment that is ready at *t_us (the sender's time); *t_us: when the next may be. */
static int send_segment(struct render *r, enum tm_dir dir, uint32_t len, int64_t *t_us,
                        struct done *done)
{
    struct tm_sent sent;
    int rc = tm_sender_send(&r->dir[dir], len, *t_us, r->rng, &sent);
    if (rc != TM_OK)
        return rc;
    *t_us = sent.left_us + INNER_US;
    done->sent_us = dir == TM_UP ? sent.left_us : sent.link_us;
    done->received_us = sent.arrived_us;
    return push(r, dir == TM_UP ? sent.left_us : sent.arrived_us, len, dir, TM_TCP_ACK);
}

static int send_write(struct render *r, const struct tm_write *w, int64_t t_us, struct done *done)
{
    uint32_t left = w->size;
    int rc = TM_OK;
    t_us = tm_max_us(t_us, r->free_us[w->dir]);
    tm_sender_write(&r->dir[w->dir], t_us);
    while (rc == TM_OK && left > 0) {
        uint32_t len = left < r->path->mss ? left : r->path->mss;
        rc = send_segment(r, w->dir, len, &t_us, done);
        left -= len;
    }
    r->free_us[w->dir] = t_us;
    return rc;
}

/* When what write i runs from happened, in its sender's time. */
static int64_t event_us(const struct tm_write *w, uint32_t i, const struct done *done,
                        const int64_t open_us[2])
{
    if (w[i].ref_back == 0)
        return open_us[w[i].dir];
    const struct done *d = &done[i - w[i].ref_back];
    return w[i - w[i].ref_back].dir == w[i].dir ? d->sent_us : d->received_us;
}

/* When the sender of `dir` knew of the write `back` from the end. */
static int64_t known_us(const struct tm_deck *d, const struct tm_deck_conn *c,
                        const struct done *done, uint8_t back, enum tm_dir dir)
{
    uint32_t i = c->n_writes - back;
    return d->w[c->first + i].dir == dir ? done[i].sent_us : done[i].received_us;
}

/* As struct tm_close says.  last_us: the client has sent or received all. */
static int send_closing(struct render *r, const struct tm_deck *d, const struct tm_deck_conn *c,
                        const struct done *done, int64_t last_us, int64_t rtt_us)
{
    const struct tm_close *how = &c->close;
    bool is_reset = how->how == TM_CLOSE_RESET;
    int64_t from_us = last_us, fin_us[2] = {0, TM_NEVER};
    if (how->server_back > 0) {
        int64_t at_us = known_us(d, c, done, how->server_back, TM_DOWN);
        at_us = tm_max_us(at_us + (int64_t)how->server_gap_us, r->free_us[TM_DOWN]);
        fin_us[TM_DOWN] = at_us + (int64_t)r->path->delay_us + INNER_US;
        for (uint32_t i = 0; i < c->n_writes; i++) {
            if (d->w[c->first + i].dir == TM_DOWN)
                fin_us[TM_DOWN] = tm_max_us(fin_us[TM_DOWN], done[i].received_us + INNER_US);
        }
        from_us = tm_max_us(from_us, fin_us[TM_DOWN]);
    }
    if (how->back > 0)
        from_us = known_us(d, c, done, how->back, TM_UP);
    fin_us[TM_UP] = from_us + (int64_t)c->close_gap_us + INNER_US;
    fin_us[TM_UP] = tm_max_us(fin_us[TM_UP], is_reset ? last_us : r->free_us[TM_UP]);
    if (fin_us[TM_DOWN] == TM_NEVER && !is_reset)
        fin_us[TM_DOWN] = tm_max_us(fin_us[TM_UP] + rtt_us, last_us + INNER_US);
    int rc = push(r, fin_us[TM_UP], 0, TM_UP, (is_reset ? TM_TCP_RST : TM_TCP_FIN) | TM_TCP_ACK);
    if (rc == TM_OK && (!is_reset || fin_us[TM_DOWN] < fin_us[TM_UP]))
        rc = push(r, fin_us[TM_DOWN], 0, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK);
    if (rc != TM_OK || is_reset)
        return rc;
    if (fin_us[TM_DOWN] >= fin_us[TM_UP])
        rc = push(r, fin_us[TM_DOWN], 0, TM_UP, TM_TCP_ACK);
    if (rc == TM_OK &&
        fin_us[TM_DOWN] < fin_us[TM_UP] + rtt_us) /* it left before the client's came */
        rc = push(r, fin_us[TM_UP] + rtt_us, 0, TM_DOWN, TM_TCP_ACK);
    return rc;
}

static int send_all(struct render *r, const struct tm_deck *d, const struct tm_deck_conn *c)
{
    const struct tm_write *w = d->w + c->first;
    struct done *done = calloc(c->n_writes, sizeof *done);
    int64_t rtt_us = 2 * (int64_t)r->path->delay_us + jitter(r) + jitter(r);
    const int64_t open_us[2] = {rtt_us, rtt_us + (int64_t)r->path->delay_us + jitter(r)};
    int64_t last_us = rtt_us;
    for (int i = 0; i < 2; i++)
        tm_sender_init(&r->dir[i], r->path, rtt_us);
    int rc = done ? push(r, 0, 0, TM_UP, TM_TCP_SYN) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = push(r, rtt_us, 0, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK);
    if (rc == TM_OK)
        rc = push(r, rtt_us, 0, TM_UP, TM_TCP_ACK);
    for (uint32_t i = 0; rc == TM_OK && i < c->n_writes; i++) {
        rc = send_write(r, &w[i], event_us(w, i, done, open_us) + (int64_t)w[i].gap_us, &done[i]);
        last_us = tm_max_us(last_us, w[i].dir == TM_UP ? done[i].sent_us : done[i].received_us);
    }
    if (rc == TM_OK)
        rc = send_closing(r, d, c, done, last_us, rtt_us);
    free(done);
    return rc;
}

/* ---- writing ---- */

static int by_time(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    if (x->t_us != y->t_us)
        return x->t_us < y->t_us ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static void write_segment(FILE *out, const struct segment *s, const struct tm_render_place *at,
                          const uint32_t seq[2])
{
    uint8_t p[IP_LEN + TCP_LEN] = {0x45};
    bool is_up = s->dir == TM_UP;
    int64_t t_us = at->start_us + s->t_us;
    const uint32_t head[4] = {(uint32_t)(t_us / TM_US_PER_S), (uint32_t)(t_us % TM_US_PER_S),
                              sizeof p, (uint32_t)(sizeof p + s->len)};
    put16(p + 2, (uint32_t)sizeof p + s->len);
    p[8] = 64;
    p[9] = 6;
    put32(p + 12, is_up ? at->client : at->server);
    put32(p + 16, is_up ? at->server : at->client);
    put16(p + IP_LEN, is_up ? at->client_port : at->server_port);
    put16(p + IP_LEN + 2, is_up ? at->server_port : at->client_port);
    put32(p + IP_LEN + 4, seq[s->dir]);
    if (s->flags & TM_TCP_ACK)
        put32(p + IP_LEN + 8, seq[!s->dir]);
    p[IP_LEN + 12] = TCP_LEN / 4 << 4;
    p[IP_LEN + 13] = s->flags;
    put16(p + IP_LEN + 14, 0xffff);
    (void)fwrite(head, sizeof head, 1, out);
    (void)fwrite(p, sizeof p, 1, out);
}

int tm_render_conn(FILE *out, const struct tm_deck *d, uint32_t conn,
                   const struct tm_render_path *path, const struct tm_render_place *place,
                   struct tm_rng *rng)
{
    struct render r = {.path = path, .rng = rng};
    uint32_t seq[2] = {(uint32_t)tm_rng_below(rng, UINT32_MAX),
                       (uint32_t)tm_rng_below(rng, UINT32_MAX)};
    int rc = send_all(&r, d, &d->conn[conn]);
    if (rc == TM_OK)
        qsort(r.s, r.n, sizeof *r.s, by_time);
    for (uint32_t i = 0; rc == TM_OK && i < r.n; i++) {
        write_segment(out, &r.s[i], place, seq);
        seq[r.s[i].dir] += r.s[i].len + ((r.s[i].flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
    }
    free(r.s);
    tm_sender_deinit(&r.dir[0]);
    tm_sender_deinit(&r.dir[1]);
    return rc;
}
