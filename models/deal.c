#include "models/deal.h"

#include <stdlib.h>

#include <openssl/crypto.h>

#include "models/gen.h"

#define NONE  UINT64_MAX
#define CARDS 256U /* of a hand, where a batch has so many for a user */
#define RUN   TM_JOINT_RUN
#define HANDS 2 /* of a user and pile: connections near the end of one may come in any order */

/* With no more tables than this the next batch is asked for as soon as one is played; memory for it is certain. */
#define TABLES_AHEAD 2

struct hand {
    uint64_t number; /* place / CARDS counted over batches; NONE: nothing here */
    struct tm_deck card;
};

/* A user's own cards of one pile. */
struct holding {
    struct hand hand[HANDS];
    uint64_t wanted; /* number of the hand to prepare; NONE */
};

struct seat {
    struct tm_gen_user walk; /* opens what the user will open, to count the piles */
    uint64_t n_first;        /* of the walk's openings so far, those that begin an RRE */
    uint64_t first_bits[TM_DEAL_BACK_MAX / 64]; /* which of the last ones, by index */
    struct holding pile[TM_DECK_ROLES];
};

struct pile {
    bool is_raw;      /* recombination leaves nothing of it: the deck is played as it is */
    uint32_t n_seats; /* of a table */
    uint32_t n_tables;
    uint32_t run;        /* cards of a user that lie beside each other */
    uint32_t n_each;     /* cards of a batch for every user of the table: Q */
    uint32_t hands_each; /* hands that these make */
};

struct tm_deal {
    const struct tm_joint *j;       /* borrowed */
    struct tm_batches *batches;     /* borrowed, or: */
    struct tm_batches *own_batches; /* owned; NULL */
    uint8_t seed[TM_SEED_LEN];
    uint32_t n_piles; /* 1: roles are not kept apart; 0: nothing was asked for yet */
    struct pile pile[TM_DECK_ROLES];
    uint32_t n_tables;                     /* of the pile that has the most */
    uint32_t next_table;                   /* all before it were dealt their first hands */
    uint64_t dealt[TM_GEN_USERS_MAX / 64]; /* which others were */
    uint32_t n_wanted;                     /* holdings with a hand to prepare */
    uint32_t n_users;
    struct seat seat[];
};

static bool is_in_pile(const struct tm_deal *d, const struct tm_deck_conn *c, uint32_t pile)
{
    return d->n_piles == 1 || c->role == pile;
}

/* The numbers of the pile's connections in `deck`, neighbours left together; owned by the caller, NULL without memory. */
static uint32_t *gathered(const struct tm_deal *d, const struct tm_deck *deck, uint32_t pile,
                          uint32_t *n)
{
    uint32_t *card = malloc((deck->n_conns + 1) * sizeof *card);
    *n = 0;
    if (!card)
        return NULL;
    for (uint32_t i = 0; i < deck->n_conns; i++) {
        if (is_in_pile(d, &deck->conn[i], pile))
            card[(*n)++] = i;
    }
    return card;
}

/* The same in the batch's order, run by run. */
static uint32_t *dealt(const struct tm_deal *d, const struct tm_deck *deck,
                       const uint8_t batch_key[TM_SEED_LEN], uint32_t pile, uint32_t *n)
{
    uint32_t *in = gathered(d, deck, pile, n), n_runs = (*n + RUN - 1) / RUN, n_out = 0;
    uint32_t *run = malloc((n_runs + (size_t)1) * sizeof *run);
    uint32_t *out = calloc(*n + (size_t)1, sizeof *out);
    for (uint32_t i = 0; run && i < n_runs; i++)
        run[i] = i;
    if (run)
        tm_batch_shuffle(run, n_runs, batch_key, TM_RNG_DEAL, pile);
    for (uint32_t i = 0; in && run && out && i < n_runs; i++) {
        for (uint32_t k = run[i] * RUN; k < *n && k < (run[i] + 1) * RUN; k++)
            out[n_out++] = in[k];
    }
    bool ok = in && run;
    free(in);
    free(run);
    if (ok)
        return out;
    free(out);
    return NULL;
}

/* ---- Hands ---- */

