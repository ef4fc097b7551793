/* What is welded cannot come back, whoever plays the deck by whatever seed; and without welds it does. */
#include "learner/joint/weld.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "models/recombine.h"
#include "test/support/check.h"

#define N_CONNS 160U
#define N_SEEDS 12U
#define N_DECKS 8U

static const uint8_t KEY[TM_SEED_LEN] = {3};

static void add(struct tm_deck *d, uint32_t size)
{
    bool is_first = d->conn[d->n_conns - 1].n_writes == 0;
    uint8_t dir = (uint8_t)(d->conn[d->n_conns - 1].n_writes % 2);
    CHECK_INT(
        tm_deck_add_write(
            d, (struct tm_write){.size = size, .gap_us = size, .dir = dir, .ref_back = !is_first}),
        TM_OK);
}

/* Mails: greetings of three servers, people of three sorts, a letter whose size is nobody else's, a goodbye. */
static void write_mails(struct tm_deck *d)
{
    for (uint32_t i = 0; i < N_CONNS; i++) {
        uint32_t server = i % 3, person = i / 3 % 3;
        CHECK_INT(tm_deck_add_conn(d, TM_DECK_FIRST, 1000), TM_OK);
        const uint32_t sizes[] = {
            40 + server, 20 + person, 200 + server,  31 + person, 8, 34 + i % 2, 14,
            6,           37,          5000 + 16 * i, 50 + server, 6, 15 + server};
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
            add(d, sizes[k]);
    }
}

/* Connections of few sizes: no write says whose it is. */
static void write_letters(struct tm_deck *d, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    for (uint32_t i = 0; i < N_CONNS; i++) {
        uint32_t n = 4 + (uint32_t)tm_rng_below(&rng, 10);
        CHECK_INT(tm_deck_add_conn(d, i % 3 ? TM_DECK_LATER : TM_DECK_FIRST, 1000), TM_OK);
        for (uint32_t k = 0; k < n; k++)
            add(d, 100 + (uint32_t)tm_rng_below(&rng, 2 + seed % 4));
    }
    tm_rng_deinit(&rng);
}

static struct tm_deck recombined(const struct tm_deck *in, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_deck out;
    struct tm_recombine_report report;
    const struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    tm_seed_from_u64(key, seed);
    CHECK_INT(tm_recombine(&out, in, &cfg, key, &report), TM_OK);
    CHECK_INT(tm_deck_check(&out), TM_OK);
    return out;
}

static bool is_same(const struct tm_deck *a, size_t i, const struct tm_deck *b, size_t j)
{
    const struct tm_deck_conn *x = &a->conn[i], *y = &b->conn[j];
    bool same = x->n_writes == y->n_writes;
    for (uint32_t k = 0; same && k < x->n_writes; k++)
        same = a->w[x->first + k].size == b->w[y->first + k].size &&
               a->w[x->first + k].dir == b->w[y->first + k].dir;
    return same;
}

/* Whether no other captured connection has its sizes. */
static bool is_own(const struct tm_deck *captured, size_t i)
{
    uint32_t n = 0;
    for (size_t k = 0; k < captured->n_conns; k++)
        n += is_same(captured, i, captured, k);
    return n == 1;
}

/* How many connections of `played` are a captured one that is somebody's own. */
static uint32_t count_returned(const struct tm_deck *played, const struct tm_deck *captured)
{
    uint32_t n = 0;
    for (size_t i = 0; i < captured->n_conns; i++) {
        bool own = is_own(captured, i);
        for (size_t k = 0; own && k < played->n_conns; k++)
            n += is_same(captured, i, played, k);
    }
    return n;
}

/* Plays the deck by some seeds and counts what comes back. */
static uint32_t play(const struct tm_deck *deck, const struct tm_deck *captured)
{
    uint32_t n = 0;
    for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
        struct tm_deck played = recombined(deck, 100 + seed);
        n += count_returned(&played, captured);
        tm_deck_deinit(&played);
    }
    return n;
}

/* Write by write: can a row of segments, cut where nothing is welded, be connection i of `other`?  Without hashes: the set of the deck's
 * writes where a row may be after each write. */
