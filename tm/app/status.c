/* tm/app/status.c - from what the tunnel tells to what is shown. */
#include "tm/app/status.h"

#include <string.h>

#include "tm/base/time.h"

static bool judge(struct tm_control *out, const struct tm_status_source *src,
                  const struct tm_session_control *c, int64_t idle_us)
{
    const struct tm_tunnel_watch *w = src->watch;
    const struct tm_control_facts facts = {.side = src->side,
                                           .now_us = w->now_us,
                                           .session = c,
                                           .idle_us = idle_us,
                                           .trouble = w->trouble,
                                           .wire_has_ended = w->wire.has_ended,
                                           .wire_beat_us = w->wire.beat_us};
    tm_control_judge(out, &facts);
    return out->in_control;
}

struct tm_status_source tm_status_source_new(const char *program, enum tm_side side, int64_t run_us,
                                             const struct tm_tunnel_watch *watch)
{
    return (struct tm_status_source){
        .program = program, .side = side, .run_us = run_us, .watch = watch, .oldest_us = TM_NEVER};
}

void tm_status_add_session(void *user, const struct tm_session_control *c, int64_t idle_us)
{
    struct tm_status_source *src = user;
    struct tm_control control;
    bool has_plans = c->cfg->drive == TM_DRIVE_PLANS;
    bool in_control = judge(&control, src, c, idle_us) && has_plans;
    bool is_first = src->n_sessions++ == 0;
    bool shows_plans = !is_first && src->shown.cfg->drive == TM_DRIVE_PLANS;
    /* Of one without a schedule must be told, whatever others have. */
    if (is_first || (!has_plans && shows_plans) ||
        (in_control && shows_plans && src->n_controlled == 0)) {
        src->shown = *c;
        src->shown_idle_us = idle_us;
    }
    src->n_controlled += in_control;
    src->is_stuck =
        src->is_stuck || (c->overdue_us > TM_CONTROL_DEAD_US &&
                          src->watch->now_us - src->watch->wire.beat_us > TM_CONTROL_DEAD_US);
    src->n_open += c->n_open;
    src->n_opening += c->n_opening;
    src->n_waiting += c->n_waiting;
    src->waiting_bytes += c->waiting_bytes;
    src->oldest_us = tm_min_us(src->oldest_us, c->oldest_us);
}

static void copy(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text);
}

static uint64_t age(int64_t now_us, int64_t since_us)
{
    return since_us == TM_NEVER || since_us > now_us ? 0 : (uint64_t)(now_us - since_us);
}

static void fill_model(struct tm_status *st, const struct tm_session_control *c)
{
    const struct tm_session_cfg *cfg = c->cfg;
    bool is_driven = cfg->drive != TM_DRIVE_PLANS;
    const char *driver = cfg->drive == TM_DRIVE_MAYBENOT ? "maybenot" : "shuffle";
    copy(st->model.name, sizeof st->model.name,
         is_driven    ? driver
         : cfg->model ? cfg->model->name
                      : "schedule");
    copy(st->model.kind, sizeof st->model.kind,
         is_driven    ? driver
         : cfg->model ? tm_model_kind_name(cfg->model->kind)
                      : "schedule file");
    copy(st->model.master, sizeof st->model.master, cfg->master == TM_CLIENT ? "client" : "server");
    copy(st->model.plan, sizeof st->model.plan,
         is_driven                          ? "none"
         : cfg->plan_mode == TM_PLAN_SEEDED ? "seeded"
                                            : "embedded");
    for (size_t i = 0; i < 8; i++)
        (void)snprintf(st->model.digest + 2 * i, 3, "%02x", c->digest[i]);
    st->model.users = cfg->n_users;
    st->model.pace_ms = cfg->pace_ms;
    st->model.payload_independent = tm_control_is_independent(cfg);
}

static void fill_machines(struct tm_status_machines *out, const struct tm_cells_status *cells)
{
    const struct tm_padder_counts *n = &cells->counts;
    *out = (struct tm_status_machines){.cell_bytes = cells->cell_bytes,
                                       .n = n->n_machines,
                                       .n_ended = n->n_ended,
                                       .sent_normal = n->n_normal,
                                       .sent_padding = n->n_padding,
                                       .waiting_normal = n->queued_normal,
                                       .waiting_padding = n->queued_padding,
                                       .replaced = n->n_replaced,
                                       .dropped = n->n_dropped,
                                       .refused_actions = n->n_refused};
    copy(out->refused, sizeof out->refused, cells->refused != NULL ? cells->refused : "");
    memcpy(out->event, n->event, sizeof out->event);
}

static void fill_kernel(struct tm_status *st, const struct tm_kernel_totals *k)
{
    for (unsigned i = 0; i < TM_KERNEL_N; i++)
        st->kernel.n[i] = k->n[i];
    st->kernel.tx_bytes = k->n[TM_KERNEL_BYTES_TX] + k->n[TM_KERNEL_HEADER_TX];
    st->kernel.rx_bytes = k->n[TM_KERNEL_BYTES_RX] + k->n[TM_KERNEL_HEADER_RX];
    st->kernel.rtt_us = k->rtt_us;
}

void tm_status_fill(struct tm_status *st, const struct tm_status_source *src)
{
    const struct tm_tunnel_watch *w = src->watch;
    struct tm_control control;
    *st = (struct tm_status){.tally = w->tally,
                             .missed_us = TM_SLIP_US,
                             .is_realtime = w->wire.is_realtime,
                             .front_pauses = w->wire.late_events,
                             .clocks = w->clocks,
                             .batches_late = w->stats.batches_late,
                             .run_us = (uint64_t)src->run_us,
                             .is_stuck = src->is_stuck,
                             .totals = w->stats};
    if (w->clocks.n_stood > 0)
        st->stood_ago_us = age(w->now_us, w->clocks.ended_us);
    copy(st->program, sizeof st->program, src->program);
    st->in_control =
        judge(&control, src, src->n_sessions > 0 ? &src->shown : NULL, src->shown_idle_us);
    copy(st->reason, sizeof st->reason, control.text);
    st->since_s = age(w->now_us, control.since_us) / (uint64_t)TM_US_PER_S;
    if (src->n_sessions > 0) {
        fill_model(st, &src->shown);
        fill_machines(&st->machines, &src->shown.cells);
    }
    st->useful_permille = tm_summary_permille(w->tally.payload_bytes, w->tally.wire_bytes);
    st->now.sessions = src->n_sessions;
    st->now.sessions_in_control = src->n_controlled;
    st->now.carriers_open = src->n_open;
    st->now.carriers_opening = src->n_opening;
    st->now.streams_open = w->stats.streams_live;
    st->now.buffers_waiting = src->n_waiting;
    st->now.queue_bytes = src->waiting_bytes;
    st->now.queue_oldest_us = age(w->now_us, src->oldest_us);
    fill_kernel(st, &w->wire.kernel);
}

void tm_status_absent(struct tm_status *st, const char *program, const char *why)
{
    *st = (struct tm_status){.missed_us = TM_SLIP_US};
    copy(st->program, sizeof st->program, program);
    copy(st->reason, sizeof st->reason, why);
}
