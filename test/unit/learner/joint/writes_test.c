#include "learner/joint/writes.h"

#include "learner/packet.h"
#include "test/support/check.h"
#include "tm/base/time.h"

#define FULL 1448U

/* A connection as a tap beside the client sees it: 30 ms to the server and back, 2 ms to the client.  Offsets count from
 * the first payload byte of each side. */
struct talk {
    struct tm_cut cut;
    struct tm_deck deck;
    uint32_t up0, down0;
};

static void feed(struct talk *k, double t_ms, enum tm_dir dir, unsigned flags, uint32_t seq,
                 uint32_t ack, uint32_t len)
{
    const struct tm_segment s = {.t_us = (int64_t)(t_ms * 1000),
                                 .seq = seq,
                                 .ack = ack,
                                 .payload_len = len,
                                 .flags = (uint8_t)flags,
                                 .dir = (uint8_t)dir};
    CHECK_INT(tm_cut_feed(&k->cut, &s), TM_OK);
}

static void up(struct talk *k, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    feed(k, t_ms, TM_UP, TM_TCP_ACK, k->up0 + at, k->down0 + ack, len);
}

static void down(struct talk *k, double t_ms, uint32_t at, uint32_t len, uint32_t ack)
{
    feed(k, t_ms, TM_DOWN, TM_TCP_ACK, k->down0 + at, k->up0 + ack, len);
}

/* Established at 32 ms for the client's sender, at 62 ms for the server's, both in the tap's view of them. */
static void start(struct talk *k, uint32_t up0, uint32_t down0)
{
    *k = (struct talk){.up0 = up0, .down0 = down0};
    tm_cut_init(&k->cut);
    feed(k, 0, TM_UP, TM_TCP_SYN, up0 - 1, 0, 0);
    feed(k, 30, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, down0 - 1, up0, 0);
    feed(k, 32, TM_UP, TM_TCP_ACK, up0, down0, 0);
}

/* The client closes at t_ms, the server 30 ms later. */
static void end(struct talk *k, double t_ms, uint32_t n_up, uint32_t n_down)
{
    feed(k, t_ms, TM_UP, TM_TCP_FIN | TM_TCP_ACK, k->up0 + n_up, k->down0 + n_down, 0);
    feed(k, t_ms + 30, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, k->down0 + n_down, k->up0 + n_up + 1, 0);
    CHECK(tm_cut_is_complete(&k->cut));
    CHECK_INT(tm_cut_finish(&k->cut, FULL, TM_DECK_LATER, &k->deck), TM_OK);
    CHECK_INT(tm_deck_check(&k->deck), TM_OK);
}

static void check_write(const struct talk *k, size_t i, enum tm_dir dir, uint32_t size,
                        uint32_t gap_ms, unsigned ref_back)
{
    CHECK(i < k->deck.n_writes);
    if (i >= k->deck.n_writes)
        return;
    CHECK_INT(k->deck.w[i].dir, dir);
    CHECK_INT(k->deck.w[i].size, size);
    CHECK_INT(k->deck.w[i].gap_us, 1000 * gap_ms);
    CHECK_INT(k->deck.w[i].ref_back, ref_back);
}

static void finish(struct talk *k, size_t n_writes)
{
    CHECK_INT(k->deck.n_conns, 1);
    CHECK_INT(k->deck.n_writes, n_writes);
    tm_cut_deinit(&k->cut);
    tm_deck_deinit(&k->deck);
}

static void an_exchange_runs_from_what_its_sender_knew(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 42, 0, 100, 0); /* 10 ms after 32 */
    down(&k, 77, 0, 200,
         100); /* the request was there, and the answer left, 30 ms around: 5 ms think */
    up(&k, 99, 100, 50, 200); /* 22 ms after the answer, 2 of them to the client and back */
    end(&k, 109, 150, 200);
    check_write(&k, 0, TM_UP, 100, 10, 0);
    check_write(&k, 1, TM_DOWN, 200, 5, 1);
    check_write(&k, 2, TM_UP, 50, 20, 1);
    CHECK_INT(k.deck.conn[0].close_gap_us, 10000);
    CHECK_INT(k.deck.conn[0].role, TM_DECK_LATER);
    finish(&k, 3);
}

