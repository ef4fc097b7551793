#include "audit/correlate/pairs.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "audit/correlate/alike.h"
#include "tm/base/grow.h"

#define NONE UINT32_MAX

static const struct {
    const char *key, *name;
} QUESTIONS[TM_QUESTIONS] = {
    {"carried", "per carrier, by bytes carried"},
    {"alike", "per carrier, the most alike (as MUFFLER's paper)"},
    {"tunnel", "one carrier, whose tunnel"},
    {"sum", "sum of the tunnel's carriers, whose tunnel"},
};

const char *tm_question_key(enum tm_question q)
{
    return QUESTIONS[q].key;
}

const char *tm_question_name(enum tm_question q)
{
    return QUESTIONS[q].name;
}

const struct tm_scene_line *tm_pair_flow(const struct tm_scene *scenes, const struct tm_pair *p)
{
    return &scenes[p->flow_scene].flows[p->flow];
}

static const struct tm_scene_line *lines_of(const struct tm_scene *s, enum tm_question q,
                                            uint32_t *n)
{
    *n = q == TM_QUESTION_SUM ? s->n_tunnels : s->n_carriers;
    return q == TM_QUESTION_SUM ? s->sums : s->carriers;
}

const struct tm_scene_line *tm_pair_carrier(const struct tm_scene *scenes, enum tm_question q,
                                            const struct tm_pair *p)
{
    uint32_t n = 0;
    return &lines_of(&scenes[p->scene], q, &n)[p->carrier];
}

/* ---- what can be asked ---- */

/* Does the carrier send while the flow is there? */
static bool is_there(const struct tm_scene_line *flow, const struct tm_scene_line *carrier)
{
    if (carrier->n == 0)
        return false;
    uint32_t i = tm_scene_at(carrier, tm_scene_first_us(flow) - TM_PAIRS_MARGIN_US);
    return i < carrier->n && carrier->v[i].t_us <= tm_scene_last_us(flow) + TM_PAIRS_MARGIN_US;
}

