#include "models/schedfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define HEAD  "{\"t\":\"schedule\",\"v\":1}\n"
#define OPEN  "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
#define DATA  "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
#define CLOSE "{\"t\":\"close\",\"c\":0,\"gap\":5}\n"

/* Reads `len` bytes in exactly as much memory. */
static int read_exactly(struct tm_schedfile *f, const char *text, size_t len, struct tm_msg *msg)
{
    char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, text, len);
    *f = (struct tm_schedfile){0};
    *msg = (struct tm_msg){""};
    int rc = tm_schedfile_read(f, copy, len, "x", msg);
    CHECK((rc == TM_OK) == (msg->text[0] == '\0'));
    CHECK(rc == TM_OK || (f->n_conns == 0 && !f->conn));
    for (size_t i = 0; i < f->n_conns; i++)
        CHECK_INT(tm_plan_check(&f->conn[i].plan), TM_OK);
    free(copy);
    return rc;
}

/* The example of the document, as it stands there. */
static void the_documented_example_reads_as_it_says(void)
{
    static char text[65536];
    struct tm_schedfile f;
    struct tm_msg msg;
    FILE *doc = fopen("doc/SCHEDULE.md", "rb");
    CHECK(doc != NULL);
    if (!doc)
        return;
    size_t len = fread(text, 1, sizeof text - 1, doc);
    (void)fclose(doc);
    text[len] = '\0';
    char *from = strstr(text, "```\n");
    char *to = from ? strstr(from + 4, "```") : NULL;
    CHECK(to != NULL);
    if (!to)
        return;
    CHECK_INT(read_exactly(&f, from + 4, (size_t)(to - from - 4), &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(f.n_conns, 2);
    CHECK_INT(f.n_users, 1);
    if (f.n_conns == 2) {
        const struct tm_write want = {
            .size = 40000, .gap_us = 100000, .dir = TM_DOWN, .ref_back = 1};
        CHECK_INT(f.conn[0].plan.n_writes, 2);
        CHECK(tm_write_is_same(&f.conn[0].plan.w[1], &want));
        CHECK_INT(f.conn[0].plan.close_gap_us, 2000000);
        CHECK_INT(f.conn[0].open.ref, TM_OPEN_ORIGIN);
        CHECK_INT(f.conn[1].open.ref, TM_OPEN_ENDED);
        CHECK_INT(f.conn[1].open.gap_us, 5000000);
        CHECK_INT(f.conn[1].open.index, 1);
        CHECK_INT(f.conn[1].open.rre, 1);
    }
    tm_schedfile_deinit(&f);
}

static void lines_of_connections_may_be_mixed_and_users_count_for_themselves(void)
{
    static const char text[] = HEAD OPEN
        "{\"t\":\"open\",\"c\":1,\"user\":7,\"ref\":\"origin\",\"gap\":9}\r\n"
        "  \n# a note\n" DATA "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"down\",\"size\":1,\"ref\":"
        "-1,\"gap\":4000000000}\n"
        "{\"t\":\"data\",\"c\":1,\"i\":1,\"dir\":\"down\",\"size\":268435456,\"ref\":0,\"gap\":1,"
        "\"note\":[{\"a\":1}]}\n" CLOSE "{\"gap\":1,\"c\":1,\"t\":\"close\",\"at\":-5.5}";
    struct tm_schedfile f;
    struct tm_msg msg;
    CHECK_INT(read_exactly(&f, text, sizeof text - 1, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(f.n_conns, 2);
    CHECK_INT(f.n_users, 8);
    CHECK_INT(f.conn[1].user, 7);
    CHECK_INT(f.conn[1].open.index, 0);
    CHECK_INT(f.conn[1].plan.n_writes, 2);
    CHECK_INT(f.conn[1].plan.w[0].ref_back, 0);
    CHECK_INT(f.conn[1].plan.w[1].size, TM_WRITE_SIZE_MAX);
    tm_schedfile_deinit(&f);
}

static void what_cannot_be_played_is_refused_with_its_line(void)
{
    static const struct {
        const char *text;
        int rc;
        const char *says;
    } row[] = {
        {"", TM_ERR_FORMAT, "no connection"},
        {HEAD, TM_ERR_FORMAT, "no connection"},
        {OPEN, TM_ERR_FORMAT, "x:1: a schedule file begins"},
        {"GET / HTTP/1.1\n", TM_ERR_FORMAT, "x:1: an object"},
        {HEAD HEAD, TM_ERR_FORMAT, "x:2: a second"},
        {"{\"t\":\"schedule\",\"v\":2}\n", TM_ERR_UNSUPPORTED, "newer"},
        {"{\"t\":\"schedule\"}\n", TM_ERR_FORMAT, "no \"v\""},
        {HEAD "{\"t\":\"padding\",\"c\":0}\n", TM_ERR_FORMAT, "x:2: \"t\" is"},
        {HEAD DATA, TM_ERR_RANGE, "x:2: connection 0 was not opened"},
        {HEAD OPEN CLOSE, TM_ERR_RANGE, "closes without a write"},
        {HEAD OPEN DATA, TM_ERR_RANGE, "x:2: connection 0, opened here, never closes"},
        {HEAD OPEN DATA CLOSE DATA, TM_ERR_RANGE, "was closed"},
        {HEAD OPEN DATA DATA, TM_ERR_RANGE, "1 is the next number"},
        {HEAD OPEN OPEN, TM_ERR_RANGE, "where 1 is the next"},
        {HEAD "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"ended\",\"gap\":0}\n", TM_ERR_RANGE,
         "first opening"},
        {HEAD OPEN "{\"t\":\"open\",\"c\":1,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n",
         TM_ERR_RANGE, "first opening"},
        {HEAD "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":0,\"gap\":0}\n", TM_ERR_FORMAT,
         "\"prev\""},
        {HEAD "{\"t\":\"open\",\"c\":0,\"user\":1024,\"ref\":\"origin\",\"gap\":0}\n", TM_ERR_RANGE,
         "1023"},
        {HEAD "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\"}\n", TM_ERR_FORMAT,
         "has no \"gap\""},
        {HEAD OPEN
         "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"left\",\"size\":1,\"ref\":-1,\"gap\":0}\n",
         TM_ERR_FORMAT, "\"down\""},
        {HEAD OPEN
         "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":0,\"ref\":-1,\"gap\":0}\n",
         TM_ERR_RANGE, "a size of 0"},
        {HEAD OPEN "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":10000000000,\"ref\":-1,"
                   "\"gap\":0}\n",
         TM_ERR_RANGE, "a size of 10000000000"},
        {HEAD OPEN
         "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":1,\"ref\":0,\"gap\":0}\n",
         TM_ERR_RANGE, "comes later"},
        {HEAD OPEN DATA
         "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"up\",\"size\":1,\"ref\":-2,\"gap\":0}\n",
         TM_ERR_RANGE, "is possible"},
        {HEAD OPEN "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":1,\"ref\":-1,\"gap\":"
                   "4000000001}\n",
         TM_ERR_RANGE, "at most 4000000000"},
        {HEAD OPEN "{\"t\":\"data\",\"c\":0,\"c\":0}\n", TM_ERR_FORMAT, "second time"},
        {HEAD OPEN "{\"t\":\"data\",\"c\":0}{}\n", TM_ERR_FORMAT, "something follows"},
    };
    struct tm_schedfile f;
    struct tm_msg msg;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        CHECK_INT(read_exactly(&f, row[i].text, strlen(row[i].text), &msg), row[i].rc);
        if (!strstr(msg.text, row[i].says))
            CHECK_STR(msg.text, row[i].says);
        tm_schedfile_deinit(&f);
    }
}

static void numbers_below_zero_are_refused_by_name(void)
{
    static const char gap[] =
        HEAD "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":-1}\n";
    static const char size[] = HEAD OPEN
        "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":-7,\"ref\":-1,\"gap\":0}\n";
    struct tm_schedfile f;
    struct tm_msg msg;
    CHECK_INT(read_exactly(&f, gap, sizeof gap - 1, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "x:2: a gap of -1 us: time does not run backwards");
    CHECK_INT(read_exactly(&f, size, sizeof size - 1, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "x:3: \"size\" is -7: 0 or more is wanted");
}

static void a_write_waits_for_none_more_than_255_before_it(void)
{
    static char text[300 * 100];
    struct tm_schedfile f;
    struct tm_msg msg;
    for (int last_ref = 0; last_ref < 2; last_ref++) {
        size_t len = (size_t)snprintf(text, sizeof text, "%s", HEAD OPEN);
        for (int i = 0; i < 257; i++)
            len += (size_t)snprintf(text + len, sizeof text - len,
                                    "{\"t\":\"data\",\"c\":0,\"i\":%d,\"dir\":\"up\",\"size\":1,"
                                    "\"ref\":%d,\"gap\":0}\n",
                                    i, i == 256 ? last_ref : i - 1);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", CLOSE);
        CHECK_INT(read_exactly(&f, text, len, &msg), last_ref == 0 ? TM_ERR_RANGE : TM_OK);
        tm_schedfile_deinit(&f);
    }
}

#define DOWN      "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":9,\"ref\":0,\"gap\":7}\n"
#define END(rest) HEAD OPEN DATA DOWN "{\"t\":\"close\",\"c\":0,\"gap\":5" rest "}\n"

static void no_flipped_bits_or_missing_ends_do_harm(void)
{
    char text[] = END(",\"how\":\"reset\",\"ref\":1,\"server_ref\":0,\"server_gap\":8");
    struct tm_schedfile f;
    struct tm_msg msg;
    size_t len = sizeof text - 1;
    for (size_t n = 0; n < len; n++) {
        (void)read_exactly(&f, text, n, &msg);
        tm_schedfile_deinit(&f);
    }
    for (size_t bit = 0; bit < 8 * len; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        (void)read_exactly(&f, text, len, &msg);
        tm_schedfile_deinit(&f);
        size_t other = (bit * 7919 + 13) % (8 * len);
        text[other / 8] = (char)(text[other / 8] ^ 1 << other % 8);
        (void)read_exactly(&f, text, len, &msg);
        tm_schedfile_deinit(&f);
        text[other / 8] = (char)(text[other / 8] ^ 1 << other % 8);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
    CHECK_INT(read_exactly(&f, text, len, &msg), TM_OK);
    tm_schedfile_deinit(&f);
}

static void closings_read_as_they_say(void)
{
    static const struct {
        const char *text;
        struct tm_close want;
    } row[] = {
        {END(""), {0}},
        {END(",\"how\":\"fin\",\"ref\":-1"), {0}},
        {END(",\"ref\":0"), {TM_CLOSE_FIN, 2, 0, 0}},
        {END(",\"ref\":1,\"how\":\"reset\""), {TM_CLOSE_RESET, 1, 0, 0}},
        {END(",\"server_ref\":1,\"server_gap\":300"), {TM_CLOSE_FIN, 0, 1, 300}},
        {END(",\"how\":\"reset\",\"server_ref\":0,\"server_gap\":4000000000"),
         {TM_CLOSE_RESET, 0, 2, TM_WRITE_GAP_MAX}},
    };
    uint8_t digest[6][TM_DIGEST_LEN];
    for (size_t i = 0; i < 6; i++) {
        struct tm_schedfile f;
        struct tm_msg msg = {""};
        CHECK_INT(read_exactly(&f, row[i].text, strlen(row[i].text), &msg), TM_OK);
        CHECK_STR(msg.text, "");
        CHECK_INT(f.n_conns, 1);
        CHECK_INT(f.conn[0].plan.close_gap_us, 5);
        CHECK(tm_close_is_same(&f.conn[0].plan.close, &row[i].want));
        CHECK_INT(tm_plan_check(&f.conn[0].plan), TM_OK);
        tm_schedfile_digest(&f, digest[i]);
        for (size_t k = 0; k < i; k++)
            CHECK_INT(memcmp(digest[i], digest[k], TM_DIGEST_LEN) == 0, i == 1 && k == 0);
        tm_schedfile_deinit(&f);
    }
}

static void closings_that_cannot_be_are_refused(void)
{
    static const struct {
        const char *text;
        int rc;
        const char *says;
    } row[] = {
        {END(",\"how\":\"rst\""), TM_ERR_FORMAT, "\"fin\" or \"reset\""},
        {END(",\"how\":1"), TM_ERR_FORMAT, "\"how\" is a text"},
        {END(",\"ref\":2"), TM_ERR_RANGE, "one of the last"},
        {END(",\"ref\":-2"), TM_ERR_RANGE, "one of the last"},
        {END(",\"ref\":\"end\""), TM_ERR_FORMAT, "number of a write"},
        {END(",\"server_ref\":1"), TM_ERR_FORMAT, "together"},
        {END(",\"server_gap\":1"), TM_ERR_FORMAT, "together"},
        {END(",\"server_ref\":2,\"server_gap\":1"), TM_ERR_RANGE, "one of the last"},
        {END(",\"server_ref\":1,\"server_gap\":4000000001"), TM_ERR_RANGE, "4000000000"},
        {END(",\"server_ref\":1,\"server_gap\":-1"), TM_ERR_RANGE, "backwards"},
        {END(",\"server_ref\":99999999999,\"server_gap\":1"), TM_ERR_RANGE, "no such write"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct tm_schedfile f;
        struct tm_msg msg;
        CHECK_INT(read_exactly(&f, row[i].text, strlen(row[i].text), &msg), row[i].rc);
        if (!strstr(msg.text, row[i].says))
            CHECK_STR(msg.text, row[i].says);
        tm_schedfile_deinit(&f);
    }
}

static const struct check_case CASES[] = {
    {"closings_read_as_they_say", closings_read_as_they_say},
    {"closings_that_cannot_be_are_refused", closings_that_cannot_be_are_refused},
    {"the_documented_example_reads_as_it_says", the_documented_example_reads_as_it_says},
    {"lines_of_connections_may_be_mixed_and_users_count_for_themselves",
     lines_of_connections_may_be_mixed_and_users_count_for_themselves},
    {"what_cannot_be_played_is_refused_with_its_line",
     what_cannot_be_played_is_refused_with_its_line},
    {"numbers_below_zero_are_refused_by_name", numbers_below_zero_are_refused_by_name},
    {"a_write_waits_for_none_more_than_255_before_it",
     a_write_waits_for_none_more_than_255_before_it},
    {"no_flipped_bits_or_missing_ends_do_harm", no_flipped_bits_or_missing_ends_do_harm},
};
CHECK_MAIN("schedfile", CASES)
