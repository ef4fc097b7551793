#include "audit/interference/study.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

#define SERVER_PORT 443
#define RTT_US      40000

/* How a run is played. */
struct play {
    uint64_t schedule; /* seed: sizes and think times */
    uint64_t noise;    /* seed: the network's */
    int64_t late_us;   /* every second request of the client */
    uint32_t extra;    /* bytes more of the last answer of connection 3 */
    uint32_t n_conns;
};

struct wire {
    struct tm_run *run;
    struct tm_trace_builder *builder;
    uint16_t port;
    uint32_t sent[2];
};

static struct tm_rng rng_of(uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    return rng;
}

static void put(struct wire *w, int64_t t_us, enum tm_dir dir, uint8_t flags, uint32_t len)
{
    struct tm_packet p = {.t_us = t_us,
                          .src_port = dir == TM_UP ? w->port : SERVER_PORT,
                          .dst_port = dir == TM_UP ? SERVER_PORT : w->port,
                          .seq = w->sent[dir],
                          .ack = w->sent[!dir],
                          .flags = flags,
                          .ip_version = 4,
                          .payload_len = len};
    p.src[15] = dir == TM_UP ? 1 : 2;
    p.dst[15] = dir == TM_UP ? 2 : 1;
    w->sent[dir] += len + ((flags & (TM_TCP_SYN | TM_TCP_FIN)) != 0);
    CHECK_INT(tm_wire_view_feed(&w->run->view, &p), TM_OK);
    CHECK_INT(tm_trace_builder_packet(w->builder, &p), TM_OK);
}

/* One connection of 3 to 6 exchanges, seen beside the client. */
static void connect_once(struct wire *w, const struct play *play, uint32_t i, struct tm_rng *plan,
                         struct tm_rng *noise)
{
    int64_t t_us = INT64_C(1700000000000000) + (int64_t)i * 1000000;
    uint32_t n = 3 + (uint32_t)tm_rng_below(plan, 4);
    w->port = (uint16_t)(20000 + i);
    w->sent[TM_UP] = w->sent[TM_DOWN] = 1000;
    put(w, t_us, TM_UP, TM_TCP_SYN, 0);
    t_us += RTT_US;
    put(w, t_us, TM_DOWN, TM_TCP_SYN | TM_TCP_ACK, 0);
    put(w, t_us + 1, TM_UP, TM_TCP_ACK, 0);
    for (uint32_t k = 0; k < n; k++) {
        t_us += 5000 + (int64_t)tm_rng_below(plan, 2) * 5000 + (int64_t)tm_rng_below(noise, 200);
        if (tm_rng_below(noise, 2) != 0)
            t_us += play->late_us;
        put(w, t_us, TM_UP, TM_TCP_ACK, 300 + (uint32_t)tm_rng_below(plan, 600));
        t_us += RTT_US + (int64_t)tm_rng_below(noise, 2000);
        put(w, t_us, TM_DOWN, TM_TCP_ACK,
            500 + (uint32_t)tm_rng_below(plan, 900) + (i == 3 && k + 1 == n ? play->extra : 0));
    }
    put(w, t_us + 1000, TM_UP, TM_TCP_ACK | TM_TCP_FIN, 0);
    put(w, t_us + RTT_US, TM_DOWN, TM_TCP_ACK | TM_TCP_FIN, 0);
    put(w, t_us + RTT_US + 1, TM_UP, TM_TCP_ACK, 0);
}

static struct tm_run run_of(struct play play)
{
    struct tm_run r = {.workload = "x", .capture = "made"};
    struct wire w = {.run = &r};
    struct tm_rng plan = rng_of(play.schedule);
    struct tm_rng noise = rng_of(play.noise);
    struct tm_endpoint server = {.port = SERVER_PORT};
    struct tm_msg msg = {""};
    server.addr[15] = 2;
    CHECK_INT(tm_wire_view_add_server(&r.view, &server), TM_OK);
    CHECK_INT(tm_trace_builder_new(&w.builder, &(struct tm_trace_cfg){.max_flows = 4096}), TM_OK);
    for (uint32_t i = 0; i < play.n_conns; i++)
        connect_once(&w, &play, i, &plan, &noise);
    CHECK_INT(tm_trace_builder_end(w.builder, &r.traces, 0, 0, 0), TM_OK);
    tm_trace_builder_free(w.builder);
    CHECK_INT(tm_run_join(&r, &msg), TM_OK);
    return r;
}

static unsigned n_progress; /* written by the callback alone */

static void count_progress(void *user, unsigned done, unsigned of)
{
    CHECK(user == &n_progress);
    CHECK(done == n_progress + 1 && done <= of);
    n_progress = done;
}

/* Two connections of each user. */
static void give_users(struct tm_run *r)
{
    for (uint32_t i = 0; i < r->n_conns; i++)
        r->conns[i].user = i / 2;
}

/* Two schedules, idle and loaded; the loaded side is played as `loaded` says. */
static struct tm_study study_with(uint32_t n_conns, struct play loaded, int64_t control_us,
                                  bool has_users)
{
    struct tm_run idle[2];
    struct tm_run load[2];
    const struct tm_run *at[2][2] = {{&idle[0], &idle[1]}, {&load[0], &load[1]}};
    struct tm_study_cfg cfg = {
        .seed = 1, .late_us = control_us, .progress = count_progress, .user = &n_progress};
    struct tm_study s;
    struct tm_msg msg = {""};
    n_progress = 0;
    for (uint32_t i = 0; i < 2; i++) {
        idle[i] = run_of((struct play){.schedule = i, .noise = 10 + i, .n_conns = n_conns});
        loaded.schedule = i;
        loaded.noise = 20 + i;
        loaded.n_conns = n_conns;
        load[i] = run_of(loaded);
        if (has_users) {
            give_users(&idle[i]);
            give_users(&load[i]);
        }
    }
    CHECK_INT(tm_study_run(&s, &cfg, at[0], at[1], 2, &msg), TM_OK);
    for (uint32_t i = 0; i < 2; i++) {
        tm_run_deinit(&idle[i]);
        tm_run_deinit(&load[i]);
    }
    return s;
}

