#include "learner/ops/compare_report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "learner/figure.h"

/* What is said of a parameter. */
static const char *verdict(const struct tm_compared *c)
{
    if (c->n[0] == 0 && c->n[1] == 0)
        return "no values";
    if (!c->is_tested)
        return "values on one side only";
    if (c->is_censored)
        return c->is_same ? "same, censored" : "censored";
    return c->is_same ? "same" : "DIFFERS";
}

static void add_percent(struct tm_text *t, double error, int width)
{
    if (isnan(error))
        tm_text_add(t, " %*s", width, "-");
    else
        tm_text_add(t, " %+*.1f%%", width - 1, error * 100);
}

static void add_row(struct tm_text *t, const struct tm_compared *c, enum tm_swing_param p)
{
    char median[2][TM_FIGURE_LEN];
    char moved[TM_FIGURE_LEN];
    tm_text_add(t, "%-16s %8" PRIu64 " %8" PRIu64, tm_swing_param_name(p), c->n[0], c->n[1]);
    if (!c->is_tested) {
        tm_text_add(t, " %7s %7s %7s %9s %9s %8s %8s %9s  %s\n", "-", "-", "-", "-", "-", "-", "-",
                    "-", verdict(c));
        return;
    }
    for (int s = 0; s < 2; s++)
        tm_figure_number(median[s], c->median[s], tm_swing_param_unit(p));
    tm_figure_mean_number(moved, c->wasserstein, tm_swing_param_unit(p));
    tm_text_add(t, " %7.4f %7.4f %7.2g %9s %9s", c->ks, c->ks_limit, c->p_holm, median[0],
                median[1]);
    add_percent(t, c->median_error, 8);
    add_percent(t, c->iqr_error, 8);
    tm_text_add(t, " %9s  %s\n", moved, verdict(c));
}

/* A sentence that names the parameters that differ; nothing when there are none. */
static void list_different(struct tm_text *t, const struct tm_compared *c)
{
    const char *before = "Different:";
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (!c[p].is_tested || c[p].is_censored || c[p].is_same)
            continue;
        tm_text_add(t, "%s %s", before, tm_swing_param_name((enum tm_swing_param)p));
        before = ",";
    }
    if (before[0] == ',')
        tm_text_add(t, ".\n");
}

/* " (2 s to 5 min)": what the rules left of the parameter's range. */
static void add_bound(struct tm_text *t, const struct tm_bound *b, enum tm_swing_param p)
{
    char least[TM_FIGURE_LEN];
    char most[TM_FIGURE_LEN];
    const char *unit = tm_swing_param_unit(p);
    tm_figure_number(least, b->least, unit);
    tm_figure_number(most, b->most, unit);
    if (b->least > 0 && b->most > 0)
        tm_text_add(t, " (%s to %s)", least, most);
    else if (b->least > 0 || b->most > 0)
        tm_text_add(t, " (%s %s)", b->least > 0 ? "from" : "to", b->least > 0 ? least : most);
}

/* A sentence that names the parameters that are censored and their bounds. */
static void list_censored(struct tm_text *t, const struct tm_compared *c)
{
    const char *before = "Not judged, because the rules that find RREs and sessions cut them:";
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (!c[p].is_tested || !c[p].is_censored)
            continue;
        const struct tm_bound *b = c[p].bound;
        bool is_one = b[0].least == b[1].least && b[0].most == b[1].most;
        tm_text_add(t, "%s %s", before, tm_swing_param_name((enum tm_swing_param)p));
        for (int s = 0; s < (is_one ? 1 : 2); s++)
            add_bound(t, &b[s], (enum tm_swing_param)p);
        before = ",";
    }
    if (before[0] == ',')
        tm_text_add(t, ".\n");
}

static unsigned count(const struct tm_compared *c, bool is_same)
{
    unsigned n = 0;
    for (int p = 0; p < TM_SWING_PARAMS; p++)
        n += c[p].is_tested && !c[p].is_censored && c[p].is_same == is_same;
    return n;
}

static void add_verdicts(struct tm_text *t, const struct tm_compared *c)
{
    unsigned n_same = count(c, true);
    unsigned n_judged = n_same + count(c, false);
    double least = INFINITY;
    double most = 0;
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (c[p].is_tested && !c[p].is_censored) {
            least = fmin(least, c[p].n_eff);
            most = fmax(most, c[p].n_eff);
        }
    }
    if (n_judged == 0) {
        tm_text_add(t, "\nNo parameter has values on both sides that can be judged.\n");
        return;
    }
    tm_text_add(t,
                "\n%u of %u parameters are the same within chance: D is at most %.2f/sqrt(n_eff), "
                "which chance exceeds once in a thousand (n_eff %.0f to %.0f).\n",
                n_same, n_judged, TM_COMPARE_KS_FACTOR, least, most);
    list_different(t, c);
    list_censored(t, c);
}

