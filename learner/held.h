/* learner/held.h - values that wait for something that only the capture's end tells, such as their host's
 * round trip: counted by (host, kind, value).
 *
 * Bounded: over TM_HELD_ROWS_MAX different rows all values lose their lowest significant bits, no more than
 * needed and never below TM_HELD_BITS_MIN; beyond that it grows with the number of hosts alone.  From
 * TM_HELD_BITS_FINE bits on a value is its row's; below, the row's values are taken to lie at even distances
 * in its width.  What is left does not depend on the order of the values (as learner/samples.h). */
#ifndef TM_LEARNER_HELD_H
#define TM_LEARNER_HELD_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_HELD_ROWS_MAX (UINT32_C(1) << 19)
#define TM_HELD_BITS_FINE                                                                          \
    9U /* values move by 0.4 % at most; with fewer bits, a row's are spread over its width */
#define TM_HELD_BITS_MIN    3U
#define TM_HELD_WAITING_MAX 32U

#define TM_HELD_VALUE_MAX ((UINT64_C(1) << 59) - 1) /* larger ones count as this */
#define TM_HELD_KINDS     16U

struct tm_held_row {
    uint64_t value : 59;
    uint64_t is_placed : 1; /* while the table is put in order; else 0 */
    uint64_t kind : 4;
    uint32_t host;
    uint32_t
        count; /* 0: an unused cell of the table; what is more than it holds has a row of its own */
};

struct tm_held {
    struct tm_held_row *row; /* owned; open addressing */
    size_t n_cells;
    size_t cap_cells; /* that there is room for; memory that was never used is none yet */
    size_t n_rows;
    unsigned bits; /* significant ones that are kept; 0: all */
    size_t n_waiting;
    struct tm_held_row waiting[TM_HELD_WAITING_MAX]; /* to be counted together */
};

/* An empty one is {0}. */
void tm_held_deinit(struct tm_held *h);
/* kind < TM_HELD_KINDS.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_held_add(struct tm_held *h, uint32_t host, uint32_t kind, uint64_t value);
/* Puts the rows at the front of `row`: first those of `kind`, in order of host and value, *n of them, then the others.  Only deinit
 * may follow.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_held_sort(struct tm_held *h, uint32_t kind, size_t *n);

/* The k-th value of a row, from 0 on, in ascending order. */
uint64_t tm_held_value(const struct tm_held *h, const struct tm_held_row *r, uint64_t k);

/* The value with its lowest bits cleared, so that `bits` significant ones stay; 0: all stay. */
uint64_t tm_held_rounded(uint64_t value, unsigned bits);

#endif
