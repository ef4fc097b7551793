/* Every n-th allocation fails: nothing leaks (the sanitizer says so), no half-made machine is left, and a running framework allocates
 * nothing. */
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/framework.h"
#include "test/support/check.h"
#include "test/support/oom.h"

/* Three states with padding, a limit and a counter (break_pad_server of the crate's machines). */
#define TEXT                                                                                       \
    "02eNptjT0OQEAQhef5i1KUDqHTaNZPJC7gAi7gCi7hGBp3cAuF6HQSpcbfYmP3SyYzmXnz3jaYdDEyejCOAkBUf7sTaL" \
    "CDLg4rb2W5mzb+"                                                                               \
    "jIgkAE3+hHgSvQGdz1yjYnndYN3diYoya/tkYn8FqWzvsB0neBSQ"

static void a_failing_allocation_is_reported_and_leaves_nothing(void)
{
    unsigned long n = 1;
    for (; n < 1000; n++) {
        struct tm_mb_machine *m = NULL;
        oom_fail_after(n);
        const int rc = tm_mb_machine_parse(&m, TEXT, strlen(TEXT), NULL);
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        CHECK((m != NULL) == (rc == TM_OK));
        tm_mb_machine_free(m);
        if (!oom_hit())
            break;
    }
    CHECK(n > 5 && n < 1000);
}

static void a_failing_allocation_gives_no_string(void)
{
    struct tm_mb_machine *m = NULL;
    unsigned long n = 1;
    CHECK_INT(tm_mb_machine_parse(&m, TEXT, strlen(TEXT), NULL), TM_OK);
    for (; n < 1000; n++) {
        char *text = NULL;
        oom_fail_after(n);
        const int rc = tm_mb_machine_text(&text, m);
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        CHECK((text != NULL) == (rc == TM_OK));
        free(text);
        if (!oom_hit())
            break;
    }
    CHECK(n > 2 && n < 1000);
    tm_mb_machine_free(m);
}

static void a_started_framework_allocates_nothing(void)
{
    static const struct tm_mb_framework_cfg cfg = {.max_padding_frac = 0.5};
    struct tm_mb_machine *m = NULL;
    struct tm_mb_framework *f = NULL;
    struct tm_mb_rng rng;
    const uint8_t seed[TM_SEED_LEN] = {1};
    size_t n_actions = 0;
    CHECK_INT(tm_mb_machine_parse(&m, TEXT, strlen(TEXT), NULL), TM_OK);
    const struct tm_mb_machine *machines[] = {m, m, m};
    tm_mb_rng_init(&rng, seed);
    oom_fail_after(1);
    CHECK_INT(tm_mb_framework_new(&f, machines, 3, &cfg, &rng, 0), TM_ERR_NOMEM);
    CHECK(f == NULL);
    oom_disable();
    CHECK_INT(tm_mb_framework_new(&f, machines, 3, &cfg, &rng, 0), TM_OK);
    oom_fail_after(1);
    for (uint32_t i = 0; i < 2000; i++) {
        const struct tm_mb_event e = {.kind = (enum tm_mb_event_kind)(i % TM_MB_EVENT_KINDS),
                                      .machine = i / TM_MB_EVENT_KINDS % 3};
        struct tm_mb_action actions[3];
        n_actions += tm_mb_framework_step(f, &e, 1, (int64_t)i * 1000, actions);
    }
    CHECK(!oom_hit());
    oom_disable();
    CHECK(n_actions > 100);
    tm_mb_framework_free(f);
    tm_mb_machine_free(m);
}

static const struct check_case cases[] = {
    {"a_failing_allocation_is_reported_and_leaves_nothing",
     a_failing_allocation_is_reported_and_leaves_nothing},
    {"a_failing_allocation_gives_no_string", a_failing_allocation_gives_no_string},
    {"a_started_framework_allocates_nothing", a_started_framework_allocates_nothing},
};

CHECK_MAIN("maybenot/oom", cases)
