/* learner/keymap.h - keys of 32 bytes -> numbers 0, 1, 2, ... in the order in which they first came. */
#ifndef TM_LEARNER_KEYMAP_H
#define TM_LEARNER_KEYMAP_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_KEYMAP_KEY_LEN 32U

struct tm_keymap {
    uint8_t (*key)[TM_KEYMAP_KEY_LEN]; /* owned; by number */
    uint32_t *cell;                    /* owned; number + 1, or 0: open addressing */
    size_t n_cells;                    /* a power of two, or 0 */
    uint32_t n;
};

/* An empty one is {0}. */
void tm_keymap_deinit(struct tm_keymap *m);
/* The key's number, a new one (the count before) if it was not there.  TM_ERR_NOMEM, TM_ERR_LIMIT (2^31
 * keys). */
TM_MUST_CHECK int tm_keymap_put(struct tm_keymap *m, const uint8_t key[TM_KEYMAP_KEY_LEN],
                                uint32_t *out);

#endif
