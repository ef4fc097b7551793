/* Machines of the vectors (data/maybenot/machines.json.gz) as they are decoded, and what validation refuses. */
#include "models/maybenot/machine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"
#include "test/support/check.h"
#include "test/unit/models/maybenot/vectors.h"

enum { N_MACHINES = 65, BLOB_MAX = 1 << 20 };

static size_t bytes_of_hex(uint8_t *out, const char *hex)
{
    const size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return n;
}

/* The string, the description and (up to 1 KiB) the bytes are one machine, which the encoder writes as those bytes. */
static void check_machine(const struct tree *t, uint8_t *blob)
{
    const char *text = tree_text(tree_member(t, "string"));
    struct tm_mb_machine *parsed = NULL, *built = vector_machine(tree_member(t, "machine"));
    struct tm_msg msg = {""};
    int rc = tm_mb_machine_parse(&parsed, text, strlen(text), &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "%s: %s\n", tree_text(tree_member(t, "name")), msg.text);
    CHECK_INT(rc, TM_OK);
    CHECK(tree_is_true(tree_member(t, "ok")));
    if (parsed && built) {
        CHECK_INT(tm_mb_machine_validate(built, NULL), TM_OK);
        CHECK(same_machine(parsed, built));
        struct tm_wr w = tm_wr_init(blob, BLOB_MAX);
        tm_mb_machine_encode(parsed, &w);
        CHECK(tm_wr_ok(&w));
        const char *hex = tree_text(tree_member(t, "bincode_hex"));
        uint8_t want[1024];
        if (hex[0] != '\0') {
            CHECK_INT(w.len, bytes_of_hex(want, hex));
            CHECK_MEM(blob, want, w.len);
        }
        CHECK_INT(w.len, tree_whole(tree_member(t, "bincode_len")));
    }
    tm_mb_machine_free(parsed);
    tm_mb_machine_free(built);
}

static void vectors_decode_to_their_machines_and_encode_to_their_bytes(void)
{
    struct tree *all = tree_load(VECTORS "machines.json.gz");
    uint8_t *blob = malloc(BLOB_MAX);
    CHECK_INT(tree_count(all), N_MACHINES);
    for (const struct tree *t = all ? all->child : NULL; t && blob; t = t->next)
        check_machine(t, blob);
    free(blob);
    tree_free(all);
}

/* Two states: 0 goes to 1 by half on NormalSent, 1 pads and signals. */
static struct tm_mb_machine *small_machine(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s;
    struct tm_mb_dist d = {.kind = TM_MB_UNIFORM};
    CHECK(m != NULL);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_SENT, 1, 0.5F), TM_OK);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = TM_MB_ASK_SEND_PADDING;
    d.of.uniform.high = 10;
    CHECK_INT(tm_mb_build_dist(m, &d, &s->timeout), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_RECV, 0, 0.25F), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_RECV, TM_MB_STATE_END, 0.75F), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_TIMER_END, TM_MB_STATE_SIGNAL, 1), TM_OK);
    return m;
}

static void built_edges_belong_to_their_events(void)
{
    struct tm_mb_machine *m = small_machine();
    const uint32_t first[] = {0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const uint32_t second[] = {1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4};
    CHECK_INT(m->n_states, 2);
    CHECK_MEM(m->states[0].first_edge, first, sizeof first);
    CHECK_MEM(m->states[1].first_edge, second, sizeof second);
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_OK);
    tm_mb_machine_free(m);
}

/* What validation says after one change; the change is undone. */
#define REFUSED(m, place, value, why)                                                              \
    do {                                                                                           \
        struct tm_msg msg_ = {""};                                                                 \
        const __typeof__(place) old_ = (place);                                                    \
        (place) = (value);                                                                         \
        CHECK_INT(tm_mb_machine_validate(m, &msg_), TM_ERR_RANGE);                                 \
        CHECK_STR(msg_.text, why);                                                                 \
        (place) = old_;                                                                            \
    } while (0)

static void every_rule_is_checked_and_named(void)
{
    struct tm_mb_machine *m = small_machine();
    REFUSED(m, m->max_padding_frac, -0.1, "max_padding_frac must be from 0 to 1, not -0.1");
    REFUSED(m, m->max_blocking_frac, 1.1, "max_blocking_frac must be from 0 to 1, not 1.1");
    REFUSED(m, m->n_states, 0, "a machine has 1 to 100000 states, not 0");
    REFUSED(m, m->n_states, 100001, "a machine has 1 to 100000 states, not 100001");
    REFUSED(m, m->edges[0].to, 2, "state 0, NormalSent: there is no state 2");
    REFUSED(m, m->edges[2].to, 0, "state 1, NormalRecv: target 0 appears twice");
    REFUSED(m, m->edges[1].to, TM_MB_STATE_END,
            "state 1, NormalRecv: target 4294967295 appears twice");
    REFUSED(m, m->edges[3].p, 0,
            "state 1, TimerEnd: a probability must be above 0 and at most 1, not 0");
    REFUSED(m, m->edges[3].p, 1.5F,
            "state 1, TimerEnd: a probability must be above 0 and at most 1, not 1.5");
    REFUSED(m, m->edges[1].p, 0.5F, "state 1, NormalRecv: probabilities sum up to 1.25");
    REFUSED(m, m->dists[0].of.uniform.low, 11, "Uniform: high must be at least low, not 10");
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_OK);
    tm_mb_machine_free(m);
}

/* Upstream lets it pass; here it would silently switch off a limit or a transition. */
static void nan_is_refused(void)
{
    struct tm_mb_machine *m = small_machine();
    m->max_padding_frac = NAN;
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_ERR_RANGE);
    m->max_padding_frac = 0;
    m->max_blocking_frac = NAN;
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_ERR_RANGE);
    m->max_blocking_frac = 0;
    m->edges[0].p = NAN;
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_ERR_RANGE);
    tm_mb_machine_free(m);
}

/* Ten times 0.1 is 1.0000001 in single precision; in double it would pass. */
static void sums_are_taken_in_single_precision(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s;
    for (int i = 0; i < 10; i++)
        CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    for (uint32_t i = 0; i < 10; i++)
        CHECK_INT(tm_mb_build_edge(m, TM_MB_SIGNAL, i, 0.1F), TM_OK);
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_ERR_RANGE);
    m->edges[9].p = 0.0999998F;
    CHECK_INT(tm_mb_machine_validate(m, NULL), TM_OK);
    tm_mb_machine_free(m);
}

static const struct check_case cases[] = {
    {"vectors_decode_to_their_machines_and_encode_to_their_bytes",
     vectors_decode_to_their_machines_and_encode_to_their_bytes},
    {"built_edges_belong_to_their_events", built_edges_belong_to_their_events},
    {"every_rule_is_checked_and_named", every_rule_is_checked_and_named},
    {"nan_is_refused", nan_is_refused},
    {"sums_are_taken_in_single_precision", sums_are_taken_in_single_precision},
};

CHECK_MAIN("maybenot/machine", cases)
