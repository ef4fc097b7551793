#include "learner/finish.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/fit.h"
#include "learner/joint/make.h"
#include "learner/provenance.h"
#include "models/store/store.h"

#define FEW_CONNS 30U /* a model of fewer repeats itself within minutes */

void tm_finish_deinit(struct tm_finish *f)
{
    tm_model_deinit(&f->model);
}

/* The directory can take a file (sqlite also writes a journal beside the database). */
static int check_directory(const char *path, struct tm_msg *msg)
{
    char *copy = strdup(path);
    if (!copy)
        return TM_ERR_NOMEM;
    const char *dir = dirname(copy);
    int rc = TM_OK;
    if (access(dir, W_OK | X_OK) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: cannot write into %s: %s", path, dir, strerror(errno));
    free(copy);
    return rc;
}

int tm_finish_check_output(const char *path, struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    struct stat st;
    size_t n = 0;
    int rc = check_directory(path, msg);
    if (rc != TM_OK || stat(path, &st) != 0)
        return rc;
    if (st.st_size > 0) /* an empty one is new: perhaps another learner is about to write it */
        rc = tm_store_load(path, &e, &n, msg);
    tm_store_entries_free(e, n);
    if (rc == TM_OK && access(path, W_OK) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return rc;
}

/* What the captures' payload could not say. */
static void print_tls(const struct tm_world_counts *c)
{
    if (c->n_tls_cut > 0)
        (void)fprintf(stderr,
                      "tm-learn: no record layout of %" PRIu64
                      " TLS connections: payload was cut off by the snapshot length\n",
                      c->n_tls_cut);
    if (c->n_tls_lost > 0)
        (void)fprintf(stderr,
                      "tm-learn: record layout of %" PRIu64
                      " TLS connections only up to bytes that were not captured\n",
                      c->n_tls_lost);
}

static void print_left_out(uint64_t n, const char *why)
{
    if (n > 0)
        (void)fprintf(stderr, "tm-learn: left out %" PRIu64 " connection%s %s\n", n,
                      n == 1 ? "" : "s", why);
}

static size_t kib(size_t bytes)
{
    return (bytes + 1023) / 1024;
}

/* What reading kept; of shards it is not known. */
static void print_memory(const struct tm_memory *m)
{
    if (m->open_bytes > 0)
        (void)fprintf(
            stderr,
            "tm-learn: memory: open connections %zu KiB, users and hosts %zu KiB, learned "
            "values %zu KiB\n",
            kib(m->open_bytes), kib(m->host_bytes), kib(m->learned_bytes));
}

static void print_summary(const struct tm_finish *f)
{
    const struct tm_options *o = f->o;
    const struct tm_world_counts *c = &f->world;
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_digest(&f->model, digest);
    (void)fprintf(stderr, "tm-learn: %s: %" PRIu64 " connections in %" PRIu64 " sessions, digest ",
                  f->model.name, c->n_conns, f->class->group.n_sessions);
    for (size_t i = 0; i < 8; i++)
        (void)fprintf(stderr, "%02x", digest[i]);
    (void)fprintf(stderr, ", written to %s\n", o->output);
    char few[64];
    (void)snprintf(few, sizeof few, "with fewer than %u packets", o->world.min_packets);
    print_left_out(c->n_short, few);
    print_left_out(c->n_empty, "without an exchange");
    print_left_out(c->n_foreign, "with the port on the client's side");
    print_tls(c);
    if (c->n_evicted > 0)
        (void)fprintf(stderr,
                      "tm-learn: warning: %" PRIu64
                      " connections ended early because %u were open at a time; raise "
                      "--max-flows\n",
                      c->n_evicted, o->world.flow.max_flows);
    if (c->n_conns < FEW_CONNS)
        (void)fprintf(stderr,
                      "tm-learn: warning: %" PRIu64
                      " connections are few; a model this small repeats itself, learn "
                      "from a longer capture\n",
                      c->n_conns);
}

/* Of a joint model: what its deck is made of. */
static void print_deck(const struct tm_finish *f)
{
    const struct tm_deck *deck = &f->model.u.joint.deck;
    const struct tm_recombine_report *r = &f->class->made.recombined;
    const struct tm_pool_deck_count *pooled = &f->class->made.pooled;
    const struct tm_collect_counts *c = &f->class->collected;
    (void)fprintf(stderr,
                  "tm-learn: deck of %zu connections and %zu writes; each put together of %" PRIu32
                  " (5 %% of them of %" PRIu32 " or fewer), in %" PRIu32 " rounds\n",
                  deck->n_conns, deck->n_writes, r->parents_median, r->parents_p5, r->rounds);
    if (pooled->n_sizes + pooled->n_pauses > 0)
        (void)fprintf(stderr,
                      "tm-learn: in the deck, %" PRIu64 " sizes and %" PRIu64
                      " pauses that fewer than %" PRIu32 " connections have were drawn anew\n",
                      pooled->n_sizes, pooled->n_pauses, f->o->pool.k);
    if (r->n_dropped + f->class->made.n_taken_out > 0)
        (void)fprintf(
            stderr,
            "tm-learn: %" PRIu32
            " connections are not in the deck, as nearly all of each was one recorded one's\n",
            r->n_dropped + f->class->made.n_taken_out);
    if (c->n_incomplete + c->n_too_long + c->n_over > 0)
        (void)fprintf(stderr,
                      "tm-learn: nor are %" PRIu64 " whose opening or end is missing, %" PRIu64
                      " that are too long, and %" PRIu64 " for which there was no room\n",
                      c->n_incomplete, c->n_too_long, c->n_over);
}

/* Of a joint model: what is welded, and against what. */
static void print_welds(const struct tm_finish *f)
{
    struct tm_weld_report w;
    tm_joint_sum_welds(&f->class->made, &w);
    (void)fprintf(stderr,
                  "tm-learn: %" PRIu32 " of %" PRIu32
                  " places in the deck are welded, so that none of the %" PRIu32
                  " connections which playing it could have brought back comes back\n",
                  w.n_needed + w.n_decoys, w.n_places, w.n_open);
    if (w.n_copies > 0)
        (void)fprintf(stderr,
                      "tm-learn: warning: the deck has the very sizes of %" PRIu32
                      " connections; do not give the model away\n",
                      w.n_copies);
}

static void print_pooling(const struct tm_finish *f)
{
    uint32_t k = f->o->pool.k;
    unsigned n_measured = 0;
    for (unsigned kind = 0; kind < TM_SAMPLES_KINDS; kind++) {
        uint64_t n = f->pooled[kind].n_dropped;
        n_measured += n > 0 && kind >= TM_SWING_PARAMS;
        if (n > 0 && kind < TM_SWING_PARAMS)
            (void)fprintf(stderr,
                          "tm-learn: left out %s: %" PRIu64
                          " observation%s, too few to say anything that is not about somebody\n",
                          tm_swing_param_name((enum tm_swing_param)kind), n, n == 1 ? "" : "s");
    }
    if (n_measured > 0)
        (void)fprintf(stderr,
                      "tm-learn: left out %u of what is measured and not played: fewer than %u "
                      "observations\n",
                      n_measured, k);
    if (k < TM_POOL_K_DEFAULT)
        (void)fprintf(stderr,
                      "tm-learn: warning: with --k %u the model keeps what few observations stand "
                      "behind; do not give it away\n",
                      k);
}

/* A model cannot be played without these. */
static int check_left(const struct tm_finish *f, struct tm_msg *msg)
{
    static const enum tm_swing_param needed[] = {TM_SWING_NUM_PAIRS, TM_SWING_REQ, TM_SWING_RSP};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        uint64_t n = f->pooled[needed[i]].n_dropped;
        if (n > 0)
            return tm_msg_set(msg, TM_ERR_RANGE,
                              "%s: %" PRIu64 " observation%s of %s: too few, a value stands for %u "
                              "at least; learn from a longer capture, or with --k 1 for a model "
                              "that is not given away",
                              f->class->name, n, n == 1 ? "" : "s", tm_swing_param_name(needed[i]),
                              f->o->pool.k);
    }
    return TM_OK;
}

int tm_finish_fit(struct tm_finish *f, struct tm_msg *msg)
{
    const struct tm_options *o = f->o;
    struct tm_samples *s = &f->class->samples;
    f->n_users = tm_samples_total(s, TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS));
    int rc = tm_pool_model(s, f->class->name, o->fit.max_points, &o->pool, f->pooled, &f->model);
    if (rc == TM_OK)
        rc = check_left(f, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_swing *swing = &f->model.u.swing;
    tm_fit_bounds(&o->fit, &o->world.exchange, swing->param, swing->bound);
    swing->is_over = o->fit.end == TM_END_PAYLOAD;
    if (o->kind == TM_MODEL_JOINT)
        rc = tm_joint_make(&f->model, &f->class->deck, o->pool.k, &f->class->made, msg);
    return rc == TM_OK ? tm_model_check(&f->model, msg) : rc;
}

static void print_report(const struct tm_finish *f)
{
    print_summary(f);
    print_memory(&f->class->memory);
    print_pooling(f);
    if (f->o->kind == TM_MODEL_JOINT) {
        print_deck(f);
        print_welds(f);
    }
}

int tm_finish_save(const struct tm_finish *f, size_t n, struct tm_msg *msg)
{
    struct tm_prov_sheet *sheets = calloc(n, sizeof *sheets);
    struct tm_store_item *items = calloc(n, sizeof *items);
    int rc = sheets && items ? TM_OK : TM_ERR_NOMEM;
    for (size_t i = 0; i < n && rc == TM_OK; i++) {
        tm_prov_fill(&sheets[i], &f[i]);
        items[i] = (struct tm_store_item){&f[i].model, sheets[i].line, sheets[i].n_lines};
    }
    if (rc == TM_OK)
        rc = tm_store_save_all(f->o->output, items, n, msg);
    free(items);
    free(sheets);
    for (size_t i = 0; i < n && rc == TM_OK && !f->o->is_quiet; i++)
        print_report(&f[i]);
    return rc;
}
