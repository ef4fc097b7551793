/* Batches that are kept: the same as if put together anew, and not put together twice. */
#include "models/batches.h"

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

static const struct check_case cases[] = {
    {"kept_batch_is_the_one_that_would_be_made", kept_batch_is_the_one_that_would_be_made},
    {"what_was_not_used_for_longest_goes_first", what_was_not_used_for_longest_goes_first},
    {"no_more_writes_are_kept_than_allowed", no_more_writes_are_kept_than_allowed},
    {"ends_that_share_batches_plan_the_same", ends_that_share_batches_plan_the_same},
};
CHECK_MAIN("batches", cases)
