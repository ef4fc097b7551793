/* test/unit/base/err_test.c - a text for every code, messages that are cut and not overrun, assertions
 * that stop the process. */
#include "tm/base/err.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "test/support/check.h"
#include "test/support/stderr_of.h"

static void every_code_has_a_text_of_its_own(void)
{
    CHECK_STR(tm_strerror(TM_OK), "no error");
    for (int a = TM_OK; a >= TM_ERR_TLS; a--) {
        CHECK(strcmp(tm_strerror(a), "unknown error") != 0);
        for (int b = TM_OK; b > a; b--)
            CHECK(strcmp(tm_strerror(a), tm_strerror(b)) != 0);
    }
}

static void foreign_codes_are_unknown(void)
{
    CHECK_STR(tm_strerror(1), "unknown error");
    CHECK_STR(tm_strerror(TM_ERR_TLS - 1), "unknown error");
    CHECK_STR(tm_strerror(INT32_MIN), "unknown error");
}

static void message_is_formatted_and_the_code_returned(void)
{
    struct tm_msg msg;
    CHECK_INT(tm_msg_set(&msg, TM_ERR_RANGE, "line %d: %s", 12, "too big"), TM_ERR_RANGE);
    CHECK_STR(msg.text, "line 12: too big");
    CHECK_INT(tm_msg_set(NULL, TM_ERR_DB, "nobody %s", "reads this"), TM_ERR_DB);
}

static void long_message_is_cut_at_the_end_of_the_field(void)
{
    char longer[2 * sizeof(struct tm_msg)];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct {
        struct tm_msg msg;
        char after;
    } m = {.after = 'z'};
    CHECK_INT(tm_msg_set(&m.msg, TM_ERR_FORMAT, "%s", longer), TM_ERR_FORMAT);
    CHECK_INT(strlen(m.msg.text), sizeof m.msg.text - 1);
    CHECK_INT(m.after, 'z');
}

static void break_order(void)
{
    int left = 3;
    int right = 2;
    TM_ASSERT_LE(left, right);
}

static void break_equality(void)
{
    long long left = -1;
    TM_ASSERT_EQ(left, 4);
}

static void break_condition(void)
{
    TM_ASSERT(1 > 2);
}

static void keep_all(void)
{
    TM_ASSERT(2 > 1);
    TM_ASSERT_LE(2, 2);
    TM_ASSERT_EQ(2, 2);
}

static void broken_invariant_prints_its_values_and_aborts(void)
{
    static const struct {
        void (*fn)(void);
        const char *text;
    } broken[] = {
        {break_order, ": broken invariant: left <= right (3, 2)\n"},
        {break_equality, ": broken invariant: left == 4 (-1, 4)\n"},
        {break_condition, ": broken invariant: 1 > 2 (0, 0)\n"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char text[1024];
        int status = stderr_of(broken[i].fn, text, sizeof text);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        CHECK(strstr(text, broken[i].text) != NULL);
        CHECK(strstr(text, "err_test.c:") != NULL);
    }
}

static void kept_invariants_are_silent(void)
{
    char text[64];
    int status = stderr_of(keep_all, text, sizeof text);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STR(text, "");
}

static const struct check_case cases[] = {
    {"every_code_has_a_text_of_its_own", every_code_has_a_text_of_its_own},
    {"foreign_codes_are_unknown", foreign_codes_are_unknown},
    {"message_is_formatted_and_the_code_returned", message_is_formatted_and_the_code_returned},
    {"long_message_is_cut_at_the_end_of_the_field", long_message_is_cut_at_the_end_of_the_field},
    {"broken_invariant_prints_its_values_and_aborts",
     broken_invariant_prints_its_values_and_aborts},
    {"kept_invariants_are_silent", kept_invariants_are_silent},
};
CHECK_MAIN("err", cases)
