#include "tm/core/project.h"

#include <stdbool.h>

#include "tm/core/embed.h"

/* A connection in the file, projected to TLS, and with room for its own plan. */
struct stages {
    const struct tm_plan *file;
    size_t n_lead; /* leading up writes in the file: they become write 0 */
    struct tm_plan tls;
    struct tm_plan wire;
};

static int copy(struct tm_plan *to, const struct tm_plan *from)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < from->n_writes; i++)
        rc = tm_plan_add(to, from->w[i]);
    to->close_gap_us = from->close_gap_us;
    to->close = from->close;
    return rc;
}

static int make_stages(struct stages *s, const struct tm_plan *file,
                       const struct tm_project_cfg *cfg)
{
    *s = (struct stages){.file = file, .n_lead = tm_shape_flight_index(file)};
    int rc = copy(&s->tls, file);
    if (rc == TM_OK)
        rc = tm_shape_project(&s->tls, &cfg->shape, cfg->prep_us, NULL);
    if (rc == TM_OK)
        rc = copy(&s->wire, &s->tls);
    if (rc == TM_OK && cfg->plan_mode == TM_PLAN_EMBEDDED)
        rc = tm_embed_project(&s->wire, &cfg->shape, TM_CLIENT, &tm_embed_files, NULL);
    return rc;
}

/* Where write i of the file is on the wire. */
static size_t place(const struct stages *s, size_t i)
{
    return i < s->n_lead ? 0 : i - s->n_lead + 1;
}

/* The write that w, number i of p, runs from; -1: the connection's start. */
static int64_t event_of(const struct tm_plan *p, size_t i)
{
    return p->w[i].ref_back == 0 ? -1 : (int64_t)i - p->w[i].ref_back;
}

/* The size that write i of the file would have on the wire if TLS could make any; joined ones together. */
static uint64_t wanted_size(const struct stages *s, size_t i)
{
    uint64_t size = s->file->w[i].size;
    for (size_t k = 1; i == 0 && k < s->n_lead; k++)
        size += s->file->w[k].size;
    return size;
}

static bool count_write(struct tm_projection *out, const struct stages *s, size_t i)
{
    size_t at = place(s, i);
    const struct tm_write *tls = &s->tls.w[at];
    bool is_joined = i < s->n_lead && s->n_lead > 1;
    out->n_joined += is_joined;
    if (is_joined && i > 0)
        return true;
    int64_t event = event_of(s->file, i);
    int64_t wanted_event = event < 0 ? -1 : (int64_t)place(s, (size_t)event);
    bool is_resized = tls->size != wanted_size(s, i);
    bool is_grown = s->wire.w[at].size != tls->size;
    bool is_delayed = tls->gap_us != s->file->w[i].gap_us;
    bool is_moved = event_of(&s->tls, at) != wanted_event;
    out->n_resized += is_resized;
    out->n_grown += is_grown;
    out->n_delayed += is_delayed;
    out->n_moved += is_moved;
    return is_joined || is_resized || is_grown || is_delayed || is_moved;
}

static void count_conn(struct tm_projection *out, const struct stages *s, uint32_t line)
{
    uint64_t n_changed = 0;
    size_t n_kept = s->file->n_writes - (s->n_lead > 1 ? s->n_lead - 1 : 0);
    uint64_t n_added = s->wire.n_writes - n_kept;
    for (size_t i = 0; i < s->file->n_writes; i++)
        n_changed += count_write(out, s, i);
    out->n_conns++;
    out->n_writes += s->file->n_writes;
    out->n_changed += n_changed;
    out->n_added += n_added;
    out->bytes[0] += tm_plan_bytes(s->file, TM_UP) + tm_plan_bytes(s->file, TM_DOWN);
    out->bytes[1] += tm_plan_bytes(&s->wire, TM_UP) + tm_plan_bytes(&s->wire, TM_DOWN);
    if (n_changed + n_added > 0 && out->first_line == 0)
        out->first_line = line;
}

int tm_project_schedule(struct tm_projection *out, uint32_t *line, const struct tm_schedfile *f,
                        const struct tm_project_cfg *cfg)
{
    int rc = TM_OK;
    *out = (struct tm_projection){0};
    for (size_t i = 0; rc == TM_OK && i < f->n_conns; i++) {
        struct stages s;
        *line = f->conn[i].line;
        rc = make_stages(&s, &f->conn[i].plan, cfg);
        if (rc == TM_OK)
            count_conn(out, &s, f->conn[i].line);
        tm_plan_deinit(&s.tls);
        tm_plan_deinit(&s.wire);
    }
    return rc;
}
