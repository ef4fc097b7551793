/* What machines ask for, carried out: timers, padding, blocking; and sets of machines that are too much. */
#include "tm/core/padder.h"

#include <stdlib.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"
#include "tm/base/time.h"

enum { BYPASS = 1, REPLACE = 2 };

static const uint8_t SEED[TM_SEED_LEN] = {1};

static uint32_t constant(struct tm_mb_machine *m, double value)
{
    struct tm_mb_dist d = {.kind = TM_MB_UNIFORM};
    uint32_t index = TM_MB_NO_DIST;
    d.of.uniform.low = d.of.uniform.high = value;
    CHECK_INT(tm_mb_build_dist(m, &d, &index), TM_OK);
    return index;
}

static struct tm_mb_state *state(struct tm_mb_machine *m)
{
    struct tm_mb_state *s = NULL;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    return s;
}

static void edge(struct tm_mb_machine *m, enum tm_mb_event_kind e, uint32_t to)
{
    CHECK_INT(tm_mb_build_edge(m, e, to, 1), TM_OK);
}

static void add(struct tm_mb_set *set, struct tm_mb_machine *m)
{
    struct tm_msg why;
    CHECK_INT(tm_mb_machine_validate(m, &why), TM_OK);
    set->machine[set->n++] = m;
}

/* On `when`, after timeout_us, one padding; it stays where it is. */
static struct tm_mb_machine *padding_on(enum tm_mb_event_kind when, unsigned flags,
                                        double timeout_us)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    (void)state(m);
    edge(m, when, 1);
    struct tm_mb_state *s = state(m);
    s->ask = TM_MB_ASK_SEND_PADDING;
    s->bypass = flags & BYPASS;
    s->replace = (flags & REPLACE) != 0;
    s->timeout = constant(m, timeout_us);
    edge(m, when, 1);
    return m;
}

/* On `when`, at once, blocking for so long. */
static struct tm_mb_machine *block_on(enum tm_mb_event_kind when, unsigned flags,
                                      double duration_us)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    (void)state(m);
    edge(m, when, 1);
    struct tm_mb_state *s = state(m);
    s->ask = TM_MB_ASK_BLOCK_OUTGOING;
    s->bypass = flags & BYPASS;
    s->replace = (flags & REPLACE) != 0;
    s->timeout = constant(m, 0);
    s->duration = constant(m, duration_us);
    edge(m, when, 1);
    return m;
}

static struct tm_padder *start(struct tm_mb_set *set, double max_padding_frac)
{
    struct tm_padder *p = NULL;
    const struct tm_mb_framework_cfg cfg = {.max_padding_frac = max_padding_frac};
    CHECK_INT(tm_padder_new(&p), TM_OK);
    CHECK_INT(tm_padder_start(p, set, &cfg, SEED, 0), TM_OK);
    CHECK_INT(set->n, 0);
    return p;
}

static struct tm_padder_counts counts(const struct tm_padder *p)
{
    struct tm_padder_counts n;
    tm_padder_get_counts(p, &n);
    return n;
}

static void without_machines_cells_leave_as_they_come(void)
{
    struct tm_mb_set none = {0};
    struct tm_padder *p = start(&none, 0);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    tm_padder_queue(p, 2, 10);
    tm_padder_run(p, 10);
    CHECK_INT(tm_padder_next_us(p), TM_NEVER);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL);
        tm_padder_take(p);
    }
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    CHECK_INT(counts(p).n_normal, 2);
    CHECK_INT(counts(p).event[TM_MB_NORMAL_SENT], 2);
    tm_padder_free(p);
}

static void padding_leaves_when_its_timer_ends(void)
{
    struct tm_mb_set set = {0};
    add(&set, padding_on(TM_MB_NORMAL_RECV, 0, 500));
    struct tm_padder *p = start(&set, 0);
    tm_padder_tell(p, TM_MB_NORMAL_RECV, 1000);
    CHECK_INT(tm_padder_next_us(p), 1500);
    tm_padder_run(p, 1499);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    tm_padder_run(p, 1500);
    CHECK_INT(tm_padder_ready(p), TM_CELL_PADDING);
    CHECK_INT(counts(p).event[TM_MB_PADDING_SENT], 1);
    tm_padder_take(p);
    CHECK_INT(counts(p).n_padding, 1);
    CHECK_INT(tm_padder_next_us(p), TM_NEVER);
    tm_padder_free(p);
}

