/* tm-learn compare: two models, or a model and captures, parameter by parameter. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/commands.h"
#include "learner/ops/args.h"
#include "learner/ops/compare.h"
#include "learner/ops/compare_report.h"
#include "learner/ops/energy.h"
#include "learner/ops/relearn.h"
#include "learner/ops/sample_args.h"
#include "learner/ops/sampling.h"

#define CONNS_SAMPLED 10000U /* of a model whose parameters are not distributions */

enum { OPT_JSON = 0x100 };

struct options {
    char **args;
    size_t n_args;
    const char *port, *key;
    bool is_json;
    struct tm_sample_head head; /* of samples that are made on the way; model is filled in later */
};

static const struct argp_option option_table[] = {
    {"json", OPT_JSON, NULL, 0, "print one JSON object", 1},
    {"port", 'p', "PORT[,PORT...]", 0, "the servers' ports in the captures (those of the model)",
     2},
    {"key", 'k', "client|pair|pair/BITS", 0, "what a user is in the captures (as for the model)",
     2},
    {0},
};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct options *o = st->input;
    switch (key) {
    case ARGP_KEY_INIT:
        st->child_inputs[0] = &o->head;
        return 0;
    case OPT_JSON:
        o->is_json = true;
        return 0;
    case 'p':
        o->port = arg;
        return 0;
    case 'k':
        o->key = arg;
        return 0;
    case ARGP_KEY_ARGS:
        o->args = st->argv + st->next;
        o->n_args = (size_t)(st->argc - st->next);
        return 0;
    case ARGP_KEY_END:
        if (o->n_args < 2)
            argp_error(st, "name a model, and a model or captures to compare it with, e.g. "
                           "models.db:https new.pcap");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One side: a model, or captures. */
struct side {
    const char *path;
    const char *name;             /* of the model, as given */
    struct tm_store_entry *model; /* owned; NULL: captures */
    struct tm_marginals marginals;
    struct tm_wavelet *wavelet; /* owned */
    uint64_t n_conns;
    double rho[TM_RELATIONS];
    bool has_rho;
    char label[400];
};

struct comparison {
    const struct options *o;
    struct side side[2];
    struct tm_options learn; /* how captures and samples are learned */
    uint32_t n_users;        /* of the last sample */
    struct tm_msg *msg;
};

static void side_deinit(struct side *s)
{
    tm_store_entries_free(s->model, 1);
    tm_marginals_deinit(&s->marginals);
    free(s->wavelet);
}

static int load_model(struct side *s, struct tm_msg *msg)
{
    int rc = tm_args_load(s->path, s->name, &s->model, msg);
    if (rc == TM_OK)
        (void)snprintf(s->label, sizeof s->label, "%s:%s", s->path, s->model->model.name);
    for (size_t i = 0; rc == TM_OK && i < s->model->n_prov; i++) {
        if (strcmp(s->model->prov[i].key, "connections") == 0)
            s->n_conns = strtoull(s->model->prov[i].value, NULL, 10);
    }
    return rc;
}

static void see_packet(void *ctx, const struct tm_tap_packet *p)
{
    tm_wavelet_add(ctx, p->t_us, p->dir, p->payload_len);
}

/* Bounds of what was learned with the options at hand. */
static void mark_bounds(const struct comparison *c, struct tm_marginals *m)
{
    tm_fit_bounds(&c->learn.fit, &c->learn.world.exchange, m->param, m->bound);
}

/* A swing model's own; one that an older version made does not say its bounds. */
static int copy_marginals(const struct comparison *c, struct side *s)
{
    struct tm_marginals *m = &s->marginals;
    int rc = tm_marginals_copy(m, &s->model->model.u.swing);
    bool has_bounds = false;
    for (int p = 0; p < TM_SWING_PARAMS; p++)
        has_bounds = has_bounds || m->bound[p].least > 0 || m->bound[p].most > 0;
    if (rc == TM_OK && !has_bounds)
        mark_bounds(c, m);
    return rc;
}

static int take_dependence(struct side *s, const struct tm_dependence *d)
{
    s->has_rho = true;
    return tm_dependence_rho(d, s->rho);
}

/* A sample of the side's model, learned; its marginals are kept when the model has none of its own. */
static int sample_side(struct comparison *c, struct side *s, uint64_t n_conns)
{
    struct tm_samples samples = {0};
    struct tm_dependence dependence = {0};
    struct tm_sample_head head = c->o->head;
    struct tm_sampling_learn l = {
        .world = &c->learn.world, .fit = &c->learn.fit, .dependence = &dependence};
    const struct tm_wavelet *capture = c->side[1].wavelet;
    int rc = TM_OK;
    head.model = &s->model->model;
    head.seed =
        ~head.seed; /* not what tm-learn sample makes of this number, which may be on the other side */
    head.n_conns = head.n_conns > 0 ? head.n_conns : n_conns;
    if (head.n_users == 0 && s->wavelet && capture)
        rc = tm_energy_users(&head, tm_energy_span_us(capture), &head.n_users);
    head.n_users = head.n_users > 0 ? head.n_users : 1;
    c->n_users = head.n_users;
    if (s->wavelet) {
        l.each = see_packet;
        l.ctx = s->wavelet;
    }
    if (rc == TM_OK)
        rc = tm_sampling_learn(&head, &l, &samples);
    if (s->wavelet)
        tm_wavelet_end(s->wavelet);
    if (rc == TM_OK)
        rc = take_dependence(s, &dependence);
    if (rc == TM_OK && s->model->model.kind != TM_MODEL_SWING) {
        s->n_conns = head.n_conns;
        rc = tm_marginals_fit(&s->marginals, &samples);
        mark_bounds(c, &s->marginals);
    }
    tm_samples_deinit(&samples);
    tm_dependence_deinit(&dependence);
    return rc;
}

static int read_captures(struct comparison *c, struct side *s)
{
    struct tm_relearned learned;
    (void)snprintf(s->label, sizeof s->label, "%s", c->learn.traces[0]);
    if (c->learn.n_traces > 1)
        (void)snprintf(s->label, sizeof s->label, "%s and %zu more", c->learn.traces[0],
                       c->learn.n_traces - 1);
    int rc = tm_relearn(&c->learn, &learned, c->msg);
    if (rc == TM_OK)
        rc = tm_marginals_fit(&s->marginals, &learned.samples);
    mark_bounds(c, &s->marginals);
    if (rc == TM_OK)
        rc = take_dependence(s, &learned.dependence);
    s->n_conns = learned.n_conns;
    s->wavelet = calloc(1, sizeof *s->wavelet);
    if (s->wavelet)
        *s->wavelet = learned.wavelet;
    tm_relearned_deinit(&learned);
    return s->wavelet ? rc : TM_ERR_NOMEM;
}

static bool is_swing(const struct side *s)
{
    return s->model && s->model->model.kind == TM_MODEL_SWING;
}

/* Two swing models are compared by what they hold; all else by samples, too. */
static int measure(struct comparison *c)
{
    struct side *a = &c->side[0];
    struct side *b = &c->side[1];
    bool is_sampling = !is_swing(a) || !is_swing(b);
    int rc = b->model ? TM_OK : read_captures(c, b);
    if (rc == TM_OK && b->wavelet && !(a->wavelet = calloc(1, sizeof *a->wavelet)))
        rc = TM_ERR_NOMEM;
    for (int i = 0; i < 2 && rc == TM_OK; i++) {
        struct side *s = &c->side[i];
        if (is_swing(s))
            rc = copy_marginals(c, s);
        if (rc == TM_OK && s->model && is_sampling)
            rc = sample_side(c, s, b->model ? CONNS_SAMPLED : b->n_conns);
    }
    return rc;
}

static const char *what(const struct side *s)
{
    if (!s->model)
        return "capture";
    switch (s->model->model.kind) {
    case TM_MODEL_SWING:
        return "swing model";
    case TM_MODEL_CONSTANT:
        return "constant model, sampled";
    case TM_MODEL_JOINT:
        return "joint model, sampled";
    case TM_MODEL_MIX: /* in no database */
        break;
    }
    return "model";
}

static int print(const struct comparison *c)
{
    struct tm_compared compared[TM_SWING_PARAMS];
    struct tm_text t = {0};
    struct tm_compare_report r = {.compared = compared};
    char note[200];
    int rc = tm_compare(&c->side[0].marginals, &c->side[1].marginals, compared);
    if (rc != TM_OK)
        return rc;
    for (int i = 0; i < 2; i++)
        r.side[i] = (struct tm_compare_side){c->side[i].label, what(&c->side[i]),
                                             c->side[i].n_conns, c->side[i].wavelet,
                                             c->side[i].has_rho ? c->side[i].rho : NULL};
    if (c->n_users > 0) {
        (void)snprintf(note, sizeof note,
                       "Correlations and energies of a model are those of a sample: %" PRIu32
                       " user%s, round trip %.1f ms, %.1f Mbit/s, seed %" PRIu64 ".",
                       c->n_users, c->n_users == 1 ? "" : "s", (double)c->o->head.path.rtt_us / 1e3,
                       (double)c->o->head.path.rate_bps / 1e6, c->o->head.seed);
        r.note = note;
    }
    (c->o->is_json ? tm_compare_report_json : tm_compare_report_text)(&t, &r);
    if (!t.is_bad)
        (void)fwrite(t.p, 1, t.len, stdout);
    rc = t.is_bad ? TM_ERR_NOMEM : TM_OK;
    tm_text_deinit(&t);
    return rc;
}

static bool has_port(const struct tm_store_entry *e)
{
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, "option.port") == 0)
            return true;
    }
    return false;
}

