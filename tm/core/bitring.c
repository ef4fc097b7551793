#include "tm/core/bitring.h"

#include <stdbool.h>

/* n bits from `bit` on. */
static uint64_t mask_of(size_t bit, size_t n)
{
    return (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1) << bit;
}

/* Applies set or clear word by word. */
static void apply(uint64_t *bits, size_t cap, uint64_t offset, size_t len, bool set)
{
    while (len > 0) {
        size_t pos = (size_t)(offset & (cap - 1));
        size_t bit = pos & 63;
        size_t n = 64 - bit < len ? 64 - bit : len;
        uint64_t mask = mask_of(bit, n);
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

void tm_bitring_grow(uint64_t *twice, const uint64_t *bits, size_t cap, uint64_t from, uint64_t to)
{
    while (from < to) {
        size_t bit = (size_t)(from & 63);
        size_t n = 64 - bit < to - from ? 64 - bit : (size_t)(to - from);
        uint64_t word = bits[(from & (cap - 1)) >> 6] & mask_of(bit, n);
        twice[(from & (2 * cap - 1)) >> 6] |= word;
        from += n;
    }
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
