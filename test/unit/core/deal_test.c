#include "tm/core/deal.h"

#include "test/support/check.h"

static void who_had_more_costs_more(void)
{
    struct tm_deal d = {0};
    tm_deal_add(&d, 7, 1000);
    CHECK_INT(tm_deal_cost(&d, 7), 1000 + TM_DEAL_PIECE);
    tm_deal_add(&d, 7, 0);
    CHECK_INT(tm_deal_cost(&d, 7), 1000 + 2 * TM_DEAL_PIECE);
}

/* Else all of the stream would go there for a while. */
static void a_new_carrier_begins_where_the_most_used_one_is(void)
{
    struct tm_deal d = {0};
    CHECK_INT(tm_deal_cost(&d, 0), 0);
    CHECK_INT(tm_deal_cost(&d, 1), 0);
    tm_deal_add(&d, 0, 9000);
    CHECK_INT(tm_deal_cost(&d, 1), 0);
    CHECK_INT(tm_deal_cost(&d, 5), 9000 + TM_DEAL_PIECE);
    tm_deal_add(&d, 0, 100);
    CHECK_INT(tm_deal_cost(&d, 5), 9000 + TM_DEAL_PIECE);
}

static void what_is_long_past_is_forgotten(void)
{
    struct tm_deal d = {0};
    tm_deal_add(&d, 1, 30000);
    tm_deal_add(&d, 2, 10);
    for (int i = 0; i < 100; i++)
        tm_deal_add(&d, 1, 40000);
    CHECK(tm_deal_cost(&d, 1) <= TM_DEAL_FORGET);
    CHECK_INT(tm_deal_cost(&d, 2), 0);
    for (int i = 0; i < 100; i++)
        tm_deal_add(&d, 3, SIZE_MAX);
    CHECK(tm_deal_cost(&d, 3) <= 2 * TM_DEAL_FORGET);
}

static void more_carriers_than_there_is_room_for_are_borne(void)
{
    struct tm_deal d = {0};
    for (uint32_t k = 0; k < 3 * TM_SHUFFLE_M_MAX; k++)
        tm_deal_add(&d, k, 1);
    CHECK_INT(d.n, TM_SHUFFLE_M_MAX);
    uint32_t last = tm_deal_cost(&d, 3 * TM_SHUFFLE_M_MAX - 1);
    CHECK(tm_deal_cost(&d, 3 * TM_SHUFFLE_M_MAX - 2) < last);
    CHECK_INT(tm_deal_cost(&d, 0), last); /* forgotten: as new */
    CHECK_INT(d.n, TM_SHUFFLE_M_MAX);
}

static const struct check_case cases[] = {
    {"who_had_more_costs_more", who_had_more_costs_more},
    {"a_new_carrier_begins_where_the_most_used_one_is",
     a_new_carrier_begins_where_the_most_used_one_is},
    {"what_is_long_past_is_forgotten", what_is_long_past_is_forgotten},
    {"more_carriers_than_there_is_room_for_are_borne",
     more_carriers_than_there_is_room_for_are_borne},
};
CHECK_MAIN("deal", cases)
