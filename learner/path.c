#include "learner/path.h"

#include <stdlib.h>

#include "learner/packet.h"
#include "tm/base/time.h"

#define PAIR_LEN_MIN   500U
#define HEADERS_LEN    40U                  /* IP and TCP, as in the source */
#define RTT_UNKNOWN_US (100 * TM_US_PER_MS) /* a reordering longer than this is a loss */

static int64_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* A segment of new bytes without a hole before it. */
static void note_pair(struct tm_path *p, unsigned dir, const struct tm_segment *s)
{
    struct tm_path_half *h = &p->half[dir];
    int64_t dt_us = s->t_us - h->last_us;
    bool is_pair = h->last_len == s->payload_len && s->payload_len >= PAIR_LEN_MIN &&
                   h->last_ack == s->ack && dt_us > 0;
    if (is_pair && h->n_pairs < TM_PATH_PAIRS) {
        uint64_t kbps = ((uint64_t)s->payload_len + HEADERS_LEN) * 8 * 1000 / (uint64_t)dt_us;
        p->kbps[dir == TM_UP][h->n_pairs++] = kbps < UINT32_MAX ? (uint32_t)kbps : UINT32_MAX;
    }
    h->last_len = s->payload_len;
    h->last_ack = s->ack;
    h->last_us = s->t_us;
}

/* A segment below the highest byte: it fills a hole, early (reordered) or late (lost), or repeats. */
static bool is_lost(struct tm_path *p, unsigned dir, const struct tm_segment *s, uint32_t rtt_us)
{
    struct tm_path_half *h = &p->half[dir];
    uint32_t end = s->seq + s->payload_len;
    bool is_in_hole = h->hole_from != h->hole_to && seq_diff(s->seq, h->hole_to) < 0 &&
                      seq_diff(end, h->hole_from) > 0;
    if (!is_in_hole)
        return true;
    h->hole_from = seq_diff(end, h->hole_to) < 0 ? end : h->hole_to;
    int64_t limit_us = rtt_us != TM_PAIR_NONE ? (int64_t)rtt_us : RTT_UNKNOWN_US;
    return s->t_us - p->hole_us[dir] > limit_us;
}

static void feed_data(struct tm_path *p, const struct tm_segment *s, uint32_t rtt_us)
{
    unsigned dir = s->dir == TM_UP ? TM_UP : TM_DOWN;
    struct tm_path_half *h = &p->half[dir];
    uint32_t end = s->seq + s->payload_len;
    if (!h->is_valid)
        h->next = s->seq;
    h->is_valid = true;
    bool is_probe = s->payload_len == 1 && s->seq + 1 == h->next; /* a keep-alive's byte */
    if (is_probe)
        return;
    p->n_data[dir]++;
    if (seq_diff(end, h->next) <= 0) {
        p->n_lost[dir] += is_lost(p, dir, s, rtt_us);
        h->last_len = 0;
        return;
    }
    if (seq_diff(s->seq, h->next) > 0) {
        h->hole_from = h->next;
        h->hole_to = s->seq;
        p->hole_us[dir] = s->t_us;
        h->last_len = 0;
    }
    note_pair(p, dir, s);
    h->next = end;
}

void tm_path_start(struct tm_path *p, enum tm_dir dir, uint32_t first)
{
    p->half[dir].next = first;
    p->half[dir].is_valid = true;
}

void tm_path_feed(struct tm_path *p, const struct tm_segment *s, uint32_t rtt_us)
{
    if (s->payload_len > 0 && !(s->flags & (TM_TCP_SYN | TM_TCP_RST)))
        feed_data(p, s, rtt_us);
}

static int by_speed(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

/* Descending speed is ascending dt, as all pairs of a direction are of about one size. */
static uint64_t capacity_bps(const struct tm_path *p, unsigned dir)
{
    uint32_t kbps[TM_PATH_PAIRS];
    size_t n = p->half[dir].n_pairs;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        kbps[i] = p->kbps[dir == TM_UP][i];
    qsort(kbps, n, sizeof *kbps, by_speed);
    size_t n_kept = (n + 1U) / 2;
    return (uint64_t)kbps[(n_kept - 1) / 2] * 1000;
}

struct tm_path_conn tm_path_finish(const struct tm_path *p, const uint16_t mss[2])
{
    struct tm_path_conn out = {0};
    if (mss[TM_UP] > 0 && mss[TM_DOWN] > 0)
        out.mss_bytes = mss[TM_UP] < mss[TM_DOWN] ? mss[TM_UP] : mss[TM_DOWN];
    for (unsigned d = 0; d < 2; d++) {
        out.n_data[d] = p->n_data[d];
        out.n_lost[d] = p->n_lost[d];
        out.capacity_bps[d] = capacity_bps(p, d);
    }
    return out;
}
