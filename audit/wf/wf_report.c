#include "audit/wf/wf_report.h"

#include <inttypes.h>
#include <math.h>

#include "audit/json.h"

static const char *const ATTACK[TM_WF_ATTACKS] = {"k-FP, forest", "k-FP, leaves", "CUMUL",
                                                  "network, TAM"};

static void print_share(FILE *f, const struct tm_interval *v)
{
    (void)fprintf(f, "  %.3f [%.3f, %.3f]", v->value, v->low, v->high);
}

static void print_closed(const struct tm_wf_said *s, const struct tm_wf_found *w, FILE *f)
{
    (void)fprintf(f, "    closed world, %" PRIu32 " pages: chance %.3f, told from %.3f on\n",
                  w->n_pages, w->chance, (double)w->limit / w->n_watched);
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++) {
        if (!s->cfg->has[a])
            continue;
        (void)fprintf(f, "      %-14s accuracy", ATTACK[a]);
        print_share(f, &w->closed[a].accuracy);
        (void)fprintf(f, "  p %.2g\n", w->closed[a].p);
    }
}

static void print_open(const struct tm_wf_said *s, const struct tm_wf_found *w, FILE *f)
{
    if (!w->has_open) {
        (void)fprintf(f,
                      "    open world: not attacked; %" PRIu32
                      " visits to other pages (\"-\") are too few\n",
                      w->n_other);
        return;
    }
    double base = s->cfg->base_rate;
    (void)fprintf(f, "    open world, base rate %g: precision of a guess %.3f\n", base,
                  base / w->n_pages);
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++) {
        const struct tm_wf_open *o = &w->open[a];
        if (!s->cfg->has[a])
            continue;
        (void)fprintf(f, "      %-14s TPR", ATTACK[a]);
        print_share(f, &o->right);
        (void)fprintf(f, "  wrong page");
        print_share(f, &o->wrong);
        (void)fprintf(f, "  FPR");
        print_share(f, &o->alarm);
        if (isnan(o->precision))
            (void)fprintf(f, "  precision -\n");
        else
            (void)fprintf(f, "  precision %.3f\n", o->precision);
    }
}

static void print_wire(const struct tm_wf_said *s, const char *name, const struct tm_wf_found *w,
                       FILE *f)
{
    (void)fprintf(f,
                  "%s: %" PRIu32 " visits to %" PRIu32 " watched pages, %" PRIu32
                  " to others; %" PRIu32 " folds by visit\n",
                  name, w->n_watched, w->n_pages, w->n_other, s->cfg->folds);
    print_closed(s, w, f);
    print_open(s, w, f);
}

/* The verdict in words. */
static void tell(const struct tm_wf_said *s, char *text, size_t size)
{
    const struct tm_wf_found *w = s->wire;
    unsigned a = tm_wf_best(s->cfg, w);
    const struct tm_wf_closed *best = &w->closed[a];
    int n = snprintf(text, size,
                     "the best of the attacks, %s, named %" PRIu32 " of %" PRIu32
                     " visits right (%.3f; chance %.3f)",
                     ATTACK[a], best->hits, best->n, best->accuracy.value, w->chance);
    const char *end = "";
    char more[160] = "";
    if (s->verdict == TM_WF_TOLD) {
        end = ": the wire tells pages";
    } else if (s->verdict == TM_WF_CHANCE) {
        (void)snprintf(more, sizeof more,
                       ", no more than chance gives; an accuracy of %.3f would have been noticed, "
                       "and the control was caught",
                       (double)w->limit / w->n_watched);
        end = more;
    } else if (s->verdict == TM_WF_NO_CONTROL) {
        end = ", no more than chance gives; without a control that is no claim";
    } else {
        end = ", but the control was not caught either: nothing is said of this wire";
    }
    if (n > 0 && (size_t)n < size)
        (void)snprintf(text + n, size - (size_t)n, "%s", end);
}

