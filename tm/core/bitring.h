/* tm/core/bitring.h - one bit for every byte of a ring buffer: which bytes of a window are there.
 *
 * Reassembly and acknowledgement both get ranges in any order.  A bit per byte (an eighth of the window's
 * memory) has no worst case: no list that a peer could make long.  Positions are offsets modulo cap;
 * cap is a power of two >= 64; bits has cap / 64 words. */
#ifndef TM_CORE_BITRING_H
#define TM_CORE_BITRING_H

#include <stddef.h>
#include <stdint.h>

/* Sets / clears the bits of len <= cap bytes from offset on. */
void tm_bitring_set(uint64_t *bits, size_t cap, uint64_t offset, size_t len);
void tm_bitring_clear(uint64_t *bits, size_t cap, uint64_t offset, size_t len);
/* Copies the bits of [from, to), to - from <= cap, into `twice`, a clear ring of twice the cap. */
void tm_bitring_grow(uint64_t *twice, const uint64_t *bits, size_t cap, uint64_t from, uint64_t to);
/* How many bits from offset on are set, at most max <= cap. */
size_t tm_bitring_run(const uint64_t *bits, size_t cap, uint64_t offset, size_t max);

#endif
