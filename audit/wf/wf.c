#include "audit/wf/wf.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/auc.h"
#include "audit/ml/fold.h"
#include "audit/wf/judge.h"
#include "tm/base/rng.h"

struct tm_wf_cfg tm_wf_cfg_default(void)
{
    return (struct tm_wf_cfg){.folds = 5,
                              .base_rate = 0.05,
                              .seed = 1,
                              .has = {true, true, true, true},
                              .effort = tm_wf_effort_default()};
}

const char *tm_wf_verdict_key(enum tm_wf_verdict v)
{
    static const char *const KEYS[] = {"told", "chance", "no-control", "control-missed"};
    return KEYS[v];
}

static uint32_t n_attacks(const struct tm_wf_cfg *cfg)
{
    uint32_t n = 0;
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++)
        n += cfg->has[a];
    return n;
}

/* ---- Is there enough? ---- */

static int check(struct tm_wf_found *out, const struct tm_wf_cfg *cfg, const struct tm_wf_sample *s,
                 const char *name, struct tm_msg *msg)
{
    uint32_t most = 0;
    if (s->n_pages < 2)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "%s: visits to %s: nothing can be told apart; at least two watched pages "
                          "are wanted",
                          name, s->n_pages == 0 ? "no watched page" : "one watched page only");
    for (uint32_t c = 0; c < s->n_pages; c++) {
        if (s->visits[c] < cfg->folds)
            return tm_msg_set(msg, TM_ERR_RANGE,
                              "%s: too few visits: %" PRIu32 " of page \"%.60s\"; at least %" PRIu32
                              " of each page are wanted, one for each fold",
                              name, s->visits[c], s->page[c], cfg->folds);
        out->n_watched += s->visits[c];
        most = s->visits[c] > most ? s->visits[c] : most;
    }
    out->n_pages = s->n_pages;
    out->n_other = s->visits[s->n_pages];
    out->has_open = out->n_other >= cfg->folds;
    out->chance = (double)most / out->n_watched;
    out->limit = tm_binomial_limit(out->n_watched, out->chance, TM_WF_ALPHA / n_attacks(cfg));
    out->slot_us = s->slot_us;
    return TM_OK;
}

/* ---- Cross-validation ---- */

/* The visits of one world, in folds. */
struct world {
    const struct tm_wf_sample *sample;
    uint32_t *visit; /* n: indices into the sample */
    uint8_t *fold;   /* n */
    uint32_t *guess; /* n */
    uint32_t *train, *test, *named;
    uint32_t n, k;
    bool is_open;
};

static void world_deinit(struct world *w)
{
    free(w->visit);
    free(w->fold);
    free(w->guess);
    free(w->train);
    free(w->test);
    free(w->named);
}

static int world_init(struct world *w, const struct tm_wf_cfg *cfg, const struct tm_wf_sample *s,
                      bool is_open)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    uint8_t *label = malloc(s->n);
    *w = (struct world){.sample = s,
                        .visit = malloc(s->n * sizeof *w->visit),
                        .fold = calloc(s->n, 1),
                        .guess = calloc(s->n, sizeof *w->guess),
                        .train = malloc(s->n * sizeof *w->train),
                        .test = malloc(s->n * sizeof *w->test),
                        .named = malloc(s->n * sizeof *w->named),
                        .k = s->n_pages + is_open,
                        .is_open = is_open};
    int rc = TM_ERR_NOMEM;
    if (!label || !w->visit || !w->fold || !w->guess || !w->train || !w->test || !w->named)
        goto out;
    for (uint32_t i = 0; i < s->n; i++) {
        if (s->label[i] >= w->k)
            continue;
        label[w->n] = (uint8_t)s->label[i];
        w->visit[w->n++] = i;
    }
    tm_seed_from_u64(key, cfg->seed);
    tm_rng_init(&rng, key);
    rc = tm_fold_by_group(w->visit, label, w->n, cfg->folds, &rng, w->fold);
out:
    free(label);
    return rc;
}

