#include "test/unit/audit/detect/synthetic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/detect/draw.h"

#define PACKETS_MAX 400U
#define FULL        1448U

struct maker {
    const struct synthetic *s;
    struct tm_rng rng;
    double speed;    /* of the session */
    double stall_us; /* of the page load */
    struct tm_trace_packet p[PACKETS_MAX];
    uint32_t n;
    int64_t t_us;
};

static double normal(struct maker *m)
{
    double u = 1 - tm_draw_uniform(&m->rng);
    return sqrt(-2 * log(u)) * cos(6.283185307 * tm_draw_uniform(&m->rng));
}

static void put_write(struct maker *m, uint8_t dir, uint32_t bytes)
{
    while (bytes > 0 && m->n < PACKETS_MAX) {
        uint32_t now = bytes < FULL ? bytes : FULL;
        m->p[m->n++] =
            (struct tm_trace_packet){.t_us = m->t_us, .bytes = now, .dir = dir, .is_new = true};
        m->t_us += 20 + tm_draw_below(&m->rng, 60);
        bytes -= now;
    }
}

static void put_connection(struct maker *m, struct tm_trace_set *out, uint32_t session,
                           uint32_t load, int64_t start_us)
{
    static const uint32_t ATOM[] = {75, 310, 310, 420, 517, 640};
    double slower = m->s->slower > 0 ? m->s->slower : 1;
    uint32_t n = 1 + tm_draw_below(&m->rng, 8);
    m->n = 0;
    m->t_us = 41000 + (int64_t)m->stall_us;
    put_write(m, TM_UP, 1700 + tm_draw_below(&m->rng, 3) * 32);
    for (uint32_t i = 0; i < n; i++) {
        m->t_us += 41000 + (int64_t)(slower * m->stall_us);
        put_write(m, TM_DOWN, (uint32_t)(200 + 1500 * exp(normal(m))));
        m->t_us += (int64_t)(slower * m->speed * 50000 * -log(1 - tm_draw_uniform(&m->rng)));
        put_write(m, TM_UP, ATOM[tm_draw_below(&m->rng, 6)] + m->s->more_bytes);
    }
    struct tm_trace t = {.start_us = start_us,
                         .duration_us = m->t_us + 40000,
                         .rtt_us = {41000, 30},
                         .has_syn = true,
                         .has_fin = {true, true},
                         .session = session,
                         .load = load};
    if (tm_trace_set_add(out, &t, m->p, m->n) != TM_OK)
        abort();
}

void synthetic_make(struct tm_trace_set *out, const struct synthetic *s)
{
    struct maker *m = calloc(1, sizeof *m);
    uint8_t seed[TM_SEED_LEN];
    if (!m)
        abort();
    m->s = s;
    tm_seed_from_u64(seed, s->seed);
    tm_rng_init(&m->rng, seed);
    for (uint32_t i = 0; i < s->n_sessions; i++) {
        char name[64];
        uint32_t session = 0;
        (void)snprintf(name, sizeof name, "%s-%u", s->name ? s->name : "session", i);
        if (tm_trace_set_name(out, name, &session) != TM_OK)
            abort();
        m->speed = exp(0.7 * normal(m));
        for (uint32_t load = 0; load < s->loads; load++) {
            uint32_t n = 1 + tm_draw_below(&m->rng, s->siblings);
            m->stall_us = 2000 * exp(1.5 * normal(m));
            for (uint32_t k = 0; k < n; k++)
                put_connection(m, out, session, load, (int64_t)i * 60000000 + load * 9000000);
        }
    }
    free(m);
}
