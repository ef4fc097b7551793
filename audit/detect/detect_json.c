#include "audit/detect/detect_report.h"

#include <math.h>

#include "audit/json.h"

static void counts(struct tm_jsonw *j, const char *key, const struct tm_detect_count *c)
{
    tm_jsonw_begin(j, key, '{');
    tm_jsonw_count(j, "connections", c->n_conns);
    tm_jsonw_count(j, "sessions", c->n_sessions);
    tm_jsonw_end(j, '}');
}

static void test(struct tm_jsonw *j, const char *key, const struct tm_detect_test *t)
{
    if (!t->is_done) {
        tm_jsonw_null(j, key);
        return;
    }
    tm_jsonw_begin(j, key, '{');
    tm_jsonw_number(j, "auc", t->auc.value);
    tm_jsonw_number(j, "low", t->auc.low);
    tm_jsonw_number(j, "high", t->auc.high);
    counts(j, "real", &t->n[0]);
    counts(j, "other", &t->n[1]);
    tm_jsonw_end(j, '}');
}

static void feature(struct tm_jsonw *j, const struct tm_detect_feature *v)
{
    tm_jsonw_begin(j, NULL, '{');
    tm_jsonw_text(j, "name", v->name);
    tm_jsonw_number(j, "gain", v->gain);
    tm_jsonw_number(j, "ks", v->ks);
    tm_jsonw_number(j, "p", v->p);
    tm_jsonw_number(j, "p_holm", v->p_holm);
    tm_jsonw_end(j, '}');
}

static void group(struct tm_jsonw *j, const struct tm_detect_group *g)
{
    tm_jsonw_begin(j, NULL, '{');
    tm_jsonw_text(j, "name", g->name);
    tm_jsonw_count(j, "columns", g->n_cols);
    tm_jsonw_text(j, "verdict", tm_detect_verdict_name(g->verdict));
    tm_jsonw_text(j, "text", g->text);
    test(j, "cover", &g->cover);
    test(j, "floor_r", &g->floor_r);
    test(j, "floor_rb", &g->floor_rb);
    tm_jsonw_begin(j, "null", '{');
    tm_jsonw_count(j, "n", g->null.n);
    tm_jsonw_number(j, "mean", g->null.n > 0 ? g->null.mean : (double)NAN);
    tm_jsonw_number(j, "sd", g->null.n > 0 ? g->null.sd : (double)NAN);
    tm_jsonw_number(j, "low", g->null.n > 0 ? g->null.low : (double)NAN);
    tm_jsonw_number(j, "high", g->null.n > 0 ? g->null.high : (double)NAN);
    tm_jsonw_number(j, "z", g->null.n > 0 ? g->null.z : (double)NAN);
    tm_jsonw_number(j, "p", g->null.n > 0 ? g->null.p : (double)NAN);
    tm_jsonw_end(j, '}');
    tm_jsonw_number(j, "widening", g->widening);
    tm_jsonw_numbers(j, "roc_tpr", g->tpr, TM_DETECT_QUANTILES);
    tm_jsonw_begin(j, "top", '[');
    for (uint32_t k = 0; k < g->n_top; k++)
        feature(j, &g->top[k]);
    tm_jsonw_end(j, ']');
    tm_jsonw_end(j, '}');
}

static void memory(struct tm_jsonw *j, const struct tm_detect_memory *m)
{
    static const char *const SIDE[] = {"real", "cover"};
    if (!m->is_done) {
        tm_jsonw_null(j, "memorisation");
        return;
    }
    tm_jsonw_begin(j, "memorisation", '{');
    tm_jsonw_count(j, "n_train", m->n_train);
    tm_jsonw_number(j, "median_ratio", m->median_ratio);
    tm_jsonw_number(j, "q05_ratio", m->q05_ratio);
    for (unsigned s = TM_REAL; s <= TM_COVER; s++) {
        tm_jsonw_begin(j, SIDE[s], '{');
        tm_jsonw_count(j, "n", s == TM_REAL ? m->n_real : m->n_cover);
        tm_jsonw_number(j, "median", m->median[s]);
        tm_jsonw_number(j, "q05", m->q05[s]);
        tm_jsonw_number(j, "exact_share", m->exact_share[s]);
        tm_jsonw_number(j, "run_share", m->run_share[s]);
        tm_jsonw_end(j, '}');
    }
    tm_jsonw_end(j, '}');
}

