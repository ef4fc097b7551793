#include "tm/core/bitring.h"

#include <stdbool.h>

/* Applies set or clear word by word. */
static void apply(uint64_t *bits, size_t cap, uint64_t offset, size_t len, bool set)
{
    while (len > 0) {
        size_t pos = (size_t)(offset & (cap - 1));
        size_t bit = pos & 63;
        size_t n = 64 - bit < len ? 64 - bit : len;
        uint64_t mask = (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << bit;
        if (set)
            bits[pos >> 6] |= mask;
        else
            bits[pos >> 6] &= ~mask;
        offset += n;
        len -= n;
    }
}

void tm_bitring_set(uint64_t *bits, size_t cap, uint64_t offset, size_t len)
{
    apply(bits, cap, offset, len, true);
}

void tm_bitring_clear(uint64_t *bits, size_t cap, uint64_t offset, size_t len)
{
    apply(bits, cap, offset, len, false);
}

size_t tm_bitring_run(const uint64_t *bits, size_t cap, uint64_t offset, size_t max)
{
    size_t run = 0;
    while (run < max) {
        size_t pos = (size_t)((offset + run) & (cap - 1));
        size_t bit = pos & 63;
        uint64_t holes = ~(bits[pos >> 6] >> bit);
        size_t n = holes ? (size_t)__builtin_ctzll(holes) : 64;
        if (n > 64 - bit)
            n = 64 - bit;
        run += n;
        if (n < 64 - bit)
            break;
    }
    return run < max ? run : max;
}
