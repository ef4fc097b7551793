#include "tm/core/flight.h"

#include <stdlib.h>

int tm_flight_init(struct tm_flight *f, uint32_t cap)
{
    *f = (struct tm_flight){.cap = cap, .n_free = cap, .free = {0, cap - 1}};
    f->items = calloc(cap, sizeof *f->items);
    if (!f->items)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < cap; i++)
        f->items[i].next = i + 1 < cap ? i + 1 : TM_FLIGHT_NONE;
    return TM_OK;
}

void tm_flight_deinit(struct tm_flight *f)
{
    free(f->items);
    f->items = NULL;
}

static uint32_t take_first(struct tm_flight *f, struct tm_item_list *l)
{
    uint32_t i = l->head;
    TM_ASSERT(i != TM_FLIGHT_NONE);
    l->head = f->items[i].next;
    if (l->head == TM_FLIGHT_NONE)
        l->tail = TM_FLIGHT_NONE;
    return i;
}

static void append(struct tm_flight *f, struct tm_item_list *l, uint32_t i)
{
    f->items[i].next = TM_FLIGHT_NONE;
    if (l->tail == TM_FLIGHT_NONE)
        l->head = i;
    else
        f->items[l->tail].next = i;
    l->tail = i;
}

struct tm_item *tm_flight_first(struct tm_flight *f, const struct tm_item_list *l)
{
    return tm_item_list_is_empty(l) ? NULL : &f->items[l->head];
}

bool tm_flight_add(struct tm_flight *f, struct tm_item_list *l, const struct tm_item *item)
{
    if (tm_item_list_is_empty(&f->free))
        return false;
    uint32_t i = take_first(f, &f->free);
    f->n_free--;
    f->items[i] = *item;
    append(f, l, i);
    return true;
}

void tm_flight_drop_first(struct tm_flight *f, struct tm_item_list *l)
{
    append(f, &f->free, take_first(f, l));
    f->n_free++;
}

void tm_flight_move_first(struct tm_flight *f, struct tm_item_list *from, struct tm_item_list *to)
{
    append(f, to, take_first(f, from));
}

void tm_flight_clear(struct tm_flight *f, struct tm_item_list *l)
{
    while (!tm_item_list_is_empty(l))
        tm_flight_drop_first(f, l);
}
