/* Where connections may be cut, and which cuts are alike. */
#include <stdlib.h>
#include <string.h>

#include "models/recombine_impl.h"

/* ---- tokens ---- */

#define CLASS_STEP 5 /* 1/16 octaves: about a third of an octave */
#define CLASSES    200U
#define TOKEN_CLASSES                                                                              \
    (2 * CLASSES)         /* tokens 1..TOKEN_CLASSES are classes, those above exact sizes */
#define COMMON_SHARE 100U /* a size that one of so many connections has counts exactly */
#define COMMON_MIN   4U

struct ordered {
    const struct tm_deck *in;
    const uint32_t *owner;
};

static int by_size(const void *a, const void *b, void *ctx)
{
    const struct ordered *o = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct tm_write *x = &o->in->w[i], *y = &o->in->w[j];
    if (x->dir != y->dir)
        return x->dir < y->dir ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    if (o->owner[i] != o->owner[j])
        return o->owner[i] < o->owner[j] ? -1 : 1;
    return i < j ? -1 : i > j;
}

static uint16_t class_of(const struct tm_write *w)
{
    uint32_t c = (uint32_t)(tm_mix_log(w->size) / CLASS_STEP);
    return (uint16_t)(1 + w->dir * CLASSES + (c < CLASSES ? c : CLASSES - 1));
}

int tm_mix_tokens(struct tm_mix *m)
{
    const struct tm_deck *in = m->in;
    struct ordered ctx = {in, m->owner};
    uint32_t *by = calloc((size_t)m->n_items + 1, sizeof *by);
    uint32_t common = m->n / COMMON_SHARE, next_token = TOKEN_CLASSES + 1;
    if (!by)
        return TM_ERR_NOMEM;
    common = common > COMMON_MIN ? common : COMMON_MIN;
    for (uint32_t i = 0; i < m->n_items; i++)
        by[i] = i;
    qsort_r(by, m->n_items, sizeof *by, by_size, &ctx);
    for (uint32_t from = 0, to; from < m->n_items; from = to) {
        const struct tm_write *w = &in->w[by[from]];
        uint32_t n_conns = 0;
        for (to = from;
             to < m->n_items && in->w[by[to]].dir == w->dir && in->w[by[to]].size == w->size; to++)
            n_conns += to == from || m->owner[by[to]] != m->owner[by[to - 1]];
        bool is_common = n_conns >= common && next_token < UINT16_MAX;
        for (uint32_t i = from; i < to; i++) {
            m->token[by[i]] = is_common ? (uint16_t)next_token : class_of(w);
            m->is_rare[by[i]] = !is_common;
        }
        next_token += is_common;
    }
    m->first_atom = TOKEN_CLASSES + 1;
    m->n_atoms = next_token - m->first_atom;
    if (m->n_atoms > TM_MIX_ATOMS)
        m->n_atoms = TM_MIX_ATOMS;
    free(by);
    return TM_OK;
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

/* The atom that a write of the input is, or TM_MIX_ATOMS. */
static uint32_t atom_of(const struct tm_mix *m, uint32_t write)
{
    uint32_t a = (uint32_t)m->token[write] - m->first_atom;
    return a < m->n_atoms ? a : TM_MIX_ATOMS;
}

static void put_atom(struct tm_mix_atoms *s, uint32_t a)
{
    s->bit[a / 64] |= UINT64_C(1) << a % 64;
}

static bool has_atom(const struct tm_mix_atoms *s, uint32_t a)
{
    return s->bit[a / 64] >> a % 64 & 1U;
}

/* together[a * n + b]: connections that have both; on the diagonal, that have a. */
static void count_together(const struct tm_mix *m, uint32_t *together)
{
    uint32_t list[TM_MIX_ATOMS], n = m->n_atoms;
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_deck_conn *c = &m->in->conn[i];
        struct tm_mix_atoms has = {{0}};
        uint32_t n_list = 0;
        for (uint32_t w = c->first; w < c->first + c->n_writes; w++) {
            uint32_t a = atom_of(m, w);
            if (a == TM_MIX_ATOMS || has_atom(&has, a))
                continue;
            put_atom(&has, a);
            list[n_list++] = a;
        }
        for (uint32_t k = 0; k < n_list; k++) {
            for (uint32_t j = 0; j < n_list; j++)
                together[list[k] * n + list[j]]++;
        }
    }
}

int tm_mix_exclusions(struct tm_mix *m)
{
    uint32_t n = m->n_atoms;
    uint32_t *together = calloc((size_t)n * n + 1, sizeof *together);
    if (!together)
        return TM_ERR_NOMEM;
    count_together(m, together);
    for (uint32_t a = 0; a < n; a++) {
        for (uint32_t b = 0; b < n; b++) {
            uint64_t expected = (uint64_t)together[a * n + a] * together[b * n + b] / m->n;
            if (expected >= EXPECTED_MIN && together[a * n + b] * (uint64_t)SELDOM < expected)
                put_atom(&m->foreign[a], b);
        }
    }
    free(together);
    return TM_OK;
}

