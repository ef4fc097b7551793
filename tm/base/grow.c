#include "tm/base/grow.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"

#define START 16U

int tm_grow(void *array, size_t *cap, size_t n, size_t size)
{
    void *p;
    size_t len;
    size_t more = *cap > 0 ? *cap : START / 2;
    TM_ASSERT_LE(n, *cap);
    if (n < *cap)
        return TM_OK;
    if (!tm_mul_ok(more, 2, &more) || !tm_mul_ok(more, size, &len))
        return TM_ERR_NOMEM;
    memcpy(&p, array, sizeof p); /* a pointer to members of any type */
    p = realloc(p, len);
    if (!p)
        return TM_ERR_NOMEM;
    memcpy(array, &p, sizeof p);
    *cap = more;
    return TM_OK;
}