static void a_queued_cell_takes_the_place_of_padding(void)
{
    for (unsigned flags = 0; flags <= REPLACE; flags += REPLACE) {
        struct tm_mb_set set = {0};
        add(&set, padding_on(TM_MB_NORMAL_SENT, flags, 0));
        struct tm_padder *p = start(&set, 0);
        tm_padder_queue(p, 1, 0);
        tm_padder_run(p, 0);
        CHECK_INT(counts(p).event[TM_MB_PADDING_SENT], 1);
        CHECK_INT(counts(p).n_replaced, flags == REPLACE);
        CHECK_INT(counts(p).queued_padding, flags != REPLACE);
        CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL);
        tm_padder_free(p);
    }
}

static void blocking_holds_cells_until_it_ends(void)
{
    struct tm_mb_set set = {0};
    add(&set, block_on(TM_MB_TUNNEL_RECV, 0, 1000));
    struct tm_padder *p = start(&set, 0);
    tm_padder_tell(p, TM_MB_TUNNEL_RECV, 100);
    tm_padder_run(p, 100);
    CHECK_INT(counts(p).event[TM_MB_BLOCKING_BEGIN], 1);
    tm_padder_queue(p, 1, 200);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    CHECK_INT(tm_padder_next_us(p), 1100);
    /* A second block with no replace that ends earlier or at the same time changes nothing; a later one does. */
    tm_padder_tell(p, TM_MB_TUNNEL_RECV, 600);
    tm_padder_run(p, 600);
    CHECK_INT(tm_padder_next_us(p), 1600);
    tm_padder_run(p, 1599);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    tm_padder_run(p, 1600);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL);
    CHECK_INT(counts(p).event[TM_MB_BLOCKING_BEGIN], 2);
    CHECK_INT(counts(p).event[TM_MB_BLOCKING_END], 1);
    tm_padder_free(p);
}

/* What may leave while blocked, for each pair of flags of the padding, with one normal cell queued. */
static void padding_passes_a_block_as_both_allow(void)
{
    static const struct {
        unsigned block, pad;
        enum tm_cell ready;
        uint64_t n_replaced;
    } cases[] = {
        {0, 0, TM_CELL_NONE, 0},
        {0, BYPASS, TM_CELL_NONE, 0},
        {0, BYPASS | REPLACE, TM_CELL_NONE, 1},
        {BYPASS, 0, TM_CELL_NONE, 0},
        {BYPASS, REPLACE, TM_CELL_NONE, 1},
        {BYPASS, BYPASS, TM_CELL_PADDING, 0},
        {BYPASS, BYPASS | REPLACE, TM_CELL_NORMAL, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tm_mb_set set = {0};
        add(&set, block_on(TM_MB_TUNNEL_RECV, cases[i].block, 1e6));
        add(&set, padding_on(TM_MB_PADDING_RECV, cases[i].pad, 0));
        struct tm_padder *p = start(&set, 0);
        tm_padder_tell(p, TM_MB_TUNNEL_RECV, 0);
        tm_padder_run(p, 0);
        tm_padder_queue(p, 1, 1);
        tm_padder_tell(p, TM_MB_PADDING_RECV, 2);
        tm_padder_run(p, 2);
        CHECK_INT(tm_padder_ready(p), cases[i].ready);
        CHECK_INT(counts(p).n_replaced, cases[i].n_replaced);
        if (cases[i].ready != TM_CELL_NONE) {
            tm_padder_take(p);
            CHECK_INT(tm_padder_ready(p), TM_CELL_NONE); /* one, and no more */
        }
        tm_padder_free(p);
    }
}

/* Blocks at the first cell and for ever, lifts it for an instant `lift_us` later, and blocks again. */
static struct tm_mb_machine *lifting(double lift_us)
{
    enum { BEGIN, HOLD, LIFT };
    struct tm_mb_machine *m = tm_mb_machine_new();
    (void)state(m);
    edge(m, TM_MB_NORMAL_SENT, HOLD);
    for (uint32_t k = HOLD; k <= LIFT; k++) {
        struct tm_mb_state *s = state(m);
        s->ask = TM_MB_ASK_BLOCK_OUTGOING;
        s->replace = true;
        s->timeout = constant(m, k == HOLD ? 0 : lift_us);
        s->duration = constant(m, k == HOLD ? 1e9 : 0);
        if (k == HOLD)
            edge(m, TM_MB_BLOCKING_BEGIN, LIFT);
        else
            edge(m, TM_MB_BLOCKING_END, HOLD);
    }
    return m;
}

static void what_was_held_leaves_though_the_next_block_begins_at_once(void)
{
    struct tm_mb_set set = {0};
    add(&set, lifting(500));
    struct tm_padder *p = start(&set, 0);
    tm_padder_queue(p, 1, 0);
    tm_padder_run(p, 0);
    CHECK(tm_padder_is_blocking(p));
    CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL); /* it came before the block */
    tm_padder_take(p);
    tm_padder_queue(p, 2, 100);
    tm_padder_run(p, 499);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    tm_padder_run(p, 500);
    CHECK(tm_padder_is_blocking(p));
    CHECK_INT(counts(p).event[TM_MB_BLOCKING_END], 1);
    tm_padder_queue(p, 1, 500);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL);
        tm_padder_take(p);
    }
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    CHECK_INT(counts(p).queued_normal, 1);
    tm_padder_free(p);
}

