#include "models/recombine.h"

#include <stdlib.h>

#include "models/recombine_impl.h"

struct tm_recombine_cfg tm_recombine_cfg_default(void)
{
    return (struct tm_recombine_cfg){
        .parents = 5, .rounds_max = 80, .share_max = 60, .pause_mix = 30};
}

static bool allocate(struct tm_mix *m)
{
    size_t n = m->n, cuts = n * TM_MIX_CUTS + TM_MIX_TRIES;
    m->n_room = 2 * m->n_items;
    m->fact = calloc((size_t)m->n_items + 1, sizeof *m->fact);
    m->item = calloc((size_t)m->n_room + 1, sizeof *m->item);
    m->spare_item = calloc((size_t)m->n_room + 1, sizeof *m->spare_item);
    m->said = calloc((size_t)m->n_room + 1, sizeof *m->said);
    m->spare_said = calloc((size_t)m->n_room + 1, sizeof *m->spare_said);
    m->child = calloc(n + 1, sizeof *m->child);
    m->status = calloc(n + 1, sizeof *m->status);
    m->known = calloc(n + 1, sizeof *m->known);
    m->power = calloc(TM_PLAN_WRITES_MAX + 1, sizeof *m->power);
    m->cut = calloc(cuts, sizeof *m->cut);
    m->spare_rank = calloc(cuts, sizeof *m->spare_rank);
    m->range = calloc((size_t)1 << TM_MIX_KEY_BITS, sizeof *m->range);
    m->tally = calloc(n + 1, sizeof *m->tally);
    m->touched = calloc(n + 1, sizeof *m->touched);
    bool ok = m->fact && m->item && m->spare_item && m->said && m->spare_said && m->child &&
              m->status && m->known && m->power && m->cut && m->spare_rank && m->range &&
              m->tally && m->touched;
    for (unsigned k = 0; k < TM_MIX_ORDERS; k++) {
        struct tm_mix_order *o = &m->order[k];
        o->rank = calloc(cuts, sizeof *o->rank);
        o->sorted = calloc(cuts, sizeof *o->sorted);
        ok = ok && o->rank && o->sorted;
    }
    return ok;
}

/* Children as the connections are. */
static void begin(struct tm_mix *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_deck_conn *c = &m->in->conn[i];
        m->child[i] =
            (struct tm_mix_child){.first = m->n_used, .n = c->n_writes, .ending = i, .partner = i};
        for (uint32_t w = c->first; w < c->first + c->n_writes; w++) {
            m->item[m->n_used] = w;
            m->said[m->n_used++] = m->fact[w].token;
        }
        tm_mix_sum(m, &m->child[i]);
    }
    tm_mix_known(m, m->spare_rank);
    for (uint32_t i = 0; i < m->n; i++) {
        tm_mix_take_stock(m, &m->child[i]);
        if (m->rows.is_on)
            tm_mix_fill_row(m, &m->child[i]);
    }
}

static int init(struct tm_mix *m)
{
    m->n = (uint32_t)m->in->n_conns;
    m->n_items = (uint32_t)m->in->n_writes;
    if (!allocate(m))
        return TM_ERR_NOMEM;
    m->power[0] = 1;
    for (uint32_t k = 1; k <= TM_PLAN_WRITES_MAX; k++)
        m->power[k] = m->power[k - 1] * TM_BLOCKS_BASE;
    int rc = tm_mix_facts(m);
    if (rc != TM_OK)
        return rc;
    m->sets =
        calloc(((size_t)m->n * TM_MIX_CUTS + TM_MIX_TRIES) * 2 * m->n_words + 1, sizeof *m->sets);
    if (!m->sets)
        return TM_ERR_NOMEM;
    rc = tm_mix_rows_init(m);
    if (rc == TM_OK)
        begin(m);
    return rc;
}

static void deinit(struct tm_mix *m)
{
    free(m->fact);
    free(m->item);
    free(m->spare_item);
    free(m->said);
    free(m->spare_said);
    free(m->child);
    free(m->status);
    free(m->known);
    free(m->foreign);
    free(m->power);
    free(m->cut);
    free(m->sets);
    for (unsigned k = 0; k < TM_MIX_ORDERS; k++) {
        free(m->order[k].rank);
        free(m->order[k].sorted);
    }
    tm_mix_rows_deinit(m);
    free(m->spare_rank);
    free(m->range);
    free(m->tally);
    free(m->touched);
    tm_rng_deinit(&m->rng);
}

/* What write `at` of the child refers to: what it always did, when that is still there; else the last write that went the same
 * way as that, or the start. */
static uint8_t ref_back(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t at)
{
    uint32_t w = m->item[at], back = m->in->w[w].ref_back, i = at - c->first;
    uint8_t dir = tm_mix_ref_dir(m, w);
    if (back == 0 || (back <= i && m->item[at - back] == w - back))
        return (uint8_t)back;
    for (uint32_t k = 1; k <= i && k <= TM_REF_BACK_MAX; k++) {
        if (m->in->w[m->item[at - k]].dir == dir)
            return (uint8_t)k;
    }
    return (uint8_t)(i < TM_REF_BACK_MAX ? i > 0 : 1);
}

