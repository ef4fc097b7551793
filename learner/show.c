/* tm-learn list and show: what is in a model database, for people and as JSON. */
#include <argp.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/commands.h"
#include "learner/figure.h"
#include "models/joint.h"
#include "models/store/store.h"

struct show_options {
    const char *path;
    const char *name; /* NULL: all */
    bool is_json;
    bool takes_name;
};

enum { OPT_JSON = 0x100 };

static error_t parse_show(int key, char *arg, struct argp_state *st)
{
    struct show_options *o = st->input;
    switch (key) {
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (!o->path)
            o->path = arg;
        else if (o->takes_name && !o->name)
            o->name = arg;
        else
            argp_error(st, "%s: one argument too many", arg);
        return 0;
    case ARGP_KEY_END:
        if (!o->path)
            argp_error(st, "no database; name one, e.g. models.db");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option show_options[] = {
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 0},
    {0},
};

static void print_hex(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)printf("%02x", p[i]);
}

/* RFC 8259 sec. 7. */
static void print_json_text(const char *s)
{
    (void)putchar('"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            (void)printf("\\%c", c);
        else if (c < 0x20)
            (void)printf("\\u%04x", c);
        else
            (void)putchar(c);
    }
    (void)putchar('"');
}

static const char *provenance(const struct tm_store_entry *e, const char *key)
{
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, key) == 0)
            return e->prov[i].value;
    }
    return NULL;
}

/* What a connection of the model carries on average, each way; [TM_UP], [TM_DOWN]. */
static void mean_bytes(const struct tm_model *m, double out[2])
{
    struct tm_joint_sum sum;
    out[TM_UP] = out[TM_DOWN] = 0;
    switch (m->kind) {
    case TM_MODEL_SWING:
        for (int dir = TM_UP; dir <= TM_DOWN; dir++) {
            const struct tm_dist *size =
                &m->u.swing.param[dir == TM_UP ? TM_SWING_REQ : TM_SWING_RSP];
            out[dir] = tm_figure_mean(&m->u.swing.param[TM_SWING_NUM_PAIRS]) * tm_figure_mean(size);
        }
        break;
    case TM_MODEL_CONSTANT:
        out[TM_UP] = out[TM_DOWN] = (double)m->u.constant.size_bytes * m->u.constant.n_exchanges;
        break;
    case TM_MODEL_JOINT:
        tm_joint_sum(&m->u.joint, &sum);
        for (int dir = TM_UP; dir <= TM_DOWN; dir++)
            out[dir] = (double)sum.bytes[dir] / (double)m->u.joint.deck.n_conns;
        break;
    case TM_MODEL_MIX: /* in no database */
        break;
    }
}

static void print_list(const struct tm_store_entry *e, size_t n)
{
    char up[TM_FIGURE_LEN], down[TM_FIGURE_LEN];
    (void)printf("%-24s %-10s %-17s %-11s %9s %9s\n", "NAME", "KIND", "DIGEST", "CONNECTIONS",
                 "MEAN UP", "MEAN DOWN");
    for (size_t i = 0; i < n; i++) {
        const char *conns = provenance(&e[i], "connections");
        (void)printf("%-24s %-10s ", e[i].model.name, tm_model_kind_name(e[i].model.kind));
        print_hex(e[i].digest, 8);
        double mean[2] = {0};
        mean_bytes(&e[i].model, mean);
        tm_figure_mean_number(up, mean[TM_UP], "bytes");
        tm_figure_mean_number(down, mean[TM_DOWN], "bytes");
        (void)printf("  %-11s %9s %9s\n", conns ? conns : "-", up, down);
    }
}

static void print_json_head(const struct tm_store_entry *e)
{
    (void)printf("{\"name\": ");
    print_json_text(e->model.name);
    (void)printf(", \"kind\": \"%s\", \"digest\": \"", tm_model_kind_name(e->model.kind));
    print_hex(e->digest, TM_DIGEST_LEN);
    (void)printf("\"");
}

static void print_list_json(const struct tm_store_entry *e, size_t n)
{
    (void)printf("{\"schema_version\": 1, \"models\": [");
    for (size_t i = 0; i < n; i++) {
        const char *conns = provenance(&e[i], "connections");
        (void)printf("%s\n  ", i > 0 ? "," : "");
        print_json_head(&e[i]);
        (void)printf(", \"connections\": %s}", conns ? conns : "null");
    }
    (void)printf("\n]}\n");
}

