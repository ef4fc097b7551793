/* classify on paper: who is taken for whom, and which cover is found by the anomaly rule or by K-means. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/classify/classify.h"
#include "audit/report/report_parts.h"
#include "audit/report/svg.h"

void tm_report_classify_verdict(struct tm_text *out, const struct tm_classify_result *r)
{
    tm_html_verdict(out,
                    &(struct tm_html_verdict){.tone = r->is_enough ? TM_TONE_PLAIN : TM_TONE_UNSURE,
                                              .about = "Naming the protocol",
                                              .badge = r->is_enough ? "measured" : "too few",
                                              .text = r->text});
    for (uint32_t i = 0; i < r->n_covers; i++) {
        const struct tm_classify_cover *c = &r->covers[i];
        char about[256];
        (void)snprintf(about, sizeof about, "Naming the cover %.200s", c->name);
        tm_html_verdict(
            out, &(struct tm_html_verdict){.tone = c->is_enough ? TM_TONE_PLAIN : TM_TONE_UNSURE,
                                           .about = about,
                                           .badge = c->is_enough ? "measured" : "too few",
                                           .text = c->text});
    }
}

/* "98.2 % [97.1, 99.0]" */
static const char *percent(char text[TM_INTERVAL_LEN], const struct tm_interval *v)
{
    if (isnan(v->value))
        (void)snprintf(text, TM_INTERVAL_LEN, "n/a");
    else if (isnan(v->low) || isnan(v->high))
        (void)snprintf(text, TM_INTERVAL_LEN, "%.1f %%", v->value * 100);
    else
        (void)snprintf(text, TM_INTERVAL_LEN, "%.1f %% [%.1f, %.1f]", v->value * 100, v->low * 100,
                       v->high * 100);
    return text;
}

static void list_settings(struct tm_text *out, const struct tm_classify_result *r)
{
    char text[TM_INTERVAL_LEN];
    char n[2][TM_QUANTITY_LEN];
    struct tm_text kept = {0};
    struct tm_text dropped = {0};
    for (uint32_t i = 0; i < r->n_cols; i++) {
        struct tm_text *list = r->cols[i].is_kept ? &kept : &dropped;
        tm_text_printf(list, "%s%s", list->len > 0 ? ", " : "", r->cols[i].name);
    }
    tm_html_list_begin(out);
    tm_html_list_item(out, "Real", "%s connections of %s sessions, %" PRIu32 " folds by session",
                      tm_count(n[0], r->n.n_conns), tm_count(n[1], r->n.n_sessions), r->folds);
    tm_html_list_item(out, "Named rightly", "%s; the largest class alone is %.1f %%",
                      percent(text, &r->accuracy), r->majority * 100);
    tm_html_list_item(out, "Mean over classes", "%s; chance is %.1f %%",
                      percent(text, &r->balanced), r->n_classes > 0 ? 100.0 / r->n_classes : NAN);
    tm_html_list_item(out, "False alarms", "%s of the anomaly rule, on real connections",
                      percent(text, &r->flagged));
    tm_html_list_item(out, "Attacker",
                      "weighted k-NN, k %" PRIu32 " to %" PRIu32
                      ", t %.2f to %.2f (chosen in the folds)",
                      r->k_low, r->k_high, r->t_low, r->t_high);
    tm_html_list_item(out, "Features", "%s%s%s; condition number %s, of all %s",
                      kept.p ? kept.p : "none", dropped.p ? "; dropped: " : "",
                      dropped.p ? dropped.p : "",
                      tm_quantity(n[0], r->condition_kept, TM_UNIT_NONE),
                      tm_quantity(n[1], r->condition_all, TM_UNIT_NONE));
    tm_html_list_end(out);
    out->is_bad |= kept.is_bad || dropped.is_bad;
    tm_text_deinit(&kept);
    tm_text_deinit(&dropped);
}

/* Who is taken for whom: what is the same in both figures is set here. */
static void draw_names(struct tm_text *out, const char *heading, const struct tm_svg_heat *heat)
{
    struct tm_svg_heat h = *heat;
    h.w = TM_REPORT_WIDTH_PX;
    h.col_label = "taken for (share of the row, connections)";
    tm_html_figure_begin(out, heading);
    tm_svg_heat(out, &h);
    tm_html_figure_end(out, NULL);
}

static void draw_confusion(struct tm_text *out, const struct tm_classify_result *r)
{
    const char **names = calloc((size_t)r->n_classes + 1, sizeof *names);
    if (!names) {
        out->is_bad = true;
        return;
    }
    for (uint32_t i = 0; i < r->n_classes; i++)
        names[i] = r->classes[i].name;
    draw_names(out, "Real connections: what they are, and what they are taken for",
               &(struct tm_svg_heat){.title = "Confusion matrix",
                                     .desc = "A row for each class, a column for each name given; "
                                             "share of the row and number of connections.",
                                     .row_label = "is",
                                     .rows = names,
                                     .cols = names,
                                     .counts = r->confusion,
                                     .n_rows = r->n_classes,
                                     .n_cols = r->n_classes});
    free(names);
}

