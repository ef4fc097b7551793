#include "tm/core/opener.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

/* `constant` opens each connection where the one before ended. */
static struct tm_gen *constant_gen(struct tm_model *m)
{
    tm_model_constant_default(m);
    struct tm_gen_cfg cfg = {.model = m, .n_users = 1};
    struct tm_gen *g = NULL;
    CHECK_INT(tm_gen_new(&g, &cfg), TM_OK);
    return g;
}

static int64_t due(struct tm_opener *o, struct tm_gen *a, struct tm_gen *b)
{
    int64_t event_us;
    tm_opener_fill(o, a, b);
    return tm_opener_due_us(o, &event_us);
}

static void next_opens_when_the_last_has_ended(void)
{
    struct tm_model m;
    struct tm_gen *g = constant_gen(&m);
    struct tm_opener o;
    tm_opener_init(&o, 0, TM_SRC_SESSION, 100);
    CHECK_INT(due(&o, g, NULL), 100);
    tm_opener_handed(&o, 100);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 7000);
    CHECK_INT(due(&o, g, NULL), 7000);
    CHECK_INT(o.next.index, 1);
    tm_gen_free(g);
}

static void source_changes_only_between_groups(void)
{
    struct tm_model m;
    struct tm_gen *a = constant_gen(&m);
    struct tm_gen *b = constant_gen(&m);
    struct tm_opener o;
    tm_opener_init(&o, 0, TM_SRC_SESSION, 0);
    CHECK_INT(due(&o, a, b), 0);
    tm_opener_handed(&o, 0);
    tm_opener_switch(&o, TM_SRC_MASTER);
    (void)due(&o, a, b);
    CHECK_INT(o.src, TM_SRC_SESSION); /* the group is still open */
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 5000);
    CHECK_INT(due(&o, a, b), 5000); /* the master's origin is where the group ended */
    CHECK_INT(o.src, TM_SRC_MASTER);
    CHECK_INT(o.next.index, 0);
    tm_gen_free(a);
    tm_gen_free(b);
}

static void a_held_user_opens_nothing_until_it_is_woken(void)
{
    struct tm_model m;
    struct tm_gen *g = constant_gen(&m);
    struct tm_opener o;
    int64_t event_us;
    tm_opener_init(&o, 0, TM_SRC_SESSION, 100);
    tm_opener_hold(&o);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    CHECK(tm_opener_begins_session(&o));
    o.start_gap_us = 300; /* as if user 0 did not begin at once */
    tm_opener_wake(&o, 5000);
    CHECK_INT(tm_opener_due_us(&o, &event_us), 5300);
    CHECK_INT(event_us, 5000);
    tm_opener_handed(&o, 5300);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 9000);
    CHECK_INT(due(&o, g, NULL), 9000);
    CHECK(tm_opener_begins_session(&o)); /* a connection of constant is a session of its own */
    tm_opener_hold(&o);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    o.next.rre = 1;
    CHECK(!tm_opener_begins_session(&o));
    o.next.rre = 0;
    o.next.ref = TM_OPEN_PREV;
    CHECK(!tm_opener_begins_session(&o));
    tm_gen_free(g);
}

static void without_a_head_the_session_plan_goes_on(void)
{
    struct tm_model m;
    struct tm_gen *g = constant_gen(&m);
    struct tm_opener o;
    struct tm_head h = {.open = {.index = 0, .ref = TM_OPEN_ORIGIN, .gap_us = 10}};
    tm_opener_init(&o, 0, TM_SRC_SESSION, 0);
    CHECK_INT(due(&o, g, NULL), 0);
    tm_opener_handed(&o, 0);
    CHECK_INT(tm_opener_add_head(&o, &h), TM_OK);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 1000);
    CHECK_INT(due(&o, g, NULL), 1010);
    CHECK_INT(o.src, TM_SRC_EXPLICIT);
    tm_opener_handed(&o, 1010);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 3000);
    CHECK_INT(due(&o, g, NULL), 3000); /* no head has come: unaided */
    CHECK_INT(o.src, TM_SRC_SESSION);
    tm_opener_handed(&o, 3000);
    h.open = (struct tm_open){.index = 1, .ref = TM_OPEN_ENDED, .gap_us = 70};
    CHECK_INT(tm_opener_add_head(&o, &h), TM_OK);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 9000);
    CHECK_INT(due(&o, g, NULL), 9070);
    CHECK_INT(o.src, TM_SRC_EXPLICIT);
    tm_gen_free(g);
}

