#include "tm/core/embed.h"

#include <stdbool.h>

#include "tm/base/time.h"
#include "tm/core/entry.h"

#define HELLO_ASIDE 8U /* a token has little room */

const struct tm_embed_rule tm_embed_models = {
    .ahead = 16, .spare = 16, .aside = 8, .aside_us = TM_NEVER};
const struct tm_embed_rule tm_embed_files = {
    .ahead = 128, .spare = 0, .aside = SIZE_MAX, .aside_us = 500 * TM_US_PER_MS};

static enum tm_dir master_dir(enum tm_side master)
{
    return master == TM_CLIENT ? TM_UP : TM_DOWN;
}

/* When writes behind write i come due, on a path without delay, in us after it: no earlier and no later than this.  References reach
 * TM_REF_BACK_MAX back, so the last 256 are enough. */
struct clock {
    const struct tm_plan *p;
    size_t i;
    int64_t early_us[TM_REF_BACK_MAX + 1], late_us[TM_REF_BACK_MAX + 1];
    int64_t prev_early_us,
        prev_late_us; /* of the slave's write before: its writes keep their order */
};

static size_t event_of(const struct tm_plan *p, size_t k)
{
    return p->w[k].ref_back == 0 ? 0 : k - p->w[k].ref_back;
}

/* Goes on to write k; all between i and k have been done, but for the master's behind its next. */
static void tick(struct clock *c, size_t k)
{
    const struct tm_write *w = &c->p->w[k];
    size_t ref = event_of(c->p, k);
    size_t at = k % (TM_REF_BACK_MAX + 1);
    size_t ref_at = ref % (TM_REF_BACK_MAX + 1);
    bool is_slaves = w->dir != c->p->w[c->i].dir;
    int64_t early_us = ref > c->i ? c->early_us[ref_at] + w->gap_us : ref == c->i ? w->gap_us : 0;
    int64_t late_us = (ref > c->i ? c->late_us[ref_at] : 0) + w->gap_us;
    c->early_us[at] = is_slaves ? tm_max_us(early_us, c->prev_early_us) : early_us;
    c->late_us[at] = is_slaves ? tm_max_us(late_us, c->prev_late_us) : late_us;
    if (is_slaves) {
        c->prev_early_us = c->early_us[at];
        c->prev_late_us = c->late_us[at];
    }
}

/* Whether the slave may close before write `next` of the master, behind which nothing of the slave's comes: its close then runs from
 * a write before it. */
static bool may_close_before(const struct tm_plan *p, size_t next)
{
    bool is_client = p->w[next].dir == TM_DOWN;
    uint8_t back = is_client ? p->close.back : p->close.server_back;
    if (back == 0 || p->n_writes - back >= next)
        return false;
    for (size_t j = next + 1; j < p->n_writes; j++) {
        if (p->w[j].dir != p->w[next].dir)
            return false;
    }
    return true;
}

