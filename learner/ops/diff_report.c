/* What differs between two models: each parameter, and each line of provenance. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "learner/figure.h"
#include "learner/ops/compare_report.h"
#include "models/joint.h"

static const unsigned shown[] = {0, 100, 500, 900, 990, 1000};
#define N_SHOWN (sizeof shown / sizeof *shown)

static bool is_equal(const struct tm_dist *a, const struct tm_dist *b)
{
    return a->n_points == b->n_points &&
           (a->n_points == 0 || memcmp(a->pt, b->pt, a->n_points * sizeof *a->pt) == 0);
}

static void add_quantiles(struct tm_text *t, int side, const struct tm_dist *d,
                          enum tm_swing_param p)
{
    char text[TM_FIGURE_LEN];
    tm_text_add(t, "  %d: n %8" PRIu64, side, tm_dist_total(d));
    for (size_t q = 0; q < N_SHOWN && d->n_points > 0; q++) {
        tm_figure_number(text, tm_dist_quantile(d, shown[q]), tm_swing_param_unit(p));
        tm_text_add(t, " %9s", text);
    }
    tm_text_add(t, "\n");
}

static void diff_swing(struct tm_text *t, const struct tm_swing *a, const struct tm_swing *b)
{
    for (int i = 0; i < TM_SWING_PARAMS; i++) {
        enum tm_swing_param p = (enum tm_swing_param)i;
        const struct tm_dist *x = &a->param[i];
        const struct tm_dist *y = &b->param[i];
        char moved[TM_FIGURE_LEN];
        if (is_equal(x, y)) {
            tm_text_add(t, "%s: the same, n %" PRIu64 "\n", tm_swing_param_name(p),
                        tm_dist_total(x));
            continue;
        }
        tm_text_add(t, "%s: differs", tm_swing_param_name(p));
        if (x->n_points > 0 && y->n_points > 0) {
            tm_figure_mean_number(moved, tm_compare_wasserstein(x, y), tm_swing_param_unit(p));
            tm_text_add(t, ", D %.4f, W1 %s", tm_compare_ks(x, y), moved);
        }
        tm_text_add(t, "; n, minimum, p10, p50, p90, p99, maximum:\n");
        add_quantiles(t, 1, x, p);
        add_quantiles(t, 2, y, p);
    }
}

static void diff_constant(struct tm_text *t, const struct tm_constant *a,
                          const struct tm_constant *b)
{
    const struct {
        const char *name;
        uint32_t v[2];
    } row[] = {{"size_bytes", {a->size_bytes, b->size_bytes}},
               {"interval_us", {a->interval_us, b->interval_us}},
               {"exchanges", {a->n_exchanges, b->n_exchanges}}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        tm_text_add(t, "%s: %s, %" PRIu32 " and %" PRIu32 "\n", row[i].name,
                    row[i].v[0] == row[i].v[1] ? "the same" : "differs", row[i].v[0], row[i].v[1]);
}

/* What a deck and its rules are in numbers. */
struct joint_row {
    const char *name;
    uint64_t v[2];
};
#define JOINT_ROWS 10U

static void joint_rows(const struct tm_joint *a, const struct tm_joint *b,
                       struct joint_row row[JOINT_ROWS])
{
    const struct tm_joint *side[2] = {a, b};
    static const char *const name[JOINT_ROWS] = {
        "deck_first", "deck_later", "deck_writes", "up_bytes",  "down_bytes",
        "parents",    "rounds_max", "share_max",   "pause_mix", "mss_bytes"};
    for (size_t i = 0; i < JOINT_ROWS; i++)
        row[i].name = name[i];
    for (int s = 0; s < 2; s++) {
        const struct tm_recombine_cfg *r = &side[s]->recombine;
        struct tm_joint_sum sum;
        tm_joint_sum(side[s], &sum);
        const uint64_t v[JOINT_ROWS] = {sum.n_conns[TM_DECK_FIRST],
                                        sum.n_conns[TM_DECK_LATER],
                                        side[s]->deck.n_writes,
                                        sum.bytes[TM_UP],
                                        sum.bytes[TM_DOWN],
                                        r->parents,
                                        r->rounds_max,
                                        r->share_max,
                                        r->pause_mix,
                                        side[s]->mss_bytes};
        for (size_t i = 0; i < JOINT_ROWS; i++)
            row[i].v[s] = v[i];
    }
}

