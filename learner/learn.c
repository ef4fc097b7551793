/* tm-learn learn: captures -> one model in the database.  The database is looked at first and
 * written last, so that nothing is lost to a wrong name after a long reading. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "learner/commands.h"
#include "learner/finish.h"
#include "learner/options.h"
#include "learner/reading.h"

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct tm_finish *f = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    return tm_fit_records(&f->o->fit, tm_world_pairs(w), r, n, &f->samples, &f->group);
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

static int run(struct tm_finish *f, struct tm_world *w, struct tm_msg *msg)
{
    const struct tm_options *o = f->o;
    int rc = tm_finish_check_output(o->output, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_reading_run(o->traces, o->n_traces, w, take_capture, f, &f->reading, msg);
    if (rc != TM_OK)
        return rc;
    f->world = *tm_world_counts(w);
    return f->world.n_conns > 0 ? tm_finish_run(f, msg) : nothing_learned(o, w, msg);
}

int tm_cmd_learn(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct tm_world *w = NULL;
    tm_options_learn(&o, argc, argv);
    struct tm_finish f = {.o = &o};
    if (getrandom(&o.world.flow.hash_seed, sizeof o.world.flow.hash_seed, 0) < 0)
        o.world.flow.hash_seed = 0; /* an early boot: only collisions become predictable */
    int rc = tm_world_new(&w, &o.world);
    if (rc == TM_OK)
        rc = run(&f, w, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_finish_deinit(&f);
    tm_world_free(w);
    return rc == TM_OK ? 0 : 1;
}
