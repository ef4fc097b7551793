/* Connections that differ from a captured one in the order of two writes. */
#include "learner/joint/swapped.h"

#include "test/support/check.h"

struct step {
    int32_t size; /* up: positive */
    uint8_t ref_back;
};

static void add(struct tm_deck *d, const struct step *s, size_t n)
{
    CHECK_INT(tm_deck_add_conn(d, TM_DECK_LATER, 5), TM_OK);
    for (size_t i = 0; i < n; i++) {
        const struct tm_write w = {.size = (uint32_t)(s[i].size > 0 ? s[i].size : -s[i].size),
                                   .dir = s[i].size > 0 ? TM_UP : TM_DOWN,
                                   .ref_back = s[i].ref_back};
        CHECK_INT(tm_deck_add_write(d, w), TM_OK);
    }
}

static void check_sizes(const struct tm_deck *d, size_t i, const int32_t *size, size_t n)
{
    CHECK_INT(d->conn[i].n_writes, n);
    for (size_t k = 0; k < n && k < d->conn[i].n_writes; k++) {
        const struct tm_write *w = &d->w[d->conn[i].first + k];
        CHECK_INT(w->dir == TM_UP ? (int32_t)w->size : -(int32_t)w->size, size[k]);
    }
}

static const struct step MAIL[] = {{-40, 0}, {20, 1}, {-30, 1}, {9, 1}, {-24, 2}, {24, 1}};

static void writes_that_cross_and_the_last_two_change_places(void)
{
    struct tm_deck captured = {0}, out = {0};
    add(&captured, MAIL, 6);
    CHECK_INT(tm_swapped(&out, &captured), TM_OK);
    CHECK_INT(tm_deck_check(&out), TM_OK);
    CHECK_INT(out.n_conns, 2);
    check_sizes(&out, 0, (const int32_t[]){-40, 20, -30, 9, 24, -24}, 6);
    check_sizes(&out, 1, (const int32_t[]){-40, 20, -30, -24, 9, 24}, 6);
    tm_deck_deinit(&captured);
    tm_deck_deinit(&out);
}

static void what_was_captured_is_left_out_and_so_is_what_two_have(void)
{
    static const struct step OTHER[] = {{-40, 0}, {20, 1}, {-30, 1}, {9, 1}, {24, 3}, {-24, 2}};
    struct tm_deck captured = {0}, out = {0};
    add(&captured, MAIL, 6);
    add(&captured, OTHER, 6); /* the first, its last two swapped, and the other way round */
    CHECK_INT(tm_swapped(&out, &captured), TM_OK);
    CHECK_INT(out.n_conns, 1);
    check_sizes(&out, 0, (const int32_t[]){-40, 20, -30, -24, 9, 24}, 6);
    add(&captured, MAIL, 6);
    tm_deck_deinit(&out);
    CHECK_INT(tm_swapped(&out, &captured), TM_OK);
    CHECK_INT(out.n_conns, 0);
    tm_deck_deinit(&captured);
    tm_deck_deinit(&out);
}

static void at_most_some_of_a_connection(void)
{
    struct step chat[40];
    struct tm_deck captured = {0}, out = {0};
    for (uint8_t i = 0; i < 40; i++)
        chat[i] = (struct step){i % 2 ? -100 - i : 100 + i, (uint8_t)(i > 1 ? 2 : 0)};
    add(&captured, chat, 40);
    CHECK_INT(tm_swapped(&out, &captured), TM_OK);
    CHECK_INT(out.n_conns, TM_SWAPPED_MAX);
    tm_deck_deinit(&captured);
    tm_deck_deinit(&out);
}

static void connections_of_one_write_have_no_order(void)
{
    struct tm_deck captured = {0}, out = {0};
    add(&captured, MAIL, 1);
    CHECK_INT(tm_swapped(&out, &captured), TM_OK);
    CHECK_INT(out.n_conns, 0);
    tm_deck_deinit(&captured);
}

static void what_another_deck_has_is_taken_out(void)
{
    struct tm_deck deck = {0}, other = {0}, out = {0};
    add(&deck, MAIL, 6);
    add(&deck, MAIL, 5);
    tm_deck_weld_last(&deck);
    deck.conn[1].user = 7;
    add(&deck, MAIL, 6);
    add(&other, MAIL, 4);
    add(&other, MAIL, 6);
    CHECK_INT(tm_without(&out, &deck, &other, false), TM_OK);
    CHECK_INT(out.n_conns, 1);
    CHECK_INT(out.conn[0].n_writes, 5);
    CHECK_INT(out.conn[0].user, 7);
    CHECK_INT(out.conn[0].role, TM_DECK_LATER);
    CHECK_INT(out.conn[0].close_gap_us, 5);
    CHECK_INT(out.weld[4], 1);
    tm_deck_deinit(&out);
    add(&other, MAIL, 6);
    CHECK_INT(tm_without(&out, &deck, &other, true), TM_OK); /* two have it */
    CHECK_INT(out.n_conns, 3);
    tm_deck_deinit(&deck);
    tm_deck_deinit(&other);
    tm_deck_deinit(&out);
}

static const struct check_case cases[] = {
    {"writes_that_cross_and_the_last_two_change_places",
     writes_that_cross_and_the_last_two_change_places},
    {"what_was_captured_is_left_out_and_so_is_what_two_have",
     what_was_captured_is_left_out_and_so_is_what_two_have},
    {"at_most_some_of_a_connection", at_most_some_of_a_connection},
    {"connections_of_one_write_have_no_order", connections_of_one_write_have_no_order},
    {"what_another_deck_has_is_taken_out", what_another_deck_has_is_taken_out},
};
CHECK_MAIN("swapped", cases)
