/* tm/sim/sim_link.c - what goes over the links: openings, buffers, closings, losses. */
#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/time.h"
#include "tm/sim/sim_impl.h"

/* As tm/net has it of carriers whose writes are chosen late. */
#define UNSENT_BYTES 8192U

static struct tm_part *part_new(struct tm_sim *w, uint32_t n_bytes, const uint8_t *p, size_t len)
{
    struct tm_part *part = malloc(sizeof *part + len);
    if (!part) {
        tm_sim_fail(w, TM_ERR_NOMEM);
        return NULL;
    }
    part->next = NULL;
    part->n_bytes = n_bytes;
    part->n_sent = 0;
    part->what = PART_HANDSHAKE;
    part->room = 0;
    part->len = (uint32_t)len;
    if (len > 0)
        memcpy(part->bytes, p, len);
    return part;
}

/* ---- Actions ---- */

static struct tm_wire *wire_new(struct tm_sim *w, uint32_t k)
{
    if (tm_grow(&w->wire, &w->cap_wires, k, sizeof *w->wire) != TM_OK) {
        tm_sim_fail(w, TM_ERR_NOMEM);
        return NULL;
    }
    w->n_wires = k + 1;
    w->wire[k] = (struct tm_wire){.live = true};
    return &w->wire[k];
}

static void act_open(struct tm_sim *w, const struct tm_act *act)
{
    uint8_t buf[TM_TOKEN_LEN_MAX];
    struct tm_wr wr = tm_wr_init(buf, sizeof buf);
    struct tm_token token;
    struct tm_wire *c = wire_new(w, act->carrier);
    if (!c)
        return;
    c->hello_gap_us = act->gap_us;
    tm_session_token(w->end[TM_CLIENT], act->carrier, &token);
    tm_token_encode(&token, &wr);
    TM_ASSERT(tm_wr_ok(&wr));
    struct tm_part *hello = part_new(w, act->size, buf, wr.len);
    if (!hello)
        return;
    hello->what = PART_HELLO;
    tm_sim_push(w, (struct tm_agenda_item){
                       .t_us = tm_max_us(tm_sim_world_us(w, TM_CLIENT, act->due_us), w->now_us) +
                               2 * w->cfg.delay_us,
                       .kind = HAPPENS_UP,
                       .side = TM_CLIENT,
                       .carrier = act->carrier,
                       .part = hello});
    tm_sim_tell(w, &(struct tm_sim_event){.kind = TM_SIM_OPENING, .carrier = act->carrier});
}

/* A buffer is composed now and departs at its due time, record by record. */
static void act_write(struct tm_sim *w, enum tm_side side, const struct tm_act *act)
{
    uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_link *l = &w->wire[act->carrier].dir[side];
    int64_t due_us = tm_sim_world_us(w, side, act->due_us);
    if (act->rel_prev)
        due_us = tm_max_us(due_us, l->departs_us + act->gap_us);
    due_us = tm_max_us(due_us, tm_max_us(w->now_us, l->departs_us));
    l->departs_us = due_us;
    uint32_t total = act->hs_size, room = 0;
    w->wire[act->carrier].is_late_choice = act->is_late_choice;
    struct tm_agenda_item item = {.t_us = due_us,
                                  .kind = HAPPENS_DEPART,
                                  .side = side,
                                  .carrier = act->carrier,
                                  .write = act->write,
                                  .number = act->size};
    if (act->hs_size > 0 && (item.part = part_new(w, act->hs_size, NULL, 0)) != NULL) {
        item.last = act->hs_size == act->size;
        tm_sim_push(w, item);
    }
    size_t len;
    while ((len = tm_session_compose(w->end[side], act->carrier, plain, tm_sim_clock_us(w, side))) >
           0) {
        total += (uint32_t)len + TM_RECORD_OVERHEAD;
        room += (uint32_t)len;
        struct tm_part *part = part_new(w, (uint32_t)len + TM_RECORD_OVERHEAD, plain, len);
        if (!part)
            break;
        part->what = PART_RECORD;
        part->room = room;
        item.part = part;
        item.last = total == act->size;
        tm_sim_push(w, item);
    }
    w->stats.n_wrong_sizes += total != act->size;
    w->stats.n_writes++;
}

