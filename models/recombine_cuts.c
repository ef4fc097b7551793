/* Where connections may be cut, and which cuts are alike. */
#include <string.h>

#include "models/recombine_impl.h"

#define BYTES_FLOOR 64U    /* fewer bytes, */
#define TIME_FLOOR  32000U /* and microseconds, are all alike */

static void describe(int16_t *field, const struct tm_mix_sums *s)
{
    field[0] = (int16_t)(2 * tm_mix_log(s->n + 1));
    field[1] = (int16_t)tm_mix_log(s->bytes[TM_DOWN] + BYTES_FLOOR);
    field[2] = (int16_t)tm_mix_log(s->bytes[TM_UP] + BYTES_FLOOR);
    field[3] = (int16_t)tm_mix_log(s->time_us + TIME_FLOOR);
    field[4] = (int16_t)(s->n_pace > 0 ? s->pace / s->n_pace : 0);
}

static struct tm_mix_sums difference(const struct tm_mix_sums *a, const struct tm_mix_sums *b)
{
    return (struct tm_mix_sums){
        .n = a->n - b->n,
        .bytes = {a->bytes[0] - b->bytes[0], a->bytes[1] - b->bytes[1]},
        .time_us = a->time_us - b->time_us,
        .pace = a->pace - b->pace,
        .n_pace = a->n_pace - b->n_pace,
    };
}

/* ---- keys ---- */

static uint32_t key_of(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t place,
                       bool is_coarse)
{
    const uint32_t *item = m->item + c->first;
    const struct tm_mix_fact *before = &m->fact[item[place - 1]];
    uint32_t role = m->in->conn[m->fact[item[0]].owner].role;
    uint32_t token = is_coarse ? before->dir : 2U + before->token;
    return (token << 2 | role << 1) | m->fact[item[place]].dir;
}

#define CONTEXT_FIRST  6U
#define CONTEXT_BEFORE 3U
#define CONTEXT_BITS   14U

/* Hash of the first tokens and of those just before. */
static uint32_t context_of(const uint16_t *said, uint32_t place)
{
    uint32_t h = 0;
    for (uint32_t k = 0; k < CONTEXT_FIRST && k < place; k++)
        h = (h ^ said[k]) * UINT32_C(0x85ebca6b);
    for (uint32_t k = 1; k <= CONTEXT_BEFORE && k <= place; k++)
        h = (h ^ said[place - k]) * UINT32_C(2654435769);
    return h >> (32 - CONTEXT_BITS);
}

/* Key and number of the cut at the ends; between, what puts those that are alike side by side. */
static void rank(struct tm_mix *m, uint32_t cut, const uint16_t *said)
{
    const struct tm_mix_cut *c = &m->cut[cut];
    uint64_t key = (uint64_t)c->key << (64 - TM_MIX_KEY_BITS);
    uint64_t n = (uint64_t)c->field[TM_CUT_N_LEFT], down = (uint64_t)c->field[TM_CUT_DOWN_LEFT];
    uint64_t context = context_of(said, c->n_before);
    m->order[TM_MIX_BY_LEFT].rank[cut] = key | n << 36 | down << TM_MIX_CUT_BITS | cut;
    m->order[TM_MIX_BY_CONTEXT].rank[cut] =
        key | context << (TM_MIX_CUT_BITS + 10) | n << TM_MIX_CUT_BITS | cut;
}

/* ---- sets of sizes ---- */

static uint64_t *never_of(const struct tm_mix *m, uint32_t cut)
{
    return m->sets + (size_t)cut * 2 * m->n_words;
}

static uint64_t *coming_of(const struct tm_mix *m, uint32_t cut)
{
    return never_of(m, cut) + m->n_words;
}

/* The sets of n cuts: what is excluded is gathered from the beginning, what comes from the end. */
static void describe_sets(struct tm_mix *m, const struct tm_mix_child *c, uint32_t cut,
                          const uint32_t *place, uint32_t n)
{
    uint64_t never[TM_MIX_ATOMS / 64] = {0}, coming[TM_MIX_ATOMS / 64] = {0};
    uint32_t words = m->n_words, at = 0;
    for (uint32_t k = 0; k < n; k++) {
        for (; at < place[k]; at++) {
            uint32_t a = m->fact[m->item[c->first + at]].atom;
            for (uint32_t w = 0; a != TM_MIX_NONE && w < words; w++)
                never[w] |= m->foreign[a * words + w];
        }
        memcpy(never_of(m, cut + k), never, words * sizeof *never);
    }
    at = c->n;
    for (uint32_t k = n; k-- > 0;) {
        while (at > place[k]) {
            uint32_t a = m->fact[m->item[c->first + --at]].atom;
            if (a != TM_MIX_NONE)
                coming[a / 64] |= UINT64_C(1) << a % 64;
        }
        memcpy(coming_of(m, cut + k), coming, words * sizeof *coming);
    }
}

/* How many of the sizes that come after cut b exclude one before cut a. */
static uint32_t clashes(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const uint64_t *never = never_of(m, a), *coming = coming_of(m, b);
    uint32_t n = 0;
    for (uint32_t k = 0; k < m->n_words; k++) {
        for (uint64_t x = never[k] & coming[k]; x != 0; x &= x - 1)
            n++;
    }
    return n;
}

/* ---- descriptions ---- */

static void add(struct tm_mix_sums *s, const struct tm_mix_fact *f)
{
    s->n++;
    s->bytes[f->dir] += f->size;
    s->time_us += f->gap_us;
    s->pace += f->pace;
    s->n_pace += f->dir == TM_UP;
}

