/* tm-learn finish: the shards of all parts of all captures -> one model in the database.  One capture
 * is in memory at a time. */
#include <stdio.h>
#include <stdlib.h>

#include "learner/commands.h"
#include "learner/finish.h"
#include "learner/fit.h"
#include "learner/options.h"
#include "learner/shard_join.h"

/* One capture's connections, put together from its parts. */
struct capture {
    struct tm_record *record;
    size_t n_records;
    struct tm_pair_pool pool;
    struct tm_samples samples; /* beside those of the connections */
};

/* The records and samples of one block, beside those that are there. */
static int decode(struct capture *c, const struct tm_shard_item *item, const uint8_t *p,
                  struct tm_msg *msg)
{
    struct tm_rd rd = tm_rd_init(p, (size_t)item->block->len);
    int rc = TM_OK;
    struct tm_samples samples = {0};
    for (uint64_t i = 0; i < item->block->n_records && rc == TM_OK; i++)
        rc = tm_shard_decode_record(&rd, &c->record[c->n_records++], &c->pool);
    if (rc == TM_OK)
        rc = tm_shard_decode_samples(&rd, &samples);
    if (rc == TM_OK)
        rc = tm_samples_merge(&c->samples, &samples);
    tm_samples_deinit(&samples);
    if (rc == TM_ERR_FORMAT || (rc == TM_OK && rd.len > 0))
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: connections or samples of a capture are damaged",
                          item->file->path);
    return rc;
}

static int load(struct capture *c, const struct tm_shard_item *item, size_t n, struct tm_msg *msg)
{
    uint64_t n_records = 0;
    for (size_t i = 0; i < n; i++)
        n_records += item[i].block->n_records;
    c->record = calloc(n_records > 0 ? (size_t)n_records : 1, sizeof *c->record);
    int rc = c->record ? TM_OK : TM_ERR_NOMEM;
    for (size_t i = 0; i < n && rc == TM_OK; i++) {
        uint8_t *p;
        rc = tm_shard_read(item[i].file, item[i].block, &p, msg);
        if (rc == TM_OK)
            rc = decode(c, &item[i], p, msg);
        free(p);
    }
    return rc;
}

/* Adds the capture that items 0..n-1 are the parts of. */
static int add_capture(struct tm_finish *f, const struct tm_shard_item *item, size_t n,
                       struct tm_msg *msg)
{
    struct capture c = {0};
    struct tm_shard_counts sum = {f->reading, f->world};
    tm_pair_pool_init(&c.pool);
    int rc = load(&c, item, n, msg);
    if (rc == TM_OK)
        rc = tm_fit_records(&f->o->fit, &c.pool, c.record, c.n_records, &f->class->samples,
                            &f->class->group);
    if (rc == TM_OK)
        rc = tm_samples_merge(&f->class->samples, &c.samples);
    tm_shard_counts_add(&sum, &item[0].block->counts);
    f->reading = sum.reading;
    f->world = sum.world;
    tm_samples_deinit(&c.samples);
    tm_pair_pool_deinit(&c.pool);
    free(c.record);
    return rc;
}

static int add_captures(struct tm_finish *f, const struct tm_shard_join *j, struct tm_msg *msg)
{
    int rc = tm_shard_join_complete(j, msg);
    for (size_t from = 0, to; from < j->n_items && rc == TM_OK; from = to) {
        to = tm_shard_join_end(j, from);
        rc = add_capture(f, j->item + from, to - from, msg);
    }
    return rc;
}

/* How the shards were made is how the model is made; --points may say otherwise. */
static int take_settings(struct tm_options *o, const struct tm_shard_file *s, struct tm_msg *msg)
{
    size_t points = o->fit.max_points;
    struct tm_rd rd = tm_rd_init(s->settings, s->settings_len);
    int rc = tm_shard_decode_settings(&rd, o);
    if (rc == TM_ERR_UNSUPPORTED)
        return tm_msg_set(
            msg, rc,
            "%s: made by another version of tm-learn; make it again, or finish it with "
            "that version",
            s->path);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%s: damaged: make it again", s->path);
    if (points > 0)
        o->fit.max_points = points;
    return TM_OK;
}

static int run(struct tm_options *o, struct tm_finish *f, struct tm_msg *msg)
{
    struct tm_shard_join j;
    int rc = tm_finish_check_output(o->output, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_shard_join_open(&j, o->traces, o->n_traces, msg);
    if (rc != TM_OK)
        return rc;
    rc = take_settings(o, &j.file[0], msg);
    if (rc == TM_OK)
        rc = add_captures(f, &j, msg);
    if (rc == TM_OK && f->world.n_conns == 0)
        rc = tm_msg_set(msg, TM_ERR_RANGE,
                        "no usable connection in the shards: %llu dropped with few packets, %llu "
                        "without data; tm-learn learn says more of a single capture",
                        (unsigned long long)f->world.n_short, (unsigned long long)f->world.n_empty);
    if (rc == TM_OK)
        rc = tm_finish_fit(f, msg);
    if (rc == TM_OK)
        rc = tm_finish_save(f, 1, msg);
    tm_shard_join_close(&j);
    return rc;
}

int tm_cmd_finish(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    tm_options_finish(&o, argc, argv);
    struct tm_class class = {.name = o.name};
    struct tm_finish f = {.o = &o, .class = &class};
    int rc = run(&o, &f, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    tm_finish_deinit(&f);
    tm_samples_deinit(&class.samples);
    return rc == TM_OK ? 0 : 1;
}