int tm_wf_print(const struct tm_wf_said *s, FILE *f)
{
    char text[512];
    if (s->control)
        print_wire(s, "control", s->control, f);
    print_wire(s, "wire", s->wire, f);
    if (s->window_us > 0)
        (void)fprintf(f, "visits: windows of %g s from their beginning\n",
                      (double)s->window_us / 1e6);
    else
        (void)fprintf(f, "visits: as long as the labels say, which tells their length\n");
    tell(s, text, sizeof text);
    (void)fprintf(f, "verdict (%s): %s\n", tm_wf_verdict_key(s->verdict), text);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}

/* ---- JSON ---- */

static void put_share(struct tm_json_out *j, const char *key, const struct tm_interval *v)
{
    tm_json_out_begin(j, key, '{');
    tm_json_out_number(j, "value", v->value);
    tm_json_out_number(j, "low", v->low);
    tm_json_out_number(j, "high", v->high);
    tm_json_out_end(j, '}');
}

static void put_attacks(struct tm_json_out *j, const struct tm_wf_said *s,
                        const struct tm_wf_found *w, bool is_open)
{
    tm_json_out_begin(j, "attacks", '{');
    for (unsigned a = 0; a < TM_WF_ATTACKS; a++) {
        if (!s->cfg->has[a])
            continue;
        tm_json_out_begin(j, tm_wf_attack_name((enum tm_wf_attack)a), '{');
        if (is_open) {
            put_share(j, "tpr", &w->open[a].right);
            put_share(j, "wrong_page", &w->open[a].wrong);
            put_share(j, "fpr", &w->open[a].alarm);
            tm_json_out_number(j, "precision", w->open[a].precision);
        } else {
            tm_json_out_count(j, "hits", w->closed[a].hits);
            put_share(j, "accuracy", &w->closed[a].accuracy);
            tm_json_out_number(j, "p", w->closed[a].p);
        }
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, '}');
}

static void put_wire(struct tm_json_out *j, const struct tm_wf_said *s, const char *key,
                     const struct tm_wf_found *w)
{
    if (!w) {
        tm_json_out_null(j, key);
        return;
    }
    tm_json_out_begin(j, key, '{');
    tm_json_out_count(j, "pages", w->n_pages);
    tm_json_out_count(j, "visits", w->n_watched);
    tm_json_out_count(j, "other_visits", w->n_other);
    tm_json_out_count(j, "slot_us", (uint64_t)w->slot_us);
    tm_json_out_begin(j, "closed", '{');
    tm_json_out_number(j, "chance", w->chance);
    tm_json_out_number(j, "told_from", (double)w->limit / w->n_watched);
    put_attacks(j, s, w, false);
    tm_json_out_end(j, '}');
    if (w->has_open) {
        tm_json_out_begin(j, "open", '{');
        tm_json_out_number(j, "base_rate", s->cfg->base_rate);
        tm_json_out_number(j, "guess_precision", s->cfg->base_rate / w->n_pages);
        put_attacks(j, s, w, true);
        tm_json_out_end(j, '}');
    } else {
        tm_json_out_null(j, "open");
    }
    tm_json_out_end(j, '}');
}

int tm_wf_json(const struct tm_wf_said *s, FILE *f)
{
    struct tm_json_out j = {.f = f};
    char text[512];
    tell(s, text, sizeof text);
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    tm_json_out_count(&j, "seed", s->cfg->seed);
    tm_json_out_count(&j, "folds", s->cfg->folds);
    tm_json_out_number(&j, "alpha", TM_WF_ALPHA);
    if (s->window_us > 0)
        tm_json_out_number(&j, "window_s", (double)s->window_us / 1e6);
    else
        tm_json_out_null(&j, "window_s");
    put_wire(&j, s, "control", s->control);
    put_wire(&j, s, "wire", s->wire);
    tm_json_out_text(&j, "verdict", tm_wf_verdict_key(s->verdict));
    tm_json_out_text(&j, "text", text);
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
    return ferror(f) ? TM_ERR_IO : TM_OK;
}
