#include "tm/mbsim/trace.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static int parse(struct tm_mbsim_trace *t, const char *text, struct tm_msg *msg)
{
    *t = (struct tm_mbsim_trace){.n = 0};
    return tm_mbsim_trace_parse(t, text, strlen(text), msg);
}

static void check_packet(const struct tm_mbsim_packet *p, int64_t t_ns, uint32_t size_bytes,
                         bool is_sent)
{
    CHECK_INT(p->t_ns, t_ns);
    CHECK_INT(p->size_bytes, size_bytes);
    CHECK_INT(p->is_sent, is_sent);
}

static void lines_of_every_kind_are_read(void)
{
    struct tm_mbsim_trace t;
    CHECK_INT(parse(&t, "0,s,512\n 5 ,r\r\n+7,sn,x\n9,rn,1,2\n\nno comma\n11,s", NULL), TM_OK);
    CHECK_INT(t.n, 5);
    check_packet(&t.packets[0], 0, 512, true);
    check_packet(&t.packets[1], 5, 0, false);
    check_packet(&t.packets[2], 7, 0, true);
    check_packet(&t.packets[3], 9, 0, false);
    check_packet(&t.packets[4], 11, 0, true);
    tm_mbsim_trace_deinit(&t);
}

static void padding_is_passed_over(void)
{
    struct tm_mbsim_trace t;
    CHECK_INT(parse(&t, "0,sp,1\n1,rp\n2,s\n", NULL), TM_OK);
    CHECK_INT(t.n, 1);
    check_packet(&t.packets[0], 2, 0, true);
    tm_mbsim_trace_deinit(&t);
}

static void bad_lines_are_named(void)
{
    static const char *const bad[] = {
        "x,s",   ",s",    "-1,s",
        "1.5,s", "0,",    "0,x",
        "0,S",   "0, s",  "0,s ",
        "0,ss",  "0,q,5", "1000000000000000001,s",
        "0,spx", "+,s",   "99999999999999999999,r",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_mbsim_trace t;
        struct tm_msg msg = {""};
        char text[64] = "0,s\n";
        strcat(text, bad[i]); /* NOLINT: shorter */
        CHECK_INT(parse(&t, text, &msg), TM_ERR_FORMAT);
        CHECK(strncmp(msg.text, "line 2: ", 8) == 0);
        tm_mbsim_trace_deinit(&t);
    }
}

static void sorting_keeps_equal_times_in_order(void)
{
    struct tm_mbsim_trace t = {.n = 0};
    for (uint32_t i = 0; i < 101; i++) {
        const struct tm_mbsim_packet p = {.t_ns = (i * 37) % 10, .size_bytes = i};
        CHECK_INT(tm_mbsim_trace_add(&t, &p), TM_OK);
    }
    CHECK_INT(tm_mbsim_trace_sort(&t), TM_OK);
    for (size_t i = 1; i < t.n; i++) {
        const struct tm_mbsim_packet *a = &t.packets[i - 1], *b = &t.packets[i];
        CHECK(a->t_ns < b->t_ns || (a->t_ns == b->t_ns && a->size_bytes < b->size_bytes));
    }
    tm_mbsim_trace_deinit(&t);
}

/* Every flip of a bit, and every cut: read or refused, never past the end. */
static void damaged_text_is_read_or_refused(void)
{
    static const char text[] = "0,s,512\n19,r\r\n20,sp\n 21 ,rn,7\n";
    for (size_t bit = 0; bit < 8 * (sizeof text - 1); bit++) {
        char *copy = malloc(sizeof text - 1); /* the exact length, so that a sanitizer sees more */
        struct tm_mbsim_trace t = {.n = 0};
        struct tm_msg msg = {""};
        memcpy(copy, text, sizeof text - 1);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        const int rc = tm_mbsim_trace_parse(&t, copy, sizeof text - 1 - bit % 3, &msg);
        CHECK(rc == TM_OK ? t.n <= 4 : rc == TM_ERR_FORMAT && msg.text[0] != '\0');
        tm_mbsim_trace_deinit(&t);
        free(copy);
    }
    for (size_t len = 0; len < sizeof text; len++) {
        struct tm_mbsim_trace t = {.n = 0};
        const int rc = tm_mbsim_trace_parse(&t, text, len, NULL);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        tm_mbsim_trace_deinit(&t);
    }
}

static const struct check_case cases[] = {
    {"lines_of_every_kind_are_read", lines_of_every_kind_are_read},
    {"padding_is_passed_over", padding_is_passed_over},
    {"bad_lines_are_named", bad_lines_are_named},
    {"sorting_keeps_equal_times_in_order", sorting_keeps_equal_times_in_order},
    {"damaged_text_is_read_or_refused", damaged_text_is_read_or_refused},
};

CHECK_MAIN("mbsim/trace", cases)
