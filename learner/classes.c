#include "learner/classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int add_class(struct tm_classes *c, const char *name, const char *filter, struct tm_msg *msg)
{
    size_t i = c->n;
    struct tm_world_cfg cfg = c->options->world;
    TM_ASSERT(i < TM_CLASSES_MAX);
    c->class[i] = (struct tm_class){.name = name, .filter = filter};
    c->n++;
    struct tm_class *class = &c->class[i];
    int rc = filter ? tm_filter_new(&c->filter[i], filter, msg) : TM_OK;
    if (rc == TM_OK)
        rc = tm_fitter_new(&class->fitter, &c->options->fit, &class->samples, &class->group);
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
    }
    free(c->rest);
    *c = (struct tm_classes){0};
}

static int take_capture(void *ctx, const struct tm_world *w, size_t index)
{
    struct tm_classes *c = ctx;
    size_t i = 0;
    (void)index;
    while (c->world[i] != w)
        i++;
    int rc = tm_samples_merge(&c->class[i].samples, tm_world_samples(w));
    return rc == TM_OK ? tm_fitter_end(c->class[i].fitter) : rc;
}

int tm_classes_read(struct tm_classes *c, struct tm_reading_counts *counts, struct tm_msg *msg)
{
    const struct tm_options *o = c->options;
    struct tm_reading r = {o->traces, o->n_traces, o->join, c->world, c->filter, c->n};
    return tm_reading_run(&r, take_capture, c, counts, msg);
}
