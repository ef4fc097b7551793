#include "audit/active/probe.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

const char *const tm_probe_attack_key[TM_PROBE_ATTACKS] = {"latency", "ranks"};

struct ranked {
    int64_t latency_us;
    size_t at;
};

static int by_latency(const void *x, const void *y)
{
    const struct ranked *a = x;
    const struct ranked *b = y;
    return (a->latency_us > b->latency_us) - (a->latency_us < b->latency_us);
}

/* Ranks from 1 on over their mean, (n + 1) / 2. */
static void set_ranks(double *v, struct ranked *r, size_t n)
{
    qsort(r, n, sizeof *r, by_latency);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && r[k].latency_us == r[i].latency_us; k++) {
        }
        for (size_t m = i; m < k; m++)
            v[r[m].at] = ((double)(i + k) + 1) / 2 / (((double)n + 1) / 2);
    }
}

int tm_probe_levels_init(struct tm_probe_levels *l, const struct tm_probe_run *r)
{
    double sum = 0;
    size_t n = 0;
    struct ranked *ranked = calloc(r->n_samples + 1, sizeof *ranked);
    *l = (struct tm_probe_levels){.run = r};
    for (int a = 0; a < TM_PROBE_ATTACKS; a++)
        l->v[a] = calloc(r->n_samples + 1, sizeof **l->v);
    if (!ranked || !l->v[TM_PROBE_LATENCY] || !l->v[TM_PROBE_RANKS]) {
        free(ranked);
        tm_probe_levels_deinit(l);
        return TM_ERR_NOMEM;
    }
    for (size_t i = 0; i < r->n_samples; i++) {
        if (r->sample[i].latency_us < 0)
            continue;
        ranked[n++] = (struct ranked){r->sample[i].latency_us, i};
        sum += (double)r->sample[i].latency_us;
    }
    for (size_t i = 0; i < r->n_samples; i++) {
        bool is_answered = r->sample[i].latency_us >= 0;
        l->v[TM_PROBE_RANKS][i] = NAN;
        l->v[TM_PROBE_LATENCY][i] =
            is_answered && sum > 0 ? (double)r->sample[i].latency_us / (sum / (double)n) : NAN;
    }
    set_ranks(l->v[TM_PROBE_RANKS], ranked, n);
    free(ranked);
    return TM_OK;
}

void tm_probe_levels_deinit(struct tm_probe_levels *l)
{
    for (int a = 0; a < TM_PROBE_ATTACKS; a++)
        free(l->v[a]);
    *l = (struct tm_probe_levels){0};
}

double tm_probe_c(const struct tm_probe_levels *l, enum tm_probe_attack a,
                  const struct tm_probe_run *pattern, int64_t shift_us)
{
    double sum = 0;
    size_t n_sending = 0;
    size_t n_silent = 0;
    size_t k = 0;
    for (size_t i = 0; i < l->run->n_samples; i++) {
        int64_t t_us = l->run->sample[i].sent_us - shift_us;
        while (k < pattern->n_spans && pattern->span[k].until_us <= t_us)
            k++;
        bool is_sending = k < pattern->n_spans && pattern->span[k].from_us <= t_us;
        if (isnan(l->v[a][i]))
            continue;
        n_sending += is_sending;
        n_silent += !is_sending;
        sum += is_sending ? l->v[a][i] : 0;
    }
    return n_sending >= TM_PROBE_SAMPLES_MIN && n_silent >= TM_PROBE_SAMPLES_MIN
               ? sum / (double)n_sending
               : NAN;
}

static bool is_answered(const struct tm_probe_run *r)
{
    size_t n_lost = 0;
    for (size_t i = 0; i < r->n_samples; i++)
        n_lost += r->sample[i].latency_us < 0;
    return r->n_samples > 0 && (double)n_lost <= TM_PROBE_LOST_MAX * (double)r->n_samples;
}

/* The run's own pattern first, then those of the others for which there is a c; how many there are, 0: not its own. */
static uint32_t score_patterns(const struct tm_probe_levels *l, enum tm_probe_attack a,
                               const struct tm_probe_run *run, uint32_t n, uint32_t own,
                               double *out)
{
    uint32_t m = 0;
    out[m++] = tm_probe_c(l, a, &run[own], 0);
    if (isnan(out[0]))
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        if (i == own || run[i].n_samples == 0)
            continue;
        out[m] = tm_probe_c(l, a, &run[i], run[own].sample[0].sent_us - run[i].sample[0].sent_us);
        m += isnan(out[m]) ? 0 : 1;
    }
    return m;
}

int tm_probe_rank(struct tm_trial_scores score[TM_PROBE_ATTACKS], const struct tm_probe_run *run,
                  uint32_t n, uint8_t *used)
{
    double *c = calloc((size_t)n + 1, sizeof *c);
    int rc = c ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n && rc == TM_OK; i++) {
        struct tm_probe_levels l;
        if (used)
            used[i] = 0;
        if (!is_answered(&run[i]))
            continue;
        rc = tm_probe_levels_init(&l, &run[i]);
        for (int a = 0; a < TM_PROBE_ATTACKS && rc == TM_OK; a++) {
            uint32_t m = score_patterns(&l, (enum tm_probe_attack)a, run, n, i, c);
            if (m < 2)
                continue;
            rc = tm_trial_scores_add(&score[a], c, m);
            if (used)
                used[i] = 1;
        }
        tm_probe_levels_deinit(&l); /* also after init failed, which leaves it empty */
    }
    free(c);
    return rc;
}
