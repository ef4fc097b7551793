#include "tm/core/embed.h"

#include "tm/core/entry.h"

/* So much further than needed does a master ship its plan: enough for a slow acknowledgement, little enough
 * that plans do not crowd out data. */
#define AHEAD 16U

static enum tm_dir master_dir(enum tm_side master)
{
    return master == TM_CLIENT ? TM_UP : TM_DOWN;
}

size_t tm_embed_needed(const struct tm_plan *p, size_t i)
{
    size_t next = i + 1;
    while (next < p->n_writes && p->w[next].dir != p->w[i].dir)
        next++;
    return next + 1; /* through the next own write, or through the end entry */
}

static size_t head_room(const struct tm_plan *p, const struct tm_shape *shape, enum tm_side master)
{
    if (master == TM_SERVER)
        return TM_EMBED_HEAD_ROOM;
    size_t spare = p->w[0].size - shape->hello_min;
    return spare < TM_TOKEN_HEAD_MAX ? spare : TM_TOKEN_HEAD_MAX;
}

size_t tm_embed_head(const struct tm_plan *p, const struct tm_shape *shape, enum tm_side master)
{
    size_t first = master == TM_CLIENT ? 1 : 0;
    return first + tm_entry_fit(p, first, head_room(p, shape, master), AHEAD);
}

size_t tm_embed_frame(const struct tm_plan *p, size_t shipped, size_t i, size_t room)
{
    size_t upto = tm_embed_needed(p, i) + AHEAD;
    if (shipped > p->n_writes || shipped >= upto || room <= TM_EMBED_FRAME_HEADER + TM_EMBED_SPARE)
        return 0;
    size_t max = upto - shipped < 255 ? upto - shipped : 255;
    return tm_entry_fit(p, shipped, room - TM_EMBED_FRAME_HEADER - TM_EMBED_SPARE, max);
}

/* Plays the shipping through; enlarges the first write that cannot carry what it must, and returns 1; 0: all
 * can; TM_ERR_LIMIT. */
static int enlarge_first(struct tm_plan *p, const struct tm_shape *shape, enum tm_side master)
{
    size_t flight = tm_shape_flight_index(p);
    size_t fin = tm_shape_fin_index(p);
    size_t shipped = tm_embed_head(p, shape, master);
    for (size_t i = 0; i < p->n_writes; i++) {
        if (p->w[i].dir != master_dir(master))
            continue;
        uint32_t hs = i == 0        ? p->w[i].size
                      : i == flight ? tm_shape_handshake_part(p->w[i].size, shape->flight_min)
                      : i == fin    ? tm_shape_handshake_part(p->w[i].size, shape->fin_min)
                                    : 0;
        for (uint32_t rem = p->w[i].size - hs; rem > 0;) {
            uint32_t rec = tm_shape_next_record(rem);
            shipped += tm_embed_frame(p, shipped, i, rec - TM_RECORD_OVERHEAD);
            rem -= rec;
        }
        if (shipped >= tm_embed_needed(p, i) || shipped > p->n_writes)
            continue;
        if (p->w[i].size >= (i == 0 ? TM_HELLO_MAX : TM_WRITE_SIZE_MAX))
            return TM_ERR_LIMIT;
        /* A handshake part without a record first gets the smallest one. */
        p->w[i].size +=
            i > 0 && hs == p->w[i].size
                ? (i == flight ? shape->flight_min : shape->fin_min) + TM_RECORD_MIN - p->w[i].size
                : 1;
        return 1;
    }
    return 0;
}

int tm_embed_project(struct tm_plan *p, const struct tm_shape *shape, enum tm_side master,
                     struct tm_distortion *d)
{
    uint64_t before = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN);
    int rc;
    do {
        rc = enlarge_first(p, shape, master);
    } while (rc > 0);
    if (d) {
        uint64_t more = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN) - before;
        d->bytes += more;
        d->bytes_added += more;
    }
    return rc;
}
