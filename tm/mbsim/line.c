#include "tm/mbsim/line.h"

#include <stdlib.h>

#include "tm/base/time.h"

#define NS_PER_S 1e9

int tm_mbsim_fifo_push(struct tm_mbsim_fifo *f, const struct tm_mbsim_item *i)
{
    if (f->n == f->cap) {
        const size_t cap = f->cap > 0 ? 2 * f->cap : 64;
        struct tm_mbsim_item *items = calloc(cap, sizeof *items);
        if (!items)
            return TM_ERR_NOMEM;
        for (size_t k = 0; k < f->n; k++)
            items[k] = f->items[(f->from + k) & (f->cap - 1)];
        free(f->items);
        *f = (struct tm_mbsim_fifo){.items = items, .n = f->n, .cap = cap};
    }
    f->items[(f->from + f->n++) & (f->cap - 1)] = *i;
    return TM_OK;
}

const struct tm_mbsim_item *tm_mbsim_fifo_first(const struct tm_mbsim_fifo *f)
{
    return &f->items[f->from];
}

struct tm_mbsim_item tm_mbsim_fifo_pop(struct tm_mbsim_fifo *f)
{
    const struct tm_mbsim_item i = f->items[f->from];
    f->from = (f->from + 1) & (f->cap - 1);
    f->n--;
    return i;
}

void tm_mbsim_fifo_deinit(struct tm_mbsim_fifo *f)
{
    free(f->items);
    *f = (struct tm_mbsim_fifo){.n = 0};
}

static bool is_full(const struct tm_mbsim_line *l, const struct tm_mbsim_line_cfg *cfg,
                    int64_t now_ns, uint32_t size_bytes)
{
    if (cfg->rate_bps == 0 || l->free_ns <= now_ns)
        return false;
    if (l->free_ns - now_ns > TM_MBSIM_WAIT_MAX_NS)
        return true;
    const double waiting_bytes =
        (double)(l->free_ns - now_ns) * (double)cfg->rate_bps / (8 * NS_PER_S);
    return cfg->queue_bytes > 0 && waiting_bytes + size_bytes > (double)cfg->queue_bytes;
}

enum tm_mbsim_fate tm_mbsim_line_send(struct tm_mbsim_line *l, const struct tm_mbsim_line_cfg *cfg,
                                      struct tm_mb_rng *rng, int64_t now_ns, uint32_t size_bytes,
                                      int64_t *arrival_ns)
{
    const bool is_lost = tm_mb_rng_fraction(rng) < cfg->p_loss;
    const int64_t more_ns = (int64_t)(tm_mb_rng_fraction(rng) * (double)cfg->jitter_ns);
    *arrival_ns = tm_max_us(l->free_ns, now_ns) + cfg->delay_ns;
    if (is_full(l, cfg, now_ns, size_bytes))
        return TM_MBSIM_DROPPED;
    l->free_ns = tm_max_us(l->free_ns, now_ns);
    if (cfg->rate_bps > 0)
        l->free_ns += (int64_t)((double)size_bytes * 8 * NS_PER_S / (double)cfg->rate_bps);
    *arrival_ns = tm_max_us(l->free_ns + cfg->delay_ns + more_ns, l->arrival_ns);
    if (is_lost)
        return TM_MBSIM_LOST;
    l->arrival_ns = *arrival_ns;
    return TM_MBSIM_ARRIVES;
}
