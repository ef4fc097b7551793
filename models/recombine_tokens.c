/* What is told apart of a write's size, and which sizes exclude each other. */
#include <stdlib.h>

#include "models/recombine_impl.h"

/* ---- tokens ---- */

#define CLASS_STEP 5 /* 1/16 octaves: about a third of an octave */
#define CLASSES    200U
#define TOKEN_CLASSES                                                                              \
    (2 * CLASSES)         /* tokens 1..TOKEN_CLASSES are classes, those above exact sizes */
#define COMMON_SHARE 100U /* a size that one of so many connections has counts exactly */
#define COMMON_MIN   4U
#define TOKEN_MAX    (UINT16_MAX - 4) /* a key holds it */

static uint16_t class_of(const struct tm_mix_fact *f)
{
    uint32_t c = (uint32_t)(tm_mix_log(f->size) / CLASS_STEP);
    return (uint16_t)(1 + f->dir * CLASSES + (c < CLASSES ? c : CLASSES - 1));
}

static struct tm_mix_fact fact_of(const struct tm_write *w, uint32_t owner)
{
    return (struct tm_mix_fact){
        .term = tm_blocks_term(w),
        .size = w->size,
        .gap_us = w->gap_us,
        .owner = owner,
        .atom = TM_MIX_NONE,
        .pace = (uint16_t)(w->dir == TM_UP ? tm_mix_log(w->gap_us / 64 + 1) : 0),
        .dir = w->dir};
}

#define WRITE_BITS 24U
_Static_assert(TM_DECK_WRITES_MAX >> WRITE_BITS <= 1, "indices of writes");
#define WRITE_MASK ((1U << WRITE_BITS) - 1)

/* Tokens, from writes that are sorted by size and then by index, and so by connection; how many exact sizes there are. */
static uint32_t put_tokens(struct tm_mix *m, const uint64_t *by)
{
    uint32_t common = m->n / COMMON_SHARE, next_token = TOKEN_CLASSES + 1;
    common = common > COMMON_MIN ? common : COMMON_MIN;
    for (uint32_t from = 0, to; from < m->n_items; from = to) {
        uint32_t n_conns = 0, last = UINT32_MAX;
        for (to = from; to < m->n_items && by[to] >> WRITE_BITS == by[from] >> WRITE_BITS; to++) {
            uint32_t owner = m->fact[by[to] & WRITE_MASK].owner;
            n_conns += owner != last;
            last = owner;
        }
        bool is_common = n_conns >= common && next_token <= TOKEN_MAX;
        for (uint32_t i = from; i < to; i++) {
            struct tm_mix_fact *f = &m->fact[by[i] & WRITE_MASK];
            f->token = is_common ? (uint16_t)next_token : class_of(f);
            f->is_rare = !is_common;
        }
        next_token += is_common;
    }
    return next_token - (TOKEN_CLASSES + 1);
}

/* Writes that are welded to each other are rare when one of them is; the first says so for all. */
static void gather_rare(struct tm_mix *m)
{
    uint32_t first = 0;
    for (uint32_t w = 0; w < m->n_items; w++) {
        first = m->fact[w].is_welded ? first : w;
        m->fact[first].is_rare = m->fact[first].is_rare || m->fact[w].is_rare;
    }
}

/* *n_exact: how many tokens are exact sizes. */
static int find_tokens(struct tm_mix *m, uint32_t *n_exact)
{
    const struct tm_deck *in = m->in;
    uint64_t *by = calloc((size_t)m->n_items + 1, sizeof *by);
    uint64_t *spare = calloc((size_t)m->n_items + 1, sizeof *spare);
    int rc = by && spare ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t i = 0; rc == TM_OK && i < m->n; i++) {
        const struct tm_deck_conn *c = &in->conn[i];
        for (uint32_t w = c->first; w < c->first + c->n_writes; w++) {
            m->fact[w] = fact_of(&in->w[w], i);
            m->fact[w].is_welded = in->weld[w];
            by[w] = ((uint64_t)in->w[w].dir << 32 | in->w[w].size) << WRITE_BITS | w;
        }
    }
    if (rc == TM_OK) {
        tm_sort_u64(by, spare, m->n_items, WRITE_BITS);
        *n_exact = put_tokens(m, by);
        gather_rare(m);
    }
    free(by);
    free(spare);
    return rc;
}

