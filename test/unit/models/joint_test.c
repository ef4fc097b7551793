/* Joint models: what they check and digest, and how their cards are dealt (the rules stand in models/joint.h). */
#include "models/joint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/batch.h"
#include "models/gen.h"
#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static struct tm_model sample(uint32_t n_conns)
{
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", n_conns, 0), TM_OK);
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    return m;
}

static void kind_has_a_name(void)
{
    CHECK_STR(tm_model_kind_name(TM_MODEL_JOINT), "joint");
}

/* Computed from the layout in model.c by another program (Python's hashlib). */
static void digest_is_that_of_the_canonical_form(void)
{
    static const char want[] = "673dd482266abc119e300c93b2ce1c8afaff9ff93034152b449c56ae87d5a94a";
    struct tm_model m = {.kind = TM_MODEL_JOINT, .name = "two"};
    struct tm_joint *j = &m.u.joint;
    j->mss_bytes = 1448;
    j->batch_max = 300;
    j->recombine =
        (struct tm_recombine_cfg){.parents = 5, .rounds_max = 40, .share_max = 60, .pause_mix = 50};
    CHECK_INT(tm_dist_set(&j->swing.param[TM_SWING_NUM_CONN],
                          (struct tm_dist_point[]){{1, 2}, {3, 5}}, 2),
              TM_OK);
    CHECK_INT(tm_deck_add_conn(&j->deck, TM_DECK_FIRST, 70000), TM_OK);
    CHECK_INT(tm_deck_add_write(&j->deck, (struct tm_write){517, 0, TM_UP, 0}), TM_OK);
    CHECK_INT(tm_deck_add_write(&j->deck, (struct tm_write){4000, 9000, TM_DOWN, 1}), TM_OK);
    tm_deck_weld_last(&j->deck);
    CHECK_INT(tm_deck_add_conn(&j->deck, TM_DECK_LATER, 0), TM_OK);
    CHECK_INT(tm_deck_add_write(&j->deck, (struct tm_write){36, 0, TM_DOWN, 0}), TM_OK);
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    uint8_t got[TM_DIGEST_LEN];
    char text[2 * TM_DIGEST_LEN + 1];
    tm_model_digest(&m, got);
    for (size_t i = 0; i < sizeof got; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", got[i]);
    CHECK_STR(text, want);
    tm_model_deinit(&m);
}

static void change(struct tm_joint *j, int what)
{
    struct tm_deck *d = &j->deck;
    uint32_t *const numbers[] = {
        &j->mss_bytes,           &j->recombine.parents,    &j->recombine.rounds_max,
        &j->recombine.share_max, &d->conn[1].close_gap_us, &d->w[3].size,
        &d->w[6].gap_us,         &j->recombine.pause_mix};
    if (what < 8)
        --*numbers[what];
    else if (what == 8)
        d->conn[0].role = TM_DECK_LATER;
    else if (what == 9)
        d->w[2].dir ^= 1;
    else if (what == 10)
        d->w[3].ref_back = 2;
    else if (what == 11)
        j->batch_max = 64;
    else if (what == 12)
        d->weld[1] = 1;
    else
        j->swing.param[TM_SWING_NUM_CONN].pt[1].value++;
}

static void digest_covers_every_part_and_not_the_name(void)
{
    uint8_t plain[TM_DIGEST_LEN];
    uint8_t other[TM_DIGEST_LEN];
    struct tm_model m = sample(6);
    tm_model_digest(&m, plain);
    (void)snprintf(m.name, sizeof m.name, "other");
    tm_model_digest(&m, other);
    CHECK_MEM(other, plain, sizeof plain);
    tm_model_deinit(&m);
    for (int what = 0; what <= 13; what++) {
        m = sample(6);
        change(&m.u.joint, what);
        tm_model_digest(&m, other);
        CHECK(memcmp(other, plain, sizeof plain) != 0);
        CHECK_INT(tm_model_check(&m, NULL), TM_OK);
        tm_model_deinit(&m);
    }
}

static void check_message(struct tm_model *m, const char *want)
{
    struct tm_msg msg = {0};
    CHECK_INT(tm_model_check(m, &msg), TM_ERR_RANGE);
    if (!strstr(msg.text, want))
        CHECK_STR(msg.text, want);
    tm_model_deinit(m);
}

static void check_refuses_what_cannot_be_played(void)
{
    struct tm_model m = sample(4);
    m.u.joint.recombine.parents = 0;
    check_message(&m, "parents is 0, allowed is 1");
    m = sample(4);
    m.u.joint.recombine.rounds_max = TM_RECOMBINE_ROUNDS_MAX + 1;
    check_message(&m, "rounds_max");
    m = sample(4);
    m.u.joint.recombine.share_max = 101;
    check_message(&m, "share_max is 101");
    m = sample(4);
    m.u.joint.recombine.pause_mix = 1001;
    check_message(&m, "pause_mix is 1001");
    m = sample(4);
    m.u.joint.batch_max = TM_JOINT_BATCH_MIN - 1;
    check_message(&m, "batch_max is 63");
    m = sample(4);
    m.u.joint.mss_bytes = 65536;
    check_message(&m, "mss_bytes");
    m = sample(4);
    m.u.joint.swing.param[TM_SWING_NUM_CONN].pt[0].value = 0;
    check_message(&m, "num_conn reaches 0");
    m = sample(4);
    m.u.joint.deck.w[0].ref_back = 1;
    check_message(&m, "what no plan may");
}

static void empty_deck_is_refused(void)
{
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "none", 0, 0), TM_OK);
    check_message(&m, "no connections");
}

