#include "learner/ops/energy.h"

#include <stdbool.h>

#include "learner/ops/sampling.h"
#include "tm/base/time.h"

#define STEPS 5

static bool is_port(const struct tm_energy_reader *r, uint16_t port)
{
    for (size_t i = 0; i < r->n_ports; i++) {
        if (r->ports[i] == port)
            return true;
    }
    return false;
}

void tm_energy_see(void *ctx, const struct tm_packet *p)
{
    const struct tm_energy_reader *r = ctx;
    bool to = is_port(r, p->dst_port);
    bool from = is_port(r, p->src_port);
    bool is_up = to && (!from || p->dst_port <= p->src_port);
    if (to || from)
        tm_wavelet_add(r->wavelet, p->t_us, is_up ? TM_UP : TM_DOWN, p->payload_len);
}

int64_t tm_energy_span_us(const struct tm_wavelet *w)
{
    return (int64_t)w->n_pairs[0] * 2 * TM_WAVELET_BIN_US;
}

/* When the last connection of the sample ends. */
static int find_length(const struct tm_sample_head *h, int64_t *length_us)
{
    struct tm_sampling s;
    struct tm_timed_conn c = {0};
    *length_us = 0;
    int rc = tm_sampling_open(&s, h, 1);
    if (rc != TM_OK)
        return rc;
    while ((rc = tm_timeline_next(s.timeline, &c)) == 1) {
        *length_us = tm_max_us(*length_us, c.end_us);
        tm_timed_conn_deinit(&c);
    }
    tm_sampling_close(&s);
    return rc;
}

/* A few steps suffice: twice the users take half the time, but for the pauses that they no longer come to. */
int tm_energy_users(const struct tm_sample_head *h, int64_t span_us, uint32_t *n_users)
{
    struct tm_sample_head some = *h;
    some.n_users = 1;
    int rc = TM_OK;
    for (int step = 0; step < STEPS && span_us > 0 && rc == TM_OK; step++) {
        int64_t length_us;
        rc = find_length(&some, &length_us);
        if (rc != TM_OK)
            break;
        double n = some.n_users * ((double)length_us / (double)span_us) + 0.5;
        uint32_t wanted = n < 1 ? 1 : n > TM_GEN_USERS_MAX ? TM_GEN_USERS_MAX : (uint32_t)n;
        if (wanted == some.n_users)
            break;
        some.n_users = wanted;
    }
    *n_users = some.n_users;
    return rc;
}

int tm_energy_sample(const struct tm_sample_head *h, struct tm_wavelet *w)
{
    struct tm_sampling s;
    struct tm_tap_packet p;
    int rc = tm_sampling_open(&s, h, 1);
    if (rc != TM_OK)
        return rc;
    while ((rc = tm_tap_next(s.tap, &p)) == 1)
        tm_wavelet_add(w, p.t_us, p.dir, p.payload_len);
    tm_wavelet_end(w);
    tm_sampling_close(&s);
    return rc;
}