static bool is_row(const struct tm_deck *deck, const struct tm_deck *other, size_t i)
{
    const struct tm_deck_conn *c = &other->conn[i];
    uint8_t *at = calloc(deck->n_writes + 1, 1), *next = calloc(deck->n_writes + 1, 1);
    bool is_end = false;
    for (uint32_t k = 0; at && next && k < c->n_writes; k++) {
        const struct tm_write *w = &other->w[c->first + k];
        bool may_jump = false;
        for (size_t x = 0; x < deck->n_conns; x++) {
            for (uint32_t j = 0; j + 1 < deck->conn[x].n_writes; j++)
                may_jump = may_jump || (at[deck->conn[x].first + j] &&
                                        !deck->weld[deck->conn[x].first + j + 1]);
        }
        is_end = false;
        for (size_t x = 0; x < deck->n_conns; x++) {
            for (uint32_t j = 0; j < deck->conn[x].n_writes; j++) {
                uint32_t here = deck->conn[x].first + j;
                bool comes =
                    j == 0 ? k == 0 : k > 0 && (at[here - 1] || (may_jump && !deck->weld[here]));
                next[here] = comes && deck->w[here].size == w->size && deck->w[here].dir == w->dir;
                is_end = is_end || (next[here] && j + 1 == deck->conn[x].n_writes);
            }
        }
        memcpy(at, next, deck->n_writes);
    }
    free(at);
    free(next);
    return is_end;
}

static uint32_t count_rows(const struct tm_deck *deck, const struct tm_deck *captured)
{
    uint32_t n = 0;
    for (size_t i = 0; i < captured->n_conns; i++)
        n += is_own(captured, i) && is_row(deck, captured, i);
    return n;
}

static void without_welds_captured_connections_come_back(void)
{
    struct tm_deck captured = {0};
    uint32_t n_open = 0;
    write_mails(&captured);
    struct tm_deck deck = recombined(&captured, 1);
    CHECK_INT(count_returned(&deck, &captured), 0);
    CHECK(play(&deck, &captured) > N_SEEDS);
    CHECK_INT(tm_weld_count_open(&deck, &captured, &n_open), TM_OK);
    CHECK(n_open > N_CONNS / 2);
    CHECK_INT(n_open, count_rows(&deck, &captured));
    tm_deck_deinit(&deck);
    tm_deck_deinit(&captured);
}

static void welded_no_captured_connection_comes_back(void)
{
    struct tm_deck captured = {0};
    struct tm_weld_report r;
    uint32_t n_open = 0;
    write_mails(&captured);
    struct tm_deck deck = recombined(&captured, 1);
    CHECK_INT(tm_weld(&deck, &captured, TM_WELD_OWN, KEY, &r), TM_OK);
    CHECK_INT(tm_deck_check(&deck), TM_OK);
    CHECK_INT(r.n_own, N_CONNS);
    CHECK(r.n_open > N_CONNS / 2);
    CHECK_INT(r.n_copies, 0);
    CHECK(r.n_needed > 0 && r.n_decoys > 0 && r.n_needed + r.n_decoys < r.n_places);
    CHECK_INT(tm_weld_count_open(&deck, &captured, &n_open), TM_OK);
    CHECK_INT(n_open, 0);
    CHECK_INT(count_rows(&deck, &captured), 0);
    CHECK_INT(play(&deck, &captured), 0);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&captured);
}

static void connections_of_few_sizes_do_not_come_back_either(void)
{
    uint32_t n_open_before = 0;
    for (uint64_t seed = 0; seed < N_DECKS; seed++) {
        struct tm_deck captured = {0};
        struct tm_weld_report r;
        write_letters(&captured, seed);
        struct tm_deck deck = recombined(&captured, 1 + seed);
        n_open_before += count_rows(&deck, &captured);
        CHECK_INT(tm_weld(&deck, &captured, TM_WELD_OWN, KEY, &r), TM_OK);
        CHECK_INT(r.n_copies, 0);
        CHECK_INT(count_rows(&deck, &captured), 0);
        CHECK_INT(play(&deck, &captured), 0);
        tm_deck_deinit(&deck);
        tm_deck_deinit(&captured);
    }
    CHECK(n_open_before > N_DECKS * 10);
}

/* Rows of the deck's blocks, or its connections as they are; and most of them new. */
static void what_is_played_are_rows_of_blocks(void)
{
    struct tm_deck captured = {0};
    struct tm_weld_report r;
    uint32_t n_rows = 0, n_new = 0;
    write_mails(&captured);
    struct tm_deck deck = recombined(&captured, 1);
    CHECK_INT(tm_weld(&deck, &captured, TM_WELD_OWN, KEY, &r), TM_OK);
    struct tm_deck played = recombined(&deck, 7);
    for (size_t i = 0; i < played.n_conns; i++) {
        bool is_new = true;
        for (size_t k = 0; k < deck.n_conns; k++)
            is_new = is_new && !is_same(&deck, k, &played, i);
        n_new += is_new;
        n_rows += is_new && is_row(&deck, &played, i);
    }
    for (size_t i = 0; i < played.n_writes; i++)
        CHECK_INT(played.weld[i], 0);
    CHECK(played.n_conns > deck.n_conns * 9 / 10);
    CHECK(n_new > deck.n_conns / 4);
    CHECK_INT(n_rows, n_new);
    tm_deck_deinit(&played);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&captured);
}

