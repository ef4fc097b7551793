/* Single features of detect: distributions, two-sample tests, nearest neighbours. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "audit/detect/detect.h"
#include "audit/report/report_parts.h"
#include "audit/report/svg.h"

#define KS_ROWS   20U
#define LOG_RANGE 50.0 /* 90 % quantile over 10 % quantile from which an axis is logarithmic */

static bool is_wide(const struct tm_detect_shown *s)
{
    double low = INFINITY;
    double high = 0;
    for (unsigned k = 0; k < 2; k++) {
        for (uint32_t i = 10; i <= 90; i++) {
            if (s->q[k][i] > 0)
                low = fmin(low, s->q[k][i]);
            high = fmax(high, s->q[k][i]);
            if (s->q[k][i] < 0)
                return false;
        }
    }
    return high > low * LOG_RANGE;
}

static void draw_shown(struct tm_text *out, const struct tm_detect_shown *s)
{
    double share[TM_DETECT_QUANTILES];
    for (uint32_t i = 0; i < TM_DETECT_QUANTILES; i++)
        share[i] = (double)i / (TM_DETECT_QUANTILES - 1);
    const struct tm_svg_series series[] = {
        {"real", s->q[TM_REAL], share, TM_DETECT_QUANTILES, TM_SVG_STEP, 0},
        {"cover", s->q[TM_COVER], share, TM_DETECT_QUANTILES, TM_SVG_STEP, 1}};
    tm_html_figure_begin(out, s->name);
    tm_svg_plot(
        out, &(struct tm_svg_plot){.title = s->name,
                                   .desc = "Cumulative distribution, real against cover.",
                                   .w = TM_REPORT_THIRD_PX,
                                   .h = 250,
                                   .x = {.label = is_wide(s) ? "logarithmic axis" : "linear axis",
                                         .unit = tm_report_unit_of(s->name),
                                         .is_log = is_wide(s)},
                                   .y = {.unit = TM_UNIT_SHARE, .low = 0, .high = 1},
                                   .series = series,
                                   .n_series = 2});
    tm_html_figure_end(out, NULL);
}

/* What the attack on all features made of this one; empty: it is not among those listed. */
static void gain_cell(struct tm_text *out, const struct tm_detect_result *r, const char *feature)
{
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct tm_detect_group *g = &r->groups[i];
        for (uint32_t k = 0; g->group == TM_GROUP_ALL && k < g->n_top; k++) {
            if (strcmp(g->top[k].name, feature) == 0) {
                tm_html_number_cell(out, "%.1f %%", g->top[k].gain * 100);
                return;
            }
        }
    }
    tm_html_number_cell(out, "%s", "");
}

static void table_ks(struct tm_text *out, const struct tm_detect_result *r)
{
    static const char *const HEADS[] = {"Feature", "#KS distance", "#p", "#p (Holm)",
                                        "#Share of gain"};
    char text[TM_INTERVAL_LEN];
    uint32_t n = r->n_features < KS_ROWS ? r->n_features : KS_ROWS;
    tm_html_table_begin(out, "The features that differ most", HEADS, sizeof HEADS / sizeof *HEADS);
    for (uint32_t i = 0; i < n; i++) {
        const struct tm_detect_feature *f = &r->features[i];
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", f->name);
        tm_html_number_cell(out, "%.3f", f->ks);
        tm_html_number_cell(out, "%s", tm_report_p(text, f->p));
        tm_html_number_cell(out, "%s", tm_report_p(text, f->p_holm));
        gain_cell(out, r, f->name);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
}

void tm_report_detect_features(struct tm_text *out, const struct tm_detect_result *r)
{
    tm_html_section_begin(out, "features", "Single features");
    if (r->n_shown > 0) {
        tm_html_paragraph(
            out,
            "Share of connections at or below a value. The further the two curves lie apart, the "
            "more this feature alone gives away.");
        tm_html_grid_begin(out, TM_GRID_THIRDS);
        for (uint32_t i = 0; i < r->n_shown && i < TM_DETECT_SHOWN_MAX; i++)
            draw_shown(out, &r->shown[i]);
        tm_html_grid_end(out);
        tm_html_note(
            out,
            "From 101 quantiles of each side; on logarithmic axes, zeros stand at the left end.");
    }
    tm_html_subheading(out, "Two-sample tests");
    tm_html_paragraph(out,
                      "%" PRIu32 " of %" PRIu32
                      " features differ at the 5 %% level after Holm's correction for their "
                      "number (Kolmogorov-Smirnov distance, p under permuted session labels).",
                      r->n_told, r->n_features);
    if (r->n_features > 0) {
        table_ks(out, r);
        tm_html_note(out,
                     "Share of gain: what the attack on all features made of it, where it is among "
                     "its first %u.",
                     TM_DETECT_TOP);
    }
    tm_html_section_end(out);
}

/* ---- memorisation ---- */

static void memory_row(struct tm_text *out, const char *name, const double v[2], double ratio,
                       int is_share)
{
    tm_html_row_begin(out);
    tm_html_cell(out, "%s", name);
    for (unsigned k = 0; k < 2; k++) {
        if (isnan(v[k]))
            tm_html_number_cell(out, "n/a");
        else if (is_share)
            tm_html_number_cell(out, "%.1f %%", v[k] * 100);
        else
            tm_html_number_cell(out, "%.3f", v[k]);
    }
    if (is_share)
        tm_html_number_cell(out, "%s", "");
    else if (isnan(ratio))
        tm_html_number_cell(out, "n/a");
    else
        tm_html_number_cell(out, "%.2f", ratio);
    tm_html_row_end(out);
}

void tm_report_detect_memory(struct tm_text *out, const struct tm_detect_result *r)
{
    static const char *const HEADS[] = {"", "#real", "#cover", "#cover / real"};
    const struct tm_detect_memory *m = &r->memory;
    char n[3][TM_QUANTITY_LEN];
    tm_html_section_begin(out, "memory", "Is the cover a copy of what was recorded?");
    if (!m->is_done) {
        tm_html_paragraph(
            out,
            "Not measured: the captures that the model was learned from were not given. A low AUC "
            "without this number may mean replayed connections.");
        tm_html_section_end(out);
        return;
    }
    tm_html_paragraph(
        out,
        "Distance from %s cover and %s real connections to the nearest of %s training connections "
        "(z-scored features). A ratio of 1 is as far from the training as new real connections "
        "are; 0 is a copy.",
        tm_count(n[0], m->n_cover), tm_count(n[1], m->n_real), tm_count(n[2], m->n_train));
    tm_html_table_begin(out, NULL, HEADS, 4);
    memory_row(out, "distance to training, median", m->median, m->median_ratio, 0);
    memory_row(out, "distance to training, nearest 5 %", m->q05, m->q05_ratio, 0);
    memory_row(out, "same sequence of sizes as a training connection", m->exact_share, NAN, 1);
    memory_row(out, "longest run shared with one training connection (mean share of writes)",
               m->run_share, NAN, 1);
    tm_html_table_end(out);
    tm_html_section_end(out);
}
