/* detect on paper: verdict, AUC by group with its floors, ROC, importance, controls, assumptions. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audit/detect/detect.h"
#include "audit/report/report_parts.h"
#include "audit/report/svg.h"

static enum tm_html_tone tone_of(enum tm_detect_verdict v)
{
    switch (v) {
    case TM_DETECT_CHANCE:
        return TM_TONE_GOOD;
    case TM_DETECT_TOLD:
    case TM_DETECT_FAILED:
        return TM_TONE_BAD;
    case TM_DETECT_TOO_FEW:
    case TM_DETECT_UNCLEAR:
        return TM_TONE_UNSURE;
    }
    return TM_TONE_PLAIN;
}

/* A text that begins with "NAME: ", without it: the name stands in the column before. */
static const char *without_name(const char *text, const char *name)
{
    size_t len = strlen(name);
    return strncmp(text, name, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2
                                                                              : text;
}

static struct tm_interval auc_of(const struct tm_detect_test *t)
{
    return t->is_done ? t->auc : (struct tm_interval){NAN, NAN, NAN};
}

void tm_report_detect_verdict(struct tm_text *out, const struct tm_detect_result *r)
{
    tm_html_verdict(out, &(struct tm_html_verdict){tone_of(r->verdict), "Cover against real",
                                                   tm_detect_verdict_name(r->verdict), r->text});
    for (uint32_t i = 0; i < r->n_warnings; i++)
        tm_html_warning(out, r->warning[i]);
}

/* ---- AUC by group ---- */

static void draw_groups(struct tm_text *out, const struct tm_detect_result *r)
{
    struct tm_svg_estimate rows[TM_FEATURE_GROUPS];
    uint32_t n = r->n_groups < TM_FEATURE_GROUPS ? r->n_groups : TM_FEATURE_GROUPS;
    double low = NAN;
    double floors = 0;
    double nulls = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct tm_detect_group *g = &r->groups[i];
        rows[i] = (struct tm_svg_estimate){
            .name = g->name,
            .value = auc_of(&g->cover),
            .band = {NAN, g->null.n > 0 ? g->null.low : NAN, g->null.n > 0 ? g->null.high : NAN},
            .floor = {auc_of(&g->floor_r).value, auc_of(&g->floor_rb).value}};
        low = fmin(low, fmin(rows[i].value.low, rows[i].band.low));
        floors += g->floor_r.is_done || g->floor_rb.is_done;
        nulls += g->null.n > 0;
    }
    struct tm_svg_estimates p = {
        .title = "AUC by feature group",
        .desc = "A dot for each feature group with its 95 % interval; the numbers are in the "
                "table below.",
        .w = TM_REPORT_WIDTH_PX,
        .x = tm_report_auc_axis(low),
        .reference = 0.5,
        .value_name = "cover, with 95 % interval",
        .band_name = nulls > 0 ? "chance alone (permuted sessions, 95 %)" : NULL,
        .floor_name = {floors > 0 ? "floor R: real, re-rendered" : NULL,
                       floors > 0 ? "floor Rb: real, drawn with replacement" : NULL},
        .rows = rows,
        .n = n};
    tm_html_figure_begin(out, NULL);
    tm_svg_estimates(out, &p);
    tm_html_figure_end(out, NULL);
}

static void range_cell(struct tm_text *out, const struct tm_detect_null *n)
{
    if (n->n > 0)
        tm_html_number_cell(out, "%.3f to %.3f", n->low, n->high);
    else
        tm_html_number_cell(out, "not made");
}

static void floor_cell(struct tm_text *out, const struct tm_detect_test *t)
{
    char text[TM_INTERVAL_LEN];
    tm_html_number_cell(out, "%s", t->is_done ? tm_report_interval(text, &t->auc) : "not run");
}

