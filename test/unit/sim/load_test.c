/* test/unit/sim/load_test.c - transfers through a world. */
#include "tm/sim/load.h"

#include "test/support/check.h"
#include "tm/base/time.h"
#include "tm/core/stream.h"

struct stage {
    struct tm_model model;
    struct tm_sim *world;
    struct tm_load *load;
    uint64_t n_done;
};

static void set_up(struct stage *s, enum tm_load_reply reply)
{
    tm_model_constant_default(&s->model);
    s->model.u.constant.interval_us = 50000;
    s->n_done = 0;
    struct tm_sim_cfg cfg = {
        .model = &s->model, .shape = tm_sim_shape, .n_users = 2, .delay_us = 10000};
    CHECK_INT(tm_sim_new(&s->world, &cfg), TM_OK);
    CHECK_INT(tm_load_new(&s->load, s->world, reply), TM_OK);
}

static void tear_down(struct stage *s)
{
    tm_load_free(s->load);
    tm_sim_free(s->world);
    tm_model_deinit(&s->model);
}

static int play(struct stage *s, int64_t until_us)
{
    struct tm_sim_event ev;
    uint64_t number;
    int rc;
    while ((rc = tm_sim_next(s->world, until_us, &ev)) == 1) {
        if (ev.kind != TM_SIM_APP)
            continue;
        rc = tm_load_event(s->load, &ev, &number);
        if (rc < 0)
            return rc;
        s->n_done += rc == 1;
    }
    return rc;
}

static void a_transfer_is_done_when_both_ends_have_all(void)
{
    struct stage s;
    uint64_t number;
    set_up(&s, TM_LOAD_EXACT);
    CHECK_INT(tm_load_begin(s.load, 5000, 70000, 0, &number), TM_OK);
    CHECK_INT(number, 0);
    CHECK_INT(play(&s, 60 * TM_US_PER_S), TM_OK);
    CHECK_INT(s.n_done, 1);
    const struct tm_transfer *t = tm_load_get(s.load, 0);
    CHECK_INT(t->got[TM_SERVER], 5000);
    CHECK_INT(t->got[TM_CLIENT], 70000);
    CHECK(t->first_us > 0 && t->first_us < t->done_us && t->done_us < 60 * TM_US_PER_S);
    CHECK_INT(tm_load_delivered_bytes(s.load, TM_UP), 5000);
    CHECK_INT(tm_load_delivered_bytes(s.load, TM_DOWN), 70000);
    tear_down(&s);
}

static void transfers_of_one_way_end_too(void)
{
    struct stage s;
    uint64_t number;
    set_up(&s, TM_LOAD_EXACT);
    CHECK_INT(tm_load_begin(s.load, 0, 3000, 0, &number), TM_OK);
    CHECK_INT(tm_load_begin(s.load, 3000, 0, 0, &number), TM_OK);
    CHECK_INT(number, 1);
    CHECK_INT(play(&s, 60 * TM_US_PER_S), TM_OK);
    CHECK_INT(s.n_done, 2);
    CHECK_INT(tm_load_get(s.load, 1)->first_us, TM_NEVER);
    tear_down(&s);
}

static int64_t first_byte_us(enum tm_load_reply reply)
{
    struct stage s;
    uint64_t number;
    set_up(&s, reply);
    CHECK_INT(tm_load_begin(s.load, 400, 400, 0, &number), TM_OK);
    CHECK_INT(play(&s, 60 * TM_US_PER_S), TM_OK);
    int64_t first_us = tm_load_get(s.load, 0)->first_us;
    tear_down(&s);
    return first_us;
}

static void an_early_answer_saves_time(void)
{
    CHECK(first_byte_us(TM_LOAD_EARLY) < first_byte_us(TM_LOAD_EXACT));
}