static struct tm_study study_of(uint32_t n_conns, struct play loaded, int64_t control_us)
{
    return study_with(n_conns, loaded, control_us, false);
}

static void equal_play_is_at_chance_and_its_controls_are_caught(void)
{
    struct tm_study s = study_of(60, (struct play){0}, 3000);
    CHECK_INT(s.n_runs, 2);
    CHECK_INT(s.n_pairs, 120);
    CHECK_INT(s.n_groups, TM_STUDY_GROUPS);
    CHECK_INT(s.by, TM_STUDY_BY_STRETCH);
    CHECK(!s.offsets.is_different && s.offsets.n_offsets == s.offsets.n_equal);
    for (int k = 0; k < TM_ATTACK_KINDS; k++) {
        CHECK(s.scores.has[k]);
        CHECK(s.scores.auc[k].value > 0.4 && s.scores.auc[k].value < 0.6);
        CHECK(s.scores.auc[k].low < 0.52 && s.scores.auc[k].high > 0.48);
    }
    for (uint32_t i = 0; i < TM_STUDY_CONTROLS; i++) {
        CHECK(s.control[i].is_caught);
        CHECK(s.control[i].scores.auc[TM_ATTACK_FOREST_ALL].value >= TM_STUDY_CAUGHT);
        CHECK(s.control[i].scores.auc[TM_ATTACK_NET].value >= TM_STUDY_CAUGHT);
    }
    CHECK(s.verdict == TM_VERDICT_NO_CLAIM || s.verdict == TM_VERDICT_NOT_TOLD);
    CHECK_INT(n_progress, TM_ATTACK_KINDS + 2 * TM_STUDY_CONTROLS);
}

/* As many sessions as suffice for groups. */
static void late_writes_under_load_are_told_though_the_offsets_are_equal(void)
{
    struct tm_study s =
        study_with(2 * TM_STUDY_GROUPS / 2, (struct play){.late_us = 3000}, 3000, true);
    CHECK_INT(s.by, TM_STUDY_BY_SESSION);
    CHECK_INT(s.n_groups, TM_STUDY_GROUPS);
    CHECK_INT(s.n_pairs, 2 * TM_STUDY_GROUPS);
    CHECK(!s.offsets.is_different);
    CHECK(s.scores.auc[TM_ATTACK_FOREST_TIMES].low > TM_STUDY_AIM);
    CHECK(s.scores.auc[TM_ATTACK_FOREST_SIZES].value < 0.6);
    CHECK_INT(s.verdict, TM_VERDICT_TOLD);
}

static void one_byte_more_is_a_difference_whatever_the_attacks_say(void)
{
    struct tm_study s = study_of(10, (struct play){.extra = 1}, 3000);
    CHECK(s.offsets.is_different);
    CHECK(strstr(s.offsets.text, "connection 4 turn") != NULL);
    CHECK_INT(s.verdict, TM_VERDICT_OFFSETS);
}

/* One session less than suffices in each pair of runs. */
static void control_that_is_not_caught_fails_the_test_itself(void)
{
    struct tm_study s = study_with(2 * TM_STUDY_GROUPS / 2 - 2, (struct play){0}, 0, true);
    CHECK_INT(s.by, TM_STUDY_BY_STRETCH);
    CHECK(s.control[0].is_caught);
    CHECK(!s.control[1].is_caught);
    CHECK_INT(s.verdict, TM_VERDICT_CONTROL);
}

static void too_few_connections_give_no_claim(void)
{
    struct tm_study s = study_of(4, (struct play){0}, 3000);
    CHECK(!s.has_attacks);
    CHECK(!s.offsets.is_different && s.offsets.n_offsets > 0);
    CHECK_INT(s.verdict, TM_VERDICT_NO_CLAIM);
}

static void same_seed_gives_the_same_numbers(void)
{
    struct tm_study a = study_of(10, (struct play){0}, 3000);
    struct tm_study b = study_of(10, (struct play){0}, 3000);
    CHECK_MEM(a.scores.auc, b.scores.auc, sizeof a.scores.auc);
}

static const struct check_case CASES[] = {
    {"equal_play_is_at_chance_and_its_controls_are_caught",
     equal_play_is_at_chance_and_its_controls_are_caught},
    {"late_writes_under_load_are_told_though_the_offsets_are_equal",
     late_writes_under_load_are_told_though_the_offsets_are_equal},
    {"one_byte_more_is_a_difference_whatever_the_attacks_say",
     one_byte_more_is_a_difference_whatever_the_attacks_say},
    {"control_that_is_not_caught_fails_the_test_itself",
     control_that_is_not_caught_fails_the_test_itself},
    {"too_few_connections_give_no_claim", too_few_connections_give_no_claim},
    {"same_seed_gives_the_same_numbers", same_seed_gives_the_same_numbers},
};
CHECK_MAIN("audit/interference/study", CASES)
