/* Blocks in a row: which sequences of sizes they can be. */
#include "models/blocks.h"

#include "test/support/check.h"

#define LONG 100U

struct sequence {
    uint32_t size[8];
    uint32_t n;
};

/* Sizes of a connection; 1000 more: welded to the one before. */
static void add(struct tm_deck *d, const struct sequence *s)
{
    CHECK_INT(tm_deck_add_conn(d, TM_DECK_FIRST, 0), TM_OK);
    for (uint32_t i = 0; i < s->n; i++) {
        CHECK_INT(tm_deck_add_write(d, (struct tm_write){.size = s->size[i] % 1000}), TM_OK);
        if (s->size[i] >= 1000)
            tm_deck_weld_last(d);
    }
}

/* 1 | 2+3 | 4 and 5 | 6 | 7+8 */
static struct tm_blocks blocks_of_two(void)
{
    struct tm_deck d = {0};
    struct tm_blocks b;
    add(&d, &(const struct sequence){{1, 2, 1003, 4}, 4});
    add(&d, &(const struct sequence){{5, 6, 7, 1008}, 4});
    CHECK_INT(tm_blocks_init(&b, d.n_writes), TM_OK);
    tm_blocks_put_deck(&b, &d);
    tm_deck_deinit(&d);
    return b;
}

static bool is_row(const struct tm_blocks *b, const struct sequence *s, uint32_t longest)
{
    uint64_t sum[9] = {0};
    uint8_t place[9];
    for (uint32_t i = 0; i < s->n; i++)
        sum[i + 1] =
            sum[i] * TM_BLOCKS_BASE + tm_blocks_term(&(const struct tm_write){.size = s->size[i]});
    return tm_row_fill(b, &(const struct tm_row){sum, s->n}, longest, place);
}

static void rows_begin_with_a_head_and_end_with_a_tail(void)
{
    static const struct sequence YES[] = {
        {{1, 2, 3, 4}, 4},       {{5, 6, 7, 8}, 4}, {{1, 6, 4}, 3},
        {{5, 2, 3, 6, 7, 8}, 6}, {{1, 4}, 2},       {{1, 6, 6, 6, 4}, 5},
    };
    static const struct sequence NO[] = {
        {{1, 2, 4}, 3},    /* 2 without 3 */
        {{1, 6, 7}, 3},    /* 7 without 8 */
        {{6, 4}, 2},       /* 6 begins nothing */
        {{1, 6}, 2},       /* and ends nothing */
        {{1, 7, 8, 4}, 4}, /* 7+8 is an end */
        {{1, 5, 4}, 3},    /* 5 is a beginning */
        {{1, 9, 4}, 3},    {{1}, 1},
    };
    struct tm_blocks b = blocks_of_two();
    for (size_t i = 0; i < sizeof YES / sizeof *YES; i++)
        CHECK(is_row(&b, &YES[i], LONG));
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++)
        CHECK(!is_row(&b, &NO[i], LONG));
    CHECK(!is_row(&b, &YES[0], 1));
    CHECK(is_row(&b, &YES[2], 1));
    tm_blocks_deinit(&b);
}

static void directions_count(void)
{
    struct tm_deck d = {0};
    struct tm_blocks b;
    const struct tm_write up = {.size = 1}, down = {.size = 1, .dir = TM_DOWN};
    CHECK_INT(tm_deck_add_conn(&d, TM_DECK_FIRST, 0), TM_OK);
    CHECK_INT(tm_deck_add_write(&d, up), TM_OK);
    CHECK_INT(tm_deck_add_write(&d, down), TM_OK);
    CHECK_INT(tm_blocks_init(&b, d.n_writes), TM_OK);
    tm_blocks_put_deck(&b, &d);
    CHECK(tm_blocks_has(&b, tm_blocks_term(&up), TM_BLOCK_HEAD, 1));
    CHECK(!tm_blocks_has(&b, tm_blocks_term(&down), TM_BLOCK_HEAD, 1));
    CHECK(tm_blocks_has(&b, tm_blocks_term(&down), TM_BLOCK_TAIL, 1));
    tm_deck_deinit(&d);
    tm_blocks_deinit(&b);
}

static void places_say_what_can_be_before_and_after_them(void)
{
    struct tm_blocks b = blocks_of_two();
    const uint32_t size[] = {1, 6, 7, 8, 4};
    uint64_t sum[6] = {0};
    uint8_t place[6];
    for (uint32_t i = 0; i < 5; i++)
        sum[i + 1] =
            sum[i] * TM_BLOCKS_BASE + tm_blocks_term(&(const struct tm_write){.size = size[i]});
    CHECK(!tm_row_fill(&b, &(const struct tm_row){sum, 5}, LONG, place));
    CHECK_INT(place[0], TM_ROW_AHEAD);
    CHECK_INT(place[1], TM_ROW_AHEAD);
    CHECK_INT(place[2], TM_ROW_AHEAD);
    CHECK_INT(place[3], 0);
    CHECK_INT(place[4], TM_ROW_BACK);
    CHECK_INT(place[5], TM_ROW_BACK);
    tm_blocks_deinit(&b);
}

static void what_is_taken_is_gone_when_it_was_the_last(void)
{
    struct tm_blocks b;
    CHECK_INT(tm_blocks_init(&b, 10), TM_OK);
    tm_blocks_put(&b, 77, TM_BLOCK_INNER, 3);
    tm_blocks_put(&b, 77, TM_BLOCK_INNER, 3);
    tm_blocks_take(&b, 77, TM_BLOCK_INNER, 3);
    CHECK(tm_blocks_has(&b, 77, TM_BLOCK_INNER, 3));
    CHECK(!tm_blocks_has(&b, 77, TM_BLOCK_TAIL, 3));
    CHECK(!tm_blocks_has(&b, 77, TM_BLOCK_INNER, 4));
    tm_blocks_take(&b, 77, TM_BLOCK_INNER, 3);
    CHECK(!tm_blocks_has(&b, 77, TM_BLOCK_INNER, 3));
    tm_blocks_deinit(&b);
}

static const struct check_case cases[] = {
    {"rows_begin_with_a_head_and_end_with_a_tail", rows_begin_with_a_head_and_end_with_a_tail},
    {"directions_count", directions_count},
    {"places_say_what_can_be_before_and_after_them", places_say_what_can_be_before_and_after_them},
    {"what_is_taken_is_gone_when_it_was_the_last", what_is_taken_is_gone_when_it_was_the_last},
};
CHECK_MAIN("blocks", cases)
