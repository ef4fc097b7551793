/* tm-learn learn: captures -> one model in the database.  The database is looked at first and
 * written last, so that nothing is lost to a wrong name after a long reading. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "learner/commands.h"
#include "learner/options.h"
#include "learner/provenance.h"
#include "learner/reading.h"
#include "models/store/store.h"

#define FEW_CONNS 30U /* a model of fewer repeats itself within minutes */

struct learning {
    const struct tm_options *o;
    struct tm_samples samples;
    struct tm_group_counts group;
};

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct learning *l = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    return tm_fit_records(&l->o->fit, tm_world_pairs(w), r, n, &l->samples, &l->group);
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

static int check_output(const char *path, struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    int rc = check_directory(path, msg);
    if (rc != TM_OK || access(path, F_OK) != 0)
        return rc;
    rc = tm_store_load(path, &e, &n, msg);
    tm_store_entries_free(e, n);
    if (rc == TM_OK && access(path, W_OK) != 0)
        rc = tm_msg_set(msg, TM_ERR_IO, "%s: cannot be written: %s", path, strerror(errno));
    return rc;
}

static int nothing_learned(const struct tm_options *o, const struct tm_world *w, struct tm_msg *msg)
{
    const struct tm_world_counts *c = tm_world_counts(w);
    uint16_t busiest[3];
    char text[64] = "";
    size_t len = 0;
    if (c->n_short + c->n_empty > 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "no usable connection on port %s: %" PRIu64
                          " with fewer than %u packets, %" PRIu64
                          " without data; capture longer, or lower --min-packets",
                          o->ports_text, c->n_short, o->world.min_packets, c->n_empty);
    if (c->n_foreign > 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "no usable connection on port %s: only %" PRIu64
                          " where it is the client's; name the "
                          "server's port",
                          o->ports_text, c->n_foreign);
    size_t n = tm_world_busiest(w, busiest, sizeof busiest / sizeof *busiest);
    if (n == 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "no TCP connection in the captures; capture where the service's "
                          "traffic passes");
    for (size_t i = 0; i < n; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%u", i > 0 ? ", " : "", busiest[i]);
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "no connection on port %s in the captures; the busiest ports are %s",
                      o->ports_text, text);
}

static void print_left_out(uint64_t n, const char *why)
{
    if (n > 0)
        (void)fprintf(stderr, "tm-learn: left out %" PRIu64 " connection%s %s\n", n,
                      n == 1 ? "" : "s", why);
}

static void print_summary(const struct tm_options *o, const struct tm_model *m,
                          const struct tm_world_counts *c, const struct tm_group_counts *g)
{
    uint8_t digest[TM_DIGEST_LEN];
    tm_model_digest(m, digest);
    (void)fprintf(stderr, "tm-learn: %s: %" PRIu64 " connections in %" PRIu64 " sessions, digest ",
                  m->name, c->n_conns, g->n_sessions);
    for (size_t i = 0; i < 8; i++)
        (void)fprintf(stderr, "%02x", digest[i]);
    (void)fprintf(stderr, ", written to %s\n", o->output);
    char few[64];
    (void)snprintf(few, sizeof few, "with fewer than %u packets", o->world.min_packets);
    print_left_out(c->n_short, few);
    print_left_out(c->n_empty, "without an exchange");
    print_left_out(c->n_foreign, "with the port on the client's side");
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

static int save(const struct learning *l, const struct tm_model *m, const struct tm_world *w,
                const struct tm_reading_counts *reading, struct tm_msg *msg)
{
    struct tm_prov_sheet *sheet = calloc(1, sizeof *sheet);
    if (!sheet)
        return TM_ERR_NOMEM;
    tm_prov_fill(sheet, l->o, reading, tm_world_counts(w), &l->group);
    int rc = tm_store_save(l->o->output, m, sheet->line, sheet->n_lines, msg);
    free(sheet);
    return rc;
}

static int run(struct learning *l, struct tm_world *w, struct tm_msg *msg)
{
    struct tm_reading_counts reading;
    struct tm_model m;
    const struct tm_options *o = l->o;
    int rc = check_output(o->output, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_filter *all = NULL;
    struct tm_reading_set set = {&w, &all, 1, o->join};
    rc = tm_reading_run_set(o->traces, o->n_traces, &set, take_capture, l, &reading, msg);
    if (rc != TM_OK)
        return rc;
    if (tm_world_counts(w)->n_conns == 0)
        return nothing_learned(o, w, msg);
    rc = tm_fit_model(&l->samples, o->name, o->fit.max_points, &m);
    if (rc != TM_OK)
        return rc;
    rc = tm_model_check(&m, msg);
    if (rc == TM_OK)
        rc = save(l, &m, w, &reading, msg);
    if (rc == TM_OK && !o->is_quiet)
        print_summary(o, &m, tm_world_counts(w), &l->group);
    tm_model_deinit(&m);
    return rc;
}

int tm_cmd_learn(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct tm_world *w = NULL;
    tm_options_learn(&o, argc, argv);
    struct learning l = {.o = &o};
    if (getrandom(&o.world.flow.hash_seed, sizeof o.world.flow.hash_seed, 0) < 0)
        o.world.flow.hash_seed = 0; /* an early boot: only collisions become predictable */
    int rc = tm_world_new(&w, &o.world);
    if (rc == TM_OK)
        rc = run(&l, w, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_samples_deinit(&l.samples);
    tm_world_free(w);
    return rc == TM_OK ? 0 : 1;
}
