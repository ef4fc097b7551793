#include "learner/slab.h"

#include <stdbool.h>
#include <string.h>

#include "test/support/check.h"

#define OBJECT_LEN 128U

static struct tm_slab slab(void)
{
    struct tm_slab s;
    tm_slab_init(&s, OBJECT_LEN);
    return s;
}

static uint32_t take(struct tm_slab *s)
{
    uint32_t i = TM_SLAB_NONE;
    CHECK_INT(tm_slab_take(s, &i), TM_OK);
    memset(tm_slab_at(s, i), (int)(i % 251), OBJECT_LEN);
    return i;
}

static bool is_whole(const struct tm_slab *s, uint32_t i)
{
    uint8_t want[OBJECT_LEN];
    memset(want, (int)(i % 251), sizeof want);
    return memcmp(tm_slab_at(s, i), want, sizeof want) == 0;
}

static void objects_of_several_blocks_stay_where_they_are(void)
{
    enum { N = (2 << TM_SLAB_BLOCK_BITS) + 5 };
    struct tm_slab s = slab();
    void *first = NULL;
    uint32_t bad = 0;
    for (uint32_t i = 0; i < N; i++) {
        bad += take(&s) != i;
        if (i == 0)
            first = tm_slab_at(&s, 0);
        bad += (uintptr_t)tm_slab_at(&s, i) % 64 != 0;
    }
    CHECK(tm_slab_at(&s, 0) == first);
    for (uint32_t i = 0; i < N; i++)
        bad += !is_whole(&s, i);
    CHECK_INT(bad, 0);
    CHECK_INT(s.n_blocks, 3);
    tm_slab_deinit(&s);
}

static void what_was_given_back_is_given_out_first(void)
{
    struct tm_slab s = slab();
    for (int i = 0; i < 10; i++)
        (void)take(&s);
    tm_slab_give(&s, 3);
    tm_slab_give(&s, 7);
    CHECK_INT(take(&s), 7);
    CHECK_INT(take(&s), 3);
    CHECK_INT(take(&s), 10);
    for (uint32_t i = 0; i < 11; i++)
        CHECK(is_whole(&s, i));
    tm_slab_deinit(&s);
}

static void is_empty_again_after_deinit(void)
{
    struct tm_slab s = slab();
    (void)take(&s);
    tm_slab_give(&s, 0);
    tm_slab_deinit(&s);
    CHECK_INT(take(&s), 0);
    CHECK_INT(s.n_used, 1);
    tm_slab_deinit(&s);
}

static const struct check_case cases[] = {
    {"objects_of_several_blocks_stay_where_they_are",
     objects_of_several_blocks_stay_where_they_are},
    {"what_was_given_back_is_given_out_first", what_was_given_back_is_given_out_first},
    {"is_empty_again_after_deinit", is_empty_again_after_deinit},
};
CHECK_MAIN("slab", cases)