/* How many of the sizes in `coming` exclude one in what came before. */
static uint32_t clashes(const struct tm_mix_atoms *never, const struct tm_mix_atoms *coming)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < TM_MIX_ATOMS / 64; k++)
        n += (uint32_t)__builtin_popcountll(never->bit[k] & coming->bit[k]);
    return n;
}

/* ---- copies ---- */

#define PUBLIC_MIN 2U /* a sequence that so many connections have is nobody's alone */

#define BASE UINT64_C(0x9e3779b97f4a7c15) /* hashes are polynomials of it, modulo 2^64 */

static uint64_t term(const struct tm_mix *m, uint32_t at)
{
    const struct tm_write *w = &m->in->w[m->item[at]];
    uint64_t x = ((uint64_t)w->size << 1 | w->dir) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static uint64_t hash_of(const struct tm_mix *m, const struct tm_mix_child *c)
{
    uint64_t h = 0;
    for (uint32_t at = c->first; at < c->first + c->n; at++)
        h = h * BASE + term(m, at);
    return h;
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

void tm_mix_known(struct tm_mix *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        m->known[i] = hash_of(m, &m->child[i]);
    qsort(m->known, m->n, sizeof *m->known, by_hash);
    m->n_known = 0;
    m->power[0] = 1;
    for (uint32_t k = 1; k <= TM_PLAN_WRITES_MAX; k++)
        m->power[k] = m->power[k - 1] * BASE;
    for (uint32_t from = 0, to; from < m->n; from = to) {
        for (to = from; to < m->n && m->known[to] == m->known[from]; to++) {
        }
        if (to - from < PUBLIC_MIN)
            m->known[m->n_known++] = m->known[from];
    }
}

bool tm_mix_is_copy(const struct tm_mix *m, const struct tm_mix_child *c)
{
    uint64_t h = hash_of(m, c);
    return bsearch(&h, m->known, m->n_known, sizeof h, by_hash) != NULL;
}

bool tm_mix_would_be_copy(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_child *d = &m->child[m->cut[b].child];
    uint64_t h = m->cut[a].before * m->power[d->first + d->n - b] + m->cut[b].left;
    return bsearch(&h, m->known, m->n_known, sizeof h, by_hash) != NULL;
}

/* ---- cuts ---- */

/* Sums over a child's writes up to a place. */
struct sums {
    uint64_t n, bytes[2], time_us, pace, n_pace;
};

static void add(struct sums *s, const struct tm_write *w)
{
    s->n++;
    s->bytes[w->dir] += w->size;
    s->time_us += w->gap_us;
    if (w->dir == TM_UP) {
        s->pace += (uint64_t)tm_mix_log(w->gap_us / 64 + 1);
        s->n_pace++;
    }
}

#define BYTES_FLOOR 64U    /* fewer bytes, */
#define TIME_FLOOR  32000U /* and microseconds, are all alike */

static void describe(int16_t *field, const struct sums *s)
{
    field[0] = (int16_t)(2 * tm_mix_log(s->n + 1));
    field[1] = (int16_t)tm_mix_log(s->bytes[TM_DOWN] + BYTES_FLOOR);
    field[2] = (int16_t)tm_mix_log(s->bytes[TM_UP] + BYTES_FLOOR);
    field[3] = (int16_t)tm_mix_log(s->time_us + TIME_FLOOR);
    field[4] = (int16_t)(s->n_pace > 0 ? s->pace / s->n_pace : 0);
}

static uint32_t key_of(const struct tm_mix *m, const struct tm_mix_cut *cut, uint32_t at,
                       bool is_coarse)
{
    const struct tm_write *before = &m->in->w[m->item[at - 1]], *next = &m->in->w[m->item[at]];
    uint32_t role = m->in->conn[m->owner[m->item[m->child[cut->child].first]]].role;
    uint32_t token = is_coarse ? before->dir : 2U + m->token[m->item[at - 1]];
    return (token << 2 | role << 1) | next->dir;
}

#define CONTEXT_FIRST  6U
#define CONTEXT_BEFORE 3U

/* `begun`: of the first tokens. */
static uint32_t context_of(const struct tm_mix *m, const struct tm_mix_child *c, uint32_t at,
                           uint32_t begun)
{
    uint32_t h = begun;
    for (uint32_t k = 1; k <= CONTEXT_BEFORE && at >= c->first + k; k++)
        h = (h ^ m->token[m->item[at - k]]) * UINT32_C(2654435769);
    return h;
}

static void describe_child(struct tm_mix *m, uint32_t i, bool is_coarse)
{
    const struct tm_mix_child *c = &m->child[i];
    struct sums before = {0}, left = {0};
    uint64_t h = 0;
    uint32_t begun = 0;
    struct tm_mix_atoms never = {{0}}, coming = {{0}};
    for (uint32_t at = c->first; at < c->first + c->n; at++) {
        struct tm_mix_cut *cut = &m->cut[at];
        cut->context = context_of(m, c, at, begun);
        if (at < c->first + CONTEXT_FIRST)
            begun = (begun ^ m->token[m->item[at]]) * UINT32_C(0x85ebca6b);
        cut->child = i;
        cut->never = never;
        uint32_t a = atom_of(m, m->item[at]);
        for (uint32_t k = 0; a != TM_MIX_ATOMS && k < TM_MIX_ATOMS / 64; k++)
            never.bit[k] |= m->foreign[a].bit[k];
        cut->before = h;
        h = h * BASE + term(m, at);
        describe(cut->field + TM_CUT_N_BEFORE, &before);
        add(&before, &m->in->w[m->item[at]]);
    }
    h = 0;
    for (uint32_t at = c->first + c->n; at-- > c->first;) {
        h += term(m, at) * m->power[c->first + c->n - 1 - at];
        m->cut[at].left = h;
        uint32_t a = atom_of(m, m->item[at]);
        if (a != TM_MIX_ATOMS)
            put_atom(&coming, a);
        m->cut[at].coming = coming;
        add(&left, &m->in->w[m->item[at]]);
        describe(m->cut[at].field + TM_CUT_N_LEFT, &left);
        if (at > c->first)
            m->cut[at].key = key_of(m, &m->cut[at], at, is_coarse);
    }
}

struct sorting {
    const struct tm_mix_cut *cut;
    enum tm_mix_order_kind kind;
};

static int by_state(const void *a, const void *b, void *ctx)
{
    const struct sorting *s = ctx;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct tm_mix_cut *x = &s->cut[i], *y = &s->cut[j];
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (s->kind == TM_MIX_BY_CONTEXT && x->context != y->context)
        return x->context < y->context ? -1 : 1;
    for (int f = TM_CUT_N_LEFT; f <= TM_CUT_DOWN_LEFT; f++) {
        if (x->field[f] != y->field[f])
            return x->field[f] < y->field[f] ? -1 : 1;
    }
    return i < j ? -1 : i > j;
}

void tm_mix_cuts(struct tm_mix *m, bool is_coarse)
{
    m->n_order = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        const struct tm_mix_child *c = &m->child[i];
        describe_child(m, i, is_coarse);
        for (uint32_t at = c->first + 1; at < c->first + c->n; at++) {
            for (unsigned k = 0; k < TM_MIX_ORDERS; k++)
                m->order[k].at[m->n_order] = at;
            m->n_order++;
        }
    }
    for (unsigned k = 0; k < TM_MIX_ORDERS; k++) {
        struct sorting s = {m->cut, k};
        qsort_r(m->order[k].at, m->n_order, sizeof *m->order[k].at, by_state, &s);
        for (uint32_t i = 0; i < m->n_order; i++)
            m->order[k].rank[m->order[k].at[i]] = i;
    }
}

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

static uint32_t unlike(const struct tm_mix *m, uint32_t a, uint32_t b, uint32_t penalty)
{
    return m->token[m->item[a]] != m->token[m->item[b]] ? penalty : 0;
}

uint32_t tm_mix_distance(const struct tm_mix *m, uint32_t a, uint32_t b)
{
    const struct tm_mix_cut *x = &m->cut[a], *y = &m->cut[b];
    const struct tm_mix_child *c = &m->child[x->child], *d = &m->child[y->child];
    uint32_t n_a = a - c->first, n_b = b - d->first, n = n_a < n_b ? n_a : n_b;
    uint32_t sum = CLASH * (clashes(&x->never, &y->coming) + clashes(&y->never, &x->coming));
    for (int f = 0; f < TM_CUT_FIELDS; f++)
        sum += (uint32_t)abs(x->field[f] - y->field[f]);
    for (uint32_t k = 0; k < N_BEFORE; k++)
        sum += k < n ? unlike(m, a - 1 - k, b - 1 - k, BEFORE[k]) : n_a != n_b ? BEFORE[k] : 0U;
    for (uint32_t k = 0; k < N_FIRST && k < n; k++)
        sum += unlike(m, c->first + k, d->first + k, FIRST[k]);
    n_a = c->n - n_a;
    n_b = d->n - n_b;
    n = n_a < n_b ? n_a : n_b;
    for (uint32_t k = 0; k < N_NEXT; k++)
        sum += k < n ? unlike(m, a + k, b + k, NEXT[k]) : n_a != n_b ? NEXT[k] : 0U;
    return sum;
}
