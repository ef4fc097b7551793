#include "tm/base/grow.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"

#define START 16U

int tm_grow_by(void *array, size_t *cap, size_t n, size_t more, size_t size)
{
    void *p;
    size_t len;
    size_t want = *cap > 0 ? *cap : START;
    TM_ASSERT_LE(n, *cap);
    if (more <= *cap - n)
        return TM_OK;
    while (want - n < more) {
        if (!tm_mul_ok(want, 2, &want))
            return TM_ERR_NOMEM;
    }
    if (!tm_mul_ok(want, size, &len))
        return TM_ERR_NOMEM;
    memcpy(&p, array, sizeof p); /* a pointer to members of any type */
    p = realloc(p, len);
    if (!p)
        return TM_ERR_NOMEM;
    memcpy(array, &p, sizeof p);
    *cap = want;
    return TM_OK;
}

int tm_grow(void *array, size_t *cap, size_t n, size_t size)
{
    return tm_grow_by(array, cap, n, 1, size);
}
