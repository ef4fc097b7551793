#include "learner/packed.h"

#include <stdlib.h>

#include "learner/held.h"
#include "test/support/check.h"

#define N     3000U
#define N_MAX 256U

/* A fixed sequence of numbers that look random (Knuth's MMIX generator). */
static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 20;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sorted numbers of all lengths up to 44 bits. */
static void fill(uint64_t *v, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t x = next(&seed);
        v[i] = x >> next(&seed) % 44;
    }
    qsort(v, n, sizeof *v, by_value);
}

static void extremes_come_back(void)
{
    static const struct tm_run want[] = {{0, 1},         {1, UINT64_MAX / 2}, {127, 127},
                                         {254, 128},     {382, 16384},        {UINT64_MAX - 1, 1},
                                         {UINT64_MAX, 3}};
    const size_t n = sizeof want / sizeof *want;
    struct tm_packed t;
    CHECK_INT(tm_packed_pack(want, n, &t), TM_OK);
    CHECK_INT(t.n, n);
    struct tm_packed_reader r = tm_packed_read(&t);
    for (size_t i = 0; i < n; i++) {
        CHECK(tm_packed_next(&r));
        CHECK(r.run.value == want[i].value && r.run.count == want[i].count);
    }
    CHECK(!tm_packed_next(&r));
    tm_packed_deinit(&t);
}

static void of_nothing_comes_nothing(void)
{
    struct tm_packed empty = {0};
    struct tm_packed t;
    uint8_t bits = 0;
    struct tm_packed_reader a = tm_packed_read(&empty);
    struct tm_packed_reader b = tm_packed_read_sorted(NULL, 0);
    CHECK_INT(tm_packed_join(&a, &b, N_MAX, &bits, &t), TM_OK);
    CHECK(t.n == 0 && t.total == 0 && t.len == 0 && !t.byte);
    struct tm_packed_reader r = tm_packed_read(&t);
    CHECK(!tm_packed_next(&r));
}

/* Different values among the sorted ones when so many bits are kept. */
static size_t n_left(const uint64_t *v, size_t n, unsigned bits)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++)
        left += i == 0 || tm_held_rounded(v[i], bits) != tm_held_rounded(v[i - 1], bits);
    return left;
}

static void check_all(const struct tm_packed *t, const uint64_t *v, size_t n, unsigned bits)
{
    struct tm_packed_reader r = tm_packed_read(t);
    size_t at = 0;
    while (tm_packed_next(&r)) {
        for (uint64_t k = 0; k < r.run.count && at < n; k++, at++)
            CHECK(tm_held_rounded(v[at], bits) == r.run.value);
    }
    CHECK_INT(at, n);
    CHECK_INT(t->total, n);
    CHECK_INT(t->n, n_left(v, n, bits));
}

/* Joined in `parts` of the numbers, each every parts-th. */
static void join_parts(const uint64_t *v, size_t n, size_t parts, size_t n_max,
                       struct tm_packed *sum, uint8_t *bits)
{
    static uint64_t part[N];
    *sum = (struct tm_packed){0};
    *bits = 0;
    for (size_t p = 0; p < parts; p++) {
        size_t len = 0;
        for (size_t i = p; i < n; i += parts)
            part[len++] = v[i];
        struct tm_packed joined;
        struct tm_packed_reader a = tm_packed_read(sum);
        struct tm_packed_reader b = tm_packed_read_sorted(part, len);
        CHECK_INT(tm_packed_join(&a, &b, n_max, bits, &joined), TM_OK);
        tm_packed_deinit(sum);
        *sum = joined;
    }
}

static void all_are_counted_when_there_is_room(void)
{
    static uint64_t v[N];
    struct tm_packed t;
    uint8_t bits;
    fill(v, N, 1);
    join_parts(v, N, 4, N, &t, &bits);
    CHECK_INT(bits, 0);
    check_all(&t, v, N, 0);
    CHECK(t.len < N * 8);
    tm_packed_deinit(&t);
}

static void no_more_bits_go_than_have_to(void)
{
    static uint64_t v[N];
    for (size_t parts = 1; parts <= 64; parts *= 4) {
        struct tm_packed t;
        uint8_t bits;
        fill(v, N, parts);
        join_parts(v, N, parts, N_MAX, &t, &bits);
        CHECK(bits >= 1 && bits < 40);
        CHECK(t.n <= N_MAX);
        CHECK(n_left(v, N, bits + 1U) > N_MAX);
        check_all(&t, v, N, bits);
        tm_packed_deinit(&t);
    }
}

static const struct check_case cases[] = {
    {"extremes_come_back", extremes_come_back},
    {"of_nothing_comes_nothing", of_nothing_comes_nothing},
    {"all_are_counted_when_there_is_room", all_are_counted_when_there_is_room},
    {"no_more_bits_go_than_have_to", no_more_bits_go_than_have_to},
};
CHECK_MAIN("packed", cases)
