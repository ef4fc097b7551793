/* test/unit/sim/card_print_test.c - figures with their units, and cards as text, rows and JSON. */
#include "tm/sim/card_print.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/json.h"
#include "tm/sim/card_text.h"

static char text[8192];

/* What a print function writes. */
#define PRINTED(call)                                                                              \
    do {                                                                                           \
        FILE *out = fmemopen(text, sizeof text, "w");                                              \
        CHECK(out != NULL);                                                                        \
        call;                                                                                      \
        CHECK_INT(fclose(out), 0);                                                                 \
    } while (0)

static struct tm_model model;
static struct tm_card card;
static struct tm_card_cfg cfg;

static void set_up(void)
{
    tm_model_constant_default(&model);
    memset(&card, 0, sizeof card);
    cfg = (struct tm_card_cfg){.model = &model,
                               .n_users = 3,
                               .pace_ms = 1500,
                               .rtt_us = 40000,
                               .line_bps = 100000000,
                               .for_us = 3600000000,
                               .seed = 5};
    card.n_sessions = 1;
    card.counted_us = card.backlog_us = 1000000;
    card.wire_bytes[TM_UP] = 1000;
    card.header_bytes[TM_DOWN] = 100;
    card.delivered_bytes[TM_DOWN] = 125;
    card.payload_bytes[TM_DOWN] = 125;
    card.backlog_wire_bytes[TM_DOWN] = 1000;
    card.free_bytes[TM_DOWN] = 250;
    tm_rhythm_begin(&card.rhythm[TM_UP], 0);
    tm_rhythm_event(&card.rhythm[TM_UP], 31);
}

static void figures_have_three_digits_and_a_unit(void)
{
    static const struct {
        void (*print)(char out[TM_CARD_TEXT_LEN], uint64_t value);
        uint64_t value;
        const char *text;
    } figure[] = {
        {tm_card_text_us, 0, "0 us"},
        {tm_card_text_us, 999, "999 us"},
        {tm_card_text_us, 1000, "1.00 ms"},
        {tm_card_text_us, 999499, "999 ms"},
        {tm_card_text_us, 999500, "1.00 s"},
        {tm_card_text_us, 12345678, "12.3 s"},
        {tm_card_text_us, 119999999, "120 s"},
        {tm_card_text_us, 600000000, "10.0 min"},
        {tm_card_text_us, 7200000000, "2.00 h"},
        {tm_card_text_bps, 0, "0 b/s"},
        {tm_card_text_bps, 999, "999 b/s"},
        {tm_card_text_bps, 8200, "8.20 kb/s"},
        {tm_card_text_bps, 999600, "1.00 Mb/s"},
        {tm_card_text_bytes, 517, "517 B"},
        {tm_card_text_bytes, 38100000000, "38.1 GB"},
        {tm_card_text_bytes, 2061000000000, "2.06 TB"},
        {tm_card_text_bytes, UINT64_MAX, "18446744 TB"},
    };
    for (size_t i = 0; i < sizeof figure / sizeof figure[0]; i++) {
        char out[TM_CARD_TEXT_LEN];
        figure[i].print(out, figure[i].value);
        CHECK_STR(out, figure[i].text);
    }
}

static void a_card_says_what_was_played_and_what_came_of_it(void)
{
    set_up();
    PRINTED(tm_card_print(out, &card, &cfg));
    static const char *const said[] = {
        "constant, 3 users, pauses of at most 1.50 s; a path of 40.0 ms and 100 Mb/s;",
        " 100 Mb/s; 1 session of 60.0 min\n",
        "0 b/s up, 1.00 kb/s down,",
        "12.5 % of the bytes on the wire",
        "50.0 % of what plan",
        "2.59 GB a month, 2.85 GB with TCP and IP headers", /* 1000 B and 1100 B a second */
        "intervals p50 31 us",
        "added to 10 kB   none was finished\n",
        "added to 1 MB    none was finished\n",
        "128 KiB to 8192 KiB a stream",
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        CHECK(strstr(text, said[i]) != NULL);
}

static void a_workload_is_told_in_place_of_objects(void)
{
    struct tm_workload workload = {0};
    set_up();
    cfg.workload = &workload;
    struct tm_card_times *t = &card.times[TM_CARD_WORKLOAD];
    tm_hist_add(&t->whole_us, 2000000);
    tm_hist_add(&t->added_whole_us, 1000000);
    tm_hist_add(&t->first_us, 31);
    tm_hist_add(&t->added_first_us, 30);
    t->n_unfinished = 2;
    t->up_bytes = 4000;
    PRINTED(tm_card_print(out, &card, &cfg));
    CHECK(strstr(text, "1 transfers done, 4.00 kB up, 0 B down\n") != NULL);
    CHECK(strstr(text, "first byte p50 31 us, p95 31 us; whole p50 2.00 s, p95 2.00 s\n") != NULL);
    CHECK(strstr(text, "first byte p50 30 us, p95 30 us; whole p50 1.00 s, p95 1.00 s; n 1, 2 "
                       "unfinished\n") != NULL);
    CHECK(strstr(text, "10 kB") == NULL);
}

static void a_row_stands_under_its_head(void)
{
    set_up();
    PRINTED(tm_card_print_head(out, "MODEL"));
    const char *second = strchr(text, '\n') + 1;
    size_t width = (size_t)(second - text) - 1;
    CHECK_INT(strlen(second), width + 1);
    PRINTED(tm_card_print_row(out, "constant", &card, &cfg));
    CHECK_INT(strlen(text), width + 1);
    CHECK(strstr(text, "1.00 kb/s") != NULL);
    CHECK(strstr(text, " 12.5 %\n") != NULL);
}

static void json_is_json(void)
{
    struct tm_json j;
    char key[64];
    int rc;
    unsigned n = 0, n_null = 0;
    set_up();
    PRINTED(fputs("{", out); tm_card_print_json(out, &card, &cfg); fputs("}", out));
    tm_json_init(&j, text, strlen(text), "card", NULL);
    CHECK_INT(tm_json_object(&j), TM_OK);
    while ((rc = tm_json_member(&j, key, sizeof key)) == 1) {
        CHECK_INT(tm_json_skip(&j), TM_OK);
        n++;
    }
    CHECK_INT(rc, 0);
    CHECK_INT(tm_json_end(&j), TM_OK);
    CHECK(n >= 25);
    CHECK(strstr(text, "\"model\": \"constant\", \"kind\": \"constant\", \"digest\": \"") != NULL);
    CHECK(strstr(text, "\"pace_us\": 1500000,") != NULL);
    CHECK(strstr(text, "\"down\": {\"capacity_bps\": 1000,") != NULL);
    CHECK(strstr(text, "\"useful_share\": 0.125, \"filled_share\": 0.500") != NULL);
    for (const char *p = text; (p = strstr(p, ": null")) != NULL; p++)
        n_null++;
    CHECK_INT(n_null, 16); /* of objects that nobody fetched */
}

static const struct check_case cases[] = {
    {"figures_have_three_digits_and_a_unit", figures_have_three_digits_and_a_unit},
    {"a_card_says_what_was_played_and_what_came_of_it",
     a_card_says_what_was_played_and_what_came_of_it},
    {"a_workload_is_told_in_place_of_objects", a_workload_is_told_in_place_of_objects},
    {"a_row_stands_under_its_head", a_row_stands_under_its_head},
    {"json_is_json", json_is_json},
};
CHECK_MAIN("card_print", cases)
