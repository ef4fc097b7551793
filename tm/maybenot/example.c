/* example.c - a minute of one connection under Maybenot machines, in virtual time.
 *
 *     maybenot-example MACHINES...          each argument is a machine string; without any: a packet every 100 ms and no padding
 *
 * A packet is sent every 100 ms; every machine has its action timer, and padding leaves when it fires.  A program with real packets
 * does the same with its own timers and maybenot_on_events.  Blocking and internal timers are left out here: they are alike.
 *
 *     cc example.c $(pkg-config --cflags --libs maybenot) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <maybenot.h>

enum { MACHINES_MAX = 16, TEXT_MAX = 1 << 16 };

#define NS_PER_S  INT64_C(1000000000)
#define PERIOD_NS (NS_PER_S / 10)
#define END_NS    (60 * NS_PER_S)

struct connection {
    MaybenotFramework *framework;
    int64_t padding_due_ns[MACHINES_MAX]; /* INT64_MAX: not set */
    unsigned n_normal, n_padding;
};

/* Reports one event and does what the machines ask for. */
static void report(struct connection *c, MaybenotEventType type, uintptr_t machine, int64_t now_ns)
{
    const MaybenotEvent event = {.event_type = type, .machine = machine};
    MaybenotAction actions[MACHINES_MAX];
    uintptr_t n = 0;
    (void)maybenot_on_events_at(c->framework, &event, 1, now_ns, actions, &n);
    for (uintptr_t i = 0; i < n; i++) {
        const MaybenotAction *a = &actions[i];
        if (a->tag == MaybenotAction_SendPadding)
            c->padding_due_ns[a->send_padding.machine] =
                now_ns + (int64_t)a->send_padding.timeout.secs * NS_PER_S +
                a->send_padding.timeout.nanos;
        else if (a->tag == MaybenotAction_Cancel && a->cancel.timer != MaybenotTimer_Internal)
            c->padding_due_ns[a->cancel.machine] = INT64_MAX;
    }
}

/* The machine whose padding is due first, if that is before `until_ns`; else MACHINES_MAX. */
static uintptr_t first_due(const struct connection *c, int64_t until_ns)
{
    uintptr_t first = MACHINES_MAX;
    for (uintptr_t i = 0; i < maybenot_num_machines(c->framework); i++)
        if (c->padding_due_ns[i] < until_ns) {
            until_ns = c->padding_due_ns[i];
            first = i;
        }
    return first;
}

static void run(struct connection *c)
{
    for (int64_t now_ns = 0; now_ns < END_NS; now_ns += PERIOD_NS) {
        c->n_normal++;
        report(c, MaybenotEventType_NormalSent, 0, now_ns);
        report(c, MaybenotEventType_TunnelSent, 0, now_ns);
        uintptr_t i;
        while ((i = first_due(c, now_ns + PERIOD_NS)) < MACHINES_MAX) {
            const int64_t due_ns = c->padding_due_ns[i];
            c->padding_due_ns[i] = INT64_MAX;
            c->n_padding++;
            report(c, MaybenotEventType_PaddingSent, i, due_ns);
            report(c, MaybenotEventType_TunnelSent, 0, due_ns);
        }
    }
}

int main(int argc, char **argv)
{
    static char machines[TEXT_MAX];
    static const uint8_t seed[32] = {1};
    struct connection c = {.framework = NULL};
    size_t len = 0;
    for (int i = 1; i < argc; i++) {
        const int n = snprintf(machines + len, sizeof machines - len, "%s\n", argv[i]);
        if (argc > MACHINES_MAX || n < 0 || (size_t)n >= sizeof machines - len) {
            (void)fprintf(stderr, "too much\n");
            return 2;
        }
        len += (size_t)n;
    }
    for (int i = 0; i < MACHINES_MAX; i++)
        c.padding_due_ns[i] = INT64_MAX;
    const MaybenotResult result = maybenot_start_seeded(machines, 0.9, 0, seed, 0, &c.framework);
    if (result != MaybenotResult_Ok) {
        (void)fprintf(stderr, "maybenot: result %" PRIu32 "\n", result);
        return 1;
    }
    maybenot_limit_actions(c.framework, 10000);
    run(&c);
    (void)printf("normal %u padding %u\n", c.n_normal, c.n_padding);
    maybenot_stop(c.framework);
    return 0;
}
