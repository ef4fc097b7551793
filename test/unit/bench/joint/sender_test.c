#include "bench/joint/sender.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define MSS 1448U

/* 10 ms each way, no jitter, 1448 + 54 bytes a segment: 80 us at 150 Mbit/s. */
static const struct tm_render_path path = {.delay_us = 10000, .rate_kbps = 150200, .mss = MSS};

struct sending {
    struct tm_sender s;
    struct tm_rng rng;
    int64_t t_us;
};

static void begin(struct sending *x, const struct tm_render_path *on)
{
    static const uint8_t key[TM_SEED_LEN] = {1};
    tm_sender_init(&x->s, on, 2 * (int64_t)on->delay_us);
    tm_rng_init(&x->rng, key);
    x->t_us = 0;
    tm_sender_write(&x->s, 0);
}

static struct tm_sent send_one(struct sending *x)
{
    struct tm_sent sent;
    CHECK_INT(tm_sender_send(&x->s, MSS, x->t_us, &x->rng, &sent), TM_OK);
    x->t_us = sent.left_us;
    return sent;
}

static void ten_segments_leave_at_once_and_the_link_spaces_them(void)
{
    struct sending x;
    begin(&x, &path);
    for (int i = 0; i < 10; i++) {
        struct tm_sent sent = send_one(&x);
        CHECK_INT(sent.left_us, 0);
        CHECK_INT(sent.link_us, 80 * (i + 1));
        CHECK_INT(sent.arrived_us, 10000 + 80 * (i + 1));
    }
    tm_sender_deinit(&x.s);
}

/* The window is full until the first is acknowledged, a round trip and its time on the link later. */
static void the_eleventh_waits_for_the_first_acknowledgement(void)
{
    struct sending x;
    begin(&x, &path);
    for (int i = 0; i < 10; i++)
        (void)send_one(&x);
    CHECK_INT(send_one(&x).left_us, 20080);
    tm_sender_deinit(&x.s);
}

/* 2.885 windows of 10 segments in a round trip, two at a time: a pair every 1.39 ms. */
static void what_follows_is_paced_in_pairs(void)
{
    struct sending x;
    begin(&x, &path);
    for (int i = 0; i < 12; i++)
        (void)send_one(&x);
    int64_t pair_us = x.t_us;
    CHECK(pair_us < 20300);
    CHECK(send_one(&x).left_us > pair_us + 600);
    tm_sender_deinit(&x.s);
}

/* A long download reaches the link's rate, and does not go beyond it for long: its queue stays below two round trips' worth. */
static void a_long_one_fills_the_link(void)
{
    struct sending x;
    struct tm_sent sent = {0};
    begin(&x, &path);
    for (int i = 0; i < 20000; i++)
        sent = send_one(&x);
    CHECK(sent.arrived_us > 20000 * 80);
    CHECK(sent.arrived_us < 20000 * 80 * 11 / 10);
    CHECK(sent.arrived_us - sent.left_us < 10000 + 2 * 20000 + 5000);
    tm_sender_deinit(&x.s);
}

static void order_is_kept_whatever_the_jitter(void)
{
    struct tm_render_path shaky = path;
    struct sending x;
    int64_t last_us = 0;
    shaky.jitter_us = 5000;
    begin(&x, &shaky);
    for (int i = 0; i < 500; i++) {
        struct tm_sent sent = send_one(&x);
        CHECK(sent.arrived_us >= last_us && sent.arrived_us >= sent.link_us + 10000);
        CHECK(sent.arrived_us <= tm_max_us(last_us, sent.link_us + 15000));
        last_us = sent.arrived_us;
    }
    tm_sender_deinit(&x.s);
}

static const struct check_case CASES[] = {
    {"ten_segments_leave_at_once_and_the_link_spaces_them",
     ten_segments_leave_at_once_and_the_link_spaces_them},
    {"the_eleventh_waits_for_the_first_acknowledgement",
     the_eleventh_waits_for_the_first_acknowledgement},
    {"what_follows_is_paced_in_pairs", what_follows_is_paced_in_pairs},
    {"a_long_one_fills_the_link", a_long_one_fills_the_link},
    {"order_is_kept_whatever_the_jitter", order_is_kept_whatever_the_jitter},
};
CHECK_MAIN("sender", CASES)
