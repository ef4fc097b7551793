/* tm-learn learn: captures -> one model in the database.  The database is looked at first and
 * written last, so that nothing is lost to a wrong name after a long reading. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "learner/commands.h"
#include "learner/finish.h"
#include "learner/options.h"
#include "learner/reading.h"
#include "learner/shard_file.h"

/* A reading under way: towards a model, or towards a shard. */
struct learning {
    struct tm_finish f;
    struct tm_shard_writer *shard; /* NULL: a model */
    struct tm_shard_counts before; /* up to the capture at work */
    struct tm_msg *msg;
};

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct learning *l = ctx;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    (void)index;
    if (!l->shard)
        return tm_fit_records(&l->f.o->fit, tm_world_pairs(w), r, n, &l->f.samples, &l->f.group);
    struct tm_shard_counts now = {l->f.reading, *tm_world_counts(w)};
    struct tm_shard_block b = {
        .n_parts = l->f.o->world.shard.n_parts, .part = l->f.o->world.shard.part, .counts = now};
    tm_shard_counts_sub(&b.counts, &l->before);
    b.mark = tm_shard_mark(tm_world_mark(w), &b.counts);
    l->before = now;
    return tm_shard_add_records(l->shard, b, r, n, tm_world_pairs(w), l->msg);
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

/* Writes what was measured.  A part may hold nothing: its clients may not have been there. */
static int learn_shard(struct learning *l, struct tm_world *w)
{
    const struct tm_options *o = l->f.o;
    uint8_t settings[TM_SHARD_SETTINGS_MAX];
    struct tm_wr wr = tm_wr_init(settings, sizeof settings);
    int rc = tm_shard_encode_settings(&wr, o);
    if (rc == TM_OK)
        rc = tm_shard_create(&l->shard, o->output, settings, wr.len, l->msg);
    if (rc == TM_OK)
        rc = tm_reading_run(o->traces, o->n_traces, w, take_capture, l, &l->f.reading, l->msg);
    if (rc == TM_OK)
        rc = tm_shard_commit(l->shard, l->msg);
    tm_shard_writer_free(l->shard);
    return rc;
}

static int learn_model(struct learning *l, struct tm_world *w)
{
    const struct tm_options *o = l->f.o;
    int rc = tm_finish_check_output(o->output, l->msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_reading_run(o->traces, o->n_traces, w, take_capture, l, &l->f.reading, l->msg);
    if (rc != TM_OK)
        return rc;
    l->f.world = *tm_world_counts(w);
    return l->f.world.n_conns > 0 ? tm_finish_run(&l->f, l->msg) : nothing_learned(o, w, l->msg);
}

int tm_cmd_learn(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    struct tm_world *w = NULL;
    tm_options_learn(&o, argc, argv);
    struct learning l = {.f = {.o = &o}, .msg = &msg};
    if (getrandom(&o.world.flow.hash_seed, sizeof o.world.flow.hash_seed, 0) < 0)
        o.world.flow.hash_seed = 0; /* an early boot: only collisions become predictable */
    int rc = tm_world_new(&w, &o.world);
    if (rc == TM_OK)
        rc = o.is_shard ? learn_shard(&l, w) : learn_model(&l, w);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_finish_deinit(&l.f);
    tm_world_free(w);
    return rc == TM_OK ? 0 : 1;
}
