/* tm-learn learn: captures -> models in the database, one of each class.  The database is looked at first and
 * written last, so that nothing is lost to a wrong name after a long reading. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "learner/classes.h"
#include "learner/commands.h"
#include "learner/fit.h"
#include "learner/joint/make.h"
#include "learner/options.h"
#include "learner/provenance.h"
#include "learner/reading.h"
#include "models/store/store.h"

#define FEW_CONNS 30U /* a model of fewer repeats itself within minutes */

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

static int nothing_in_class(const struct tm_class *class, const struct tm_world_counts *c,
                            struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "no usable connection in class %s: of its %" PRIu64
                      " TCP packets came %" PRIu64 " short connections and %" PRIu64
                      " without data; its filter is \"%.100s\"",
                      class->name, c->n_packets, c->n_short, c->n_empty, class->filter);
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

/* Of a joint model: what its deck is made of. */
static void print_deck(const struct tm_model *m, const struct tm_recombine_report *r,
                       const struct tm_collect_counts *c)
{
    (void)fprintf(stderr,
                  "tm-learn: deck of %zu connections and %zu writes; each put together of %" PRIu32
                  " (5 %% of them of %" PRIu32 " or fewer), in %" PRIu32 " rounds\n",
                  m->u.joint.deck.n_conns, m->u.joint.deck.n_writes, r->parents_median,
                  r->parents_p5, r->rounds);
    if (r->n_dropped > 0)
        (void)fprintf(
            stderr,
            "tm-learn: %" PRIu32
            " connections are not in the deck, as nearly all of each was one recorded one's\n",
            r->n_dropped);
    if (c->n_incomplete + c->n_too_long + c->n_over > 0)
        (void)fprintf(stderr,
                      "tm-learn: nor are %" PRIu64 " whose opening or end is missing, %" PRIu64
                      " that are too long, and %" PRIu64 " for which there was no room\n",
                      c->n_incomplete, c->n_too_long, c->n_over);
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

static int save(const struct tm_options *o, const struct tm_class *class, const struct tm_model *m,
                const struct tm_world_counts *world, const struct tm_reading_counts *reading,
                struct tm_msg *msg)
{
    struct tm_prov_sheet *sheet = calloc(1, sizeof *sheet);
    if (!sheet)
        return TM_ERR_NOMEM;
    tm_prov_fill(sheet, o, class, reading, world);
    int rc = tm_store_save(o->output, m, sheet->line, sheet->n_lines, msg);
    free(sheet);
    return rc;
}

/* The model of class i, checked and ready to be saved. */
static int fit(struct tm_classes *c, size_t i, struct tm_model *m, struct tm_msg *msg)
{
    const struct tm_options *o = c->options;
    struct tm_class *class = &c->class[i];
    const struct tm_world_counts *counts = tm_world_counts(c->world[i]);
    *m = (struct tm_model){0};
    if (counts->n_conns == 0)
        return class->filter ? nothing_in_class(class, counts, msg)
                             : nothing_learned(o, c->world[i], msg);
    int rc = tm_fit_model(&class->samples, class->name, o->fit.max_points, m);
    if (rc != TM_OK)
        return rc;
    tm_fit_bounds(&o->fit, &o->world.exchange, m);
    if (o->kind == TM_MODEL_JOINT)
        rc = tm_joint_make(m, &class->deck, &class->recombined, msg);
    return rc == TM_OK ? tm_model_check(m, msg) : rc;
}

/* All are fitted before the first is written. */
static int run(struct tm_classes *c, struct tm_msg *msg)
{
    struct tm_reading_counts reading;
    struct tm_model m[TM_CLASSES_MAX] = {{0}};
    const struct tm_options *o = c->options;
    int rc = check_output(o->output, msg);
    if (rc == TM_OK)
        rc = tm_classes_read(c, &reading, msg);
    for (size_t i = 0; i < c->n && rc == TM_OK; i++)
        rc = fit(c, i, &m[i], msg);
    for (size_t i = 0; i < c->n && rc == TM_OK; i++) {
        const struct tm_world_counts *counts = tm_world_counts(c->world[i]);
        rc = save(o, &c->class[i], &m[i], counts, &reading, msg);
        if (rc == TM_OK && !o->is_quiet)
            print_summary(o, &m[i], counts, &c->class[i].group);
        if (rc == TM_OK && !o->is_quiet && c->collect[i])
            print_deck(&m[i], &c->class[i].recombined, tm_collect_counts(c->collect[i]));
    }
    for (size_t i = 0; i < c->n; i++)
        tm_model_deinit(&m[i]);
    return rc;
}

int tm_cmd_learn(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct tm_classes c = {0};
    tm_options_learn(&o, argc, argv);
    if (getrandom(&o.world.flow.hash_seed, sizeof o.world.flow.hash_seed, 0) < 0)
        o.world.flow.hash_seed = 0; /* an early boot: only collisions become predictable */
    int rc = tm_classes_init(&c, &o, &msg);
    if (rc == TM_OK)
        rc = run(&c, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_classes_deinit(&c);
    return rc == TM_OK ? 0 : 1;
}
