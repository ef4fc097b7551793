/* tm/base/grow.h - arrays of the heap that grow by doubling. */
#ifndef TM_BASE_GROW_H
#define TM_BASE_GROW_H

#include <stddef.h>

#include "tm/base/err.h"

/* Makes room for a member at index n <= *cap.  `array` is the address of the pointer to the members, `size` bytes each and *cap of them
 * (NULL and 0 before the first); both change when it grows, and what is new is not set.  TM_ERR_NOMEM: all is as before. */
TM_MUST_CHECK int tm_grow(void *array, size_t *cap, size_t n, size_t size);

/* The same for `more` members from index n on; 0: nothing to do. */
TM_MUST_CHECK int tm_grow_by(void *array, size_t *cap, size_t n, size_t more, size_t size);

#endif
