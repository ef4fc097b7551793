#include "learner/ops/compare.h"

#include <math.h>

#include "tm/base/ks.h"

int tm_marginals_fit(struct tm_marginals *out, struct tm_samples *samples)
{
    *out = (struct tm_marginals){0};
    for (unsigned p = 0; p < TM_SWING_PARAMS; p++) {
        int rc = tm_samples_fit(samples, p, TM_DIST_POINTS_MAX, &out->param[p]);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

int tm_marginals_copy(struct tm_marginals *out, const struct tm_swing *swing)
{
    *out = (struct tm_marginals){0};
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        int rc = tm_dist_set(&out->param[p], swing->param[p].pt, swing->param[p].n_points);
        if (rc != TM_OK)
            return rc;
        out->bound[p] = swing->bound[p];
    }
    return TM_OK;
}

void tm_marginals_deinit(struct tm_marginals *m)
{
    for (size_t p = 0; p < TM_SWING_PARAMS; p++)
        tm_dist_deinit(&m->param[p]);
}

/* Walks the values of both distributions together. */
struct walk {
    const struct tm_dist *d[2];
    size_t at[2];
    double share[2]; /* of each side's values at or below `value` */
    uint64_t value;
};

static bool walk_next(struct walk *w)
{
    bool has_any = false;
    uint64_t least = UINT64_MAX;
    for (int s = 0; s < 2; s++) {
        if (w->at[s] < w->d[s]->n_points) {
            uint64_t v = w->d[s]->pt[w->at[s]].value;
            least = v < least ? v : least;
            has_any = true;
        }
    }
    for (int s = 0; s < 2; s++) {
        const struct tm_dist *d = w->d[s];
        if (w->at[s] < d->n_points && d->pt[w->at[s]].value == least)
            w->share[s] = (double)d->pt[w->at[s]++].cum / (double)tm_dist_total(d);
    }
    w->value = least;
    return has_any;
}

double tm_compare_ks(const struct tm_dist *a, const struct tm_dist *b)
{
    struct walk w = {.d = {a, b}};
    double most = 0;
    while (walk_next(&w))
        most = fmax(most, fabs(w.share[0] - w.share[1]));
    return most;
}

double tm_compare_wasserstein(const struct tm_dist *a, const struct tm_dist *b)
{
    struct walk w = {.d = {a, b}};
    double sum = 0;
    double apart = 0;
    uint64_t before = 0;
    while (walk_next(&w)) {
        sum += apart * (double)(w.value - before);
        apart = fabs(w.share[0] - w.share[1]);
        before = w.value;
    }
    return sum;
}

/* The gaps whose bounds decide what is in a distribution; group.h draws them. */
#define BIT(p) (1U << (p))
static const unsigned gaps_of[TM_SWING_PARAMS] = {
    [TM_SWING_NUM_RRE] = BIT(TM_SWING_INTER_RRE) | BIT(TM_SWING_INTER_SESSION),
    [TM_SWING_INTER_RRE] = BIT(TM_SWING_INTER_RRE),
    [TM_SWING_NUM_CONN] = BIT(TM_SWING_INTER_CONN) | BIT(TM_SWING_INTER_RRE),
    [TM_SWING_INTER_CONN] = BIT(TM_SWING_INTER_CONN),
    [TM_SWING_INTER_SESSION] = BIT(TM_SWING_INTER_SESSION),
};

bool tm_marginals_is_censored(const struct tm_marginals *m, enum tm_swing_param p)
{
    for (unsigned gap = 0; gap < TM_SWING_PARAMS; gap++) {
        bool is_cut = m->bound[gap].least > 0 || m->bound[gap].most > 0;
        if (is_cut && (gaps_of[p] & BIT(gap)) != 0)
            return true;
    }
    return false;
}

static double relative(uint64_t a, uint64_t b)
{
    if (a == b)
        return 0;
    return a > 0 ? ((double)b - (double)a) / (double)a : NAN;
}

static void compare_one(const struct tm_dist *a, const struct tm_dist *b, struct tm_compared *out)
{
    const struct tm_dist *side[2] = {a, b};
    for (int s = 0; s < 2; s++) {
        out->n[s] = tm_dist_total(side[s]);
        if (out->n[s] == 0)
            continue;
        out->median[s] = tm_dist_quantile(side[s], 500);
        out->iqr[s] = tm_dist_quantile(side[s], 750) - tm_dist_quantile(side[s], 250);
    }
    out->is_tested = out->n[0] > 0 && out->n[1] > 0;
    if (!out->is_tested)
        return;
    double n[2] = {(double)out->n[0], (double)out->n[1]};
    out->n_eff = n[0] * n[1] / (n[0] + n[1]);
    out->ks = tm_compare_ks(a, b);
    out->ks_limit = TM_COMPARE_KS_FACTOR / sqrt(out->n_eff);
    out->is_same = out->ks <= out->ks_limit;
    out->p = tm_ks_p(out->ks, n[0], n[1]);
    out->median_error = relative(out->median[0], out->median[1]);
    out->iqr_error = relative(out->iqr[0], out->iqr[1]);
    out->wasserstein = tm_compare_wasserstein(a, b);
}

int tm_compare(const struct tm_marginals *a, const struct tm_marginals *b, struct tm_compared *out)
{
    double p[TM_SWING_PARAMS];
    double adjusted[TM_SWING_PARAMS];
    uint32_t n = 0;
    for (size_t i = 0; i < TM_SWING_PARAMS; i++) {
        enum tm_swing_param param = (enum tm_swing_param)i;
        out[i] = (struct tm_compared){.is_censored = tm_marginals_is_censored(a, param) ||
                                                     tm_marginals_is_censored(b, param),
                                      .bound = {a->bound[i], b->bound[i]}};
        compare_one(&a->param[i], &b->param[i], &out[i]);
        if (out[i].is_tested)
            p[n++] = out[i].p;
    }
    int rc = tm_holm(p, n, adjusted);
    for (size_t i = TM_SWING_PARAMS; i > 0 && rc == TM_OK; i--) {
        if (out[i - 1].is_tested)
            out[i - 1].p_holm = adjusted[--n];
    }
    return rc;
}
