#include "bench/joint/sender.h"

#include <stdlib.h>

#include "tm/base/time.h"

#define CWND_SEGMENTS 10U /* Linux's initial window (RFC 6928) */
#define CWND_MIN      4U
#define HEADERS       54U /* Ethernet, IP, TCP: of each segment on the link */
#define UNPACED       10U /* segments */
#define GAIN_STARTUP  2.885
#define GAIN_WINDOW   2.0
#define MARGIN        0.99 /* of the rate that is paced at */
#define GROWTH        1.25 /* a round that brings less is one without growth */
#define ROUNDS_FULL   3U
#define BURST_US      1024 /* what leaves at once */
#define BURST_MIN     2U   /* segments */
#define BURST_MAX     44U
#define STEP_MIN_US   6   /* between packets that wait for each other at the link's end, */
#define STEP_SPAN_US  24U /* and so much more (recordings by scripts/record: 8 to 30) */

/* Bytes that leave at once. */
static uint32_t burst(const struct tm_sender *s)
{
    uint32_t segments = (uint32_t)(s->pacing * BURST_US) / s->path->mss;
    return (segments < BURST_MIN   ? BURST_MIN
            : segments > BURST_MAX ? BURST_MAX
                                   : segments) *
           s->path->mss;
}

static double bandwidth(const struct tm_sender *s)
{
    double best = 0;
    for (uint32_t i = 0; i < TM_SENDER_ROUNDS; i++)
        best = s->bw[i] > best ? s->bw[i] : best;
    return best;
}

void tm_sender_init(struct tm_sender *s, const struct tm_render_path *path, int64_t rtt_us)
{
    *s = (struct tm_sender){.path = path, .rtt_us = rtt_us, .cwnd = CWND_SEGMENTS};
    s->pacing = GAIN_STARTUP * CWND_SEGMENTS * path->mss / (double)rtt_us;
}

void tm_sender_deinit(struct tm_sender *s)
{
    free(s->f);
    *s = (struct tm_sender){0};
}

/* ---- acknowledgements ---- */

static void look_for_growth(struct tm_sender *s, bool is_app_limited)
{
    double bw = bandwidth(s);
    if (is_app_limited || s->mode != TM_SENDER_STARTUP)
        return;
    if (bw >= s->full * GROWTH) {
        s->full = bw;
        s->n_full = 0;
    } else if (++s->n_full >= ROUNDS_FULL) {
        s->mode = TM_SENDER_DRAIN;
    }
}

/* The rate at which what left since the segment before was delivered. */
static void take_rate(struct tm_sender *s, const struct tm_sender_flight *f)
{
    bool is_new_round = f->delivered >= s->round_end;
    int64_t span_us = tm_max_us(f->acked_us - f->delivered_us, f->sent_us - f->first_sent_us);
    double rate = (double)(s->delivered - f->delivered) / (double)tm_max_us(span_us, 1);
    if (is_new_round) {
        s->round_end = s->delivered;
        s->round++;
        s->bw[s->round % TM_SENDER_ROUNDS] = 0;
    }
    double *best = &s->bw[s->round % TM_SENDER_ROUNDS];
    if ((!f->is_app_limited || rate >= bandwidth(s)) && rate > *best && span_us >= s->rtt_us)
        *best = rate;
    if (is_new_round)
        look_for_growth(s, f->is_app_limited);
}

/* After one more segment was acknowledged. */
static void set_window(struct tm_sender *s)
{
    double bw = bandwidth(s), bdp = bw * (double)s->rtt_us;
    double gain = s->mode == TM_SENDER_STEADY ? GAIN_WINDOW : GAIN_STARTUP;
    uint32_t target = (uint32_t)((gain * bdp + 3.0 * burst(s)) / s->path->mss);
    if (s->mode == TM_SENDER_DRAIN && (double)s->in_flight <= bdp)
        s->mode = TM_SENDER_STEADY;
    if (s->mode != TM_SENDER_STARTUP)
        s->cwnd = s->cwnd + 1 < target ? s->cwnd + 1 : target;
    else if (s->cwnd < target || s->n_acked < CWND_SEGMENTS)
        s->cwnd++;
    if (s->cwnd < CWND_MIN)
        s->cwnd = CWND_MIN;
    double pace = MARGIN * bw;
    if (s->mode == TM_SENDER_STEADY)
        s->pacing = pace;
    else if (s->mode == TM_SENDER_DRAIN)
        s->pacing = pace / GAIN_STARTUP;
    else if (pace * GAIN_STARTUP > s->pacing)
        s->pacing = pace * GAIN_STARTUP;
}