/* The first share of the flow, or of a later one. */
static uint32_t first_share(const struct tm_scene *s, uint32_t flow)
{
    uint32_t lo = 0;
    uint32_t hi = s->n_shares;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (s->shares[mid].flow < flow)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The carrier that took most of the flow's bytes, the first of equals; NONE: not known, or not seen then. */
static uint32_t most_carried(const struct tm_scene *s, uint32_t flow)
{
    uint64_t best_bytes = 0;
    uint32_t best = NONE;
    for (uint32_t i = first_share(s, flow); i < s->n_shares && s->shares[i].flow == flow; i++) {
        if (s->shares[i].bytes == 0)
            return NONE;
        if (s->shares[i].bytes > best_bytes) {
            best_bytes = s->shares[i].bytes;
            best = s->shares[i].carrier;
        }
    }
    return best != NONE && is_there(&s->flows[flow], &s->carriers[best]) ? best : NONE;
}

static uint32_t most_alike(const struct tm_scene *s, uint32_t flow)
{
    double least = INFINITY;
    uint32_t best = NONE;
    for (uint32_t c = 0; c < s->n_carriers; c++) {
        if (s->carriers[c].tunnel != s->flows[flow].tunnel ||
            !is_there(&s->flows[flow], &s->carriers[c]))
            continue;
        double d = tm_alike_distance(&s->flows[flow], &s->carriers[c]);
        if (d < least) {
            least = d;
            best = c;
        }
    }
    return best;
}

static uint32_t true_carrier(const struct tm_scene *s, enum tm_question q, uint32_t flow)
{
    uint32_t c = NONE;
    switch (q) {
    case TM_QUESTION_CARRIED:
        return most_carried(s, flow);
    case TM_QUESTION_ALIKE:
        return most_alike(s, flow);
    case TM_QUESTION_TUNNEL:
        c = most_carried(s, flow);
        return c != NONE ? c : most_alike(s, flow);
    case TM_QUESTION_SUM:
        c = s->flows[flow].tunnel;
        return is_there(&s->flows[flow], &s->sums[c]) ? c : NONE;
    case TM_QUESTIONS:
        break;
    }
    return NONE;
}

/* ---- drawing ---- */

struct make {
    struct tm_pairs *out;
    const struct tm_pairs_cfg *cfg;
    struct tm_rng *rng;
    uint32_t n_flows; /* so far */
};

static int append(struct tm_pairs *out, const struct tm_pair *p)
{
    if (out->n == 1U << 26)
        return TM_ERR_LIMIT;
    if (tm_grow(&out->v, &out->cap, out->n, sizeof *out->v) != TM_OK)
        return TM_ERR_NOMEM;
    out->v[out->n++] = *p;
    return TM_OK;
}

/* Keeps n_false of those offered, each with the same chance (reservoir). */
static int offer(struct make *m, uint32_t first, uint64_t *n_offered, const struct tm_pair *p)
{
    uint32_t kept = m->out->n - first;
    (*n_offered)++;
    if (kept < m->cfg->n_false)
        return append(m->out, p);
    uint64_t at = tm_rng_below(m->rng, *n_offered);
    if (at < m->cfg->n_false)
        m->out->v[first + at] = *p;
    return TM_OK;
}

static bool is_other(const struct make *m, const struct tm_pair *truth, uint32_t scene, uint32_t c)
{
    uint32_t n = 0;
    const struct tm_scene_line *flow = tm_pair_flow(m->cfg->scenes, truth);
    const struct tm_scene_line *l = &lines_of(&m->cfg->scenes[scene], m->cfg->q, &n)[c];
    bool is_own = scene == truth->flow_scene && l->tunnel == flow->tunnel;
    bool asks_own = m->cfg->q == TM_QUESTION_CARRIED || m->cfg->q == TM_QUESTION_ALIKE;
    if (is_own != asks_own || (asks_own && c == truth->carrier))
        return false;
    return is_there(flow, l);
}

static int offer_scene(struct make *m, const struct tm_pair *truth, uint32_t scene, uint32_t first,
                       uint64_t *n_offered)
{
    uint32_t n = 0;
    int rc = TM_OK;
    (void)lines_of(&m->cfg->scenes[scene], m->cfg->q, &n);
    for (uint32_t c = 0; c < n && rc == TM_OK; c++) {
        struct tm_pair p = *truth;
        p.scene = scene;
        p.carrier = c;
        p.is_true = 0;
        if (is_other(m, truth, scene, c))
            rc = offer(m, first, n_offered, &p);
    }
    return rc;
}

static int ask_flow(struct make *m, uint32_t scene, uint32_t flow)
{
    uint32_t group = m->cfg->n_scenes >= TM_PAIRS_SCENE_MANY ? scene : m->n_flows;
    struct tm_pair truth = {scene, flow, scene, 0, group, 1};
    bool is_across = m->cfg->q == TM_QUESTION_TUNNEL || m->cfg->q == TM_QUESTION_SUM;
    uint64_t n_offered = 0;
    m->n_flows++;
    truth.carrier = true_carrier(&m->cfg->scenes[scene], m->cfg->q, flow);
    if (truth.carrier == NONE) {
        m->out->n_left++;
        return TM_OK;
    }
    int rc = append(m->out, &truth);
    uint32_t first = m->out->n;
    if (rc == TM_OK)
        rc = offer_scene(m, &truth, scene, first, &n_offered);
    /* Other scenes only where this one has no other tunnel: the same moment is the better comparison. */
    for (uint32_t k = 0; k < m->cfg->n_scenes && is_across && rc == TM_OK; k++) {
        if (k != scene && m->cfg->scenes[scene].n_tunnels < 2)
            rc = offer_scene(m, &truth, k, first, &n_offered);
    }
    if (rc != TM_OK)
        return rc;
    if (n_offered == 0) {
        m->out->n--; /* the true one alone says nothing */
        m->out->n_left++;
        return TM_OK;
    }
    m->out->n_true++;
    return TM_OK;
}

int tm_pairs_make(struct tm_pairs *out, const struct tm_pairs_cfg *cfg, struct tm_rng *rng)
{
    struct make m = {out, cfg, rng, 0};
    int rc = TM_OK;
    *out = (struct tm_pairs){0};
    for (uint32_t k = 0; k < cfg->n_scenes && rc == TM_OK; k++) {
        for (uint32_t f = 0; f < cfg->scenes[k].n_flows && rc == TM_OK; f++)
            rc = ask_flow(&m, k, f);
    }
    if (rc != TM_OK)
        tm_pairs_deinit(out);
    return rc;
}

void tm_pairs_deinit(struct tm_pairs *p)
{
    free(p->v);
    *p = (struct tm_pairs){0};
}
