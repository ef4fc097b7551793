#include "learner/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tm/base/grow.h"

#define HUGE_PAGE ((size_t)2 << 20)
#define PER_BLOCK (1U << TM_SLAB_BLOCK_BITS)

void *tm_slab_alloc(size_t len)
{
    void *p;
    if (len < HUGE_PAGE)
        return malloc(len);
    if (posix_memalign(&p, HUGE_PAGE, len) != 0)
        return NULL;
    (void)madvise(p, len, MADV_HUGEPAGE); /* without it all is as well, and slower */
    return p;
}

void tm_slab_init(struct tm_slab *s, size_t size)
{
    TM_ASSERT(size >= 64 && size % 64 == 0);
    *s = (struct tm_slab){.size = size, .first_free = TM_SLAB_NONE};
}

void tm_slab_deinit(struct tm_slab *s)
{
    for (size_t i = 0; i < s->n_blocks; i++)
        free(s->block[i]);
    free(s->block);
    tm_slab_init(s, s->size);
}

static int add_block(struct tm_slab *s)
{
    if (s->n_used > UINT32_MAX - PER_BLOCK)
        return TM_ERR_LIMIT;
    int rc = tm_grow(&s->block, &s->cap_blocks, s->n_blocks, sizeof *s->block);
    if (rc != TM_OK)
        return rc;
    s->block[s->n_blocks] = tm_slab_alloc(s->size * PER_BLOCK);
    if (!s->block[s->n_blocks])
        return TM_ERR_NOMEM;
    s->n_blocks++;
    return TM_OK;
}

int tm_slab_take(struct tm_slab *s, uint32_t *out)
{
    if (s->first_free != TM_SLAB_NONE) {
        *out = s->first_free;
        memcpy(&s->first_free, tm_slab_at(s, *out), sizeof s->first_free);
        return TM_OK;
    }
    int rc = s->n_used == s->n_blocks * PER_BLOCK ? add_block(s) : TM_OK;
    if (rc == TM_OK)
        *out = s->n_used++;
    return rc;
}

void tm_slab_give(struct tm_slab *s, uint32_t i)
{
    memcpy(tm_slab_at(s, i), &s->first_free, sizeof s->first_free);
    s->first_free = i;
}
