/* The page: the verdict first, then the two pictures that it rests on, then numbers, then what the test does not touch. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/prove/prove.h"
#include "audit/report/report_parts.h"
#include "page/html.h"
#include "page/scale.h"
#include "page/svg_plot.h"

#define WIDTH_PX  950.0
#define HALF_PX   460.0
#define BINS_MAX  400U
#define BIN_S     0.25
#define HEIGHT_PX 230.0
#define TEXT_MAX  4096U

static const char *const PHASE_TITLE[] = {
    [TM_TRIAL_MODEL] = "Your tunnel", [TM_TRIAL_CONTROL] = "The same transfers without the model"};

/* ---- Verdict ---- */

static void write_head(struct tm_text *out, const struct tm_prove *r)
{
    char lead[640], when[64] = "";
    time_t at = (time_t)(r->phase[TM_TRIAL_MODEL].from_us / 1000000);
    struct tm tm;
    if (at > 0 && gmtime_r(&at, &tm) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC, ", &tm);
    (void)snprintf(lead, sizeof lead, "%smodel %s, %" PRIu64 " modelled users, server %s%s%s.",
                   when, r->trial->model, r->trial->n_users, r->trial->server_text,
                   tm_prove_is_captured(r) ? ", captured on " : ", nothing captured",
                   r->trial->interface);
    tm_html_begin(out, "What an observer of your wire can tell", lead);
}

static void write_verdicts(struct tm_text *out, const struct tm_prove *r)
{
    static const enum tm_html_tone TONES[] = {TM_TONE_GOOD, TM_TONE_BAD, TM_TONE_UNSURE};
    const struct tm_proof_finding *f = r->phase[TM_TRIAL_CONTROL].finding;
    bool is_caught = f[TM_PROOF_ACTIVITY].is_found && f[TM_PROOF_TIMES].is_found;
    char text[TEXT_MAX];
    tm_prove_sentence(text, sizeof text, r);
    tm_html_verdict(out, &(struct tm_html_verdict){TONES[r->verdict], PHASE_TITLE[TM_TRIAL_MODEL],
                                                   tm_prove_verdict_text(r->verdict), text});
    tm_html_verdict(
        out,
        &(struct tm_html_verdict){
            is_caught ? TM_TONE_PLAIN : TM_TONE_UNSURE, PHASE_TITLE[TM_TRIAL_CONTROL],
            is_caught ? "found, as it must be" : "not found",
            is_caught
                ? "The positive control: carried by the same program over the same path, but with "
                  "nothing added and nothing delayed, the transfers are seen by both attacks. So "
                  "the "
                  "attacks work here."
                : "The positive control was not seen by both attacks. An attack that does not see "
                  "what is plainly there says nothing about what is hidden."});
    for (uint32_t i = 0; i < r->warnings.n; i++)
        tm_html_warning(out, r->warnings.text[i]);
}

/* ---- Pictures ---- */

static size_t list_spans(struct tm_svg_span *spans, const struct tm_trial_phase *t)
{
    size_t n = 0;
    for (uint32_t i = 0; i < t->n_slots; i++) {
        double from = (double)(t->slots[i].from_us - t->slots[0].from_us) / 1e6;
        double to = (double)(t->slots[i].to_us - t->slots[0].from_us) / 1e6;
        if (!t->slots[i].is_on)
            continue;
        if (n > 0 && spans[n - 1].to >= from - 1e-3)
            spans[n - 1].to = to; /* next to the last one */
        else
            spans[n++] = (struct tm_svg_span){from, to};
    }
    return n;
}

static double largest(const double *v, uint32_t n)
{
    double max = 1;
    for (uint32_t i = 0; i < n; i++)
        max = fmax(max, v[i]);
    return max;
}

static void draw_wire(struct tm_text *out, const struct tm_prove *r, enum tm_trial_phase_kind k)
{
    const struct tm_proof_phase *p = &r->phase[k];
    const struct tm_trial_phase *t = &r->trial->phase[k];
    double bins[2][BINS_MAX], x[BINS_MAX];
    struct tm_svg_span spans[TM_TRIAL_SLOTS_MAX];
    double span_s = (double)(p->to_us - p->from_us) / 1e6;
    uint32_t n = (uint32_t)fmin(BINS_MAX, span_s / BIN_S);
    tm_html_figure_begin(out, PHASE_TITLE[k]);
    for (unsigned dir = 0; dir < 2 && n > 0; dir++)
        tm_proof_bins(bins[dir], n, p->from_us, p->to_us, &r->wire->phase[k], dir);
    for (uint32_t i = 0; i < n; i++) {
        x[i] = span_s * (i + 0.5) / n;
        bins[TM_UP][i] *= n / span_s;
        bins[TM_DOWN][i] *= n / span_s;
    }
    const struct tm_svg_series series[] = {
        {"received", x, bins[TM_DOWN], n, TM_SVG_LINE, 0},
        {"sent", x, bins[TM_UP], n, TM_SVG_LINE, 1},
    };
    double top = 1.05 * fmax(largest(bins[TM_UP], n), largest(bins[TM_DOWN], n));
    tm_svg_plot(out, &(struct tm_svg_plot){
                         .title = "Bytes on the wire over time",
                         .desc = "Bytes a second in both directions; the time in which the test's "
                                 "own transfers ran is shaded.",
                         .w = WIDTH_PX,
                         .h = HEIGHT_PX,
                         .x = {.label = "seconds", .low = 0, .high = span_s},
                         .y = {.label = "bytes a second on the wire",
                               .unit = TM_UNIT_BYTES,
                               .low = 0,
                               .high = top},
                         .series = series,
                         .n_series = 2,
                         .spans = spans,
                         .n_spans = list_spans(spans, t),
                         .spans_name = "the test's transfers were running"});
    tm_html_figure_end(out,
                       k == TM_TRIAL_MODEL
                           ? "If the lines rise where it is shaded and fall where it is not, an "
                             "observer sees when you do something. They are to go their own way."
                           : "Here they should rise and fall with the shade: nothing hides them.");
}

static void draw_slots(struct tm_text *out, const struct tm_prove *r, enum tm_trial_phase_kind k)
{
    const struct tm_proof_phase *p = &r->phase[k];
    const struct tm_trial_phase *t = &r->trial->phase[k];
    double x[TM_TRIAL_SLOTS_MAX], y[TM_TRIAL_SLOTS_MAX];
    struct tm_svg_span spans[TM_TRIAL_SLOTS_MAX];
    for (uint32_t i = 0; i < p->n_slots; i++) {
        x[i] = (double)(t->slots[i].from_us + t->slots[i].to_us - 2 * t->slots[0].from_us) / 2e6;
        y[i] = (double)p->score[i];
    }
    const struct tm_svg_series series[] = {
        {"what the attack says of a stretch", x, y, p->n_slots, TM_SVG_POINTS, 0}};
    tm_html_figure_begin(out, PHASE_TITLE[k]);
    tm_svg_plot(
        out, &(struct tm_svg_plot){
                 .title = "The forest's score of each stretch of time",
                 .desc = "A dot for each stretch; stretches with transfers are shaded.",
                 .w = HALF_PX,
                 .h = HEIGHT_PX,
                 .x = {.label = "seconds", .low = 0, .high = (double)(p->to_us - p->from_us) / 1e6},
                 .y = {.label = "0: idle, 1: busy, says the attack", .low = 0, .high = 1},
                 .series = series,
                 .n_series = 1,
                 .spans = spans,
                 .n_spans = list_spans(spans, t),
                 .spans_name = "busy in truth"});
    tm_html_figure_end(out, NULL);
}

static void draw_roc(struct tm_text *out, const struct tm_prove *r)
{
    double x[101];
    for (unsigned i = 0; i < 101; i++)
        x[i] = i / 100.0;
    const struct tm_svg_series series[] = {
        {"your tunnel", x, r->phase[TM_TRIAL_MODEL].roc, 101, TM_SVG_LINE, 0},
        {"without the model", x, r->phase[TM_TRIAL_CONTROL].roc, 101, TM_SVG_LINE, 1}};
    tm_html_figure_begin(out, "Right and false alarms");
    tm_svg_plot(
        out,
        &(struct tm_svg_plot){
            .title = "ROC curve of the activity attack",
            .desc = "Share of busy windows called busy over the share of idle windows "
                    "called busy.",
            .w = HALF_PX,
            .h = HEIGHT_PX + 60,
            .x = {.label = "idle windows called busy", .unit = TM_UNIT_SHARE, .low = 0, .high = 1},
            .y = {.label = "busy windows called busy", .unit = TM_UNIT_SHARE, .low = 0, .high = 1},
            .series = series,
            .n_series = 2,
            .has_diagonal = true});
    tm_html_figure_end(out, "The dashed diagonal is what guessing gives; the upper left corner is "
                            "an observer who is always right.");
}

/* ---- Numbers ---- */

static void finding_cells(struct tm_text *out, const struct tm_proof_finding *f)
{
    char value[TM_INTERVAL_LEN], p[TM_INTERVAL_LEN];
    tm_html_number_cell(out, "%s", tm_report_interval(value, &f->value));
    tm_html_number_cell(out, "%.3f", f->needed);
    tm_html_number_cell(out, "%s", tm_report_p(p, f->p));
}

static void table_findings(struct tm_text *out, const struct tm_prove *r)
{
    static const char *const HEADS[] = {
        "What the observer tries", "On", "#Result [95 %]", "#Found above", "#p", "Outcome"};
    static const char *const ATTACKS[] = {
        [TM_PROOF_ACTIVITY] = "Busy or idle? (AUC: 0.5 guessing, 1 always right)",
        [TM_PROOF_TIMES] = "When did transfers run? (correlation: 0 none, 1 full)"};
    tm_html_table_begin(out, NULL, HEADS, sizeof HEADS / sizeof *HEADS);
    for (unsigned a = 0; a < TM_PROOF_ATTACKS; a++) {
        for (unsigned k = 0; k < TM_TRIAL_PHASES; k++) {
            const struct tm_proof_finding *f = &r->phase[k].finding[a];
            bool is_good = f->is_found == (k == TM_TRIAL_CONTROL);
            tm_html_row_begin(out);
            tm_html_cell(out, "%s", k == 0 ? ATTACKS[a] : "");
            tm_html_cell(out, "%s", PHASE_TITLE[k]);
            finding_cells(out, f);
            tm_html_badge_cell(out, is_good ? TM_TONE_GOOD : TM_TONE_BAD,
                               f->is_found ? "found" : "not found");
            tm_html_row_end(out);
        }
    }
    tm_html_table_end(out);
}

static void list_numbers(struct tm_text *out, const struct tm_prove *r)
{
    char n[4][TM_QUANTITY_LEN];
    tm_html_list_begin(out);
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++) {
        const struct tm_proof_phase *p = &r->phase[k];
        tm_html_list_item(out, PHASE_TITLE[k],
                          "of %" PRIu32 " busy stretches the first attack named %" PRIu32
                          ", of %" PRIu32 " idle ones it named %" PRIu32
                          " busy; the test had %s to send and got %s, the wire "
                          "carried %s up and %s down",
                          p->n_on, p->n_named_on, p->n_slots - p->n_on, p->n_named_off,
                          tm_quantity(n[0], (double)p->moved_bytes[TM_UP], TM_UNIT_BYTES),
                          tm_quantity(n[1], (double)p->moved_bytes[TM_DOWN], TM_UNIT_BYTES),
                          tm_quantity(n[2], (double)p->wire_bytes[TM_UP], TM_UNIT_BYTES),
                          tm_quantity(n[3], (double)p->wire_bytes[TM_DOWN], TM_UNIT_BYTES));
    }
    const struct tm_conform *c = r->conform;
    const struct tm_trial_phase *t = &r->trial->phase[TM_TRIAL_MODEL];
    if (c != NULL && c->n_carriers > 0)
        tm_html_list_item(
            out, "Wire against schedule",
            "%s of %s writes ended at the byte where the schedule has it, on %" PRIu32
            " connections%s%s",
            tm_count(n[0], c->n_exact[TM_UP] + c->n_exact[TM_DOWN]),
            tm_count(n[1], c->n_offsets[TM_UP] + c->n_offsets[TM_DOWN]), c->n_carriers,
            r->first_diff.text[0] != '\0' ? "; first difference: " : "", r->first_diff.text);
    if (t->has_kept && r->trial->is_payload_independent)
        tm_html_list_item(
            out, "The program's own account",
            "%s of %s writes of its last five minutes had the planned size, %s left "
            "late enough to count as missed%s",
            tm_count(n[0], t->n_exact), tm_count(n[1], t->n_sent), tm_count(n[2], t->n_missed),
            c == NULL ? ". The wire was not compared with the schedule write by write: that "
                        "takes a tunnel that runs with --log-schedule FILE, and the same here"
                      : "");
    tm_html_list_end(out);
}

