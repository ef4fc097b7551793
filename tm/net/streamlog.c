/* tm/net/streamlog.c - pieces are added up by stream and carrier until the stream is over. */
#include "tm/net/streamlog.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/net/addr.h"

struct ends {
    char client[TM_ADDR_TEXT_MAX], server[TM_ADDR_TEXT_MAX];
};

struct part {
    uint32_t carrier;
    uint64_t bytes;
    int64_t at_us; /* of its last piece */
};

struct flow {
    uint64_t stream;
    bool is_reached;
    int64_t since_us; /* it was reached */
    struct ends ends;
    struct part *v; /* owned */
    size_t n, cap;
};

struct carrier {
    uint32_t number;
    bool has_carried;
    int64_t since_us;
    struct ends ends;
};

struct tm_streamlog {
    FILE *f;
    char *tunnel; /* owned */
    int64_t wall_minus_mono_us;
    struct flow *flows; /* owned; in no order */
    size_t n_flows, cap_flows;
    struct carrier *carriers; /* owned; as they came */
    size_t n_carriers, cap_carriers;
    bool is_broken; /* without memory: nothing more is written */
};

/* Room for one more of `size` bytes in *v.  False: the log is broken, and says so. */
static bool make_room(struct tm_streamlog *l, void *v, size_t n, size_t *cap, size_t size)
{
    if (tm_grow(v, cap, n, size) == TM_OK)
        return true;
    (void)fputs("# out of memory: the rest of a session is missing\n", l->f);
    l->is_broken = true;
    return false;
}

static void text_of(struct ends *out, const struct tm_streamlog_link *link)
{
    tm_addr_text(link->client, out->client);
    tm_addr_text(link->server, out->server);
}

/* The stream's, begun if need be; NULL without memory. */
static struct flow *flow_of(struct tm_streamlog *l, uint64_t stream)
{
    size_t i = 0;
    while (i < l->n_flows && l->flows[i].stream != stream)
        i++;
    if (i < l->n_flows)
        return &l->flows[i];
    if (!make_room(l, &l->flows, l->n_flows, &l->cap_flows, sizeof *l->flows))
        return NULL;
    l->flows[l->n_flows] = (struct flow){.stream = stream};
    return &l->flows[l->n_flows++];
}

/* The newest with this number; NULL: not known. */
static struct carrier *carrier_of(const struct tm_streamlog *l, uint32_t number)
{
    for (size_t i = l->n_carriers; i > 0; i--)
        if (l->carriers[i - 1].number == number)
            return &l->carriers[i - 1];
    return NULL;
}

static void add(struct tm_streamlog *l, struct flow *flow, const struct tm_piece *p)
{
    size_t i = flow->n;
    while (i > 0 && flow->v[i - 1].carrier != p->carrier)
        i--;
    if (i == 0) {
        if (!make_room(l, &flow->v, flow->n, &flow->cap, sizeof *flow->v))
            return;
        flow->v[flow->n++] = (struct part){.carrier = p->carrier};
        i = flow->n;
    }
    flow->v[i - 1].bytes += p->bytes;
    flow->v[i - 1].at_us = p->at_us;
}

/* Writes its lines and takes it off the list. */
static void end(struct tm_streamlog *l, struct flow *flow)
{
    for (size_t i = 0; i < flow->n && flow->is_reached && !l->is_broken; i++) {
        const struct part *p = &flow->v[i];
        struct carrier *c = carrier_of(l, p->carrier);
        int64_t at_us = p->at_us > flow->since_us ? p->at_us : flow->since_us;
        if (c == NULL)
            continue;
        c->has_carried = true;
        (void)fprintf(l->f, "%" PRId64 ",%s,%s,%s,%s,%s,%" PRIu64 "\n",
                      at_us + l->wall_minus_mono_us, flow->ends.client, flow->ends.server,
                      c->ends.client, c->ends.server, l->tunnel, p->bytes);
    }
    free(flow->v);
    *flow = l->flows[--l->n_flows];
}

void tm_streamlog_head(FILE *f)
{
    (void)fputs("at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes\n", f);
}

int tm_streamlog_new(struct tm_streamlog **out, FILE *f, const char *tunnel,
                     int64_t wall_minus_mono_us)
{
    struct tm_streamlog *l = calloc(1, sizeof *l);
    char *copy = strdup(tunnel);
    *out = NULL;
    if (l == NULL || copy == NULL) {
        free(l);
        free(copy);
        return TM_ERR_NOMEM;
    }
    *l = (struct tm_streamlog){.f = f, .tunnel = copy, .wall_minus_mono_us = wall_minus_mono_us};
    *out = l;
    return TM_OK;
}

void tm_streamlog_free(struct tm_streamlog *l)
{
    if (l == NULL)
        return;
    while (l->n_flows > 0)
        end(l, &l->flows[0]);
    for (size_t i = 0; i < l->n_carriers && !l->is_broken; i++) {
        const struct carrier *c = &l->carriers[i];
        if (!c->has_carried)
            (void)fprintf(l->f, "%" PRId64 ",-,-,%s,%s,%s,0\n", c->since_us + l->wall_minus_mono_us,
                          c->ends.client, c->ends.server, l->tunnel);
    }
    free(l->flows);
    free(l->carriers);
    free(l->tunnel);
    free(l);
}

void tm_streamlog_carrier(struct tm_streamlog *l, uint32_t carrier, int64_t at_us,
                          const struct tm_streamlog_link *link)
{
    if (!make_room(l, &l->carriers, l->n_carriers, &l->cap_carriers, sizeof *l->carriers))
        return;
    struct carrier *c = &l->carriers[l->n_carriers++];
    *c = (struct carrier){.number = carrier, .since_us = at_us};
    text_of(&c->ends, link);
}

void tm_streamlog_flow(struct tm_streamlog *l, uint64_t stream, int64_t at_us,
                       const struct tm_streamlog_link *link)
{
    struct flow *flow = flow_of(l, stream);
    if (flow == NULL)
        return;
    flow->is_reached = true;
    flow->since_us = at_us;
    text_of(&flow->ends, link);
}

void tm_streamlog_piece(void *user, const struct tm_piece *p)
{
    struct tm_streamlog *l = user;
    if (l->is_broken)
        return;
    struct flow *flow = flow_of(l, p->stream);
    if (flow != NULL && p->bytes > 0)
        add(l, flow, p);
    else if (flow != NULL)
        end(l, flow);
}
