/* Values of few connections are drawn anew between their neighbours; those of many stay. */
#include "learner/joint/pool_deck.h"

#include <stdbool.h>

#include "test/support/check.h"

#define N_CONNS 100U
#define K       8U

static const uint8_t KEY[TM_SEED_LEN] = {5};

/* Up: a hello of 40 bytes, a letter of a size of its own (2,000 to 200,000, steps of 16).  Down: 6 bytes, and one of two sizes of which one
 * has three connections alone. */
static struct tm_deck letters(void)
{
    struct tm_deck d = {0};
    for (uint32_t i = 0; i < N_CONNS; i++) {
        const struct tm_write w[] = {
            {.size = 40, .gap_us = 0, .dir = TM_UP},
            {.size = 6, .gap_us = 1000 + 10 * i, .dir = TM_DOWN, .ref_back = 1},
            {.size = 2004 + 1600 * (i * 37 % N_CONNS),
             .gap_us = 50000 + 100 * i,
             .dir = TM_UP,
             .ref_back = 1},
            {.size = i < 3 ? 90 : 70, .gap_us = 5, .dir = TM_DOWN, .ref_back = 1},
        };
        CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 7 * i), TM_OK);
        for (size_t k = 0; k < 4; k++)
            CHECK_INT(tm_deck_add_write(&d, w[k]), TM_OK);
    }
    return d;
}

static void values_of_many_stay_and_lonely_ones_join_the_nearest(void)
{
    struct tm_deck d = letters();
    struct tm_pool_deck_count n;
    uint32_t n_wrong = 0;
    CHECK_INT(tm_pool_deck(&d, K, KEY, &n), TM_OK);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    CHECK_INT(n.n_sizes, N_CONNS + 3);
    CHECK_INT(n.n_pauses, 3 * N_CONNS); /* after hello, before the letter, before the close */
    for (uint32_t i = 0; i < N_CONNS; i++) {
        const struct tm_write *w = &d.w[d.conn[i].first];
        n_wrong += w[0].size != 40 || w[1].size != 6 || w[3].size != 70 || w[3].gap_us != 5;
    }
    CHECK_INT(n_wrong, 0);
    tm_deck_deinit(&d);
}

/* How many of the captured letters lie between two values, both included. */
static uint32_t count_between(const struct tm_deck *d, uint32_t low, uint32_t high)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->n_conns; i++) {
        uint32_t size = d->w[d->conn[i].first + 2].size;
        n += size >= low && size <= high;
    }
    return n;
}

static void sizes_of_one_connection_are_drawn_near_where_they_were(void)
{
    struct tm_deck before = letters(), d = letters();
    struct tm_pool_deck_count n;
    uint32_t n_same = 0, n_off = 0, n_far = 0, n_order = 0;
    CHECK_INT(tm_pool_deck(&d, K, KEY, &n), TM_OK);
    for (uint32_t i = 0; i < N_CONNS; i++) {
        uint32_t a = before.w[before.conn[i].first + 2].size, b = d.w[d.conn[i].first + 2].size;
        n_same += a == b;
        n_off += b % 16 != 4;
        n_far += count_between(&before, a < b ? a : b, a < b ? b : a) > 2 * K;
        for (uint32_t k = 0; k < i; k++) {
            uint32_t x = before.w[before.conn[k].first + 2].size, y = d.w[d.conn[k].first + 2].size;
            n_order += (x < a && y > b) || (x > a && y < b);
        }
    }
    CHECK(n_same < N_CONNS / 10);
    CHECK_INT(n_off, 0);
    CHECK_INT(n_far, 0);
    CHECK_INT(n_order, 0);
    tm_deck_deinit(&before);
    tm_deck_deinit(&d);
}

/* A size that one connection has often is still one connection's. */
static void connections_are_counted_and_not_observations(void)
{
    struct tm_deck d = {0};
    struct tm_pool_deck_count n;
    for (uint32_t i = 0; i < N_CONNS; i++) {
        CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
        for (uint32_t k = 0; k < 20; k++)
            CHECK_INT(tm_deck_add_write(&d, (struct tm_write){.size = 1000 + 33 * i}), TM_OK);
    }
    CHECK_INT(tm_pool_deck(&d, K, KEY, &n), TM_OK);
    CHECK_INT(n.n_sizes, 20 * N_CONNS);
    CHECK_INT(n.n_pauses, 0);
    tm_deck_deinit(&d);
}

static void few_connections_are_one_step(void)
{
    struct tm_deck d = {0};
    struct tm_pool_deck_count n;
    for (uint32_t i = 0; i < K - 1; i++) {
        CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(&d, (struct tm_write){.size = 100000 * (i + 1)}), TM_OK);
    }
    CHECK_INT(tm_pool_deck(&d, K, KEY, &n), TM_OK);
    CHECK_INT(n.n_sizes, K - 1);
    uint32_t n_out = 0;
    for (uint32_t i = 0; i < K - 1; i++)
        n_out += d.w[i].size < 100000 || d.w[i].size > 100000 * (K - 1);
    CHECK_INT(n_out, 0);
    tm_deck_deinit(&d);
}