static void a_server_may_speak_first(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    down(&k, 70, 0, 40, 0); /* established for it at 62 */
    up(&k, 75, 0, 20, 40);
    end(&k, 80, 20, 40);
    check_write(&k, 0, TM_DOWN, 40, 8, 0);
    check_write(&k, 1, TM_UP, 20, 3, 1);
    finish(&k, 2);
}

static void several_writes_in_a_row_run_from_each_other(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    up(&k, 39, 10, 10, 0);
    up(&k, 139, 20, 10, 0);
    end(&k, 200, 30, 0);
    check_write(&k, 0, TM_UP, 10, 0, 0);
    check_write(&k, 1, TM_UP, 10, 7, 1);
    check_write(&k, 2, TM_UP, 10, 100, 1);
    finish(&k, 3);
}

static void full_segments_and_what_follows_them_are_one_write(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 62, 0, FULL, 10);
    down(&k, 90, FULL, FULL, 10);
    down(&k, 91, 2 * FULL, 100, 10);
    down(&k, 92, 2 * FULL + 100, 100, 10);  /* the one before was not full */
    down(&k, 93, 2 * FULL + 200, FULL, 10); /* neither was this */
    down(&k, 193, 3 * FULL + 200, 60, 10);  /* full, but 100 ms ago */
    end(&k, 200, 10, 3 * FULL + 260);
    check_write(&k, 1, TM_DOWN, 2 * FULL + 100, 0, 1);
    check_write(&k, 2, TM_DOWN, 100, 1, 1);
    check_write(&k, 3, TM_DOWN, FULL, 1, 1);
    check_write(&k, 4, TM_DOWN, 60, 100, 1);
    finish(&k, 5);
}

static void large_segments_that_are_not_full_end_a_write(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    down(&k, 62, 0, FULL, 0);
    up(&k, 65, 0, 1100, FULL);
    up(&k, 66, 1100, 1100, FULL); /* of one size, but smaller than the full ones */
    up(&k, 67, 2200, 5, FULL);
    end(&k, 200, 2205, FULL);
    check_write(&k, 1, TM_UP, 1100, 1, 1);
    check_write(&k, 2, TM_UP, 1100, 1, 1);
    check_write(&k, 3, TM_UP, 5, 1, 1);
    finish(&k, 4);
}

static void both_ways_at_once_do_not_cut_each_other(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 62, 0, FULL, 10);
    down(&k, 63, FULL, FULL, 10);
    up(&k, 65, 10, 13,
       FULL); /* in the middle of the answer: from its own request, not from what is only half there */
    down(&k, 70, 2 * FULL, 7, 10);
    up(&k, 83, 23, 20, 2 * FULL + 7);
    end(&k, 100, 43, 2 * FULL + 7);
    check_write(&k, 1, TM_DOWN, 2 * FULL + 7, 0, 1);
    check_write(&k, 2, TM_UP, 13, 33, 2);
    check_write(&k, 3, TM_UP, 20, 11, 2); /* the answer's end, 70 and 2 ms on the way */
    finish(&k, 4);
}

/* Segments are full, and the client answers after `full_segments` of three. */
static void answer_after(struct talk *k, uint32_t full_segments)
{
    start(k, 1000, 5000);
    up(k, 32, 0, 10, 0);
    for (uint32_t i = 0; i < 3; i++) {
        down(k, 66 + 10 * i, i * FULL, FULL, 10);
        if (i + 1 == full_segments)
            up(k, 71 + 10 * i, 10, 13, full_segments * FULL);
    }
    end(k, 120, 23, 3 * FULL);
}

static void what_comes_after_an_answer_is_a_write_of_its_own(void)
{
    struct talk k;
    for (uint32_t n = 1; n < 3; n++) {
        answer_after(&k, n);
        check_write(&k, 1, TM_DOWN, n * FULL, 4, 1);
        check_write(&k, 2, TM_UP, 13, 3, 1);
        check_write(&k, 3, TM_DOWN, (3 - n) * FULL, 10, 2);
        finish(&k, 4);
    }
    answer_after(&k, 3);
    check_write(&k, 1, TM_DOWN, 3 * FULL, 4, 1);
    finish(&k, 3);
}

