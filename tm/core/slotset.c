#include "tm/core/slotset.h"

#include <assert.h>

#include "tm/base/err.h"

#define WORDS (TM_STREAMS_HELD / 64U)

static_assert(TM_STREAMS_HELD % 64 == 0, "whole words");

static uint64_t bit(uint32_t slot)
{
    return UINT64_C(1) << (slot % 64);
}

bool tm_slotset_has(const struct tm_slotset *set, uint32_t slot)
{
    return (set->word[slot / 64] & bit(slot)) != 0;
}

void tm_slotset_add(struct tm_slotset *set, uint32_t slot)
{
    TM_ASSERT(slot < TM_STREAMS_HELD);
    if (tm_slotset_has(set, slot))
        return;
    set->word[slot / 64] |= bit(slot);
    set->n++;
}

void tm_slotset_remove(struct tm_slotset *set, uint32_t slot)
{
    TM_ASSERT(slot < TM_STREAMS_HELD);
    if (!tm_slotset_has(set, slot))
        return;
    set->word[slot / 64] &= ~bit(slot);
    set->n--;
}

uint32_t tm_slotset_next(const struct tm_slotset *set, uint32_t from)
{
    if (set->n == 0 || from >= TM_STREAMS_HELD)
        return TM_SLOTSET_END;
    uint32_t i = from / 64;
    uint64_t word = set->word[i] & ~(bit(from) - 1);
    while (word == 0 && ++i < WORDS)
        word = set->word[i];
    return word ? i * 64 + (uint32_t)__builtin_ctzll(word) : TM_SLOTSET_END;
}

uint32_t tm_slotset_lowest_free(const struct tm_slotset *set)
{
    uint32_t i = 0;
    while (i < WORDS && set->word[i] == UINT64_MAX)
        i++;
    return i < WORDS ? i * 64 + (uint32_t)__builtin_ctzll(~set->word[i]) : TM_SLOTSET_END;
}

uint32_t tm_slotset_turn(const struct tm_slotset *set, uint32_t from, uint32_t i)
{
    if (set->n == 0 || i >= TM_STREAMS_HELD)
        return TM_SLOTSET_END;
    uint32_t at = (from + i) % TM_STREAMS_HELD;
    uint32_t found = tm_slotset_next(set, at);
    if (found == TM_SLOTSET_END)
        found = TM_STREAMS_HELD + tm_slotset_next(set, 0); /* it has members, so below `at` */
    i += found - at;
    return i < TM_STREAMS_HELD ? i : TM_SLOTSET_END;
}