/* A closing leaves behind all writes. */
static void act_close(struct tm_sim *w, enum tm_side side, const struct tm_act *act)
{
    const struct tm_link *l = &w->wire[act->carrier].dir[side];
    bool is_reset = act->kind == TM_ACT_RESET;
    tm_sim_push(w,
                (struct tm_agenda_item){
                    .t_us = tm_max_us(tm_max_us(tm_sim_world_us(w, side, act->due_us), w->now_us),
                                      l->departs_us),
                    .kind = is_reset ? HAPPENS_ABORT : HAPPENS_SHUT,
                    .side = side,
                    .carrier = act->carrier});
}

void tm_sim_act(struct tm_sim *w, enum tm_side side, const struct tm_act *act)
{
    switch (act->kind) {
    case TM_ACT_OPEN:
        act_open(w, act);
        break;
    case TM_ACT_WRITE:
        act_write(w, side, act);
        break;
    case TM_ACT_CLOSE:
    case TM_ACT_RESET:
        act_close(w, side, act);
        break;
    case TM_ACT_KILL:
        w->wire[act->carrier].over[side] = true;
        if (w->wire[act->carrier].live)
            tm_sim_push(w, (struct tm_agenda_item){.t_us = w->now_us + w->cfg.delay_us,
                                                   .kind = HAPPENS_GONE,
                                                   .side = tm_sim_other(side),
                                                   .carrier = act->carrier});
        w->wire[act->carrier].live = false;
        break;
    }
}

/* ---- What comes of them ---- */

static void on_up(struct tm_sim *w, struct tm_agenda_item *item)
{
    struct tm_wire *c = &w->wire[item->carrier];
    if (!c->live || c->over[TM_CLIENT])
        return;
    tm_session_opened(w->end[TM_CLIENT], item->carrier, tm_sim_clock_us(w, TM_CLIENT));
    struct tm_agenda_item hello = *item;
    hello.t_us = w->now_us + c->hello_gap_us;
    hello.kind = HAPPENS_DEPART;
    hello.number = ((const struct tm_part *)item->part)->n_bytes;
    hello.last = true;
    c->dir[TM_CLIENT].departs_us = hello.t_us;
    item->part = NULL;
    tm_sim_push(w, hello);
}

static void on_depart(struct tm_sim *w, struct tm_agenda_item *item)
{
    struct tm_wire *c = &w->wire[item->carrier];
    enum tm_side side = (enum tm_side)item->side;
    if (!c->live || c->over[side])
        return;
    const struct tm_part *part = item->part;
    struct tm_sim_event sent = {.kind = TM_SIM_SENT,
                                .side = side,
                                .carrier = item->carrier,
                                .size_bytes = (uint32_t)item->number,
                                .room_bytes = part->room};
    uint64_t rate_bps = tm_sim_rate_bps(w, item->carrier);
    tm_sim_transmit(w, side, item->carrier, item->part);
    item->part = NULL;
    if (!item->last)
        return;
    /* The socket takes it when less than UNSENT_BYTES wait there. */
    int64_t full_us = c->dir[side].free_us - tm_sim_span_us(UNSENT_BYTES, rate_bps);
    if (c->is_late_choice && full_us > w->now_us) {
        struct tm_agenda_item taken = *item;
        taken.kind = HAPPENS_SENT;
        taken.t_us = full_us;
        tm_sim_push(w, taken);
        return;
    }
    int64_t now_us = tm_sim_clock_us(w, side);
    tm_session_sent(w->end[side], item->carrier, item->write, now_us, now_us, 0);
    tm_sim_tell(w, &sent);
}

static void on_sent(struct tm_sim *w, const struct tm_agenda_item *item)
{
    enum tm_side side = (enum tm_side)item->side;
    if (!w->wire[item->carrier].live || w->wire[item->carrier].over[side])
        return;
    int64_t now_us = tm_sim_clock_us(w, side);
    tm_session_sent(w->end[side], item->carrier, item->write, now_us, now_us, 0);
    tm_sim_tell(w, &(struct tm_sim_event){.kind = TM_SIM_SENT,
                                          .side = side,
                                          .carrier = item->carrier,
                                          .size_bytes = (uint32_t)item->number});
}