static void write_what_was_done(struct tm_text *out, const struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    tm_html_paragraph(
        out,
        "The program ran transfers of its own through your tunnel, to a place inside the server "
        "and "
        "back, in stretches of %.1f s that were drawn at random: half of them busy, half idle. "
        "Then "
        "it did the same without the model. Somebody who watches the wire tries to tell the busy "
        "stretches from the others.",
        p->n_slots > 0 ? (double)(p->to_us - p->from_us) / 1e6 / p->n_slots : 0);
}

static void write_findings(struct tm_text *out, const struct tm_prove *r)
{
    tm_html_section_begin(out, "findings", "What the attacks found");
    table_findings(out, r);
    tm_html_note(
        out,
        "Found means: of other patterns with as many busy stretches, drawn at random, at most "
        "0.5 %% give as large a result (p). The column before says how large it would have had to "
        "be. Both attacks together call something found by chance in one test of a hundred.");
    tm_html_grid_begin(out, TM_GRID_HALVES);
    draw_slots(out, r, TM_TRIAL_MODEL);
    draw_slots(out, r, TM_TRIAL_CONTROL);
    tm_html_grid_end(out);
    tm_html_note(out,
                 "A dot for each stretch: what the first attack, trained on other stretches, makes "
                 "of it. Dots that are high where it is shaded and low elsewhere are right.");
    tm_html_grid_begin(out, TM_GRID_HALVES);
    draw_roc(out, r);
    tm_html_grid_end(out);
    list_numbers(out, r);
    tm_html_section_end(out);
}

