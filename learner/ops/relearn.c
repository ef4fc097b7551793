#include "learner/ops/relearn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "learner/ops/energy.h"
#include "learner/reading.h"

#define PREFIX "option."

/* The options of `tm-learn learn` that a model's provenance may name: the key, and what comes behind its value;
 * NULL: it takes none and is given when the value is not 0. */
static const struct {
    const char *key;
    const char *option;
    const char *unit;
} known[] = {
    {"port", "--port", ""},
    {"key", "--key", ""},
    {"join", "--join", ""},
    {"conn_end", "--conn-end", ""},
    {"min_rtts", "--min-rtts", ""},
    {"no_server_think", "--no-server-think", NULL},
    {"tails", "--tails", NULL},
    {"points", "--points", ""},
    {"k", "--k", ""},
    {"rre_gap_us", "--rre-gap", "us"},
    {"inter_conn_us", "--inter-conn", "us"},
    {"session_gap_us", "--session-gap", "us"},
    {"session_length_us", "--session-length", "us"},
    {"away_us", "--away", "us"},
    {"max_conns", "--max-conns", ""},
    {"max_rres", "--max-rres", ""},
    {"max_pairs", "--max-pairs", ""},
    {"gap_credit_bytes", "--gap-credit", ""},
    {"min_packets", "--min-packets", ""},
    {"max_flows", "--max-flows", ""},
};
#define N_KNOWN (sizeof known / sizeof *known)
#define N_FIXED 12U /* arguments beside those of the provenance and the captures */

struct words {
    char **v; /* the words themselves are owned when they come from the provenance */
    size_t n;
    char *own[N_KNOWN];
    size_t n_own;
};

/* argp wants words that may be written to. */
static char *word(const char *s)
{
    char *w;
    memcpy(&w, &s, sizeof w);
    return w;
}

static int add_known(struct words *w, const struct tm_provenance *line)
{
    const char *key = line->key + strlen(PREFIX);
    for (size_t i = 0; i < N_KNOWN; i++) {
        if (strcmp(key, known[i].key) != 0)
            continue;
        char *text;
        bool is_flag = known[i].unit == NULL;
        if (is_flag && strcmp(line->value, "0") == 0)
            return TM_OK;
        if (asprintf(&text, "%s%s%s%s", known[i].option, is_flag ? "" : "=",
                     is_flag ? "" : line->value, is_flag ? "" : known[i].unit) < 0)
            return TM_ERR_NOMEM;
        w->own[w->n_own++] = text;
        w->v[w->n++] = text;
        return TM_OK;
    }
    (void)fprintf(stderr,
                  "tm-learn: warning: the model was learned with %s %s, which is not known here "
                  "and left out\n",
                  key, line->value);
    return TM_OK;
}

static int add_provenance(struct words *w, const struct tm_store_entry *e)
{
    int rc = TM_OK;
    for (size_t i = 0; i < e->n_prov && rc == TM_OK; i++) {
        if (strncmp(e->prov[i].key, PREFIX, strlen(PREFIX)) == 0)
            rc = add_known(w, &e->prov[i]);
    }
    return rc;
}

static void add_fixed(struct words *w, const struct tm_relearn_cfg *cfg)
{
    static const char *const needed[] = {"--output=-", "--name=compared"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        w->v[w->n++] = word(needed[i]);
    if (cfg->port) {
        w->v[w->n++] = word("--port");
        w->v[w->n++] = word(cfg->port);
    }
    if (cfg->key) {
        w->v[w->n++] = word("--key");
        w->v[w->n++] = word(cfg->key);
    }
    w->v[w->n++] = word("--");
    for (size_t i = 0; i < cfg->n_traces; i++)
        w->v[w->n++] = cfg->traces[i];
    if (cfg->n_traces == 0)
        w->v[w->n++] = word("none");
}

int tm_relearn_options(struct tm_options *o, const struct tm_relearn_cfg *cfg)
{
    static char title[] = "tm-learn compare";
    struct words w = {.v = calloc(N_KNOWN + N_FIXED + cfg->n_traces, sizeof *w.v)};
    if (!w.v)
        return TM_ERR_NOMEM;
    w.v[w.n++] = title;
    int rc = add_provenance(&w, cfg->like);
    if (rc == TM_OK) {
        add_fixed(&w, cfg);
        tm_options_learn(o, (int)w.n, w.v);
        o->traces = cfg->traces;
        o->n_traces = cfg->n_traces;
        o->name = NULL;
        o->output = NULL;
        o->ports_text = NULL;
        if (getrandom(&o->world.flow.hash_seed, sizeof o->world.flow.hash_seed, 0) < 0)
            o->world.flow.hash_seed = 0;
    }
    for (size_t i = 0; i < w.n_own; i++)
        free(w.own[i]);
    free(w.v);
    return rc;
}

void tm_relearned_deinit(struct tm_relearned *r)
{
    tm_samples_deinit(&r->samples);
    tm_dependence_deinit(&r->dependence);
}

struct learning {
    const struct tm_options *o;
    struct tm_relearned *out;
    struct tm_group_counts group;
};

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct learning *l = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    tm_wavelet_end(&l->out->wavelet);
    int rc = tm_fit_records(&l->o->fit, tm_world_pairs(w), r, n, &l->out->samples, &l->group);
    return rc == TM_OK ? tm_dependence_add(&l->out->dependence, tm_world_pairs(w), r, n) : rc;
}

int tm_relearn(const struct tm_options *o, struct tm_relearned *out, struct tm_msg *msg)
{
    struct tm_world *w = NULL;
    struct tm_reading_counts counts;
    struct learning l = {.o = o, .out = out};
    struct tm_energy_reader energy = {o->ports, o->world.n_ports, &out->wavelet};
    *out = (struct tm_relearned){0};
    int rc = tm_world_new(&w, &o->world);
    if (rc == TM_OK)
        rc = tm_reading_run(&(struct tm_reading){.traces = o->traces,
                                                 .n_traces = o->n_traces,
                                                 .join = o->join,
                                                 .world = &w,
                                                 .n_worlds = 1,
                                                 .see = tm_energy_see,
                                                 .see_ctx = &energy},
                            take_capture, &l, &counts, msg);
    if (rc == TM_OK) {
        out->n_conns = tm_world_counts(w)->n_conns;
        if (out->n_conns == 0)
            rc = tm_msg_set(msg, TM_ERR_RANGE,
                            "no usable connection in the captures on the model's port; name the "
                            "service's with --port");
    }
    tm_world_free(w);
    return rc;
}