static void table_groups(struct tm_text *out, const struct tm_detect_result *r)
{
    static const char *const HEADS[] = {"Features", "#Columns", "#AUC [95 %]", "#Null",
                                        "#p",       "#Floor R", "#Floor Rb",   "Result"};
    char text[TM_INTERVAL_LEN];
    tm_html_table_begin(
        out, "AUC of the same attack on the cover, on permuted session labels, and on the floors.",
        HEADS, sizeof HEADS / sizeof *HEADS);
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct tm_detect_group *g = &r->groups[i];
        struct tm_interval auc = auc_of(&g->cover);
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", g->name);
        tm_html_number_cell(out, "%" PRIu32, g->n_cols);
        tm_html_number_cell(out, "%s", tm_report_interval(text, &auc));
        range_cell(out, &g->null);
        tm_html_number_cell(out, "%s", g->null.n > 0 ? tm_report_p(text, g->null.p) : "not made");
        floor_cell(out, &g->floor_r);
        floor_cell(out, &g->floor_rb);
        tm_html_badge_cell(out, tone_of(g->verdict), tm_detect_verdict_name(g->verdict));
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
}

static void section_groups(struct tm_text *out, const struct tm_detect_result *r)
{
    char count[4][TM_QUANTITY_LEN];
    tm_html_section_begin(out, "auc", "How well cover is told from real traffic");
    tm_html_paragraph(
        out,
        "AUC is the probability that the attacker scores a random cover connection above a random "
        "real "
        "one. n: %s cover connections of %s sessions against %s real connections of %s sessions.",
        tm_count(count[0], r->used[TM_COVER].n_conns),
        tm_count(count[1], r->used[TM_COVER].n_sessions),
        tm_count(count[2], r->used[TM_REAL].n_conns),
        tm_count(count[3], r->used[TM_REAL].n_sessions));
    draw_groups(out, r);
    table_groups(out, r);
    tm_html_list_begin(out);
    for (uint32_t i = 0; i < r->n_groups; i++)
        tm_html_list_item(out, r->groups[i].name, "%s",
                          without_name(r->groups[i].text, r->groups[i].name));
    tm_html_list_end(out);
    tm_html_note(out,
                 "Null: AUCs of the same attack when the labels of whole sessions are permuted: "
                 "the range of %" PRIu32
                 " of them, or its middle 95 %% where there are 40 or more; p: how often chance "
                 "alone does as well. R: real training "
                 "connections cut into writes and "
                 "rendered again; Rb: the same, sessions drawn with replacement, which is found by "
                 "its repeats "
                 "alone. A cover that is made of recorded writes cannot be expected below them.",
                 r->n_groups > 0 ? r->groups[0].null.n : 0);
    tm_html_section_end(out);
}

/* ---- ROC ---- */

