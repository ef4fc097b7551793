/* tm/sim/card_play.c - the two parts of a card's session: objects (or a workload), then backlog. */
#include <string.h>

#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/sim/card.h"

#define SETTLING_US (60 * TM_US_PER_S)
#define RETRY_US    (10 * TM_US_PER_MS) /* no stream is free */
#define NEXT_OBJECT UINT64_MAX          /* number of a timer; others are lines of a workload */
/* About what TCP and IP add: 20 + 20 + 12 (timestamps) a segment, a pure acknowledgement for two segments, and seven
 * segments without payload to open and close a connection. */
#define SEGMENT_BYTES    1448U
#define HEADER_BYTES     52U
#define CONNECTION_BYTES 380U

struct play {
    struct tm_card *card;
    const struct tm_card_cfg *cfg;
    struct tm_sim *world; /* owned */
    struct tm_load *load; /* owned */
    struct tm_rng rng;    /* of the applications */
    int64_t settled_us;
    uint64_t n_begun; /* objects */
};

static int play_open(struct play *p, struct tm_card *card, const struct tm_card_cfg *cfg)
{
    uint8_t seed[TM_SEED_LEN];
    *p = (struct play){
        .card = card, .cfg = cfg, .settled_us = tm_min_us(SETTLING_US, cfg->for_us / 4)};
    struct tm_sim_cfg wc = {.model = cfg->model,
                            .shape = tm_sim_shape,
                            .master = cfg->master,
                            .n_users = cfg->n_users,
                            .pace_ms = cfg->pace_ms,
                            .seed = cfg->seed + card->n_sessions,
                            .delay_us = cfg->rtt_us / 2,
                            .line_bps = cfg->line_bps,
                            .is_slow_start = true};
    tm_seed_from_u64(seed, ~wc.seed);
    tm_rng_init(&p->rng, seed);
    memcpy(wc.master_seed, seed, sizeof wc.master_seed);
    int rc = tm_sim_new(&p->world, &wc);
    return rc == TM_OK ? tm_load_new(&p->load, p->world, cfg->reply) : rc;
}

static void play_close(struct play *p)
{
    struct tm_sim_stats stats;
    if (p->world) {
        tm_sim_get_stats(p->world, &stats);
        p->card->n_events += stats.n_events;
        p->card->virtual_us += tm_sim_now_us(p->world);
    }
    tm_load_free(p->load);
    tm_sim_free(p->world);
    tm_rng_deinit(&p->rng);
}

static enum tm_dir dir_of(enum tm_side side)
{
    return side == TM_CLIENT ? TM_UP : TM_DOWN;
}

/* ---- Objects, workload ---- */

