#include "audit/prove/proof.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/ml/fold.h"
#include "audit/ml/group.h"
#include "audit/ml/trees.h"
#include "tm/base/rng.h"

#define FOLDS            5U
#define WINDOW_US        500000 /* a slot has two windows at least, four at most */
#define WINDOWS_MAX      4U
#define PERMUTATIONS     199U /* of the forest, which is fitted five times for each */
#define MORE             999U /* of the correlation */
#define BOOTSTRAP_ROUNDS 500U
#define LAGS             11U /* bins: up to a second */
#define ROWS_MAX         (TM_TRIAL_SLOTS_MAX * WINDOWS_MAX)

enum column { BYTES, DATA, BARE, GAP_MEAN, GAP_MAX, OPENS, COLUMNS };
#define N_COLUMNS (2U * COLUMNS)
static const char *const SERIES[] = {"bytes up", "bytes down", "packets up", "packets down"};
#define N_SERIES 4U

/* All that both attacks work on; the labels of the slots are permuted in place. */
struct work {
    const struct tm_trial_phase *trial;
    const struct tm_proof_events *events;
    uint32_t n_slots, per_slot, n_rows;
    uint8_t on[TM_TRIAL_SLOTS_MAX];
    float rows[ROWS_MAX][N_COLUMNS];
    uint32_t slot_of[ROWS_MAX];
    uint8_t label[ROWS_MAX], fold[ROWS_MAX];
    float score[ROWS_MAX];
    uint32_t n_bins;
    double *series[N_SERIES]; /* owned; n_bins each, zero mean and unit length */
    double *pattern;          /* owned; n_bins */
    uint32_t *slot_at;        /* owned; n_bins: which slot the bin's middle is in */
    uint64_t seed;
    struct tm_rng rng;
};

/* ---- The rows ---- */

