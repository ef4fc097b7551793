/* correlate on paper: for each question the rates and the ROC curves, of the control and of the defence. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "audit/correlate/correlate.h"
#include "audit/report/report_parts.h"
#include "audit/report/svg.h"

static const char *const SETS[TM_CORRELATE_SETS] = {"Undefended control", "Defended"};

static enum tm_html_tone tone_of(enum tm_correlate_verdict v)
{
    switch (v) {
    case TM_CORRELATE_NOT_FOUND:
        return TM_TONE_GOOD;
    case TM_CORRELATE_TEST:
    case TM_CORRELATE_FOUND:
        return TM_TONE_BAD;
    case TM_CORRELATE_NOTHING:
    case TM_CORRELATE_NO_CONTROL:
    case TM_CORRELATE_NO_CLAIM:
        return TM_TONE_UNSURE;
    }
    return TM_TONE_PLAIN;
}

static const char *badge_of(enum tm_correlate_verdict v)
{
    switch (v) {
    case TM_CORRELATE_NOT_FOUND:
        return "not matched";
    case TM_CORRELATE_TEST:
        return "test failed";
    case TM_CORRELATE_FOUND:
        return "matched";
    case TM_CORRELATE_NOTHING:
        return "nothing to match";
    case TM_CORRELATE_NO_CONTROL:
    case TM_CORRELATE_NO_CLAIM:
        return "no claim";
    }
    return "";
}

void tm_report_correlate_verdict(struct tm_text *out, const struct tm_correlate *r)
{
    char text[512];
    tm_correlate_text(r, text);
    text[0] = (char)toupper((unsigned char)text[0]);
    tm_html_verdict(out,
                    &(struct tm_html_verdict){tone_of(r->verdict), "Flows against single carriers",
                                              badge_of(r->verdict), text});
}

static void draw_curves(struct tm_text *out, const struct tm_correlate_found *f, const char *title)
{
    struct tm_svg_series series[TM_CORRELATORS + 1];
    double fpr[TM_OPERATING_CURVE];
    size_t n = 0;
    for (uint32_t i = 0; i < TM_OPERATING_CURVE; i++)
        fpr[i] = tm_operating_curve_fpr(i);
    for (int c = 0; c < TM_CORRELATORS; c++) {
        if (f->has[c]) {
            series[n] = (struct tm_svg_series){tm_correlator_name((enum tm_correlator)c),
                                               fpr,
                                               f->at[c].curve,
                                               TM_OPERATING_CURVE,
                                               TM_SVG_LINE,
                                               (unsigned)n};
            n++;
        }
    }
    series[n] = (struct tm_svg_series){"chance",           fpr,         fpr,
                                       TM_OPERATING_CURVE, TM_SVG_LINE, TM_SVG_TONES - 1};
    n++;
    tm_html_figure_begin(out, NULL);
    tm_svg_plot(out,
                &(struct tm_svg_plot){
                    .title = title,
                    .desc = "Share of true pairs found against share of other pairs accused, "
                            "which is on a logarithmic axis.",
                    .w = TM_REPORT_HALF_PX,
                    .h = 420,
                    .x = {"other pairs accused (false-positive rate)", TM_UNIT_NONE, true, 1e-3, 1},
                    .y = {"true pairs found (true-positive rate)", TM_UNIT_SHARE, false, 0, 1},
                    .series = series,
                    .n_series = n});
    tm_html_figure_end(out, NULL);
}

static void table_rates(struct tm_text *out, const struct tm_correlate_found *f)
{
    static const char *const HEADS[] = {"Attack", "#TPR at FPR 1e-2", "#TPR at FPR 1e-3", "#AUC"};
    tm_html_table_begin(out, "True pairs found [95 %]", HEADS, 4);
    for (int c = 0; c < TM_CORRELATORS; c++) {
        const struct tm_operating *o = &f->at[c];
        char text[TM_INTERVAL_LEN];
        if (!f->has[c])
            continue;
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", tm_correlator_name((enum tm_correlator)c));
        tm_html_number_cell(out, "%s", tm_report_interval(text, &o->tpr[0]));
        tm_html_number_cell(out, "%s", tm_report_interval(text, &o->tpr[1]));
        tm_html_number_cell(out, "%.3f", o->auc);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
}

static void one_question(struct tm_text *out, const struct tm_correlate *r,
                         enum tm_correlate_set set, enum tm_question q)
{
    const struct tm_correlate_found *f = &r->found[set][q];
    char n[3][TM_QUANTITY_LEN];
    char title[160];
    if (f->n_true == 0)
        return;
    (void)snprintf(title, sizeof title, "%s: %s", SETS[set], tm_question_name(q));
    tm_html_subheading(out, title);
    tm_html_paragraph(out, "%s true and %s other pairs; %s flows not asked about.",
                      tm_count(n[0], f->n_true), tm_count(n[1], f->n_false),
                      tm_count(n[2], f->n_left));
    tm_html_grid_begin(out, TM_GRID_HALVES);
    draw_curves(out, f, title);
    table_rates(out, f);
    tm_html_grid_end(out);
}

void tm_report_correlate(struct tm_text *out, const struct tm_correlate *r)
{
    tm_html_section_begin(out, "correlate", "Is a flow found again among the carriers?");
    tm_html_paragraph(
        out, "Two observers see the carriers of the tunnel, and the flows between the server and "
             "its destinations. Each attack scores pairs of a flow and a carrier; the undefended "
             "control shows what it finds where every flow has a carrier of its own.");
    tm_html_list_begin(out);
    for (int set = 0; set < TM_CORRELATE_SETS; set++)
        tm_html_list_item(out, SETS[set],
                          "%" PRIu32 " scenes, %" PRIu32 " flows, %" PRIu32 " carriers of %" PRIu32
                          " tunnels",
                          r->n_scenes[set], r->n_flows[set], r->n_carriers[set], r->n_tunnels[set]);
    tm_html_list_item(out, "Seed", "%" PRIu64, r->seed);
    tm_html_list_end(out);
    for (int set = 0; set < TM_CORRELATE_SETS; set++) {
        for (int q = 0; q < TM_QUESTIONS; q++)
            one_question(out, r, (enum tm_correlate_set)set, (enum tm_question)q);
    }
    tm_html_note(
        out,
        "Per carrier, the other pairs are the remaining carriers of the same tunnel, which may "
        "have carried parts of the flow too: chance means that they are not told apart. Whose "
        "tunnel a flow belongs to is another question; without padding or delay the sum of a "
        "tunnel's carriers is the sum of its flows, and who adds them up sees it.");
    tm_html_section_end(out);
}
