#include "audit/features/trace.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/base/grow.h"

bool tm_trace_is_complete(const struct tm_trace *t)
{
    return t->has_syn && t->new_bytes[TM_UP] > 0 && t->new_bytes[TM_DOWN] > 0 &&
           (t->has_rst || (t->has_fin[TM_UP] && t->has_fin[TM_DOWN]));
}

static struct tm_name_list names_of(struct tm_trace_set *s)
{
    return (struct tm_name_list){&s->names, &s->n_names, &s->cap_names, &s->index};
}

int tm_trace_set_name(struct tm_trace_set *s, const char *name, uint32_t *out)
{
    struct tm_name_list l = names_of(s);
    return tm_names_put(&l, name, out);
}

int tm_trace_set_add(struct tm_trace_set *s, const struct tm_trace *t,
                     const struct tm_trace_packet *packets, uint32_t n)
{
    if (tm_grow(&s->v, &s->cap, s->n, sizeof *s->v) != TM_OK ||
        tm_grow_by(&s->packets, &s->cap_packets, s->n_packets, n, sizeof *s->packets) != TM_OK)
        return TM_ERR_NOMEM;
    s->v[s->n] = *t;
    s->v[s->n].first = s->n_packets;
    s->v[s->n].n_packets = n;
    if (n > 0)
        memcpy(s->packets + s->n_packets, packets, n * sizeof *packets);
    s->n_packets += n;
    s->n++;
    return TM_OK;
}

void tm_trace_set_deinit(struct tm_trace_set *s)
{
    struct tm_name_list l = names_of(s);
    tm_names_deinit(&l);
    free(s->v);
    free(s->packets);
    *s = (struct tm_trace_set){0};
}
