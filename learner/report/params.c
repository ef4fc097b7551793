/* The parameters: curves and numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learner/report/parts.h"
#include "page/html.h"
#include "page/scale.h"
#include "page/svg_plot.h"

#define CURVE_MAX 1000U /* points of a curve: more are not seen */
#define KS_FACTOR                                                                                  \
    1.95 /* of the limit 1.95 / sqrt(n): exceeded once in a thousand samples of the model */
#define N_SERIES 2U

/* A cumulative curve: share of the observations at or below x. */
struct curve {
    double *x, *y; /* owned, n each */
    size_t n;
};

static void curve_deinit(struct curve *c)
{
    free(c->x);
    free(c->y);
    *c = (struct curve){0};
}

static int curve_init(struct curve *c, size_t n)
{
    *c = (struct curve){.x = calloc(n, sizeof *c->x), .y = calloc(n, sizeof *c->y), .n = n};
    if (c->x && c->y)
        return TM_OK;
    curve_deinit(c);
    return TM_ERR_NOMEM;
}

/* Times are shown in seconds. */
static double shown(enum tm_swing_param p, uint64_t value)
{
    return strcmp(tm_swing_param_unit(p), "us") == 0 ? (double)value / 1e6 : (double)value;
}

static enum tm_unit unit_of(enum tm_swing_param p)
{
    const char *unit = tm_swing_param_unit(p);
    if (strcmp(unit, "us") == 0)
        return TM_UNIT_SECONDS;
    return strcmp(unit, "bytes") == 0 ? TM_UNIT_BYTES : TM_UNIT_NONE;
}

static int curve_of_model(struct curve *c, const struct tm_dist *d, enum tm_swing_param p)
{
    int rc = curve_init(c, d->n_points);
    for (size_t i = 0; rc == TM_OK && i < d->n_points; i++) {
        c->x[i] = shown(p, d->pt[i].value);
        c->y[i] = (double)d->pt[i].cum / (double)tm_dist_total(d);
    }
    return rc;
}

/* Of n observations in runs. */
static int curve_of_capture(struct curve *c, const struct tm_runs *r, uint64_t n,
                            enum tm_swing_param p)
{
    size_t points = n < CURVE_MAX ? (size_t)n : CURVE_MAX;
    size_t at = 0;
    uint64_t seen = r->v[0].count; /* in runs 0..at */
    int rc = curve_init(c, points);
    for (size_t i = 0; rc == TM_OK && i < points; i++) {
        uint64_t rank = (i + 1) * n / points;
        while (seen < rank)
            seen += r->v[++at].count;
        c->x[i] = shown(p, r->v[at].value);
        c->y[i] = (double)rank / (double)n;
    }
    return rc;
}

/* The largest distance between the model's curve and that of n observations (Kolmogorov, Smirnov). */
static double ks(const struct tm_dist *d, const struct tm_runs *r, uint64_t n)
{
    double worst = 0;
    double total = (double)tm_dist_total(d);
    uint64_t seen = 0;
    size_t at = 0; /* points of the model at or below the value */
    for (size_t i = 0; i < r->n; i++) {
        uint64_t value = r->v[i].value;
        for (; at < d->n_points && d->pt[at].value < value; at++) /* between two observed values */
            worst = fmax(worst, fabs((double)d->pt[at].cum / total - (double)seen / (double)n));
        if (at < d->n_points && d->pt[at].value == value)
            at++;
        seen += r->v[i].count;
        double model = at > 0 ? (double)d->pt[at - 1].cum / total : 0;
        worst = fmax(worst, fabs(model - (double)seen / (double)n));
    }
    return worst;
}

static void plot(struct tm_text *out, enum tm_swing_param p, const struct curve *model,
                 const struct curve *capture)
{
    const char *name = tm_swing_param_name(p);
    struct tm_svg_series series[N_SERIES] = {
        {"model", model->x, model->y, model->n, TM_SVG_STEP, 0},
        {"captures", capture->x, capture->y, capture->n, TM_SVG_STEP, 1},
    };
    tm_html_figure_begin(out, name);
    tm_svg_plot(out,
                &(struct tm_svg_plot){
                    .title = name,
                    .desc = "Share of observations at or below each value.",
                    .w = TM_MODEL_PAGE_HALF_PX,
                    .h = 240,
                    .x = {.unit = unit_of(p), .is_log = true},
                    .y = {.label = "share at or below", .unit = TM_UNIT_SHARE, .low = 0, .high = 1},
                    .series = series,
                    .n_series = capture->n > 0 ? N_SERIES : 1,
                });
    tm_html_figure_end(out, tm_swing_param_help(p));
}

