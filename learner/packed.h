/* learner/packed.h - how often each value came, packed: a few bytes a value.
 *
 * The values stand in ascending order, each as its distance to the one before it (the first one's to 0), and then its count; both in
 * groups of seven bits, the lowest first, a byte each, whose highest bit says that more follow (LEB128).  Neighbours of a measured
 * distribution are close and their counts are small, so most take two or three bytes where a pair of numbers takes sixteen. */
#ifndef TM_LEARNER_PACKED_H
#define TM_LEARNER_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

/* The observations of one value. */
struct tm_run {
    uint64_t value;
    uint64_t count; /* >= 1 */
};

/* Empty is {0}. */
struct tm_packed {
    uint8_t *byte; /* owned */
    size_t len;
    size_t n;       /* different values */
    uint64_t total; /* observations */
};

/* Values in ascending order, with their counts: those of a packed list, or the members of a sorted array; equal ones come together. */
struct tm_packed_reader {
    const uint8_t *byte; /* borrowed, as the array is */
    const uint8_t *byte_end;
    const uint64_t *v;
    const uint64_t *v_end;
    struct tm_run run; /* what next found */
};

void tm_packed_deinit(struct tm_packed *t);

/* A reader of a packed list, and of n sorted values. */
struct tm_packed_reader tm_packed_read(const struct tm_packed *t);
struct tm_packed_reader tm_packed_read_sorted(const uint64_t *v, size_t n);
/* The next value, in r->run; false: there is none. */
bool tm_packed_next(struct tm_packed_reader *r);

/* Overwrites *out with n values in ascending order, each once.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_packed_pack(const struct tm_run *v, size_t n, struct tm_packed *out);
/* Overwrites *out with all of `a` and `b`, with at most `n_max` >= 256 different values: when there are more, all lose their lowest
 * significant bits, no more than needed.  *bits are those that are kept, as before (0: all) or fewer: the result depends on the values
 * alone, not on how they came to be in `a` or `b`.  *out is as large as it need be.  TM_ERR_NOMEM: *bits is as before. */
TM_MUST_CHECK int tm_packed_join(const struct tm_packed_reader *a, const struct tm_packed_reader *b,
                                 size_t n_max, uint8_t *bits, struct tm_packed *out);

#endif