/* Tells models from captures, and finds out how to learn. */
static int open_sides(struct comparison *c)
{
    const struct options *o = c->o;
    for (size_t i = 0; i < 2; i++) {
        c->side[i].name = tm_args_cut_name(o->args[i]);
        c->side[i].path = o->args[i];
    }
    int rc = load_model(&c->side[0], c->msg);
    bool is_model = tm_args_is_database(o->args[1]);
    if (rc == TM_OK && is_model && o->n_args > 2)
        rc = tm_msg_set(c->msg, TM_ERR_RANGE,
                        "%s is a database: compare two models, or one with captures", o->args[1]);
    if (rc == TM_OK && is_model)
        rc = load_model(&c->side[1], c->msg);
    if (rc != TM_OK)
        return rc;
    const struct tm_store_entry *like = c->side[0].model;
    if (is_model && !has_port(like))
        like = c->side[1].model;
    bool is_unsaid = !o->port && is_model && !has_port(like); /* of samples any port will do */
    const struct tm_relearn_cfg cfg = {
        .like = like,
        .port = is_unsaid ? "443" : o->port,
        .key = o->key,
        .traces = o->args + 1,
        .n_traces = is_model ? 0 : o->n_args - 1,
    };
    return tm_relearn_options(&c->learn, &cfg);
}

int tm_cmd_compare(int argc, char **argv)
{
    static const struct argp_child children[] = {{&tm_sample_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse,
        .args_doc = "models.db[:NAME] models.db[:NAME]|TRACE...",
        .doc = "Compare two models, or a model and captures, parameter by parameter."
               "\vCaptures are learned in memory with the options that the model was learned with.",
        .children = children,
    };
    struct options o = {.head = tm_sampling_default(NULL)};
    struct tm_msg msg = {""};
    struct comparison c = {.o = &o, .msg = &msg};
    o.head.n_conns = 0;
    o.head.n_users = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = open_sides(&c);
    if (rc == TM_OK)
        rc = measure(&c);
    if (rc == TM_OK)
        rc = print(&c);
    side_deinit(&c.side[0]);
    side_deinit(&c.side[1]);
    return tm_args_report(rc, &msg);
}