uint8_t tm_mix_ref_dir(const struct tm_mix *m, uint32_t write)
{
    uint32_t back = m->in->w[write].ref_back;
    return back > 0 ? m->in->w[write - back].dir : 2;
}

/* ---- sizes that exclude each other ---- */

/* Greetings of two servers, say: a connection that has both was put together. */
#define EXPECTED_MIN 4U  /* connections with both, were they independent */
#define SELDOM       10U /* seen so many times less */

/* together[a * n + b]: connections that have both; on the diagonal, that have a. */
static void count_together(const struct tm_mix *m, uint32_t *together, uint32_t n)
{
    uint32_t list[TM_MIX_ATOMS], seen[TM_MIX_ATOMS] = {0};
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_deck_conn *c = &m->in->conn[i];
        uint32_t n_list = 0;
        for (uint32_t w = c->first; w < c->first + c->n_writes; w++) {
            uint32_t a = (uint32_t)m->fact[w].token - (TOKEN_CLASSES + 1);
            if (a >= n || seen[a] == i + 1)
                continue;
            seen[a] = i + 1;
            list[n_list++] = a;
        }
        for (uint32_t k = 0; k < n_list; k++) {
            uint32_t *row = together + (size_t)list[k] * n;
            for (uint32_t j = 0; j < n_list; j++)
                row[list[j]]++;
        }
    }
}

static bool exclude(const struct tm_mix *m, const uint32_t *together, uint32_t n, uint32_t a,
                    uint32_t b)
{
    uint64_t product = (uint64_t)together[a * n + a] * together[b * n + b];
    if (product < (uint64_t)EXPECTED_MIN * m->n)
        return false;
    return together[a * n + b] * (uint64_t)SELDOM < product / m->n;
}

/* Numbers those that exclude any: atom[a], or TM_MIX_NONE; how many these are. */
static uint32_t number_atoms(const struct tm_mix *m, const uint32_t *together, uint32_t n,
                             uint16_t *atom)
{
    uint32_t n_atoms = 0;
    for (uint32_t a = 0; a < n; a++) {
        uint32_t b = 0;
        while (b < n && !exclude(m, together, n, a, b))
            b++;
        atom[a] = b < n ? (uint16_t)n_atoms++ : TM_MIX_NONE;
    }
    return n_atoms;
}

static int find_exclusions(struct tm_mix *m, const uint32_t *together, uint32_t n)
{
    uint16_t atom[TM_MIX_ATOMS];
    uint32_t n_atoms = number_atoms(m, together, n, atom);
    m->n_words = (n_atoms + 63) / 64;
    m->foreign = calloc((size_t)n_atoms * m->n_words + 1, sizeof *m->foreign);
    if (!m->foreign)
        return TM_ERR_NOMEM;
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; atom[a] != TM_MIX_NONE && b < n; b++) {
            if (exclude(m, together, n, a, b))
                m->foreign[atom[a] * m->n_words + atom[b] / 64] |= UINT64_C(1) << atom[b] % 64;
        }
    }
    for (uint32_t w = 0; w < m->n_items; w++) {
        uint32_t a = (uint32_t)m->fact[w].token - (TOKEN_CLASSES + 1);
        m->fact[w].atom = a < n ? atom[a] : TM_MIX_NONE;
    }
    return TM_OK;
}

int tm_mix_facts(struct tm_mix *m)
{
    uint32_t n = 0;
    int rc = find_tokens(m, &n);
    if (rc != TM_OK)
        return rc;
    n = n < TM_MIX_ATOMS ? n : TM_MIX_ATOMS;
    uint32_t *together = calloc((size_t)n * n + 1, sizeof *together);
    if (!together)
        return TM_ERR_NOMEM;
    count_together(m, together, n);
    rc = find_exclusions(m, together, n);
    free(together);
    return rc;
}