/* One parameter's picture; its distance to the captures in *distance, NAN without them. */
static int draw(struct tm_text *out, const struct tm_dist *d, enum tm_swing_param p,
                struct tm_samples *capture, double *distance)
{
    struct curve model = {0};
    struct curve real = {0};
    struct tm_runs runs = {0};
    uint64_t n = capture ? tm_samples_total(capture, p) : 0;
    *distance = (double)NAN;
    int rc = curve_of_model(&model, d, p);
    if (rc == TM_OK && n > 0)
        rc = tm_samples_runs(capture, p, &runs);
    if (rc == TM_OK && n > 0) {
        rc = curve_of_capture(&real, &runs, n, p);
        *distance = ks(d, &runs, n);
    }
    if (rc == TM_OK)
        plot(out, p, &model, &real);
    free(runs.v);
    curve_deinit(&model);
    curve_deinit(&real);
    return rc;
}

static void number_cell(struct tm_text *out, const struct tm_dist *d, unsigned permille,
                        enum tm_swing_param p)
{
    char text[TM_QUANTITY_LEN];
    tm_html_number_cell(out, "%s",
                        tm_quantity(text, shown(p, tm_dist_quantile(d, permille)), unit_of(p)));
}

static void row(struct tm_text *out, const struct tm_dist *d, enum tm_swing_param p,
                const struct tm_samples *capture, double distance)
{
    static const unsigned permille[] = {0, 100, 500, 900, 990, 1000};
    char text[TM_QUANTITY_LEN];
    tm_html_row_begin(out);
    tm_html_cell(out, "%s", tm_swing_param_name(p));
    tm_html_number_cell(out, "%s", tm_count(text, tm_dist_total(d)));
    tm_html_number_cell(out, "%s", tm_count(text, d->n_points));
    for (size_t i = 0; i < sizeof permille / sizeof *permille; i++)
        number_cell(out, d, permille[i], p);
    if (capture && isnan(distance)) {
        tm_html_number_cell(out, "not seen");
        tm_html_number_cell(out, " ");
    } else if (capture) {
        tm_html_number_cell(out, "%.3f", distance);
        tm_html_number_cell(out, "%.3f", KS_FACTOR / sqrt((double)tm_samples_total(capture, p)));
    }
    tm_html_row_end(out);
}

static void list_missing(struct tm_text *out, const struct tm_swing *s)
{
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (s->param[p].n_points == 0)
            tm_html_note(out,
                         "%s: the model has no value of it, and plays its default (%s). It was not "
                         "seen, or too rarely.",
                         tm_swing_param_name((enum tm_swing_param)p),
                         tm_swing_param_help((enum tm_swing_param)p));
    }
}

int tm_model_page_params(struct tm_text *out, const struct tm_swing *s, struct tm_samples *capture)
{
    static const char *const heads[] = {"Parameter", "#observations", "#values", "#least",
                                        "#10 %",     "#median",       "#90 %",   "#99 %",
                                        "#most",     "#KS D",         "#limit"};
    double distance[TM_SWING_PARAMS] = {0};
    int rc = TM_OK;
    tm_html_section_begin(out, "parameters", "What the model draws from");
    tm_html_grid_begin(out, TM_GRID_HALVES);
    for (int p = 0; p < TM_SWING_PARAMS && rc == TM_OK; p++) {
        if (s->param[p].n_points > 0)
            rc = draw(out, &s->param[p], (enum tm_swing_param)p, capture, &distance[p]);
    }
    tm_html_grid_end(out);
    if (rc != TM_OK)
        return rc;
    size_t n_heads = sizeof heads / sizeof *heads - (capture ? 0 : 2);
    tm_html_table_begin(out, "Parameters in numbers; times in seconds", heads, n_heads);
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        if (s->param[p].n_points > 0)
            row(out, &s->param[p], (enum tm_swing_param)p, capture, distance[p]);
    }
    tm_html_table_end(out);
    if (capture)
        tm_html_note(out,
                     "KS D: the largest distance between the two curves. Limit: 1.95 / sqrt(n) for "
                     "n observations in the captures, which observations drawn from the model "
                     "itself exceed about once in a thousand times.");
    list_missing(out, s);
    tm_html_section_end(out);
    return TM_OK;
}
