/* Batches that are kept: the same as if put together anew, and not put together twice. */
#include "models/batches.h"

#include <string.h>

#include "models/gen.h"
#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

#define WRITES 1000000U

static struct tm_model sample(void)
{
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", 80, 0), TM_OK);
    return m;
}

static struct tm_batches *batches_of(const struct tm_model *m)
{
    struct tm_batches *b = NULL;
    CHECK_INT(tm_batches_new(&b, &m->u.joint, WRITES), TM_OK);
    return b;
}

static const struct tm_batch *get(struct tm_batches *b, uint64_t seed, uint64_t number)
{
    const struct tm_batch *batch = NULL;
    uint8_t bytes[TM_SEED_LEN];
    tm_seed_from_u64(bytes, seed);
    CHECK_INT(tm_batches_get(b, bytes, number, &batch), TM_OK);
    return batch;
}

static void check_anew(const struct tm_batch *got, const struct tm_model *m, uint64_t seed,
                       uint64_t number)
{
    uint8_t bytes[TM_SEED_LEN];
    struct tm_batch want;
    tm_seed_from_u64(bytes, seed);
    CHECK_INT(tm_batch_init(&want, &m->u.joint, bytes, number), TM_OK);
    CHECK_MEM(got->key, want.key, sizeof want.key);
    CHECK_INT(got->deck.n_conns, want.deck.n_conns);
    CHECK_INT(got->deck.n_writes, want.deck.n_writes);
    if (got->deck.n_writes == want.deck.n_writes)
        CHECK_MEM(got->deck.w, want.deck.w, want.deck.n_writes * sizeof *want.deck.w);
    tm_batch_deinit(&want);
}

static void kept_batch_is_the_one_that_would_be_made(void)
{
    struct tm_model m = sample();
    struct tm_batches *b = batches_of(&m);
    for (int again = 0; again < 2; again++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            for (uint64_t number = 0; number < 3; number++)
                check_anew(get(b, seed, number), &m, seed, number);
        }
    }
    CHECK_INT(tm_batches_made(b), 6);
    tm_batches_free(b);
    tm_model_deinit(&m);
}

static void what_was_not_used_for_longest_goes_first(void)
{
    struct tm_model m = sample();
    struct tm_batches *b = batches_of(&m);
    for (uint64_t number = 0; number < TM_BATCHES_MAX; number++)
        (void)get(b, 1, number);
    (void)get(b, 1, 0);
    CHECK_INT(tm_batches_made(b), TM_BATCHES_MAX);
    (void)get(b, 1, TM_BATCHES_MAX); /* in the place of 1 */
    (void)get(b, 1, 0);
    CHECK_INT(tm_batches_made(b), TM_BATCHES_MAX + 1);
    check_anew(get(b, 1, 1), &m, 1, 1);
    CHECK_INT(tm_batches_made(b), TM_BATCHES_MAX + 2);
    tm_batches_free(b);
    tm_model_deinit(&m);
}

/* Ten connections of 60,000 writes each are more than half of what is kept. */
static struct tm_model large(void)
{
    struct tm_model m = sample();
    tm_deck_deinit(&m.u.joint.deck);
    m.u.joint.recombine.rounds_max = 0;
    for (unsigned i = 0; i < 10; i++) {
        CHECK_INT(tm_deck_add_conn(&m.u.joint.deck, TM_DECK_FIRST, 0), TM_OK);
        for (uint32_t w = 0; w < 60000; w++) {
            int rc = tm_deck_add_write(&m.u.joint.deck, (struct tm_write){100 + i, w, TM_UP, 0});
            CHECK(rc == TM_OK);
        }
    }
    return m;
}

static void no_more_writes_are_kept_than_allowed(void)
{
    struct tm_model m = large();
    m.u.joint.recombine.share_max = 100;
    struct tm_batches *b = batches_of(&m);
    const struct tm_batch *batch = get(b, 1, 0);
    CHECK(batch->deck.n_writes > WRITES / 2 && batch->deck.n_writes < WRITES);
    (void)get(b, 1, 0);
    CHECK_INT(tm_batches_made(b), 1);
    (void)get(b, 1, 1); /* both are too much */
    (void)get(b, 1, 1);
    CHECK_INT(tm_batches_made(b), 2);
    (void)get(b, 1, 0);
    CHECK_INT(tm_batches_made(b), 3);
    tm_batches_free(b);
    tm_model_deinit(&m);
}

static void plan_into(struct tm_gen *g, struct tm_plan *p, uint32_t user, uint64_t index)
{
    CHECK_INT(tm_gen_plan(g, user, index, p), TM_OK);
}

