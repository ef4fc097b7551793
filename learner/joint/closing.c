#include "learner/joint/closing.h"

#include "learner/packet.h"
#include "tm/base/time.h"

/* A closing packet and the writes that there are. */
struct scene {
    const struct tm_cut_run *w;
    uint32_t n;
    const int64_t *rtt_us;
};

void tm_cut_note_end(struct tm_cut *c, const struct tm_segment *s, uint64_t acked, bool acks_fin)
{
    bool is_rst = (s->flags & TM_TCP_RST) != 0;
    struct tm_cut_end *e = is_rst ? &c->rst[s->dir] : &c->fin[s->dir];
    if (e->is_there)
        return;
    *e = (struct tm_cut_end){.t_us = s->t_us,
                             .acked = acked,
                             .has_ack = (s->flags & TM_TCP_ACK) != 0,
                             .acks_fin = acks_fin,
                             .is_there = true};
}

static uint32_t gap_between(int64_t later_us, int64_t earlier_us)
{
    int64_t gap = later_us - earlier_us;
    if (gap < 0)
        return 0;
    return gap > (int64_t)TM_WRITE_GAP_MAX ? TM_WRITE_GAP_MAX : (uint32_t)gap;
}

/* When the sender of `dir` knew of write i. */
static int64_t known_us(const struct scene *s, uint32_t i, enum tm_dir dir)
{
    return s->w[i].last_us + (s->w[i].dir == dir ? 0 : s->rtt_us[dir]);
}

/* The latest thing that the sender of `dir` knew when it closed, as a distance from the end; 0: too far from it. */
static uint8_t latest_back(const struct scene *s, const struct tm_cut_end *e, enum tm_dir dir,
                           int64_t *event_us)
{
    uint32_t best = 0;
    *event_us = INT64_MIN;
    for (uint32_t i = 0; i < s->n; i++) {
        bool is_known = s->w[i].dir == dir ? s->w[i].first_us <= e->t_us : s->w[i].end <= e->acked;
        if (is_known && known_us(s, i, dir) >= *event_us) {
            *event_us = known_us(s, i, dir);
            best = s->n - i;
        }
    }
    return (uint8_t)(best <= UINT8_MAX ? best : 0);
}

static int64_t over_us(const struct scene *s)
{
    int64_t last_us = INT64_MIN;
    for (uint32_t i = 0; i < s->n; i++)
        last_us = tm_max_us(last_us, known_us(s, i, TM_UP));
    return last_us;
}

/* The server's FIN where it does not answer the client's. */
static void server_closing(const struct tm_cut *c, const struct scene *s, struct tm_close *out)
{
    const struct tm_cut_end *e = &c->fin[TM_DOWN];
    int64_t event_us;
    if (!e->is_there || e->acks_fin)
        return;
    out->server_back = latest_back(s, e, TM_DOWN, &event_us);
    if (out->server_back > 0)
        out->server_gap_us = gap_between(e->t_us, event_us);
}

struct tm_closing tm_cut_closing(const struct tm_cut *c, const struct tm_cut_run *w, uint32_t n,
                                 const int64_t rtt_us[2])
{
    const struct scene s = {w, n, rtt_us};
    const struct tm_cut_end *fin = &c->fin[TM_UP], *rst = &c->rst[TM_UP];
    bool is_reset = rst->is_there && (!fin->is_there || rst->t_us < fin->t_us);
    const struct tm_cut_end *e = is_reset ? rst : fin;
    struct tm_closing out = {.close = {.how = is_reset ? TM_CLOSE_RESET : TM_CLOSE_FIN}};
    int64_t end_us = over_us(&s);
    if (!e->is_there) { /* the server reset it */
        out.gap_us = gap_between(c->end_us, end_us);
        return out;
    }
    server_closing(c, &s, &out.close);
    bool knew_all = !e->has_ack || e->acked >= c->half[TM_DOWN].n_bytes;
    bool knew_fin = out.close.server_back == 0 || !e->has_ack || e->acks_fin;
    if (!knew_all || !knew_fin) {
        int64_t event_us;
        out.close.back = latest_back(&s, e, TM_UP, &event_us);
        if (out.close.back > 0)
            end_us = event_us;
    } else if (out.close.server_back > 0) {
        end_us = tm_max_us(end_us, c->fin[TM_DOWN].t_us + rtt_us[TM_UP]);
    }
    out.gap_us = gap_between(e->t_us, end_us);
    return out;
}