/* Fills *h, which is empty, with hand `number` of the user from its batch. */
static int hand_fill(const struct tm_deal *d, struct hand *h, const struct tm_batch *b,
                     uint32_t user, uint32_t pile, uint64_t number)
{
    const struct pile *p = &d->pile[pile];
    const struct tm_deck *deck = &b->deck;
    uint32_t n = 0;
    uint32_t *card = p->is_raw ? NULL : dealt(d, deck, b->key, pile, &n);
    if (!p->is_raw && !card)
        return TM_ERR_NOMEM;
    if (n == 0) { /* it gave nothing: the yield of another batch was more */
        free(card);
        deck = b->slice;
        card = dealt(d, deck, b->key, pile, &n);
    }
    if (!card)
        return TM_ERR_NOMEM;
    TM_ASSERT(n > 0 && p->hands_each > 0 && p->n_seats > 0);
    uint32_t from = (uint32_t)(number % p->hands_each) * CARDS;
    uint32_t upto = p->n_each - from > CARDS ? from + CARDS : p->n_each;
    int rc = TM_OK;
    for (uint32_t at = from; rc == TM_OK && at < upto; at++) {
        uint64_t run = at / p->run * (uint64_t)p->n_seats + user % p->n_seats;
        rc = tm_batch_copy(&h->card, deck, card[(run * p->run + at % p->run) % n]);
    }
    free(card);
    if (rc == TM_OK)
        h->number = number;
    else
        tm_deck_deinit(&h->card);
    return rc;
}

/* The hand with this number, or NULL. */
static struct hand *hand_find(struct holding *own, uint64_t number)
{
    for (int i = 0; i < HANDS; i++) {
        if (own->hand[i].number == number)
            return &own->hand[i];
    }
    return NULL;
}

static uint64_t batch_of(const struct tm_deal *d, uint32_t user, uint32_t pile, uint64_t number)
{
    const struct pile *p = &d->pile[pile];
    return number / p->hands_each * p->n_tables + user / p->n_seats;
}

/* Makes the hand in the place of the older one. */
static int hand_make(struct tm_deal *d, uint32_t user, uint32_t pile, uint64_t number)
{
    struct holding *own = &d->seat[user].pile[pile];
    /* NONE + 1 is 0: an empty place is older than all others */
    struct hand *h =
        own->hand[0].number + 1 <= own->hand[1].number + 1 ? &own->hand[0] : &own->hand[1];
    const struct tm_batch *b;
    int rc = tm_batches_get(d->batches, d->seed, batch_of(d, user, pile, number), &b);
    if (rc == TM_OK) {
        h->number = NONE;
        tm_deck_deinit(&h->card);
        rc = hand_fill(d, h, b, user, pile, number);
    }
    tm_batches_done(d->batches);
    return rc;
}

/* ---- Places ---- */

static bool is_first(const struct seat *s, uint64_t index)
{
    return s->first_bits[index / 64 % (TM_DEAL_BACK_MAX / 64)] >> (index % 64) & 1;
}

static void walk_to(const struct tm_deal *d, struct seat *s, uint64_t index)
{
    while (s->walk.next_index <= index) {
        struct tm_open open;
        tm_swing_open(&d->j->swing, &s->walk, &open);
        uint64_t *word = &s->first_bits[open.index / 64 % (TM_DEAL_BACK_MAX / 64)];
        uint64_t bit = UINT64_C(1) << (open.index % 64);
        bool first = open.ref != TM_OPEN_PREV;
        *word = first ? *word | bit : *word & ~bit;
        s->n_first += first;
    }
}

/* The connection's pile and its place there. */
static int locate(struct tm_deal *d, uint32_t user, uint64_t index, uint32_t *pile, uint64_t *place)
{
    struct seat *s = &d->seat[user];
    if (index > TM_DEAL_INDEX_MAX)
        return TM_ERR_LIMIT;
    if (d->n_piles == 1) {
        *pile = 0;
        *place = index;
        return TM_OK;
    }
    uint64_t next = s->walk.next_index;
    if (index >= next ? index - next >= TM_DEAL_AHEAD_MAX : next - index > TM_DEAL_BACK_MAX)
        return TM_ERR_LIMIT;
    walk_to(d, s, index);
    uint64_t n_first = s->n_first; /* before index, in the end */
    for (uint64_t i = index; i < s->walk.next_index; i++)
        n_first -= is_first(s, i);
    *pile = is_first(s, index) ? TM_DECK_FIRST : TM_DECK_LATER;
    *place = *pile == TM_DECK_FIRST ? n_first : index - n_first;
    return TM_OK;
}

static int add_card(struct tm_plan *plan, const struct tm_deck *deck, uint32_t i)
{
    const struct tm_deck_conn *c = &deck->conn[i];
    int rc = TM_OK;
    for (uint32_t k = 0; rc == TM_OK && k < c->n_writes; k++)
        rc = tm_plan_add(plan, deck->w[c->first + k]);
    plan->close_gap_us = c->close_gap_us;
    plan->close = c->close;
    return rc;
}