static const unsigned shown_permille[] = {0, 100, 500, 900, 990, 1000};
#define N_SHOWN (sizeof shown_permille / sizeof *shown_permille)

/* One distribution in a table or as JSON. */
struct shown {
    const char *name;
    const char *unit;
    const struct tm_dist *dist;
    struct tm_bound bound;
};

static struct shown shown_param(const struct tm_swing *s, int p)
{
    enum tm_swing_param param = (enum tm_swing_param)p;
    return (struct shown){tm_swing_param_name(param), tm_swing_param_unit(param), &s->param[p],
                          s->bound[p]};
}

static struct shown shown_measured(const struct tm_swing *s, int p)
{
    enum tm_measured_param param = (enum tm_measured_param)p;
    return (struct shown){tm_measured_name(param), tm_measured_unit(param), &s->measured[p], {0}};
}

static void print_bound(const struct shown *s)
{
    char text[TM_FIGURE_LEN];
    const uint64_t limit[] = {s->bound.least, s->bound.most};
    for (int i = 0; i < 2; i++) {
        if (limit[i] == 0)
            continue;
        tm_figure_number(text, limit[i], s->unit);
        (void)printf("  cut %s %s", i == 0 ? "below" : "above", text);
    }
}

static void print_param(const struct shown *s, bool is_utf8)
{
    char text[TM_FIGURE_LEN];
    char curve[TM_FIGURE_CURVE_LEN];
    const struct tm_dist *d = s->dist;
    (void)printf("%-21s %8" PRIu64, s->name, tm_dist_total(d));
    for (size_t q = 0; q < N_SHOWN; q++) {
        (void)snprintf(text, sizeof text, "-");
        if (d->n_points > 0)
            tm_figure_number(text, tm_dist_quantile(d, shown_permille[q]), s->unit);
        (void)printf(" %9s", text);
    }
    (void)snprintf(text, sizeof text, "-");
    if (d->n_points > 0)
        tm_figure_mean_number(text, tm_figure_mean(d), s->unit);
    tm_figure_curve(curve, d, is_utf8);
    (void)printf(" %9s  %s", text, curve);
    print_bound(s);
    (void)putchar('\n');
}

static void print_swing(const struct tm_swing *s, bool with_empty, bool is_utf8)
{
    (void)printf("%-21s %8s %9s %9s %9s %9s %9s %9s %9s  %s\n", "PARAMETER", "N", "MIN", "P10",
                 "P50", "P90", "P99", "MAX", "MEAN", "MIN..MAX (LOG)");
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        struct shown one = shown_param(s, p);
        if (with_empty || one.dist->n_points > 0)
            print_param(&one, is_utf8);
    }
    bool has_title = false;
    for (int p = 0; p < TM_MEASURED_PARAMS; p++) {
        struct shown one = shown_measured(s, p);
        if (one.dist->n_points == 0)
            continue;
        if (!has_title)
            (void)printf("\nmeasured, not played\n");
        has_title = true;
        print_param(&one, is_utf8);
    }
}

static void print_joint(const struct tm_joint *j, bool is_utf8)
{
    struct tm_joint_sum sum;
    tm_joint_sum(j, &sum);
    print_swing(&j->swing, false, is_utf8);
    (void)printf("\ndeck       %zu connections (%" PRIu32 " first of an RRE, %" PRIu32
                 " later), %zu writes\n",
                 j->deck.n_conns, sum.n_conns[TM_DECK_FIRST], sum.n_conns[TM_DECK_LATER],
                 j->deck.n_writes);
    (void)printf("bytes      %" PRIu64 " up, %" PRIu64 " down\n", sum.bytes[TM_UP],
                 sum.bytes[TM_DOWN]);
    (void)printf("recombined until the median has %" PRIu32 " parents, at most %" PRIu32
                 " rounds and %" PRIu32 " %% of one parent; pauses move by %" PRIu32 " per mille\n",
                 j->recombine.parents, j->recombine.rounds_max, j->recombine.share_max,
                 j->recombine.pause_mix);
    (void)printf("welded     %" PRIu32 " of %zu places\n", sum.n_welds,
                 j->deck.n_writes - j->deck.n_conns);
    if (j->batch_max > 0)
        (void)printf("batches    of at most %" PRIu32 " connections\n", j->batch_max);
    if (j->mss_bytes > 0)
        (void)printf("segments   %" PRIu32 " bytes when full\n", j->mss_bytes);
}

