/* Whole runs of the crate's framework, replayed: actions and the state of everything after every call, and how many random numbers
 * were drawn (the generator's state after as many draws).  Deterministic cases hold constants and certain transitions alone;
 * seeded ones are real machines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/framework.h"
#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"

enum { MACHINES_MAX = 8, EVENTS_MAX = 64 };

struct scene {
    const struct tm_mb_machine *machines[MACHINES_MAX];
    size_t n_machines;
    struct tm_mb_framework *f;
    struct tm_mb_rng rng, counted; /* `counted` draws as often as the vectors say */
    uint64_t n_counted;
};

static enum tm_mb_event_kind event_kind(const char *name)
{
    static const char *const names[] = {
        "NormalRecv",    "PaddingRecv", "TunnelRecv",   "NormalSent",  "PaddingSent", "TunnelSent",
        "BlockingBegin", "BlockingEnd", "LimitReached", "CounterZero", "TimerBegin",  "TimerEnd",
    };
    size_t i = 0;
    while (i < sizeof names / sizeof names[0] && strcmp(name, names[i]) != 0)
        i++;
    CHECK(i < sizeof names / sizeof names[0]);
    return (enum tm_mb_event_kind)i;
}

static bool action_is(const struct tm_mb_action *a, const struct tree *want)
{
    static const char *const asks[] = {"", "Cancel", "SendPadding", "BlockOutgoing", "UpdateTimer"};
    static const char *const timers[] = {"Action", "Internal", "All"};
    if (strcmp(asks[a->ask], tree_text(tree_member(want, "a"))) != 0 ||
        a->machine != tree_whole(tree_member(want, "m")))
        return false;
    if (a->ask == TM_MB_ASK_CANCEL)
        return strcmp(timers[a->timer], tree_text(tree_member(want, "timer"))) == 0;
    return a->bypass == tree_is_true(tree_member(want, "bypass")) &&
           a->replace == tree_is_true(tree_member(want, "replace")) &&
           (uint64_t)a->timeout_us == tree_whole(tree_member(want, "timeout_us")) &&
           (uint64_t)a->duration_us == tree_whole(tree_member(want, "duration_us"));
}

/* [current_state, state_limit, padding_sent, normal_sent, counter_a, counter_b]; the vectors' ended state is STATE_END. */
static bool runtime_is(const struct tm_mb_runtime *r, const struct tree *want)
{
    const uint64_t got[] = {r->state,       r->limit,      r->padding_sent,
                            r->normal_sent, r->counter[0], r->counter[1]};
    bool same = tree_count(want) == sizeof got / sizeof got[0];
    for (size_t i = 0; i < sizeof got / sizeof got[0]; i++)
        same = same && got[i] == tree_whole(tree_at(want, i));
    return same;
}

/* Draws that the vectors count are made on a second generator, which must then be where the framework's is. */
static bool draws_are(struct scene *s, const struct tree *want)
{
    const uint64_t n = tree_whole(tree_at(want, 0)) + tree_whole(tree_at(want, 1));
    for (; s->n_counted < n; s->n_counted++)
        (void)tm_mb_rng_u64(&s->counted);
    return tree_count(want) == 2 &&
           memcmp(s->counted.xoshiro, s->rng.xoshiro, sizeof s->rng.xoshiro) == 0;
}

static bool machines_are(struct scene *s, const struct tree *want)
{
    bool same = tree_count(tree_member(want, "rt")) == s->n_machines;
    for (size_t i = 0; i < s->n_machines; i++)
        same = same &&
               runtime_is(tm_mb_framework_runtime(s->f, i), tree_at(tree_member(want, "rt"), i));
    return same && draws_are(s, tree_member(want, "rng"));
}

static bool result_is(struct scene *s, const struct tm_mb_action *actions, size_t n,
                      const struct tree *want)
{
    const struct tm_mb_totals t = tm_mb_framework_totals(s->f);
    const uint64_t got[] = {t.padding_sent, t.normal_sent, t.is_blocking, t.is_signal_pending};
    bool same = tree_count(tree_member(want, "actions")) == n;
    for (size_t i = 0; i < n; i++)
        same = same && action_is(&actions[i], tree_at(tree_member(want, "actions"), i));
    for (size_t i = 0; i < 4; i++)
        same = same && got[i] == tree_whole(tree_at(tree_member(want, "g"), i));
    return same && machines_are(s, want);
}