static int server_session(struct tm_sim *w, const struct tm_token *t)
{
    struct tm_session_cfg cfg;
    tm_session_cfg_from_token(&cfg, t);
    cfg.model = w->cfg.model;
    cfg.batches = w->batches;
    cfg.schedule = cfg.plan_mode == TM_PLAN_SEEDED ? w->cfg.schedule : NULL;
    memcpy(cfg.master_seed, w->cfg.master_seed, sizeof cfg.master_seed);
    int rc = tm_session_new(&w->end[TM_SERVER], &cfg, tm_sim_clock_us(w, TM_SERVER));
    if (rc == TM_OK)
        tm_session_set_log(w->end[TM_SERVER], w->cfg.log[TM_SERVER]);
    return rc;
}

static int hello_arrives(struct tm_sim *w, const struct tm_part *hello)
{
    struct tm_token t;
    int rc = tm_token_decode(&t, hello->bytes, hello->len);
    if (rc == TM_OK && !w->end[TM_SERVER])
        rc = server_session(w, &t);
    return rc == TM_OK ? tm_session_accept(w->end[TM_SERVER], &t, hello->n_bytes,
                                           tm_sim_clock_us(w, TM_SERVER))
                       : rc;
}

static void on_arrive(struct tm_sim *w, const struct tm_agenda_item *item)
{
    const struct tm_part *part = item->part;
    struct tm_session *end = w->end[item->side];
    int64_t now_us = tm_sim_clock_us(w, (enum tm_side)item->side);
    int rc = TM_OK;
    if (w->wire[item->carrier].over[item->side])
        return;
    if (part->what == PART_HELLO) {
        rc = hello_arrives(w, part);
    } else {
        tm_session_received(end, item->carrier, part->n_bytes, now_us);
        if (part->what == PART_RECORD)
            rc = tm_session_record(end, item->carrier, part->bytes, part->len, now_us);
    }
    if (rc != TM_OK)
        tm_sim_fail(w, rc == TM_ERR_NOMEM ? rc : TM_ERR_PROTO);
}

static void on_gone(struct tm_sim *w, const struct tm_agenda_item *item)
{
    struct tm_wire *c = &w->wire[item->carrier];
    if (c->over[item->side] || !w->end[item->side])
        return;
    c->over[item->side] = true;
    (void)tm_session_gone(w->end[item->side], item->carrier,
                          item->last ? TM_GONE_CLOSED : TM_GONE_LOST,
                          tm_sim_clock_us(w, (enum tm_side)item->side));
}

/* What `side` sends now, empty, comes behind all that it sent before. */
static void push_bare(struct tm_sim *w, enum tm_side side, enum happening kind, uint32_t carrier)
{
    struct tm_part *part = part_new(w, 0, NULL, 0);
    if (!part)
        return;
    part->what = PART_BARE;
    part->happening = kind;
    tm_sim_transmit(w, side, carrier, part);
}

/* Both FINs are known to a side, or it has reset: it tells its engine. */
static void side_over(struct tm_sim *w, enum tm_side side, uint32_t carrier, enum tm_gone how)
{
    struct tm_wire *c = &w->wire[carrier];
    c->over[side] = true;
    c->live = c->live && !c->over[tm_sim_other(side)];
    (void)tm_session_gone(w->end[side], carrier, how, tm_sim_clock_us(w, side));
}

static void shut(struct tm_sim *w, enum tm_side side, uint32_t carrier)
{
    struct tm_wire *c = &w->wire[carrier];
    if (!c->live || c->over[side] || c->has_shut[side])
        return;
    c->has_shut[side] = true;
    push_bare(w, side, HAPPENS_FIN, carrier);
    if (c->has_fin[side])
        side_over(w, side, carrier, TM_GONE_CLOSED);
}

static void on_fin(struct tm_sim *w, const struct tm_agenda_item *item)
{
    struct tm_wire *c = &w->wire[item->carrier];
    enum tm_side side = (enum tm_side)item->side;
    if (!c->live || c->over[side])
        return;
    c->has_fin[side] = true;
    if (c->has_shut[side]) {
        side_over(w, side, item->carrier, TM_GONE_CLOSED);
        return;
    }
    switch (tm_session_finished(w->end[side], item->carrier, tm_sim_clock_us(w, side))) {
    case TM_FINISH_ANSWER:
        shut(w, side, item->carrier);
        break;
    case TM_FINISH_WAIT:
        break;
    case TM_FINISH_BROKEN:
        tm_sim_fail(w, TM_ERR_PROTO);
        break;
    }
}

