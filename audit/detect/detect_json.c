#include "audit/detect/detect_report.h"

#include <math.h>

#include "audit/json.h"

static void counts(struct tm_json_out *j, const char *key, const struct tm_detect_count *c)
{
    tm_json_out_begin(j, key, '{');
    tm_json_out_count(j, "connections", c->n_conns);
    tm_json_out_count(j, "sessions", c->n_sessions);
    tm_json_out_end(j, '}');
}

static void test(struct tm_json_out *j, const char *key, const struct tm_detect_test *t)
{
    if (!t->is_done) {
        tm_json_out_null(j, key);
        return;
    }
    tm_json_out_begin(j, key, '{');
    tm_json_out_number(j, "auc", t->auc.value);
    tm_json_out_number(j, "low", t->auc.low);
    tm_json_out_number(j, "high", t->auc.high);
    counts(j, "real", &t->n[0]);
    counts(j, "other", &t->n[1]);
    tm_json_out_end(j, '}');
}

static void feature(struct tm_json_out *j, const struct tm_detect_feature *v)
{
    tm_json_out_begin(j, NULL, '{');
    tm_json_out_text(j, "name", v->name);
    tm_json_out_number(j, "gain", v->gain);
    tm_json_out_number(j, "ks", v->ks);
    tm_json_out_number(j, "p", v->p);
    tm_json_out_number(j, "p_holm", v->p_holm);
    tm_json_out_end(j, '}');
}

static void group(struct tm_json_out *j, const struct tm_detect_group *g)
{
    tm_json_out_begin(j, NULL, '{');
    tm_json_out_text(j, "name", g->name);
    tm_json_out_count(j, "columns", g->n_cols);
    tm_json_out_text(j, "verdict", tm_detect_verdict_name(g->verdict));
    tm_json_out_text(j, "text", g->text);
    test(j, "cover", &g->cover);
    test(j, "floor_r", &g->floor_r);
    test(j, "floor_rb", &g->floor_rb);
    tm_json_out_begin(j, "null", '{');
    tm_json_out_count(j, "n", g->null.n);
    tm_json_out_number(j, "mean", g->null.n > 0 ? g->null.mean : (double)NAN);
    tm_json_out_number(j, "sd", g->null.n > 0 ? g->null.sd : (double)NAN);
    tm_json_out_number(j, "low", g->null.n > 0 ? g->null.low : (double)NAN);
    tm_json_out_number(j, "high", g->null.n > 0 ? g->null.high : (double)NAN);
    tm_json_out_number(j, "z", g->null.n > 0 ? g->null.z : (double)NAN);
    tm_json_out_number(j, "p", g->null.n > 0 ? g->null.p : (double)NAN);
    tm_json_out_end(j, '}');
    tm_json_out_number(j, "widening", g->widening);
    tm_json_out_numbers(j, "roc_tpr", g->tpr, TM_DETECT_QUANTILES);
    tm_json_out_begin(j, "top", '[');
    for (uint32_t k = 0; k < g->n_top; k++)
        feature(j, &g->top[k]);
    tm_json_out_end(j, ']');
    tm_json_out_end(j, '}');
}

static void memory(struct tm_json_out *j, const struct tm_detect_memory *m)
{
    static const char *const SIDE[] = {"real", "cover"};
    if (!m->is_done) {
        tm_json_out_null(j, "memorisation");
        return;
    }
    tm_json_out_begin(j, "memorisation", '{');
    tm_json_out_count(j, "n_train", m->n_train);
    tm_json_out_number(j, "median_ratio", m->median_ratio);
    tm_json_out_number(j, "q05_ratio", m->q05_ratio);
    for (unsigned s = TM_REAL; s <= TM_COVER; s++) {
        tm_json_out_begin(j, SIDE[s], '{');
        tm_json_out_count(j, "n", s == TM_REAL ? m->n_real : m->n_cover);
        tm_json_out_number(j, "median", m->median[s]);
        tm_json_out_number(j, "q05", m->q05[s]);
        tm_json_out_number(j, "exact_share", m->exact_share[s]);
        tm_json_out_number(j, "run_share", m->run_share[s]);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, '}');
}

static void sides(struct tm_json_out *j, const struct tm_detect_result *r)
{
    static const char *const SIDE[TM_DETECT_SIDES] = {"real", "cover", "train"};
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        tm_json_out_begin(j, SIDE[s], '{');
        tm_json_out_text(j, "name", r->name[s]);
        tm_json_out_text(j, "sessions_from", r->sessions[s]);
        counts(j, "given", &r->given[s]);
        counts(j, "used", &r->used[s]);
        tm_json_out_end(j, '}');
    }
}

static void controls(struct tm_json_out *j, const struct tm_detect_result *r)
{
    tm_json_out_begin(j, "controls", '[');
    for (int k = 0; r->has_controls && k < TM_CONTROLS; k++) {
        tm_json_out_begin(j, NULL, '{');
        tm_json_out_text(j, "name", tm_detect_control_name((enum tm_detect_control_kind)k));
        tm_json_out_truth(j, "passed", r->control[k].is_passed);
        test(j, "test", &r->control[k].test);
        tm_json_out_text(j, "text", r->control[k].text);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, ']');
}

static void shown(struct tm_json_out *j, const struct tm_detect_result *r)
{
    tm_json_out_begin(j, "distributions", '[');
    for (uint32_t k = 0; k < r->n_shown; k++) {
        tm_json_out_begin(j, NULL, '{');
        tm_json_out_text(j, "name", r->shown[k].name);
        tm_json_out_numbers(j, "real", r->shown[k].q[TM_REAL], TM_DETECT_QUANTILES);
        tm_json_out_numbers(j, "cover", r->shown[k].q[TM_COVER], TM_DETECT_QUANTILES);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, ']');
}

void tm_detect_json(const struct tm_detect_result *r, FILE *f)
{
    struct tm_json_out j = {.f = f};
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    tm_json_out_text(&j, "verdict", tm_detect_verdict_name(r->verdict));
    tm_json_out_text(&j, "text", r->text);
    sides(&j, r);
    tm_json_out_text(&j, "learner", r->learner == TM_TREES_FOREST ? "forest" : "boosted");
    tm_json_out_count(&j, "folds", r->folds);
    tm_json_out_count(&j, "seed", r->seed);
    tm_json_out_number(&j, "floor_us", (double)r->floor_us);
    tm_json_out_truth(&j, "one_per_load", r->is_one_per_load);
    tm_json_out_begin(&j, "groups", '[');
    for (uint32_t g = 0; g < r->n_groups; g++)
        group(&j, &r->groups[g]);
    tm_json_out_end(&j, ']');
    tm_json_out_count(&j, "features_told", r->n_told);
    tm_json_out_begin(&j, "features", '[');
    for (uint32_t k = 0; k < r->n_features; k++)
        feature(&j, &r->features[k]);
    tm_json_out_end(&j, ']');
    memory(&j, &r->memory);
    shown(&j, r);
    controls(&j, r);
    tm_json_out_begin(&j, "warnings", '[');
    for (uint32_t k = 0; k < r->n_warnings; k++)
        tm_json_out_text(&j, NULL, r->warning[k]);
    tm_json_out_end(&j, ']');
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
}
