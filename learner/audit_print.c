#include "learner/audit_print.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

static const char *word(bool ok)
{
    return ok ? "ok" : "TOO MUCH";
}

static void print_param(const struct tm_recall *r, enum tm_swing_param p, bool has_heldout)
{
    (void)printf("  %-18s%9" PRIu64 "%14" PRIu64 "%11" PRIu64, tm_swing_param_name(p), r->n_values,
                 r->n_few, r->n_rare);
    if (has_heldout)
        (void)printf("%11" PRIu64 "%13.2f %%%9.2f %%\n", r->n_chance, 100 * r->rare_share,
                     100 * r->chance_share);
    else
        (void)printf("%11s%13.2f %%%11s\n", "-", 100 * r->rare_share, "-");
}

static void print_params(const struct tm_exposure *x, const struct tm_audit_options *o)
{
    bool has_heldout = o->n_heldout > 0;
    (void)printf("\n%29s%10s%4u%24s%26s\n%39s%15s%11s%15s%11s\n", "values", "under ", o->limits.k,
                 "rare values", "draws of rare ones", "", "of training", "by chance", "of training",
                 "by chance");
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (x->param[p].n_values > 0)
            print_param(&x->param[p], (enum tm_swing_param)p, has_heldout);
    }
    (void)printf("\nvalues of fewer than %u observations: %" PRIu64 " (none allowed): %s\n",
                 o->limits.k, x->n_few, word(x->few_ok));
    (void)printf("draws that stand for rare training values, above chance and its error: %.2f %% "
                 "of %s (at most "
                 "%.2f %%): %s\n",
                 100 * x->worst_draws, tm_swing_param_name(x->draws_of), 100 * o->limits.max_rare,
                 word(x->draws_ok));
    if (has_heldout)
        (void)printf(
            "values that are rare training values, above chance and its error: %.2f %% of %s (at "
            "most %.2f %%): %s\n",
            100 * x->worst_values, tm_swing_param_name(x->values_of), 100 * o->limits.max_rare,
            word(x->values_ok));
}

static void print_ratio(const char *what, double drawn, double heldout, double ratio, double least)
{
    (void)printf("  %-12s %.3f, of held-out ones %.3f: ", what, drawn, heldout);
    if (isnan(ratio))
        (void)printf("held-out connections lie at training ones, nothing to compare\n");
    else
        (void)printf("ratio %.2f (at least %.2f): %s\n", ratio, least, word(!(ratio < least)));
}

static void print_near(const struct tm_exposure *x, const struct tm_audit_options *o)
{
    const struct tm_near *n = &x->near;
    (void)printf("distance of %" PRIu32
                 " drawn connections to the nearest training one, by sizes\n",
                 o->limits.n_drawn);
    print_ratio("median", n->median[TM_NEAR_DRAWN], n->median[TM_NEAR_HELDOUT], x->ratio,
                o->limits.min_ratio);
    print_ratio("5 % quantile", n->q05[TM_NEAR_DRAWN], n->q05[TM_NEAR_HELDOUT], x->ratio_q05,
                o->limits.min_ratio_q05);
    (void)printf("drawn connections that equal a training one, size for size: %.2f %%, of held-out "
                 "ones %.2f %% (at most %.2f %% more): %s\n",
                 100 * n->copy_share[TM_NEAR_DRAWN], 100 * n->copy_share[TM_NEAR_HELDOUT],
                 100 * o->limits.max_copies, word(x->copies_ok));
    (void)printf(
        "of a drawn connection, one stretch of a training one on average: %.1f %%, of held-out "
        "ones %.1f %% (at most %.1f %% more): %s\n",
        100 * n->stretch[TM_NEAR_DRAWN], 100 * n->stretch[TM_NEAR_HELDOUT],
        100 * o->limits.max_stretch, word(x->stretch_ok));
}

