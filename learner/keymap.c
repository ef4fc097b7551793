#include "learner/keymap.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"

#define CELLS_START ((size_t)256)

void tm_keymap_deinit(struct tm_keymap *m)
{
    free(m->key);
    free(m->cell);
    free(m->spare);
    *m = (struct tm_keymap){0};
}

size_t tm_keymap_bytes(const struct tm_keymap *m)
{
    return m->n_cells / 2 * (sizeof *m->key + sizeof *m->spare) + m->n_cells * sizeof *m->cell;
}

static size_t hash_of(const uint8_t key[TM_KEYMAP_KEY_LEN])
{
    uint64_t w[4];
    uint64_t h = UINT64_C(0x9e3779b97f4a7c15);
    memcpy(w, key, sizeof w);
    for (int i = 0; i < 4; i++) {
        h = (h ^ w[i]) * UINT64_C(0xd6e8feb86659fd93);
        h ^= h >> 32;
    }
    h *= UINT64_C(0xd6e8feb86659fd93); /* addresses differ in the last word's highest bytes */
    return (size_t)(h ^ h >> 32);
}

/* Where the key is, or the empty cell where it belongs. */
static size_t find(const struct tm_keymap *m, const uint8_t key[TM_KEYMAP_KEY_LEN])
{
    size_t i = hash_of(key) & (m->n_cells - 1);
    while (m->cell[i] != 0 && memcmp(m->key[m->cell[i] - 1], key, TM_KEYMAP_KEY_LEN) != 0)
        i = (i + 1) & (m->n_cells - 1);
    return i;
}

/* Cells are twice the keys, at least. */
static int grow(struct tm_keymap *m)
{
    size_t n_cells = m->n_cells > 0 ? m->n_cells * 2 : CELLS_START;
    size_t len;
    if (n_cells > (size_t)UINT32_MAX)
        return TM_ERR_LIMIT;
    if (!tm_mul_ok(n_cells / 2, sizeof *m->key, &len))
        return TM_ERR_NOMEM;
    void *key = realloc(m->key, len);
    if (!key)
        return TM_ERR_NOMEM;
    m->key = key;
    uint32_t *spare = realloc(m->spare, n_cells / 2 * sizeof *spare);
    if (!spare)
        return TM_ERR_NOMEM;
    m->spare = spare;
    uint32_t *cell = calloc(n_cells, sizeof *cell);
    if (!cell)
        return TM_ERR_NOMEM;
    uint32_t *old = m->cell;
    size_t n_old = m->n_cells;
    m->cell = cell;
    m->n_cells = n_cells;
    for (size_t i = 0; i < n_old; i++) {
        if (old[i] != 0)
            m->cell[find(m, m->key[old[i] - 1])] = old[i];
    }
    free(old);
    return TM_OK;
}

int tm_keymap_put(struct tm_keymap *m, const uint8_t key[TM_KEYMAP_KEY_LEN], uint32_t *out,
                  bool *is_new)
{
    if ((size_t)m->n * 2 >= m->n_cells) {
        int rc = grow(m);
        if (rc != TM_OK)
            return rc;
    }
    size_t i = find(m, key);
    *is_new = m->cell[i] == 0;
    if (*is_new) {
        uint32_t number = m->n_spare > 0 ? m->spare[--m->n_spare] : m->n++;
        memcpy(m->key[number], key, TM_KEYMAP_KEY_LEN);
        m->cell[i] = number + 1;
    }
    *out = m->cell[i] - 1;
    return TM_OK;
}

/* What follows moves back, so that no search stops before it (as in learner/flow.c). */
void tm_keymap_remove(struct tm_keymap *m, uint32_t number)
{
    size_t mask = m->n_cells - 1;
    size_t hole = find(m, m->key[number]);
    TM_ASSERT(m->cell[hole] == number + 1);
    for (size_t i = (hole + 1) & mask; m->cell[i] != 0; i = (i + 1) & mask) {
        size_t home = hash_of(m->key[m->cell[i] - 1]) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            m->cell[hole] = m->cell[i];
            hole = i;
        }
    }
    m->cell[hole] = 0;
    m->spare[m->n_spare++] = number;
}