/* ---- The beginning ---- */

static void measure_pile(struct tm_deal *d, uint32_t pile, const struct tm_batch *batch0)
{
    struct pile *p = &d->pile[pile];
    uint32_t n = 0;
    for (size_t i = 0; i < batch0->deck.n_conns; i++)
        n += is_in_pile(d, &batch0->deck.conn[i], pile);
    p->is_raw = n == 0;
    for (size_t i = 0; p->is_raw && i < batch0->slice->n_conns; i++)
        n += is_in_pile(d, &batch0->slice->conn[i], pile);
    uint32_t yield = n - n / 16;
    uint32_t n_seats = yield / TM_JOINT_HAND;
    p->n_seats = n_seats < 1 ? 1 : n_seats < d->n_users ? n_seats : d->n_users;
    p->n_tables = (d->n_users + p->n_seats - 1) / p->n_seats;
    p->n_each = yield / p->n_seats;
    p->run = p->n_each < RUN ? 1 : RUN;
    p->n_each -= p->n_each % p->run;
    p->hands_each = (p->n_each + CARDS - 1) / CARDS;
}

static bool is_dealt(const struct tm_deal *d, uint32_t table)
{
    return d->dealt[table / 64] >> (table % 64) & 1;
}

static void note_dealt(struct tm_deal *d, uint32_t table)
{
    d->dealt[table / 64] |= UINT64_C(1) << (table % 64);
    while (d->next_table < d->n_tables && is_dealt(d, d->next_table))
        d->next_table++;
}

/* The first hands of all who sit at the table that batch `number` serves in each pile, and have no cards yet. */
static int first_hands(struct tm_deal *d, const struct tm_batch *b, uint32_t number)
{
    int rc = TM_OK;
    for (uint32_t pile = 0; pile < d->n_piles; pile++) {
        const struct pile *p = &d->pile[pile];
        if (number >= p->n_tables)
            continue;
        uint32_t from = number * p->n_seats;
        uint32_t upto = d->n_users - from > p->n_seats ? from + p->n_seats : d->n_users;
        for (uint32_t u = from; rc == TM_OK && u < upto; u++) {
            struct hand *h = d->seat[u].pile[pile].hand;
            if (h[0].number == NONE && h[1].number == NONE)
                rc = hand_fill(d, &h[0], b, u, pile, 0);
        }
    }
    return rc;
}

static void drop_hands(struct tm_deal *d)
{
    for (uint32_t u = 0; u < d->n_users; u++) {
        for (uint32_t pile = 0; pile < TM_DECK_ROLES; pile++) {
            struct holding *own = &d->seat[u].pile[pile];
            for (int i = 0; i < HANDS; i++) {
                tm_deck_deinit(&own->hand[i].card);
                own->hand[i].number = NONE;
            }
            own->wanted = NONE;
        }
    }
}

/* Piles and tables, by batch 0. */
static void measure(struct tm_deal *d, const struct tm_batch *batch0)
{
    struct tm_joint_sum sum;
    tm_joint_sum(d->j, &sum);
    uint32_t least = TM_JOINT_PILE_MIN * tm_batch_slices(d->j);
    bool are_apart = sum.n_conns[TM_DECK_FIRST] >= least && sum.n_conns[TM_DECK_LATER] >= least;
    d->n_piles = are_apart ? TM_DECK_ROLES : 1;
    d->n_tables = 1;
    for (uint32_t pile = 0; pile < d->n_piles; pile++) {
        measure_pile(d, pile, batch0);
        if (d->pile[pile].n_tables > d->n_tables)
            d->n_tables = d->pile[pile].n_tables;
    }
}

/* The first hands of a table; of table 0, which comes first, the measures as well. */
static int deal_table(struct tm_deal *d, uint32_t table)
{
    const struct tm_batch *b;
    int rc = tm_batches_get(d->batches, d->seed, table, &b);
    if (rc == TM_OK && d->n_piles == 0)
        measure(d, b);
    if (rc == TM_OK)
        rc = first_hands(d, b, table);
    if (rc == TM_OK)
        note_dealt(d, table);
    tm_batches_done(d->batches);
    return rc;
}

/* ---- Use ---- */

