#include "audit/detect/detect_report.h"

#include <inttypes.h>
#include <math.h>

/* An object or array on its way; `is_next`: a comma is due. */
struct json {
    FILE *f;
    bool is_next;
};

static void put_text(struct json *j, const char *text)
{
    (void)fputc('"', j->f);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            (void)fprintf(j->f, "\\%c", *p);
        else if (*p < 0x20)
            (void)fprintf(j->f, "\\u%04x", (unsigned)*p);
        else
            (void)fputc(*p, j->f);
    }
    (void)fputc('"', j->f);
}

/* A member's name, or NULL for an element of an array. */
static void put_key(struct json *j, const char *key)
{
    if (j->is_next)
        (void)fputs(", ", j->f);
    j->is_next = true;
    if (key) {
        put_text(j, key);
        (void)fputs(": ", j->f);
    }
}

static void begin(struct json *j, const char *key, char bracket)
{
    put_key(j, key);
    (void)fputc(bracket, j->f);
    j->is_next = false;
}

static void end(struct json *j, char bracket)
{
    (void)fputc(bracket, j->f);
    j->is_next = true;
}

static void string(struct json *j, const char *key, const char *text)
{
    put_key(j, key);
    put_text(j, text);
}

static void number(struct json *j, const char *key, double v)
{
    put_key(j, key);
    if (isfinite(v))
        (void)fprintf(j->f, "%.6g", v);
    else
        (void)fputs("null", j->f);
}

static void count(struct json *j, const char *key, uint64_t v)
{
    put_key(j, key);
    (void)fprintf(j->f, "%" PRIu64, v);
}

static void truth(struct json *j, const char *key, bool v)
{
    put_key(j, key);
    (void)fputs(v ? "true" : "false", j->f);
}

static void numbers(struct json *j, const char *key, const double *v, uint32_t n)
{
    begin(j, key, '[');
    for (uint32_t i = 0; i < n; i++)
        number(j, NULL, v[i]);
    end(j, ']');
}

static void counts(struct json *j, const char *key, const struct tm_detect_count *c)
{
    begin(j, key, '{');
    count(j, "connections", c->n_conns);
    count(j, "sessions", c->n_sessions);
    end(j, '}');
}

static void test(struct json *j, const char *key, const struct tm_detect_test *t)
{
    if (!t->is_done) {
        put_key(j, key);
        (void)fputs("null", j->f);
        return;
    }
    begin(j, key, '{');
    number(j, "auc", t->auc.value);
    number(j, "low", t->auc.low);
    number(j, "high", t->auc.high);
    counts(j, "real", &t->n[0]);
    counts(j, "other", &t->n[1]);
    end(j, '}');
}

static void feature(struct json *j, const struct tm_detect_feature *v)
{
    begin(j, NULL, '{');
    string(j, "name", v->name);
    number(j, "gain", v->gain);
    number(j, "ks", v->ks);
    number(j, "p", v->p);
    number(j, "p_holm", v->p_holm);
    end(j, '}');
}

static void group(struct json *j, const struct tm_detect_group *g)
{
    begin(j, NULL, '{');
    string(j, "name", g->name);
    count(j, "columns", g->n_cols);
    string(j, "verdict", tm_detect_verdict_name(g->verdict));
    string(j, "text", g->text);
    test(j, "cover", &g->cover);
    test(j, "floor_r", &g->floor_r);
    test(j, "floor_rb", &g->floor_rb);
    begin(j, "null", '{');
    count(j, "n", g->null.n);
    number(j, "mean", g->null.n > 0 ? g->null.mean : (double)NAN);
    number(j, "sd", g->null.n > 0 ? g->null.sd : (double)NAN);
    number(j, "low", g->null.n > 0 ? g->null.low : (double)NAN);
    number(j, "high", g->null.n > 0 ? g->null.high : (double)NAN);
    number(j, "z", g->null.n > 0 ? g->null.z : (double)NAN);
    number(j, "p", g->null.n > 0 ? g->null.p : (double)NAN);
    end(j, '}');
    number(j, "widening", g->widening);
    numbers(j, "roc_tpr", g->tpr, TM_DETECT_QUANTILES);
    begin(j, "top", '[');
    for (uint32_t k = 0; k < g->n_top; k++)
        feature(j, &g->top[k]);
    end(j, ']');
    end(j, '}');
}

