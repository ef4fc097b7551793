/* Two captures and the truth -> a scene.  Lines of the truth find their connections by endpoints, in lists sorted by them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/correlate/scene.h"

#define NONE UINT32_MAX

/* The connections of one capture, sorted by endpoints and beginning. */
struct index {
    const struct tm_trace_set *set;
    const struct tm_trace **v; /* owned */
    uint32_t *number;          /* owned, by place in v: in the scene; NONE: not added yet */
    size_t n;
};

static int compare_endpoints(const struct tm_endpoint *a, const struct tm_endpoint *b)
{
    int order = memcmp(a->addr, b->addr, sizeof a->addr);
    return order != 0 ? order : (int)a->port - (int)b->port;
}

static int compare_links(const struct tm_trace *a, const struct tm_truth_link *b)
{
    int order = compare_endpoints(&a->client, &b->client);
    return order != 0 ? order : compare_endpoints(&a->server, &b->server);
}

static int by_link(const void *x, const void *y)
{
    const struct tm_trace *a = *(const struct tm_trace *const *)x;
    const struct tm_trace *b = *(const struct tm_trace *const *)y;
    int order = compare_links(a, &(struct tm_truth_link){b->client, b->server});
    if (order != 0)
        return order;
    return a->start_us < b->start_us ? -1 : a->start_us > b->start_us;
}

static int index_init(struct index *x, const struct tm_trace_set *set)
{
    *x = (struct index){.set = set, .n = set->n};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
    x->v = malloc((set->n + 1) * sizeof *x->v);
    x->number = malloc((set->n + 1) * sizeof *x->number);
    if (!x->v || !x->number)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < set->n; i++) {
        x->v[i] = &set->v[i];
        x->number[i] = NONE;
    }
    if (set->n > 1)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
        qsort(x->v, set->n, sizeof *x->v, by_link);
    return TM_OK;
}

static void index_deinit(struct index *x)
{
    free(x->v);
    free(x->number);
}

/* The place of the connection that is meant, x->n: none.  The first one at or behind which all are greater. */
static size_t find(const struct index *x, const struct tm_truth_link *link, int64_t at_us)
{
    size_t lo = 0;
    size_t hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (compare_links(x->v[mid], link) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    size_t best = x->n;
    for (; lo < x->n && compare_links(x->v[lo], link) == 0; lo++) {
        if (best == x->n && at_us == 0)
            return lo;
        if (x->v[lo]->start_us <= at_us)
            best = lo;
    }
    return best;
}

/* The packets of a connection that bring new bytes, of the capture's clock; 0: there is none. */
static uint32_t packets_of(const struct index *x, const struct tm_trace *t,
                           struct tm_scene_packet *out)
{
    const struct tm_trace_packet *p = tm_trace_packets(x->set, t);
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n_packets; i++) {
        if (p[i].is_new && p[i].bytes > 0)
            out[n++] = (struct tm_scene_packet){t->start_us + p[i].t_us, p[i].bytes, p[i].dir};
    }
    return n;
}

struct join {
    struct tm_scene *s;
    const struct tm_truth *truth;
    const char *name;
    struct tm_msg *msg;
};

/* The number in the scene of the connection at `place`, added when it is not there yet; NONE: it carried nothing. */
static int take(const struct join *j, struct index *x, enum tm_scene_side side, size_t place,
                const struct tm_truth_line *line, uint32_t *out)
{
    const struct tm_trace *t = x->v[place];
    const struct tm_scene_line *lines;
    *out = x->number[place];
    if (*out != NONE) {
        lines = side == TM_SCENE_FLOW ? j->s->flows : j->s->carriers;
        if (lines[*out].tunnel == line->tunnel)
            return TM_OK;
        return tm_msg_set(j->msg, TM_ERR_FORMAT,
                          "%s: line %" PRIu32 ": this %s belonged to tunnel %.60s before, now to "
                          "%.60s",
                          j->name, line->line, side == TM_SCENE_FLOW ? "flow" : "carrier",
                          j->truth->names[lines[*out].tunnel], j->truth->names[line->tunnel]);
    }
    struct tm_scene_packet *v = malloc(((size_t)t->n_packets + 1) * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    uint32_t n = packets_of(x, t, v);
    int rc = n > 0 ? tm_scene_add(j->s, side, line->tunnel, v, n, out) : TM_OK;
    free(v);
    x->number[place] = *out;
    return rc;
}

static int take_line(const struct join *j, struct index *entry, struct index *exit,
                     const struct tm_truth_line *line, struct tm_scene_counts *counts)
{
    uint32_t carrier = NONE;
    uint32_t flow = NONE;
    size_t at = find(entry, &line->carrier, line->at_us);
    int rc = at < entry->n ? take(j, entry, TM_SCENE_CARRIER, at, line, &carrier) : TM_OK;
    counts->n_no_carrier += carrier == NONE;
    if (rc != TM_OK || !line->has_flow)
        return rc;
    at = find(exit, &line->flow, line->at_us);
    if (at < exit->n)
        rc = take(j, exit, TM_SCENE_FLOW, at, line, &flow);
    counts->n_no_flow += flow == NONE;
    if (rc != TM_OK || flow == NONE || carrier == NONE)
        return rc;
    return tm_scene_share(j->s, flow, carrier, line->bytes);
}

static uint32_t count_others(const struct index *x)
{
    uint32_t n = 0;
    for (size_t i = 0; i < x->n; i++)
        n += x->number[i] == NONE && x->v[i]->n_packets > 0;
    return n;
}

int tm_scene_join(struct tm_scene *s, const struct tm_scene_view *view,
                  struct tm_scene_counts *counts, struct tm_msg *msg)
{
    struct index in = {0};
    struct index out = {0};
    const struct join j = {s, view->truth, view->name, msg};
    *counts = (struct tm_scene_counts){0};
    int rc = index_init(&in, view->entry);
    if (rc == TM_OK)
        rc = index_init(&out, view->exit);
    for (size_t i = 0; i < view->truth->n && rc == TM_OK; i++)
        rc = take_line(&j, &in, &out, &view->truth->v[i], counts);
    if (rc != TM_OK)
        goto out;
    counts->n_flows = s->n_flows;
    counts->n_carriers = s->n_carriers;
    counts->n_other_carriers = count_others(&in);
    counts->n_other_flows = count_others(&out);
    if (s->n_flows == 0 || s->n_carriers == 0) {
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: of the %s that the labels name none is in the capture with payload",
                        view->name, s->n_flows == 0 ? "flows" : "carriers");
        goto out;
    }
    tm_scene_delay(s, view->delay_us);
    rc = tm_scene_finish(s);
out:
    index_deinit(&in);
    index_deinit(&out);
    return rc;
}
