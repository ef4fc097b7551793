/* Sets of stream slots. */
#include "tm/core/slotset.h"

#include "test/support/check.h"

#define LAST (TM_STREAMS_HELD - 1)

static void members_are_found_in_ascending_order(void)
{
    static const uint32_t want[] = {0, 1, 63, 64, 130, LAST};
    struct tm_slotset set = {0};
    CHECK_INT(tm_slotset_next(&set, 0), TM_SLOTSET_END);
    for (size_t i = sizeof want / sizeof want[0]; i > 0; i--)
        tm_slotset_add(&set, want[i - 1]);
    tm_slotset_add(&set, 64); /* is there already */
    CHECK_INT(set.n, 6);
    uint32_t at = 0;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        CHECK_INT(tm_slotset_next(&set, at), want[i]);
        at = want[i] + 1;
    }
    CHECK_INT(tm_slotset_next(&set, at), TM_SLOTSET_END);
    CHECK(tm_slotset_has(&set, 130) && !tm_slotset_has(&set, 131));
}

static void what_is_removed_is_not_found(void)
{
    struct tm_slotset set = {0};
    tm_slotset_add(&set, 5);
    tm_slotset_add(&set, 200);
    tm_slotset_remove(&set, 5);
    tm_slotset_remove(&set, 6); /* was not there */
    CHECK_INT(set.n, 1);
    CHECK_INT(tm_slotset_next(&set, 0), 200);
    tm_slotset_remove(&set, 200);
    CHECK_INT(set.n, 0);
    CHECK_INT(tm_slotset_turn(&set, 3, 0), TM_SLOTSET_END);
}

static void the_lowest_free_slot_is_given_until_all_are_taken(void)
{
    struct tm_slotset set = {0};
    for (uint32_t i = 0; i < TM_STREAMS_HELD; i++) {
        CHECK_INT(tm_slotset_lowest_free(&set), i);
        tm_slotset_add(&set, i);
    }
    CHECK_INT(tm_slotset_lowest_free(&set), TM_SLOTSET_END);
    tm_slotset_remove(&set, 70);
    tm_slotset_remove(&set, LAST);
    CHECK_INT(tm_slotset_lowest_free(&set), 70);
}

/* The slots of a round from `from`, in its order. */
static size_t round_of(const struct tm_slotset *set, uint32_t from, uint32_t *out)
{
    size_t n = 0;
    for (uint32_t i = tm_slotset_turn(set, from, 0); i != TM_SLOTSET_END;
         i = tm_slotset_turn(set, from, i + 1))
        out[n++] = (from + i) % TM_STREAMS_HELD;
    return n;
}

static void a_round_meets_each_member_once_from_wherever_it_begins(void)
{
    struct tm_slotset set = {0};
    static const uint32_t member[] = {2, 63, 64, 100, LAST};
    uint32_t got[8];
    for (size_t i = 0; i < 5; i++)
        tm_slotset_add(&set, member[i]);
    for (uint32_t from = 0; from <= TM_STREAMS_HELD; from++) {
        size_t first = 0; /* of the members, the one that is not below */
        while (first < 5 && member[first] < from)
            first++;
        CHECK_INT(round_of(&set, from, got), 5);
        for (size_t i = 0; i < 5; i++)
            CHECK_INT(got[i], member[(first + i) % 5]);
    }
}

static const struct check_case cases[] = {
    {"members_are_found_in_ascending_order", members_are_found_in_ascending_order},
    {"what_is_removed_is_not_found", what_is_removed_is_not_found},
    {"the_lowest_free_slot_is_given_until_all_are_taken",
     the_lowest_free_slot_is_given_until_all_are_taken},
    {"a_round_meets_each_member_once_from_wherever_it_begins",
     a_round_meets_each_member_once_from_wherever_it_begins},
};
CHECK_MAIN("slotset", cases)