static void add_correlations(struct tm_text *t, const struct tm_compare_report *r)
{
    double most = 0;
    int widest = TM_RELATIONS;
    tm_text_add(t, "\n%-26s %8s %8s %8s\n", "RANK CORRELATION", "1", "2", "DIFFER");
    for (int i = 0; i < TM_RELATIONS; i++) {
        double x = r->side[0].rho[i];
        double y = r->side[1].rho[i];
        if (isnan(x) || isnan(y)) {
            tm_text_add(t, "%-26s %8s %8s %8s\n", tm_relation_name((enum tm_relation)i),
                        isnan(x) ? "-" : "there", isnan(y) ? "-" : "there", "-");
            continue;
        }
        tm_text_add(t, "%-26s %8.3f %8.3f %8.3f\n", tm_relation_name((enum tm_relation)i), x, y,
                    fabs(x - y));
        if (fabs(x - y) >= most) {
            most = fabs(x - y);
            widest = i;
        }
    }
    if (widest < TM_RELATIONS)
        tm_text_add(t, "Rank correlations differ by at most %.3f (%s).\n", most,
                    tm_relation_name((enum tm_relation)widest));
}

static void add_energies(struct tm_text *t, const struct tm_compare_report *r, unsigned j)
{
    char text[32];
    for (int s = 0; s < TM_WAVELET_SERIES; s++) {
        for (int side = 0; side < 2; side++) {
            const struct tm_wavelet *w = r->side[side].wavelet;
            double e = w ? tm_wavelet_log2(w, (enum tm_wavelet_series)s, j) : NAN;
            (void)snprintf(text, sizeof text, "%.2f", e);
            tm_text_add(t, " %8s", isnan(e) ? "-" : text);
        }
    }
    tm_text_add(t, "\n");
}

static bool has_energy(const struct tm_compare_report *r, unsigned j)
{
    for (int side = 0; side < 2; side++) {
        const struct tm_wavelet *w = r->side[side].wavelet;
        if (w && w->n_pairs[j] >= TM_WAVELET_PAIRS)
            return true;
    }
    return false;
}

static void add_energy(struct tm_text *t, const struct tm_compare_report *r)
{
    tm_text_add(t, "\nWavelet energy (log2, Haar) of neighbouring intervals of this width\n%-10s",
                "");
    for (int s = 0; s < TM_WAVELET_SERIES; s++)
        tm_text_add(t, " %17s", tm_wavelet_series_name((enum tm_wavelet_series)s));
    tm_text_add(t, "\n%-10s", "WIDTH");
    for (int s = 0; s < TM_WAVELET_SERIES; s++)
        tm_text_add(t, " %8d %8d", 1, 2);
    tm_text_add(t, "\n");
    for (unsigned j = 0; j < TM_WAVELET_SCALES && has_energy(r, j); j++) {
        char width[TM_FIGURE_LEN];
        tm_figure_number(width, (uint64_t)tm_wavelet_width_us(j), "us");
        tm_text_add(t, "%-10s", width);
        add_energies(t, r, j);
    }
}

void tm_compare_report_text(struct tm_text *t, const struct tm_compare_report *r)
{
    for (int s = 0; s < 2; s++) {
        tm_text_add(t, "%d: %s (%s", s + 1, r->side[s].name, r->side[s].what);
        if (r->side[s].n_conns > 0)
            tm_text_add(t, ", %" PRIu64 " connections", r->side[s].n_conns);
        tm_text_add(t, ")\n");
    }
    if (r->note)
        tm_text_add(t, "%s\n", r->note);
    tm_text_add(t, "\n%-16s %8s %8s %7s %7s %7s %9s %9s %8s %8s %9s  %s\n", "PARAMETER", "N 1",
                "N 2", "D", "LIMIT", "P HOLM", "MEDIAN 1", "MEDIAN 2", "MEDIAN", "IQR", "W1",
                "VERDICT");
    for (int p = 0; p < TM_SWING_PARAMS; p++)
        add_row(t, &r->compared[p], (enum tm_swing_param)p);
    add_verdicts(t, r->compared);
    if (r->side[0].rho && r->side[1].rho)
        add_correlations(t, r);
    if (r->side[0].wavelet || r->side[1].wavelet)
        add_energy(t, r);
}

