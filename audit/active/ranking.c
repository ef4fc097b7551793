#include "audit/active/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "audit/wf/judge.h"

#define LOWEST      (-1e9F) /* below every score */
#define ROUNDS      500U
#define FPR_PERCENT 5U

static int make_room(struct tm_trial_scores *t, uint32_t m)
{
    if (t->cap - t->n >= m)
        return TM_OK;
    uint32_t cap = t->cap == 0 ? 1024 : t->cap;
    while (cap - t->n < m) {
        if (cap > UINT32_MAX / 16)
            return TM_ERR_NOMEM;
        cap *= 2;
    }
    float *score = realloc(t->score, cap * sizeof *score);
    if (score)
        t->score = score;
    uint8_t *label = realloc(t->label, cap);
    if (label)
        t->label = label;
    uint32_t *trial = realloc(t->trial, cap * sizeof *trial);
    if (trial)
        t->trial = trial;
    if (!score || !label || !trial)
        return TM_ERR_NOMEM;
    t->cap = cap;
    return TM_OK;
}

int tm_trial_scores_add(struct tm_trial_scores *t, const double *score, uint32_t m)
{
    TM_ASSERT(m >= 2);
    int rc = make_room(t, m);
    if (rc != TM_OK)
        return rc;
    for (uint32_t i = 0; i < m; i++) {
        t->score[t->n] = isfinite(score[i]) ? (float)score[i] : LOWEST;
        t->label[t->n] = i == 0;
        t->trial[t->n++] = t->n_trials;
    }
    t->n_trials++;
    return TM_OK;
}

void tm_trial_scores_deinit(struct tm_trial_scores *t)
{
    free(t->score);
    free(t->label);
    free(t->trial);
    *t = (struct tm_trial_scores){0};
}

struct sums { /* over trials */
    double hits, chance, placement, variance, n_true, n_other, n_best;
    double sum_true, sum_other, sum_best; /* of scores that are numbers, n_* of them */
};

/* One trial: score[0] is of the true one. */
static void add_trial(struct sums *s, const float *score, uint32_t m)
{
    uint32_t above = 0;
    uint32_t equal = 0;
    float best = LOWEST;
    for (uint32_t i = 1; i < m; i++) {
        above += score[i] > score[0];
        equal += !(score[i] > score[0]) && !(score[i] < score[0]);
        best = score[i] > best ? score[i] : best;
        if (score[i] > LOWEST) {
            s->sum_other += score[i];
            s->n_other++;
        }
    }
    s->hits += above == 0 ? 1.0 / (equal + 1) : 0;
    s->chance += 1.0 / m;
    s->placement += 1 - (above + equal / 2.0) / (m - 1);
    s->variance += (m + 1.0) / (12.0 * (m - 1));
    if (score[0] > LOWEST) {
        s->sum_true += score[0];
        s->n_true++;
    }
    if (best > LOWEST) {
        s->sum_best += best;
        s->n_best++;
    }
}

static int find_curve(struct tm_ranking *out, const struct tm_trial_scores *t, struct tm_rng *rng)
{
    double tpr[101];
    uint8_t *fold = calloc((size_t)t->n + 1, 1);
    if (!fold)
        return TM_ERR_NOMEM;
    int rc = tm_auc_by_fold(t->score, t->label, t->trial, fold, t->n, ROUNDS, rng, &out->auc);
    if (rc == TM_OK)
        rc = tm_roc(t->score, t->label, fold, t->n, tpr);
    free(fold);
    if (rc == TM_OK)
        out->tpr = tpr[FPR_PERCENT];
    return rc;
}

int tm_ranking_of(struct tm_ranking *out, const struct tm_trial_scores *t, struct tm_rng *rng)
{
    struct sums s = {0};
    double n = t->n_trials;
    *out = (struct tm_ranking){.n_trials = t->n_trials,
                               .n_others = t->n - t->n_trials,
                               .auc = {NAN, NAN, NAN},
                               .tpr = NAN,
                               .first_p = NAN,
                               .placement_p = NAN};
    for (uint32_t i = 0, m; i < t->n; i += m) {
        for (m = 1; i + m < t->n && t->trial[i + m] == t->trial[i]; m++) {
        }
        add_trial(&s, t->score + i, m);
    }
    tm_wilson(s.hits, n, &out->first);
    out->chance = s.chance / n;
    out->placement = s.placement / n;
    out->mean_true = s.sum_true / s.n_true;
    out->mean_other = s.sum_other / s.n_other;
    out->mean_best_other = s.sum_best / s.n_best;
    if (t->n_trials == 0)
        return TM_OK;
    out->first_p = tm_binomial_tail((uint32_t)floor(s.hits), t->n_trials, out->chance);
    out->placement_p = erfc((s.placement - n / 2) / sqrt(s.variance) / sqrt(2)) / 2;
    return find_curve(out, t, rng);
}