static void what_was_due_first_happens_first(void)
{
    struct tm_mb_set set = {0};
    add(&set, block_on(TM_MB_TUNNEL_RECV, 0, 100));
    add(&set, padding_on(TM_MB_TUNNEL_RECV, 0, 50));
    struct tm_padder *p = start(&set, 0);
    tm_padder_tell(p, TM_MB_TUNNEL_RECV, 0);
    tm_padder_run(p, 0);
    CHECK_INT(tm_padder_next_us(p), 50);
    tm_padder_run(p, 70); /* late for the padding, which the block held all the same */
    CHECK_INT(tm_padder_ready(p), TM_CELL_NONE);
    CHECK_INT(counts(p).queued_padding, 1);
    CHECK_INT(tm_padder_next_us(p), 100);
    tm_padder_run(p, 100);
    CHECK_INT(tm_padder_ready(p), TM_CELL_PADDING);
    tm_padder_free(p);
}

static void late_runs_slow_no_machine_down_and_long_ones_are_not_made_up_for(void)
{
    struct tm_mb_set set = {0};
    struct tm_mb_machine *m = padding_on(TM_MB_NORMAL_RECV, 0, 1000);
    edge(m, TM_MB_PADDING_SENT, 1);
    add(&set, m);
    struct tm_padder *p = start(&set, 0);
    tm_padder_tell(p, TM_MB_NORMAL_RECV, 0);
    tm_padder_run(p, 1300);
    CHECK_INT(tm_padder_next_us(p), 2000);
    tm_padder_run(p, 4100);
    CHECK_INT(counts(p).event[TM_MB_PADDING_SENT], 4);
    CHECK_INT(tm_padder_next_us(p), 5000);
    tm_padder_run(p, 5000 + TM_PADDER_LATE_US + 1);
    CHECK_INT(counts(p).event[TM_MB_PADDING_SENT], 5);
    CHECK_INT(tm_padder_next_us(p), 6000 + TM_PADDER_LATE_US + 1);
    tm_padder_free(p);
}

static void an_internal_timer_begins_and_ends(void)
{
    struct tm_mb_set set = {0};
    struct tm_mb_machine *m = tm_mb_machine_new();
    (void)state(m);
    edge(m, TM_MB_NORMAL_RECV, 1);
    struct tm_mb_state *s = state(m);
    s->ask = TM_MB_ASK_UPDATE_TIMER;
    s->duration = constant(m, 300);
    add(&set, m);
    struct tm_padder *p = start(&set, 0);
    tm_padder_tell(p, TM_MB_NORMAL_RECV, 50);
    CHECK(tm_padder_next_us(p) <= 50);
    tm_padder_run(p, 50);
    CHECK_INT(counts(p).event[TM_MB_TIMER_BEGIN], 1);
    CHECK_INT(tm_padder_next_us(p), 350);
    tm_padder_run(p, 350);
    CHECK_INT(counts(p).event[TM_MB_TIMER_END], 1);
    CHECK_INT(tm_padder_next_us(p), TM_NEVER);
    tm_padder_free(p);
}

/* Padding at once for each padding: without end. */
static void a_machine_that_loops_is_held(void)
{
    struct tm_mb_set set = {0};
    struct tm_mb_machine *m = padding_on(TM_MB_NORMAL_SENT, 0, 0);
    edge(m, TM_MB_PADDING_SENT, 1); /* its own padding asks for the next */
    add(&set, m);
    struct tm_padder *p = start(&set, 0);
    tm_padder_queue(p, 1, 0);
    for (int64_t us = 0; us < 3 * TM_US_PER_S; us += 100)
        tm_padder_run(p, us);
    struct tm_padder_counts n = counts(p);
    CHECK(n.event[TM_MB_PADDING_SENT] > TM_PADDER_QUEUE_MAX);
    CHECK(n.event[TM_MB_PADDING_SENT] <= 3 * (uint64_t)TM_PADDER_ACTIONS_PER_S + 10);
    CHECK(n.queued_padding <= TM_PADDER_QUEUE_MAX);
    CHECK(n.n_dropped > 0);
    CHECK_INT(n.n_dropped + n.queued_padding, n.event[TM_MB_PADDING_SENT]);
    tm_padder_free(p);
}