static void floods_never_end(void)
{
    struct stage s;
    uint64_t number;
    set_up(&s, TM_LOAD_EXACT);
    CHECK_INT(tm_load_begin(s.load, TM_LOAD_FLOOD, TM_LOAD_FLOOD, 0, &number), TM_OK);
    CHECK_INT(play(&s, 60 * TM_US_PER_S), TM_OK);
    CHECK_INT(s.n_done, 0);
    /* Each of two users about 25 kB a second and direction. */
    CHECK(tm_load_delivered_bytes(s.load, TM_UP) > 1000000);
    CHECK(tm_load_delivered_bytes(s.load, TM_DOWN) > 1000000);
    tear_down(&s);
}

/* A burst every half second, after a request that is as long.  What fits into the first doubled the window with each of its quarters, so the
 * second is four times as full, and the third wholly: the models' bursts are as large. */
static void windows_keep_up_with_bursts(void)
{
    enum { BURST_BYTES = 1500000 };
    struct stage s;
    uint64_t number;
    tm_model_constant_default(&s.model);
    s.model.u.constant =
        (struct tm_constant){.size_bytes = BURST_BYTES, .interval_us = 500000, .n_exchanges = 1000};
    struct tm_sim_cfg cfg = {
        .model = &s.model, .shape = tm_sim_shape, .n_users = 1, .delay_us = 10000};
    CHECK_INT(tm_sim_new(&s.world, &cfg), TM_OK);
    CHECK_INT(tm_load_new(&s.load, s.world, TM_LOAD_EARLY), TM_OK);
    CHECK_INT(tm_load_begin(s.load, 100, 50000000, 0, &number), TM_OK);
    CHECK_INT(play(&s, 750000), TM_OK);
    uint64_t first = tm_load_delivered_bytes(s.load, TM_DOWN);
    CHECK(first > TM_STREAM_WINDOW_MIN - 2000 && first <= TM_STREAM_WINDOW_MIN);
    CHECK_INT(play(&s, 1250000), TM_OK);
    uint64_t second = tm_load_delivered_bytes(s.load, TM_DOWN) - first;
    CHECK(second > 4 * TM_STREAM_WINDOW_MIN - 2000 && second <= 4 * TM_STREAM_WINDOW_MIN);
    CHECK_INT(play(&s, 1750000), TM_OK);
    CHECK(tm_load_delivered_bytes(s.load, TM_DOWN) - first - second > BURST_BYTES - 5000);
    tear_down(&s);
}

static void streams_run_out_and_come_back(void)
{
    struct stage s;
    uint64_t number;
    set_up(&s, TM_LOAD_EXACT);
    for (unsigned i = 0; i < TM_STREAMS_MAX; i++)
        CHECK_INT(tm_load_begin(s.load, 10, 10, 0, &number), TM_OK);
    CHECK_INT(tm_load_begin(s.load, 10, 10, 0, &number), TM_ERR_LIMIT);
    CHECK_INT(play(&s, 60 * TM_US_PER_S), TM_OK);
    CHECK_INT(s.n_done, TM_STREAMS_MAX);
    CHECK_INT(tm_load_begin(s.load, 10, 10, 0, &number), TM_OK);
    CHECK_INT(number, TM_STREAMS_MAX);
    CHECK_INT(play(&s, 120 * TM_US_PER_S), TM_OK);
    CHECK_INT(s.n_done, TM_STREAMS_MAX + 1);
    tear_down(&s);
}

static const struct check_case cases[] = {
    {"a_transfer_is_done_when_both_ends_have_all", a_transfer_is_done_when_both_ends_have_all},
    {"transfers_of_one_way_end_too", transfers_of_one_way_end_too},
    {"an_early_answer_saves_time", an_early_answer_saves_time},
    {"floods_never_end", floods_never_end},
    {"windows_keep_up_with_bursts", windows_keep_up_with_bursts},
    {"streams_run_out_and_come_back", streams_run_out_and_come_back},
};
CHECK_MAIN("load", cases)
