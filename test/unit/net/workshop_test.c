/* Batches from worker threads: the same as if made on the spot, handed over on the loop, and nothing left behind. */
#include "tm/net/workshop.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

#define WRITES 1000000U

struct scene {
    uv_loop_t loop;
    struct tm_model model;
    struct tm_batches *batches;
    struct tm_workshop *shop;
    uint8_t seed[TM_SEED_LEN];
    int n_made, n_closed;
};

static void on_made(void *user)
{
    struct scene *s = user;
    s->n_made++;
}

static void on_closed(void *user)
{
    struct scene *s = user;
    s->n_closed++;
}

static struct tm_batches *new_batches(struct scene *s)
{
    struct tm_batches *b = NULL;
    CHECK_INT(tm_batches_new(&b, &s->model.u.joint, WRITES), TM_OK);
    tm_batches_set_maker(b, tm_workshop_maker(s->shop));
    return b;
}

static void start(struct scene *s)
{
    memset(s, 0, sizeof *s);
    CHECK_INT(uv_loop_init(&s->loop), 0);
    CHECK_INT(sample_joint(&s->model, "pages", 80, 0), TM_OK);
    CHECK_INT(tm_workshop_new(&s->shop, &s->loop, on_made, s), TM_OK);
    s->batches = new_batches(s);
    tm_seed_from_u64(s->seed, 1);
}

/* The loop ends by itself: nothing is left on it. */
static void stop(struct scene *s)
{
    tm_batches_free(s->batches);
    tm_workshop_free(s->shop, on_closed, s);
    CHECK_INT(uv_run(&s->loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(s->n_closed, 1);
    CHECK_INT(uv_loop_close(&s->loop), 0);
    tm_model_deinit(&s->model);
}

static void batches_are_those_that_would_be_made_on_the_spot(void)
{
    struct scene s;
    start(&s);
    CHECK(!tm_workshop_is_busy(s.shop));
    for (uint64_t number = 0; number < 3; number++)
        CHECK(!tm_batches_await(s.batches, s.seed, number));
    CHECK(tm_workshop_is_busy(s.shop));
    CHECK_INT(s.n_made, 0); /* not from inside */
    CHECK_INT(uv_run(&s.loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(s.n_made, 3);
    CHECK(!tm_workshop_is_busy(s.shop));
    for (uint64_t number = 0; number < 3; number++) {
        struct tm_batch want;
        const struct tm_batch *got;
        CHECK(tm_batches_await(s.batches, s.seed, number));
        CHECK_INT(tm_batches_get(s.batches, s.seed, number, &got), TM_OK);
        CHECK_INT(tm_batch_init(&want, &s.model.u.joint, s.seed, number), TM_OK);
        CHECK_INT(got->deck.n_writes, want.deck.n_writes);
        if (got->deck.n_writes == want.deck.n_writes)
            CHECK_MEM(got->deck.w, want.deck.w, want.deck.n_writes * sizeof *want.deck.w);
        tm_batch_deinit(&want);
    }
    CHECK_INT(tm_batches_late(s.batches), 0);
    stop(&s);
}

static void stopping_amid_the_work_waits_for_the_worker(void)
{
    struct scene s;
    start(&s);
    for (uint64_t number = 0; number < 3; number++)
        CHECK(!tm_batches_await(s.batches, s.seed, number));
    stop(&s);
    CHECK_INT(s.n_made, 0);
}

static void who_is_gone_is_not_served_and_others_are(void)
{
    struct scene s;
    start(&s);
    struct tm_batches *other = new_batches(&s);
    for (uint64_t number = 0; number < 2; number++) {
        CHECK(!tm_batches_await(other, s.seed, number));
        CHECK(!tm_batches_await(s.batches, s.seed, number));
    }
    tm_batches_free(other);
    CHECK_INT(uv_run(&s.loop, UV_RUN_DEFAULT), 0);
    CHECK_INT(s.n_made, 2);
    CHECK(tm_batches_await(s.batches, s.seed, 0) && tm_batches_await(s.batches, s.seed, 1));
    stop(&s);
}

static void an_idle_one_is_closed_at_once(void)
{
    struct scene s;
    start(&s);
    tm_batches_free(s.batches);
    s.batches = NULL;
    tm_workshop_free(s.shop, on_closed, &s);
    CHECK_INT(s.n_closed, 1);
    s.shop = NULL;
    tm_workshop_free(NULL, NULL, NULL);
    CHECK_INT(uv_loop_close(&s.loop), 0);
    tm_model_deinit(&s.model);
}

static const struct check_case cases[] = {
    {"batches_are_those_that_would_be_made_on_the_spot",
     batches_are_those_that_would_be_made_on_the_spot},
    {"stopping_amid_the_work_waits_for_the_worker", stopping_amid_the_work_waits_for_the_worker},
    {"who_is_gone_is_not_served_and_others_are", who_is_gone_is_not_served_and_others_are},
    {"an_idle_one_is_closed_at_once", an_idle_one_is_closed_at_once},
};
CHECK_MAIN("workshop", cases)