static void without_a_connection_padding_is_given_up_and_cells_are_not(void)
{
    struct tm_mb_set set = {0};
    add(&set, padding_on(TM_MB_NORMAL_SENT, 0, 0));
    struct tm_padder *p = start(&set, 0);
    tm_padder_queue(p, 2, 0);
    tm_padder_run(p, 0);
    CHECK_INT(counts(p).queued_padding, 1);
    tm_padder_drop(p);
    CHECK_INT(counts(p).queued_padding, 0);
    CHECK_INT(counts(p).n_dropped, 1);
    CHECK_INT(counts(p).queued_normal, 2);
    CHECK_INT(tm_padder_ready(p), TM_CELL_NORMAL);
    tm_padder_free(p);
}

static void the_fraction_bounds_padding(void)
{
    struct tm_mb_set set = {0};
    add(&set, padding_on(TM_MB_NORMAL_SENT, 0, 0));
    struct tm_padder *p = start(&set, 0.25);
    for (int i = 0; i < 1000; i++) {
        tm_padder_queue(p, 1, i);
        tm_padder_run(p, i);
        while (tm_padder_ready(p) != TM_CELL_NONE)
            tm_padder_take(p);
    }
    CHECK(counts(p).n_padding > 300 && counts(p).n_padding < 350); /* a quarter of all */
    tm_padder_free(p);
}

/* ---- Sets ---- */

static void sets_are_limited(void)
{
    static char text[TM_MB_SET_TEXT_MAX + 1];
    static const char noop[] = "# one more\n02eNpjYEAHjOgCAAA0AAI=\r\n\n";
    struct tm_mb_set set;
    struct tm_msg why;
    size_t len = 0;
    for (unsigned n = 1; n <= TM_MB_SET_MAX + 1; n++) {
        memcpy(text + len, noop, sizeof noop - 1);
        len += sizeof noop - 1;
        int rc = tm_mb_set_parse(&set, text, len, &why);
        CHECK_INT(rc, n <= TM_MB_SET_MAX ? TM_OK : TM_ERR_LIMIT);
        CHECK_INT(set.n, n <= TM_MB_SET_MAX ? n : 0);
        tm_mb_set_free(&set);
    }
    CHECK_INT(tm_mb_set_parse(&set, text, sizeof text, &why), TM_ERR_LIMIT);
    CHECK_INT(tm_mb_set_parse(&set, text, 0, &why), TM_OK);
    CHECK_INT(set.n, 0);
    CHECK_INT(tm_mb_set_parse(&set, "02eNpjYEAHjOgCAAA0AAI=\n02x", 26, &why), TM_ERR_FORMAT);
    CHECK(strstr(why.text, "machine 2") != NULL);
    CHECK_INT(set.n, 0);
}

static void too_many_states_are_refused(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_set set;
    struct tm_msg why;
    char *text = NULL;
    for (unsigned i = 0; i <= TM_MB_SET_STATES_MAX; i++)
        (void)state(m);
    CHECK_INT(tm_mb_machine_text(&text, m), TM_OK);
    CHECK_INT(tm_mb_set_parse(&set, text, strlen(text), &why), TM_ERR_LIMIT);
    free(text);
    tm_mb_machine_free(m);
}

static const struct check_case cases[] = {
    {"without_machines_cells_leave_as_they_come", without_machines_cells_leave_as_they_come},
    {"padding_leaves_when_its_timer_ends", padding_leaves_when_its_timer_ends},
    {"a_queued_cell_takes_the_place_of_padding", a_queued_cell_takes_the_place_of_padding},
    {"blocking_holds_cells_until_it_ends", blocking_holds_cells_until_it_ends},
    {"padding_passes_a_block_as_both_allow", padding_passes_a_block_as_both_allow},
    {"what_was_held_leaves_though_the_next_block_begins_at_once",
     what_was_held_leaves_though_the_next_block_begins_at_once},
    {"what_was_due_first_happens_first", what_was_due_first_happens_first},
    {"late_runs_slow_no_machine_down_and_long_ones_are_not_made_up_for",
     late_runs_slow_no_machine_down_and_long_ones_are_not_made_up_for},
    {"an_internal_timer_begins_and_ends", an_internal_timer_begins_and_ends},
    {"a_machine_that_loops_is_held", a_machine_that_loops_is_held},
    {"without_a_connection_padding_is_given_up_and_cells_are_not",
     without_a_connection_padding_is_given_up_and_cells_are_not},
    {"the_fraction_bounds_padding", the_fraction_bounds_padding},
    {"sets_are_limited", sets_are_limited},
    {"too_many_states_are_refused", too_many_states_are_refused},
};
CHECK_MAIN("padder", cases)