static void print_text(const struct tm_audit_options *o, const struct tm_exposure *x,
                       const struct tm_exposure_side *train, const struct tm_exposure_side *heldout)
{
    (void)printf("%s, learned from %zu connections of %" PRIu64 " users", o->name, train->points.n,
                 train->n_users);
    if (o->n_heldout > 0)
        (void)printf("; held out: %zu connections of %" PRIu64 " users", heldout->points.n,
                     heldout->n_users);
    (void)printf("\n");
    if (x->has_params)
        print_params(x, o);
    if (x->has_near)
        print_near(x, o);
    else
        (void)printf("no held-out capture (--heldout): nothing is said about whole connections\n");
    if (train->n_users < 2)
        (void)printf("there is one user in the training captures: all that the model says is about "
                     "that user\n");
    (void)printf("%s: %s\n", o->name,
                 tm_exposure_ok(x) ? "nothing over a limit"
                                   : "tells too much; do not give it away");
}

static void print_number(const char *name, double v)
{
    if (isnan(v))
        (void)printf(", \"%s\": null", name);
    else
        (void)printf(", \"%s\": %.6g", name, v);
}

static void print_param_json(const struct tm_recall *r, enum tm_swing_param p,
                             const struct tm_audit_options *o)
{
    (void)printf("\n    {\"name\": \"%s\", \"values\": %" PRIu64 ", \"few\": %" PRIu64
                 ", \"rare\": %" PRIu64,
                 tm_swing_param_name(p), r->n_values, r->n_few, r->n_rare);
    print_number("rare_share", r->rare_share);
    print_number("chance", o->n_heldout > 0 ? (double)r->n_chance : (double)NAN);
    print_number("chance_share", o->n_heldout > 0 ? r->chance_share : (double)NAN);
    (void)printf("}");
}

static void print_near_json(const struct tm_exposure *x)
{
    const struct tm_near *n = &x->near;
    static const char *const side[] = {[TM_NEAR_HELDOUT] = "heldout", [TM_NEAR_DRAWN] = "drawn"};
    (void)printf(",\n  \"distance\": {");
    for (int s = 0; s < TM_NEAR_SIDES; s++)
        (void)printf(
            "%s\"%s\": {\"median\": %.6g, \"q05\": %.6g, \"copies\": %.6g, \"stretch\": %.6g}",
            s > 0 ? ", " : "", side[s], n->median[s], n->q05[s], n->copy_share[s], n->stretch[s]);
    print_number("ratio", x->ratio);
    print_number("ratio_q05", x->ratio_q05);
    (void)printf("}");
}

static void print_json(const struct tm_audit_options *o, const struct tm_exposure *x,
                       const struct tm_exposure_side *train, const struct tm_exposure_side *heldout)
{
    static const char *const text[] = {"false", "true"};
    (void)printf("{\"schema_version\": 1, \"model\": \"%s\", \"k\": %u,\n  \"train\": "
                 "{\"connections\": %zu, \"users\": %" PRIu64 "}",
                 o->name, o->limits.k, train->points.n, train->n_users);
    if (o->n_heldout > 0)
        (void)printf(", \"heldout\": {\"connections\": %zu, \"users\": %" PRIu64 "}",
                     heldout->points.n, heldout->n_users);
    if (x->has_params) {
        (void)printf(",\n  \"parameters\": [");
        for (int p = 0; p < TM_SWING_PARAMS; p++) {
            (void)printf("%s", p > 0 ? "," : "");
            print_param_json(&x->param[p], (enum tm_swing_param)p, o);
        }
        (void)printf("]");
    }
    if (x->has_near)
        print_near_json(x);
    (void)printf(",\n  \"few_ok\": %s, \"draws_ok\": %s, \"values_ok\": %s, \"ratio_ok\": %s, "
                 "\"copies_ok\": %s, \"stretch_ok\": %s}\n",
                 text[x->few_ok], text[x->draws_ok], text[x->values_ok], text[x->ratio_ok],
                 text[x->copies_ok], text[x->stretch_ok]);
}

void tm_audit_print(const struct tm_audit_options *o, const struct tm_exposure *x,
                    const struct tm_exposure_side *train, const struct tm_exposure_side *heldout)
{
    if (o->is_json)
        print_json(o, x, train, heldout);
    else
        print_text(o, x, train, heldout);
}
