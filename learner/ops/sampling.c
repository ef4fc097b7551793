#include "learner/ops/sampling.h"

#include "learner/ops/pcap_bytes.h"
#include "tm/base/time.h"

struct tm_sample_head tm_sampling_default(const struct tm_model *model)
{
    return (struct tm_sample_head){
        .model = model,
        .n_users = 1,
        .n_conns = 1000,
        .path = {.rtt_us = 20 * TM_US_PER_MS, .rate_bps = 100000000, .mss = 1448},
    };
}

int tm_sampling_open(struct tm_sampling *s, const struct tm_sample_head *h, uint16_t server_port)
{
    struct tm_gen_cfg cfg = {.model = h->model, .n_users = h->n_users, .pace_us = h->pace_us};
    tm_seed_from_u64(cfg.seed, h->seed);
    *s = (struct tm_sampling){0};
    int rc = h->schedule ? tm_timeline_new_schedule(&s->timeline, h->schedule, &h->path, h->n_conns)
                         : tm_timeline_new(&s->timeline, &cfg, &h->path, h->n_conns);
    if (rc == TM_OK)
        rc = tm_tap_new(&s->tap, s->timeline, server_port);
    if (rc != TM_OK)
        tm_sampling_close(s);
    return rc;
}

void tm_sampling_close(struct tm_sampling *s)
{
    tm_tap_free(s->tap);
    tm_timeline_free(s->timeline);
    *s = (struct tm_sampling){0};
}

static int feed(struct tm_sampling *s, const struct tm_sampling_learn *l, struct tm_world *w)
{
    struct tm_tap_packet p;
    struct tm_packet decoded;
    int rc;
    while ((rc = tm_tap_next(s->tap, &p)) == 1) {
        tm_tap_decoded(&p, TM_PCAP_BASE_US, &decoded);
        if (l->each)
            l->each(l->ctx, &p);
        rc = tm_world_packet(w, &decoded);
        if (rc != TM_OK)
            return rc;
    }
    return rc == 0 ? tm_world_end(w) : rc;
}

int tm_sampling_learn(const struct tm_sample_head *h, const struct tm_sampling_learn *l,
                      struct tm_samples *samples)
{
    struct tm_sampling s;
    struct tm_world *w = NULL;
    struct tm_group_counts groups = {0};
    int rc = tm_sampling_open(&s, h, l->world->ports[0]);
    if (rc == TM_OK)
        rc = tm_world_new(&w, l->world);
    if (rc == TM_OK)
        rc = feed(&s, l, w);
    if (rc == TM_OK) {
        size_t n;
        const struct tm_record *r = tm_world_records(w, &n);
        rc = tm_fit_records(l->fit, tm_world_pairs(w), r, n, samples, &groups);
        if (rc == TM_OK && l->dependence)
            rc = tm_dependence_add(l->dependence, tm_world_pairs(w), r, n);
    }
    tm_world_free(w);
    tm_sampling_close(&s);
    return rc;
}