static void on_abort(struct tm_sim *w, const struct tm_agenda_item *item)
{
    enum tm_side side = (enum tm_side)item->side;
    if (!w->wire[item->carrier].live || w->wire[item->carrier].over[side])
        return;
    push_bare(w, side, HAPPENS_RST, item->carrier);
    side_over(w, side, item->carrier, TM_GONE_CLOSED);
}

static void on_rst(struct tm_sim *w, const struct tm_agenda_item *item)
{
    enum tm_side side = (enum tm_side)item->side;
    if (w->wire[item->carrier].live && !w->wire[item->carrier].over[side])
        side_over(w, side, item->carrier, TM_GONE_RESET);
}

void tm_sim_handle(struct tm_sim *w, struct tm_agenda_item *item)
{
    switch ((enum happening)item->kind) {
    case HAPPENS_SENT:
        on_sent(w, item);
        break;
    case HAPPENS_FLOW:
        tm_sim_flow(w, (enum tm_side)item->side, item->carrier);
        break;
    case HAPPENS_UP:
        on_up(w, item);
        break;
    case HAPPENS_DEPART:
        on_depart(w, item);
        break;
    case HAPPENS_ARRIVE:
        on_arrive(w, item);
        break;
    case HAPPENS_GONE:
        on_gone(w, item);
        break;
    case HAPPENS_SHUT:
        shut(w, (enum tm_side)item->side, item->carrier);
        break;
    case HAPPENS_FIN:
        on_fin(w, item);
        break;
    case HAPPENS_ABORT:
        on_abort(w, item);
        break;
    case HAPPENS_RST:
        on_rst(w, item);
        break;
    case HAPPENS_TIMER:
        tm_sim_tell(w, &(struct tm_sim_event){.kind = TM_SIM_TIMER, .number = item->number});
        break;
    case HAPPENS_WAKE:
        break;
    }
}

bool tm_sim_cut(struct tm_sim *w, uint32_t carrier, enum tm_side first, int64_t second_us)
{
    if (carrier >= w->n_wires || !w->wire[carrier].live ||
        (w->wire[carrier].has_shut[TM_CLIENT] && w->wire[carrier].has_shut[TM_SERVER]))
        return false;
    w->wire[carrier].live = false;
    struct tm_agenda_item gone = {
        .t_us = w->now_us, .kind = HAPPENS_GONE, .side = first, .carrier = carrier};
    tm_sim_push(w, gone);
    gone.t_us = second_us;
    gone.side = tm_sim_other(first);
    tm_sim_push(w, gone);
    return true;
}

void tm_sim_stop(struct tm_sim *w, enum tm_side side, int64_t until_us, bool is_asleep)
{
    w->stopped_until_us[side] = until_us;
    w->sleep_us[side] = is_asleep ? until_us - w->now_us : 0;
    w->slept_us[side] += w->sleep_us[side];
    tm_sim_push(w, (struct tm_agenda_item){.t_us = until_us, .kind = HAPPENS_WAKE, .side = side});
}

/* What a side's clock decides. */
static bool is_own(enum happening kind)
{
    return kind == HAPPENS_DEPART || kind == HAPPENS_SHUT || kind == HAPPENS_ABORT ||
           kind == HAPPENS_WAKE;
}

bool tm_sim_defer(struct tm_sim *w, struct tm_agenda_item *item)
{
    int64_t until_us = w->stopped_until_us[item->side];
    if (w->now_us >= until_us || item->kind == HAPPENS_TIMER)
        return false;
    item->t_us = is_own((enum happening)item->kind) && w->sleep_us[item->side] > 0
                     ? item->t_us + w->sleep_us[item->side]
                     : until_us;
    tm_sim_push(w, *item);
    return true;
}

void tm_sim_restart_server(struct tm_sim *w)
{
    tm_session_free(w->end[TM_SERVER]);
    w->end[TM_SERVER] = NULL;
    for (uint32_t k = 0; k < w->n_wires; k++) {
        w->wire[k].over[TM_SERVER] = true;
        (void)tm_sim_cut(w, k, TM_CLIENT, w->now_us);
    }
}
