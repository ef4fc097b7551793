#include "audit/interference/leak.h"

#include "test/support/check.h"

#define N 300U

static struct tm_rng rng_of(uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_seed_from_u64(key, seed);
    tm_rng_init(&rng, key);
    return rng;
}

/* 100 times: a request, and an answer of two segments. */
static struct tm_trace_set traffic(void)
{
    struct tm_trace_set set = {0};
    struct tm_trace_packet p[N];
    struct tm_trace t = {.duration_us = 100 * 20000, .new_bytes = {30000, 144800}};
    for (uint32_t i = 0; i < N; i++)
        p[i] = (struct tm_trace_packet){.t_us = i / 3 * 20000 + i % 3 * 500,
                                        .bytes = i % 3 == 0 ? 300 : 724,
                                        .dir = i % 3 == 0 ? TM_UP : TM_DOWN,
                                        .is_new = true};
    CHECK_INT(tm_trace_set_add(&set, &t, p, N), TM_OK);
    return set;
}

static struct tm_trace_set leaking(const struct tm_trace_set *from, struct tm_leak leak,
                                   uint64_t seed)
{
    struct tm_trace_set set = {0};
    struct tm_rng rng = rng_of(seed);
    CHECK_INT(tm_leak_add(&set, &leak, from, &from->v[0], &rng), TM_OK);
    return set;
}

static void half_of_the_writes_down_are_answered_by_a_record(void)
{
    struct tm_trace_set from = traffic();
    struct tm_trace_set to = leaking(&from, (struct tm_leak){.kind = TM_LEAK_RECORD}, 1);
    uint32_t n = to.v[0].n_packets - N;
    CHECK(n > 30 && n < 70);
    CHECK_INT(to.v[0].new_bytes[TM_UP], 30000 + n * TM_LEAK_RECORD_BYTES);
    CHECK_INT(to.v[0].new_bytes[TM_DOWN], 144800);
    for (uint32_t i = 1; i < to.v[0].n_packets; i++) {
        const struct tm_trace_packet *p = tm_trace_packets(&to, &to.v[0]) + i;
        CHECK(p->t_us >= p[-1].t_us);
        if (p->bytes == TM_LEAK_RECORD_BYTES)
            CHECK(p->dir == TM_UP && p[-1].dir == TM_DOWN && p[-2].dir == TM_DOWN);
    }
    tm_trace_set_deinit(&from);
    tm_trace_set_deinit(&to);
}

static void half_of_the_writes_and_all_behind_them_are_late(void)
{
    struct tm_trace_set from = traffic();
    struct tm_trace_set to =
        leaking(&from, (struct tm_leak){.kind = TM_LEAK_LATE, .late_us = 300}, 2);
    const struct tm_trace_packet *was = tm_trace_packets(&from, &from.v[0]);
    const struct tm_trace_packet *now = tm_trace_packets(&to, &to.v[0]);
    int64_t late_us = 0;
    CHECK_INT(to.v[0].n_packets, N);
    for (uint32_t i = 0; i < N; i++) {
        int64_t more_us = now[i].t_us - was[i].t_us - late_us;
        CHECK(more_us == 0 || (more_us == 300 && i % 3 != 2)); /* never inside a write */
        late_us += more_us;
        CHECK_INT(now[i].bytes, was[i].bytes);
        CHECK_INT(now[i].dir, was[i].dir);
    }
    CHECK(late_us > 70 * 300 && late_us < 130 * 300);
    CHECK_INT(to.v[0].duration_us, from.v[0].duration_us + late_us);
    tm_trace_set_deinit(&from);
    tm_trace_set_deinit(&to);
}

static void same_seed_leaks_the_same(void)
{
    struct tm_trace_set from = traffic();
    struct tm_leak leak = {.kind = TM_LEAK_LATE, .late_us = 300};
    struct tm_trace_set a = leaking(&from, leak, 3);
    struct tm_trace_set b = leaking(&from, leak, 3);
    struct tm_trace_set c = leaking(&from, leak, 4);
    uint32_t n_other = 0;
    for (uint32_t i = 0; i < N; i++) {
        CHECK_INT(a.packets[i].t_us, b.packets[i].t_us);
        n_other += a.packets[i].t_us != c.packets[i].t_us;
    }
    CHECK(n_other > 0);
    tm_trace_set_deinit(&from);
    tm_trace_set_deinit(&a);
    tm_trace_set_deinit(&b);
    tm_trace_set_deinit(&c);
}

static const struct check_case CASES[] = {
    {"half_of_the_writes_down_are_answered_by_a_record",
     half_of_the_writes_down_are_answered_by_a_record},
    {"half_of_the_writes_and_all_behind_them_are_late",
     half_of_the_writes_and_all_behind_them_are_late},
    {"same_seed_leaks_the_same", same_seed_leaks_the_same},
};
CHECK_MAIN("audit/interference/leak", CASES)