/* How many writes from the end on are those of its last connection's end. */
static uint32_t own_tail(const struct tm_mix *m, const struct tm_mix_child *c)
{
    const struct tm_deck_conn *last = &m->in->conn[c->ending];
    uint32_t n = 0;
    while (n < c->n && n < last->n_writes &&
           m->item[c->first + c->n - 1 - n] == last->first + last->n_writes - 1 - n)
        n++;
    return n;
}

/* What a closing runs from: what it always did, when that is still there; else the last write that went the same way, or the last. */
static uint8_t close_back(const struct tm_mix *m, const struct tm_mix_child *c, uint8_t back)
{
    const struct tm_deck_conn *last = &m->in->conn[c->ending];
    if (back == 0 || back <= own_tail(m, c))
        return back;
    uint8_t dir = m->in->w[last->first + last->n_writes - back].dir;
    for (uint32_t k = 1; k <= c->n && k <= UINT8_MAX; k++) {
        if (m->in->w[m->item[c->first + c->n - k]].dir == dir)
            return (uint8_t)k;
    }
    return 1;
}

/* A closing belongs to the end of its connection. */
static struct tm_close close_of(const struct tm_mix *m, const struct tm_mix_child *c)
{
    struct tm_close close = m->in->conn[c->ending].close;
    close.back = close_back(m, c, close.back);
    close.server_back = close_back(m, c, close.server_back);
    return close;
}

static int put(struct tm_deck *out, const struct tm_mix *m, uint32_t i, const uint32_t *gap_us,
               uint32_t close_us)
{
    const struct tm_mix_child *c = &m->child[i];
    enum tm_deck_role role = m->in->conn[m->fact[m->item[c->first]].owner].role;
    int rc = tm_deck_add_conn(out, role, close_us);
    const struct tm_close close = close_of(m, c);
    if (rc == TM_OK)
        tm_deck_close_last(out, &close);
    if (rc == TM_OK)
        out->conn[out->n_conns - 1].user = m->in->conn[m->fact[m->item[c->first]].owner].user;
    for (uint32_t at = c->first; rc == TM_OK && at < c->first + c->n; at++) {
        struct tm_write w = m->in->w[m->item[at]];
        w.gap_us = gap_us[at];
        w.ref_back = ref_back(m, c, at);
        rc = tm_deck_add_write(out, w);
    }
    return rc;
}

static int write_out(struct tm_deck *out, struct tm_mix *m, struct tm_recombine_report *report)
{
    uint32_t *gap_us = calloc((size_t)m->n_items + 1, sizeof *gap_us);
    uint32_t *close_us = calloc((size_t)m->n + 1, sizeof *close_us);
    tm_mix_tidy(m);
    int rc = gap_us && close_us ? tm_mix_pauses(m, gap_us, close_us) : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < m->n; i++) {
        bool single = m->child[i].is_single;
        report->n_single += single;
        if (single && m->cfg->share_max < 100)
            report->n_dropped++;
        else
            rc = put(out, m, i, gap_us, close_us[i]);
    }
    free(gap_us);
    free(close_us);
    return rc;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* Of those that are in the output. */
static void sum_up(struct tm_mix *m, struct tm_recombine_report *r)
{
    uint32_t n = 0;
    for (int what = 0; what < 2; what++) {
        n = 0;
        for (uint32_t i = 0; i < m->n; i++) {
            const struct tm_mix_child *c = &m->child[i];
            if (m->cfg->share_max == 100 || !c->is_single)
                m->touched[n++] = what == 0 ? c->n_parents : (c->share + 5) / 10;
        }
        if (n == 0)
            return;
        qsort(m->touched, n, sizeof *m->touched, by_number);
        if (what == 0) {
            r->parents_median = m->touched[(n - 1) / 2];
            r->parents_p5 = m->touched[(n - 1) / 20];
        } else {
            r->share_median = m->touched[(n - 1) / 2];
            r->share_p95 = m->touched[(n - 1) * 19 / 20];
        }
    }
}

int tm_recombine(struct tm_deck *out, const struct tm_deck *in, const struct tm_recombine_cfg *cfg,
                 const uint8_t key[TM_SEED_LEN], struct tm_recombine_report *report)
{
    struct tm_mix m = {.in = in, .cfg = cfg};
    *out = (struct tm_deck){0};
    *report = (struct tm_recombine_report){0};
    if (cfg->parents < 1 || cfg->parents > TM_RECOMBINE_PARENTS_MAX ||
        cfg->rounds_max > TM_RECOMBINE_ROUNDS_MAX || cfg->share_max < 1 || cfg->share_max > 100 ||
        cfg->pause_mix > 1000)
        return TM_ERR_RANGE;
    int rc = tm_deck_check(in);
    if (rc != TM_OK)
        return rc;
    tm_rng_init(&m.rng, key);
    rc = init(&m);
    if (rc == TM_OK)
        rc = tm_mix_rounds(&m, &report->rounds);
    if (rc == TM_OK)
        rc = write_out(out, &m, report);
    if (rc == TM_OK)
        sum_up(&m, report);
    else
        tm_deck_deinit(out);
    deinit(&m);
    return rc;
}
