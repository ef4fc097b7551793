/* models/maybenot/machine_encode.c - machine to bincode (machine_bytes.h). */
#include <string.h>

#include "models/maybenot/machine_bytes.h"

static void little_endian(struct tm_wr *w, uint64_t v, size_t n)
{
    uint8_t b[8];
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    tm_wr_bytes(w, b, n);
}

/* The shortest form. */
static void integer(struct tm_wr *w, uint64_t v)
{
    if (v < 251) {
        tm_wr_u8(w, (uint8_t)v);
    } else if (v <= UINT16_MAX) {
        tm_wr_u8(w, 251);
        little_endian(w, v, 2);
    } else if (v <= UINT32_MAX) {
        tm_wr_u8(w, 252);
        little_endian(w, v, 4);
    } else {
        tm_wr_u8(w, 253);
        little_endian(w, v, 8);
    }
}

static void number(struct tm_wr *w, double x)
{
    uint64_t image;
    memcpy(&image, &x, sizeof image);
    little_endian(w, image, sizeof image);
}

static void dist(struct tm_wr *w, const struct tm_mb_machine *m, uint32_t index)
{
    struct tm_mb_dist d = m->dists[index];
    double *param[3];
    int n;
    integer(w, d.kind);
    if (d.kind == TM_MB_BINOMIAL)
        integer(w, d.of.binomial.trials);
    tm_mb_dist_params(&d, param, &n);
    for (int i = 0; i < n; i++)
        number(w, *param[i]);
    number(w, d.start);
    number(w, d.max);
}

static void optional_dist(struct tm_wr *w, const struct tm_mb_machine *m, uint32_t index)
{
    tm_wr_u8(w, index != TM_MB_NO_DIST);
    if (index != TM_MB_NO_DIST)
        dist(w, m, index);
}

static void action(struct tm_wr *w, const struct tm_mb_machine *m, const struct tm_mb_state *s)
{
    tm_wr_u8(w, s->ask != TM_MB_ASK_NONE);
    if (s->ask == TM_MB_ASK_NONE)
        return;
    integer(w, (uint64_t)s->ask - 1);
    if (s->ask == TM_MB_ASK_CANCEL) {
        integer(w, s->timer);
        return;
    }
    if (s->ask != TM_MB_ASK_UPDATE_TIMER)
        tm_wr_u8(w, s->bypass);
    tm_wr_u8(w, s->replace);
    if (s->ask != TM_MB_ASK_UPDATE_TIMER)
        dist(w, m, s->timeout);
    if (s->ask != TM_MB_ASK_SEND_PADDING)
        dist(w, m, s->duration);
    optional_dist(w, m, s->limit);
}

static void counter(struct tm_wr *w, const struct tm_mb_machine *m,
                    const struct tm_mb_counter_update *c)
{
    tm_wr_u8(w, c->op != TM_MB_COUNTER_KEEP);
    if (c->op == TM_MB_COUNTER_KEEP)
        return;
    integer(w, (uint64_t)c->op - 1);
    optional_dist(w, m, c->dist);
    tm_wr_u8(w, c->is_copy);
}

static void edges(struct tm_wr *w, const struct tm_mb_machine *m, const struct tm_mb_state *s,
                  int e)
{
    const uint32_t n = s->first_edge[e + 1] - s->first_edge[e];
    tm_wr_u8(w, n > 0);
    if (n == 0)
        return;
    integer(w, n);
    for (uint32_t i = s->first_edge[e]; i < s->first_edge[e + 1]; i++) {
        uint32_t image;
        memcpy(&image, &m->edges[i].p, sizeof image);
        integer(w, m->edges[i].to);
        little_endian(w, image, sizeof image);
    }
}

void tm_mb_machine_encode(const struct tm_mb_machine *m, struct tm_wr *w)
{
    integer(w, m->allowed_padding_packets);
    number(w, m->max_padding_frac);
    integer(w, m->allowed_blocked_us);
    number(w, m->max_blocking_frac);
    integer(w, m->n_states);
    for (size_t i = 0; i < m->n_states && tm_wr_ok(w); i++) {
        const struct tm_mb_state *s = &m->states[i];
        action(w, m, s);
        counter(w, m, &s->counter[0]);
        counter(w, m, &s->counter[1]);
        for (int e = 0; e < TM_MB_EVENT_KINDS; e++)
            edges(w, m, s, e);
    }
}