static void sides(struct tm_jsonw *j, const struct tm_detect_result *r)
{
    static const char *const SIDE[TM_DETECT_SIDES] = {"real", "cover", "train"};
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        tm_jsonw_begin(j, SIDE[s], '{');
        tm_jsonw_text(j, "name", r->name[s]);
        tm_jsonw_text(j, "sessions_from", r->sessions[s]);
        counts(j, "given", &r->given[s]);
        counts(j, "used", &r->used[s]);
        tm_jsonw_end(j, '}');
    }
}

static void controls(struct tm_jsonw *j, const struct tm_detect_result *r)
{
    tm_jsonw_begin(j, "controls", '[');
    for (int k = 0; r->has_controls && k < TM_CONTROLS; k++) {
        tm_jsonw_begin(j, NULL, '{');
        tm_jsonw_text(j, "name", tm_detect_control_name((enum tm_detect_control_kind)k));
        tm_jsonw_truth(j, "passed", r->control[k].is_passed);
        test(j, "test", &r->control[k].test);
        tm_jsonw_text(j, "text", r->control[k].text);
        tm_jsonw_end(j, '}');
    }
    tm_jsonw_end(j, ']');
}

static void shown(struct tm_jsonw *j, const struct tm_detect_result *r)
{
    tm_jsonw_begin(j, "distributions", '[');
    for (uint32_t k = 0; k < r->n_shown; k++) {
        tm_jsonw_begin(j, NULL, '{');
        tm_jsonw_text(j, "name", r->shown[k].name);
        tm_jsonw_numbers(j, "real", r->shown[k].q[TM_REAL], TM_DETECT_QUANTILES);
        tm_jsonw_numbers(j, "cover", r->shown[k].q[TM_COVER], TM_DETECT_QUANTILES);
        tm_jsonw_end(j, '}');
    }
    tm_jsonw_end(j, ']');
}

void tm_detect_json(const struct tm_detect_result *r, FILE *f)
{
    struct tm_jsonw j = {.f = f};
    tm_jsonw_begin(&j, NULL, '{');
    tm_jsonw_count(&j, "schema_version", 1);
    tm_jsonw_text(&j, "verdict", tm_detect_verdict_name(r->verdict));
    tm_jsonw_text(&j, "text", r->text);
    sides(&j, r);
    tm_jsonw_text(&j, "learner", r->learner == TM_TREES_FOREST ? "forest" : "boosted");
    tm_jsonw_count(&j, "folds", r->folds);
    tm_jsonw_count(&j, "seed", r->seed);
    tm_jsonw_number(&j, "floor_us", (double)r->floor_us);
    tm_jsonw_truth(&j, "one_per_load", r->is_one_per_load);
    tm_jsonw_begin(&j, "groups", '[');
    for (uint32_t g = 0; g < r->n_groups; g++)
        group(&j, &r->groups[g]);
    tm_jsonw_end(&j, ']');
    tm_jsonw_count(&j, "features_told", r->n_told);
    tm_jsonw_begin(&j, "features", '[');
    for (uint32_t k = 0; k < r->n_features; k++)
        feature(&j, &r->features[k]);
    tm_jsonw_end(&j, ']');
    memory(&j, &r->memory);
    shown(&j, r);
    controls(&j, r);
    tm_jsonw_begin(&j, "warnings", '[');
    for (uint32_t k = 0; k < r->n_warnings; k++)
        tm_jsonw_text(&j, NULL, r->warning[k]);
    tm_jsonw_end(&j, ']');
    tm_jsonw_end(&j, '}');
    (void)fputc('\n', f);
}
