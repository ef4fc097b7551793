/* interference on paper: for each workload the offsets, the attacks and the leaks that they had to catch. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "audit/interference/interference.h"
#include "audit/report/report_parts.h"
#include "audit/report/svg.h"

static enum tm_html_tone tone_of(enum tm_verdict v)
{
    switch (v) {
    case TM_VERDICT_NOT_TOLD:
        return TM_TONE_GOOD;
    case TM_VERDICT_OFFSETS:
    case TM_VERDICT_CONTROL:
    case TM_VERDICT_TOLD:
        return TM_TONE_BAD;
    case TM_VERDICT_NO_CLAIM:
        return TM_TONE_UNSURE;
    }
    return TM_TONE_PLAIN;
}

static const char *badge_of(enum tm_verdict v)
{
    switch (v) {
    case TM_VERDICT_NOT_TOLD:
        return "not told";
    case TM_VERDICT_OFFSETS:
        return "offsets";
    case TM_VERDICT_CONTROL:
        return "test failed";
    case TM_VERDICT_TOLD:
        return "told apart";
    case TM_VERDICT_NO_CLAIM:
        return "no claim";
    }
    return "";
}

void tm_report_interference_verdict(struct tm_text *out, const struct tm_interference_report *r)
{
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct tm_interference_entry *e = &r->entries[i];
        char text[512];
        char about[256];
        tm_interference_verdict(&e->study, text);
        text[0] = (char)toupper((unsigned char)text[0]);
        (void)snprintf(about, sizeof about, "Workload %.100s against %.100s", e->workload, r->idle);
        tm_html_verdict(out, &(struct tm_html_verdict){tone_of(e->study.verdict), about,
                                                       badge_of(e->study.verdict), text});
    }
}

static void draw_attacks(struct tm_text *out, const struct tm_study *s)
{
    struct tm_svg_estimate rows[TM_ATTACK_KINDS];
    size_t n = 0;
    double low = NAN;
    for (unsigned k = 0; k < TM_ATTACK_KINDS; k++) {
        if (!s->scores.has[k])
            continue;
        low = fmin(low, s->scores.auc[k].low);
        rows[n++] = (struct tm_svg_estimate){.name = tm_attack_name((enum tm_attack_kind)k),
                                             .value = s->scores.auc[k],
                                             .band = {NAN, NAN, NAN},
                                             .floor = {NAN, NAN}};
    }
    tm_html_figure_begin(out, NULL);
    tm_svg_estimates(
        out, &(struct tm_svg_estimates){.title = "AUC of each attack, loaded against idle",
                                        .desc = "A dot for each attack with its 95 % interval.",
                                        .w = TM_REPORT_WIDTH_PX,
                                        .x = tm_report_auc_axis(low),
                                        .reference = 0.5,
                                        .value_name = "loaded against idle, with 95 % interval",
                                        .rows = rows,
                                        .n = n});
    tm_html_figure_end(out, NULL);
}

static void leak_cell(struct tm_text *out, const struct tm_leak *leak)
{
    if (leak->kind == TM_LEAK_RECORD)
        tm_html_cell(out, "one more record of %u bytes up for every second write down",
                     TM_LEAK_RECORD_BYTES);
    else
        tm_html_cell(out, "every second write %" PRId64 " \xc2\xb5s later", leak->late_us);
}

static void table_controls(struct tm_text *out, const struct tm_study *s)
{
    const char *heads[TM_ATTACK_KINDS + 2] = {"Leak put in on purpose"};
    char names[TM_ATTACK_KINDS][64];
    for (unsigned k = 0; k < TM_ATTACK_KINDS; k++) {
        (void)snprintf(names[k], sizeof names[k], "#%s", tm_attack_name((enum tm_attack_kind)k));
        heads[k + 1] = names[k];
    }
    heads[TM_ATTACK_KINDS + 1] = "Result";
    tm_html_table_begin(out, "AUC [95 %] of the same attacks on connections that leak", heads,
                        TM_ATTACK_KINDS + 2);
    for (unsigned i = 0; i < TM_STUDY_CONTROLS; i++) {
        const struct tm_study_control *c = &s->control[i];
        tm_html_row_begin(out);
        leak_cell(out, &c->leak);
        for (unsigned k = 0; k < TM_ATTACK_KINDS; k++) {
            char text[TM_INTERVAL_LEN];
            tm_html_number_cell(out, "%s",
                                c->scores.has[k] ? tm_report_interval(text, &c->scores.auc[k])
                                                 : "not run");
        }
        tm_html_badge_cell(out, c->is_caught ? TM_TONE_GOOD : TM_TONE_BAD,
                           c->is_caught ? "caught" : "not caught");
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_note(out,
                 "A leak counts as caught when one attack reaches an AUC of %.1f. When one is not "
                 "caught, the "
                 "attacks would not have seen a real one either.",
                 TM_STUDY_CAUGHT);
}

static void list_offsets(struct tm_text *out, const struct tm_interference_report *r,
                         const struct tm_study *s)
{
    const struct tm_offsets *o = &s->offsets;
    char n[4][TM_QUANTITY_LEN];
    tm_html_list_begin(out);
    tm_html_list_item(out, "Runs",
                      "%" PRIu32
                      " pairs of runs of one schedule; %s connections in both, %s of them whole",
                      s->n_runs, tm_count(n[0], s->n_places), tm_count(n[1], s->n_pairs));
    tm_html_list_item(out, "Payload offsets",
                      "%s of %s equal, of %s pairs of connections; %s not seen on a wire (%s)",
                      tm_count(n[0], o->n_equal), tm_count(n[1], o->n_offsets),
                      tm_count(n[2], o->n_pairs), tm_count(n[3], o->n_unseen),
                      r->by_log ? "at the ends of the writes that both logs name"
                                : "where the direction changes");
    if (o->is_different)
        tm_html_list_item(out, "First difference", "%s", o->text);
    tm_html_list_item(
        out, "Segments",
        "%s of %s pairs are cut alike (for information: TCP may merge and split them)",
        tm_count(n[0], o->n_segmented_alike), tm_count(n[1], o->n_segmented));
    if (s->has_attacks)
        tm_html_list_item(out, "Attacks",
                          "on %s idle and as many loaded connections, %u folds of %" PRIu32
                          " groups: %s; seed %" PRIu64,
                          tm_count(n[0], s->n_pairs), TM_ATTACK_FOLDS, s->n_groups,
                          tm_study_by_text(s->by), r->seed);
    tm_html_list_end(out);
}

void tm_report_interference(struct tm_text *out, const struct tm_interference_report *r)
{
    tm_html_section_begin(out, "interference", "Does the load of the tunnel show?");
    tm_html_paragraph(
        out,
        "One schedule was played several times, with nothing to carry (%s) and under load. Payload "
        "offsets must be the same; a forest and a small network try to tell the connections apart.",
        r->idle);
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct tm_study *s = &r->entries[i].study;
        tm_html_subheading(out, r->entries[i].workload);
        list_offsets(out, r, s);
        if (s->has_attacks) {
            draw_attacks(out, s);
            table_controls(out, s);
        } else {
            tm_html_paragraph(out,
                              "Too few connections for the attacks: %" PRIu32 " pairs in %" PRIu32
                              " groups.",
                              s->n_pairs, s->n_groups);
        }
    }
    tm_html_section_end(out);
}
