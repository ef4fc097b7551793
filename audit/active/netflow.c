#include "audit/active/netflow.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/active/align.h"
#include "audit/correlate/bins.h"

const char *const tm_netflow_attack_key[TM_NETFLOW_ATTACKS] = {"pearson", "spearman", "lagged"};

typedef uint8_t tm_address[TM_ADDR_LEN];

struct clients { /* the addresses that the node sends to */
    tm_address *v;
    uint32_t n, cap;
};

/* What the work on a scene needs; freed in one place. */
struct work {
    struct clients clients;
    uint32_t *client_of; /* of each entry record; UINT32_MAX: not from the node */
    struct tm_steps server, client;
    double *a, *b, *rank; /* room for the steps; rank: twice */
    uint32_t *order;
    double *score[TM_NETFLOW_ATTACKS]; /* of the clients, the true one first */
    uint32_t n_steps;
};

static uint32_t find_client(const struct clients *c, const uint8_t addr[TM_ADDR_LEN])
{
    uint32_t i = 0;
    while (i < c->n && memcmp(c->v[i], addr, TM_ADDR_LEN) != 0)
        i++;
    return i;
}

static int put_client(struct clients *c, const uint8_t addr[TM_ADDR_LEN], uint32_t *out)
{
    *out = find_client(c, addr);
    if (*out < c->n)
        return TM_OK;
    if (c->n == c->cap) {
        uint32_t cap = c->cap == 0 ? 64 : c->cap * 2;
        tm_address *v = cap <= UINT32_MAX / 2 ? realloc(c->v, cap * sizeof *v) : NULL;
        if (!v)
            return TM_ERR_NOMEM;
        c->v = v;
        c->cap = cap;
    }
    memcpy(c->v[c->n++], addr, TM_ADDR_LEN);
    return TM_OK;
}

/* Whom the node sends to. */
static int list_clients(struct work *w, const struct tm_netflow_cfg *cfg,
                        const struct tm_netflow_scene *s, struct tm_msg *msg)
{
    uint32_t known = 0;
    w->client_of = calloc(s->entry->n, sizeof *w->client_of);
    if (!w->client_of)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < s->entry->n; i++) {
        const struct tm_flow *f = &s->entry->v[i];
        w->client_of[i] = UINT32_MAX;
        if (memcmp(f->src.addr, cfg->node, TM_ADDR_LEN) != 0)
            continue;
        int rc = put_client(&w->clients, f->dst.addr, &w->client_of[i]);
        if (rc != TM_OK)
            return rc;
    }
    if (w->clients.n < 2)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: records from the node go to %" PRIu32
                          " addresses, and two are needed: is --node right, and the capture taken "
                          "between it and its clients?",
                          s->name, w->clients.n);
    for (size_t i = 0; i < s->trials->n; i++)
        known += find_client(&w->clients, s->trials->v[i].client) < w->clients.n;
    if (known == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: no record from the node goes to a client of the trials: the capture "
                          "is of another side, or of another time",
                          s->name);
    return TM_OK;
}

static uint32_t steps_of(const struct tm_netflow_trial *t, int64_t step_us)
{
    int64_t n = (t->until_us - t->from_us + step_us - 1) / step_us;
    return n > TM_STEPS_MAX ? TM_STEPS_MAX : (uint32_t)n;
}

static int make_work(struct work *w, const struct tm_netflow_cfg *cfg,
                     const struct tm_netflow_scene *s, struct tm_msg *msg)
{
    int rc = list_clients(w, cfg, s, msg);
    if (rc != TM_OK)
        return rc;
    for (size_t i = 0; i < s->trials->n; i++) {
        uint32_t n = steps_of(&s->trials->v[i], cfg->step_us);
        w->n_steps = n > w->n_steps ? n : w->n_steps;
    }
    w->a = calloc((size_t)w->n_steps + 1, sizeof *w->a);
    w->b = calloc((size_t)w->n_steps + 1, sizeof *w->b);
    w->rank = calloc((size_t)w->n_steps + 1, 2 * sizeof *w->rank);
    w->order = calloc((size_t)w->n_steps + 1, sizeof *w->order);
    bool ok = w->a && w->b && w->rank && w->order;
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++) {
        w->score[k] =
            calloc((size_t)w->clients.n + 1, sizeof **w->score); /* also one that has no record */
        ok = ok && w->score[k];
    }
    return ok ? TM_OK : TM_ERR_NOMEM;
}

static void free_work(struct work *w)
{
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
        free(w->score[k]);
    tm_steps_deinit(&w->server);
    tm_steps_deinit(&w->client);
    free(w->order);
    free(w->rank);
    free(w->b);
    free(w->a);
    free(w->client_of);
    free(w->clients.v);
}