static void diff_joint(struct tm_text *t, const struct tm_joint *a, const struct tm_joint *b)
{
    struct joint_row row[JOINT_ROWS];
    joint_rows(a, b, row);
    diff_swing(t, &a->swing, &b->swing);
    for (size_t i = 0; i < JOINT_ROWS; i++)
        tm_text_add(t, "%s: %s, %" PRIu64 " and %" PRIu64 "\n", row[i].name,
                    row[i].v[0] == row[i].v[1] ? "the same" : "differs", row[i].v[0], row[i].v[1]);
}

static const char *value(const struct tm_store_entry *e, const char *key)
{
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, key) == 0)
            return e->prov[i].value;
    }
    return NULL;
}

/* The keys whose values differ, those of the first model first: calls `add` for each. */
static unsigned diff_provenance(struct tm_text *t, const struct tm_store_entry *const e[2],
                                void (*add)(struct tm_text *, unsigned, const char *, const char *,
                                            const char *))
{
    unsigned n = 0;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < e[side]->n_prov; i++) {
            const char *key = e[side]->prov[i].key;
            const char *x = value(e[0], key);
            const char *y = value(e[1], key);
            bool is_new = side == 0 || !x;
            if (is_new && !(x && y && strcmp(x, y) == 0))
                add(t, n++, key, x, y);
        }
    }
    return n;
}

static void add_line(struct tm_text *t, unsigned n, const char *key, const char *x, const char *y)
{
    if (n == 0)
        tm_text_add(t, "\nlearned with\n");
    tm_text_add(t, "  %-26s %s  |  %s\n", key, x ? x : "-", y ? y : "-");
}

void tm_diff_text(struct tm_text *t, const char *const name[2],
                  const struct tm_store_entry *const e[2])
{
    for (int s = 0; s < 2; s++) {
        tm_text_add(t, "%d: %s (%s model, digest ", s + 1, name[s],
                    tm_model_kind_name(e[s]->model.kind));
        tm_text_hex(t, e[s]->digest, 8);
        tm_text_add(t, ")\n");
    }
    const struct tm_model *a = &e[0]->model;
    const struct tm_model *b = &e[1]->model;
    tm_text_add(t, "\n");
    if (memcmp(e[0]->digest, e[1]->digest, TM_DIGEST_LEN) == 0) {
        tm_text_add(t, "The statistics are the same.\n");
    } else if (a->kind != b->kind) {
        tm_text_add(t, "The kinds differ; compare shows what that means for traffic.\n");
    } else {
        switch (a->kind) {
        case TM_MODEL_SWING:
            diff_swing(t, &a->u.swing, &b->u.swing);
            break;
        case TM_MODEL_CONSTANT:
            diff_constant(t, &a->u.constant, &b->u.constant);
            break;
        case TM_MODEL_JOINT:
            diff_joint(t, &a->u.joint, &b->u.joint);
            break;
        case TM_MODEL_MIX: /* in no database */
            break;
        }
    }
    (void)diff_provenance(t, e, add_line);
}

static void add_value_json(struct tm_text *t, const char *v)
{
    if (v)
        tm_text_json(t, v);
    else
        tm_text_add(t, "null");
}

static void add_line_json(struct tm_text *t, unsigned n, const char *key, const char *x,
                          const char *y)
{
    tm_text_add(t, "%s\n  ", n > 0 ? "," : "");
    tm_text_json(t, key);
    tm_text_add(t, ": [");
    add_value_json(t, x);
    tm_text_add(t, ", ");
    add_value_json(t, y);
    tm_text_add(t, "]");
}

static void add_quantiles_json(struct tm_text *t, const struct tm_dist *d)
{
    tm_text_add(t, "[");
    for (size_t q = 0; q < N_SHOWN && d->n_points > 0; q++)
        tm_text_add(t, "%s%" PRIu64, q > 0 ? ", " : "", tm_dist_quantile(d, shown[q]));
    tm_text_add(t, "]");
}

