#include "tm/mbsim/sender.h"

#include "tm/base/time.h"

#define RTO_MIN_NS (200 * TM_US_PER_MS * 1000) /* Linux, above the round trip */

void tm_mbsim_sender_deinit(struct tm_mbsim_sender *s)
{
    tm_mbsim_fifo_deinit(&s->ready[0]);
    tm_mbsim_fifo_deinit(&s->ready[1]);
    tm_mbsim_fifo_deinit(&s->unsent);
    tm_mbsim_fifo_deinit(&s->under_way);
}

int tm_mbsim_sender_push(struct tm_mbsim_sender *s, const struct tm_mbsim_item *i)
{
    return tm_mbsim_fifo_push(&s->ready[i->index == TM_MBSIM_PADDING], i);
}

/* What a pause leaves of the window. */
static void shrink(struct tm_mbsim_sender *s, int64_t paused_ns, int64_t rto_ns)
{
    for (; paused_ns > rto_ns && s->window_bytes > TM_MBSIM_WINDOW_BYTES; paused_ns -= rto_ns)
        s->window_bytes /= 2;
    if (s->window_bytes < TM_MBSIM_WINDOW_BYTES)
        s->window_bytes = TM_MBSIM_WINDOW_BYTES;
}

void tm_mbsim_sender_run(struct tm_mbsim_sender *s, int64_t now_ns, int64_t rtt_ns)
{
    while (s->under_way.n > 0 && tm_mbsim_fifo_first(&s->under_way)->t_ns <= now_ns) {
        const struct tm_mbsim_item i = tm_mbsim_fifo_pop(&s->under_way);
        s->under_way_bytes -= i.size_bytes;
        s->n_acked++;
        s->window_bytes += 2 * s->most_bytes > s->window_bytes ? i.size_bytes : 0;
    }
    if (s->under_way.n == 0)
        shrink(s, now_ns - s->sent_ns, rtt_ns + RTO_MIN_NS);
}

/* Something always fits, however large. */
static bool has_space(const struct tm_mbsim_sender *s)
{
    return s->unsent_bytes < TM_MBSIM_UNSENT_MAX &&
           s->unsent_bytes + s->under_way_bytes < 2 * s->window_bytes;
}

int tm_mbsim_sender_take(struct tm_mbsim_sender *s, struct tm_mbsim_item *out)
{
    const bool is_padding = s->ready[0].n == 0 || (s->ready[1].n > 0 && !s->was_padding);
    if (s->ready[is_padding].n == 0 || !has_space(s))
        return 0;
    *out = tm_mbsim_fifo_pop(&s->ready[is_padding]);
    s->was_padding = is_padding;
    s->unsent_bytes += out->size_bytes;
    const int rc = tm_mbsim_fifo_push(&s->unsent, out);
    return rc == TM_OK ? 1 : rc;
}

bool tm_mbsim_sender_next(struct tm_mbsim_sender *s, struct tm_mbsim_item *out)
{
    if (s->unsent.n == 0 || s->under_way_bytes + tm_mbsim_fifo_first(&s->unsent)->size_bytes >
                                (s->under_way_bytes > 0 ? s->window_bytes : UINT64_MAX))
        return false;
    *out = tm_mbsim_fifo_pop(&s->unsent);
    s->unsent_bytes -= out->size_bytes;
    return true;
}

int tm_mbsim_sender_sent(struct tm_mbsim_sender *s, uint32_t size_bytes, int64_t now_ns,
                         int64_t acked_ns)
{
    s->under_way_bytes += size_bytes;
    s->n_sent++;
    s->sent_ns = now_ns;
    if (s->n_acked >= s->n_round || s->under_way_bytes > s->most_bytes) {
        s->most_bytes = s->under_way_bytes;
        s->n_round = s->n_sent;
    }
    const struct tm_mbsim_item i = {.t_ns = acked_ns, .size_bytes = size_bytes};
    return tm_mbsim_fifo_push(&s->under_way, &i);
}

bool tm_mbsim_sender_waits(const struct tm_mbsim_sender *s)
{
    return s->ready[0].n + s->ready[1].n > 0;
}

int64_t tm_mbsim_sender_next_ns(const struct tm_mbsim_sender *s)
{
    const bool is_needed = tm_mbsim_sender_waits(s) || s->unsent.n > 0;
    return is_needed && s->under_way.n > 0 ? tm_mbsim_fifo_first(&s->under_way)->t_ns : TM_NEVER;
}
