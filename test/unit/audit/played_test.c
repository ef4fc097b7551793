#include "audit/played.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

/* The server of the second connection speaks first. */
static const char FILE_TEXT[] =
    "{\"t\":\"schedule\",\"v\":1}\n"
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":400,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"up\",\"size\":200,\"ref\":0,\"gap\":3}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":2,\"dir\":\"down\",\"size\":4000,\"ref\":1,\"gap\":9000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":3,\"dir\":\"up\",\"size\":90,\"ref\":2,\"gap\":100}\n"
    "{\"t\":\"close\",\"c\":0,\"gap\":70}\n"
    "{\"t\":\"open\",\"c\":1,\"user\":0,\"ref\":\"ended\",\"gap\":5}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"down\",\"size\":300,\"ref\":-1,\"gap\":4000}\n"
    "{\"t\":\"close\",\"c\":1,\"gap\":0}\n";

/* What a run of it logs: the ClientHello joined, the answer to the flight later, a ClientHello in front. */
static const char *const LOG[] = {
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"index\":0,\"src\":2,\"ref\":\"origin\",\"gap\":0,"
    "\"event\":0,"
    "\"due\":0,\"prep\":0}\n",
    "{\"t\":\"write\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":600,\"ref\":-1,\"gap\":0,\"event\":1,"
    "\"due\":1,\"first\":1,\"last\":1,\"unsent\":0}\n",
    "{\"t\":\"recv\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":4000,\"ref\":0,\"gap\":9000,\"at\":"
    "9}\n",
    "{\"t\":\"write\",\"c\":0,\"i\":2,\"dir\":\"up\",\"size\":90,\"ref\":1,\"gap\":2000,\"event\":"
    "9,"
    "\"due\":2009,\"first\":2009,\"last\":2009,\"unsent\":0}\n",
    "{\"t\":\"close\",\"c\":0,\"event\":2009,\"gap\":70,\"due\":2079}\n",
    "{\"t\":\"open\",\"c\":1,\"user\":0,\"index\":1,\"src\":2,\"ref\":\"ended\",\"gap\":5,"
    "\"event\":3000,"
    "\"due\":3005,\"prep\":3005}\n",
    "{\"t\":\"write\",\"c\":1,\"i\":0,\"dir\":\"up\",\"size\":480,\"ref\":-1,\"gap\":0,\"event\":"
    "3010,"
    "\"due\":3010,\"first\":3010,\"last\":3010,\"unsent\":0}\n",
    "{\"t\":\"recv\",\"c\":1,\"i\":1,\"dir\":\"down\",\"size\":300,\"ref\":0,\"gap\":4000,\"at\":"
    "7100}\n",
    "{\"t\":\"close\",\"c\":1,\"event\":7100,\"gap\":0,\"due\":7100}\n"};
#define N_LINES (sizeof LOG / sizeof LOG[0])

