/* Tamaraw, as one machine: what leaves is paced by padding that passes a block and gives way to a packet that waits.
 *
 * Counter A is how many packets wait, counter B how many slots the chunk still has; both may become zero, so that each is counted down in
 * states of its own.  Three modes: BUSY (packets wait), EMPTY (none waits, but one did, or was received, in this chunk), QUIET (a chunk
 * without any).
 *
 *   WAIT --packet--> BLOCK --begun--> EMPTY --chunk full--> QUIET --chunk full--> LIFT --block ends--> WAIT
 *                                     |  ^                  |
 *                            packet   v  | none waits       | packet
 *                                     BUSY <----------------'                                              */
#include "models/maybenot/ready/draft.h"

#define US_PER_S 1e6

enum {
    WAIT,
    BLOCK,
    ARM,        /* EMPTY: the first slot */
    BUSY_SLOT,  /* a slot's packet is on its way; the next one is armed */
    BUSY_FULL,  /* the same, with a new chunk */
    BUSY_LEFT,  /* a packet that waited has left */
    BUSY_CAME,  /* a packet came */
    EMPTY,      /* none waits */
    EMPTY_SLOT, /* a slot */
    QUIET,      /* a new chunk */
    QUIET_SLOT,
    LIFT,
};

enum mode { IS_BUSY, IS_EMPTY, IS_QUIET };

static void add_edges(struct draft *d, uint32_t slot, enum mode mode)
{
    if (mode == IS_QUIET)
        draft_edge(d, TM_MB_NORMAL_RECV, EMPTY);
    draft_edge(d, TM_MB_NORMAL_SENT, BUSY_CAME);
    draft_edge(d, TM_MB_PADDING_SENT, slot);
    if (mode == IS_BUSY)
        draft_edge(d, TM_MB_TUNNEL_SENT, BUSY_LEFT);
    draft_edge(d, TM_MB_BLOCKING_END, WAIT);
}

/* A state that is entered when a slot was used: one less in the chunk, and the next one is armed. */
static void add_slot(struct draft *d, const struct tm_mb_dist *interval, uint32_t self,
                     enum mode mode, uint32_t when_full)
{
    draft_state(d);
    draft_pad(d, DRAFT_BYPASS | DRAFT_REPLACE, interval, NULL);
    draft_count(d, 1, TM_MB_COUNTER_DECREMENT, NULL);
    add_edges(d, self, mode);
    draft_edge(d, TM_MB_COUNTER_ZERO, when_full);
}

/* A state that begins a chunk. */
static void add_full(struct draft *d, const struct tm_mb_dist *chunk, uint32_t slot, enum mode mode)
{
    draft_state(d);
    draft_count(d, 1, TM_MB_COUNTER_SET, chunk);
    add_edges(d, slot, mode);
}

static void add_beginning(struct draft *d, const struct tm_mb_dist *interval,
                          const struct tm_mb_dist *chunk)
{
    const struct tm_mb_dist none = draft_constant(0);
    draft_state(d);
    draft_cancel(d);
    draft_edge(d, TM_MB_NORMAL_RECV, BLOCK);
    draft_edge(d, TM_MB_NORMAL_SENT, BLOCK);
    draft_state(d);
    draft_block(d, DRAFT_BYPASS | DRAFT_REPLACE, TM_MB_DAY_US);
    draft_count(d, 0, TM_MB_COUNTER_SET, &none);
    draft_count(d, 1, TM_MB_COUNTER_SET, chunk);
    draft_edge(d, TM_MB_BLOCKING_BEGIN, ARM);
    draft_state(d);
    draft_pad(d, DRAFT_BYPASS | DRAFT_REPLACE, interval, NULL);
    add_edges(d, EMPTY_SLOT, IS_EMPTY);
}

static void add_busy(struct draft *d, const struct tm_mb_dist *interval,
                     const struct tm_mb_dist *chunk)
{
    add_slot(d, interval, BUSY_SLOT, IS_BUSY, BUSY_FULL);
    add_full(d, chunk, BUSY_SLOT, IS_BUSY);
    draft_state(d);
    draft_count(d, 0, TM_MB_COUNTER_DECREMENT, NULL);
    add_edges(d, BUSY_SLOT, IS_BUSY);
    draft_edge(d, TM_MB_COUNTER_ZERO, EMPTY);
    draft_state(d);
    draft_count(d, 0, TM_MB_COUNTER_INCREMENT, NULL);
    add_edges(d, BUSY_SLOT, IS_BUSY);
}

int tm_mb_ready_tamaraw(struct tm_mb_ready *out, const struct tm_mb_tamaraw_cfg *cfg,
                        struct tm_msg *msg)
{
    out->n = 0;
    int rc = draft_check("the interval", cfg->interval_s, 0.0001, 10, msg);
    if (rc == TM_OK)
        rc = draft_check("the chunk", cfg->chunk, 1, 100000, msg);
    if (rc != TM_OK)
        return rc;
    const struct tm_mb_dist interval = draft_constant(cfg->interval_s * US_PER_S);
    const struct tm_mb_dist chunk = draft_constant(cfg->chunk);
    struct draft d = draft_begin();
    add_beginning(&d, &interval, &chunk);
    add_busy(&d, &interval, &chunk);
    draft_state(&d);
    add_edges(&d, EMPTY_SLOT, IS_EMPTY);
    add_slot(&d, &interval, EMPTY_SLOT, IS_EMPTY, QUIET);
    add_full(&d, &chunk, QUIET_SLOT, IS_QUIET);
    add_slot(&d, &interval, QUIET_SLOT, IS_QUIET, LIFT);
    draft_state(&d);
    draft_block(&d, DRAFT_BYPASS | DRAFT_REPLACE, 0);
    draft_edge(&d, TM_MB_BLOCKING_END, WAIT);
    return draft_end(&d, out, msg);
}