static void table_classes(struct tm_text *out, const struct tm_classify_result *r)
{
    static const char *const HEADS[] = {"Class",      "#Connections",
                                        "#Sessions",  "#Named so [95 %]",
                                        "#Precision", "#False alarms [95 %]"};
    char text[TM_INTERVAL_LEN];
    char n[2][TM_QUANTITY_LEN];
    tm_html_table_begin(out, "Real classes", HEADS, sizeof HEADS / sizeof *HEADS);
    for (uint32_t i = 0; i < r->n_classes; i++) {
        const struct tm_classify_class *c = &r->classes[i];
        const struct tm_interval precision = {c->precision, NAN, NAN};
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", c->name);
        tm_html_number_cell(out, "%s", tm_count(n[0], c->n.n_conns));
        tm_html_number_cell(out, "%s", tm_count(n[1], c->n.n_sessions));
        tm_html_number_cell(out, "%s", percent(text, &c->recall));
        tm_html_number_cell(out, "%s", percent(text, &precision));
        tm_html_number_cell(out, "%s", percent(text, &c->flagged));
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
}

/* ---- cover ---- */

static void draw_cover_names(struct tm_text *out, const struct tm_classify_result *r)
{
    size_t n_cells = (size_t)r->n_covers * r->n_classes;
    const char **names = calloc((size_t)r->n_classes + r->n_covers + 1, sizeof *names);
    uint32_t *counts = calloc(n_cells + 1, sizeof *counts);
    if (!names || !counts) {
        out->is_bad = true;
        goto out;
    }
    for (uint32_t i = 0; i < r->n_classes; i++)
        names[i] = r->classes[i].name;
    for (uint32_t i = 0; i < r->n_covers; i++) {
        const struct tm_classify_cover *c = &r->covers[i];
        names[r->n_classes + i] = c->name;
        for (uint32_t k = 0; k < r->n_classes; k++) {
            double count = c->share[k] * c->n.n_conns;
            counts[(size_t)i * r->n_classes + k] =
                count > 0 ? (uint32_t)lround(fmin(count, UINT32_MAX)) : 0;
        }
    }
    draw_names(out, "Cover: what it is taken for",
               &(struct tm_svg_heat){.title = "What cover is taken for",
                                     .desc = "A row for each cover, a column for each class.",
                                     .row_label = "cover",
                                     .rows = names + r->n_classes,
                                     .cols = names,
                                     .counts = counts,
                                     .n_rows = r->n_covers,
                                     .n_cols = r->n_classes});
out:
    free(names);
    free(counts);
}

static void clusters_cells(struct tm_text *out, const struct tm_classify_clusters *k)
{
    char text[TM_INTERVAL_LEN];
    tm_html_number_cell(out, "%s", k->is_done ? percent(text, &k->cover_flagged) : "not run");
    tm_html_number_cell(out, "%s", k->is_done ? percent(text, &k->real_flagged) : "not run");
    if (!k->is_done || isnan(k->tightest_cover))
        tm_html_number_cell(out, "n/a");
    else
        tm_html_number_cell(out, "%.3f / %.3f", k->tightest_cover, k->threshold);
}

static void table_covers(struct tm_text *out, const struct tm_classify_result *r)
{
    static const char *const HEADS[] = {"Cover",
                                        "#Connections (sessions)",
                                        "#Named as it poses",
                                        "#Anomalous",
                                        "#K-means: cover flagged",
                                        "#real flagged",
                                        "#tightest / limit"};
    char text[TM_INTERVAL_LEN];
    char n[2][TM_QUANTITY_LEN];
    tm_html_table_begin(out, "Cover, shares of connections [95 %]", HEADS,
                        sizeof HEADS / sizeof *HEADS);
    for (uint32_t i = 0; i < r->n_covers; i++) {
        const struct tm_classify_cover *c = &r->covers[i];
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", c->name);
        tm_html_number_cell(out, "%s (%s)", tm_count(n[0], c->n.n_conns),
                            tm_count(n[1], c->n.n_sessions));
        tm_html_number_cell(out, "%s", percent(text, &c->named));
        tm_html_number_cell(out, "%s", percent(text, &c->anomalous));
        clusters_cells(out, &c->clusters);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_note(out, "Anomalous: further from every training connection than t times the reach of "
                      "the class. K-means: "
                      "in a cluster whose members are closer to each other (mean pairwise distance "
                      "of z-scores) than "
                      "those of real traffic are, as at a constant rate; the tightest cover "
                      "cluster beside that limit.");
}

void tm_report_classify(struct tm_text *out, const struct tm_classify_result *r)
{
    tm_html_section_begin(out, "classify", "Which protocol does it look like?");
    tm_html_paragraph(
        out,
        "TrafficMimic's own attack: the nearest connections of known protocol name each connection "
        "by its five features.");
    list_settings(out, r);
    draw_confusion(out, r);
    table_classes(out, r);
    if (r->n_covers > 0) {
        draw_cover_names(out, r);
        table_covers(out, r);
    }
    tm_html_section_end(out);
}