static void print_model(const struct tm_store_entry *e, bool is_utf8)
{
    (void)printf("%s: %s model, digest ", e->model.name, tm_model_kind_name(e->model.kind));
    print_hex(e->digest, 8);
    (void)printf("\n\n");
    switch (e->model.kind) {
    case TM_MODEL_SWING:
        print_swing(&e->model.u.swing, true, is_utf8);
        break;
    case TM_MODEL_CONSTANT:
        (void)printf("size      %" PRIu32 " bytes\ninterval  %" PRIu32 " us\nexchanges %" PRIu32
                     " per connection\n",
                     e->model.u.constant.size_bytes, e->model.u.constant.interval_us,
                     e->model.u.constant.n_exchanges);
        break;
    case TM_MODEL_JOINT:
        print_joint(&e->model.u.joint, is_utf8);
        break;
    case TM_MODEL_MIX:
        break;
    }
    if (e->n_prov > 0)
        (void)printf("\nlearned with\n");
    for (size_t i = 0; i < e->n_prov; i++)
        (void)printf("  %-26s %s\n", e->prov[i].key, e->prov[i].value);
}

static void print_limit_json(const char *name, uint64_t limit)
{
    if (limit > 0)
        (void)printf(", \"%s\": %" PRIu64, name, limit);
    else
        (void)printf(", \"%s\": null", name);
}

static void print_param_json(const struct shown *s)
{
    static const char *const name[N_SHOWN] = {"min", "p10", "p50", "p90", "p99", "max"};
    const struct tm_dist *d = s->dist;
    (void)printf("\n    {\"name\": \"%s\", \"unit\": \"%s\", \"n\": %" PRIu64, s->name, s->unit,
                 tm_dist_total(d));
    for (size_t q = 0; q < N_SHOWN; q++) {
        if (d->n_points > 0)
            (void)printf(", \"%s\": %" PRIu64, name[q], tm_dist_quantile(d, shown_permille[q]));
        else
            (void)printf(", \"%s\": null", name[q]);
    }
    if (d->n_points > 0)
        (void)printf(", \"mean\": %.3f", tm_figure_mean(d));
    else
        (void)printf(", \"mean\": null");
    print_limit_json("cut_below", s->bound.least);
    print_limit_json("cut_above", s->bound.most);
    (void)putchar('}');
}

static void print_swing_json(const struct tm_swing *s, bool with_empty)
{
    bool is_first = true;
    (void)printf(", \"parameters\": [");
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        struct shown one = shown_param(s, p);
        if (!with_empty && one.dist->n_points == 0)
            continue;
        (void)printf("%s", is_first ? "" : ",");
        is_first = false;
        print_param_json(&one);
    }
    (void)printf("\n  ], \"measured\": [");
    for (int p = 0; p < TM_MEASURED_PARAMS; p++) {
        struct shown one = shown_measured(s, p);
        (void)printf("%s", p > 0 ? "," : "");
        print_param_json(&one);
    }
    (void)printf("\n  ]");
}

static void print_joint_json(const struct tm_joint *j)
{
    struct tm_joint_sum sum;
    tm_joint_sum(j, &sum);
    print_swing_json(&j->swing, false);
    (void)printf(",\n  \"deck\": {\"connections\": %zu, \"first\": %" PRIu32 ", \"later\": %" PRIu32
                 ", \"writes\": %zu, \"up_bytes\": %" PRIu64 ", \"down_bytes\": %" PRIu64
                 ", \"welds\": %" PRIu32 "}",
                 j->deck.n_conns, sum.n_conns[TM_DECK_FIRST], sum.n_conns[TM_DECK_LATER],
                 j->deck.n_writes, sum.bytes[TM_UP], sum.bytes[TM_DOWN], sum.n_welds);
    (void)printf(",\n  \"recombine\": {\"parents\": %" PRIu32 ", \"rounds_max\": %" PRIu32
                 ", \"share_max\": %" PRIu32 ", \"pause_mix\": %" PRIu32 ", \"batch_max\": %" PRIu32
                 "}, \"mss_bytes\": %" PRIu32,
                 j->recombine.parents, j->recombine.rounds_max, j->recombine.share_max,
                 j->recombine.pause_mix, j->batch_max, j->mss_bytes);
}