/* A deck that was not recombined is made of copies, which no weld can help. */
static void copies_in_the_deck_are_counted(void)
{
    struct tm_deck captured = {0}, deck = {0};
    struct tm_weld_report r;
    write_mails(&captured);
    write_mails(&deck);
    CHECK_INT(tm_weld(&deck, &captured, TM_WELD_OWN, KEY, &r), TM_OK);
    CHECK_INT(r.n_copies, N_CONNS);
    CHECK_INT(r.n_needed, 0);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&captured);
}

/* What two have may come back, and takes no welds. */
static void sequences_of_two_connections_are_nobodys_own(void)
{
    struct tm_deck captured = {0};
    struct tm_weld_report r;
    write_mails(&captured);
    write_mails(&captured);
    struct tm_deck deck = recombined(&captured, 1);
    CHECK_INT(tm_weld(&deck, &captured, TM_WELD_OWN, KEY, &r), TM_OK);
    CHECK_INT(r.n_own, 0);
    CHECK_INT(r.n_needed + r.n_decoys, 0);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&captured);
}

/* Unless any is protected. */
static void sequences_of_two_connections_are_protected_on_request(void)
{
    struct tm_deck captured = {0}, single = {0};
    struct tm_weld_report r;
    write_mails(&single);
    write_mails(&captured);
    write_mails(&captured);
    struct tm_deck deck = recombined(&single, 1);
    CHECK_INT(tm_weld(&deck, &captured, TM_WELD_ANY, KEY, &r), TM_OK);
    CHECK_INT(r.n_own, N_CONNS);
    CHECK(r.n_needed > 0);
    CHECK_INT(count_rows(&deck, &single), 0);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&single);
    tm_deck_deinit(&captured);
}

static void the_key_decides_the_decoys_alone(void)
{
    static const uint8_t OTHER[TM_SEED_LEN] = {4};
    struct tm_deck captured = {0};
    struct tm_weld_report a, b, c;
    write_mails(&captured);
    struct tm_deck x = recombined(&captured, 1), y = recombined(&captured, 1),
                   z = recombined(&captured, 1);
    CHECK_INT(tm_weld(&x, &captured, TM_WELD_OWN, KEY, &a), TM_OK);
    CHECK_INT(tm_weld(&y, &captured, TM_WELD_OWN, KEY, &b), TM_OK);
    CHECK_INT(tm_weld(&z, &captured, TM_WELD_OWN, OTHER, &c), TM_OK);
    CHECK_MEM(x.weld, y.weld, x.n_writes);
    CHECK(memcmp(x.weld, z.weld, x.n_writes) != 0);
    CHECK_INT(a.n_needed, c.n_needed);
    tm_deck_deinit(&x);
    tm_deck_deinit(&y);
    tm_deck_deinit(&z);
    tm_deck_deinit(&captured);
}

static void empty_decks_and_unsound_ones(void)
{
    struct tm_deck none = {0}, bad = {0};
    struct tm_weld_report r;
    uint32_t n_open = 1;
    CHECK_INT(tm_weld(&none, &none, TM_WELD_OWN, KEY, &r), TM_OK);
    CHECK_INT(tm_weld_count_open(&none, &none, &n_open), TM_OK);
    CHECK_INT(n_open, 0);
    CHECK_INT(tm_deck_add_conn(&bad, TM_DECK_FIRST, 0), TM_OK); /* without writes */
    CHECK_INT(tm_weld(&none, &bad, TM_WELD_OWN, KEY, &r), TM_ERR_RANGE);
    CHECK_INT(tm_weld(&bad, &none, TM_WELD_OWN, KEY, &r), TM_ERR_RANGE);
    CHECK_INT(tm_weld_count_open(&bad, &none, &n_open), TM_ERR_RANGE);
    tm_deck_deinit(&bad);
}

static const struct check_case cases[] = {
    {"without_welds_captured_connections_come_back", without_welds_captured_connections_come_back},
    {"welded_no_captured_connection_comes_back", welded_no_captured_connection_comes_back},
    {"connections_of_few_sizes_do_not_come_back_either",
     connections_of_few_sizes_do_not_come_back_either},
    {"what_is_played_are_rows_of_blocks", what_is_played_are_rows_of_blocks},
    {"copies_in_the_deck_are_counted", copies_in_the_deck_are_counted},
    {"sequences_of_two_connections_are_nobodys_own", sequences_of_two_connections_are_nobodys_own},
    {"sequences_of_two_connections_are_protected_on_request",
     sequences_of_two_connections_are_protected_on_request},
    {"the_key_decides_the_decoys_alone", the_key_decides_the_decoys_alone},
    {"empty_decks_and_unsound_ones", empty_decks_and_unsound_ones},
};
CHECK_MAIN("weld", cases)
