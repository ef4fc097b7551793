/* Tables that people write: heads, lines, and how mistakes are told. */
#include <string.h>

#include "audit/features/sheet.h"
#include "test/support/check.h"

struct seen {
    unsigned n;
    int64_t sum;
    uint32_t last_line;
};

static int on_row(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct seen *seen = user;
    int64_t v = 0;
    int rc = tm_sheet_number(at, "much", field[1], 100, &v);
    seen->n++;
    seen->sum += v;
    seen->last_line = at->line;
    return rc;
}

static int read_text(const char *text, struct seen *seen, bool *has_head, struct tm_msg *msg)
{
    const struct tm_sheet sheet = {"fruit", "what,much", on_row, seen};
    *seen = (struct seen){0};
    return tm_sheet_read(&sheet, text, strlen(text), "f.csv", has_head, msg);
}

static void every_line_behind_the_head_is_a_row(void)
{
    struct seen seen;
    struct tm_msg msg;
    bool has_head;
    CHECK_INT(read_text("# fruit\n\nwhat,much\r\npear,3\n# and\n\nfig,4", &seen, &has_head, &msg),
              TM_OK);
    CHECK(has_head);
    CHECK_INT(seen.n, 2);
    CHECK_INT(seen.sum, 7);
    CHECK_INT(seen.last_line, 7);
    CHECK_INT(read_text("", &seen, &has_head, &msg), TM_OK);
    CHECK(!has_head);
}

static void mistakes_name_the_line(void)
{
    static const struct {
        const char *text, *said;
    } all[] = {
        {"what;much\n", "f.csv:1: not a file of fruit: its head must be what,much"},
        {"what,much\npear\n", "f.csv:2: 1 fields; wanted 2: what,much"},
        {"what,much\np,1\npear,1,1\n", "f.csv:3: 3 fields; wanted 2: what,much"},
        {"what,much\n,,,,,,,,,,,,,,,,,,\n", "f.csv:2: 19 fields; wanted 2: what,much"},
        {"what,much\npear,\n", "f.csv:2: much is empty"},
        {"what,much\n,1\n", "f.csv:2: what is empty"},
        {"what,much\npear,101\n", "f.csv:2: much \"101\": a whole number from 0 to 100 is wanted"},
        {"what,much\npear,-1\n", "f.csv:2: much \"-1\": a whole number from 0 to 100 is wanted"},
        {"what,much\npear,99999999999999999999\n",
         "f.csv:2: much \"99999999999999999999\": a whole number from 0 to 100 is wanted"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct seen seen;
        struct tm_msg msg;
        bool has_head;
        CHECK_INT(read_text(all[i].text, &seen, &has_head, &msg), TM_ERR_FORMAT);
        CHECK_STR(msg.text, all[i].said);
    }
}

static void binary_data_is_no_table(void)
{
    const struct tm_sheet sheet = {"fruit", "what,much", on_row, NULL};
    struct tm_msg msg;
    bool has_head;
    CHECK_INT(tm_sheet_read(&sheet, "what,much\n\0", 11, "f.csv", &has_head, &msg), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "f.csv: not a file of fruit: binary data");
}

static const struct check_case cases[] = {
    {"every_line_behind_the_head_is_a_row", every_line_behind_the_head_is_a_row},
    {"mistakes_name_the_line", mistakes_name_the_line},
    {"binary_data_is_no_table", binary_data_is_no_table},
};
CHECK_MAIN("sheet", cases)
