/* learner/keymap.h - keys of 32 bytes -> numbers from 0 on; a number whose key was removed is given out again. */
#ifndef TM_LEARNER_KEYMAP_H
#define TM_LEARNER_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_KEYMAP_KEY_LEN 32U

struct tm_keymap {
    uint8_t (*key)[TM_KEYMAP_KEY_LEN]; /* owned; by number */
    uint32_t *cell;                    /* owned; number + 1, or 0: open addressing */
    size_t n_cells;                    /* a power of two, or 0 */
    uint32_t *spare;                   /* owned; numbers to give out again */
    uint32_t n_spare;
    uint32_t n; /* numbers so far, spare ones included */
};

/* An empty one is {0}. */
void tm_keymap_deinit(struct tm_keymap *m);
/* Bytes that the map takes. */
size_t tm_keymap_bytes(const struct tm_keymap *m);
/* The key's number; *is_new says whether it was not there.  A new number is at most m->n before the call.
 * TM_ERR_NOMEM, TM_ERR_LIMIT (2^31 keys). */
TM_MUST_CHECK int tm_keymap_put(struct tm_keymap *m, const uint8_t key[TM_KEYMAP_KEY_LEN],
                                uint32_t *out, bool *is_new);
/* Forgets the key with this number, which must be there. */
void tm_keymap_remove(struct tm_keymap *m, uint32_t number);

#endif
