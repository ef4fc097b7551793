/* tm/base/sort.h - sorting many numbers. */
#ifndef TM_BASE_SORT_H
#define TM_BASE_SORT_H

#include <stdint.h>

/* Sorts by the bits from `low` (0..63) on, stably; `spare` has room for n.  Takes the same time for any values. */
void tm_sort_u64(uint64_t *v, uint64_t *spare, uint32_t n, uint32_t low);

#endif
