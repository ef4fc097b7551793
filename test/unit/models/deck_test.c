#include "models/deck.h"

#include "test/support/check.h"

static const struct tm_write chat[] = {
    {.size = 517, .dir = TM_UP},
    {.size = 4000, .gap_us = 20000, .dir = TM_DOWN, .ref_back = 1},
    {.size = 36, .gap_us = 7, .dir = TM_UP, .ref_back = 2},
};

static void add(struct tm_deck *d, enum tm_deck_role role, size_t n_writes)
{
    CHECK_INT(tm_deck_add_conn(d, role, 1000 * (uint32_t)n_writes), TM_OK);
    for (size_t i = 0; i < n_writes; i++)
        CHECK_INT(tm_deck_add_write(d, chat[i % 3]), TM_OK);
}

/* Two connections of 3 and 2 writes. */
static struct tm_deck sound(void)
{
    struct tm_deck d = {0};
    add(&d, TM_DECK_FIRST, 3);
    add(&d, TM_DECK_LATER, 2);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    return d;
}

static void connections_lie_one_after_another(void)
{
    struct tm_deck d = sound();
    CHECK_INT(d.n_conns, 2);
    CHECK_INT(d.n_writes, 5);
    CHECK_INT(d.conn[0].first, 0);
    CHECK_INT(d.conn[0].n_writes, 3);
    CHECK_INT(d.conn[0].close_gap_us, 3000);
    CHECK_INT(d.conn[0].role, TM_DECK_FIRST);
    CHECK_INT(d.conn[1].first, 3);
    CHECK_INT(d.conn[1].n_writes, 2);
    CHECK_INT(d.conn[1].role, TM_DECK_LATER);
    CHECK_MEM(d.w, chat, sizeof chat);
    CHECK_MEM(d.w + 3, chat, 2 * sizeof chat[0]);
    tm_deck_deinit(&d);
    CHECK(!d.w && !d.conn && d.n_conns == 0 && d.n_writes == 0);
    tm_deck_deinit(&d);
}

static void welds_stand_where_they_were_set(void)
{
    static const uint8_t want[] = {0, 1, 0, 0, 1};
    struct tm_deck d = {0};
    for (size_t i = 0; i < sizeof want; i++) {
        if (i % 3 == 0)
            CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(&d, chat[i % 3]), TM_OK);
        if (want[i])
            tm_deck_weld_last(&d);
    }
    CHECK_MEM(d.weld, want, sizeof want);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    tm_deck_deinit(&d);
}

static void empty_deck_is_sound(void)
{
    struct tm_deck d = {0};
    CHECK_INT(tm_deck_check(&d), TM_OK);
    tm_deck_deinit(&d);
}

static void growth_keeps_what_was_there(void)
{
    struct tm_deck d = {0};
    for (size_t i = 0; i < 5000; i++)
        add(&d, i % 3 == 0 ? TM_DECK_FIRST : TM_DECK_LATER, 1 + i % 7);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    for (size_t i = 0; i < 5000; i++)
        CHECK_INT(d.conn[i].n_writes, 1 + i % 7);
    tm_deck_deinit(&d);
}

static void connections_and_writes_are_bounded(void)
{
    struct tm_deck d = {0};
    for (uint32_t i = 0; i < TM_DECK_CONNS_MAX; i++)
        CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_ERR_LIMIT);
    for (uint32_t i = 0; i < TM_PLAN_WRITES_MAX; i++)
        CHECK_INT(tm_deck_add_write(&d, chat[0]), TM_OK);
    CHECK_INT(tm_deck_add_write(&d, chat[0]), TM_ERR_LIMIT);
    CHECK_INT(d.n_conns, TM_DECK_CONNS_MAX);
    CHECK_INT(d.n_writes, TM_PLAN_WRITES_MAX);
    tm_deck_deinit(&d);
}

static void total_of_writes_is_bounded(void)
{
    struct tm_deck d = {0};
    for (uint32_t i = 0; i < TM_DECK_WRITES_MAX; i++) {
        if (i % TM_PLAN_WRITES_MAX == 0)
            CHECK_INT(tm_deck_add_conn(&d, TM_DECK_LATER, 0), TM_OK);
        CHECK_INT(tm_deck_add_write(&d, chat[0]), TM_OK);
    }
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_LATER, 0), TM_OK);
    CHECK_INT(tm_deck_add_write(&d, chat[0]), TM_ERR_LIMIT);
    tm_deck_deinit(&d);
}

/* Each change alone makes it unsound. */
static void check_refuses_what_no_plan_may_hold(void)
{
    enum { CHANGES = 11 };
    for (int change = 0; change < CHANGES; change++) {
        struct tm_deck d = sound();
        switch (change) {
        case 0:
            d.w[3].ref_back = 1; /* the connection's first write: nothing before it */
            break;
        case 1:
            d.w[4].size = 0;
            break;
        case 2:
            d.w[0].size = TM_WRITE_SIZE_MAX + 1;
            break;
        case 3:
            d.w[2].gap_us = TM_WRITE_GAP_MAX + 1;
            break;
        case 4:
            d.w[1].dir = 2;
            break;
        case 5:
            d.conn[1].close_gap_us = TM_WRITE_GAP_MAX + 1;
            break;
        case 6:
            d.conn[0].role = TM_DECK_ROLES;
            break;
        case 7:
            d.conn[1].n_writes = 3; /* beyond the end */
            break;
        case 8:
            d.conn[1].n_writes = 1; /* the last write is nobody's */
            break;
        case 9:
            d.weld[3] = 1; /* a connection's first write has none before it */
            break;
        case 10:
            d.weld[4] = 2;
            break;
        default:
            break;
        }
        CHECK_INT(tm_deck_check(&d), TM_ERR_RANGE);
        tm_deck_deinit(&d);
    }
}

static void check_refuses_connections_that_overlap_or_are_empty(void)
{
    struct tm_deck d = sound();
    d.conn[1].first = 2;
    CHECK_INT(tm_deck_check(&d), TM_ERR_RANGE);
    d.conn[1].first = 3;
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
    CHECK_INT(tm_deck_check(&d), TM_ERR_RANGE);
    CHECK_INT(tm_deck_add_write(&d, chat[0]), TM_OK);
    CHECK_INT(tm_deck_check(&d), TM_OK);
    tm_deck_deinit(&d);
}

static const struct check_case cases[] = {
    {"connections_lie_one_after_another", connections_lie_one_after_another},
    {"welds_stand_where_they_were_set", welds_stand_where_they_were_set},
    {"empty_deck_is_sound", empty_deck_is_sound},
    {"growth_keeps_what_was_there", growth_keeps_what_was_there},
    {"connections_and_writes_are_bounded", connections_and_writes_are_bounded},
    {"total_of_writes_is_bounded", total_of_writes_is_bounded},
    {"check_refuses_what_no_plan_may_hold", check_refuses_what_no_plan_may_hold},
    {"check_refuses_connections_that_overlap_or_are_empty",
     check_refuses_connections_that_overlap_or_are_empty},
};
CHECK_MAIN("deck", cases)