static uint32_t first_from(const struct tm_proof_events *e, int64_t t_us)
{
    uint32_t low = 0, high = e->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (e->v[middle].t_us < t_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void fill_row(float row[N_COLUMNS], const struct tm_proof_events *e, int64_t from_us,
                     int64_t to_us)
{
    int64_t last_us[2] = {from_us, from_us};
    memset(row, 0, sizeof(float[N_COLUMNS]));
    for (uint32_t i = first_from(e, from_us); i < e->n && e->v[i].t_us < to_us; i++) {
        const struct tm_proof_event *event = &e->v[i];
        float *x = row + (size_t)event->dir * COLUMNS;
        float gap = (float)(event->t_us - last_us[event->dir]);
        last_us[event->dir] = event->t_us;
        x[BYTES] += (float)event->bytes;
        x[event->kind == TM_PROOF_OPEN ? OPENS : event->kind == TM_PROOF_BARE ? BARE : DATA] += 1;
        x[GAP_MAX] = fmaxf(x[GAP_MAX], gap);
    }
    for (unsigned dir = 0; dir < 2; dir++) {
        float *x = row + (size_t)dir * COLUMNS;
        x[GAP_MEAN] = (float)(last_us[dir] - from_us) / (1 + x[DATA] + x[BARE] + x[OPENS]);
        x[GAP_MAX] = fmaxf(x[GAP_MAX], (float)(to_us - last_us[dir]));
    }
}

static void fill_rows(struct work *w)
{
    const struct tm_trial_slot *slots = w->trial->slots;
    int64_t len_us = slots[0].to_us - slots[0].from_us;
    w->per_slot = (uint32_t)(len_us / WINDOW_US);
    w->per_slot = w->per_slot < 2 ? 2 : w->per_slot > WINDOWS_MAX ? WINDOWS_MAX : w->per_slot;
    for (uint32_t i = 0; i < w->n_slots; i++) {
        int64_t from_us = slots[i].from_us, span_us = slots[i].to_us - from_us;
        for (uint32_t k = 0; k < w->per_slot; k++) {
            fill_row(w->rows[w->n_rows], w->events, from_us + span_us * k / w->per_slot,
                     from_us + span_us * (k + 1) / w->per_slot);
            w->slot_of[w->n_rows++] = i;
        }
    }
}

/* ---- Activity ---- */

static void label_rows(struct work *w)
{
    for (uint32_t i = 0; i < w->n_rows; i++)
        w->label[i] = w->on[w->slot_of[i]];
}

static int judge_fold(struct work *w, uint8_t k, struct tm_msg *msg)
{
    static const struct tm_trees_cfg CFG = {
        .kind = TM_TREES_FOREST, .n_trees = 20, .depth = 5, .leaves = 12};
    float x[ROWS_MAX][N_COLUMNS];
    uint8_t y[ROWS_MAX];
    float score[ROWS_MAX];
    uint32_t n = 0, n_out = 0;
    struct tm_trees_cfg cfg = CFG;
    struct tm_trees *trees = NULL;
    cfg.seed = w->seed + k;
    for (uint32_t i = 0; i < w->n_rows; i++) {
        if (w->fold[i] == k)
            continue;
        memcpy(x[n], w->rows[i], sizeof x[n]);
        y[n++] = w->label[i];
    }
    int rc = tm_trees_fit(&trees, &cfg, x[0], y, n, N_COLUMNS, msg);
    for (uint32_t i = 0; i < w->n_rows; i++) {
        if (w->fold[i] == k)
            memcpy(x[n_out++], w->rows[i], sizeof x[0]);
    }
    if (rc == TM_OK)
        rc = tm_trees_score(trees, x[0], n_out, score, msg);
    tm_trees_free(trees);
    for (uint32_t i = 0, at = 0; rc == TM_OK && i < w->n_rows; i++) {
        if (w->fold[i] == k)
            w->score[i] = score[at++];
    }
    return rc;
}

/* Scores of all rows for the labels as they are, and their AUC; rounds 0: without an interval. */
static int judge(struct work *w, uint32_t rounds, struct tm_interval *auc, struct tm_msg *msg)
{
    label_rows(w);
    int rc = tm_fold_by_group(w->slot_of, w->label, w->n_rows, FOLDS, &w->rng, w->fold);
    for (uint8_t k = 0; rc == TM_OK && k < FOLDS; k++)
        rc = judge_fold(w, k, msg);
    if (rc == TM_OK)
        rc = tm_auc_by_fold(w->score, w->label, w->slot_of, w->fold, w->n_rows, rounds, &w->rng,
                            auc);
    if (rc == TM_OK && isnan(auc->value)) /* no fold has both: nothing was told apart */
        auc->value = 0.5;
    return rc;
}

static void score_slots(struct tm_proof_phase *out, const struct work *w)
{
    for (uint32_t i = 0; i < w->n_rows; i++)
        out->score[w->slot_of[i]] += w->score[i] / (float)w->per_slot;
    for (uint32_t i = 0; i < w->n_slots; i++) {
        if (out->score[i] > 0.5F)
            *(w->on[i] ? &out->n_named_on : &out->n_named_off) += 1;
    }
}

static void permute(struct work *w)
{
    for (uint32_t i = w->n_slots; i > 1; i--) {
        uint32_t j = (uint32_t)tm_rng_below(&w->rng, i);
        uint8_t on = w->on[i - 1];
        w->on[i - 1] = w->on[j];
        w->on[j] = on;
    }
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* drawn[n]: the statistic under permuted patterns. */
static void conclude(struct tm_proof_finding *f, double *drawn, uint32_t n)
{
    uint32_t n_more = 0;
    for (uint32_t i = 0; i < n; i++)
        n_more += drawn[i] >= f->value.value;
    qsort(drawn, n, sizeof *drawn, by_size);
    f->p = (1.0 + n_more) / (1.0 + n);
    /* The smallest value above which at most so many draws lie that p stays within the level. */
    uint32_t n_allowed = (uint32_t)(TM_PROOF_LEVEL * (1.0 + n) + 1e-9) - 1;
    f->needed = drawn[n - 1 - n_allowed];
    f->is_found = f->p <= TM_PROOF_LEVEL;
}

static int attack_activity(struct work *w, struct tm_proof_phase *out, struct tm_msg *msg)
{
    struct tm_proof_finding *f = &out->finding[TM_PROOF_ACTIVITY];
    double drawn[PERMUTATIONS];
    int rc = judge(w, BOOTSTRAP_ROUNDS, &f->value, msg);
    if (rc == TM_OK)
        rc = tm_roc(w->score, w->label, w->fold, w->n_rows, out->roc);
    if (rc == TM_OK)
        score_slots(out, w);
    for (uint32_t i = 0; rc == TM_OK && i < PERMUTATIONS; i++) {
        struct tm_interval auc;
        permute(w);
        rc = judge(w, 0, &auc, msg);
        drawn[i] = auc.value;
    }
    if (rc == TM_OK)
        conclude(f, drawn, PERMUTATIONS);
    return rc;
}

/* ---- Times ---- */

/* Zero mean, unit length; a series that does not change becomes all zeros. */
static void normalise(double *v, uint32_t n)
{
    double mean = 0, square = 0;
    for (uint32_t i = 0; i < n; i++)
        mean += v[i] / n;
    for (uint32_t i = 0; i < n; i++) {
        v[i] -= mean;
        square += v[i] * v[i];
    }
    for (uint32_t i = 0; i < n; i++)
        v[i] = square > 1e-9 ? v[i] / sqrt(square) : 0;
}

static int fill_series(struct work *w)
{
    const struct tm_trial_slot *slots = w->trial->slots;
    int64_t from_us = slots[0].from_us;
    w->n_bins = (uint32_t)((slots[w->n_slots - 1].to_us - from_us) / TM_PROOF_BIN_US);
    w->pattern = calloc(w->n_bins, sizeof *w->pattern);
    w->slot_at = calloc(w->n_bins, sizeof *w->slot_at);
    for (unsigned k = 0; k < N_SERIES; k++)
        w->series[k] = calloc(w->n_bins, sizeof *w->series[k]);
    for (unsigned k = 0; k < N_SERIES; k++) {
        if (w->series[k] == NULL || w->pattern == NULL || w->slot_at == NULL)
            return TM_ERR_NOMEM;
    }
    const struct tm_proof_events *e = w->events;
    for (uint32_t i = first_from(e, from_us); i < e->n; i++) {
        uint64_t bin = (uint64_t)(e->v[i].t_us - from_us) / TM_PROOF_BIN_US;
        if (bin >= w->n_bins)
            break;
        w->series[e->v[i].dir][bin] += e->v[i].bytes;
        w->series[2 + e->v[i].dir][bin] += 1;
    }
    for (uint32_t b = 0, slot = 0; b < w->n_bins; b++) {
        int64_t middle_us = from_us + TM_PROOF_BIN_US * (int64_t)b + TM_PROOF_BIN_US / 2;
        while (slot + 1 < w->n_slots && slots[slot].to_us <= middle_us)
            slot++;
        w->slot_at[b] = slot;
    }
    for (unsigned k = 0; k < N_SERIES; k++) {
        for (uint32_t b = 0; b < w->n_bins; b++)
            w->series[k][b] = log1p(w->series[k][b]); /* or one burst would be all of the sum */
        normalise(w->series[k], w->n_bins);
    }
    return TM_OK;
}

/* The largest correlation of pattern and wire; *series and *lag: where. */
static double correlate(struct work *w, unsigned *series, uint32_t *lag)
{
    double best = -1;
    for (uint32_t b = 0; b < w->n_bins; b++)
        w->pattern[b] = w->on[w->slot_at[b]];
    normalise(w->pattern, w->n_bins);
    for (unsigned k = 0; k < N_SERIES; k++) {
        for (uint32_t l = 0; l < LAGS && l < w->n_bins; l++) {
            double sum = 0;
            for (uint32_t b = l; b < w->n_bins; b++)
                sum += w->pattern[b - l] * w->series[k][b];
            if (fabs(sum) > best) {
                best = fabs(sum);
                *series = k;
                *lag = l;
            }
        }
    }
    return best;
}

static void attack_times(struct work *w, struct tm_proof_phase *out)
{
    struct tm_proof_finding *f = &out->finding[TM_PROOF_TIMES];
    double drawn[MORE];
    unsigned series = 0;
    uint32_t lag = 0;
    f->value = (struct tm_interval){correlate(w, &series, &lag), NAN, NAN};
    out->series = SERIES[series];
    out->lag_us = (int64_t)lag * TM_PROOF_BIN_US;
    for (uint32_t i = 0; i < MORE; i++) {
        unsigned any_series;
        uint32_t any_lag;
        permute(w);
        drawn[i] = correlate(w, &any_series, &any_lag);
    }
    conclude(f, drawn, MORE);
}

/* ---- Both ---- */

static void take_labels(struct work *w)
{
    for (uint32_t i = 0; i < w->n_slots; i++)
        w->on[i] = w->trial->slots[i].is_on;
}

static void count(struct tm_proof_phase *out, const struct work *w)
{
    const struct tm_trial_slot *slots = w->trial->slots;
    out->n_slots = w->n_slots;
    out->n_windows = w->n_rows;
    out->from_us = slots[0].from_us;
    out->to_us = slots[w->n_slots - 1].to_us;
    for (uint32_t i = 0; i < w->n_slots; i++) {
        out->n_on += slots[i].is_on;
        for (unsigned dir = 0; dir < 2; dir++)
            out->moved_bytes[dir] += slots[i].bytes[dir];
    }
    const struct tm_proof_events *e = w->events;
    for (uint32_t i = first_from(e, out->from_us); i < e->n && e->v[i].t_us < out->to_us; i++)
        out->wire_bytes[e->v[i].dir] += e->v[i].bytes;
}

int tm_proof_run(struct tm_proof_phase *out, const struct tm_trial_phase *t,
                 const struct tm_proof_events *events, uint64_t seed, struct tm_msg *msg)
{
    uint8_t key[TM_SEED_LEN];
    *out = (struct tm_proof_phase){.series = SERIES[0]};
    struct work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return TM_ERR_NOMEM;
    w->trial = t;
    w->events = events;
    w->n_slots = t->n_slots;
    w->seed = seed;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&w->rng, key);
    int rc = TM_OK;
    if (t->n_slots < TM_PROOF_SLOTS_MIN) {
        rc = tm_msg_set(msg, TM_ERR_RANGE, "%u slots are too few for the attacks: %u are needed",
                        t->n_slots, TM_PROOF_SLOTS_MIN);
        goto out;
    }
    take_labels(w);
    fill_rows(w);
    count(out, w);
    if (out->n_on < FOLDS || out->n_slots - out->n_on < FOLDS) {
        rc =
            tm_msg_set(msg, TM_ERR_RANGE, "fewer than %u slots are busy, or fewer are idle", FOLDS);
        goto out;
    }
    rc = attack_activity(w, out, msg);
    take_labels(w);
    if (rc == TM_OK)
        rc = fill_series(w);
    if (rc == TM_OK)
        attack_times(w, out);
out:
    for (unsigned k = 0; k < N_SERIES; k++)
        free(w->series[k]);
    free(w->pattern);
    free(w->slot_at);
    free(w);
    return rc;
}

void tm_proof_bins(double *bins, uint32_t n, int64_t from_us, int64_t to_us,
                   const struct tm_proof_events *events, unsigned dir)
{
    memset(bins, 0, n * sizeof *bins);
    for (uint32_t i = first_from(events, from_us); i < events->n; i++) {
        const struct tm_proof_event *e = &events->v[i];
        if (e->t_us >= to_us)
            break;
        if (e->dir == dir)
            bins[(uint64_t)(e->t_us - from_us) * n / (uint64_t)(to_us - from_us)] += e->bytes;
    }
}
