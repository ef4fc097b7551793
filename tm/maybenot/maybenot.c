/* tm/maybenot/maybenot.c - the C interface: machines, framework and limiter of models/maybenot with the system's clock and
 * random numbers.  Measured against maybenot-ffi 2.0.1: how lines are split, which result wins, sizes and offsets. */
#pragma GCC visibility push(default)
#include "tm/maybenot/maybenot.h"
#pragma GCC visibility pop

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "models/maybenot/limiter.h"

#define NS_PER_S INT64_C(1000000000)

static_assert(sizeof(MaybenotEvent) == 16 && offsetof(MaybenotEvent, machine) == 8, "ABI");
static_assert(sizeof(MaybenotDuration) == 16, "ABI");
static_assert(sizeof(MaybenotAction) == 56 && offsetof(MaybenotAction, cancel) == 8, "ABI");
static_assert(offsetof(MaybenotAction_SendPadding_Body, replace) == 24, "ABI");
static_assert(offsetof(MaybenotAction_SendPadding_Body, bypass) == 25, "ABI");
static_assert(offsetof(MaybenotAction_BlockOutgoing_Body, duration) == 32, "ABI");
static_assert(offsetof(MaybenotAction_UpdateTimer_Body, replace) == 24, "ABI");

struct MaybenotFramework {
    struct tm_mb_framework *f;
    struct tm_mb_rng rng;
    struct tm_mb_limiter limiter;
    bool is_limited;
    int64_t last_ns;
    size_t n_machines;
    struct tm_mb_machine **machines; /* owned, n_machines */
    struct tm_mb_action *actions;    /* owned, room for n_machines */
};

const char *maybenot_version(void)
{
    return "maybenot-ffi/2.0.1 trafficmimic/" TM_VERSION;
}

static int64_t clock_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Bytes of the character at p (RFC 3629 sec. 4), 0 when it is none.  A terminator ends every sequence. */
static size_t utf8_len(const uint8_t *p)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : 4;
    if (n == 1)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    const bool is_overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    const bool is_surrogate = p[0] == 0xed && p[1] > 0x9f;
    const bool is_too_high = p[0] == 0xf4 && p[1] > 0x8f;
    return is_overlong || is_surrogate || is_too_high ? 0 : n;
}