/* The scores of one client against the server's steps; the points that they are of. */
static uint32_t compare(struct work *w, const struct tm_netflow_cfg *cfg,
                        double score[TM_NETFLOW_ATTACKS])
{
    uint32_t n = tm_steps_align(&w->server, &w->client, TM_STEPS_EDGES, 0, w->a, w->b);
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
        score[k] = NAN;
    if (n >= TM_NETFLOW_POINTS_MIN) {
        score[TM_NETFLOW_PEARSON] = tm_pearson(w->a, w->b, n);
        score[TM_NETFLOW_SPEARMAN] = tm_spearman(w->a, w->b, n, w->rank, w->order);
    }
    for (uint32_t lag = 0; lag <= cfg->lags && lag < w->client.n; lag++) {
        uint32_t points = tm_steps_align(&w->server, &w->client, TM_STEPS_ALL, lag, w->a, w->b);
        if (points >= TM_NETFLOW_POINTS_MIN)
            score[TM_NETFLOW_LAGGED] =
                fmax(score[TM_NETFLOW_LAGGED],
                     tm_pearson(w->a, w->b, points)); /* of NaN and a number: the number */
    }
    return n;
}

static void add_records_of(struct work *w, const struct tm_netflow_scene *s, uint32_t client)
{
    tm_steps_clear(&w->client);
    for (size_t i = 0; i < s->entry->n; i++) {
        if (w->client_of[i] == client)
            tm_steps_add(&w->client, &s->entry->v[i]);
    }
}

/* Whether the server has a record meanwhile. */
static bool add_server(struct work *w, const struct tm_netflow_scene *s,
                       const struct tm_netflow_trial *t)
{
    bool is_there = false;
    for (size_t i = 0; i < s->exit->n; i++) {
        const struct tm_flow *f = &s->exit->v[i];
        if (!tm_endpoint_is_equal(&f->dst, &t->exit) || f->until_us < t->from_us ||
            f->from_us >= t->until_us)
            continue;
        tm_steps_add(&w->server, f);
        is_there = true;
    }
    return is_there;
}

static int one_trial(struct work *w, struct tm_trial_scores score[TM_NETFLOW_ATTACKS],
                     const struct tm_netflow_cfg *cfg, const struct tm_netflow_scene *s,
                     const struct tm_netflow_trial *t, struct tm_netflow_counts *counts)
{
    uint32_t n = steps_of(t, cfg->step_us);
    uint32_t true_one = find_client(&w->clients, t->client);
    uint32_t at = 1;
    double one[TM_NETFLOW_ATTACKS];
    int rc = tm_steps_init(&w->server, t->from_us, cfg->step_us, n);
    if (rc == TM_OK)
        rc = tm_steps_init(&w->client, t->from_us, cfg->step_us, n);
    if (rc != TM_OK)
        return rc;
    if (!add_server(w, s, t)) {
        counts->n_no_flow++;
        return TM_OK;
    }
    for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
        w->score[k][0] = NAN;
    counts->n_no_client += true_one == w->clients.n;
    for (uint32_t c = 0; c < w->clients.n; c++) {
        add_records_of(w, s, c);
        uint32_t points = compare(w, cfg, one);
        counts->n_thin += c == true_one && points < TM_NETFLOW_POINTS_MIN;
        for (int k = 0; k < TM_NETFLOW_ATTACKS; k++)
            w->score[k][c == true_one ? 0 : at] = one[k];
        at += c != true_one;
    }
    for (int k = 0; k < TM_NETFLOW_ATTACKS && rc == TM_OK; k++)
        rc = tm_trial_scores_add(&score[k], w->score[k], at);
    return rc;
}

int tm_netflow_add(struct tm_trial_scores score[TM_NETFLOW_ATTACKS],
                   const struct tm_netflow_cfg *cfg, const struct tm_netflow_scene *s,
                   struct tm_netflow_counts *counts, struct tm_msg *msg)
{
    struct work w = {0};
    *counts = (struct tm_netflow_counts){0};
    int rc = make_work(&w, cfg, s, msg);
    counts->n_clients = w.clients.n;
    for (size_t i = 0; i < s->trials->n && rc == TM_OK; i++) {
        rc = one_trial(&w, score, cfg, s, &s->trials->v[i], counts);
        tm_steps_deinit(&w.server);
        tm_steps_deinit(&w.client);
    }
    if (rc == TM_OK && counts->n_no_flow == s->trials->n)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: none of its trials has a record of the server's flow: the exit's "
                        "capture is of another side, or of another time",
                        s->name);
    free_work(&w);
    return rc;
}
