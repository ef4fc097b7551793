/* Labels, and the traces that are cut by them. */
#include "audit/wf/visits.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "audit/wf/cut.h"
#include "test/support/check.h"

#define HEAD "from_us,until_us,client,page\n"

static int parse(struct tm_visits *v, const char *text, struct tm_msg *msg)
{
    *v = (struct tm_visits){0};
    return tm_visits_parse(v, text, strlen(text), "visits.csv", msg);
}

static void address(uint8_t out[TM_ADDR_LEN], const char *text)
{
    memset(out, 0, TM_ADDR_LEN);
    out[10] = out[11] = 0xff;
    CHECK_INT(inet_pton(AF_INET, text, out + 12), 1);
}

static void visits_are_found_by_client_and_time(void)
{
    struct tm_visits v;
    struct tm_msg msg;
    uint8_t a[TM_ADDR_LEN];
    uint8_t b[TM_ADDR_LEN];
    address(a, "10.0.0.1");
    address(b, "10.0.0.2");
    CHECK_INT(parse(&v,
                    "# two clients\n" HEAD "500,900,10.0.0.1,start\n\n100,300,10.0.0.1,-\n"
                    "200,600,10.0.0.2,news\r\n300,400,2001:db8::1,start\n",
                    &msg),
              TM_OK);
    CHECK_INT(v.n, 4);
    CHECK_INT(v.n_names, 2);
    CHECK(tm_visits_find(&v, a, 99) == NULL);
    CHECK_INT(tm_visits_find(&v, a, 100)->page, TM_VISIT_OTHER);
    CHECK_INT(tm_visits_find(&v, a, 299)->line, 5);
    CHECK(tm_visits_find(&v, a, 300) == NULL);
    CHECK_STR(v.names[tm_visits_find(&v, a, 500)->page], "start");
    CHECK_STR(v.names[tm_visits_find(&v, b, 599)->page], "news");
    CHECK(tm_visits_find(&v, b, 700) == NULL);
    tm_visits_deinit(&v);
}

static void windows_of_one_length_do_not_reach_into_the_next_visit(void)
{
    struct tm_visits v;
    struct tm_msg msg;
    const char *text = HEAD "100,200,10.0.0.1,a\n500,900,10.0.0.1,b\n";
    CHECK_INT(parse(&v, text, &msg), TM_OK);
    CHECK_INT(tm_visits_cut(&v, 400, "visits.csv", &msg), TM_OK);
    CHECK_INT(v.v[0].until_us, 500);
    CHECK_INT(v.v[1].until_us, 900);
    CHECK_INT(tm_visits_cut(&v, 401, "visits.csv", &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "visits.csv:2") && strstr(msg.text, "line 3"));
    tm_visits_deinit(&v);
}

static void bad_lines_are_named(void)
{
    static const struct {
        const char *text, *says;
    } BAD[] = {
        {"", "names no visit"},
        {HEAD, "names no visit"},
        {"from,until\n1,2\n", "visits.csv:1"},
        {HEAD "1,2,10.0.0.1\n", "visits.csv:2"},
        {HEAD "1,2,10.0.0,a\n", "no address"},
        {HEAD "2,2,10.0.0.1,a\n", "not after"},
        {HEAD "x,2,10.0.0.1,a\n", "from_us"},
        {HEAD "1,5,10.0.0.1,a\n4,9,10.0.0.1,b\n", "visits.csv:3: the visit begins before"},
    };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct tm_visits v;
        struct tm_msg msg = {""};
        CHECK_INT(parse(&v, BAD[i].text, &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, BAD[i].says) != NULL);
        tm_visits_deinit(&v);
    }
}

