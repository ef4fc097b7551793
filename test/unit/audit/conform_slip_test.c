/* Late and short writes by their cause. */
#include <stdlib.h>
#include <string.h>

#include "audit/conform_report.h"
#include "test/support/check.h"
#include "test/unit/audit/story.h"

/* Late and explained, held back and explained, late without a word: all exact, each counted as what it is. */
static void slips_are_counted_by_cause(void)
{
    struct story s = story_new();
    s.writes[1].slip = TM_SLIP_WINDOW;
    s.writes[3].first_us += TM_SLIP_US + 1;
    s.writes[3].last_us += TM_SLIP_US + 1;
    s.writes[3].slip = TM_SLIP_MACHINE;
    struct tm_conform r = story_judge(&s);
    CHECK_INT(r.n_slips[TM_UP][TM_SLIP_MACHINE], 1);
    CHECK_INT(r.n_slips[TM_UP][TM_SLIP_WINDOW], 0);
    CHECK_INT(r.n_slips[TM_DOWN][TM_SLIP_WINDOW], 1);
    CHECK_INT(r.n_unexplained[TM_UP] + r.n_unexplained[TM_DOWN], 0);
    tm_conform_deinit(&r);
    s.writes[3].slip = TM_SLIP_NONE;
    r = story_judge(&s);
    CHECK_INT(r.n_unexplained[TM_UP], 1);
    tm_conform_deinit(&r);
}

/* In words and as JSON. */
static void the_report_has_the_causes(void)
{
    struct story s = story_new();
    struct tm_schedule schedule = {.has_side = {true, false}};
    struct tm_wire_view view = {0};
    struct tm_conform_cfg cfg = tm_conform_cfg_default();
    char *text = NULL;
    size_t len;
    s.writes[3].slip = TM_SLIP_PEER;
    struct tm_conform r = story_judge(&s);
    struct tm_conform_report report = {
        .result = &r, .schedule = &schedule, .view = &view, .cfg = &cfg, .capture_name = "x"};
    FILE *f = open_memstream(&text, &len);
    CHECK_INT(tm_conform_report_text(&report, f), TM_OK);
    CHECK_INT(tm_conform_report_json(&report, f), TM_OK);
    (void)fclose(f);
    CHECK(strstr(text,
                 "slips, by cause   machine  compose  network   window     peer  unexplained\n"
                 "up                      0        0        0        0        1            0\n"
                 "down                    0        0        0        0        0            0\n") !=
          NULL);
    CHECK(strstr(text,
                 "\"slips\":{\"machine\":0,\"compose\":0,\"network\":0,\"window\":0,\"peer\":1,"
                 "\"unexplained\":0}") != NULL);
    free(text);
    tm_conform_deinit(&r);
}

static const struct check_case CASES[] = {
    {"slips_are_counted_by_cause", slips_are_counted_by_cause},
    {"the_report_has_the_causes", the_report_has_the_causes},
};
CHECK_MAIN("conform_slip", CASES)