static void a_server_cannot_answer_what_is_still_under_way(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 63, 0, 20, 10);
    up(&k, 66, 10, 10, 20);
    down(&k, 80, 20, 20,
         10); /* the second request is not acknowledged: from its own first answer */
    down(&k, 99, 40, 20, 20); /* and this is the answer to it: 66 + 30 */
    end(&k, 200, 20, 60);
    check_write(&k, 3, TM_DOWN, 20, 17, 2);
    check_write(&k, 4, TM_DOWN, 20, 3, 2);
    finish(&k, 5);
}

static void what_is_sent_again_counts_once(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 100, 0);
    up(&k, 300, 0, 100, 0);
    up(&k, 310, 50, 100, 0); /* 50 of them new */
    end(&k, 400, 150, 0);
    check_write(&k, 0, TM_UP, 100, 0, 0);
    check_write(&k, 1, TM_UP, 50, 278, 1);
    finish(&k, 2);
}

static void a_hole_belongs_to_the_write_around_it(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 62, 0, FULL, 10);
    down(&k, 63, 2 * FULL, FULL, 10); /* the second was lost */
    down(&k, 64, 3 * FULL, 100, 10);
    down(&k, 95, FULL, FULL, 10); /* and is sent again */
    end(&k, 200, 10, 3 * FULL + 100);
    check_write(&k, 1, TM_DOWN, 3 * FULL + 100, 0, 1);
    finish(&k, 2);
}

static void sequence_numbers_may_wrap(void)
{
    struct talk k;
    start(&k, 0xfffffff0U, 0xffffff00U);
    up(&k, 32, 0, 100, 0);
    down(&k, 65, 0, 600, 100);
    up(&k, 70, 100, 10, 600);
    end(&k, 80, 110, 600);
    check_write(&k, 0, TM_UP, 100, 0, 0);
    check_write(&k, 1, TM_DOWN, 600, 3, 1);
    check_write(&k, 2, TM_UP, 10, 3, 1);
    finish(&k, 3);
}

static void keep_alives_are_no_writes(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 100, 0);
    up(&k, 5000, 99, 1, 0);
    up(&k, 9000, 99, 0, 0);
    end(&k, 9500, 100, 0);
    check_write(&k, 0, TM_UP, 100, 0, 0);
    finish(&k, 1);
}

static void a_reference_reaches_back_255_writes(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    for (uint32_t i = 0; i < 300; i++)
        down(&k, 62 + i, 10 * i, 10, 10);
    up(&k, 364, 10, 10, 0); /* without having got any of it: nothing near enough */
    up(&k, 374, 20, 10, 3000);
    end(&k, 400, 30, 3000);
    check_write(&k, 301, TM_UP, 10, 332, 255);
    check_write(&k, 302, TM_UP, 10, 10, 1);
    finish(&k, 303);
}

static void only_whole_connections_are_learned(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    CHECK(!tm_cut_is_complete(&k.cut));
    up(&k, 32, 0, 10, 0);
    CHECK(!tm_cut_is_complete(&k.cut));
    CHECK_INT(tm_cut_finish(&k.cut, FULL, TM_DECK_FIRST, &k.deck), TM_ERR_RANGE);
    feed(&k, 40, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5000, 0);
    CHECK(!tm_cut_is_complete(&k.cut));
    feed(&k, 40, TM_DOWN, TM_TCP_RST, 5000, 0, 0);
    CHECK(tm_cut_is_complete(&k.cut));
    tm_cut_deinit(&k.cut);
    tm_cut_init(&k.cut);
    up(&k, 32, 0, 10, 0);
    feed(&k, 40, TM_UP, TM_TCP_RST, 1010, 0, 0);
    CHECK(!tm_cut_is_complete(&k.cut)); /* opened before the capture began */
    CHECK_INT(k.deck.n_conns, 0);
    tm_cut_deinit(&k.cut);
}

