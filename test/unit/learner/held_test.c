#include "learner/held.h"

#include <stdlib.h>

#include "test/support/check.h"

#define N       700000U
#define N_HOSTS 7U
#define N_KINDS 3U
#define KIND    1U

/* A fixed sequence of numbers that look random (Knuth's MMIX generator). */
static uint64_t next(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

struct value {
    uint64_t value;
    uint32_t host;
    uint32_t kind;
};

/* All different, nearly. */
static struct value value_of(uint64_t i)
{
    uint64_t state = i;
    uint64_t value = next(&state) >> i % 5;
    return (struct value){value, (uint32_t)(next(&state) % N_HOSTS), (uint32_t)(i % N_KINDS)};
}

static int by_all(const void *a, const void *b)
{
    const struct tm_held_row *x = a;
    const struct tm_held_row *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->host != y->host)
        return x->host < y->host ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* What rows the values make when so many bits are kept; how many. */
static size_t count(struct tm_held_row *row, size_t n, unsigned bits)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct value v = value_of(i);
        row[i] = (struct tm_held_row){.value = tm_held_rounded(v.value, bits) & TM_HELD_VALUE_MAX,
                                      .kind = v.kind % TM_HELD_KINDS,
                                      .host = v.host,
                                      .count = 1};
    }
    qsort(row, n, sizeof *row, by_all);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && by_all(&row[kept - 1], &row[i]) == 0)
            row[kept - 1].count++;
        else
            row[kept++] = row[i];
    }
    return kept;
}

/* Against a count of all values: as fine as the limit allows, whatever the order. */
static void check_order(uint64_t from, int64_t step, struct tm_held_row *want)
{
    struct tm_held h = {0};
    size_t n_kind;
    for (uint64_t i = 0; i < N; i++) {
        struct value v = value_of((uint64_t)((int64_t)from + step * (int64_t)i));
        CHECK_INT(tm_held_add(&h, v.host, v.kind, v.value), TM_OK);
    }
    CHECK_INT(tm_held_sort(&h, KIND, &n_kind), TM_OK);
    CHECK(h.bits > TM_HELD_BITS_MIN && h.bits < 32);
    CHECK(count(want, N, h.bits + 1) > TM_HELD_ROWS_MAX);
    size_t n = count(want, N, h.bits);
    CHECK(n <= TM_HELD_ROWS_MAX);
    CHECK_INT(h.n_rows, n);
    for (size_t i = 0; i < n_kind; i++)
        CHECK(h.row[i].kind == KIND && (i == 0 || by_all(&h.row[i - 1], &h.row[i]) < 0));
    qsort(h.row, h.n_rows, sizeof *h.row, by_all);
    CHECK(h.n_rows == n);
    for (size_t i = 0; i < n && i < h.n_rows; i++)
        CHECK(by_all(&h.row[i], &want[i]) == 0 && h.row[i].count == want[i].count);
    tm_held_deinit(&h);
}

static void rounding_in_place_counts_as_counting_all_does(void)
{
    struct tm_held_row *want = calloc(N, sizeof *want);
    CHECK(want != NULL);
    if (!want)
        return;
    check_order(0, 1, want);
    check_order(N - 1, -1, want);
    free(want);
}

static void few_values_stay(void)
{
    struct tm_held h = {0};
    size_t n;
    for (unsigned i = 0; i < 1000; i++)
        CHECK_INT(tm_held_add(&h, i % N_HOSTS, KIND, UINT64_C(1) << 45 | i % 100), TM_OK);
    CHECK_INT(tm_held_sort(&h, KIND, &n), TM_OK);
    CHECK_INT(n, 700);
    CHECK_INT(h.bits, 0);
    CHECK(h.row[0].host == 0 && h.row[0].value == UINT64_C(1) << 45 && h.row[0].count == 2);
    tm_held_deinit(&h);
}

static const struct check_case cases[] = {
    {"rounding_in_place_counts_as_counting_all_does",
     rounding_in_place_counts_as_counting_all_does},
    {"few_values_stay", few_values_stay},
};
CHECK_MAIN("held", cases)