/* Acknowledgements that came by t_us. */
static void collect(struct tm_sender *s, int64_t t_us)
{
    while (s->n > 0 && s->f[s->head].acked_us <= t_us) {
        struct tm_sender_flight f = s->f[s->head];
        s->head = (s->head + 1) % s->cap;
        s->n--;
        s->in_flight -= f.len;
        s->delivered += f.len;
        s->n_acked++;
        s->delivered_us = f.acked_us;
        s->first_sent_us = f.sent_us;
        if (s->app_limited != 0 && s->delivered > s->app_limited)
            s->app_limited = 0;
        s->rtt_us = f.acked_us - f.sent_us < s->rtt_us ? f.acked_us - f.sent_us : s->rtt_us;
        take_rate(s, &f);
        set_window(s);
    }
}

/* ---- sending ---- */

static int fly(struct tm_sender *s, const struct tm_sender_flight *flight)
{
    if (s->n == s->cap) {
        uint32_t cap = s->cap > 0 ? 2 * s->cap : 64;
        struct tm_sender_flight *f = calloc(cap, sizeof *f);
        if (!f)
            return TM_ERR_NOMEM;
        for (uint32_t i = 0; i < s->n; i++)
            f[i] = s->f[(s->head + i) % s->cap];
        free(s->f);
        s->f = f;
        s->cap = cap;
        s->head = 0;
    }
    s->f[(s->head + s->n) % s->cap] = *flight;
    s->n++;
    s->in_flight += flight->len;
    return TM_OK;
}

static int64_t jitter(const struct tm_sender *s, struct tm_rng *rng)
{
    return (int64_t)tm_rng_below(rng, s->path->jitter_us + 1);
}

void tm_sender_write(struct tm_sender *s, int64_t t_us)
{
    s->burst_left = 0;
    collect(s, t_us);
    if (s->n < s->cwnd)
        s->app_limited = s->delivered + s->in_flight > 0 ? s->delivered + s->in_flight : 1;
}

/* When it may leave: the window is open and pacing lets it. */
static int64_t leave_us(struct tm_sender *s, uint32_t len, int64_t t_us)
{
    int64_t t = t_us;
    if (s->n_sent >= UNPACED && s->burst_left < len)
        t = tm_max_us(t, (int64_t)s->next_us);
    collect(s, t);
    while (s->n >= s->cwnd) {
        t = tm_max_us(t, s->f[s->head].acked_us);
        collect(s, t);
    }
    return t;
}

/* A segment leaves at t_us: when the next may.  Who was late may catch up by half (Linux: tcp_update_skb_after_send). */
static void pace(struct tm_sender *s, uint32_t len, int64_t t_us)
{
    if (s->n_sent++ < UNPACED)
        return;
    if (s->burst_left < len) {
        s->burst_left = burst(s);
        s->credit_us = (double)t_us - s->next_us;
        s->next_us = (double)t_us;
    }
    double wait_us = len / s->pacing;
    double cut_us = s->credit_us < wait_us / 2 ? s->credit_us : wait_us / 2;
    cut_us = cut_us > 0 ? cut_us : 0;
    s->credit_us -= cut_us;
    s->next_us += wait_us - cut_us;
    s->burst_left -= len < s->burst_left ? len : s->burst_left;
}

int tm_sender_send(struct tm_sender *s, uint32_t len, int64_t t_us, struct tm_rng *rng,
                   struct tm_sent *out)
{
    const struct tm_render_path *p = s->path;
    int64_t t = leave_us(s, len, t_us), delay_us = (int64_t)p->delay_us;
    pace(s, len, t);
    s->link_us = tm_max_us(s->link_us, t) + (int64_t)(len + HEADERS) * 8000 / (int64_t)p->rate_kbps;
    int64_t step_us = STEP_MIN_US + (int64_t)tm_rng_below(rng, STEP_SPAN_US);
    s->arrived_us = tm_max_us(s->arrived_us + step_us, s->link_us + delay_us + jitter(s, rng));
    s->ack_us = tm_max_us(s->ack_us, s->arrived_us + delay_us + jitter(s, rng));
    *out = (struct tm_sent){t, s->link_us, s->arrived_us};
    const struct tm_sender_flight f = {
        .acked_us = s->ack_us,
        .sent_us = t,
        .first_sent_us = s->n > 0 ? s->first_sent_us : t,
        .delivered_us = s->n > 0 ? s->delivered_us : t,
        .delivered = s->delivered,
        .len = len,
        .is_app_limited = s->app_limited != 0,
    };
    if (s->n == 0) {
        s->first_sent_us = t;
        s->delivered_us = t;
    }
    return fly(s, &f);
}
