/* test/unit/core/eyeballs_test.c - RFC 8305 on a virtual clock: a network of which one knows how long everything takes. */
#include "tm/core/eyeballs.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define MS 1000

struct world {
    int answer_ms[TM_FAMILY_N]; /* when the resolver says what it has; -1: never */
    size_t n[TM_FAMILY_N];
    int connect_ms
        [TM_FAMILY_N]; /* from its begin to an attempt's success; negative: to its failure, 0: at once; NEVER: nothing */
};
#define NEVER 1000000

/* Plays a name's connection: what was tried when, as "6.0@50 4.0@300 =4.0@320", or "lost@T" at its end. */
static const char *play(const struct world *w)
{
    static char text[512];
    struct tm_eyeballs e;
    struct {
        enum tm_family family;
        size_t index;
        int at_ms;
        bool is_over;
    } attempt[32];
    size_t n = 0, len = 0;
    tm_eyeballs_init(&e);
    text[0] = '\0';
    for (int ms = 0; ms < 20000; ms++) {
        for (int f = 0; f < TM_FAMILY_N; f++)
            if (w->answer_ms[f] == ms)
                tm_eyeballs_found(&e, (enum tm_family)f, w->n[f], ms * MS);
        for (size_t i = 0; i < n; i++) {
            int took = w->connect_ms[attempt[i].family];
            if (attempt[i].is_over || ms < attempt[i].at_ms + (took < 0 ? -took : took))
                continue;
            attempt[i].is_over = true;
            if (took > 0) {
                (void)snprintf(text + len, sizeof text - len, "=%d.%zu@%d",
                               attempt[i].family == TM_FAMILY_V6 ? 6 : 4, attempt[i].index, ms);
                return text;
            }
            tm_eyeballs_failed(&e, ms * MS);
        }
        enum tm_family family;
        size_t index;
        bool is_due = tm_eyeballs_next_us(&e) <= ms * MS;
        size_t n_before = n;
        while (tm_eyeballs_next(&e, ms * MS, &family, &index)) {
            CHECK(n < 32);
            attempt[n].family = family;
            attempt[n].index = index;
            attempt[n].at_ms = ms;
            attempt[n++].is_over = w->connect_ms[family] == 0;
            len += (size_t)snprintf(text + len, sizeof text - len, "%d.%zu@%d ",
                                    family == TM_FAMILY_V6 ? 6 : 4, index, ms);
            if (w->connect_ms[family] == 0)
                tm_eyeballs_failed(&e, ms * MS);
        }
        CHECK_INT(n > n_before, is_due);
        if (tm_eyeballs_is_lost(&e)) {
            (void)snprintf(text + len, sizeof text - len, "lost@%d", ms);
            return text;
        }
    }
    return text;
}

static void ipv6_is_tried_first_and_at_once(void)
{
    CHECK_STR(play(&(struct world){{3, 9}, {1, 1}, {20, 20}}), "6.0@3 =6.0@23");
    CHECK_STR(play(&(struct world){{3, 1}, {1, 1}, {20, 20}}), "6.0@3 =6.0@23");
}

static void ipv4_waits_50_ms_for_the_other_answer(void)
{
    CHECK_STR(play(&(struct world){{40, 5}, {1, 1}, {20, 20}}), "6.0@40 =6.0@60");
    CHECK_STR(play(&(struct world){{400, 5}, {1, 1}, {20, 20}}), "4.0@55 =4.0@75");
    CHECK_STR(play(&(struct world){{-1, 5}, {0, 1}, {20, 20}}), "4.0@55 =4.0@75");
    CHECK_STR(play(&(struct world){{10, 5}, {0, 1}, {20, 20}}), "4.0@10 =4.0@30");
}

static void a_silent_family_costs_250_ms(void)
{
    CHECK_STR(play(&(struct world){{1, 1}, {1, 1}, {NEVER, 20}}), "6.0@1 4.0@251 =4.0@271");
    CHECK_STR(play(&(struct world){{1, 1}, {1, 1}, {260, 20}}), "6.0@1 4.0@251 =6.0@261");
}

static void families_alternate_while_both_have_addresses(void)
{
    CHECK_STR(play(&(struct world){{1, 1}, {3, 1}, {NEVER, NEVER}}),
              "6.0@1 4.0@251 6.1@501 6.2@751 ");
    CHECK_STR(play(&(struct world){{1, 1}, {1, 3}, {NEVER, NEVER}}),
              "6.0@1 4.0@251 4.1@501 4.2@751 ");
}

static void a_failure_brings_the_next_attempt_at_once(void)
{
    CHECK_STR(play(&(struct world){{1, 1}, {2, 1}, {-10, 20}}), "6.0@1 4.0@11 =4.0@31");
    CHECK_STR(play(&(struct world){{1, 1}, {2, 1}, {0, 20}}), "6.0@1 4.0@1 =4.0@21");
    CHECK_STR(play(&(struct world){{1, 1}, {2, 2}, {0, 0}}), "6.0@1 4.0@1 6.1@1 4.1@1 lost@1");
    CHECK_STR(play(&(struct world){{1, 1}, {1, 1}, {-10, -10}}), "6.0@1 4.0@11 lost@21");
}

static void addresses_that_are_found_late_join(void)
{
    CHECK_STR(play(&(struct world){{1, 400}, {1, 1}, {NEVER, 20}}), "6.0@1 4.0@400 =4.0@420");
    CHECK_STR(play(&(struct world){{1, 100}, {1, 1}, {NEVER, 20}}), "6.0@1 4.0@251 =4.0@271");
    CHECK_STR(play(&(struct world){{1, 100}, {1, 1}, {-10, 20}}), "6.0@1 4.0@100 =4.0@120");
}

static void a_name_without_addresses_is_lost_when_both_answers_are_there(void)
{
    CHECK_STR(play(&(struct world){{1, 7}, {0, 0}, {20, 20}}), "lost@7");
    CHECK_STR(play(&(struct world){{7, 1}, {0, 0}, {20, 20}}), "lost@7");
    CHECK_STR(play(&(struct world){{-1, 1}, {0, 0}, {20, 20}}), "");
}

static const struct check_case cases[] = {
    {"ipv6_is_tried_first_and_at_once", ipv6_is_tried_first_and_at_once},
    {"ipv4_waits_50_ms_for_the_other_answer", ipv4_waits_50_ms_for_the_other_answer},
    {"a_silent_family_costs_250_ms", a_silent_family_costs_250_ms},
    {"families_alternate_while_both_have_addresses", families_alternate_while_both_have_addresses},
    {"a_failure_brings_the_next_attempt_at_once", a_failure_brings_the_next_attempt_at_once},
    {"addresses_that_are_found_late_join", addresses_that_are_found_late_join},
    {"a_name_without_addresses_is_lost_when_both_answers_are_there",
     a_name_without_addresses_is_lost_when_both_answers_are_there},
};
CHECK_MAIN("eyeballs", cases)
