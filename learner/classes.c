#include "learner/classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tm_collect_cfg tm_classes_collect_cfg(const struct tm_options *o)
{
    static const uint8_t bits_before_v4 = 8 * TM_ADDR_LEN - 32;
    struct tm_collect_cfg cfg = {
        .ports = o->world.ports,
        .n_ports = o->world.n_ports,
        .hash_seed = o->world.flow.hash_seed,
        .group = o->fit.group,
    };
    if (o->fit.key == TM_USER_PAIR)
        cfg.user_bits = 8 * TM_ADDR_LEN;
    if (o->fit.key == TM_USER_NET)
        cfg.user_bits = (uint8_t)(bits_before_v4 + o->fit.server_bits);
    return cfg;
}

static int add_class(struct tm_classes *c, const char *name, const char *filter, struct tm_msg *msg)
{
    size_t i = c->n;
    struct tm_world_cfg cfg = c->options->world;
    TM_ASSERT(i < TM_CLASSES_MAX);
    c->class[i] = (struct tm_class){.name = name, .filter = filter};
    c->n++;
    struct tm_class *class = &c->class[i];
    struct tm_collect_cfg collect = tm_classes_collect_cfg(c->options);
    if (filter)
        collect.n_ports = 0;
    int rc = filter ? tm_filter_new(&c->filter[i], filter, msg) : TM_OK;
    if (rc == TM_OK)
        rc = tm_fitter_new(&class->fitter, &c->options->fit, &class->samples, &class->group);
    if (rc == TM_OK && c->options->kind == TM_MODEL_JOINT)
        rc = tm_collect_new(&c->collect[i], &collect);
    cfg.is_any_port = filter != NULL;
    cfg.fitter = class->fitter;
    return rc == TM_OK ? tm_world_new(&c->world[i], &cfg) : rc;
}

/* "tcp and not (A) and not (B) and not (tcp port 443)". */
static int set_rest(struct tm_classes *c)
{
    const struct tm_options *o = c->options;
    size_t len;
    FILE *f = open_memstream(&c->rest, &len);
    if (!f)
        return TM_ERR_NOMEM;
    (void)fputs("tcp", f);
    for (size_t i = 0; i < o->n_classes; i++)
        (void)fprintf(f, " and not (%s)", o->classes[i].filter);
    for (size_t i = 0; i < o->world.n_ports; i++)
        (void)fprintf(f, " and not (tcp port %u)", o->ports[i]);
    int failed = ferror(f);
    return fclose(f) == 0 && failed == 0 ? TM_OK : TM_ERR_NOMEM;
}

int tm_classes_init(struct tm_classes *c, const struct tm_options *o, struct tm_msg *msg)
{
    int rc = TM_OK;
    *c = (struct tm_classes){.options = o};
    if (o->world.n_ports > 0)
        rc = add_class(c, o->name, NULL, msg);
    for (size_t i = 0; i < o->n_classes && rc == TM_OK; i++)
        rc = add_class(c, o->classes[i].name, o->classes[i].filter, msg);
    if (rc == TM_OK && o->other) {
        rc = set_rest(c);
        if (rc == TM_OK)
            rc = add_class(c, o->other, c->rest, msg);
    }
    return rc;
}

void tm_classes_deinit(struct tm_classes *c)
{
    for (size_t i = 0; i < c->n; i++) {
        tm_world_free(c->world[i]);
        tm_filter_free(c->filter[i]);
        tm_fitter_free(c->class[i].fitter);
        tm_samples_deinit(&c->class[i].samples);
        tm_collect_free(c->collect[i]);
        tm_deck_deinit(&c->class[i].deck);
    }
    free(c->rest);
    *c = (struct tm_classes){0};
}

static void keep_most(size_t *most, size_t bytes)
{
    *most = bytes > *most ? bytes : *most;
}

static size_t deck_bytes(const struct tm_deck *d)
{
    return d->cap_writes * (sizeof *d->w + sizeof *d->weld) + d->cap_conns * sizeof *d->conn;
}

/* Class i as it is now, if that is more than before. */
static void take_memory(struct tm_classes *c, size_t i)
{
    struct tm_class *class = &c->class[i];
    struct tm_memory now = {.learned_bytes = deck_bytes(&class->deck)};
    tm_world_memory(c->world[i], &now);
    tm_fitter_memory(class->fitter, &now);
    if (c->collect[i])
        now.learned_bytes += tm_collect_bytes(c->collect[i]);
    keep_most(&class->memory.open_bytes, now.open_bytes);
    keep_most(&class->memory.host_bytes, now.host_bytes);
    keep_most(&class->memory.learned_bytes, now.learned_bytes);
}

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct tm_classes *c = ctx;
    size_t i = 0;
    (void)index;
    while (c->world[i] != w)
        i++;
    int rc = tm_samples_merge(&c->class[i].samples, tm_world_samples(w));
    take_memory(c, i);
    if (rc == TM_OK)
        rc = tm_fitter_end(c->class[i].fitter);
    if (rc == TM_OK && c->collect[i])
        rc = tm_collect_end(c->collect[i], &c->class[i].deck);
    if (rc == TM_OK && c->collect[i])
        c->class[i].collected = *tm_collect_counts(c->collect[i]);
    take_memory(c, i);
    return rc;
}

int tm_classes_read(struct tm_classes *c, struct tm_reading_counts *counts, struct tm_msg *msg)
{
    const struct tm_options *o = c->options;
    bool is_joint = o->kind == TM_MODEL_JOINT;
    struct tm_reading r = {.traces = o->traces,
                           .n_traces = o->n_traces,
                           .join = o->join,
                           .world = c->world,
                           .filter = c->filter,
                           .n_worlds = c->n,
                           .collect = is_joint ? c->collect : NULL};
    return tm_reading_run(&r, take_capture, c, counts, msg);
}
