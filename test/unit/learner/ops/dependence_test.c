#include "learner/ops/dependence.h"

#include <math.h>
#include <string.h>

#include "test/support/check.h"

#define NEAR(a, b, eps) CHECK(fabs((a) - (b)) <= (eps))
#define NONE            TM_PAIR_NONE

/* One connection of n pairs; thinks have 1000 (client) and 20000 (server) of round trip on top. */
static void add_conn(struct tm_dependence *d, struct tm_pair *pair, uint32_t n, uint64_t up,
                     uint64_t down)
{
    struct tm_pair_pool pool = {.pair = pair, .n_pairs = n, .cap_pairs = n};
    struct tm_record r = {.conn = {.rtt_us = {20000, 1000}, .n_pairs = n, .bytes = {up, down}}};
    for (uint32_t i = 0; i < n; i++)
        pair[i].next = i + 1 < n ? i + 1 : NONE;
    CHECK_INT(tm_dependence_add(d, &pool, &r, 1), TM_OK);
}

static void rank_correlations_are_as_counted_by_hand(void)
{
    struct tm_dependence d = {0};
    double rho[TM_RELATIONS];
    /* Requests rise, responses fall; server thinks are tied in two groups of five. */
    struct tm_pair pair[10];
    for (uint32_t i = 0; i < 10; i++)
        pair[i] = (struct tm_pair){.req_bytes = 100 + i * i,
                                   .rsp_bytes = 9000 - i,
                                   .req_think_us = i == 0 ? NONE : 1000 + 7 * i,
                                   .server_think_us = 20000 + (i < 5 ? 10 : 20)};
    add_conn(&d, pair, 10, 1, 2);
    CHECK_INT(d.n[TM_REL_REQ_RSP], 10);
    CHECK_INT(d.n[TM_REL_REQ_NEXT], 9);
    CHECK_INT(d.n[TM_REL_RSP_THINK], 9);
    CHECK_INT(d.n[TM_REL_THINK_NEXT], 8);
    CHECK_INT(d.n[TM_REL_THINK_REQ], 9);
    CHECK_INT(d.n[TM_REL_UP_DOWN], 1);
    CHECK_INT(d.point[TM_REL_REQ_SERVER][0].y, 10);
    CHECK_INT(d.point[TM_REL_THINK_REQ][0].x, 7);
    CHECK_INT(tm_dependence_rho(&d, rho), TM_OK);
    NEAR(rho[TM_REL_REQ_RSP], -1, 1e-12);
    /* Ranks 0..9 against 2 five times and 7 five times: 2.5 * 25 / sqrt(82.5 * 62.5). */
    NEAR(rho[TM_REL_REQ_SERVER], 62.5 / sqrt(82.5 * 62.5), 1e-12);
    CHECK(isnan(rho[TM_REL_UP_DOWN]));
    CHECK(isnan(rho[TM_REL_REQ_NEXT])); /* nine points are too few */
    tm_dependence_deinit(&d);
}

static void what_is_not_there_gives_no_point(void)
{
    struct tm_dependence d = {0};
    struct tm_pair pair[2] = {
        {.req_bytes = NONE, .rsp_bytes = 5, .req_think_us = NONE, .server_think_us = 7},
        {.req_bytes = 6, .rsp_bytes = NONE, .req_think_us = 8, .server_think_us = NONE}};
    add_conn(&d, pair, 2, 10, 20);
    CHECK_INT(d.n[TM_REL_REQ_RSP], 0);
    CHECK_INT(d.n[TM_REL_SERVER_RSP], 1);
    CHECK_INT(d.n[TM_REL_REQ_NEXT], 0);
    CHECK_INT(d.n[TM_REL_RSP_THINK], 1);
    CHECK_INT(d.n[TM_REL_PAIRS_FIRST], 1);
    CHECK_INT(d.point[TM_REL_SERVER_RSP][0].x, 0); /* less than the round trip */
    CHECK_INT(d.point[TM_REL_PAIRS_FIRST][0].x, 2);
    CHECK_INT(d.point[TM_REL_UP_DOWN][0].y, 20);
    tm_dependence_deinit(&d);
}

static void a_constant_side_has_no_correlation(void)
{
    struct tm_dependence d = {0};
    double rho[TM_RELATIONS];
    for (uint32_t i = 0; i < 20; i++) {
        struct tm_pair pair[1] = {
            {.req_bytes = 5, .rsp_bytes = 10 + i, .req_think_us = NONE, .server_think_us = NONE}};
        add_conn(&d, pair, 1, 100 + i % 7, 3 * (100 + i % 7));
    }
    CHECK_INT(tm_dependence_rho(&d, rho), TM_OK);
    CHECK(isnan(rho[TM_REL_REQ_RSP]));
    NEAR(rho[TM_REL_UP_DOWN], 1, 1e-12);
    tm_dependence_deinit(&d);
}

static const struct check_case CASES[] = {
    {"rank_correlations_are_as_counted_by_hand", rank_correlations_are_as_counted_by_hand},
    {"what_is_not_there_gives_no_point", what_is_not_there_gives_no_point},
    {"a_constant_side_has_no_correlation", a_constant_side_has_no_correlation},
};
CHECK_MAIN("dependence", CASES)