static void sums_count_roles_and_directions(void)
{
    struct tm_model m = sample(3);
    struct tm_joint_sum sum;
    tm_joint_sum(&m.u.joint, &sum);
    CHECK_INT(sum.n_conns[TM_DECK_FIRST], 2);
    CHECK_INT(sum.n_conns[TM_DECK_LATER], 1);
    CHECK_INT(sum.bytes[TM_UP], 100 + 102 + 116 + 118 + 120 + 132 + 134 + 136);
    CHECK_INT(sum.bytes[TM_DOWN], 101 + 103 + 117 + 119 + 133 + 135 + 137);
    tm_model_deinit(&m);
}

/* ---- The deal ---- */

static struct tm_gen *new_gen(const struct tm_model *m, uint64_t seed, uint32_t n_users)
{
    struct tm_gen *g = NULL;
    struct tm_gen_cfg cfg = {.model = m, .n_users = n_users};
    tm_seed_from_u64(cfg.seed, seed);
    CHECK_INT(tm_gen_new(&g, &cfg), TM_OK);
    return g;
}

static bool same_plan(const struct tm_plan *a, const struct tm_plan *b)
{
    bool same = a->n_writes == b->n_writes && a->close_gap_us == b->close_gap_us;
    for (size_t i = 0; same && i < a->n_writes; i++)
        same = a->w[i].size == b->w[i].size && a->w[i].gap_us == b->w[i].gap_us &&
               a->w[i].dir == b->w[i].dir && a->w[i].ref_back == b->w[i].ref_back;
    return same;
}

/* Batch `number` of the seed, as anybody may compute it. */
static struct tm_deck batch_of(const struct tm_model *m, uint64_t seed, uint64_t number)
{
    uint8_t root[TM_SEED_LEN];
    uint8_t key[TM_SEED_LEN];
    struct tm_deck d = {0};
    struct tm_recombine_report report;
    tm_seed_from_u64(root, seed);
    tm_rng_child(key, root, TM_RNG_BATCH, number);
    CHECK_INT(tm_recombine(&d, &m->u.joint.deck, &m->u.joint.recombine, key, &report), TM_OK);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    return d;
}