static void check_close(const struct talk *k, enum tm_close_how how, unsigned back,
                        unsigned server_back, uint32_t server_gap_ms, uint32_t gap_ms)
{
    const struct tm_deck_conn *c = &k->deck.conn[0];
    CHECK_INT(c->close.how, how);
    CHECK_INT(c->close.back, back);
    CHECK_INT(c->close.server_back, server_back);
    CHECK_INT(c->close.server_gap_us, 1000 * server_gap_ms);
    CHECK_INT(c->close_gap_us, 1000 * gap_ms);
}

/* Cut, and looked at. */
static void close_is(struct talk *k, enum tm_close_how how, unsigned back, unsigned server_back,
                     uint32_t server_gap_ms, uint32_t gap_ms)
{
    CHECK_INT(tm_cut_finish(&k->cut, FULL, TM_DECK_FIRST, &k->deck), TM_OK);
    CHECK_INT(tm_deck_check(&k->deck), TM_OK);
    check_close(k, how, back, server_back, server_gap_ms, gap_ms);
}

static void a_close_before_the_last_answer_runs_from_what_the_client_knew(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    feed(&k, 40, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5000, 0);
    down(&k, 65, 0, 20, 11);
    feed(&k, 70, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5020, 1011, 0);
    CHECK_INT(tm_cut_finish(&k.cut, FULL, TM_DECK_FIRST, &k.deck), TM_OK);
    check_write(&k, 1, TM_DOWN, 20, 3, 1);
    check_close(&k, TM_CLOSE_FIN, 2, 0, 0, 8);
    finish(&k, 2);
    /* The same, after the first of two answers, and the client's closed socket resets what comes late. */
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 65, 0, 20, 10);
    feed(&k, 71, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5020, 0);
    down(&k, 90, 20, 30, 10);
    feed(&k, 91, TM_UP, TM_TCP_RST, 1011, 0, 0);
    close_is(&k, TM_CLOSE_FIN, 2, 0, 0, 4); /* 2 ms from the tap to the client and back */
    finish(&k, 3);
}

static void a_server_that_closes_by_itself_is_told_by_what_it_knew(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 65, 0, 20, 10);
    feed(&k, 70, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5020, 1010, 0);
    feed(&k, 75, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5021, 0);
    close_is(&k, TM_CLOSE_FIN, 0, 1, 5, 3);
    finish(&k, 2);
    /* After the client's write, and both at once: the client did not know yet. */
    start(&k, 1000, 5000);
    down(&k, 65, 0, 20, 0);
    up(&k, 70, 0, 10, 20);
    feed(&k, 102, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5020, 1010, 0);
    feed(&k, 103, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5020, 0);
    close_is(&k, TM_CLOSE_FIN, 1, 1, 2, 33);
    finish(&k, 2);
}

static void a_reset_is_a_close_unless_a_fin_was(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    feed(&k, 65, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5000, 1010, 20);
    feed(&k, 68, TM_UP, TM_TCP_RST | TM_TCP_ACK, 1010, 5021, 0);
    close_is(&k, TM_CLOSE_RESET, 0, 1, 0, 1);
    finish(&k, 2);
    /* What it sent before finds a closed socket, whose answer comes when that to a FIN would. */
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    feed(&k, 65, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5000, 1010, 20);
    up(&k, 67, 10, 10, 21);
    feed(&k, 68, TM_UP, TM_TCP_RST | TM_TCP_ACK, 1020, 5021, 0);
    feed(&k, 97, TM_DOWN, TM_TCP_RST, 5021, 0, 0);
    close_is(&k, TM_CLOSE_FIN, 0, 2, 0, 1);
    finish(&k, 3);
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 65, 0, 20, 10);
    feed(&k, 80, TM_UP, TM_TCP_RST | TM_TCP_ACK, 1010, 5020, 0);
    close_is(&k, TM_CLOSE_RESET, 0, 0, 0, 13);
    finish(&k, 2);
    /* The server's reset says nothing of the client. */
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 65, 0, 20, 10);
    feed(&k, 80, TM_DOWN, TM_TCP_RST | TM_TCP_ACK, 5020, 1010, 0);
    close_is(&k, TM_CLOSE_FIN, 0, 0, 0, 13);
    finish(&k, 2);
}

