/* trail: what a DATA frame says by the distance from the stream's last bytes is what was meant. */
#include "tm/core/trail.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/base/rng.h"

/* Writes the frame as a sender does, near where it can; reads it back as the receiver. */
static int pass(struct tm_trail *tx, struct tm_trail *rx, uint64_t stream, uint64_t offset,
                size_t len, struct tm_frame *f)
{
    static const uint8_t bytes[64];
    uint8_t buf[128];
    struct tm_wr w = tm_wr_init(buf, sizeof buf);
    unsigned place;
    int distance;
    bool is_near = tm_trail_is_near(tx, stream, offset, &place, &distance);
    bool is_close = is_near && distance >= 0 && distance <= TM_FRAME_CLOSE_MAX;
    if (is_close)
        tm_frame_encode_close_header(&w, place, distance);
    else if (is_near)
        tm_frame_encode_near_header(&w, place, distance, false, true, len);
    else
        tm_frame_encode_data_header(&w, stream, offset, false, true, len);
    tm_wr_bytes(&w, bytes, len);
    tm_trail_note(tx, stream, offset + len);
    struct tm_rd r = tm_rd_init(buf, w.len);
    CHECK_INT(tm_frame_decode(&r, f), TM_OK);
    CHECK_INT(f->u.data.is_near, is_near);
    CHECK_INT(f->u.data.bytes.len, len);
    return tm_trail_follow(rx, f);
}

static void near_bytes_are_named_by_their_distance(void)
{
    struct tm_trail tx = {0}, rx = {0};
    struct tm_frame f;
    static const struct {
        uint64_t offset;
        bool is_near;
    } step[] = {{1000000, false},        {1000010, true},          {1000020 + 32767, true},
                {1032797 - 32768, true}, {1000039 + 32768, false}, {1032817 - 32769, false}};
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
        CHECK_INT(pass(&tx, &rx, 6, step[i].offset, 10, &f), TM_OK);
        CHECK_INT(f.u.data.is_near, step[i].is_near);
        CHECK(f.u.data.stream == 6 && f.u.data.offset == step[i].offset);
    }
}

/* More streams than places, jumps back and forth: whatever is written is read as it was meant. */
static void both_ends_keep_the_same_trail(void)
{
    struct tm_trail tx = {0}, rx = {0};
    uint64_t next[3 * TM_TRAIL_LEN] = {0};
    unsigned n_near = 0;
    uint8_t key[TM_SEED_LEN] = {1};
    struct tm_rng rng;
    tm_rng_init(&rng, key);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t s = tm_rng_below(&rng, i % 2 ? 4 : 3 * TM_TRAIL_LEN);
        if (tm_rng_below(&rng, 8) == 0)
            next[s] =
                tm_rng_below(&rng, 3) == 0 ? TM_FRAME_OFFSET_MAX - 64 : tm_rng_below(&rng, 100000);
        struct tm_frame f;
        size_t len = (size_t)tm_rng_below(&rng, 60);
        uint64_t offset = next[s] < TM_FRAME_OFFSET_MAX - 64 ? next[s] : TM_FRAME_OFFSET_MAX - 64;
        CHECK_INT(pass(&tx, &rx, s, offset, len, &f), TM_OK);
        CHECK(f.u.data.stream == s && f.u.data.offset == offset);
        n_near += f.u.data.is_near;
        next[s] = offset + len;
    }
    tm_rng_deinit(&rng);
    CHECK(n_near > 5000);
}

static void what_stands_nowhere_is_refused(void)
{
    struct tm_trail t = {0};
    struct tm_frame f = {.kind = TM_FRAME_DATA, .u.data = {.is_near = true, .place = 0}};
    CHECK_INT(tm_trail_follow(&t, &f), TM_ERR_FORMAT); /* nothing there yet */
    tm_trail_note(&t, 4, 100);
    f.u.data.distance = -101;
    CHECK_INT(tm_trail_follow(&t, &f), TM_ERR_FORMAT);
    f.u.data.distance = -100;
    CHECK_INT(tm_trail_follow(&t, &f), TM_OK);
    CHECK(f.u.data.stream == 4 && f.u.data.offset == 0);
    f.u.data.place = 1;
    CHECK_INT(tm_trail_follow(&t, &f), TM_ERR_FORMAT);
    f.u.data.place = TM_TRAIL_LEN;
    CHECK_INT(tm_trail_follow(&t, &f), TM_ERR_FORMAT);
    tm_trail_note(&t, 4, TM_FRAME_OFFSET_MAX);
    f.u.data.place = 0;
    f.u.data.distance = 1;
    CHECK_INT(tm_trail_follow(&t, &f), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"near_bytes_are_named_by_their_distance", near_bytes_are_named_by_their_distance},
    {"both_ends_keep_the_same_trail", both_ends_keep_the_same_trail},
    {"what_stands_nowhere_is_refused", what_stands_nowhere_is_refused},
};
CHECK_MAIN("trail", cases)
