/* tm-learn report: a model, and captures to see it beside -> one HTML page. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/commands.h"
#include "learner/fit.h"
#include "learner/ops/energy.h"
#include "learner/ops/sampling.h"
#include "learner/options.h"
#include "learner/provenance_read.h"
#include "learner/reading.h"
#include "learner/report/model_page.h"
#include "models/store/store.h"

struct report_options {
    const char *output; /* borrowed from argv, as all here */
    const char *database;
    const char *name;
    char **captures;
    size_t n_captures;
};

/* The captures under way, and a sample to see beside them. */
struct taking {
    struct tm_options learned; /* how the model says that captures are read */
    struct tm_samples samples;
    struct tm_group_counts group;
    uint64_t n_conns;
    struct tm_wavelet captures;
    struct tm_wavelet sample;
    struct tm_sample_head head;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): argp's type */
static error_t parse(int key, char *arg, struct argp_state *st)
{
    struct report_options *o = st->input;
    switch (key) {
    case 'o':
        o->output = arg;
        return 0;
    case ARGP_KEY_ARGS:
        o->database = st->argv[st->next];
        o->name = st->next + 1 < st->argc ? st->argv[st->next + 1] : NULL;
        o->captures = st->argv + st->next + 2;
        o->n_captures = st->next + 2 < st->argc ? (size_t)(st->argc - st->next - 2) : 0;
        return 0;
    case ARGP_KEY_END:
        if (!o->output)
            argp_error(st, "no file; say where the page goes, e.g. -o report.html");
        if (!o->name)
            argp_error(st, "name a database and a model, e.g. models.db https");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct taking *t = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    tm_wavelet_end(&t->captures);
    return tm_fit_records(&t->learned.fit, tm_world_pairs(w), r, n, &t->samples, &t->group);
}

static int read_captures(const struct report_options *o, const struct tm_store_entry *e,
                         struct taking *t, struct tm_msg *msg)
{
    struct tm_world *w = NULL;
    struct tm_reading_counts counts;
    struct tm_energy_reader energy = {.ports = t->learned.ports, .wavelet = &t->captures};
    tm_options_init(&t->learned);
    int rc = tm_prov_read_options(e->prov, e->n_prov, &t->learned, msg);
    if (rc == TM_OK)
        rc = tm_world_new(&w, &t->learned.world);
    energy.n_ports = t->learned.world.n_ports;
    if (rc == TM_OK)
        rc = tm_reading_run(&(struct tm_reading){.traces = o->captures,
                                                 .n_traces = o->n_captures,
                                                 .join = t->learned.join,
                                                 .world = &w,
                                                 .n_worlds = 1,
                                                 .see = tm_energy_see,
                                                 .see_ctx = &energy},
                            take_capture, t, &counts, msg);
    if (rc == TM_OK)
        t->n_conns = tm_world_counts(w)->n_conns;
    tm_world_free(w);
    return rc;
}

/* As many connections as in the captures, over a path as long as theirs. */
static int take_sample(struct taking *t, const struct tm_model *m)
{
    const unsigned kind = TM_SAMPLES_MEASURED(TM_MEASURED_RTT_SERVER);
    struct tm_dist rtt;
    int rc = tm_samples_fit(&t->samples, kind, TM_DIST_POINTS_MAX, &rtt);
    if (rc != TM_OK)
        return rc;
    t->head = tm_sampling_default(m);
    t->head.n_conns = t->n_conns;
    if (rtt.n_points > 0)
        t->head.path.rtt_us = (int64_t)tm_dist_quantile(&rtt, 500);
    if (t->head.path.rtt_us > TM_TAP_RTT_MAX_US)
        t->head.path.rtt_us = TM_TAP_RTT_MAX_US;
    tm_dist_deinit(&rtt);
    rc = tm_energy_users(&t->head, tm_energy_span_us(&t->captures), &t->head.n_users);
    return rc == TM_OK ? tm_energy_sample(&t->head, &t->sample) : rc;
}

/* The model with what is known of its making, alone in *e. */
static int load(const struct report_options *o, struct tm_store_entry **e, struct tm_msg *msg)
{
    struct tm_store_entry *all = NULL;
    size_t n = 0;
    int rc = tm_store_load(o->database, &all, &n, msg);
    *e = rc == TM_OK ? calloc(1, sizeof **e) : NULL;
    if (rc == TM_OK && !*e)
        rc = TM_ERR_NOMEM;
    for (size_t i = 0; rc == TM_OK && i < n; i++) {
        if (strcmp(all[i].model.name, o->name) == 0) {
            **e = all[i];
            all[i] = (struct tm_store_entry){0};
            tm_store_entries_free(all, n);
            return TM_OK;
        }
    }
    if (rc == TM_OK)
        rc = tm_store_load_model(o->database, o->name, &(*e)->model, msg);
    if (rc == TM_OK)
        tm_model_digest(&(*e)->model, (*e)->digest);
    tm_store_entries_free(all, n);
    return rc;
}

/* A page that could not be written whole is removed, unless it is no file. */
static void remove_page(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        (void)unlink(path);
}

static int write_page(const char *path, const struct tm_text *page, struct tm_msg *msg)
{
    bool is_stdout = strcmp(path, "-") == 0;
    FILE *f = is_stdout ? stdout : fopen(path, "wb");
    if (!f)
        return tm_msg_set(msg, TM_ERR_IO, "%s: cannot write: %s", path, strerror(errno));
    bool is_done = fwrite(page->p, 1, page->len, f) == page->len && fflush(f) == 0;
    int why = errno;
    if (!is_stdout && fclose(f) != 0 && is_done) {
        is_done = false;
        why = errno;
    }
    if (is_done)
        return TM_OK;
    if (!is_stdout)
        remove_page(path);
    return tm_msg_set(msg, TM_ERR_IO, "%s: cannot write: %s", path, strerror(why));
}

static int run(const struct report_options *o, const char *command, struct tm_msg *msg)
{
    struct taking t = {0};
    struct tm_text page = {0};
    struct tm_store_entry *e = NULL;
    struct tm_model_page p = {.command = command};
    int rc = load(o, &e, msg);
    if (rc == TM_OK && o->n_captures > 0) {
        rc = read_captures(o, e, &t, msg);
        if (rc == TM_OK && t.n_conns > 0)
            rc = take_sample(&t, &e->model);
        p.capture = &t.samples;
        p.n_conns = t.n_conns;
        p.capture_energy = t.n_conns > 0 ? &t.captures : NULL;
        p.sample_energy = &t.sample;
        p.sample = &t.head;
    }
    p.entry = e;
    if (rc == TM_OK)
        rc = tm_model_page(&page, &p);
    if (rc == TM_OK)
        rc = write_page(o->output, &page, msg);
    tm_text_deinit(&page);
    tm_samples_deinit(&t.samples);
    tm_store_entries_free(e, e ? 1 : 0);
    return rc;
}

/* The command line as it was given; whoever sees the page sees names of captures. */
static void join(struct tm_text *t, int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        tm_text_printf(t, "%s%s", i > 0 ? " " : "", argv[i]);
}

int tm_cmd_report(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"output", 'o', "FILE", 0, "where the page goes; - is standard output", 1}, {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "models.db NAME [TRACE...]",
        .doc =
            "Write one self-contained HTML page about a model: its distributions, beside those of "
            "captures when there are any, connections that it makes, and what was left out.",
    };
    struct report_options o = {0};
    struct tm_text command = {0};
    struct tm_msg msg = {""};
    join(&command, argc, argv);
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return 2;
    int rc = tm_text_status(&command);
    if (rc == TM_OK)
        rc = run(&o, command.p, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_text_deinit(&command);
    return rc == TM_OK ? 0 : 1;
}
