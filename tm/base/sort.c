/* Counting sort, digit by digit: the same time for any values, and none for digits that all have in common. */
#include "tm/base/sort.h"

#include <string.h>

#define DIGIT_BITS 11U
#define DIGITS     (1U << DIGIT_BITS)
#define FEW        64U /* sorted by insertion */

static void insert_all(uint64_t *v, uint32_t n, uint32_t low)
{
    for (uint32_t i = 1; i < n; i++) {
        uint64_t x = v[i];
        uint32_t k = i;
        for (; k > 0 && v[k - 1] >> low > x >> low; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

static void by_digit(uint64_t *to, const uint64_t *from, uint32_t n, uint32_t shift)
{
    uint32_t at[DIGITS] = {0}, sum = 0;
    for (uint32_t i = 0; i < n; i++)
        at[from[i] >> shift & (DIGITS - 1)]++;
    for (uint32_t d = 0; d < DIGITS; d++) {
        uint32_t count = at[d];
        at[d] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < n; i++)
        to[at[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

void tm_sort_u64(uint64_t *v, uint64_t *spare, uint32_t n, uint32_t low)
{
    uint64_t differ = 0;
    uint64_t *from = v, *to = spare;
    if (n <= FEW) {
        insert_all(v, n, low);
        return;
    }
    for (uint32_t i = 1; i < n; i++)
        differ |= v[i] ^ v[0];
    for (uint32_t shift = low; shift < 64; shift += DIGIT_BITS) {
        if ((differ >> shift & (DIGITS - 1)) == 0)
            continue;
        by_digit(to, from, n, shift);
        uint64_t *t = from;
        from = to;
        to = t;
    }
    if (from != v)
        memcpy(v, from, n * sizeof *v);
}