/* Which card of the batch the plan is; n_conns: none. */
static size_t find_card(const struct tm_deck *d, const struct tm_plan *p)
{
    size_t i = 0;
    while (i < d->n_conns) {
        const struct tm_deck_conn *c = &d->conn[i];
        const struct tm_plan card = {
            .w = d->w + c->first, .n_writes = c->n_writes, .close_gap_us = c->close_gap_us};
        if (same_plan(&card, p))
            break;
        i++;
    }
    return i;
}

/* Deals the first batch to n_users, each as many as are its own, and counts how often each card came. */
static void first_batch_is_dealt_once(uint32_t n_users)
{
    enum { CONNS = 400, YIELD = 200 - 200 / 16 };
    struct tm_model m = sample(CONNS);
    struct tm_gen *g = new_gen(&m, 5, n_users);
    struct tm_deck batch = batch_of(&m, 5, 0);
    struct tm_plan p = {0};
    unsigned n_dealt[CONNS] = {0};
    uint32_t n_seats = YIELD / TM_JOINT_HAND < n_users ? YIELD / TM_JOINT_HAND : n_users;
    for (uint32_t u = 0; u < n_seats; u++) {
        uint32_t each = YIELD / n_seats / TM_JOINT_RUN * TM_JOINT_RUN;
        uint32_t left[TM_DECK_ROLES] = {each, each};
        for (uint64_t i = 0; left[0] > 0 && left[1] > 0; i++) {
            struct tm_open open;
            tm_gen_open(g, u, &open);
            CHECK_INT(tm_gen_plan(g, u, i, &p), TM_OK);
            size_t card = find_card(&batch, &p);
            CHECK(card < batch.n_conns);
            if (card == batch.n_conns)
                break;
            n_dealt[card]++;
            bool first = open.ref != TM_OPEN_PREV;
            CHECK_INT(batch.conn[card].role, first ? TM_DECK_FIRST : TM_DECK_LATER);
            left[first ? TM_DECK_FIRST : TM_DECK_LATER]--;
        }
    }
    unsigned n_cards = 0;
    for (size_t i = 0; i < CONNS; i++) {
        CHECK(n_dealt[i] <= 1);
        n_cards += n_dealt[i];
    }
    CHECK(n_cards > CONNS / 2);
    tm_plan_deinit(&p);
    tm_deck_deinit(&batch);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void no_card_of_a_batch_comes_twice_and_roles_are_kept(void)
{
    first_batch_is_dealt_once(1);
    first_batch_is_dealt_once(2);
    first_batch_is_dealt_once(25); /* more than a table seats */
}

/* Of one pile, so that the batch's order is the deal's but for the runs. */
static void neighbours_are_dealt_to_one_user_in_runs(void)
{
    enum { CONNS = 300 };
    struct tm_model m = sample(CONNS);
    for (uint32_t i = 0; i < CONNS; i++)
        m.u.joint.deck.conn[i].role = TM_DECK_FIRST;
    struct tm_gen *g = new_gen(&m, 9, 3);
    struct tm_deck batch = batch_of(&m, 9, 0);
    struct tm_plan p = {0};
    uint32_t n_beside = 0, n_runs = 0;
    size_t first_of_last_run = 0, last = CONNS;
    for (uint64_t i = 0; i < 64; i++) {
        CHECK_INT(tm_gen_plan(g, 1, i, &p), TM_OK);
        size_t card = find_card(&batch, &p);
        CHECK(card < batch.n_conns);
        if (i % TM_JOINT_RUN == 0) {
            n_runs += card != first_of_last_run + TM_JOINT_RUN;
            first_of_last_run = card;
        } else {
            n_beside += card == last + 1;
        }
        last = card;
    }
    CHECK_INT(n_beside, 64 - 64 / TM_JOINT_RUN);
    CHECK(n_runs > 64 / TM_JOINT_RUN / 2);
    tm_plan_deinit(&p);
    tm_deck_deinit(&batch);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void plans_are_the_same_in_any_order_and_with_preparation_at_any_time(void)
{
    enum { USERS = 5, CONNS = 300, N = USERS * CONNS };
    struct tm_model m = sample(150);
    struct tm_plan *in_order = calloc(N, sizeof *in_order);
    struct tm_plan p = {0};
    struct tm_gen *a = new_gen(&m, 11, USERS);
    for (uint32_t i = 0; i < N; i++)
        CHECK_INT(tm_gen_plan(a, i / CONNS, i % CONNS, &in_order[i]), TM_OK);
    struct tm_gen *b = new_gen(&m, 11, USERS);
    size_t distinct = 0;
    for (uint32_t k = 0; k < N; k++) {
        uint32_t i = (k * 77 + 5) % N; /* 77 and 1500 have no common factor: each once */
        struct tm_open open;
        if (k % 3 == 0)
            (void)tm_gen_prepare(b);
        if (k % 2 == 0)
            tm_gen_open(b, k % USERS, &open);
        CHECK_INT(tm_gen_plan(b, i / CONNS, i % CONNS, &p), TM_OK);
        CHECK(same_plan(&p, &in_order[i]));
        distinct += !same_plan(&p, &in_order[(i + 1) % N]);
    }
    CHECK(distinct > N - 10); /* else the comparison above shows nothing */
    for (size_t i = 0; i < N; i++)
        tm_plan_deinit(&in_order[i]);
    free(in_order);
    tm_plan_deinit(&p);
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
}

static void openings_are_those_of_swing_with_the_same_levels(void)
{
    struct tm_model m = sample(80);
    struct tm_model swing;
    CHECK_INT(sample_swing(&swing, "web", 1), TM_OK);
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        struct tm_dist *d = &swing.u.swing.param[p];
        const struct tm_dist *level = &m.u.joint.swing.param[p];
        bool is_inside = p >= TM_SWING_NUM_PAIRS && p <= TM_SWING_CLOSE_THINK;
        if (is_inside)
            continue;
        tm_dist_deinit(d);
        CHECK_INT(tm_dist_set(d, level->pt, level->n_points), TM_OK);
    }
    swing.u.swing.is_over = m.u.joint.swing.is_over = true;
    struct tm_gen *a = new_gen(&m, 3, 2);
    struct tm_gen *b = new_gen(&swing, 3, 2);
    for (uint32_t i = 0; i < 300; i++) {
        struct tm_open x;
        struct tm_open y;
        tm_gen_open(a, i % 2, &x);
        tm_gen_open(b, i % 2, &y);
        CHECK(x.index == y.index && x.session == y.session && x.rre == y.rre && x.ref == y.ref &&
              x.gap_us == y.gap_us);
    }
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
    tm_model_deinit(&swing);
}

static void seeds_give_other_batches_and_every_batch_is_new(void)
{
    struct tm_model m = sample(100);
    struct tm_gen *a = new_gen(&m, 13, 1);
    struct tm_gen *b = new_gen(&m, 14, 1);
    struct tm_deck batch[2] = {batch_of(&m, 13, 0), batch_of(&m, 13, 1)};
    struct tm_plan x = {0};
    struct tm_plan y = {0};
    int seeds = 0;
    int old = 0;
    for (uint64_t i = 0; i < 40; i++) {
        CHECK_INT(tm_gen_plan(a, 0, i, &x), TM_OK);
        CHECK_INT(tm_gen_plan(b, 0, i, &y), TM_OK);
        seeds += !same_plan(&x, &y);
        CHECK(find_card(&batch[0], &x) < batch[0].n_conns);
    }
    for (uint64_t i = 200; i < 240; i++) { /* 100 cards are played by then */
        CHECK_INT(tm_gen_plan(a, 0, i, &x), TM_OK);
        old += find_card(&batch[0], &x) < batch[0].n_conns;
    }
    CHECK(seeds > 35);
    CHECK(old < 40);
    tm_plan_deinit(&x);
    tm_plan_deinit(&y);
    tm_deck_deinit(&batch[0]);
    tm_deck_deinit(&batch[1]);
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
}

/* Sizes of the deck's writes are all different, so a write tells where it comes from. */
static void batches_of_a_pass_share_no_write(void)
{
    enum { CONNS = 300, SIZES = 100 + 16 * CONNS + 16 };
    struct tm_model m = sample(CONNS);
    m.u.joint.batch_max = 70;
    CHECK_INT(tm_batch_slices(&m.u.joint), 5);
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 21);
    unsigned n_seen[SIZES] = {0};
    size_t n_conns = 0;
    bool other_pass = false;
    for (uint64_t number = 0; number < 10; number++) {
        struct tm_batch b;
        CHECK_INT(tm_batch_init(&b, &m.u.joint, seed, number), TM_OK);
        CHECK_INT(tm_deck_check(&b.deck), TM_OK);
        CHECK(b.deck.n_conns >= 58 && b.deck.n_conns <= 62);
        n_conns += b.deck.n_conns;
        for (size_t i = 0; i < b.deck.n_writes; i++)
            n_seen[b.deck.w[i].size]++;
        other_pass = other_pass || (number == 5 && n_seen[b.deck.w[0].size] != 1);
        tm_batch_deinit(&b);
        if (number == 4) {
            CHECK_INT(n_conns, CONNS);
            for (size_t i = 0; i < m.u.joint.deck.n_writes; i++)
                CHECK_INT(n_seen[m.u.joint.deck.w[i].size], 1);
        }
    }
    CHECK(other_pass);
    for (size_t i = 0; i < m.u.joint.deck.n_writes; i++)
        CHECK_INT(n_seen[m.u.joint.deck.w[i].size], 2);
    tm_model_deinit(&m);
}

