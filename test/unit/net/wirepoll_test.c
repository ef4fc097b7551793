/* The wire thread attached to a loop: events, and the work that they leave behind. */
#include "tm/net/wirepoll.h"

#include <netinet/in.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/plain_sock.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

struct scene {
    uv_loop_t loop;
    struct tm_wirepoll *poll;
    int n_events, n_down, n_batches,
        n_rests;      /* rests: how often a batch is still to say that work is left */
    int64_t batch_us; /* an event takes so long */
};

static void on_event(void *user, const struct tm_wire_event *ev)
{
    struct scene *s = user;
    s->n_events++;
    s->n_down += ev->kind == TM_WIRE_DOWN;
    for (int64_t end_us = tm_now_us() + s->batch_us; tm_now_us() < end_us;)
        ;
}

static bool on_batch(void *user)
{
    struct scene *s = user;
    s->n_batches++;
    return s->n_rests-- > 0;
}

static void on_room(void *user)
{
    (void)user;
}

static void start(struct scene *s)
{
    *s = (struct scene){0};
    CHECK_INT(uv_loop_init(&s->loop), 0);
    const struct tm_wirepoll_cfg cfg = {.loop = &s->loop,
                                        .on_event = on_event,
                                        .on_batch = on_batch,
                                        .on_room = on_room,
                                        .user = s};
    CHECK_INT(tm_wirepoll_new(&s->poll, &cfg, NULL), TM_OK);
}

static void stop(struct scene *s)
{
    tm_wirepoll_free(s->poll);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&s->loop), 0);
}

/* Each gives one event: nobody listens there. */
static void open_in_vain(struct scene *s, int n)
{
    struct sockaddr_in nobody;
    uint32_t id;
    (void)close(plain_listen(&nobody, 1, 0));
    for (int i = 0; i < n; i++)
        CHECK_INT(tm_wire_open(tm_wirepoll_wire(s->poll), (struct sockaddr *)&nobody, sizeof nobody,
                               0, &id),
                  TM_OK);
}

static void work_that_is_left_is_taken_up_again_without_events(void)
{
    struct scene s;
    start(&s);
    s.n_rests = 3;
    open_in_vain(&s, 1);
    while (s.n_batches < 4)
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&s.loop, UV_RUN_NOWAIT);
    CHECK_INT(s.n_batches, 4); /* and not for ever */
    CHECK_INT(s.n_events, 1);
    stop(&s);
}

static void events_that_take_long_are_worked_off_in_several_batches(void)
{
    struct scene s;
    start(&s);
    s.batch_us = TM_WIREPOLL_BATCH_US; /* one fills a batch */
    open_in_vain(&s, 20);
    while (s.n_down < 20)
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    CHECK_INT(s.n_events, 20);
    CHECK_INT(s.n_batches, 20);
    stop(&s);
}

static const struct check_case cases[] = {
    {"work_that_is_left_is_taken_up_again_without_events",
     work_that_is_left_is_taken_up_again_without_events},
    {"events_that_take_long_are_worked_off_in_several_batches",
     events_that_take_long_are_worked_off_in_several_batches},
};
CHECK_MAIN("wirepoll", cases)
