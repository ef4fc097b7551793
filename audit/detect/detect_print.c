#include "audit/detect/detect_report.h"

#include <inttypes.h>
#include <math.h>

#define FEATURES_SHOWN 10U

static const char *const SIDE[TM_DETECT_SIDES] = {"real", "cover", "training"};

static void print_sides(const struct tm_detect_result *r, FILE *f)
{
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        if (r->given[s].n_conns == 0)
            continue;
        (void)fprintf(f,
                      "%-9s %s: %" PRIu32 " connections of %" PRIu32 " sessions (%s), used %" PRIu32
                      " of %" PRIu32 "\n",
                      SIDE[s], r->name[s], r->given[s].n_conns, r->given[s].n_sessions,
                      r->sessions[s], r->used[s].n_conns, r->used[s].n_sessions);
    }
    (void)fprintf(f, "attack    %s, %" PRIu32 " folds by session; times ",
                  r->learner == TM_TREES_FOREST ? "random forest" : "boosted trees", r->folds);
    if (r->floor_us > 0)
        (void)fprintf(f, "rounded down to %" PRId64 " us", r->floor_us);
    else
        (void)fprintf(f, "as captured");
    (void)fprintf(f, "; %s; seed %" PRIu64 "\n",
                  r->is_one_per_load
                      ? "one connection of each page load"
                      : "every connection is scored alone, siblings are not added up",
                  r->seed);
}

static void print_test(const struct tm_detect_test *t, FILE *f)
{
    if (t->is_done)
        (void)fprintf(f, "  %.3f [%.3f, %.3f]", t->auc.value, t->auc.low, t->auc.high);
    else
        (void)fprintf(f, "  %-20s", "-");
}

static void print_groups(const struct tm_detect_result *r, FILE *f)
{
    (void)fprintf(f, "\n%-7s  %-20s  %-20s  %-20s  %-21s  %s\n", "AUC", "cover [95 %]",
                  "R, re-rendered", "Rb, with reuse", "null mean (range) z", "verdict");
    for (uint32_t g = 0; g < r->n_groups; g++) {
        const struct tm_detect_group *v = &r->groups[g];
        (void)fprintf(f, "%-7s", v->name);
        print_test(&v->cover, f);
        print_test(&v->floor_r, f);
        print_test(&v->floor_rb, f);
        if (v->null.n > 0)
            (void)fprintf(f, "  %.2f (%.2f-%.2f) %5.1f", v->null.mean, v->null.low, v->null.high,
                          v->null.z);
        else
            (void)fprintf(f, "  %-21s", "-");
        (void)fprintf(f, "  %s\n", tm_detect_verdict_name(v->verdict));
    }
    (void)fputc('\n', f);
    for (uint32_t g = 0; g < r->n_groups; g++)
        (void)fprintf(f, "%s\n", r->groups[g].text);
}

static void print_features(const struct tm_detect_result *r, FILE *f)
{
    (void)fprintf(f,
                  "\nsingle features: %" PRIu32 " of %" PRIu32
                  " differ (Kolmogorov-Smirnov, sessions permuted, Holm 5 %%)\n",
                  r->n_told, r->n_features);
    (void)fprintf(f, "  %-24s %8s %10s %10s\n", "smallest p", "distance", "p", "Holm");
    for (uint32_t j = 0; j < r->n_features && j < FEATURES_SHOWN; j++) {
        const struct tm_detect_feature *v = &r->features[j];
        (void)fprintf(f, "  %-24s %8.3f %10.2g %10.2g\n", v->name, v->ks, v->p, v->p_holm);
    }
    if (r->n_groups == 0)
        return;
    const struct tm_detect_group *last = &r->groups[r->n_groups - 1];
    (void)fprintf(f, "what the trees of %s used (share of gain):", last->name);
    for (uint32_t k = 0; k < last->n_top; k++)
        (void)fprintf(f, "%s %s %.2f", k > 0 ? "," : "", last->top[k].name, last->top[k].gain);
    (void)fputc('\n', f);
}

static void print_memory(const struct tm_detect_memory *m, FILE *f)
{
    if (!m->is_done)
        return;
    (void)fprintf(
        f,
        "\nmemorisation, %" PRIu32 " of cover and %" PRIu32 " real against %" PRIu32
        " training connections (1: as new as real ones; 0: copies)\n"
        "  distance to the nearest, cover over real: median %.2f, 5 %% quantile %.2f\n"
        "  exact copies of sizes and order: cover %.1f %%, real %.1f %%\n"
        "  longest run of one training connection: cover %.0f %% of the writes, real %.0f "
        "%%\n",
        m->n_cover, m->n_real, m->n_train, m->median_ratio, m->q05_ratio,
        100 * m->exact_share[TM_COVER], 100 * m->exact_share[TM_REAL], 100 * m->run_share[TM_COVER],
        100 * m->run_share[TM_REAL]);
}

void tm_detect_print(const struct tm_detect_result *r, FILE *f)
{
    print_sides(r, f);
    print_groups(r, f);
    print_features(r, f);
    print_memory(&r->memory, f);
    if (r->has_controls) {
        (void)fprintf(f, "\ncontrols\n");
        for (int k = 0; k < TM_CONTROLS; k++)
            (void)fprintf(f, "  %s\n", r->control[k].text);
    }
    for (uint32_t k = 0; k < r->n_warnings; k++)
        (void)fprintf(f, "%swarning: %s\n", k == 0 ? "\n" : "", r->warning[k]);
    (void)fprintf(f, "\ndetect: %s\n", r->text);
}
