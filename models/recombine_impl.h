/* models/recombine_impl.h - internal: connections in the middle of being recombined.
 *
 * A child is a list of writes of the input deck, by index, in `item`.  A cut is a place between two of its writes, described
 * again when the child was crossed; each child has room for TM_MIX_CUTS of them, and behind all is room for those of one that searches. */
#ifndef TM_MODELS_RECOMBINE_IMPL_H
#define TM_MODELS_RECOMBINE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "models/recombine.h"
#include "models/recombine_rows.h"
#include "tm/base/sort.h"

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

#define TM_MIX_CUTS  48U        /* of a child, that others find */
#define TM_MIX_TRIES 5U         /* of a child that looks for a partner, in a round */
#define TM_MIX_ATOMS 512U       /* sizes that count exactly and are followed through a connection */
#define TM_MIX_NONE  UINT16_MAX /* no atom */

/* What is known of a write of the input. */
struct tm_mix_fact {
    uint64_t term; /* its coefficient in the hashes of sequences */
    uint32_t size, gap_us, owner;
    uint16_t token; /* 1..; equal: of one size, or of one class of sizes */
    uint16_t atom;  /* among the sizes that exclude others, or TM_MIX_NONE */
    uint16_t pace;  /* logarithm of the client's pause */
    uint8_t dir;
    bool is_rare;   /* few connections have its size */
    bool is_welded; /* to the write before it in the input */
};

/* A cut: 64 bytes. */
struct tm_mix_cut {
    int16_t field[TM_CUT_FIELDS];
    uint32_t key;                      /* cuts of different keys are never alike */
    uint32_t child;                    /* whose it is */
    uint32_t n_before, n_left;         /* writes */
    uint32_t owner_before, owner_next; /* of the writes beside it */
    uint64_t before, left;             /* hashes of the sizes before and after it */
};

#define TM_MIX_NO_KEY UINT32_MAX

/* Sums over some of a child's writes. */
struct tm_mix_sums {
    uint64_t n, bytes[2], time_us, pace, n_pace;
};

struct tm_mix_child {
    uint32_t first, n; /* of `item` */
    uint32_t ending;   /* input connection whose close it has */
    uint32_t n_parents;
    uint32_t top;    /* input connection that gave most, */
    uint32_t share;  /* per mille: of the rare writes, where there are two or more, else of all */
    uint32_t n_rare; /* writes of rare sizes */
    bool is_copy; /* few connections have its sequence of sizes, and one of them is in the input */
    bool is_single;   /* it has rare sizes, and one parent gave too much of it */
    bool is_mixed;    /* enough parents, and none gave too much */
    uint32_t partner; /* of this round; own index: none */
    uint32_t cut;     /* writes before it */
    uint32_t again;   /* round before which it does not look for a partner */
    uint64_t hash;    /* of its sizes */
    struct tm_mix_sums sums;
};

/* Of a child, for those that look for a partner. */
enum { TM_MIX_TAKEN = 1, TM_MIX_SETTLED = 2 };

struct tm_mix {
    const struct tm_deck *in, *apart;
    const struct tm_recombine_cfg *cfg;
    struct tm_rng rng;
    uint64_t bits; /* drawn and not yet used: 32 of them, or none */
    bool has_bits;
    uint32_t n, n_items;
    struct tm_mix_fact *fact;
    uint32_t *item, *spare_item; /* room for twice n_items: crossed children are appended, */
    uint16_t *said, *spare_said; /* tokens of the writes in `item` */
    uint32_t n_used, n_room;     /* until there is no room, and all move */
    uint64_t *known; /* sorted hashes of sizes: the input's but those of many, and of `apart` */
    uint32_t n_known;
    uint32_t n_words;  /* of a set of atoms */
    uint64_t *foreign; /* a set for each atom: those that its connections do not have */
    uint64_t *power;   /* of the hashes' base, by exponent */
    struct tm_mix_rows rows;
    struct tm_mix_child *child;
    uint8_t *status;        /* of each child: TM_MIX_TAKEN, TM_MIX_SETTLED */
    struct tm_mix_cut *cut; /* TM_MIX_CUTS for each child, and TM_MIX_TRIES */
    /* Of each cut: the atoms that cannot come after what came before, those that come after it. */
    uint64_t *sets;
    struct tm_mix_order {
        uint64_t
            *rank; /* of each cut, by which they are sorted: key, what is near, number of the cut */
        uint64_t *sorted;
        uint32_t n;
    } order[TM_MIX_ORDERS];
    struct tm_mix_range {
        uint32_t from, to;
    } * range; /* of each key: where its cuts stand, in all orders */
    uint64_t *spare_rank;
    uint32_t *tally, *touched; /* of each input connection: its writes in the child at hand */
};