/* Two connections at once, then one 70 us behind the last byte of both. */
static void next_opens_behind_the_last_byte_while_others_close(void)
{
    static const char text[] =
        "{\"t\":\"schedule\",\"v\":1}\n"
        "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
        "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
        "{\"t\":\"close\",\"c\":0,\"gap\":0}\n"
        "{\"t\":\"open\",\"c\":1,\"user\":0,\"ref\":\"prev\",\"gap\":20}\n"
        "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
        "{\"t\":\"close\",\"c\":1,\"gap\":0}\n"
        "{\"t\":\"open\",\"c\":2,\"user\":0,\"ref\":\"over\",\"gap\":70}\n"
        "{\"t\":\"data\",\"c\":2,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
        "{\"t\":\"close\",\"c\":2,\"gap\":0}\n";
    struct tm_schedfile f = {0};
    struct tm_gen *g = NULL;
    struct tm_opener o;
    CHECK_INT(tm_schedfile_read(&f, text, sizeof text - 1, "x", NULL), TM_OK);
    CHECK_INT(tm_gen_new_playback(&g, &f, TM_PLAYBACK_ONCE), TM_OK);
    tm_opener_init(&o, 0, TM_SRC_SESSION, 100);
    CHECK_INT(due(&o, g, NULL), 100);
    tm_opener_handed(&o, 100);
    CHECK_INT(due(&o, g, NULL), 120);
    tm_opener_handed(&o, 120);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    tm_opener_over(&o, 900);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    tm_opener_over(&o, 500); /* told later than it happened */
    CHECK_INT(o.n_live, 2);
    CHECK_INT(due(&o, g, NULL), 970);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, 7000);
    CHECK_INT(due(&o, g, NULL), 970);
    tm_opener_handed(&o, 970);
    CHECK(!o.is_over);
    CHECK_INT(due(&o, g, NULL), TM_NEVER);
    CHECK(o.is_over);
    tm_gen_free(g);
    tm_schedfile_deinit(&f);
}

static void heads_are_bounded_and_in_order(void)
{
    struct tm_opener o;
    tm_opener_init(&o, 0, TM_SRC_SESSION, 0);
    struct tm_head h = {.open = {.index = 5}};
    CHECK_INT(tm_opener_add_head(&o, &h), TM_OK);
    CHECK_INT(tm_opener_add_head(&o, &h), TM_ERR_PROTO);
    for (uint64_t i = 1; i < TM_OPENER_HEADS; i++) {
        h.open.index = 5 + i;
        CHECK_INT(tm_opener_add_head(&o, &h), TM_OK);
    }
    h.open.index++;
    CHECK_INT(tm_opener_add_head(&o, &h), TM_ERR_LIMIT);
}

static void unanswered_openings_wait_longer_and_longer(void)
{
    struct tm_model m;
    struct tm_gen *g = constant_gen(&m);
    struct tm_opener o;
    tm_opener_init(&o, 0, TM_SRC_SESSION, 0);
    static const int64_t wait_s[] = {1, 2, 4, 8, 10, 10};
    int64_t t_us = 0;
    for (size_t i = 0; i < sizeof wait_s / sizeof wait_s[0]; i++) {
        tm_opener_fill(&o, g, NULL);
        tm_opener_handed(&o, t_us);
        tm_opener_ended(&o, TM_OPENER_FRUITLESS, t_us + 5);
        CHECK_INT(due(&o, g, NULL), t_us + 5 + wait_s[i] * TM_US_PER_S);
        t_us += 100 * TM_US_PER_S;
    }
    tm_opener_handed(&o, t_us);
    tm_opener_ended(&o, TM_OPENER_FRUITFUL, t_us + 5);
    CHECK_INT(due(&o, g, NULL), t_us + 5);
    CHECK_INT(o.n_fruitless, 0);
    tm_gen_free(g);
}

static const struct check_case cases[] = {
    {"next_opens_when_the_last_has_ended", next_opens_when_the_last_has_ended},
    {"source_changes_only_between_groups", source_changes_only_between_groups},
    {"next_opens_behind_the_last_byte_while_others_close",
     next_opens_behind_the_last_byte_while_others_close},
    {"a_held_user_opens_nothing_until_it_is_woken", a_held_user_opens_nothing_until_it_is_woken},
    {"without_a_head_the_session_plan_goes_on", without_a_head_the_session_plan_goes_on},
    {"heads_are_bounded_and_in_order", heads_are_bounded_and_in_order},
    {"unanswered_openings_wait_longer_and_longer", unanswered_openings_wait_longer_and_longer},
};
CHECK_MAIN("opener", cases)