static bool is_utf8(const char *text)
{
    const uint8_t *p = (const uint8_t *)text;
    while (*p != 0) {
        const size_t n = utf8_len(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

/* The next line of *text, without its LF or CR LF; false at the end.  A CR alone belongs to the line. */
static bool next_line(const char **text, const char **line, size_t *len)
{
    if (**text == '\0')
        return false;
    *line = *text;
    *len = strcspn(*text, "\n");
    *text += *len;
    if (**text == '\n') {
        (*text)++;
        if (*len > 0 && (*line)[*len - 1] == '\r')
            --*len;
    }
    return true;
}

void maybenot_stop(struct MaybenotFramework *this_)
{
    if (!this_)
        return;
    tm_mb_framework_free(this_->f);
    for (size_t i = 0; i < this_->n_machines; i++)
        tm_mb_machine_free(this_->machines[i]);
    free(this_->machines);
    free(this_->actions);
    tm_mb_rng_deinit(&this_->rng);
    free(this_);
}

static MaybenotResult read_machines(struct MaybenotFramework *w, const char *text)
{
    const char *at = text, *line;
    size_t len, n = 0;
    while (next_line(&at, &line, &len))
        n++;
    w->machines = calloc(n + 1, sizeof(struct tm_mb_machine *));
    w->actions = calloc(n + 1, sizeof *w->actions);
    if (!w->machines || !w->actions)
        return MaybenotResult_StartFramework;
    for (at = text; next_line(&at, &line, &len); w->n_machines++) {
        const int rc = tm_mb_machine_parse(&w->machines[w->n_machines], line, len, NULL);
        if (rc != TM_OK)
            return rc == TM_ERR_NOMEM ? MaybenotResult_StartFramework
                                      : MaybenotResult_InvalidMachineString;
    }
    return MaybenotResult_Ok;
}

MaybenotResult maybenot_start_seeded(const char *machines_str, double max_padding_frac,
                                     double max_blocking_frac, const uint8_t seed[32],
                                     int64_t now_ns, struct MaybenotFramework **out)
{
    const struct tm_mb_framework_cfg cfg = {.max_padding_frac = max_padding_frac,
                                            .max_blocking_frac = max_blocking_frac};
    if (!machines_str || !seed || !out)
        return MaybenotResult_NullPointer;
    if (!is_utf8(machines_str))
        return MaybenotResult_MachineStringNotUtf8;
    struct MaybenotFramework *w = calloc(1, sizeof *w);
    if (!w)
        return MaybenotResult_StartFramework;
    MaybenotResult result = read_machines(w, machines_str);
    tm_mb_rng_init(&w->rng, seed);
    w->last_ns = now_ns;
    if (result == MaybenotResult_Ok &&
        tm_mb_framework_new(&w->f, (const struct tm_mb_machine *const *)w->machines, w->n_machines,
                            &cfg, &w->rng, now_ns) != TM_OK)
        result = MaybenotResult_StartFramework;
    if (result == MaybenotResult_Ok)
        *out = w;
    else
        maybenot_stop(w);
    return result;
}

MaybenotResult maybenot_start(const char *machines_str, double max_padding_frac,
                              double max_blocking_frac, struct MaybenotFramework **out)
{
    uint8_t seed[TM_SEED_LEN];
    if (RAND_bytes(seed, sizeof seed) != 1)
        return MaybenotResult_StartFramework;
    return maybenot_start_seeded(machines_str, max_padding_frac, max_blocking_frac, seed,
                                 clock_ns(), out);
}

uintptr_t maybenot_num_machines(struct MaybenotFramework *this_)
{
    return this_->n_machines;
}

void maybenot_limit_actions(struct MaybenotFramework *this_, uint64_t max_per_second)
{
    tm_mb_limiter_init(&this_->limiter, max_per_second, this_->last_ns);
    this_->is_limited = true;
}

MaybenotResult maybenot_check(const char *machine_str, char *reason, size_t cap)
{
    struct tm_mb_machine *m = NULL;
    struct tm_msg msg = {""};
    if (!machine_str || !reason || cap == 0)
        return MaybenotResult_NullPointer;
    const int rc = tm_mb_machine_parse(&m, machine_str, strlen(machine_str), &msg);
    tm_mb_machine_free(m);
    (void)snprintf(reason, cap, "%s", rc == TM_ERR_NOMEM ? tm_strerror(rc) : msg.text);
    return rc == TM_OK ? MaybenotResult_Ok : MaybenotResult_InvalidMachineString;
}

/* Their numbers are not ours: two of ours lie between.  A type that is none is of no kind, and ignored. */
static struct tm_mb_event event_of(const MaybenotEvent *e)
{
    struct tm_mb_event ours = {.kind = TM_MB_EVENT_KINDS};
    if (e->event_type <= MaybenotEventType_BlockingEnd)
        ours.kind = (enum tm_mb_event_kind)e->event_type;
    else if (e->event_type == MaybenotEventType_TimerBegin)
        ours.kind = TM_MB_TIMER_BEGIN;
    else if (e->event_type == MaybenotEventType_TimerEnd)
        ours.kind = TM_MB_TIMER_END;
    ours.machine = e->machine < UINT32_MAX ? (uint32_t)e->machine : UINT32_MAX;
    return ours;
}

static MaybenotDuration duration_of(int64_t gap_us)
{
    return (MaybenotDuration){.secs = (uint64_t)gap_us / 1000000,
                              .nanos = (uint32_t)(gap_us % 1000000) * 1000};
}

static MaybenotAction action_of(const struct tm_mb_action *a)
{
    MaybenotAction theirs = {.tag = (MaybenotAction_Tag)a->ask - 1};
    switch (a->ask) {
    case TM_MB_ASK_CANCEL:
        theirs.cancel.machine = a->machine;
        theirs.cancel.timer = a->timer;
        break;
    case TM_MB_ASK_SEND_PADDING:
        theirs.send_padding =
            (MaybenotAction_SendPadding_Body){.machine = a->machine,
                                              .timeout = duration_of(a->timeout_us),
                                              .replace = a->replace,
                                              .bypass = a->bypass};
        break;
    case TM_MB_ASK_BLOCK_OUTGOING:
        theirs.block_outgoing =
            (MaybenotAction_BlockOutgoing_Body){.machine = a->machine,
                                                .timeout = duration_of(a->timeout_us),
                                                .replace = a->replace,
                                                .bypass = a->bypass,
                                                .duration = duration_of(a->duration_us)};
        break;
    case TM_MB_ASK_UPDATE_TIMER:
        theirs.update_timer = (MaybenotAction_UpdateTimer_Body){
            .machine = a->machine, .duration = duration_of(a->duration_us), .replace = a->replace};
        break;
    case TM_MB_ASK_NONE:
    case TM_MB_ASKS:
        break;
    }
    return theirs;
}

MaybenotResult maybenot_on_events_at(struct MaybenotFramework *this_,
                                     const struct MaybenotEvent *events, uintptr_t num_events,
                                     int64_t now_ns, struct MaybenotAction *actions_out,
                                     uintptr_t *num_actions_out)
{
    if (!this_ || !events || !actions_out || !num_actions_out)
        return MaybenotResult_NullPointer;
    tm_mb_framework_begin(this_->f, now_ns);
    for (uintptr_t i = 0; i < num_events; i++) {
        const struct tm_mb_event e = event_of(&events[i]);
        tm_mb_framework_feed(this_->f, &e);
    }
    size_t n = tm_mb_framework_end(this_->f, this_->actions);
    this_->last_ns = now_ns;
    if (this_->is_limited)
        n = tm_mb_limiter_pass(&this_->limiter, n, now_ns);
    for (size_t i = 0; i < n; i++)
        actions_out[i] = action_of(&this_->actions[i]);
    *num_actions_out = n;
    return MaybenotResult_Ok;
}

MaybenotResult maybenot_on_events(struct MaybenotFramework *this_,
                                  const struct MaybenotEvent *events, uintptr_t num_events,
                                  struct MaybenotAction *actions_out, uintptr_t *num_actions_out)
{
    return maybenot_on_events_at(this_, events, num_events, clock_ns(), actions_out,
                                 num_actions_out);
}
