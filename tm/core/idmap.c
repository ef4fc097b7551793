#include "tm/core/idmap.h"

#include <assert.h>

#include "tm/base/err.h"

static_assert((TM_IDMAP_CELLS & (TM_IDMAP_CELLS - 1)) == 0, "a power of two");
static_assert(TM_IDMAP_CELLS > TM_STREAMS_HELD, "a search ends at an empty cell");

static uint32_t home(uint64_t id)
{
    return (uint32_t)(id >> 1) & (TM_IDMAP_CELLS - 1);
}

static uint32_t after(uint32_t i)
{
    return (i + 1) & (TM_IDMAP_CELLS - 1);
}

/* Its cell, or the empty one where it would stand. */
static uint32_t cell_of(const struct tm_idmap *m, uint64_t id)
{
    uint32_t i = home(id);
    uint32_t n = 0;
    while (m->cell[i].id != 0 && m->cell[i].id != id) {
        i = after(i);
        n++;
        TM_ASSERT(n < TM_IDMAP_CELLS);
    }
    return i;
}

void tm_idmap_put(struct tm_idmap *m, uint64_t id, uint32_t at)
{
    uint32_t i = cell_of(m, id);
    TM_ASSERT(id > 0);
    m->cell[i].id = id;
    m->cell[i].at = at;
}

uint32_t tm_idmap_get(const struct tm_idmap *m, uint64_t id)
{
    uint32_t i = cell_of(m, id);
    return id > 0 && m->cell[i].id == id ? m->cell[i].at : TM_IDMAP_NONE;
}

/* The cells behind move up, so that no search ends at the hole before it comes to what it looks for (Knuth, algorithm 6.4R). */
void tm_idmap_remove(struct tm_idmap *m, uint64_t id)
{
    uint32_t hole = cell_of(m, id);
    if (id == 0 || m->cell[hole].id != id)
        return;
    for (uint32_t i = after(hole); m->cell[i].id != 0; i = after(i)) {
        uint32_t way = (i - home(m->cell[i].id)) & (TM_IDMAP_CELLS - 1);
        if (way < ((i - hole) & (TM_IDMAP_CELLS - 1)))
            continue; /* its home lies behind the hole */
        m->cell[hole] = m->cell[i];
        hole = i;
    }
    m->cell[hole].id = 0;
}
