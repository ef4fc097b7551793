#include "tm/core/trail.h"

/* The stream's place; TM_TRAIL_LEN: none. */
static unsigned place_of(const struct tm_trail *t, uint64_t stream)
{
    unsigned n = t->n_entered < TM_TRAIL_LEN ? t->n_entered : TM_TRAIL_LEN;
    for (unsigned i = 0; i < n; i++) {
        if (t->at[i].stream == stream)
            return i;
    }
    return TM_TRAIL_LEN;
}

bool tm_trail_is_near(const struct tm_trail *t, uint64_t stream, uint64_t offset, unsigned *place,
                      int *distance)
{
    *place = place_of(t, stream);
    if (*place == TM_TRAIL_LEN)
        return false;
    int64_t far = (int64_t)offset - (int64_t)t->at[*place].end; /* both are below 2^62 */
    *distance = far >= INT16_MIN && far <= INT16_MAX ? (int)far : 0;
    return far >= INT16_MIN && far <= INT16_MAX;
}

void tm_trail_note(struct tm_trail *t, uint64_t stream, uint64_t end)
{
    unsigned place = place_of(t, stream);
    if (place == TM_TRAIL_LEN) {
        place = t->n_entered % TM_TRAIL_LEN;
        t->n_entered = t->n_entered + 1 < 2 * TM_TRAIL_LEN ? t->n_entered + 1 : TM_TRAIL_LEN;
    }
    t->at[place].stream = stream;
    t->at[place].end = end;
}

int tm_trail_follow(struct tm_trail *t, struct tm_frame *f)
{
    if (f->u.data.is_near) {
        unsigned place = f->u.data.place;
        if (place >= TM_TRAIL_LEN || place >= t->n_entered)
            return TM_ERR_FORMAT;
        int64_t offset = (int64_t)t->at[place].end + f->u.data.distance;
        if (offset < 0 || offset > (int64_t)TM_FRAME_OFFSET_MAX)
            return TM_ERR_FORMAT;
        f->u.data.stream = t->at[place].stream;
        f->u.data.offset = (uint64_t)offset;
    }
    tm_trail_note(t, f->u.data.stream, f->u.data.offset + f->u.data.bytes.len);
    return TM_OK;
}
