/* The library by its installed header alone.  What is said of maybenot-ffi was measured with its release 2.0.1. */
#include <maybenot.h>

#include <math.h>
#include <string.h>

#include "test/support/check.h"

#define NOOP "02eNpjYEAHjOgCAAA0AAI="

/* break_pad_server of the crate's machines. */
#define BREAK_PAD                                                                                  \
    "02eNptjT0OQEAQhef5i1KUDqHTaNZPJC7gAi7gCi7hGBp3cAuF6HQSpcbfYmP3SyYzmXnz3jaYdDEyejCOAkBUf7sTaL" \
    "CDLg4rb2W5mzb+"                                                                               \
    "jIgkAE3+hHgSvQGdz1yjYnndYN3diYoya/tkYn8FqWzvsB0neBSQ"

static MaybenotResult start_result(const char *machines, double padding, double blocking,
                                   uintptr_t n_machines)
{
    MaybenotFramework *f = NULL;
    const MaybenotResult result = maybenot_start(machines, padding, blocking, &f);
    CHECK((result == MaybenotResult_Ok) == (f != NULL));
    if (f)
        CHECK_INT(maybenot_num_machines(f), n_machines);
    maybenot_stop(f);
    return result;
}

static void results_are_those_of_maybenot_ffi(void)
{
    CHECK_INT(start_result("", 0, 0, 0), MaybenotResult_Ok);
    CHECK_INT(start_result(NOOP, 0, 0, 1), MaybenotResult_Ok);
    CHECK_INT(start_result(NOOP "\n", 0, 0, 1), MaybenotResult_Ok);
    CHECK_INT(start_result(NOOP "\r\n" NOOP, 1, 1, 2), MaybenotResult_Ok);
    CHECK_INT(start_result("\n", 0, 0, 0), MaybenotResult_InvalidMachineString);
    CHECK_INT(start_result(NOOP "\n\n" NOOP, 0, 0, 0), MaybenotResult_InvalidMachineString);
    CHECK_INT(start_result(NOOP "\r", 0, 0, 0), MaybenotResult_InvalidMachineString);
    CHECK_INT(start_result("nonsense", 0, 0, 0), MaybenotResult_InvalidMachineString);
    CHECK_INT(start_result(NOOP "\xc3\xa9", 0, 0, 0), MaybenotResult_InvalidMachineString);
    CHECK_INT(start_result(NOOP, 1.5, 0, 0), MaybenotResult_StartFramework);
    CHECK_INT(start_result(NOOP, 0, NAN, 0), MaybenotResult_StartFramework);
    CHECK_INT(maybenot_start(NOOP, 0, 0, NULL), MaybenotResult_NullPointer);
    CHECK_INT(maybenot_start(NULL, 0, 0, NULL), MaybenotResult_NullPointer);
    CHECK_INT(strncmp(maybenot_version(), "maybenot-ffi/2.0.1 ", 19), 0);
}