static void a_close_that_refers_farther_than_a_plan_can_say_is_at_the_end(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    feed(&k, 40, TM_UP, TM_TCP_FIN | TM_TCP_ACK, 1010, 5000, 0);
    for (uint32_t i = 0; i < 256; i++)
        down(&k, 65 + i, i, 1, 11);
    feed(&k, 400, TM_DOWN, TM_TCP_FIN | TM_TCP_ACK, 5256, 1011, 0);
    close_is(&k, TM_CLOSE_FIN, 0, 0, 0, 0);
    finish(&k, 257);
}

static void what_nagle_held_back_is_a_write_of_its_own(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, FULL, 0);
    up(&k, 33, FULL, FULL, 0);
    down(&k, 63, 0, 0, 2 * FULL); /* an acknowledgement alone */
    up(&k, 63.1, 2 * FULL, 100, 0);
    down(&k, 94, 0, FULL, 2 * FULL + 100);
    up(&k, 95, 2 * FULL + 100, 0, FULL);
    down(&k, 97, FULL, 100, 2 * FULL + 100); /* at the far side it cannot be seen */
    end(&k, 200, 2 * FULL + 100, FULL + 100);
    CHECK_INT(k.deck.w[0].size, 2 * FULL);
    CHECK_INT(k.deck.w[1].size, 100);
    CHECK_INT(k.deck.w[1].gap_us, 30100);
    CHECK_INT(k.deck.w[1].ref_back, 1);
    CHECK_INT(k.deck.w[2].size, FULL + 100);
    finish(&k, 3);
}

static void what_waited_for_a_small_segment_is_a_write_of_its_own(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 20, 0);
    up(&k, 32.1, 20, FULL, 0);
    up(&k, 32.2, 20 + FULL, FULL, 0);
    down(&k, 63, 0, 0, 20 + FULL); /* of the small one, and not of all */
    up(&k, 63.1, 20 + 2 * FULL, 100, 0);
    down(&k, 70, 0, 0, 120 + 2 * FULL);
    up(&k, 75, 120 + 2 * FULL, FULL, 0);
    up(&k, 80, 120 + 3 * FULL, 100, 0); /* it waited for nothing */
    end(&k, 200, 220 + 3 * FULL, 0);
    CHECK_INT(k.deck.w[1].size, 2 * FULL);
    CHECK_INT(k.deck.w[2].size, 100);
    CHECK_INT(k.deck.w[2].gap_us, 30900);
    CHECK_INT(k.deck.w[2].ref_back, 1);
    CHECK_INT(k.deck.w[3].size, FULL + 100);
    finish(&k, 4);
}

static uint32_t gap_on_path(uint32_t path_rtt_us)
{
    struct talk k;
    start(&k, 1000, 5000);
    k.cut.path_rtt_us[TM_DOWN] = path_rtt_us;
    up(&k, 32, 0, 10, 0);
    down(&k, 65, 0, 20, 10);
    end(&k, 200, 10, 20);
    uint32_t gap_us = k.deck.w[1].gap_us;
    finish(&k, 2);
    return gap_us;
}

static void the_path_tells_the_round_trip_unless_the_handshake_was_on_another(void)
{
    CHECK_INT(gap_on_path(0), 3000);
    CHECK_INT(gap_on_path(28000), 5000);
    CHECK_INT(gap_on_path(32000), 1000);
    CHECK_INT(gap_on_path(60000), 3000);
    CHECK_INT(gap_on_path(20000), 3000);
}

static void what_came_too_soon_is_taken_off_the_next(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    down(&k, 61, 0, 20, 10); /* 1 ms sooner than a round trip */
    up(&k, 63, 10, 10, 20);
    down(&k, 96, 20, 20, 20);
    up(&k, 98, 20, 10, 40);
    down(&k, 131, 40, 20, 30);
    end(&k, 200, 30, 60);
    check_write(&k, 1, TM_DOWN, 20, 0, 1);
    check_write(&k, 3, TM_DOWN, 20, 2, 1);
    check_write(&k, 5, TM_DOWN, 20, 3, 1);
    finish(&k, 6);
}

