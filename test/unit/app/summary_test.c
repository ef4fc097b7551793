/* test/unit/app/summary_test.c - a run in numbers. */
#include "tm/app/summary.h"

#include <stdlib.h>

#include "test/support/check.h"

static struct tm_summary sample(void)
{
    return (struct tm_summary){.program = "tm-client",
                               .run_us = 61250000,
                               .s = {.wire_tx_bytes = 2000,
                                     .wire_rx_bytes = 8000,
                                     .payload_tx_bytes = 100,
                                     .payload_rx_bytes = 7400,
                                     .pad_tx_bytes = 5,
                                     .carriers_opened = 3,
                                     .carriers_died = 1}};
}

static void useful_share_counts_both_directions(void)
{
    struct tm_summary m = sample();
    CHECK_INT(tm_summary_useful_permille(&m.s), 750);
    CHECK_INT(tm_summary_useful_permille(&(struct tm_session_stats){0}), 0);
    struct tm_session_stats huge = {.wire_tx_bytes = UINT64_C(1) << 60,
                                    .payload_tx_bytes = UINT64_C(1) << 59};
    CHECK_INT(tm_summary_useful_permille(&huge), 500);
}

static void line_is_for_people(void)
{
    struct tm_summary m = sample();
    char line[TM_SUMMARY_LINE_MAX];
    tm_summary_line(line, &m);
    CHECK_STR(
        line,
        "wire 2000 B sent, 8000 B received; payload 100 B sent, 7400 B received; useful share "
        "75.0 %; carriers 3 opened, 1 died; 61.2 s");
}

static void json_is_one_object(void)
{
    struct tm_summary m = sample();
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    tm_summary_json(f, &m, ",\"strangers\":4");
    fclose(f);
    CHECK_STR(
        text,
        "{\"schema_version\":1,\"program\":\"tm-client\",\"seconds\":61.250000,\"wire_tx_bytes\":"
        "2000,"
        "\"wire_rx_bytes\":8000,\"payload_tx_bytes\":100,\"payload_rx_bytes\":7400,"
        "\"handshake_tx_bytes\":0,\"record_tx_bytes\":0,\"plan_tx_bytes\":0,\"ack_tx_bytes\":0,"
        "\"control_tx_bytes\":0,\"resent_tx_bytes\":0,\"pad_tx_bytes\":5,\"carriers_opened\":3,"
        "\"carriers_ended\":0,\"carriers_died\":1,\"carriers_live\":0,\"streams_live\":0,"
        "\"useful_share\":0.750,\"strangers\":4}\n");
    free(text);
}

static const struct check_case cases[] = {
    {"useful_share_counts_both_directions", useful_share_counts_both_directions},
    {"line_is_for_people", line_is_for_people},
    {"json_is_one_object", json_is_one_object},
};
CHECK_MAIN("summary", cases)