/* The log, with `from` in it replaced by `to`; NULL: as it is, but with `to` of another file. */
static int play(struct tm_played *out, const char *from, const char *to, struct tm_msg *msg)
{
    struct tm_schedfile f = {0};
    struct tm_schedule s = {0};
    uint8_t digest[TM_DIGEST_LEN];
    static char text[8192], changed[2 * sizeof text];
    CHECK_INT(tm_schedfile_read(&f, FILE_TEXT, sizeof FILE_TEXT - 1, "x", NULL), TM_OK);
    tm_schedfile_digest(&f, digest);
    digest[7] ^= (uint8_t)(!from && to);
    int n =
        snprintf(text, sizeof text,
                 "{\"t\":\"session\",\"v\":1,\"side\":\"client\",\"master\":\"client\",\"plan\":"
                 "\"embedded\",\"model\":\"schedule\",\"digest\":\"");
    for (size_t i = 0; i < 8; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%02x", digest[i]);
    n += snprintf(text + n, sizeof text - (size_t)n,
                  "\",\"seed\":\"00000000000000000000000000000000\",\"users\":1,\"pace_ms\":0,"
                  "\"prep_us\":2000,\"wall_minus_mono_us\":0}\n");
    for (size_t i = 0; i < N_LINES; i++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s", LOG[i]);
    const char *at = from ? strstr(text, from) : text;
    CHECK(at != NULL);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, from ? to : "",
                   at + (from ? strlen(from) : 0));
    struct tm_msg why = {""};
    CHECK_INT(tm_schedule_add(&s, changed, strlen(changed), "log", &why), TM_OK);
    CHECK_STR(why.text, "");
    int rc = tm_played_compare(out, &s, &f, "x", msg);
    tm_schedule_deinit(&s);
    tm_schedfile_deinit(&f);
    return rc;
}

static void what_a_projection_does_is_counted(void)
{
    struct tm_played p;
    struct tm_msg msg = {""};
    CHECK_INT(play(&p, NULL, NULL, &msg), TM_OK);
    CHECK_INT(p.n_conns, 2);
    CHECK_INT(p.n_opened, 2);
    CHECK_INT(p.n_carriers, 2);
    CHECK_INT(p.n_writes, 5);
    CHECK_INT(p.n_as_written, 1); /* the first flight alone */
    CHECK_INT(p.n_added, 1);
    CHECK_INT(p.n_wrong, 0);
    CHECK_STR(p.first.text, "");
}

#define FROM_HELLO(hello, fin)                                                                     \
    "\"size\":" hello                                                                              \
    ",\"ref\":-1,\"gap\":0,\"event\":1,\"due\":1,\"first\":1,\"last\":1,\"unsent\":0}\n"           \
    "{\"t\":\"recv\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":4000,\"ref\":0,\"gap\":9000,"       \
    "\"at\":9}\n"                                                                                  \
    "{\"t\":\"write\",\"c\":0,\"i\":2,\"dir\":\"up\",\"size\":" fin

static void what_was_added_may_be_taken_from_a_later_write_and_no_more(void)
{
    struct tm_played p;
    struct tm_msg msg = {""};
    CHECK_INT(play(&p, FROM_HELLO("600", "90"), FROM_HELLO("605", "85"), &msg), TM_OK);
    CHECK_INT(p.n_wrong, 0);
    CHECK_INT(play(&p, FROM_HELLO("600", "90"), FROM_HELLO("605", "84"), &msg), TM_OK);
    CHECK_INT(p.n_wrong, 1);
    CHECK_INT(play(&p, FROM_HELLO("600", "90"), FROM_HELLO("605", "90"), &msg), TM_OK);
    CHECK_INT(p.n_wrong, 0);
}

static void what_no_projection_does_is_wrong(void)
{
    static const struct {
        const char *from, *to, *says;
    } row[] = {
        {"\"size\":4000", "\"size\":3999", "has 3999 bytes, write 2 of the file 4000"},
        {"\"gap\":9000", "\"gap\":8999", "has a gap of 8999 us"},
        {"\"ref\":\"ended\"", "\"ref\":\"prev\"", "opens after another event"},
        {"\"gap\":5,", "\"gap\":6,", "opens after another event or gap"},
        {"\"gap\":70", "\"gap\":71", "closes 71 us after its event, in the file 70"},
        {"\"user\":0,\"index\":1", "\"user\":3,\"index\":1", "user 3 has no connection"},
        {"{\"t\":\"close\",\"c\":1",
         "{\"t\":\"recv\",\"c\":1,\"i\":2,\"dir\":\"down\",\"size\":30,\"ref\":1,\"gap\":4,\"at\":"
         "7105}"
         "\n{\"t\":\"close\",\"c\":1",
         "it has 3 writes, the file 1"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct tm_played p;
        struct tm_msg msg = {""};
        CHECK_INT(play(&p, row[i].from, row[i].to, &msg), TM_OK);
        CHECK_INT(p.n_wrong, 1);
        if (!strstr(p.first.text, row[i].says))
            CHECK_STR(p.first.text, row[i].says);
    }
}

static void a_connection_that_was_not_opened_is_missing(void)
{
    struct tm_played p;
    struct tm_msg msg = {""};
    CHECK_INT(play(&p, LOG[5], "", &msg), TM_OK);
    CHECK_INT(p.n_opened, 1);
    CHECK_INT(p.n_carriers, 1);
    CHECK_INT(p.n_wrong, 0);
}

static void the_log_of_another_file_proves_nothing(void)
{
    struct tm_played p;
    struct tm_msg msg = {""};
    CHECK_INT(play(&p, NULL, "", &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "not of a run of x as it is now") != NULL);
}

static const struct check_case cases[] = {
    {"what_a_projection_does_is_counted", what_a_projection_does_is_counted},
    {"what_was_added_may_be_taken_from_a_later_write_and_no_more",
     what_was_added_may_be_taken_from_a_later_write_and_no_more},
    {"what_no_projection_does_is_wrong", what_no_projection_does_is_wrong},
    {"a_connection_that_was_not_opened_is_missing", a_connection_that_was_not_opened_is_missing},
    {"the_log_of_another_file_proves_nothing", the_log_of_another_file_proves_nothing},
};
CHECK_MAIN("audit_played", cases)