static void what_was_under_way_when_it_was_reset_counts(void)
{
    struct talk k;
    start(&k, 1000, 5000);
    up(&k, 32, 0, 10, 0);
    feed(&k, 40, TM_UP, TM_TCP_RST, 1010, 0, 0);
    down(&k, 65, 0, 20, 10);
    CHECK_INT(tm_cut_finish(&k.cut, FULL, TM_DECK_FIRST, &k.deck), TM_OK);
    check_write(&k, 1, TM_DOWN, 20, 3, 1);
    CHECK_INT(k.deck.conn[0].close_gap_us, 0);
    finish(&k, 2);
}

static void the_full_segment_is_the_most_frequent_large_one(void)
{
    struct talk k;
    uint32_t n;
    start(&k, 1000, 5000);
    CHECK_INT(tm_cut_full(&k.cut, &n), 0);
    CHECK_INT(n, 0);
    up(&k, 32, 0, 1200, 0);
    up(&k, 33, 1200, 300, 0);
    up(&k, 34, 1500, 300, 0);
    down(&k, 64, 0, 1400, 10);
    down(&k, 65, 1400, 1400, 10);
    CHECK_INT(tm_cut_full(&k.cut, &n), 1400);
    CHECK_INT(n, 2);
    tm_cut_deinit(&k.cut);
}

static const struct check_case cases[] = {
    {"an_exchange_runs_from_what_its_sender_knew", an_exchange_runs_from_what_its_sender_knew},
    {"a_server_may_speak_first", a_server_may_speak_first},
    {"several_writes_in_a_row_run_from_each_other", several_writes_in_a_row_run_from_each_other},
    {"full_segments_and_what_follows_them_are_one_write",
     full_segments_and_what_follows_them_are_one_write},
    {"large_segments_that_are_not_full_end_a_write", large_segments_that_are_not_full_end_a_write},
    {"both_ways_at_once_do_not_cut_each_other", both_ways_at_once_do_not_cut_each_other},
    {"what_comes_after_an_answer_is_a_write_of_its_own",
     what_comes_after_an_answer_is_a_write_of_its_own},
    {"a_server_cannot_answer_what_is_still_under_way",
     a_server_cannot_answer_what_is_still_under_way},
    {"what_is_sent_again_counts_once", what_is_sent_again_counts_once},
    {"a_hole_belongs_to_the_write_around_it", a_hole_belongs_to_the_write_around_it},
    {"sequence_numbers_may_wrap", sequence_numbers_may_wrap},
    {"keep_alives_are_no_writes", keep_alives_are_no_writes},
    {"a_reference_reaches_back_255_writes", a_reference_reaches_back_255_writes},
    {"only_whole_connections_are_learned", only_whole_connections_are_learned},
    {"a_close_before_the_last_answer_runs_from_what_the_client_knew",
     a_close_before_the_last_answer_runs_from_what_the_client_knew},
    {"a_server_that_closes_by_itself_is_told_by_what_it_knew",
     a_server_that_closes_by_itself_is_told_by_what_it_knew},
    {"a_reset_is_a_close_unless_a_fin_was", a_reset_is_a_close_unless_a_fin_was},
    {"a_close_that_refers_farther_than_a_plan_can_say_is_at_the_end",
     a_close_that_refers_farther_than_a_plan_can_say_is_at_the_end},
    {"what_nagle_held_back_is_a_write_of_its_own", what_nagle_held_back_is_a_write_of_its_own},
    {"what_waited_for_a_small_segment_is_a_write_of_its_own",
     what_waited_for_a_small_segment_is_a_write_of_its_own},
    {"the_path_tells_the_round_trip_unless_the_handshake_was_on_another",
     the_path_tells_the_round_trip_unless_the_handshake_was_on_another},
    {"what_came_too_soon_is_taken_off_the_next", what_came_too_soon_is_taken_off_the_next},
    {"what_was_under_way_when_it_was_reset_counts", what_was_under_way_when_it_was_reset_counts},
    {"the_full_segment_is_the_most_frequent_large_one",
     the_full_segment_is_the_most_frequent_large_one},
};

CHECK_MAIN("writes", cases)