/* Names every visit by what the other folds taught. */
static int name_all(struct world *w, const struct tm_wf_cfg *cfg, enum tm_wf_attack a)
{
    int rc = TM_OK;
    for (uint32_t f = 0; f < cfg->folds && rc == TM_OK; f++) {
        struct tm_wf_task t = {.sample = w->sample,
                               .label = w->sample->label,
                               .train = w->train,
                               .test = w->test,
                               .k = w->k,
                               .is_open = w->is_open,
                               .seed = cfg->seed * 1000 + f};
        for (uint32_t i = 0; i < w->n; i++) {
            if (w->fold[i] == f)
                w->test[t.n_test++] = w->visit[i];
            else
                w->train[t.n_train++] = w->visit[i];
        }
        rc = tm_wf_attack(a, &t, &cfg->effort, w->named);
        for (uint32_t i = 0, at = 0; i < w->n && rc == TM_OK; i++)
            if (w->fold[i] == f)
                w->guess[i] = w->named[at++];
    }
    return rc;
}

static void sum_closed(struct tm_wf_closed *out, const struct world *w, double chance)
{
    *out = (struct tm_wf_closed){.n = w->n};
    for (uint32_t i = 0; i < w->n; i++)
        out->hits += w->guess[i] == w->sample->label[w->visit[i]];
    tm_wilson(out->hits, out->n, &out->accuracy);
    out->p = tm_binomial_tail(out->hits, out->n, chance);
}

static void sum_open(struct tm_wf_open *out, const struct world *w, double base_rate)
{
    uint32_t other = w->k - 1;
    uint32_t right = 0;
    uint32_t wrong = 0;
    uint32_t alarm = 0;
    *out = (struct tm_wf_open){.n_watched = 0};
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t is = w->sample->label[w->visit[i]];
        out->n_watched += is != other;
        out->n_other += is == other;
        right += is != other && w->guess[i] == is;
        wrong += is != other && w->guess[i] != is && w->guess[i] != other;
        alarm += is == other && w->guess[i] != other;
    }
    tm_wilson(right, out->n_watched, &out->right);
    tm_wilson(wrong, out->n_watched, &out->wrong);
    tm_wilson(alarm, out->n_other, &out->alarm);
    double named =
        base_rate * (out->right.value + out->wrong.value) + (1 - base_rate) * out->alarm.value;
    out->precision = named > 0 ? base_rate * out->right.value / named : NAN;
}

int tm_wf_run(struct tm_wf_found *out, const struct tm_wf_cfg *cfg, const struct tm_wf_sample *s,
              const char *name, struct tm_msg *msg)
{
    *out = (struct tm_wf_found){.n_pages = 0};
    int rc = check(out, cfg, s, name, msg);
    unsigned done = 0;
    for (int is_open = 0; is_open < 1 + out->has_open && rc == TM_OK; is_open++) {
        struct world w;
        rc = world_init(&w, cfg, s, is_open);
        for (unsigned a = 0; a < TM_WF_ATTACKS && rc == TM_OK; a++) {
            if (!cfg->has[a])
                continue;
            rc = name_all(&w, cfg, (enum tm_wf_attack)a);
            if (rc == TM_OK && is_open)
                sum_open(&out->open[a], &w, cfg->base_rate);
            else if (rc == TM_OK)
                sum_closed(&out->closed[a], &w, out->chance);
            if (cfg->progress)
                cfg->progress(name, ++done, n_attacks(cfg) * (1U + out->has_open));
        }
        world_deinit(&w);
    }
    if (rc == TM_ERR_LIMIT)
        (void)tm_msg_set(msg, rc, "%s: more visits than a support vector machine can take here",
                         name);
    return rc;
}

enum tm_wf_attack tm_wf_best(const struct tm_wf_cfg *cfg, const struct tm_wf_found *f)
{
    unsigned best = TM_WF_ATTACKS;
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++)
        if (cfg->has[a] && (best == TM_WF_ATTACKS || f->closed[a].hits > f->closed[best].hits))
            best = a;
    return (enum tm_wf_attack)best;
}

enum tm_wf_verdict tm_wf_judge(const struct tm_wf_cfg *cfg, const struct tm_wf_found *wire,
                               const struct tm_wf_found *control)
{
    if (wire->closed[tm_wf_best(cfg, wire)].hits >= wire->limit)
        return TM_WF_TOLD;
    if (!control)
        return TM_WF_NO_CONTROL;
    const struct tm_wf_closed *best = &control->closed[tm_wf_best(cfg, control)];
    double wanted = fmin(TM_WF_CONTROL * control->chance, TM_WF_SURE);
    bool is_caught = best->hits >= control->limit && best->accuracy.value >= wanted;
    return is_caught ? TM_WF_CHANCE : TM_WF_CONTROL_MISS;
}