static bool is_same(const struct tm_deck *a, const struct tm_deck *b)
{
    bool same = a->n_writes == b->n_writes;
    for (size_t i = 0; same && i < a->n_writes; i++)
        same = a->w[i].size == b->w[i].size && a->w[i].gap_us == b->w[i].gap_us;
    return same;
}

static void one_connection_is_enough_for_k_1_and_the_key_decides_the_rest(void)
{
    static const uint8_t OTHER[TM_SEED_LEN] = {6};
    struct tm_deck plain = letters(), a = letters(), b = letters(), c = letters();
    struct tm_pool_deck_count n;
    CHECK_INT(tm_pool_deck(&a, 1, KEY, &n), TM_OK);
    CHECK_INT(n.n_sizes + n.n_pauses, 0);
    CHECK(is_same(&a, &plain));
    CHECK_INT(tm_pool_deck(&a, K, KEY, &n), TM_OK);
    CHECK_INT(tm_pool_deck(&b, K, KEY, &n), TM_OK);
    CHECK_INT(tm_pool_deck(&c, K, OTHER, &n), TM_OK);
    CHECK(is_same(&a, &b));
    CHECK(!is_same(&a, &c));
    tm_deck_deinit(&plain);
    tm_deck_deinit(&a);
    tm_deck_deinit(&b);
    tm_deck_deinit(&c);
}

/* Half of the connections reset, seven close behind their letter; each server of a third has a pause of its own. */
static void closings_of_few_become_plain_and_their_pauses_are_pooled(void)
{
    struct tm_deck d = letters();
    struct tm_pool_deck_count n;
    uint32_t n_reset = 0, n_back = 0, n_as_was = 0, last_us = 0;
    for (uint32_t i = 0; i < N_CONNS; i++) {
        struct tm_close *c = &d.conn[i].close;
        c->how = i % 2 ? TM_CLOSE_RESET : TM_CLOSE_FIN;
        c->back = i % 2 == 0 && i < 14 ? 2 : 0;
        if (i % 2 && i % 3 == 0)
            *c = (struct tm_close){TM_CLOSE_RESET, 0, 1, 100 * i};
    }
    CHECK_INT(tm_pool_deck(&d, K, KEY, &n), TM_OK);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    for (uint32_t i = 0; i < N_CONNS; i++) {
        const struct tm_close *c = &d.conn[i].close;
        CHECK_INT(c->how, i % 2 ? TM_CLOSE_RESET : TM_CLOSE_FIN);
        n_reset += c->how == TM_CLOSE_RESET;
        n_back += c->back > 0;
        if (c->server_back == 0)
            continue;
        CHECK(c->server_gap_us >= last_us && c->server_gap_us <= 100 * N_CONNS); /* in order */
        last_us = c->server_gap_us;
        n_as_was += c->server_gap_us == 100 * i;
    }
    CHECK_INT(n_reset, N_CONNS / 2);
    CHECK_INT(n_back, 0);
    CHECK(n_as_was < 8);
    tm_deck_deinit(&d);
    /* Of all: kept with k of 1. */
    d = letters();
    d.conn[5].close.back = 2;
    CHECK_INT(tm_pool_deck(&d, 1, KEY, &n), TM_OK);
    CHECK_INT(d.conn[5].close.back, 2);
    tm_deck_deinit(&d);
}

static void empty_decks_and_unsound_ones(void)
{
    struct tm_deck none = {0}, bad = {0};
    struct tm_pool_deck_count n;
    CHECK_INT(tm_pool_deck(&none, K, KEY, &n), TM_OK);
    CHECK_INT(tm_deck_add_conn(&bad, TM_DECK_FIRST, 0), TM_OK);
    CHECK_INT(tm_pool_deck(&bad, K, KEY, &n), TM_ERR_RANGE);
    tm_deck_deinit(&bad);
}

static const struct check_case cases[] = {
    {"values_of_many_stay_and_lonely_ones_join_the_nearest",
     values_of_many_stay_and_lonely_ones_join_the_nearest},
    {"sizes_of_one_connection_are_drawn_near_where_they_were",
     sizes_of_one_connection_are_drawn_near_where_they_were},
    {"connections_are_counted_and_not_observations", connections_are_counted_and_not_observations},
    {"few_connections_are_one_step", few_connections_are_one_step},
    {"one_connection_is_enough_for_k_1_and_the_key_decides_the_rest",
     one_connection_is_enough_for_k_1_and_the_key_decides_the_rest},
    {"closings_of_few_become_plain_and_their_pauses_are_pooled",
     closings_of_few_become_plain_and_their_pauses_are_pooled},
    {"empty_decks_and_unsound_ones", empty_decks_and_unsound_ones},
};
CHECK_MAIN("pool deck", cases)