/* Every prefix, and every byte changed in each of its bits: refused or read, never more. */
static void damaged_labels_are_read_or_refused(void)
{
    static const char TEXT[] =
        HEAD "100,300,10.0.0.1,-\n500,900,10.0.0.1,start\n300,400,2001:db8::1,start\n";
    struct tm_visits v;
    struct tm_msg msg;
    char text[sizeof TEXT];
    for (size_t len = 0; len < sizeof TEXT; len++) {
        char *part = malloc(len + 1); /* its own size: nothing may be read behind it */
        memcpy(part, TEXT, len);
        v = (struct tm_visits){0};
        (void)!tm_visits_parse(&v, part, len, "x", &msg);
        tm_visits_deinit(&v);
        free(part);
    }
    for (size_t bit = 0; bit < 8 * (sizeof TEXT - 1); bit++) {
        memcpy(text, TEXT, sizeof TEXT);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        v = (struct tm_visits){0};
        int rc = tm_visits_parse(&v, text, sizeof TEXT - 1, "x", &msg);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        tm_visits_deinit(&v);
    }
}

static struct tm_packet packet(const char *src, const char *dst, int64_t t_us, uint32_t len)
{
    struct tm_packet p = {.t_us = t_us, .payload_len = len};
    address(p.src, src);
    address(p.dst, dst);
    return p;
}

static void a_visit_is_what_its_client_sent_and_received_meanwhile(void)
{
    const struct tm_packet P[] = {
        packet("10.0.0.1", "10.9.0.1", 90, 10),   /* before */
        packet("10.0.0.1", "10.9.0.1", 110, 11),  /* up */
        packet("10.9.0.2", "10.0.0.1", 130, 13),  /* down, another server, not in order */
        packet("10.9.0.1", "10.0.0.1", 120, 12),  /* down */
        packet("10.9.0.1", "10.0.0.1", 125, 0),   /* without payload */
        packet("10.9.0.1", "10.0.0.1", 300, 14),  /* behind */
        packet("10.0.0.1", "10.9.0.1", 510, 15),  /* of the next visit, which has none down */
        packet("10.7.0.1", "10.8.0.1", 130, 100), /* of nobody */
    };
    struct tm_visits v;
    struct tm_cut *c = NULL;
    struct tm_trace_set set = {0};
    struct tm_cut_counts n = {0};
    struct tm_msg msg;
    CHECK_INT(parse(&v, HEAD "100,300,10.0.0.1,-\n500,900,10.0.0.1,start\n", &msg), TM_OK);
    CHECK_INT(tm_cut_new(&c, &v), TM_OK);
    for (size_t i = 0; i < sizeof P / sizeof *P; i++)
        CHECK_INT(tm_cut_packet(c, &P[i]), TM_OK);
    CHECK_INT(tm_cut_end(c, &set, &n), TM_OK);
    CHECK_INT(n.n_packets, 7);
    CHECK_INT(n.n_outside, 3);
    CHECK_INT(n.n_visits, 2);
    CHECK_INT(n.n_silent, 1);
    CHECK_INT(set.n, 1);
    CHECK_STR(set.names[set.v[0].cls], "-");
    CHECK_INT(set.v[0].start_us, 100);
    CHECK_INT(set.v[0].duration_us, 200);
    CHECK_INT(set.v[0].n_packets, 3);
    const struct tm_trace_packet *p = tm_trace_packets(&set, &set.v[0]);
    const int WANT[3][3] = {{10, 11, TM_UP}, {20, 12, TM_DOWN}, {30, 13, TM_DOWN}};
    for (int i = 0; i < 3; i++) {
        CHECK_INT(p[i].t_us, WANT[i][0]);
        CHECK_INT(p[i].bytes, WANT[i][1]);
        CHECK_INT(p[i].dir, WANT[i][2]);
    }
    tm_cut_free(c);
    tm_trace_set_deinit(&set);
    tm_visits_deinit(&v);
}

static const struct check_case CASES[] = {
    {"visits_are_found_by_client_and_time", visits_are_found_by_client_and_time},
    {"windows_of_one_length_do_not_reach_into_the_next_visit",
     windows_of_one_length_do_not_reach_into_the_next_visit},
    {"bad_lines_are_named", bad_lines_are_named},
    {"damaged_labels_are_read_or_refused", damaged_labels_are_read_or_refused},
    {"a_visit_is_what_its_client_sent_and_received_meanwhile",
     a_visit_is_what_its_client_sent_and_received_meanwhile},
};
CHECK_MAIN("visits", CASES)