/* The first call whose result differs is reported; those after it would say no more. */
static void play(struct scene *s, const struct tree *t, const char *name)
{
    const struct tree *expect = tree_member(t, "expect");
    const struct tree *want = tree_at(tree_member(expect, "results"), 0);
    bool same = machines_are(s, tree_member(expect, "init"));
    size_t i = 0;
    CHECK(same);
    for (const struct tree *c = tree_at(tree_member(t, "calls"), 0); c && same; c = c->next, i++) {
        struct tm_mb_event events[EVENTS_MAX];
        struct tm_mb_action actions[MACHINES_MAX];
        size_t n = 0;
        for (const struct tree *e = tree_at(tree_member(c, "events"), 0); e && n < EVENTS_MAX;
             e = e->next)
            events[n++] = (struct tm_mb_event){.kind = event_kind(tree_text(tree_at(e, 0))),
                                               .machine = (uint32_t)tree_whole(tree_at(e, 1))};
        CHECK_INT(n, tree_count(tree_member(c, "events")));
        n = tm_mb_framework_step(s->f, events, n, (int64_t)tree_whole(tree_member(c, "t_ns")),
                                 actions);
        same = want && result_is(s, actions, n, want);
        want = want ? want->next : NULL;
        if (!same)
            (void)fprintf(stderr, "%s: call %zu differs\n", name, i);
        CHECK(same);
    }
    CHECK(want == NULL);
    CHECK_INT(tm_mb_framework_has_ended(s->f), tree_is_true(tree_member(expect, "all_ended")));
}

static void play_case(const struct tree *t)
{
    struct scene s = {.n_machines = 0};
    struct tm_mb_machine *owned[MACHINES_MAX] = {NULL};
    const struct tm_mb_framework_cfg cfg = {
        .max_padding_frac = tree_number(tree_member(t, "max_padding_frac")),
        .max_blocking_frac = tree_number(tree_member(t, "max_blocking_frac")),
    };
    char name[64];
    (void)snprintf(name, sizeof name, "%s%llu", tree_text(tree_member(t, "name")),
                   (unsigned long long)tree_whole(tree_member(t, "id")));
    tm_mb_rng_init_xoshiro(&s.rng, tree_whole(tree_member(t, "seed")));
    s.counted = s.rng;
    CHECK(tree_count(tree_member(t, "machines")) <= MACHINES_MAX);
    for (const struct tree *m = tree_at(tree_member(t, "machines"), 0);
         m && s.n_machines < MACHINES_MAX; m = m->next) {
        const char *text = tree_text(m);
        CHECK_INT(tm_mb_machine_parse(&owned[s.n_machines], text, strlen(text), NULL), TM_OK);
        s.machines[s.n_machines] = owned[s.n_machines];
        s.n_machines++;
    }
    CHECK_INT(tm_mb_framework_new(&s.f, s.machines, s.n_machines, &cfg, &s.rng,
                                  (int64_t)tree_whole(tree_member(t, "start_ns"))),
              TM_OK);
    play(&s, t, name);
    tm_mb_framework_free(s.f);
    for (size_t i = 0; i < MACHINES_MAX; i++)
        tm_mb_machine_free(owned[i]);
}

static void play_file(const char *path, size_t n_cases)
{
    struct tree *all = tree_load(path);
    CHECK_INT(tree_count(all), n_cases);
    for (const struct tree *t = all ? all->child : NULL; t; t = t->next)
        play_case(t);
    tree_free(all);
}

static void deterministic_traces_equal_the_crate_s(void)
{
    play_file(VECTORS "det_fuzz_traces.json.gz", 59);
}

static void seeded_traces_equal_the_crate_s(void)
{
    play_file(VECTORS "seeded_traces.json.gz", 27);
}

static const struct check_case cases[] = {
    {"deterministic_traces_equal_the_crate_s", deterministic_traces_equal_the_crate_s},
    {"seeded_traces_equal_the_crate_s", seeded_traces_equal_the_crate_s},
};

CHECK_MAIN("maybenot/traces", cases)