#define TM_MIX_CUT_BITS 22U /* of a number of a cut */
#define TM_MIX_KEY_BITS 18U
_Static_assert(TM_DECK_CONNS_MAX *TM_MIX_CUTS + TM_MIX_TRIES < 1U << TM_MIX_CUT_BITS,
               "numbers of cuts");

/* log2 in 1/16 octaves, linear between powers of two; of 0: 0. */
static inline int32_t tm_mix_log(uint64_t x)
{
    if (x == 0)
        return 0;
    uint32_t e = 63U - (uint32_t)__builtin_clzll(x);
    uint32_t m = e >= 4 ? (uint32_t)(x >> (e - 4)) & 15U : (uint32_t)(x << (4 - e)) & 15U;
    return (int32_t)(16 * e + m);
}

/* 0..n-1; even to within n / 2^32, which choices of partners and places do not show. */
static inline uint32_t tm_mix_below(struct tm_mix *m, uint32_t n)
{
    m->bits = m->has_bits ? m->bits >> 32 : tm_rng_u64(&m->rng);
    m->has_bits = !m->has_bits;
    return (uint32_t)((m->bits & UINT32_MAX) * n >> 32);
}

/* Facts of the input's writes; which sizes exclude each other: both are frequent, and hardly ever in one connection.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_facts(struct tm_mix *m);
/* Finds what a copy would be a copy of: fills `known`, of children that stock was taken of, and of `apart`.  `spare`: room for as many. */
void tm_mix_known(struct tm_mix *m, uint64_t *spare);
/* Whether a child is one of them, write for write. */
bool tm_mix_is_copy(const struct tm_mix *m, const struct tm_mix_child *c);
/* Whether what is before cut a and what is after cut b are one together. */
bool tm_mix_would_be_copy(const struct tm_mix *m, const struct tm_mix_cut *a,
                          const struct tm_mix_cut *b);

/* ---- cuts ---- */

/* A child's sums and hash. */
void tm_mix_sum(struct tm_mix *m, struct tm_mix_child *c);
/* Describes n cuts of a child, by number from `cut` on, at ascending places (writes before them, 1..its writes - 1).  Coarse: the write before
 * need not be of one size. */
void tm_mix_describe(struct tm_mix *m, uint32_t child, uint32_t cut, const uint32_t *place,
                     uint32_t n, bool is_coarse);
/* Describes the cuts of a child that others find: evenly spread, from a phase that is drawn. */
void tm_mix_cuts(struct tm_mix *m, uint32_t child, bool is_coarse);
/* Sorts the cuts of all children. */
void tm_mix_sort_cuts(struct tm_mix *m);
/* How unlike two cuts are, in 1/16 octaves and penalties: what is cheap to say, and the rest. */
static inline uint32_t tm_mix_distance(const struct tm_mix_cut *x, const struct tm_mix_cut *y)
{
    uint32_t sum = 0;
    for (int f = 0; f < TM_CUT_FIELDS; f++) {
        int32_t d = x->field[f] - y->field[f];
        sum += (uint32_t)(d < 0 ? -d : d);
    }
    return sum;
}
uint32_t tm_mix_distance_more(const struct tm_mix *m, uint32_t a, uint32_t b);

/* ---- the rounds ---- */

struct tm_mix_choice {
    uint32_t cut, partner_cut; /* numbers */
    uint32_t distance;         /* the limit: none found */
};
/* The nearest partner for one of n_cuts cuts, from number `cut` on, of one child; nearer than the limit. */
struct tm_mix_choice tm_mix_search(struct tm_mix *m, uint32_t cut, uint32_t n_cuts, uint32_t limit);

/* Who the child's writes come from, their sums and their hash. */
void tm_mix_take_stock(struct tm_mix *m, struct tm_mix_child *c);
/* Crosses until all children are mixed, or rounds_max; *n_rounds: how often.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_rounds(struct tm_mix *m, uint32_t *n_rounds);
/* Puts all children's lists behind each other. */
void tm_mix_tidy(struct tm_mix *m);
/* Gaps (one for each place in `item`) and closes (one for each child) of the children as they are now, after changing places.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_mix_pauses(struct tm_mix *m, uint32_t *gap_us, uint32_t *close_us);
/* The direction of what a write of the input refers to: enum tm_dir, or 2: the connection's start. */
uint8_t tm_mix_ref_dir(const struct tm_mix *m, uint32_t write);

#endif