static void diff_swing_json(struct tm_text *t, const struct tm_swing *a, const struct tm_swing *b)
{
    for (int i = 0; i < TM_SWING_PARAMS; i++) {
        enum tm_swing_param p = (enum tm_swing_param)i;
        const struct tm_dist *x = &a->param[i];
        const struct tm_dist *y = &b->param[i];
        tm_text_add(t, "%s\n  {\"name\": \"%s\", \"unit\": \"%s\", \"same\": %s", i > 0 ? "," : "",
                    tm_swing_param_name(p), tm_swing_param_unit(p),
                    is_equal(x, y) ? "true" : "false");
        if (x->n_points > 0 && y->n_points > 0)
            tm_text_add(t, ", \"ks\": %.9g, \"wasserstein\": %.9g", tm_compare_ks(x, y),
                        tm_compare_wasserstein(x, y));
        tm_text_add(t, ", \"n\": [%" PRIu64 ", %" PRIu64 "], \"quantiles\": [", tm_dist_total(x),
                    tm_dist_total(y));
        add_quantiles_json(t, x);
        tm_text_add(t, ", ");
        add_quantiles_json(t, y);
        tm_text_add(t, "]}");
    }
}

static void diff_constant_json(struct tm_text *t, const struct tm_constant *a,
                               const struct tm_constant *b)
{
    tm_text_add(t,
                "\n  {\"name\": \"size_bytes\", \"value\": [%" PRIu32 ", %" PRIu32
                "]},\n  {\"name\": \"interval_us\", \"value\": [%" PRIu32 ", %" PRIu32
                "]},\n  {\"name\": \"exchanges\", \"value\": [%" PRIu32 ", %" PRIu32 "]}",
                a->size_bytes, b->size_bytes, a->interval_us, b->interval_us, a->n_exchanges,
                b->n_exchanges);
}

static void diff_joint_json(struct tm_text *t, const struct tm_joint *a, const struct tm_joint *b)
{
    struct joint_row row[JOINT_ROWS];
    joint_rows(a, b, row);
    diff_swing_json(t, &a->swing, &b->swing);
    for (size_t i = 0; i < JOINT_ROWS; i++)
        tm_text_add(t, ",\n  {\"name\": \"%s\", \"value\": [%" PRIu64 ", %" PRIu64 "]}",
                    row[i].name, row[i].v[0], row[i].v[1]);
}

void tm_diff_json(struct tm_text *t, const char *const name[2],
                  const struct tm_store_entry *const e[2])
{
    const struct tm_model *a = &e[0]->model;
    const struct tm_model *b = &e[1]->model;
    tm_text_add(t, "{\"schema_version\": 1, \"sides\": [");
    for (int s = 0; s < 2; s++) {
        tm_text_add(t, "%s\n  {\"name\": ", s > 0 ? "," : "");
        tm_text_json(t, name[s]);
        tm_text_add(t, ", \"kind\": \"%s\", \"digest\": \"", tm_model_kind_name(e[s]->model.kind));
        tm_text_hex(t, e[s]->digest, TM_DIGEST_LEN);
        tm_text_add(t, "\"}");
    }
    tm_text_add(t, "],\n \"same\": %s,\n \"parameters\": [",
                memcmp(e[0]->digest, e[1]->digest, TM_DIGEST_LEN) == 0 ? "true" : "false");
    if (a->kind == b->kind) {
        switch (a->kind) {
        case TM_MODEL_SWING:
            diff_swing_json(t, &a->u.swing, &b->u.swing);
            break;
        case TM_MODEL_CONSTANT:
            diff_constant_json(t, &a->u.constant, &b->u.constant);
            break;
        case TM_MODEL_JOINT:
            diff_joint_json(t, &a->u.joint, &b->u.joint);
            break;
        case TM_MODEL_MIX: /* in no database */
            break;
        }
    }
    tm_text_add(t, "],\n \"provenance\": {");
    (void)diff_provenance(t, e, add_line_json);
    tm_text_add(t, "}}\n");
}
