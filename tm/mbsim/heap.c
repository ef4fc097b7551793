#include "tm/mbsim/heap.h"

#include <stdlib.h>

#include "tm/base/grow.h"

/* Puts `e` at `at` or above. */
static void rise(struct tm_mbsim_heap *h, size_t at, struct tm_mbsim_event e)
{
    while (at > 0) {
        const size_t parent = (at - 1) / 2;
        if (!tm_mbsim_is_before(&e, &h->e[parent]))
            break;
        h->e[at] = h->e[parent];
        at = parent;
    }
    h->e[at] = e;
}

int tm_mbsim_heap_push(struct tm_mbsim_heap *h, const struct tm_mbsim_event *e)
{
    if (h->n == h->cap) {
        int rc = tm_grow(&h->e, &h->cap, h->n, sizeof *h->e);
        if (rc != TM_OK)
            return rc;
    }
    rise(h, h->n++, *e);
    return TM_OK;
}

struct tm_mbsim_event tm_mbsim_heap_pop(struct tm_mbsim_heap *h)
{
    TM_ASSERT(h->n > 0);
    const struct tm_mbsim_event top = h->e[0], last = h->e[--h->n];
    if (h->n == 0)
        return top;
    size_t at = 0, child = 1;
    for (; child + 1 < h->n; child = 2 * at + 1) {
        child += !tm_mbsim_is_before(&h->e[child], &h->e[child + 1]);
        h->e[at] = h->e[child];
        at = child;
    }
    if (child + 1 == h->n) {
        h->e[at] = h->e[child];
        at = child;
    }
    rise(h, at, last);
    return top;
}

void tm_mbsim_heap_deinit(struct tm_mbsim_heap *h)
{
    free(h->e);
    *h = (struct tm_mbsim_heap){0};
}