static void print_model_json(const struct tm_store_entry *e)
{
    print_json_head(e);
    switch (e->model.kind) {
    case TM_MODEL_SWING:
        print_swing_json(&e->model.u.swing, true);
        break;
    case TM_MODEL_CONSTANT:
        (void)printf(", \"size_bytes\": %" PRIu32 ", \"interval_us\": %" PRIu32
                     ", \"exchanges\": %" PRIu32,
                     e->model.u.constant.size_bytes, e->model.u.constant.interval_us,
                     e->model.u.constant.n_exchanges);
        break;
    case TM_MODEL_JOINT:
        print_joint_json(&e->model.u.joint);
        break;
    case TM_MODEL_MIX:
        break;
    }
    (void)printf(", \"provenance\": {");
    for (size_t i = 0; i < e->n_prov; i++) {
        (void)printf("%s\n    ", i > 0 ? "," : "");
        print_json_text(e->prov[i].key);
        (void)printf(": ");
        print_json_text(e->prov[i].value);
    }
    (void)printf("}}");
}

static void print_shown(const struct show_options *o, const struct tm_store_entry *e, size_t n)
{
    bool is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    size_t n_printed = 0;
    if (o->is_json)
        (void)printf("{\"schema_version\": 1, \"models\": [");
    for (size_t i = 0; i < n; i++) {
        if (o->name && strcmp(o->name, e[i].model.name) != 0)
            continue;
        if (o->is_json) {
            (void)printf("%s\n  ", n_printed > 0 ? "," : "");
            print_model_json(&e[i]);
        } else {
            (void)printf("%s", n_printed > 0 ? "\n\n" : "");
            print_model(&e[i], is_utf8);
        }
        n_printed++;
    }
    if (o->is_json)
        (void)printf("\n]}\n");
}

/* The name's model, built-in ones included, or TM_ERR_RANGE with the names that exist. */
static int find(const struct show_options *o, struct tm_store_entry **e, size_t *n,
                struct tm_msg *msg)
{
    for (size_t i = 0; i < *n; i++) {
        if (!o->name || strcmp(o->name, (*e)[i].model.name) == 0)
            return TM_OK;
    }
    if (!o->name)
        return TM_OK;
    struct tm_store_entry *one = calloc(1, sizeof *one);
    if (!one)
        return TM_ERR_NOMEM;
    int rc = tm_store_load_model(o->path, o->name, &one->model, msg);
    if (rc != TM_OK) {
        free(one);
        return rc;
    }
    tm_model_digest(&one->model, one->digest);
    tm_store_entries_free(*e, *n);
    *e = one;
    *n = 1;
    return TM_OK;
}

static int report(int rc, const struct tm_msg *msg)
{
    if (rc == TM_OK && fflush(stdout) == 0)
        return 0;
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg->text[0] != '\0' ? msg->text : tm_strerror(rc));
    return 1;
}

int tm_cmd_list(int argc, char **argv)
{
    static const struct argp argp = {
        .options = show_options,
        .parser = parse_show,
        .args_doc = "models.db",
        .doc = "List the models of a database.",
    };
    struct show_options o = {0};
    struct tm_msg msg = {""};
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = tm_store_load(o.path, &e, &n, &msg);
    if (rc == TM_OK && o.is_json)
        print_list_json(e, n);
    else if (rc == TM_OK)
        print_list(e, n);
    tm_store_entries_free(e, n);
    return report(rc, &msg);
}

int tm_cmd_show(int argc, char **argv)
{
    static const struct argp argp = {
        .options = show_options,
        .parser = parse_show,
        .args_doc = "models.db [NAME]",
        .doc = "Show what a model holds, or all models of a database.",
    };
    struct show_options o = {.takes_name = true};
    struct tm_msg msg = {""};
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = tm_store_load(o.path, &e, &n, &msg);
    if (rc == TM_OK)
        rc = find(&o, &e, &n, &msg);
    if (rc == TM_OK)
        print_shown(&o, e, n);
    tm_store_entries_free(e, n);
    return report(rc, &msg);
}