int tm_deal_plan(struct tm_deal *d, uint32_t user, uint64_t index, struct tm_plan *plan)
{
    uint32_t pile;
    uint64_t place;
    int rc = d->n_piles == 0 ? deal_table(d, 0) : TM_OK;
    if (rc == TM_OK)
        rc = locate(d, user, index, &pile, &place);
    if (rc != TM_OK)
        return rc;
    const struct pile *p = &d->pile[pile];
    struct holding *own = &d->seat[user].pile[pile];
    uint32_t at = (uint32_t)(place % p->n_each);
    uint64_t number = place / p->n_each * p->hands_each + at / CARDS;
    if (number == 0 && !is_dealt(d, user / p->n_seats))
        rc = deal_table(d, user / p->n_seats);
    if (rc == TM_OK && !hand_find(own, number))
        rc = hand_make(d, user, pile, number);
    if (rc != TM_OK)
        return rc;
    struct hand *h = hand_find(own, number);
    TM_ASSERT(h != NULL);
    if (at % CARDS >= h->card.n_conns / 2 && !hand_find(own, number + 1)) {
        d->n_wanted += own->wanted == NONE;
        own->wanted = number + 1;
    } else if (d->n_tables <= TABLES_AHEAD && !hand_find(own, number + 1)) {
        (void)tm_batches_await(d->batches, d->seed, batch_of(d, user, pile, number + 1));
    }
    return add_card(plan, &h->card, at % CARDS);
}

/* Makes one of the hands that are wanted and whose batch is there. */
static bool prepare_hand(struct tm_deal *d)
{
    uint64_t absent = NONE;
    for (uint32_t u = 0; d->n_wanted > 0 && u < d->n_users; u++) {
        for (uint32_t pile = 0; pile < d->n_piles; pile++) {
            struct holding *own = &d->seat[u].pile[pile];
            uint64_t number = own->wanted;
            if (number == NONE)
                continue;
            bool is_here = hand_find(own, number) != NULL;
            uint64_t batch = batch_of(d, u, pile, number);
            if (!is_here && (batch == absent || !tm_batches_await(d->batches, d->seed, batch))) {
                absent = batch;
                continue;
            }
            own->wanted = NONE;
            d->n_wanted--;
            if (!is_here)
                return hand_make(d, u, pile, number) == TM_OK;
        }
    }
    return false;
}

bool tm_deal_prepare(struct tm_deal *d)
{
    if (d->n_piles == 0)
        return tm_batches_await(d->batches, d->seed, 0) && deal_table(d, 0) == TM_OK;
    uint32_t table = d->next_table; /* the first that waits for its cards */
    if (table < d->n_tables && tm_batches_await(d->batches, d->seed, table))
        return deal_table(d, table) == TM_OK;
    return prepare_hand(d);
}

uint32_t tm_deal_missing(const struct tm_deal *d)
{
    return d->n_piles == 0 ? 1 : d->n_tables - d->next_table;
}

bool tm_deal_has(const struct tm_deal *d, uint32_t user)
{
    bool has = d->n_piles > 0;
    for (uint32_t pile = 0; pile < d->n_piles; pile++)
        has = has && is_dealt(d, user / d->pile[pile].n_seats);
    return has;
}

uint64_t tm_deal_late(const struct tm_deal *d)
{
    return tm_batches_late(d->batches);
}

int tm_deal_new(struct tm_deal **out, const struct tm_joint *j, const uint8_t seed[TM_SEED_LEN],
                const struct tm_gen_user *user, uint32_t n_users, struct tm_batches *batches,
                const struct tm_batch_maker *maker)
{
    TM_ASSERT(!batches || tm_batches_model(batches) == j);
    *out = NULL;
    struct tm_deal *d = calloc(1, sizeof *d + n_users * sizeof d->seat[0]);
    if (!d)
        return TM_ERR_NOMEM;
    d->j = j;
    d->n_users = n_users;
    for (size_t i = 0; i < TM_SEED_LEN; i++)
        d->seed[i] = seed[i];
    for (uint32_t u = 0; u < n_users; u++)
        d->seat[u].walk = user[u];
    drop_hands(d);
    int rc = batches ? TM_OK : tm_batches_new(&d->own_batches, j, TM_BATCHES_END_WRITES);
    d->batches = batches ? batches : d->own_batches;
    if (d->own_batches)
        tm_batches_set_maker(d->own_batches, maker);
    if (rc == TM_OK)
        *out = d;
    else
        tm_deal_free(d);
    return rc;
}

void tm_deal_free(struct tm_deal *d)
{
    if (!d)
        return;
    drop_hands(d);
    tm_batches_free(d->own_batches);
    OPENSSL_cleanse(d, sizeof *d + d->n_users * sizeof d->seat[0]);
    free(d);
}
