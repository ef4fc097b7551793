/* tm-learn learn: captures -> models in the database, one of each class.  The database is looked at first and
 * written last, so that nothing is lost to a wrong name after a long reading. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "learner/classes.h"
#include "learner/commands.h"
#include "learner/finish.h"
#include "learner/options.h"
#include "learner/reading.h"
#include "learner/shard_file.h"

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

/* A shard under way. */
struct sharding {
    const struct tm_options *o;
    struct tm_shard_writer *w;
    struct tm_reading_counts reading;
    struct tm_shard_counts before; /* up to the recording at work */
    struct tm_msg *msg;
};

/* What no record gives is in the first part alone. */
static int take_samples(const struct sharding *s, const struct tm_world *w, struct tm_samples *out)
{
    *out = (struct tm_samples){0};
    return s->o->world.shard.part == 1 ? tm_samples_merge(out, tm_world_samples(w)) : TM_OK;
}

static int take_recording(void *ctx, const struct tm_world *w, size_t index)
{
    struct sharding *s = ctx;
    struct tm_samples samples;
    struct tm_shard_content c = {.pool = tm_world_pairs(w), .samples = &samples};
    struct tm_shard_counts now = {s->reading, *tm_world_counts(w)};
    struct tm_shard_block b = {.n_parts = s->o->world.shard.n_parts,
                               .part = s->o->world.shard.part};
    now.reading.n_recordings = index + 1;
    b.counts = now;
    tm_shard_counts_sub(&b.counts, &s->before);
    b.mark = tm_shard_mark(tm_world_mark(w), &b.counts);
    s->before = now;
    c.record = tm_world_records(w, &c.n_records);
    int rc = take_samples(s, w, &samples);
    if (rc == TM_OK)
        rc = tm_shard_add_records(s->w, b, &c, s->msg);
    tm_samples_deinit(&samples);
    return rc;
}

/* Writes what was measured.  A part may hold nothing: its clients may not have been there. */
static int learn_shard(const struct tm_options *o, struct tm_msg *msg)
{
    struct sharding s = {.o = o, .msg = msg};
    struct tm_world *world = NULL;
    uint8_t settings[TM_SHARD_SETTINGS_MAX];
    struct tm_wr wr = tm_wr_init(settings, sizeof settings);
    struct tm_reading r = {.traces = o->traces,
                           .n_traces = o->n_traces,
                           .join = o->join,
                           .world = &world,
                           .n_worlds = 1};
    int rc = tm_world_new(&world, &o->world);
    if (rc == TM_OK)
        rc = tm_shard_encode_settings(&wr, o);
    if (rc == TM_OK)
        rc = tm_shard_create(&s.w, o->output, settings, wr.len, msg);
    if (rc == TM_OK)
        rc = tm_reading_run(&r, take_recording, &s, &s.reading, msg);
    if (rc == TM_OK)
        rc = tm_shard_commit(s.w, msg);
    tm_shard_writer_free(s.w);
    tm_world_free(world);
    return rc;
}

static int fit(struct tm_classes *c, size_t i, const struct tm_reading_counts *reading,
               struct tm_finish *f, struct tm_msg *msg)
{
    struct tm_class *class = &c->class[i];
    *f = (struct tm_finish){.o = c->options,
                            .class = class,
                            .world = *tm_world_counts(c->world[i]),
                            .reading = *reading};
    if (f->world.n_conns == 0)
        return class->filter ? nothing_in_class(class, &f->world, msg)
                             : nothing_learned(c->options, c->world[i], msg);
    return tm_finish_fit(f, msg);
}

/* All are fitted before the first is written. */
static int finish_all(struct tm_classes *c, const struct tm_reading_counts *reading,
                      struct tm_msg *msg)
{
    struct tm_finish *f = calloc(c->n, sizeof *f);
    int rc = f ? TM_OK : TM_ERR_NOMEM;
    for (size_t i = 0; i < c->n && rc == TM_OK; i++)
        rc = fit(c, i, reading, &f[i], msg);
    if (rc == TM_OK)
        rc = tm_finish_save(f, c->n, msg);
    for (size_t i = 0; f && i < c->n; i++)
        tm_finish_deinit(&f[i]);
    free(f);
    return rc;
}

static int learn_models(const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_classes c = {0};
    struct tm_reading_counts reading;
    int rc = tm_classes_init(&c, o, msg);
    if (rc == TM_OK)
        rc = tm_finish_check_output(o->output, msg);
    if (rc == TM_OK)
        rc = tm_classes_read(&c, &reading, msg);
    if (rc == TM_OK)
        rc = finish_all(&c, &reading, msg);
    tm_classes_deinit(&c);
    return rc;
}

int tm_cmd_learn(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    tm_options_learn(&o, argc, argv);
    if (getrandom(&o.world.flow.hash_seed, sizeof o.world.flow.hash_seed, 0) < 0)
        o.world.flow.hash_seed = 0; /* an early boot: only collisions become predictable */
    int rc = o.is_shard ? learn_shard(&o, &msg) : learn_models(&o, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    return rc == TM_OK ? 0 : 1;
}
