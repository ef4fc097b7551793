/* learner/slab.h - many objects of one size, by number: taken and given back one by one, never moved.
 *
 * They stand in blocks that are multiples of a huge page, which the kernel is asked to use: with 100,000 connections open, the
 * look-up of small pages costs as much as the memory itself. */
#ifndef TM_LEARNER_SLAB_H
#define TM_LEARNER_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_SLAB_NONE       UINT32_MAX
#define TM_SLAB_BLOCK_BITS 14U /* objects of a block, as a power of two */

struct tm_slab {
    uint8_t **block; /* owned, as what it points to */
    size_t cap_blocks;
    size_t n_blocks;
    size_t size;
    uint32_t n_used;     /* numbers so far, those given back included */
    uint32_t first_free; /* chained by the first bytes of what was given back */
};

/* For objects of `size` bytes, a multiple of 64. */
void tm_slab_init(struct tm_slab *s, size_t size);
void tm_slab_deinit(struct tm_slab *s);

/* An object that nobody has, in *out; what is in it is unspecified.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^32 objects). */
TM_MUST_CHECK int tm_slab_take(struct tm_slab *s, uint32_t *out);
/* Back; its first four bytes are overwritten. */
void tm_slab_give(struct tm_slab *s, uint32_t i);

/* Where it is, as long as the slab lives; i < n_used. */
static inline void *tm_slab_at(const struct tm_slab *s, uint32_t i)
{
    return s->block[i >> TM_SLAB_BLOCK_BITS] +
           (size_t)(i & ((1U << TM_SLAB_BLOCK_BITS) - 1)) * s->size;
}

/* `len` bytes that begin at a huge page's edge, which the kernel is asked for when they fill one; free() frees them.  NULL: there
 * are none. */
void *tm_slab_alloc(size_t len);

#endif