static void section_roc(struct tm_text *out, const struct tm_detect_result *r)
{
    struct tm_svg_series series[TM_FEATURE_GROUPS];
    double rate[TM_DETECT_QUANTILES];
    size_t n = 0;
    for (uint32_t i = 0; i < TM_DETECT_QUANTILES; i++)
        rate[i] = (double)i / (TM_DETECT_QUANTILES - 1);
    for (uint32_t i = 0; i < r->n_groups && n < TM_FEATURE_GROUPS; i++) {
        if (r->groups[i].cover.is_done) {
            series[n] = (struct tm_svg_series){r->groups[i].name,   rate,        r->groups[i].tpr,
                                               TM_DETECT_QUANTILES, TM_SVG_LINE, (unsigned)n};
            n++;
        }
    }
    if (n == 0)
        return;
    tm_html_section_begin(out, "roc", "Cover found against false alarms");
    tm_html_grid_begin(out, TM_GRID_HALVES);
    tm_html_figure_begin(out, NULL);
    tm_svg_plot(out, &(struct tm_svg_plot){
                         .title = "ROC curves by feature group",
                         .desc = "Share of cover found against share of real connections accused; "
                                 "the diagonal is chance.",
                         .w = TM_REPORT_HALF_PX,
                         .h = 450,
                         .x = {"real connections accused (false-positive rate)", TM_UNIT_SHARE,
                               false, 0, 1},
                         .y = {"cover found (true-positive rate)", TM_UNIT_SHARE, false, 0, 1},
                         .series = series,
                         .n_series = n,
                         .has_diagonal = true});
    tm_html_figure_end(out,
                       "Scores are ranked inside each fold, then pooled. Dashed grey: chance.");
    static const char *const HEADS[] = {"Features", "#at 1 % false alarms", "#at 5 %", "#at 10 %"};
    tm_html_table_begin(out, "Share of the cover that is found", HEADS, 4);
    for (uint32_t i = 0; i < r->n_groups; i++) {
        const struct tm_detect_group *g = &r->groups[i];
        if (!g->cover.is_done)
            continue;
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", g->name);
        tm_html_number_cell(out, "%.1f %%", g->tpr[1] * 100);
        tm_html_number_cell(out, "%.1f %%", g->tpr[5] * 100);
        tm_html_number_cell(out, "%.1f %%", g->tpr[10] * 100);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_grid_end(out);
    tm_html_section_end(out);
}

/* ---- importance ---- */

static void draw_importance(struct tm_text *out, const struct tm_detect_group *g)
{
    struct tm_svg_bar bars[TM_DETECT_TOP];
    uint32_t n = 0;
    for (; n < g->n_top && n < TM_DETECT_TOP; n++)
        bars[n] = (struct tm_svg_bar){g->top[n].name, g->top[n].gain, 0};
    char heading[96];
    (void)snprintf(heading, sizeof heading, "%s (AUC %.3f)", g->name, auc_of(&g->cover).value);
    tm_html_figure_begin(out, heading);
    tm_svg_bars(out, &(struct tm_svg_bars){
                         .title = heading,
                         .desc = "The features that brought the trees most, largest first.",
                         .w = TM_REPORT_HALF_PX,
                         .x = {.label = "share of the total gain", .unit = TM_UNIT_SHARE},
                         .rows = bars,
                         .n = n});
    tm_html_figure_end(out, NULL);
}

static void section_importance(struct tm_text *out, const struct tm_detect_result *r)
{
    tm_html_section_begin(out, "importance", "What the attacker looks at");
    tm_html_paragraph(out, "Share of the trees' gain that each feature brought, mean over folds. "
                           "Where the AUC is near "
                           "0.5 there is nothing to find, and the order means nothing.");
    tm_html_grid_begin(out, TM_GRID_HALVES);
    for (uint32_t i = r->n_groups; i > 0; i--) { /* all features come first */
        if (r->groups[i - 1].cover.is_done)
            draw_importance(out, &r->groups[i - 1]);
    }
    tm_html_grid_end(out);
    tm_html_note(out, "Names: up is from the client. s1, s2: payload of the first segments (up +, "
                      "down -), z1: of the last; b1: "
                      "of the first bursts; c1 to c100: cumulative size; order_: place of the "
                      "segments of one direction; "
                      "conc_: segments up in runs of 20; gap1_ms: gap before the first; iat_: gaps "
                      "between segments; "
                      "at_: when a share of them was sent; think_, serve_: time until the client "
                      "or the server answers; "
                      "pps_: segments a second; q50: median.");
    tm_html_section_end(out);
}

/* ---- controls ---- */

static void section_controls(struct tm_text *out, const struct tm_detect_result *r)
{
    static const char *const HEADS[] = {"Control", "#AUC [95 %]", "#Connections", "Result",
                                        "What it shows"};
    tm_html_section_begin(out, "controls", "Does the instrument work?");
    if (!r->has_controls) {
        tm_html_paragraph(
            out, "The controls were not run, so nothing shows that this test could have found a "
                 "difference.");
        tm_html_section_end(out);
        return;
    }
    tm_html_table_begin(out, NULL, HEADS, sizeof HEADS / sizeof *HEADS);
    for (unsigned k = 0; k < TM_CONTROLS; k++) {
        const struct tm_detect_control *c = &r->control[k];
        struct tm_interval auc = auc_of(&c->test);
        char text[TM_INTERVAL_LEN];
        char n[2][TM_QUANTITY_LEN];
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", tm_detect_control_name((enum tm_detect_control_kind)k));
        tm_html_number_cell(out, "%s", tm_report_interval(text, &auc));
        tm_html_number_cell(out, "%s + %s", tm_count(n[0], c->test.n[0].n_conns),
                            tm_count(n[1], c->test.n[1].n_conns));
        if (!c->test.is_done)
            tm_html_badge_cell(out, TM_TONE_UNSURE, "not run");
        else
            tm_html_badge_cell(out, c->is_passed ? TM_TONE_GOOD : TM_TONE_BAD,
                               c->is_passed ? "passed" : "failed");
        tm_html_cell(out, "%s",
                     without_name(c->text, tm_detect_control_name((enum tm_detect_control_kind)k)));
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_note(out,
                 "The first two must be found (AUC of %.1f or more), the halves of one recording "
                 "must not. When "
                 "one fails, the test itself has failed and there is no verdict.",
                 TM_CONTROL_AUC_MIN);
    tm_html_section_end(out);
}

void tm_report_detect_assumptions(struct tm_text *out, const struct tm_detect_result *r)
{
    static const char *const SIDES[] = {"Real", "Cover", "Training"};
    char n[4][TM_QUANTITY_LEN];
    tm_html_section_begin(out, "assumptions", "What the numbers rest on");
    tm_html_list_begin(out);
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        if (r->given[s].n_conns == 0)
            continue;
        tm_html_list_item(
            out, SIDES[s], "%s: %s connections of %s sessions given, %s of %s used; sessions: %s",
            r->name[s], tm_count(n[0], r->given[s].n_conns), tm_count(n[1], r->given[s].n_sessions),
            tm_count(n[2], r->used[s].n_conns), tm_count(n[3], r->used[s].n_sessions),
            r->sessions[s]);
    }
    if (r->given[TM_TRAIN].n_conns == 0)
        tm_html_list_item(out, "Training", "not given: no floors, no memorisation ratio");
    tm_html_list_item(
        out, "Observer",
        "sees sizes and times of TCP segments beside the client, no payload. He knows which "
        "connections "
        "belong together for training, but scores each on its own: siblings of one page load are "
        "not "
        "added up.%s",
        r->is_one_per_load ? " One connection of each page load, drawn at random, is used." : "");
    tm_html_list_item(out, "Sessions",
                      "folds, intervals and the null move whole sessions, as connections of one "
                      "session are not independent");
    if (r->floor_us > 0)
        tm_html_list_item(out, "Time stamps", "rounded down to a multiple of %" PRId64 " \xc2\xb5s",
                          r->floor_us);
    else
        tm_html_list_item(out, "Time stamps", "as captured");
    tm_html_list_item(out, "Attacker",
                      "%s, %" PRIu32 " folds, AUC taken inside a fold and averaged; seed %" PRIu64,
                      r->learner == TM_TREES_FOREST ? "random forest" : "boosted trees", r->folds,
                      r->seed);
    tm_html_list_item(
        out, "Limits",
        "this attacker, these features, this recording and path. An AUC at chance says "
        "that this attacker did not succeed with this n, and no more; a stronger one or "
        "a larger n may.");
    tm_html_list_end(out);
    tm_html_section_end(out);
}

void tm_report_detect(struct tm_text *out, const struct tm_detect_result *r)
{
    section_groups(out, r);
    section_controls(out, r);
    section_roc(out, r);
    section_importance(out, r);
    tm_report_detect_features(out, r);
    tm_report_detect_memory(out, r);
}