/* ---- What remains ---- */

static void table_ja4(struct tm_text *out, const struct tm_prove *r)
{
    static const char *const HEADS[] = {"JA4", "#Connections", "Also that of"};
    const struct tm_ja4_known *known;
    if (r->wire->n_ja4 == 0) {
        tm_html_paragraph(out, "The fingerprint was not measured: it takes a capture in which a "
                               "connection begins.");
        return;
    }
    tm_html_table_begin(out, "TLS fingerprint of your connections, and of others for comparison",
                        HEADS, 3);
    for (uint32_t i = 0; i < r->wire->n_ja4; i++) {
        const struct tm_proof_ja4 *j = &r->wire->ja4[i];
        const char *also = tm_ja4_likeness(j->text);
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", j->text);
        tm_html_number_cell(out, "%" PRIu32, j->n);
        tm_html_cell(out, "yours%s%s", also != NULL ? "; the same: " : "; none of those below",
                     also != NULL ? also : "");
        tm_html_row_end(out);
    }
    for (unsigned i = 0; (known = tm_ja4_known(i)) != NULL; i++) {
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", known->ja4);
        tm_html_number_cell(out, " ");
        tm_html_cell(out, "%s", known->program);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_note(
        out,
        "JA4 writes down what a client offers: t, TLS version, d with a server name or i without, "
        "how many cipher suites and extensions, ALPN; then hashes of the lists. Those that share "
        "the second part share their list of cipher suites.");
}

static void write_rest(struct tm_text *out, const struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    char n[2][TM_QUANTITY_LEN];
    double span_s = (double)(p->to_us - p->from_us) / 1e6;
    tm_html_section_begin(out, "rest", "What remains to be seen, whatever the verdict");
    tm_html_list_begin(out);
    tm_html_list_item(
        out, "That there is a tunnel",
        "Nothing hides that. Every connection resumes a TLS session that nobody saw begin.");
    tm_html_list_item(
        out, "On and off",
        "When tm-client starts and when it ends is on the wire. Leave it on, or start it at "
        "times that say nothing.");
    tm_html_list_item(
        out, "One address",
        "Everything goes to %s%s%s%s. Its owner can be looked up, and who visits it for "
        "months is known by that alone.",
        r->trial->server_text, tm_prove_is_captured(r) ? ": " : "",
        tm_prove_is_captured(r) ? tm_count(n[0], r->wire->n_opened) : "",
        tm_prove_is_captured(r) ? " connections began during the test" : "");
    if (span_s > 0)
        tm_html_list_item(
            out, "The model's volume",
            "%s a second in both directions during the test, %s in 30 days at that rate, "
            "whether you use the tunnel or not.",
            tm_quantity(n[0], (double)(p->wire_bytes[TM_UP] + p->wire_bytes[TM_DOWN]) / span_s,
                        TM_UNIT_BYTES),
            tm_quantity(n[1], tm_prove_month_bytes(r), TM_UNIT_BYTES));
    tm_html_list_item(
        out, "Which model it is",
        "This page does not ask whether the traffic looks like that of real programs: a "
        "trained observer tells every model that ships from real connections "
        "(doc/EVIDENCE.md).");
    tm_html_list_item(out, "The other side",
                      "Whoever sees the server's other side too can compare times and amounts "
                      "(doc/CORRELATION.md). The server itself sees where you go.");
    tm_html_list_end(out);
    table_ja4(out, r);
    tm_html_section_end(out);
}

static void write_limits(struct tm_text *out, const struct tm_prove *r)
{
    const struct tm_proof_phase *p = &r->phase[TM_TRIAL_MODEL];
    tm_html_section_begin(out, "limits", "How far this goes");
    tm_html_paragraph(out,
                      "One path, one machine, one kind of load (transfers that want as much as "
                      "they get), %" PRIu32 " stretches, two attacks. What they do not find may "
                      "still be there: a weaker trace, one that takes "
                      "hours to add up, another attack. doc/THREAT-MODEL.md says who sees what, "
                      "with the numbers of "
                      "longer experiments.",
                      p->n_slots);
    tm_html_paragraph(
        out,
        "The control is a second session of the same program with the same server, which adds "
        "nothing and "
        "delays nothing (--model shuffle:1), with as much demand. %s",
        tm_prove_is_captured(r)
            ? "Its connections are known by their ports, and are not counted to the tunnel."
            : "");
    tm_html_note(out,
                 "Seed of folds and permutations: %" PRIu64
                 ". The same files and seed give the same numbers.",
                 r->seed);
    tm_html_section_end(out);
}

void tm_prove_page(struct tm_text *out, const struct tm_prove *r)
{
    write_head(out, r);
    write_verdicts(out, r);
    if (r->phase[TM_TRIAL_MODEL].n_slots > 0) {
        tm_html_section_begin(out, "wire", "The wire");
        write_what_was_done(out, r);
        draw_wire(out, r, TM_TRIAL_MODEL);
        if (r->phase[TM_TRIAL_CONTROL].n_slots > 0)
            draw_wire(out, r, TM_TRIAL_CONTROL);
        tm_html_section_end(out);
        write_findings(out, r);
    }
    write_rest(out, r);
    write_limits(out, r);
    tm_html_end(out, "tm-client prove");
}
