/* Each rule of tm/core/slip.h, and where it stops. */
#include "tm/core/slip.h"

#include "test/support/check.h"
#include "tm/base/time.h"

#define DUE  INT64_C(1000000)
#define PREP 2000

/* Ready in time, on a free socket, away at once. */
static struct tm_departure in_time(void)
{
    return (struct tm_departure){.first_us = DUE + 30,
                                 .last_us = DUE + 60,
                                 .ready_us = DUE - 1500,
                                 .tail_us = DUE - 1400,
                                 .free_us = INT64_MIN,
                                 .offset = 517};
}

static enum tm_slip of(const struct tm_departure *d)
{
    return tm_slip_of(d, DUE, INT64_MIN, PREP);
}

static void in_time_is_no_slip(void)
{
    struct tm_departure d = in_time();
    CHECK_INT(of(&d), TM_SLIP_NONE);
    d.first_us = DUE + TM_SLIP_US;
    d.last_us = d.first_us + TM_SLIP_US;
    CHECK_INT(of(&d), TM_SLIP_NONE); /* the last microsecond that is in time */
    d.unsent = 100000;               /* earlier writes on their way are no slip of this one */
    CHECK_INT(of(&d), TM_SLIP_NONE);
}

static void a_late_timer_is_the_machines(void)
{
    struct tm_departure d = in_time();
    d.first_us = DUE + TM_SLIP_US + 1;
    CHECK_INT(of(&d), TM_SLIP_MACHINE);
    d.ready_us = DUE + 100; /* hardly late, and then 1.9 ms of waiting for the thread */
    d.first_us = DUE + 2000;
    CHECK_INT(of(&d), TM_SLIP_MACHINE);
}

static void late_ciphertext_is_composed_late(void)
{
    struct tm_departure d = in_time();
    d.ready_us = DUE + 5000;
    d.first_us = d.ready_us + 40;
    CHECK_INT(of(&d), TM_SLIP_COMPOSE);
}

static void a_full_socket_is_the_network(void)
{
    struct tm_departure d = in_time();
    d.free_us = DUE + 5000;
    d.first_us = d.free_us + 40;
    CHECK_INT(of(&d), TM_SLIP_NETWORK);
    d.ready_us = DUE + 4000; /* composed late as well, but the socket was full for longer */
    CHECK_INT(of(&d), TM_SLIP_NETWORK);
    d.ready_us = DUE + 6000;
    d.first_us = d.ready_us + 40;
    CHECK_INT(of(&d), TM_SLIP_COMPOSE);
    d = in_time();
    d.free_us = DUE - 5; /* free again before it was due */
    d.first_us = DUE + 3000;
    CHECK_INT(of(&d), TM_SLIP_MACHINE);
}

static void a_late_plan_is_the_peers(void)
{
    struct tm_departure d = in_time();
    d.ready_us = DUE + 5000;
    d.first_us = d.ready_us + 40;
    CHECK_INT(tm_slip_of(&d, DUE, DUE - PREP + 1, PREP), TM_SLIP_PEER);
    CHECK_INT(tm_slip_of(&d, DUE, DUE - PREP, PREP), TM_SLIP_COMPOSE); /* there was time enough */
    d = in_time();
    CHECK_INT(tm_slip_of(&d, DUE, DUE + 9, PREP), TM_SLIP_NONE); /* and yet it left in time */
}

static void a_short_write_has_a_cause(void)
{
    struct tm_departure d = in_time();
    d.last_us = d.first_us + TM_SLIP_US + 1;
    CHECK_INT(of(&d), TM_SLIP_MACHINE);
    d.tail_us = d.first_us + 900;
    CHECK_INT(of(&d), TM_SLIP_COMPOSE);
    d.free_us = d.first_us + 950;
    CHECK_INT(of(&d), TM_SLIP_NETWORK);
}

static void what_tcp_holds_back_is_the_window(void)
{
    struct tm_departure d = in_time();
    d.held = 1;
    CHECK_INT(of(&d), TM_SLIP_WINDOW);
    d.first_us = DUE + 3000; /* late already: that is the slip */
    CHECK_INT(of(&d), TM_SLIP_MACHINE);
}

static void causes_have_names(void)
{
    CHECK_STR(TM_SLIP_NAMES[TM_SLIP_NONE], "none");
    CHECK_STR(TM_SLIP_NAMES[TM_SLIP_PEER], "peer");
    for (int i = 0; i < TM_SLIP_N; i++)
        CHECK(TM_SLIP_NAMES[i] != NULL);
    CHECK(TM_SLIP_NAMES[TM_SLIP_N] == NULL);
}

static const struct check_case cases[] = {
    {"in_time_is_no_slip", in_time_is_no_slip},
    {"a_late_timer_is_the_machines", a_late_timer_is_the_machines},
    {"late_ciphertext_is_composed_late", late_ciphertext_is_composed_late},
    {"a_full_socket_is_the_network", a_full_socket_is_the_network},
    {"a_late_plan_is_the_peers", a_late_plan_is_the_peers},
    {"a_short_write_has_a_cause", a_short_write_has_a_cause},
    {"what_tcp_holds_back_is_the_window", what_tcp_holds_back_is_the_window},
    {"causes_have_names", causes_have_names},
};
CHECK_MAIN("slip", cases)
