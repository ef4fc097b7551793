/* test/unit/sim/workload_test.c - workload files: what is read, what is refused and why. */
#include "tm/sim/workload.h"

#include <string.h>

#include "test/support/check.h"
#include "test/support/oom.h"

static struct tm_workload w;
static struct tm_msg msg;

static int read_text(const char *text)
{
    msg.text[0] = '\0';
    return tm_workload_read(&w, text, strlen(text), "w.jsonl", &msg);
}

static const char good[] =
    "# two pages and an upload\n"
    "{\"at_us\": 1500000, \"up_bytes\": 600, \"down_bytes\": 48000}\n"
    "\n"
    "  \t\r\n"
    "{\"down_bytes\":0,\"up_bytes\":1000000,\"at_us\":0}\r\n"
    " # indented\n"
    "{\"at_us\": 2678400000000, \"up_bytes\": 1099511627776, \"down_bytes\": 1}";

static void lines_come_in_the_order_of_the_file(void)
{
    CHECK_INT(read_text(good), TM_OK);
    CHECK_INT(w.n, 3);
    CHECK_INT(w.line[0].at_us, 1500000);
    CHECK_INT(w.line[0].up_bytes, 600);
    CHECK_INT(w.line[0].down_bytes, 48000);
    CHECK_INT(w.line[1].at_us, 0);
    CHECK_INT(w.line[1].up_bytes, 1000000);
    CHECK_INT(w.line[1].down_bytes, 0);
    CHECK_INT(w.line[2].up_bytes, TM_WORKLOAD_BYTES_MAX);
    tm_workload_deinit(&w);
}

static void what_is_wrong_is_said_with_its_line(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "w.jsonl: no transfer in it"},
        {"# nothing\n", "w.jsonl: no transfer in it"},
        {"{\"at_us\":0,\"up_bytes\":1}", "w.jsonl:1: the transfer has no \"down_bytes\""},
        {"\n{\"up_bytes\":1,\"down_bytes\":1}", "w.jsonl:2: the transfer has no \"at_us\""},
        {"{\"at_us\":0,\"at_us\":0}", "w.jsonl:1: \"at_us\" a second time"},
        {"{\"at\":0}", "w.jsonl:1: a transfer has no \"at\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(read_text(bad[i].text), TM_ERR_FORMAT);
        CHECK_STR(msg.text, bad[i].why);
        CHECK_INT(w.n, 0);
    }
    static const char *const worse[] = {
        "{\"at_us\":-1,\"up_bytes\":1,\"down_bytes\":1}",
        "{\"at_us\":2678400000001,\"up_bytes\":1,\"down_bytes\":1}",
        "{\"at_us\":0,\"up_bytes\":1099511627777,\"down_bytes\":1}",
        "{\"at_us\":0,\"up_bytes\":1.5,\"down_bytes\":1}",
        "{\"at_us\":0,\"up_bytes\":1,\"down_bytes\":1} {",
        "[]",
        "0",
    };
    for (size_t i = 0; i < sizeof worse / sizeof worse[0]; i++) {
        CHECK_INT(read_text(worse[i]), TM_ERR_FORMAT);
        CHECK(strncmp(msg.text, "w.jsonl:1: ", 11) == 0);
    }
}

/* Nothing is read beyond the text, and what is read is within the limits. */
static void damaged_files_are_refused_or_read_within_limits(void)
{
    char text[sizeof good];
    for (size_t len = 0; len < sizeof good; len++) {
        if (tm_workload_read(&w, good, len, "w", NULL) == TM_OK)
            CHECK(w.n >= 1 && w.n <= 3);
        tm_workload_deinit(&w);
    }
    for (size_t bit = 0; bit < 8 * (sizeof good - 1); bit++) {
        memcpy(text, good, sizeof good);
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        if (tm_workload_read(&w, text, sizeof good - 1, "w", &msg) == TM_OK) {
            for (size_t i = 0; i < w.n; i++)
                CHECK(w.line[i].at_us >= 0 && w.line[i].at_us <= TM_WORKLOAD_TIME_MAX &&
                      w.line[i].up_bytes <= TM_WORKLOAD_BYTES_MAX);
        }
        tm_workload_deinit(&w);
    }
}

static void without_memory_nothing_is_left(void)
{
    unsigned long n = 0;
    int rc;
    do {
        oom_fail_after(++n);
        rc = read_text(good);
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (rc != TM_OK)
            CHECK(w.line == NULL);
    } while (oom_hit());
    CHECK(n > 1);
    tm_workload_deinit(&w);
}

static const struct check_case cases[] = {
    {"lines_come_in_the_order_of_the_file", lines_come_in_the_order_of_the_file},
    {"what_is_wrong_is_said_with_its_line", what_is_wrong_is_said_with_its_line},
    {"damaged_files_are_refused_or_read_within_limits",
     damaged_files_are_refused_or_read_within_limits},
    {"without_memory_nothing_is_left", without_memory_nothing_is_left},
};
CHECK_MAIN("workload", cases)
