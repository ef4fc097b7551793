#include "tm/sim/agenda.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/time.h"

static bool before(const struct tm_agenda_item *a, const struct tm_agenda_item *b)
{
    return a->t_us != b->t_us ? a->t_us < b->t_us : a->order < b->order;
}

int tm_agenda_add(struct tm_agenda *a, struct tm_agenda_item item)
{
    if (tm_grow(&a->item, &a->cap, a->n, sizeof *a->item) != TM_OK)
        return TM_ERR_NOMEM;
    item.order = a->n_added++;
    size_t i = a->n++;
    while (i > 0 && before(&item, &a->item[(i - 1) / 2])) {
        a->item[i] = a->item[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    a->item[i] = item;
    return TM_OK;
}

int64_t tm_agenda_next_us(const struct tm_agenda *a)
{
    return a->n > 0 ? a->item[0].t_us : TM_NEVER;
}

bool tm_agenda_take(struct tm_agenda *a, struct tm_agenda_item *out)
{
    if (a->n == 0)
        return false;
    *out = a->item[0];
    struct tm_agenda_item moved = a->item[--a->n];
    size_t i = 0;
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= a->n)
            break;
        if (c + 1 < a->n && before(&a->item[c + 1], &a->item[c]))
            c++;
        if (!before(&a->item[c], &moved))
            break;
        a->item[i] = a->item[c];
        i = c;
    }
    if (a->n > 0)
        a->item[i] = moved;
    return true;
}

void tm_agenda_deinit(struct tm_agenda *a)
{
    free(a->item);
    memset(a, 0, sizeof *a);
}
