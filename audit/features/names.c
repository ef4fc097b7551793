#include "audit/features/names.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FREE      UINT32_MAX
#define NAMES_MAX (1U << 30)

static uint32_t hash_of(const char *name)
{
    uint32_t h = UINT32_C(0x811c9dc5); /* FNV-1a: nobody gains by making names collide */
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * UINT32_C(0x01000193);
    return h ^ h >> 15;
}

static uint32_t *place_of(const struct tm_name_list *l, const char *name)
{
    uint32_t mask = l->index->cap_places - 1;
    uint32_t i = hash_of(name) & mask;
    while (l->index->places[i] != FREE && strcmp((*l->v)[l->index->places[i]], name) != 0)
        i = (i + 1) & mask;
    return &l->index->places[i];
}

/* Room for one more: the list doubles, the index stays at most half full. */
static int make_room(const struct tm_name_list *l)
{
    if (*l->n < *l->cap)
        return TM_OK;
    if (*l->n >= NAMES_MAX)
        return TM_ERR_LIMIT;
    uint32_t cap = *l->cap == 0 ? 16 : *l->cap * 2;
    char **v = realloc(*l->v, cap * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    *l->v = v;
    uint32_t *places = malloc((size_t)cap * 2 * sizeof *places);
    if (!places)
        return TM_ERR_NOMEM;
    memset(places, 0xff, (size_t)cap * 2 * sizeof *places); /* FREE */
    free(l->index->places);
    l->index->places = places;
    l->index->cap_places = cap * 2;
    *l->cap = cap;
    for (uint32_t i = 0; i < *l->n; i++)
        *place_of(l, v[i]) = i;
    return TM_OK;
}

int tm_names_put(const struct tm_name_list *l, const char *name, uint32_t *out)
{
    if (l->index->cap_places > 0) {
        uint32_t found = *place_of(l, name);
        if (found != FREE) {
            *out = found;
            return TM_OK;
        }
    }
    int rc = make_room(l);
    if (rc != TM_OK)
        return rc;
    char *copy = strdup(name);
    if (!copy)
        return TM_ERR_NOMEM;
    *place_of(l, name) = *l->n;
    (*l->v)[*l->n] = copy;
    *out = (*l->n)++;
    return TM_OK;
}

void tm_names_deinit(const struct tm_name_list *l)
{
    for (uint32_t i = 0; i < *l->n; i++)
        free((*l->v)[i]);
    free(*l->v);
    free(l->index->places);
    *l->v = NULL;
    *l->n = *l->cap = 0;
    *l->index = (struct tm_names){0};
}