/* Two ends that share batches plan what one without does, and put as many together as one. */
static void ends_that_share_batches_plan_the_same(void)
{
    enum { USERS = 3, PLANS = 120 };
    struct tm_model m = sample();
    struct tm_batches *b = batches_of(&m);
    struct tm_gen *g[3] = {NULL};
    struct tm_plan p[3] = {{0}};
    uint64_t n_made = 0;
    for (int k = 0; k < 3; k++) {
        struct tm_gen_cfg cfg = {.model = &m, .n_users = USERS, .batches = k > 0 ? b : NULL};
        tm_seed_from_u64(cfg.seed, 5);
        CHECK_INT(tm_gen_new(&g[k], &cfg), TM_OK);
    }
    for (uint64_t i = 0; i < PLANS; i++) {
        for (uint32_t u = 0; u < USERS; u++) {
            plan_into(g[0], &p[0], u, i);
            plan_into(g[1], &p[1], u, i);
            n_made = tm_batches_made(b);
            plan_into(g[2], &p[2], u, i);
            CHECK_INT(tm_batches_made(b), n_made);
            for (int k = 1; k < 3; k++) {
                CHECK_INT(p[k].n_writes, p[0].n_writes);
                if (p[k].n_writes == p[0].n_writes)
                    CHECK_MEM(p[k].w, p[0].w, p[0].n_writes * sizeof *p[0].w);
            }
        }
    }
    CHECK(n_made > 1);
    for (int k = 0; k < 3; k++) {
        tm_plan_deinit(&p[k]);
        tm_gen_free(g[k]);
    }
    tm_batches_free(b);
    tm_batches_free(NULL);
    tm_model_deinit(&m);
}

/* ---- A maker ---- */

enum manner { AT_ONCE, LATE, BACKWARDS, NEVER, REFUSES, FAILS };

/* Asked for and not brought yet. */
struct bench {
    struct tm_batch_maker maker;
    enum manner manner;
    struct order {
        struct tm_batches *whose;
        uint8_t seed[TM_SEED_LEN];
        uint64_t number;
    } order[64];
    unsigned n_orders;
    unsigned n_asked, n_forgotten, age;
};

static bool ask(void *user, struct tm_batches *whose, const uint8_t seed[TM_SEED_LEN],
                uint64_t number)
{
    struct bench *b = user;
    b->n_asked++;
    CHECK(b->n_orders < 64);
    if (b->manner == REFUSES || b->n_orders == 64)
        return false;
    b->order[b->n_orders].whose = whose;
    memcpy(b->order[b->n_orders].seed, seed, TM_SEED_LEN);
    b->order[b->n_orders++].number = number;
    return true;
}

static void forget(void *user, struct tm_batches *whose)
{
    struct bench *b = user;
    unsigned n = 0;
    for (unsigned i = 0; i < b->n_orders; i++) {
        if (b->order[i].whose != whose)
            b->order[n++] = b->order[i];
    }
    b->n_orders = n;
    b->n_forgotten++;
}

static void bring(struct bench *b, unsigned i)
{
    struct order o = b->order[i];
    struct tm_batch batch;
    memmove(&b->order[i], &b->order[i + 1], (--b->n_orders - i) * sizeof b->order[0]);
    if (b->manner == FAILS) {
        tm_batches_put(o.whose, o.seed, o.number, NULL);
        return;
    }
    CHECK_INT(tm_batch_init(&batch, tm_batches_model(o.whose), o.seed, o.number), TM_OK);
    tm_batches_put(o.whose, o.seed, o.number, &batch);
}

/* To be called now and then. */
static void work(struct bench *b)
{
    b->age++;
    if (b->n_orders == 0 || b->manner == NEVER || (b->manner == LATE && b->age % 40 != 0) ||
        (b->manner == BACKWARDS && b->age % 10 != 0))
        return;
    while (b->n_orders > 0)
        bring(b, b->manner == BACKWARDS ? b->n_orders - 1 : 0);
}

static struct bench bench_of(enum manner manner)
{
    return (struct bench){.maker = {.ask = ask, .forget = forget}, .manner = manner};
}

static bool same(const struct tm_plan *a, const struct tm_plan *b)
{
    return a->n_writes == b->n_writes && a->close_gap_us == b->close_gap_us &&
           memcmp(a->w, b->w, a->n_writes * sizeof *a->w) == 0;
}

