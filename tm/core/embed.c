#include "tm/core/embed.h"

#include <stdbool.h>

#include "tm/core/entry.h"

/* So much further than needed does a master ship its plan: enough for a slow acknowledgement, little enough
 * that plans do not crowd out data. */
#define AHEAD 16U

/* So far beyond the master's next write is looked for what the slave does without waiting for it. */
#define ASIDE 8U

static enum tm_dir master_dir(enum tm_side master)
{
    return master == TM_CLIENT ? TM_UP : TM_DOWN;
}

size_t tm_embed_needed(const struct tm_plan *p, size_t i)
{
    size_t next = i + 1;
    while (next < p->n_writes && p->w[next].dir != p->w[i].dir)
        next++;
    size_t needed = next + 1; /* through the next own write, or through the end entry */
    for (size_t j = next + 1; j < p->n_writes && j <= next + ASIDE; j++) {
        if (p->w[j].dir == p->w[i].dir)
            continue;
        size_t ref = j - p->w[j].ref_back;
        if (p->w[ref].dir == p->w[i].dir && ref > i)
            break; /* it waits for a later write of the master, so do all behind it */
        needed = j + 1;
    }
    return needed;
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

/* How much of write i the handshake takes. */
static uint32_t handshake_part(const struct tm_plan *p, const struct tm_shape *shape, size_t i)
{
    if (i == 0)
        return p->w[0].size;
    if (i == tm_shape_flight_index(p))
        return tm_shape_handshake_part(p->w[i].size, shape->flight_min);
    if (i == tm_shape_fin_index(p))
        return tm_shape_handshake_part(p->w[i].size, shape->fin_min);
    return 0;
}

/* `shipped` after the PLAN frames of write i. */
static size_t ship(const struct tm_plan *p, size_t shipped, size_t i, uint32_t handshake)
{
    for (uint32_t rem = p->w[i].size - handshake; rem > 0;) {
        uint32_t record = tm_shape_next_record(rem);
        shipped += tm_embed_frame(p, shipped, i, record - TM_RECORD_OVERHEAD);
        rem -= record;
    }
    return shipped;
}

/* By how much write i must grow so that the entries from `shipped` to `needed` fit into its last record too;
 * at least 1.  Behind a handshake part alone there must be a record first. */
static uint32_t growth(const struct tm_plan *p, const struct tm_shape *shape, size_t shipped,
                       size_t i, uint32_t handshake)
{
    if (i > 0 && handshake == p->w[i].size) {
        uint32_t hs_min = p->w[i].dir == TM_DOWN ? shape->flight_min : shape->fin_min;
        return hs_min + TM_RECORD_MIN - p->w[i].size;
    }
    uint32_t missing = 0;
    for (size_t e = shipped; e < tm_embed_needed(p, i); e++)
        missing += (uint32_t)tm_entry_len(p, e);
    uint32_t room = p->w[i].size - handshake;
    uint32_t least = TM_RECORD_MIN + TM_EMBED_FRAME_HEADER + TM_EMBED_SPARE;
    return i > 0 && room < least ? least - room : missing;
}

/* Plays the shipping through once and enlarges what cannot carry what it must.  Returns 0: all can; 1: the
 * entry of an enlarged write got longer, which moves what was shipped before it: play again; TM_ERR_LIMIT. */
static int play_once(struct tm_plan *p, const struct tm_shape *shape, enum tm_side master)
{
    size_t shipped = tm_embed_head(p, shape, master);
    for (size_t i = 0; i < p->n_writes && shipped <= p->n_writes; i++) {
        if (p->w[i].dir != master_dir(master))
            continue;
        size_t before = shipped;
        uint32_t handshake = handshake_part(p, shape, i);
        shipped = ship(p, shipped, i, handshake);
        if (shipped >= tm_embed_needed(p, i))
            continue;
        size_t entry_len = tm_entry_len(p, i);
        uint32_t more = growth(p, shape, shipped, i, handshake);
        if (more > (i == 0 ? TM_HELLO_MAX : TM_WRITE_SIZE_MAX) - p->w[i].size)
            return TM_ERR_LIMIT;
        p->w[i].size += more;
        if (i == 0 || tm_entry_len(p, i) != entry_len)
            return 1;
        shipped = before;
        i--; /* the same write again, larger */
    }
    return 0;
}

#define ROUNDS_MAX 4096

int tm_embed_project(struct tm_plan *p, const struct tm_shape *shape, enum tm_side master,
                     struct tm_distortion *d)
{
    uint64_t before = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN);
    int rc = 1;
    for (int round = 0; rc > 0; round++)
        rc = round < ROUNDS_MAX ? play_once(p, shape, master) : TM_ERR_LIMIT;
    if (d) {
        uint64_t more = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN) - before;
        d->bytes += more;
        d->bytes_added += more;
    }
    return rc;
}
