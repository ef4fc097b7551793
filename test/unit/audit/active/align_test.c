/* Records of unequal lengths at the same points of time. */
#include "audit/active/align.h"

#include <math.h>

#include "test/support/check.h"

static struct tm_flow record(int64_t from_us, int64_t until_us, uint64_t bytes)
{
    return (struct tm_flow){.from_us = from_us, .until_us = until_us, .bytes = bytes};
}

static void make(struct tm_steps *s, const struct tm_flow *v, size_t n)
{
    CHECK_INT(tm_steps_init(s, 1000, 10, 10), TM_OK); /* 1000 to 1100 */
    for (size_t i = 0; i < n; i++)
        tm_steps_add(s, &v[i]);
}

static void check_steps(const double *got, const double want[10])
{
    for (int i = 0; i < 10; i++)
        CHECK(fabs(got[i] - want[i]) < 1e-9);
}

static void a_record_is_spread_over_its_length(void)
{
    const struct tm_flow V[] = {
        record(1015, 1035, 40),  /* 2 a us: half a step, a whole one, half a step */
        record(990, 1010, 100),  /* half of it lies before */
        record(1060, 1060, 7),   /* one packet */
        record(1090, 1200, 110), /* most of it lies behind */
        record(900, 999, 50),    /* all before */
        record(1100, 1200, 50),  /* all behind */
    };
    const double WANT[10] = {50, 10, 20, 10, 0, 0, 7, 0, 0, 10};
    const int EDGE[10] = {0, 1, 0, 1, 0, 0, 1, 0, 0, 1};
    const int COVERED[10] = {1, 1, 1, 1, 0, 0, 1, 0, 0, 1};
    struct tm_steps s;
    make(&s, V, 6);
    check_steps(s.bytes, WANT);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(s.covered[i], COVERED[i]);
        if (i != 0)
            CHECK_INT(s.edge[i], EDGE[i]);
    }
    tm_steps_clear(&s);
    CHECK_INT(s.covered[1] + s.edge[1], 0);
    CHECK(s.bytes[1] < 1e-9);
    tm_steps_deinit(&s);
}

/* Server: 2 a us until 1040, then 1 until 1080; client: records that begin and end elsewhere. */
static void sides_are_compared_where_the_clients_records_begin_and_end(void)
{
    const struct tm_flow SERVER[] = {record(1000, 1040, 80), record(1040, 1080, 40)};
    const struct tm_flow CLIENT[] = {record(1010, 1050, 40), record(1050, 1090, 120)};
    const double A[] = {20, 10};        /* at 1010, 1050; 1090 is outside of the server's records */
    const double B[] = {10, 30};        /* 1 a us, 3 a us */
    const double LAGGED_A[] = {20, 10}; /* one step earlier: at 1000 and 1040 */
    struct tm_steps server;
    struct tm_steps client;
    double a[10];
    double b[10];
    make(&server, SERVER, 2);
    make(&client, CLIENT, 2);
    CHECK_INT(tm_steps_align(&server, &client, TM_STEPS_EDGES, 0, a, b), 2);
    for (int i = 0; i < 2; i++)
        CHECK(fabs(a[i] - A[i]) < 1e-9 && fabs(b[i] - B[i]) < 1e-9);
    CHECK_INT(tm_steps_align(&server, &client, TM_STEPS_EDGES, 1, a, b), 2);
    for (int i = 0; i < 2; i++)
        CHECK(fabs(a[i] - LAGGED_A[i]) < 1e-9 && fabs(b[i] - B[i]) < 1e-9);
    CHECK_INT(tm_steps_align(&server, &client, TM_STEPS_EDGES, 3, a, b),
              1); /* at 1020; before it there is no step */
    CHECK(fabs(a[0] - 20) < 1e-9 && fabs(b[0] - 30) < 1e-9);
    CHECK_INT(tm_steps_align(&server, &client, TM_STEPS_ALL, 0, a, b), 7); /* 1010 to 1080 */
    for (int i = 0; i < 7; i++)
        CHECK(fabs(a[i] - (i < 3 ? 20 : 10)) < 1e-9 && fabs(b[i] - (i < 4 ? 10 : 30)) < 1e-9);
    CHECK_INT(tm_steps_align(&server, &client, TM_STEPS_ALL, 4, a, b), 5); /* 1040 to 1090 */
    CHECK(fabs(a[0] - 20) < 1e-9 && fabs(b[0] - 10) < 1e-9);
    tm_steps_deinit(&server);
    tm_steps_deinit(&client);
}

static void what_overlaps_is_added_up(void)
{
    const struct tm_flow V[] = {record(1000, 1100, 100), record(1020, 1040, 40),
                                record(1030, 1030, 5)};
    const double WANT[10] = {10, 10, 30, 35, 10, 10, 10, 10, 10, 10};
    struct tm_steps s;
    make(&s, V, 3);
    check_steps(s.bytes, WANT);
    tm_steps_deinit(&s);
}

static const struct check_case CASES[] = {
    {"a_record_is_spread_over_its_length", a_record_is_spread_over_its_length},
    {"sides_are_compared_where_the_clients_records_begin_and_end",
     sides_are_compared_where_the_clients_records_begin_and_end},
    {"what_overlaps_is_added_up", what_overlaps_is_added_up},
};
CHECK_MAIN("align", CASES)