/* Plans of two generators, one of them with a maker; what the latter had to make itself is *late. */
static void compare(const struct tm_model *m, enum manner manner, uint32_t n_users, uint64_t *late)
{
    enum { PLANS = 150 };
    struct bench bench = bench_of(manner);
    struct tm_gen *g[2];
    struct tm_plan p[2] = {{0}};
    unsigned n_other = 0;
    bench.maker.user = &bench;
    for (int k = 0; k < 2; k++) {
        struct tm_gen_cfg cfg = {
            .model = m, .n_users = n_users, .maker = k == 1 ? &bench.maker : NULL};
        tm_seed_from_u64(cfg.seed, 5);
        CHECK_INT(tm_gen_new(&g[k], &cfg), TM_OK);
    }
    for (int k = 0; k < 1000 && tm_gen_missing(g[1]) > 0; k++) {
        while (tm_gen_prepare(g[1]))
            ;
        work(&bench);
    }
    for (uint64_t i = 0; i < PLANS; i++) {
        for (uint32_t u = 0; u < n_users; u++) {
            plan_into(g[0], &p[0], u, i);
            plan_into(g[1], &p[1], u, i);
            n_other += !same(&p[0], &p[1]);
            (void)tm_gen_prepare(g[1]);
            work(&bench);
        }
    }
    CHECK_INT(n_other, 0);
    CHECK(bench.n_asked > 1);
    *late = tm_gen_late(g[1]);
    CHECK_INT(tm_gen_late(g[0]), 0);
    for (int k = 0; k < 2; k++) {
        tm_plan_deinit(&p[k]);
        tm_gen_free(g[k]);
    }
    CHECK_INT(bench.n_forgotten, 1);
    CHECK_INT(bench.n_orders, 0);
}

static void plans_are_the_same_whenever_the_maker_brings_what(void)
{
    struct tm_model m = sample();
    uint64_t late;
    for (uint32_t n_users = 1; n_users <= 9; n_users += 4) { /* one table, and several */
        compare(&m, AT_ONCE, n_users, &late);
        CHECK_INT(late, 0);
        compare(&m, LATE, n_users, &late);
        compare(&m, BACKWARDS, n_users, &late);
        compare(&m, NEVER, n_users, &late);
        CHECK(late > 2);
        compare(&m, REFUSES, n_users, &late);
        CHECK(late > 2);
        compare(&m, FAILS, n_users, &late);
        CHECK(late > 2);
    }
    tm_model_deinit(&m);
}

static void batch_is_asked_for_once_and_used_when_it_has_come(void)
{
    struct tm_model m = sample();
    struct tm_batches *b = batches_of(&m);
    struct bench bench = bench_of(NEVER);
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 1);
    CHECK(tm_batches_await(b, seed, 0)); /* nobody to wait for */
    bench.maker.user = &bench;
    tm_batches_set_maker(b, &bench.maker);
    for (int i = 0; i < 3; i++)
        CHECK(!tm_batches_await(b, seed, 7));
    CHECK_INT(bench.n_asked, 1);
    for (uint64_t number = 0; number < 2 * TM_BATCHES_ASKED_MAX; number++)
        CHECK(!tm_batches_await(b, seed, number));
    CHECK_INT(bench.n_asked, TM_BATCHES_ASKED_MAX);
    bring(&bench, 0);
    CHECK(tm_batches_await(b, seed, 7));
    check_anew(get(b, 1, 7), &m, 1, 7);
    CHECK_INT(tm_batches_late(b), 0);
    (void)get(b, 1,
              0); /* not there yet, and made on the spot; what comes later is not kept twice */
    CHECK_INT(tm_batches_late(b), 1);
    bring(&bench, 0);
    check_anew(get(b, 1, 0), &m, 1, 0);
    CHECK_INT(tm_batches_late(b), 1);
    CHECK_INT(tm_batches_made(b), 3);
    tm_batches_free(b);
    CHECK_INT(bench.n_forgotten, 1);
    tm_model_deinit(&m);
}

/* More than may be kept stays until it was used. */
static void what_the_maker_brought_stays_until_it_is_used(void)
{
    struct tm_model m = large();
    m.u.joint.recombine.share_max = 100;
    struct tm_batches *b = batches_of(&m);
    struct bench bench = bench_of(AT_ONCE);
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, 1);
    bench.maker.user = &bench;
    tm_batches_set_maker(b, &bench.maker);
    for (uint64_t number = 0; number < 3; number++)
        CHECK(!tm_batches_await(b, seed, number));
    work(&bench);
    for (uint64_t number = 0; number < 3; number++)
        CHECK(tm_batches_await(b, seed, number));
    for (uint64_t number = 0; number < 3; number++) {
        (void)get(b, 1, number);
        tm_batches_done(b);
    }
    CHECK_INT(tm_batches_late(b), 0);
    CHECK(!tm_batches_await(b, seed, 0)); /* then it is as any other */
    tm_batches_free(b);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"kept_batch_is_the_one_that_would_be_made", kept_batch_is_the_one_that_would_be_made},
    {"what_was_not_used_for_longest_goes_first", what_was_not_used_for_longest_goes_first},
    {"no_more_writes_are_kept_than_allowed", no_more_writes_are_kept_than_allowed},
    {"ends_that_share_batches_plan_the_same", ends_that_share_batches_plan_the_same},
    {"plans_are_the_same_whenever_the_maker_brings_what",
     plans_are_the_same_whenever_the_maker_brings_what},
    {"batch_is_asked_for_once_and_used_when_it_has_come",
     batch_is_asked_for_once_and_used_when_it_has_come},
    {"what_the_maker_brought_stays_until_it_is_used",
     what_the_maker_brought_stays_until_it_is_used},
};
CHECK_MAIN("batches", cases)