void tm_mix_sum(struct tm_mix *m, struct tm_mix_child *c)
{
    c->sums = (struct tm_mix_sums){0};
    c->hash = 0;
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        const struct tm_mix_fact *f = &m->fact[m->item[at]];
        c->hash = c->hash * TM_BLOCKS_BASE + f->term;
        add(&c->sums, f);
    }
}

void tm_mix_describe(struct tm_mix *m, uint32_t child, uint32_t cut, const uint32_t *place,
                     uint32_t n, bool is_coarse)
{
    const struct tm_mix_child *c = &m->child[child];
    const uint32_t *item = m->item + c->first;
    struct tm_mix_sums before = {0};
    uint64_t h = 0;
    uint32_t at = 0;
    for (uint32_t k = 0; k < n; k++) {
        for (; at < place[k]; at++) {
            const struct tm_mix_fact *f = &m->fact[item[at]];
            h = h * TM_BLOCKS_BASE + f->term;
            add(&before, f);
        }
        struct tm_mix_cut *x = &m->cut[cut + k];
        struct tm_mix_sums left = difference(&c->sums, &before);
        *x = (struct tm_mix_cut){.key = key_of(m, c, at, is_coarse),
                                 .child = child,
                                 .n_before = at,
                                 .n_left = c->n - at,
                                 .owner_before = m->fact[item[at - 1]].owner,
                                 .owner_next = m->fact[item[at]].owner,
                                 .before = h,
                                 .left = c->hash - h * m->power[c->n - at]};
        describe(x->field + TM_CUT_N_BEFORE, &before);
        describe(x->field + TM_CUT_N_LEFT, &left);
        rank(m, cut + k, m->said + c->first);
    }
    if (m->n_words > 0)
        describe_sets(m, c, cut, place, n);
}

void tm_mix_cuts(struct tm_mix *m, uint32_t child, bool is_coarse)
{
    const struct tm_mix_child *c = &m->child[child];
    uint32_t n = c->n - 1 < TM_MIX_CUTS ? c->n - 1 : TM_MIX_CUTS, place[TM_MIX_CUTS] = {0};
    uint32_t phase = n > 0 ? tm_mix_below(m, c->n - 1) : 0;
    for (uint32_t k = 0; k < n; k++)
        place[k] = 1 + (uint32_t)(((uint64_t)k * (c->n - 1) + phase) / n);
    tm_mix_describe(m, child, child * TM_MIX_CUTS, place, n, is_coarse);
    for (uint32_t k = n; k < TM_MIX_CUTS; k++)
        m->cut[child * TM_MIX_CUTS + k].key = TM_MIX_NO_KEY;
}

static uint32_t key_at(const struct tm_mix_order *o, uint32_t i)
{
    return (uint32_t)(o->sorted[i] >> (64 - TM_MIX_KEY_BITS));
}

/* Forgets where the cuts of each key stand, or finds it. */
static void note_ranges(struct tm_mix *m, bool are_there)
{
    const struct tm_mix_order *o = &m->order[0];
    for (uint32_t from = 0, to; from < o->n; from = to) {
        uint32_t key = key_at(o, from);
        for (to = from + 1; to < o->n && key_at(o, to) == key; to++) {
        }
        m->range[key] = are_there ? (struct tm_mix_range){from, to} : (struct tm_mix_range){0};
    }
}

void tm_mix_sort_cuts(struct tm_mix *m)
{
    note_ranges(m, false);
    for (unsigned kind = 0; kind < TM_MIX_ORDERS; kind++) {
        struct tm_mix_order *o = &m->order[kind];
        o->n = 0;
        for (uint32_t cut = 0; cut < m->n * TM_MIX_CUTS; cut++) {
            o->sorted[o->n] = o->rank[cut];
            o->n += m->cut[cut].key != TM_MIX_NO_KEY;
        }
        tm_sort_u64(o->sorted, m->spare_rank, o->n, TM_MIX_CUT_BITS);
    }
    note_ranges(m, true);
}

/* ---- distances ---- */

/* Unlike tokens at so many writes before the cut, */
static const uint8_t BEFORE[] = {48, 16, 10, 8, 6, 6, 4, 4};
/* from it on, */
static const uint8_t NEXT[] = {16, 6};
/* and at the beginning: greetings and handshakes say who talks. */
static const uint8_t FIRST[] = {8, 8, 8, 8, 8, 8};
#define CLASH    40U
#define N_BEFORE (sizeof BEFORE / sizeof *BEFORE)
#define N_NEXT   (sizeof NEXT / sizeof *NEXT)
#define N_FIRST  (sizeof FIRST / sizeof *FIRST)

uint32_t tm_mix_distance_more(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_cut *x = &m->cut[a], *y = &m->cut[b];
    const uint16_t *s = m->said + m->child[x->child].first, *t = m->said + m->child[y->child].first;
    uint32_t n = x->n_before < y->n_before ? x->n_before : y->n_before, sum = 0;
    if (m->n_words > 0)
        sum = CLASH * (clashes(m, a, b) + clashes(m, b, a));
    for (uint32_t k = 0; k < N_FIRST && k < n; k++)
        sum += s[k] != t[k] ? FIRST[k] : 0U;
    s += x->n_before;
    t += y->n_before;
    for (uint32_t k = 0; k < N_BEFORE && k < n; k++)
        sum += s[-(int)k - 1] != t[-(int)k - 1] ? BEFORE[k] : 0U;
    for (uint32_t k = n; k < N_BEFORE && x->n_before != y->n_before; k++)
        sum += BEFORE[k];
    n = x->n_left < y->n_left ? x->n_left : y->n_left;
    for (uint32_t k = 0; k < N_NEXT && k < n; k++)
        sum += s[k] != t[k] ? NEXT[k] : 0U;
    for (uint32_t k = n; k < N_NEXT && x->n_left != y->n_left; k++)
        sum += NEXT[k];
    return sum;
}