static void text_that_is_no_utf_8_is_told_apart(void)
{
    static const char *const bad[] = {"\x80",         "\xc0\x80",         "\xc3",
                                      "\xe0\x9f\x80", "\xed\xa0\x80",     "\xf0\x8f\x80\x80",
                                      "\xf5",         "\xf4\x90\x80\x80", "\xe2\x82"};
    static const char *const good[] = {"\xc2\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(start_result(bad[i], 0, 0, 0), MaybenotResult_MachineStringNotUtf8);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK_INT(start_result(good[i], 0, 0, 0), MaybenotResult_InvalidMachineString);
}

static void null_pointers_are_refused(void)
{
    MaybenotFramework *f = NULL;
    const MaybenotEvent e = {.event_type = MaybenotEventType_NormalSent};
    MaybenotAction a[1];
    uintptr_t n = 7;
    CHECK_INT(maybenot_start(NOOP, 0, 0, &f), MaybenotResult_Ok);
    CHECK_INT(maybenot_on_events(NULL, &e, 1, a, &n), MaybenotResult_NullPointer);
    CHECK_INT(maybenot_on_events(f, NULL, 0, a, &n), MaybenotResult_NullPointer);
    CHECK_INT(maybenot_on_events(f, &e, 1, NULL, &n), MaybenotResult_NullPointer);
    CHECK_INT(maybenot_on_events(f, &e, 1, a, NULL), MaybenotResult_NullPointer);
    CHECK_INT(n, 7);
    CHECK_INT(maybenot_on_events(f, &e, 1, a, &n), MaybenotResult_Ok);
    CHECK_INT(n, 0);
    maybenot_stop(f);
    maybenot_stop(NULL);
}

/* Deterministic: at the counter's zero after some packets and a silence, padding. */
static uintptr_t drive(MaybenotFramework *f, MaybenotAction *last)
{
    uintptr_t n_padding = 0;
    for (int64_t i = 0; i < 2000; i++) {
        const MaybenotEvent e[] = {
            {.event_type = i % 3 ? MaybenotEventType_TunnelRecv : MaybenotEventType_NormalSent},
            {.event_type = MaybenotEventType_NormalRecv},
            {.event_type = i % 5 ? MaybenotEventType_TunnelSent : MaybenotEventType_PaddingSent}};
        MaybenotAction a[1];
        uintptr_t n = 0;
        CHECK_INT(maybenot_on_events_at(f, e, 3, i * 1000000, a, &n), MaybenotResult_Ok);
        CHECK(n <= 1);
        if (n == 1 && a[0].tag == MaybenotAction_SendPadding) {
            n_padding++;
            *last = a[0];
        }
    }
    return n_padding;
}

static void the_same_seed_gives_the_same_actions(void)
{
    const uint8_t seed[32] = {5};
    MaybenotAction last[2] = {{0}};
    uintptr_t n[2];
    for (int i = 0; i < 2; i++) {
        MaybenotFramework *f = NULL;
        CHECK_INT(maybenot_start_seeded(BREAK_PAD, 0, 0, seed, 0, &f), MaybenotResult_Ok);
        n[i] = drive(f, &last[i]);
        maybenot_stop(f);
    }
    CHECK(n[0] > 0);
    CHECK_INT(n[0], n[1]);
    CHECK_INT(last[0].send_padding.machine, 0);
    CHECK_INT(last[0].send_padding.timeout.nanos, last[1].send_padding.timeout.nanos);
    CHECK(last[0].send_padding.timeout.nanos < 1000000000);
}

static void the_limit_holds_what_machines_ask_for(void)
{
    const uint8_t seed[32] = {5};
    MaybenotFramework *f = NULL;
    MaybenotAction last = {0};
    CHECK_INT(maybenot_start_seeded(BREAK_PAD, 0, 0, seed, 0, &f), MaybenotResult_Ok);
    maybenot_limit_actions(f, 10);
    const uintptr_t n = drive(f, &last); /* over two seconds: a window, and what fades out of it */
    CHECK(n >= 10 && n <= 22);
    maybenot_stop(f);
}

static void events_that_are_none_are_ignored(void)
{
    const uint8_t seed[32] = {5};
    MaybenotFramework *f = NULL;
    const MaybenotEvent e[] = {
        {.event_type = 10},
        {.event_type = UINT32_MAX},
        {.event_type = MaybenotEventType_PaddingSent, .machine = UINTPTR_MAX},
        {.event_type = MaybenotEventType_TimerEnd, .machine = 1}};
    MaybenotAction a[1];
    uintptr_t n = 7;
    CHECK_INT(maybenot_start_seeded(BREAK_PAD, 0, 0, seed, 0, &f), MaybenotResult_Ok);
    CHECK_INT(maybenot_on_events_at(f, e, 4, 0, a, &n), MaybenotResult_Ok);
    CHECK_INT(n, 0);
    maybenot_stop(f);
}

static void a_check_gives_the_reason(void)
{
    char reason[64];
    CHECK_INT(maybenot_check(NOOP, reason, sizeof reason), MaybenotResult_Ok);
    CHECK_STR(reason, "");
    CHECK_INT(maybenot_check("02"
                             "eNpjYEAHjOgCAAA0AAM=",
                             reason, sizeof reason),
              MaybenotResult_InvalidMachineString);
    CHECK_STR(reason, "the compressed part is damaged");
    CHECK_INT(maybenot_check(NOOP, NULL, 0), MaybenotResult_NullPointer);
}

static const struct check_case cases[] = {
    {"results_are_those_of_maybenot_ffi", results_are_those_of_maybenot_ffi},
    {"text_that_is_no_utf_8_is_told_apart", text_that_is_no_utf_8_is_told_apart},
    {"null_pointers_are_refused", null_pointers_are_refused},
    {"the_same_seed_gives_the_same_actions", the_same_seed_gives_the_same_actions},
    {"the_limit_holds_what_machines_ask_for", the_limit_holds_what_machines_ask_for},
    {"events_that_are_none_are_ignored", events_that_are_none_are_ignored},
    {"a_check_gives_the_reason", a_check_gives_the_reason},
};

CHECK_MAIN("maybenot/api", cases)
