#include "audit/invariant.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* A log under construction. */
struct maker {
    struct tm_schedlog *log;
    enum tm_side side;
};

static struct maker begin(enum tm_side side)
{
    static const uint8_t ZERO[16] = {0};
    struct maker m = {.side = side};
    if (tm_schedlog_new(&m.log, 16384) != TM_OK)
        abort();
    tm_schedlog_session(m.log, &(struct tm_schedlog_session){
                                   .side = side, .model = "m", .digest = ZERO, .seed = ZERO});
    return m;
}

static void opening(struct maker *m, uint32_t carrier, uint32_t user, uint64_t index,
                    int64_t gap_us)
{
    struct tm_open o = {.index = index, .ref = TM_OPEN_PREV, .gap_us = gap_us};
    tm_schedlog_open(m->log, carrier, user, &o, TM_SRC_SESSION, INT64_C(1000) * carrier, 0, 0);
}

/* A plain closing. */
static void add_close(struct tm_schedlog *l, uint32_t carrier, int64_t gap_us, int64_t due_us)
{
    tm_schedlog_close(l, carrier,
                      &(struct tm_schedlog_close){.ref = TM_SLOG_REF_END,
                                                  .gap_us = gap_us,
                                                  .due_us = due_us,
                                                  .server_ref = TM_SLOG_REF_FIN});
}

/* Two writes, the second of `down_size` bytes; times depend on the carrier only. */
static void writes(struct maker *m, uint32_t carrier, uint32_t n, uint32_t down_size)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tm_write w = {
            .size = i % 2 ? down_size : 500, .gap_us = 10 + i, .dir = i % 2, .ref_back = i > 0};
        if ((w.dir == TM_UP) == (m->side == TM_CLIENT))
            tm_schedlog_write(m->log, carrier, i, &w, carrier, carrier + 7, carrier + 8,
                              carrier + 9, 0, TM_SLIP_NONE);
        else
            tm_schedlog_recv(m->log, carrier, i, &w, INT64_C(100) * carrier);
    }
}

/* The schedule of the log; ends the maker. */
static struct tm_schedule finish(struct maker *m)
{
    struct tm_schedule s = {0};
    struct tm_msg msg = {""};
    struct tm_view v = tm_schedlog_text(m->log);
    CHECK_INT(tm_schedule_add(&s, (const char *)v.p, v.len, "x", &msg), TM_OK);
    tm_schedlog_free(m->log);
    return s;
}

static struct tm_invariant_result compare(struct tm_schedule a, struct tm_schedule b)
{
    struct tm_invariant_result r;
    CHECK_INT(tm_invariant_compare(&r, &a, &b), TM_OK);
    tm_schedule_deinit(&a);
    tm_schedule_deinit(&b);
    return r;
}

/* User 0 opens carriers 0 and 2, user 1 carrier 1; `n` writes on the last. */
static struct tm_schedule usual(uint32_t n, uint32_t down_size)
{
    struct maker m = begin(TM_CLIENT);
    opening(&m, 0, 0, 0, 5);
    opening(&m, 1, 1, 0, 6);
    opening(&m, 2, 0, 1, 7);
    writes(&m, 0, 2, 4000);
    writes(&m, 1, 4, 4000);
    writes(&m, 2, n, down_size);
    return finish(&m);
}

static void carriers_are_printed_by_their_place_in_the_plan(void)
{
    struct maker m = begin(TM_CLIENT);
    opening(&m, 0, 1, 0, 6);
    opening(&m, 1, 0, 0, 5);
    writes(&m, 0, 1, 0);
    writes(&m, 1, 2, 4000);
    add_close(m.log, 1, 44, 44);
    struct tm_schedule s = finish(&m);
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    CHECK(f != NULL);
    if (f) {
        CHECK_INT(tm_invariant_print(&s, f), TM_OK);
        (void)fclose(f);
        CHECK_STR(text, "src=0 user=0 index=0 open ref=prev gap=5\n"
                        "src=0 user=0 index=0 write=0 up size=500 ref=-1 gap=10\n"
                        "src=0 user=0 index=0 write=1 down size=4000 ref=0 gap=11\n"
                        "src=0 user=0 index=0 close gap=44\n"
                        "src=0 user=1 index=0 open ref=prev gap=6\n"
                        "src=0 user=1 index=0 write=0 up size=500 ref=-1 gap=10\n");
    }
    free(text);
    tm_schedule_deinit(&s);
}

static void order_of_opening_does_not_matter(void)
{
    struct maker m = begin(TM_CLIENT);
    opening(&m, 7, 1, 0, 6); /* other carrier numbers, other times */
    opening(&m, 8, 0, 0, 5);
    opening(&m, 9, 0, 1, 7);
    writes(&m, 9, 2, 4000);
    writes(&m, 8, 2, 4000);
    writes(&m, 7, 4, 4000);
    struct tm_invariant_result r = compare(usual(2, 4000), finish(&m));
    CHECK(!r.is_different);
    CHECK_INT(r.n_writes, 8);
    CHECK_INT(r.n_carriers, 3);
    CHECK_INT(r.n_only[0] + r.n_only[1], 0);
}