static void memory(struct json *j, const struct tm_detect_memory *m)
{
    static const char *const SIDE[] = {"real", "cover"};
    if (!m->is_done) {
        put_key(j, "memorisation");
        (void)fputs("null", j->f);
        return;
    }
    begin(j, "memorisation", '{');
    count(j, "n_train", m->n_train);
    number(j, "median_ratio", m->median_ratio);
    number(j, "q05_ratio", m->q05_ratio);
    for (unsigned s = TM_REAL; s <= TM_COVER; s++) {
        begin(j, SIDE[s], '{');
        count(j, "n", s == TM_REAL ? m->n_real : m->n_cover);
        number(j, "median", m->median[s]);
        number(j, "q05", m->q05[s]);
        number(j, "exact_share", m->exact_share[s]);
        number(j, "run_share", m->run_share[s]);
        end(j, '}');
    }
    end(j, '}');
}

static void sides(struct json *j, const struct tm_detect_result *r)
{
    static const char *const SIDE[TM_DETECT_SIDES] = {"real", "cover", "train"};
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        begin(j, SIDE[s], '{');
        string(j, "name", r->name[s]);
        string(j, "sessions_from", r->sessions[s]);
        counts(j, "given", &r->given[s]);
        counts(j, "used", &r->used[s]);
        end(j, '}');
    }
}

static void controls(struct json *j, const struct tm_detect_result *r)
{
    begin(j, "controls", '[');
    for (int k = 0; r->has_controls && k < TM_CONTROLS; k++) {
        begin(j, NULL, '{');
        string(j, "name", tm_detect_control_name((enum tm_detect_control_kind)k));
        truth(j, "passed", r->control[k].is_passed);
        test(j, "test", &r->control[k].test);
        string(j, "text", r->control[k].text);
        end(j, '}');
    }
    end(j, ']');
}

static void shown(struct json *j, const struct tm_detect_result *r)
{
    begin(j, "distributions", '[');
    for (uint32_t k = 0; k < r->n_shown; k++) {
        begin(j, NULL, '{');
        string(j, "name", r->shown[k].name);
        numbers(j, "real", r->shown[k].q[TM_REAL], TM_DETECT_QUANTILES);
        numbers(j, "cover", r->shown[k].q[TM_COVER], TM_DETECT_QUANTILES);
        end(j, '}');
    }
    end(j, ']');
}

void tm_detect_json(const struct tm_detect_result *r, FILE *f)
{
    struct json j = {.f = f};
    begin(&j, NULL, '{');
    count(&j, "schema_version", 1);
    string(&j, "verdict", tm_detect_verdict_name(r->verdict));
    string(&j, "text", r->text);
    sides(&j, r);
    string(&j, "learner", r->learner == TM_TREES_FOREST ? "forest" : "boosted");
    count(&j, "folds", r->folds);
    count(&j, "seed", r->seed);
    number(&j, "floor_us", (double)r->floor_us);
    truth(&j, "one_per_load", r->is_one_per_load);
    begin(&j, "groups", '[');
    for (uint32_t g = 0; g < r->n_groups; g++)
        group(&j, &r->groups[g]);
    end(&j, ']');
    count(&j, "features_told", r->n_told);
    begin(&j, "features", '[');
    for (uint32_t k = 0; k < r->n_features; k++)
        feature(&j, &r->features[k]);
    end(&j, ']');
    memory(&j, &r->memory);
    shown(&j, r);
    controls(&j, r);
    begin(&j, "warnings", '[');
    for (uint32_t k = 0; k < r->n_warnings; k++)
        string(&j, NULL, r->warning[k]);
    end(&j, ']');
    end(&j, '}');
    (void)fputc('\n', f);
}
