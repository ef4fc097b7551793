/* models/recombine_impl.h - internal: connections in the middle of being recombined.
 *
 * A child is a list of writes of the input deck, by index; all children's lists stand behind each other in `item`.  A cut is a
 * place between two of a child's writes, under the index of the later one in `item`. */
#ifndef TM_MODELS_RECOMBINE_IMPL_H
#define TM_MODELS_RECOMBINE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/recombine.h"

/* What is said of a cut in 1/16 octaves. */
enum tm_cut_field {
    TM_CUT_N_LEFT,
    TM_CUT_DOWN_LEFT,
    TM_CUT_UP_LEFT,
    TM_CUT_TIME_LEFT,
    TM_CUT_PACE_LEFT, /* mean of the client's pauses' logarithms */
    TM_CUT_N_BEFORE,
    TM_CUT_DOWN_BEFORE,
    TM_CUT_UP_BEFORE,
    TM_CUT_TIME_BEFORE,
    TM_CUT_PACE_BEFORE,
    TM_CUT_FIELDS
};

/* Cuts of one key are sorted by what is left after them, and by what was said before them. */
enum tm_mix_order_kind { TM_MIX_BY_LEFT, TM_MIX_BY_CONTEXT, TM_MIX_ORDERS };

/* Sizes that count exactly, as far as they are followed through a connection: a set of bits. */
#define TM_MIX_ATOMS 512U
struct tm_mix_atoms {
    uint64_t bit[TM_MIX_ATOMS / 64];
};

struct tm_mix_cut {
    uint32_t key; /* cuts of different keys are never alike */
    uint32_t child;
    uint32_t context;           /* hash of the first tokens and of those just before */
    struct tm_mix_atoms never;  /* what cannot come after what came before */
    struct tm_mix_atoms coming; /* what comes after it */
    uint64_t before, left;      /* hashes of the sizes before and after it */
    int16_t field[TM_CUT_FIELDS];
};

struct tm_mix_child {
    uint32_t first, n; /* of `item` */
    uint32_t ending;   /* input connection whose close it has */
    uint32_t n_parents;
    uint32_t top;    /* input connection that gave most, */
    uint32_t share;  /* per mille: of the rare writes, where there are two or more, else of all */
    uint32_t n_rare; /* writes of rare sizes */
    bool is_copy; /* few connections have its sequence of sizes, and one of them is in the input */
    bool is_single;         /* it has rare sizes, and one parent gave too much of it */
    bool is_mixed;          /* enough parents, and none gave too much */
    uint32_t partner;       /* of this round; own index: none */
    uint32_t cut;           /* index in `item` */
    uint32_t n_cuts, phase; /* cuts that are looked at in this round */
};

struct tm_mix {
    const struct tm_deck *in;
    const struct tm_recombine_cfg *cfg;
    struct tm_rng rng;
    uint32_t n, n_items;
    uint32_t *owner; /* of each input write: its connection */
    uint16_t *token; /* of each input write: 1..; equal: of one size, or of one class of sizes */
    bool *is_rare;   /* of each input write: few connections have its size */
    uint32_t *item, *spare;
    uint64_t *
        known; /* sorted hashes of the input's sequences of sizes, without those that many connections have */
    uint32_t n_known;
    uint32_t first_atom,
        n_atoms; /* tokens from first_atom on are exact sizes; n_atoms of them are followed */
    struct tm_mix_atoms *foreign; /* of each atom: those that its connections do not have */
    uint64_t *power;              /* of the hashes' base, by exponent */
    struct tm_mix_child *child;
    struct tm_mix_cut *cut; /* by index in `item`; that of a child's first write is none */
    struct tm_mix_order {
        uint32_t *at;   /* cuts, sorted */
        uint32_t *rank; /* where a cut stands there */
    } order[TM_MIX_ORDERS];
    uint32_t n_order;
    uint32_t *tally, *touched; /* of each input connection: its writes in the child at hand */
};

/* log2 in 1/16 octaves, linear between powers of two; of 0: 0. */
static inline int32_t tm_mix_log(uint64_t x)
{
    if (x == 0)
        return 0;
    uint32_t e = 63U - (uint32_t)__builtin_clzll(x);
    uint32_t m = e >= 4 ? (uint32_t)(x >> (e - 4)) & 15U : (uint32_t)(x << (4 - e)) & 15U;
    return (int32_t)(16 * e + m);
}

/* The exact size that a write of the input has, among those that are followed; else TM_MIX_ATOMS. */
static inline uint32_t tm_mix_atom_of(const struct tm_mix *m, uint32_t write)
{
    uint32_t a = (uint32_t)m->token[write] - m->first_atom;
    return a < m->n_atoms ? a : TM_MIX_ATOMS;
}

static inline void tm_mix_put_atom(struct tm_mix_atoms *s, uint32_t a)
{
    s->bit[a / 64] |= UINT64_C(1) << a % 64;
}

/* Hashes of sequences are polynomials of this, modulo 2^64; the coefficient of a write in `item`. */
#define TM_MIX_BASE UINT64_C(0x9e3779b97f4a7c15)
static inline uint64_t tm_mix_term(const struct tm_mix *m, uint32_t at)
{
    const struct tm_write *w = &m->in->w[m->item[at]];
    uint64_t x = ((uint64_t)w->size << 1 | w->dir) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

/* Tokens of the input's writes, and which sizes are rare.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_tokens(struct tm_mix *m);
/* Finds which sizes exclude each other: both are frequent, and hardly ever in one connection.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_exclusions(struct tm_mix *m);
/* Finds what a copy would be a copy of: fills `known` (room for n).  */
void tm_mix_known(struct tm_mix *m);
/* Whether a child is one of them, write for write. */
bool tm_mix_is_copy(const struct tm_mix *m, const struct tm_mix_child *c);
/* Whether what is before cut a and what is after cut b are one together. */
bool tm_mix_would_be_copy(const struct tm_mix *m, uint32_t a, uint32_t b);
#define TM_MIX_CUTS_MAX 48U /* of a child, in a round */

/* The child's k-th cut of this round, k < n_cuts: evenly spread, from a phase that is drawn. */
static inline uint32_t tm_mix_cut_at(const struct tm_mix_child *c, uint32_t k)
{
    return c->first + 1 + (uint32_t)(((uint64_t)k * (c->n - 1) + c->phase) / c->n_cuts);
}

/* ---- the rounds ---- */

/* Who the child's writes come from. */
void tm_mix_take_stock(struct tm_mix *m, struct tm_mix_child *c);
/* Crosses until all children are mixed, or rounds_max; *n_rounds: how often.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_rounds(struct tm_mix *m, uint32_t *n_rounds);
/* Draws, describes and sorts the cuts of the children as they are now; coarse: the write before need not be of one size. */
void tm_mix_cuts(struct tm_mix *m, bool is_coarse);
/* How unlike two cuts are, in 1/16 octaves and penalties. */
uint32_t tm_mix_distance(const struct tm_mix *m, uint32_t a, uint32_t b);
/* Gaps (one for each of n_items) and closes (one for each child) of the children as they are now, after changing places.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_pauses(struct tm_mix *m, uint32_t *gap_us, uint32_t *close_us);
/* The direction of what a write of the input refers to: enum tm_dir, or 2: the connection's start. */
uint8_t tm_mix_ref_dir(const struct tm_mix *m, uint32_t write);

#endif