static void other_size_is_found(void)
{
    struct tm_invariant_result r = compare(usual(2, 4000), usual(2, 4001));
    CHECK(r.is_different);
    CHECK_STR(r.text, "src=0 user=0 index=1: \"write=1 down size=4000 ref=0 gap=11\" in the first, "
                      "\"write=1 down size=4001 ref=0 gap=11\" in the second");
}

static void longer_run_is_compared_as_far_as_both_came(void)
{
    struct tm_invariant_result r = compare(usual(2, 4000), usual(3, 4000));
    CHECK(!r.is_different);
    CHECK_INT(r.n_writes, 8);
    CHECK_INT(r.n_only[1], 1);
    struct maker m = begin(TM_CLIENT);
    opening(&m, 0, 0, 0, 5);
    writes(&m, 0, 1, 0);
    r = compare(usual(2, 4000), finish(&m));
    CHECK(!r.is_different); /* the later carriers of both users are the tail */
    CHECK_INT(r.n_writes, 1);
    CHECK_INT(r.n_carriers, 1);
    CHECK_INT(r.n_only[0], 7);
}

static void carrier_missing_in_the_middle_is_found(void)
{
    struct maker m = begin(TM_CLIENT);
    opening(&m, 0, 0, 1, 7); /* index 0 of user 0 is missing */
    writes(&m, 0, 2, 4000);
    struct tm_invariant_result r = compare(usual(2, 4000), finish(&m));
    CHECK(r.is_different);
    CHECK_STR(r.text, "src=0 user=0 index=0: \"present\" in the first, \"missing\" in the second");
}

static void more_writes_than_a_complete_carrier_are_found(void)
{
    struct maker m = begin(TM_CLIENT);
    opening(&m, 0, 0, 0, 5);
    writes(&m, 0, 1, 0);
    tm_schedlog_end(m.log, 0, 9, 1, 1, "");
    struct tm_invariant_result r = compare(usual(2, 4000), finish(&m));
    CHECK(r.is_different);
    CHECK_STR(r.text, "src=0 user=0 index=0: \"write=1 down size=4000 ref=0 gap=11\" in the first, "
                      "\"complete without it\" in the second");
}

static void other_opening_and_closing_are_found(void)
{
    struct tm_schedule s[4];
    for (int i = 0; i < 4; i++) {
        struct maker m = begin(TM_CLIENT);
        opening(&m, 0, 0, 0, i == 1 ? 6 : 5);
        writes(&m, 0, 2, 4000);
        add_close(m.log, 0, i == 3 ? 45 : 44, 0);
        s[i] = finish(&m);
    }
    struct tm_invariant_result r = compare(s[0], s[1]);
    CHECK_STR(r.text, "src=0 user=0 index=0: \"open ref=prev gap=5\" in the first, \"open ref=prev "
                      "gap=6\" in the second");
    r = compare(s[2], s[3]);
    CHECK_STR(
        r.text,
        "src=0 user=0 index=0: \"close gap=44\" in the first, \"close gap=45\" in the second");
}

static void client_and_server_log_of_a_run_agree(void)
{
    struct maker m = begin(TM_SERVER);
    writes(&m, 0, 2, 4000);
    writes(&m, 1, 4, 4000);
    writes(&m, 2, 2, 4000);
    struct tm_invariant_result r = compare(usual(2, 4000), finish(&m));
    CHECK(!r.is_different);
    CHECK_INT(r.n_writes, 8);
}

/* The log of a server, of one carrier, whose client paused so long before the ClientHello. */
static struct tm_schedule of_server(uint32_t hello_gap_us)
{
    struct maker m = begin(TM_SERVER);
    struct tm_write w = {.size = 500, .gap_us = hello_gap_us, .dir = TM_UP};
    tm_schedlog_recv(m.log, 0, 0, &w, 100);
    return finish(&m);
}

static void what_a_server_does_not_know_is_no_difference(void)
{
    struct tm_invariant_result r = compare(of_server(10), of_server(TM_WRITE_GAP_UNKNOWN));
    CHECK(!r.is_different);
    CHECK_INT(r.n_writes, 1);
    r = compare(of_server(10), of_server(11));
    CHECK(r.is_different);
}

static void nothing_in_common_is_zero_compared(void)
{
    struct maker m = begin(TM_CLIENT);
    struct tm_invariant_result r = compare(usual(2, 4000), finish(&m));
    CHECK(!r.is_different);
    CHECK_INT(r.n_writes, 0);
}

static const struct check_case CASES[] = {
    {"carriers_are_printed_by_their_place_in_the_plan",
     carriers_are_printed_by_their_place_in_the_plan},
    {"order_of_opening_does_not_matter", order_of_opening_does_not_matter},
    {"other_size_is_found", other_size_is_found},
    {"longer_run_is_compared_as_far_as_both_came", longer_run_is_compared_as_far_as_both_came},
    {"carrier_missing_in_the_middle_is_found", carrier_missing_in_the_middle_is_found},
    {"more_writes_than_a_complete_carrier_are_found",
     more_writes_than_a_complete_carrier_are_found},
    {"other_opening_and_closing_are_found", other_opening_and_closing_are_found},
    {"client_and_server_log_of_a_run_agree", client_and_server_log_of_a_run_agree},
    {"what_a_server_does_not_know_is_no_difference", what_a_server_does_not_know_is_no_difference},
    {"nothing_in_common_is_zero_compared", nothing_in_common_is_zero_compared},
};
CHECK_MAIN("invariant", CASES)