/* Both ends, each in its own order. */
static void sliced_decks_are_dealt_alike(void)
{
    enum { USERS = 3, CONNS = 200 };
    struct tm_model m = sample(400);
    m.u.joint.batch_max = 100;
    struct tm_gen *a = new_gen(&m, 22, USERS);
    struct tm_gen *b = new_gen(&m, 22, USERS);
    struct tm_plan x = {0};
    struct tm_plan y = {0};
    for (uint64_t i = 0; i < CONNS; i++) {
        for (uint32_t u = 0; u < USERS; u++) {
            CHECK_INT(tm_gen_plan(a, u, i, &x), TM_OK);
            CHECK_INT(tm_gen_plan(b, USERS - 1 - u, i, &y), TM_OK);
            CHECK_INT(tm_gen_plan(b, u, i, &y), TM_OK);
            CHECK(same_plan(&x, &y));
            (void)tm_gen_prepare(b);
        }
    }
    tm_plan_deinit(&x);
    tm_plan_deinit(&y);
    tm_gen_free(a);
    tm_gen_free(b);
    tm_model_deinit(&m);
}

static void one_pile_where_a_role_is_rare(void)
{
    struct tm_model m = sample(100);
    for (uint32_t i = 0; i < 38; i++)
        m.u.joint.deck.conn[2 * i].role = TM_DECK_LATER; /* leaves 12 first ones */
    struct tm_gen *g = new_gen(&m, 6, 1);
    struct tm_deck batch = batch_of(&m, 6, 0);
    struct tm_plan p = {0};
    unsigned n_dealt[100] = {0};
    for (uint64_t i = 0; i < (100 - 100 / 16) / TM_JOINT_RUN * TM_JOINT_RUN; i++) {
        CHECK_INT(tm_gen_plan(g, 0, i, &p), TM_OK);
        size_t card = find_card(&batch, &p);
        CHECK(card < batch.n_conns);
        if (card < batch.n_conns)
            CHECK_INT(n_dealt[card]++, 0);
    }
    tm_plan_deinit(&p);
    tm_deck_deinit(&batch);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void smallest_deck_plays_for_ever(void)
{
    struct tm_model m = sample(1);
    struct tm_gen *g = new_gen(&m, 7, 3);
    struct tm_plan p = {0};
    for (uint32_t i = 0; i < 500; i++) {
        CHECK_INT(tm_gen_plan(g, i % 3, i / 3, &p), TM_OK);
        CHECK_INT(p.n_writes, 4);
        (void)tm_gen_prepare(g);
    }
    CHECK_INT(tm_gen_plan(g, 0, UINT32_MAX, &p), TM_OK);
    CHECK_INT(tm_gen_plan(g, 0, UINT64_MAX, &p), TM_ERR_LIMIT);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void far_indices_are_refused_where_openings_must_be_counted(void)
{
    struct tm_model m = sample(100);
    struct tm_gen *g = new_gen(&m, 8, 1);
    struct tm_plan p = {0};
    CHECK_INT(tm_gen_plan(g, 0, 65536, &p), TM_ERR_LIMIT);
    CHECK_INT(p.n_writes, 0);
    CHECK_INT(tm_gen_plan(g, 0, 65535, &p), TM_OK);
    CHECK_INT(tm_gen_plan(g, 0, 65536 - 1024, &p), TM_OK);
    CHECK_INT(tm_gen_plan(g, 0, 65536 - 1025, &p), TM_ERR_LIMIT);
    CHECK_INT(tm_gen_plan(g, 0, 65536 + 65535, &p), TM_OK);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static void preparation_ends(void)
{
    struct tm_model m = sample(120);
    struct tm_gen *g = new_gen(&m, 9, 2);
    struct tm_plan p = {0};
    CHECK(tm_gen_prepare(g)); /* the first hands of all */
    CHECK(!tm_gen_prepare(g));
    int n_prepared = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        CHECK_INT(tm_gen_plan(g, 0, i, &p), TM_OK);
        int pieces = 0;
        while (tm_gen_prepare(g))
            pieces++;
        CHECK(pieces <= 2);
        n_prepared += pieces;
    }
    CHECK(n_prepared >= 10 && n_prepared <= 90); /* 1,000 connections, 24 cards a pile and batch */
    struct tm_model constant;
    tm_model_constant_default(&constant);
    struct tm_gen *c = new_gen(&constant, 9, 1);
    CHECK(!tm_gen_prepare(c));
    tm_gen_free(c);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"kind_has_a_name", kind_has_a_name},
    {"digest_is_that_of_the_canonical_form", digest_is_that_of_the_canonical_form},
    {"digest_covers_every_part_and_not_the_name", digest_covers_every_part_and_not_the_name},
    {"check_refuses_what_cannot_be_played", check_refuses_what_cannot_be_played},
    {"empty_deck_is_refused", empty_deck_is_refused},
    {"sums_count_roles_and_directions", sums_count_roles_and_directions},
    {"no_card_of_a_batch_comes_twice_and_roles_are_kept",
     no_card_of_a_batch_comes_twice_and_roles_are_kept},
    {"neighbours_are_dealt_to_one_user_in_runs", neighbours_are_dealt_to_one_user_in_runs},
    {"plans_are_the_same_in_any_order_and_with_preparation_at_any_time",
     plans_are_the_same_in_any_order_and_with_preparation_at_any_time},
    {"openings_are_those_of_swing_with_the_same_levels",
     openings_are_those_of_swing_with_the_same_levels},
    {"seeds_give_other_batches_and_every_batch_is_new",
     seeds_give_other_batches_and_every_batch_is_new},
    {"batches_of_a_pass_share_no_write", batches_of_a_pass_share_no_write},
    {"sliced_decks_are_dealt_alike", sliced_decks_are_dealt_alike},
    {"one_pile_where_a_role_is_rare", one_pile_where_a_role_is_rare},
    {"smallest_deck_plays_for_ever", smallest_deck_plays_for_ever},
    {"far_indices_are_refused_where_openings_must_be_counted",
     far_indices_are_refused_where_openings_must_be_counted},
    {"preparation_ends", preparation_ends},
};
CHECK_MAIN("joint", cases)
