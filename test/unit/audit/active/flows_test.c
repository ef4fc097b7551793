/* Flow records as nfdump prints them. */
#include "audit/active/flows.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* The columns that are read, among some that are not. */
#define HEAD "ts,te,td,sa,da,sp,dp,pr,flg,ipkt,ibyt\n"
#define ONE                                                                                        \
    "2025-11-21 07:26:40,2025-11-21 07:26:42,2.500,10.0.0.1,10.0.0.2,443,5000,TCP,...A,200,"       \
    "208000\n"

static int parse(struct tm_flows *f, const char *text, struct tm_msg *msg)
{
    *f = (struct tm_flows){0};
    return tm_flows_parse(f, text, strlen(text), "flows.csv", msg);
}

static void records_are_read_by_the_names_of_columns(void)
{
    struct tm_flows f;
    struct tm_msg msg;
    struct tm_endpoint a;
    struct tm_endpoint b;
    CHECK(tm_endpoint_parse(&a, "10.0.0.1:443") && tm_endpoint_parse(&b, "[2001:db8::7]:9"));
    CHECK_INT(parse(&f,
                    HEAD ONE "2024-02-29 23:59:59.250,x,0.000,10.0.0.1,2001:db8::7,  443,9,TCP,x,1,"
                             " 40\r\n"
                             "2025-11-21 07:26:40,x,9.000,10.0.0.1,10.0.0.2,53,53,UDP,x,1,40\n"
                             "Summary\nflows,bytes\n3,4\n",
                    &msg),
              TM_OK);
    CHECK_INT(f.n, 2);
    CHECK_INT(f.v[0].from_us, 1763710000000000); /* date -u -d '2025-11-21 07:26:40' +%s */
    CHECK_INT(f.v[0].until_us, 1763710002500000);
    CHECK_INT(f.v[0].bytes, 208000);
    CHECK(tm_endpoint_is_equal(&f.v[0].src, &a));
    CHECK_INT(f.v[1].from_us, 1709251199250000); /* date -u -d '2024-02-29 23:59:59' +%s */
    CHECK_INT(f.v[1].until_us, f.v[1].from_us);
    CHECK(tm_endpoint_is_equal(&f.v[1].dst, &b));
    tm_flows_deinit(&f);
}

static void days_are_of_the_gregorian_calendar(void)
{
    static const struct {
        const char *text;
        int64_t s; /* by date -u */
    } DAY[] = {{"1970-01-01", 0},         {"1999-12-31", 946598400},  {"2000-02-29", 951782400},
               {"2000-03-01", 951868800}, {"2100-02-28", 4107456000}, {"2100-03-01", 4107542400},
               {"2026-12-31", 1798675200}};
    for (size_t i = 0; i < sizeof DAY / sizeof *DAY; i++) {
        char text[256];
        struct tm_flows f;
        struct tm_msg msg;
        (void)strcpy(text, HEAD);
        (void)strcat(strcat(text, DAY[i].text),
                     " 00:00:00,x,0.000,10.0.0.1,10.0.0.2,1,2,6,x,1,1\n");
        CHECK_INT(parse(&f, text, &msg), TM_OK);
        CHECK_INT(f.n == 1 ? f.v[0].from_us : -1, DAY[i].s * 1000000);
        tm_flows_deinit(&f);
    }
}

static void bad_lines_are_named(void)
{
#define LINE(ts, td, sa, sp, ibyt) ts ",x," td "," sa ",10.0.0.2," sp ",5000,TCP,x,1," ibyt "\n"
#define T                          "2025-11-21 07:26:40"
    static const struct {
        const char *text, *says;
    } BAD[] = {
        {"", "no record"},
        {HEAD, "no record"},
        {HEAD "No matching flows\n", "no record"},
        {"ts,te,td,sa,da,sp,dp,pr\n", "no column ibyt"},
        {HEAD ONE "1,2,3\n", "flows.csv:3: 3 columns, the head has 11"},
        {HEAD LINE("2025-13-21 07:26:40", "1.000", "10.0.0.1", "1", "1"), "flows.csv:2: ts"},
        {HEAD LINE("2025-11-21T07:26:40", "1.000", "10.0.0.1", "1", "1"), "ts"},
        {HEAD LINE("2025-11-21 07:26:40.", "1.000", "10.0.0.1", "1", "1"), "ts"},
        {HEAD LINE(T, "-1.000", "10.0.0.1", "1", "1"), "td"},
        {HEAD LINE(T, "9999999999999.0", "10.0.0.1", "1", "1"), "td"},
        {HEAD LINE(T, "1.000", "10.0.0", "1", "1"), "sa, sp"},
        {HEAD LINE(T, "1.000", "10.0.0.1", "65536", "1"), "sa, sp"},
        {HEAD LINE(T, "1.000", "10.0.0.1", "1", "1.2 M"), "run nfdump with -N"},
        {HEAD LINE(T, "1.000", "10.0.0.1", "1", "99999999999999999999"), "ibyt"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_flows f;
        struct tm_msg msg = {""};
        CHECK_INT(parse(&f, BAD[i].text, &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, BAD[i].says) != NULL);
        tm_flows_deinit(&f);
    }
}

static void check_read(const char *text, size_t len)
{
    struct tm_flows f = {0};
    struct tm_msg msg = {""};
    int rc = tm_flows_parse(&f, text, len, "x", &msg);
    CHECK(rc == TM_OK || (rc == TM_ERR_FORMAT && msg.text[0] != '\0'));
    for (size_t i = 0; i < f.n; i++)
        CHECK(f.v[i].from_us >= 0 && f.v[i].from_us <= f.v[i].until_us);
    tm_flows_deinit(&f);
}

/* Every prefix in memory of its own size, every bit, and every pair of neighbouring bits. */
static void damaged_records_are_read_or_refused(void)
{
    static const char TEXT[] = HEAD ONE ONE "Summary\n1,2\n";
    char text[sizeof TEXT];
    for (size_t len = 0; len < sizeof TEXT; len++) {
        char *part = malloc(len + 1);
        memcpy(part, TEXT, len);
        check_read(part, len);
        free(part);
    }
    for (size_t bit = 0; bit < 8 * (sizeof TEXT - 1); bit++) {
        for (size_t other = bit; other <= bit + 1 && other < 8 * (sizeof TEXT - 1); other++) {
            memcpy(text, TEXT, sizeof TEXT);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            if (other != bit)
                text[other / 8] = (char)(text[other / 8] ^ (1 << other % 8));
            check_read(text, sizeof TEXT - 1);
        }
    }
}

static const struct check_case CASES[] = {
    {"records_are_read_by_the_names_of_columns", records_are_read_by_the_names_of_columns},
    {"days_are_of_the_gregorian_calendar", days_are_of_the_gregorian_calendar},
    {"bad_lines_are_named", bad_lines_are_named},
    {"damaged_records_are_read_or_refused", damaged_records_are_read_or_refused},
};
CHECK_MAIN("flows", CASES)