static void note_sent(struct play *p, const struct tm_sim_event *ev)
{
    enum tm_dir dir = dir_of(ev->side);
    int64_t now_us = tm_sim_now_us(p->world);
    uint64_t segments = (ev->size_bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES;
    if (now_us < p->settled_us)
        return;
    p->card->wire_bytes[dir] += ev->size_bytes;
    p->card->header_bytes[dir] += segments * HEADER_BYTES;
    p->card->header_bytes[dir == TM_UP ? TM_DOWN : TM_UP] += (segments + 1) / 2 * HEADER_BYTES;
    if (ev->room_bytes >= TM_CARD_ROOM_BYTES)
        tm_rhythm_event(&p->card->rhythm[dir], now_us);
}

static void note_opening(struct play *p)
{
    if (tm_sim_now_us(p->world) < p->settled_us)
        return;
    p->card->n_carriers++;
    p->card->header_bytes[TM_UP] += CONNECTION_BYTES / 2;
    p->card->header_bytes[TM_DOWN] += CONNECTION_BYTES / 2;
}

static int begin_object(struct play *p)
{
    uint64_t number;
    uint64_t down = p->n_begun % 2 == 0 ? TM_CARD_SMALL_BYTES : TM_CARD_LARGE_BYTES;
    int64_t now_us = tm_sim_now_us(p->world);
    int rc = tm_load_begin(p->load, TM_CARD_REQUEST_BYTES, down, now_us, &number);
    if (rc == TM_ERR_LIMIT)
        return tm_sim_timer(p->world, now_us + RETRY_US, NEXT_OBJECT);
    p->n_begun += rc == TM_OK;
    return rc;
}

static int next_object(struct play *p)
{
    int64_t pause_us = (int64_t)tm_rng_below(&p->rng, 2 * (uint64_t)TM_CARD_PAUSE_US + 1);
    return tm_sim_timer(p->world, tm_sim_now_us(p->world) + pause_us, NEXT_OBJECT);
}

static int begin_line(struct play *p, uint64_t i)
{
    const struct tm_workload_line *l = &p->cfg->workload->line[i];
    uint64_t number;
    int rc = tm_load_begin(p->load, l->up_bytes, l->down_bytes, l->at_us, &number);
    return rc == TM_ERR_LIMIT ? tm_sim_timer(p->world, tm_sim_now_us(p->world) + RETRY_US, i) : rc;
}

static int begin(struct play *p)
{
    const struct tm_workload *w = p->cfg->workload;
    int rc = w ? TM_OK : tm_sim_timer(p->world, p->settled_us, NEXT_OBJECT);
    for (size_t i = 0; w && i < w->n && rc == TM_OK; i++)
        rc =
            w->line[i].at_us < p->cfg->for_us ? tm_sim_timer(p->world, w->line[i].at_us, i) : TM_OK;
    return rc;
}

static int react(struct play *p, const struct tm_sim_event *ev)
{
    uint64_t number;
    int rc = TM_OK;
    switch (ev->kind) {
    case TM_SIM_APP:
        rc = tm_load_event(p->load, ev, &number);
        if (rc == 1)
            rc = p->cfg->workload ? TM_OK : next_object(p);
        break;
    case TM_SIM_OPENING:
        note_opening(p);
        break;
    case TM_SIM_SENT:
        note_sent(p, ev);
        break;
    case TM_SIM_TIMER:
        rc = ev->number == NEXT_OBJECT ? begin_object(p) : begin_line(p, ev->number);
        break;
    }
    return rc;
}

static uint64_t beyond(int64_t t_us, int64_t direct_us)
{
    return t_us > direct_us ? (uint64_t)(t_us - direct_us) : 0;
}

static void note_transfer(struct play *p, const struct tm_transfer *t)
{
    enum tm_card_class class = p->cfg->workload                       ? TM_CARD_WORKLOAD
                               : t->down_bytes == TM_CARD_SMALL_BYTES ? TM_CARD_SMALL
                                                                      : TM_CARD_LARGE;
    struct tm_card_times *times = &p->card->times[class];
    if (t->done_us == TM_NEVER) {
        times->n_unfinished++;
        return;
    }
    int64_t whole_us = t->done_us - t->start_us;
    tm_hist_add(&times->whole_us, (uint64_t)whole_us);
    tm_hist_add(&times->added_whole_us,
                beyond(whole_us, tm_card_direct_us(p->cfg, t->up_bytes, t->down_bytes, true)));
    times->up_bytes += t->up_bytes;
    times->down_bytes += t->down_bytes;
    if (t->first_us == TM_NEVER)
        return; /* it only goes up */
    int64_t first_us = t->first_us - t->start_us;
    tm_hist_add(&times->first_us, (uint64_t)first_us);
    tm_hist_add(&times->added_first_us,
                beyond(first_us, tm_card_direct_us(p->cfg, t->up_bytes, 0, false)));
}

static void finish_objects(struct play *p)
{
    struct tm_card *card = p->card;
    struct tm_session_stats stats;
    for (uint64_t i = 0; i < tm_load_n(p->load); i++)
        note_transfer(p, tm_load_get(p->load, i));
    if (p->cfg->workload)
        card->times[TM_CARD_WORKLOAD].n_unfinished += p->cfg->workload->n - tm_load_n(p->load);
    tm_session_get_stats(tm_sim_end(p->world, TM_CLIENT), &stats);
    card->distortion.n_writes += stats.distortion.n_writes;
    card->distortion.n_resized += stats.distortion.n_resized;
    card->distortion.n_delayed += stats.distortion.n_delayed;
    card->distortion.bytes += stats.distortion.bytes;
    card->distortion.bytes_added += stats.distortion.bytes_added;
    card->counted_us += p->cfg->for_us - p->settled_us;
    tm_rhythm_end(&card->rhythm[TM_UP], p->cfg->for_us);
    tm_rhythm_end(&card->rhythm[TM_DOWN], p->cfg->for_us);
}

static int play_objects(struct play *p)
{
    struct tm_sim_event ev;
    int64_t end_us = p->cfg->for_us;
    int rc = begin(p), more = 0;
    tm_rhythm_begin(&p->card->rhythm[TM_UP], p->settled_us);
    tm_rhythm_begin(&p->card->rhythm[TM_DOWN], p->settled_us);
    while (rc == TM_OK && (more = tm_sim_next(p->world, end_us, &ev)) == 1)
        rc = react(p, &ev);
    if (rc == TM_OK)
        rc = more;
    if (rc == TM_OK)
        finish_objects(p);
    return rc;
}

/* ---- Backlog ---- */

/* Adds what both ends have sent so far, times sign. */
static void add_sent(struct play *p, int sign)
{
    for (int side = 0; side < 2; side++) {
        struct tm_session *end = tm_sim_end(p->world, (enum tm_side)side);
        enum tm_dir dir = dir_of((enum tm_side)side);
        struct tm_session_stats s = {0};
        if (end)
            tm_session_get_stats(end, &s);
        uint64_t plain = s.wire_tx_bytes - s.handshake_tx_bytes - s.record_tx_bytes;
        uint64_t free_plain = plain - s.plan_tx_bytes - s.ack_tx_bytes;
        uint64_t delivered = tm_load_delivered_bytes(p->load, dir);
        /* Unsigned arithmetic comes out right in the end. */
        uint64_t times = sign < 0 ? UINT64_MAX : 1;
        p->card->backlog_wire_bytes[dir] += times * s.wire_tx_bytes;
        p->card->payload_bytes[dir] += times * s.payload_tx_bytes;
        p->card->free_bytes[dir] += times * free_plain;
        p->card->delivered_bytes[dir] += times * delivered;
    }
}

static int flood(struct play *p)
{
    uint64_t number;
    int rc = TM_OK;
    for (unsigned i = 0; i < TM_CARD_FLOODS && rc == TM_OK; i++)
        rc = tm_load_begin(p->load, TM_LOAD_FLOOD, TM_LOAD_FLOOD, 0, &number);
    return rc;
}

static int play_until(struct play *p, int64_t until_us)
{
    struct tm_sim_event ev;
    uint64_t number;
    int rc;
    while ((rc = tm_sim_next(p->world, until_us, &ev)) == 1) {
        rc = ev.kind == TM_SIM_APP ? tm_load_event(p->load, &ev, &number) : TM_OK;
        if (rc < 0)
            return rc;
    }
    return rc;
}

/* What the first part left unfinished goes on, and when it has all streams, there is backlog enough. */
static int play_backlog(struct play *p)
{
    int64_t end_us = 2 * p->cfg->for_us;
    int rc = flood(p);
    if (rc == TM_OK || rc == TM_ERR_LIMIT)
        rc = play_until(p, p->cfg->for_us + p->settled_us);
    if (rc == TM_OK) {
        add_sent(p, -1);
        rc = play_until(p, end_us);
    }
    if (rc == TM_OK) {
        add_sent(p, 1);
        p->card->backlog_us += p->cfg->for_us - p->settled_us;
    }
    return rc;
}

int tm_card_play(struct tm_card *card, const struct tm_card_cfg *cfg)
{
    struct play p;
    if (cfg->for_us < 1 || cfg->for_us > TM_CARD_FOR_MAX_US || cfg->line_bps < 1 || cfg->rtt_us < 0)
        return TM_ERR_RANGE;
    int rc = play_open(&p, card, cfg);
    if (rc == TM_OK)
        rc = play_objects(&p);
    if (rc == TM_OK)
        rc = play_backlog(&p);
    play_close(&p);
    card->n_sessions += rc == TM_OK;
    return rc;
}
