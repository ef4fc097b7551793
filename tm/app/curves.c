#include "tm/app/curves.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/schedfile.h"

#define SHARE_MAX 10000U

struct out {
    char *p;
    size_t len, cap;
    bool is_full;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = o->is_full ? -1 : vsnprintf(o->p + o->len, o->cap - o->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= o->cap - o->len)
        o->is_full = true;
    else
        o->len += (size_t)n;
}

/* The bins that hold something, but for those that hardly add to the last one that was put. */
static void put_curve(struct out *o, const char *name, const struct tm_hist *h)
{
    uint64_t seen = 0;
    unsigned last = 0, n = 0;
    put(o, "\"%s\":{\"n\":%" PRIu64 ",\"points\":[", name, h->n);
    for (unsigned i = 0; i < TM_HIST_BINS; i++) {
        uint64_t value = tm_hist_upper(i) < h->max ? tm_hist_upper(i) : h->max;
        if (h->bins[i] == 0)
            continue;
        seen += h->bins[i];
        unsigned share = (unsigned)((double)seen / (double)h->n * SHARE_MAX);
        if (n > 0 && seen < h->n && share - last < SHARE_MAX / TM_CURVES_POINTS_MAX)
            continue;
        put(o, "%s[%" PRIu64 ",%u]", n++ > 0 ? "," : "", value, share);
        last = share;
    }
    put(o, "]}");
}

static void put_plots(struct out *o, const struct tm_likeness *model,
                      const struct tm_likeness *played)
{
    static const char *const name[] = {"size_up", "size_down", "pause_up", "pause_down"};
    const struct tm_hist *const of_model[] = {&model->size[TM_UP], &model->size[TM_DOWN],
                                              &model->pause[TM_UP], &model->pause[TM_DOWN]};
    const struct tm_hist *const of_played[] = {&played->size[TM_UP], &played->size[TM_DOWN],
                                               &played->pause[TM_UP], &played->pause[TM_DOWN]};
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        put(o, "%s{\"what\":\"%s\",", i > 0 ? "," : "", name[i]);
        put_curve(o, "model", of_model[i]);
        put(o, ",");
        put_curve(o, "played", of_played[i]);
        put(o, ",\"distance_permille\":%u}", tm_likeness_distance(of_model[i], of_played[i]));
    }
}

/* ---- The parts of a session ---- */

static size_t n_parts(const struct tm_session_cfg *cfg)
{
    bool is_mix = cfg->model != NULL && cfg->model->kind == TM_MODEL_MIX;
    return is_mix ? cfg->model->u.mix.n_parts : 1;
}

/* NULL: a schedule file. */
static const struct tm_model *part_model(const struct tm_session_cfg *cfg, size_t i)
{
    bool is_mix = cfg->model != NULL && cfg->model->kind == TM_MODEL_MIX;
    return is_mix ? cfg->model->u.mix.part[i].model : cfg->model;
}

static bool look_at_model(struct tm_curves *c, const struct tm_curves_source *src)
{
    if (c->is_of && memcmp(c->digest, src->digest, sizeof c->digest) == 0)
        return true;
    tm_curves_deinit(c);
    c->model = calloc(TM_MIX_PARTS_MAX, sizeof *c->model);
    if (c->model == NULL)
        return false;
    for (size_t i = 0; i < n_parts(src->cfg); i++) {
        const struct tm_model *m = part_model(src->cfg, i);
        if (m != NULL)
            tm_likeness_of_model(&c->model[i], m);
        else if (src->cfg->schedule != NULL)
            tm_likeness_of_schedule(&c->model[i], src->cfg->schedule);
    }
    memcpy(c->digest, src->digest, sizeof c->digest);
    c->is_of = true;
    return true;
}

static void put_part(struct out *o, const struct tm_curves *c, const struct tm_curves_source *src,
                     size_t i)
{
    const struct tm_session_cfg *cfg = src->cfg;
    const struct tm_model *m = part_model(cfg, i);
    bool is_mix = cfg->model != NULL && cfg->model->kind == TM_MODEL_MIX;
    put(o, "%s{\"name\":\"%s\",\"users\":%u,\"plots\":[", i > 0 ? "," : "",
        m != NULL ? m->name : "schedule",
        is_mix ? cfg->model->u.mix.part[i].n_users : cfg->n_users);
    put_plots(o, &c->model[i], &src->played[i]);
    put(o, "]}");
}

void tm_curves_deinit(struct tm_curves *c)
{
    free(c->model);
    *c = (struct tm_curves){0};
}

size_t tm_curves_write(struct tm_curves *c, const struct tm_curves_source *src, char *out,
                       size_t cap)
{
    static const struct tm_hist none;
    struct out o = {.cap = cap};
    o.p = out;
    bool has_plans = src->cfg != NULL && src->cfg->drive == TM_DRIVE_PLANS && src->played != NULL;
    if (has_plans && !look_at_model(c, src))
        return 0;
    put(&o, "{\"parts\":[");
    for (size_t i = 0; has_plans && i < n_parts(src->cfg); i++)
        put_part(&o, c, src, i);
    put(&o, "],");
    put_curve(&o, "late", src->total != NULL ? &src->total->late.hist : &none);
    put(&o, "}");
    return o.is_full ? 0 : o.len;
}