size_t tm_embed_needed(const struct tm_plan *p, size_t i, const struct tm_embed_rule *rule)
{
    struct clock c = {.p = p, .i = i};
    size_t next = i + 1;
    for (; next < p->n_writes && p->w[next].dir != p->w[i].dir; next++)
        tick(&c, next);
    size_t needed = next + 1; /* through the next own write, or through the end entry */
    if (next >= p->n_writes)
        return needed;
    if (may_close_before(p, next))
        return p->n_writes + 1;
    tick(&c, next);
    int64_t until_us = rule->aside_us == TM_NEVER
                           ? TM_NEVER
                           : c.late_us[next % (TM_REF_BACK_MAX + 1)] + rule->aside_us;
    size_t aside = i == 0 && rule->aside > HELLO_ASIDE ? HELLO_ASIDE : rule->aside;
    for (size_t j = next + 1; j < p->n_writes && j - next <= aside; j++) {
        if (p->w[j].dir == p->w[i].dir)
            continue;
        size_t ref = event_of(p, j);
        if (p->w[ref].dir == p->w[i].dir && ref > i)
            break; /* it waits for a later write of the master, so do all behind it */
        tick(&c, j);
        if (c.prev_early_us >= until_us)
            break;
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

size_t tm_embed_head(const struct tm_plan *p, const struct tm_shape *shape, enum tm_side master,
                     const struct tm_embed_rule *rule)
{
    size_t first = master == TM_CLIENT ? 1 : 0;
    return first + tm_entry_fit(p, first, head_room(p, shape, master), rule->ahead);
}

size_t tm_embed_frame(const struct tm_plan *p, size_t shipped, size_t i, size_t room,
                      const struct tm_embed_rule *rule)
{
    if (shipped > p->n_writes || room <= TM_EMBED_FRAME_HEADER + rule->spare)
        return 0;
    size_t upto = tm_embed_needed(p, i, rule) + rule->ahead;
    if (shipped >= upto)
        return 0;
    size_t max = upto - shipped < 255 ? upto - shipped : 255;
    return tm_entry_fit(p, shipped, room - TM_EMBED_FRAME_HEADER - rule->spare, max);
}

/* A plan on its way. */
struct voyage {
    struct tm_plan *p;
    const struct tm_shape *shape;
    enum tm_side master;
    const struct tm_embed_rule *rule;
};

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
static size_t ship(const struct voyage *v, size_t shipped, size_t i, uint32_t handshake)
{
    for (uint32_t rem = v->p->w[i].size - handshake; rem > 0;) {
        uint32_t record = tm_shape_next_record(rem);
        shipped += tm_embed_frame(v->p, shipped, i, record - TM_RECORD_OVERHEAD, v->rule);
        rem -= record;
    }
    return shipped;
}

/* By how much write i must grow so that the entries from `shipped` to `needed` fit into its last record too;
 * at least 1.  Behind a handshake part alone there must be a record first. */
static uint32_t growth(const struct voyage *v, size_t shipped, size_t i, uint32_t handshake)
{
    const struct tm_plan *p = v->p;
    if (i > 0 && handshake == p->w[i].size) {
        uint32_t hs_min = p->w[i].dir == TM_DOWN ? v->shape->flight_min : v->shape->fin_min;
        return hs_min + TM_RECORD_MIN - p->w[i].size;
    }
    uint32_t missing = 0;
    size_t needed = tm_embed_needed(p, i, v->rule);
    for (size_t e = shipped; e < needed; e++)
        missing += (uint32_t)tm_entry_len(p, e);
    uint32_t room = p->w[i].size - handshake;
    uint32_t least = (uint32_t)(TM_RECORD_MIN + TM_EMBED_FRAME_HEADER + v->rule->spare);
    return i > 0 && room < least ? least - room : missing;
}

/* Plays the shipping through once and enlarges what cannot carry what it must.  Returns 0: all can; 1: the
 * entry of an enlarged write got longer, which moves what was shipped before it: play again; TM_ERR_LIMIT. */
static int play_once(const struct voyage *v)
{
    struct tm_plan *p = v->p;
    size_t shipped = tm_embed_head(p, v->shape, v->master, v->rule);
    for (size_t i = 0; i < p->n_writes && shipped <= p->n_writes; i++) {
        if (p->w[i].dir != master_dir(v->master))
            continue;
        size_t before = shipped;
        uint32_t handshake = handshake_part(p, v->shape, i);
        shipped = ship(v, shipped, i, handshake);
        if (shipped >= tm_embed_needed(p, i, v->rule))
            continue;
        size_t entry_len = tm_entry_len(p, i);
        uint32_t more = growth(v, shipped, i, handshake);
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
                     const struct tm_embed_rule *rule, struct tm_distortion *d)
{
    const struct voyage v = {.p = p, .shape = shape, .master = master, .rule = rule};
    uint64_t before = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN);
    int rc = 1;
    for (int round = 0; rc > 0; round++)
        rc = round < ROUNDS_MAX ? play_once(&v) : TM_ERR_LIMIT;
    if (d) {
        uint64_t more = tm_plan_bytes(p, TM_UP) + tm_plan_bytes(p, TM_DOWN) - before;
        d->bytes += more;
        d->bytes_added += more;
    }
    return rc;
}