static void add_number(struct tm_text *t, const char *name, double v)
{
    if (isfinite(v))
        tm_text_add(t, ", \"%s\": %.9g", name, v);
    else
        tm_text_add(t, ", \"%s\": null", name);
}

static void add_object(struct tm_text *t, const struct tm_compared *c, enum tm_swing_param p)
{
    tm_text_add(t,
                "\n  {\"name\": \"%s\", \"unit\": \"%s\", \"n\": [%" PRIu64 ", %" PRIu64
                "], \"tested\": %s, \"censored\": %s",
                tm_swing_param_name(p), tm_swing_param_unit(p), c->n[0], c->n[1],
                c->is_tested ? "true" : "false", c->is_censored ? "true" : "false");
    if (c->is_censored)
        tm_text_add(t,
                    ", \"bounds\": [{\"least\": %" PRIu64 ", \"most\": %" PRIu64
                    "}, {\"least\": %" PRIu64 ", \"most\": %" PRIu64 "}]",
                    c->bound[0].least, c->bound[0].most, c->bound[1].least, c->bound[1].most);
    if (c->is_tested) {
        add_number(t, "n_eff", c->n_eff);
        add_number(t, "ks", c->ks);
        add_number(t, "ks_limit", c->ks_limit);
        add_number(t, "p", c->p);
        add_number(t, "p_holm", c->p_holm);
        tm_text_add(t,
                    ", \"median\": [%" PRIu64 ", %" PRIu64 "], \"iqr\": [%" PRIu64 ", %" PRIu64 "]",
                    c->median[0], c->median[1], c->iqr[0], c->iqr[1]);
        add_number(t, "median_error", c->median_error);
        add_number(t, "iqr_error", c->iqr_error);
        add_number(t, "wasserstein", c->wasserstein);
        tm_text_add(t, ", \"same\": %s", c->is_same ? "true" : "false");
    }
    tm_text_add(t, "}");
}

static void add_rho_json(struct tm_text *t, const double rho[TM_RELATIONS])
{
    tm_text_add(t, ", \"rank_correlation\": {");
    for (int i = 0; i < TM_RELATIONS; i++) {
        tm_text_add(t, "%s\n   \"%s\": ", i > 0 ? "," : "", tm_relation_name((enum tm_relation)i));
        if (isfinite(rho[i]))
            tm_text_add(t, "%.6f", rho[i]);
        else
            tm_text_add(t, "null");
    }
    tm_text_add(t, "}");
}

static void add_energy_json(struct tm_text *t, const struct tm_wavelet *w)
{
    tm_text_add(t, ", \"wavelet_log2_energy\": [");
    for (unsigned j = 0; j < TM_WAVELET_SCALES && w->n_pairs[j] >= TM_WAVELET_PAIRS; j++) {
        tm_text_add(t, "%s\n   {\"width_us\": %" PRId64 ", \"pairs\": %" PRIu64, j > 0 ? "," : "",
                    tm_wavelet_width_us(j), w->n_pairs[j]);
        for (int s = 0; s < TM_WAVELET_SERIES; s++)
            add_number(t, tm_wavelet_series_name((enum tm_wavelet_series)s),
                       tm_wavelet_log2(w, (enum tm_wavelet_series)s, j));
        tm_text_add(t, "}");
    }
    tm_text_add(t, "]");
}

void tm_compare_report_json(struct tm_text *t, const struct tm_compare_report *r)
{
    tm_text_add(t, "{\"schema_version\": 1, \"sides\": [");
    for (int s = 0; s < 2; s++) {
        tm_text_add(t, "%s\n  {\"name\": ", s > 0 ? "," : "");
        tm_text_json(t, r->side[s].name);
        tm_text_add(t, ", \"what\": ");
        tm_text_json(t, r->side[s].what);
        if (r->side[s].n_conns > 0)
            tm_text_add(t, ", \"connections\": %" PRIu64, r->side[s].n_conns);
        if (r->side[s].rho)
            add_rho_json(t, r->side[s].rho);
        if (r->side[s].wavelet)
            add_energy_json(t, r->side[s].wavelet);
        tm_text_add(t, "}");
    }
    tm_text_add(t, "],\n \"parameters\": [");
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        tm_text_add(t, "%s", p > 0 ? "," : "");
        add_object(t, &r->compared[p], (enum tm_swing_param)p);
    }
    tm_text_add(t, "],\n \"same\": %u, \"different\": %u}\n", count(r->compared, true),
                count(r->compared, false));
}
