#include "tm/sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "models/batches.h"
#include "tm/base/time.h"
#include "tm/sim/sim_impl.h"

const struct tm_shape tm_sim_shape = {.hello_min = 397, .flight_min = 225, .fin_min = 64};

void tm_sim_fail(struct tm_sim *w, int rc)
{
    if (w->rc == TM_OK)
        w->rc = rc;
}

void tm_sim_push(struct tm_sim *w, struct tm_agenda_item item)
{
    int rc = tm_agenda_add(&w->agenda, item);
    if (rc == TM_OK)
        return;
    free(item.part);
    tm_sim_fail(w, rc);
}

void tm_sim_tell(struct tm_sim *w, const struct tm_sim_event *ev)
{
    TM_ASSERT(!w->told);
    w->event = *ev;
    w->told = true;
}

int tm_sim_new(struct tm_sim **out, const struct tm_sim_cfg *cfg)
{
    *out = NULL;
    struct tm_sim *w = calloc(1, sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    uint8_t seed[TM_SEED_LEN];
    tm_seed_from_u64(seed, cfg->seed);
    tm_rng_init(&w->rng, seed);
    w->cfg = *cfg;
    w->wake_us[TM_CLIENT] = w->wake_us[TM_SERVER] = TM_NEVER;
    struct tm_session_cfg sc = {.side = TM_CLIENT,
                                .drive = cfg->drive,
                                .cells = cfg->cells,
                                .master = cfg->master,
                                .plan_mode = cfg->plan_mode,
                                .model = cfg->model,
                                .is_schedule = cfg->schedule != NULL,
                                .schedule = cfg->schedule,
                                .at_end = cfg->at_end,
                                .shape = cfg->shape,
                                .n_users = cfg->n_users,
                                .pace_ms = cfg->pace_ms,
                                .on_demand = cfg->on_demand,
                                .idle_stop_us = cfg->idle_stop_us,
                                .prep_us = TM_PREP_US};
    memcpy(sc.seed, seed, sizeof sc.seed);
    int rc = TM_OK;
    if (cfg->model && cfg->model->kind == TM_MODEL_JOINT)
        rc = tm_batches_new(&w->batches, &cfg->model->u.joint, TM_BATCHES_SIM_WRITES);
    sc.batches = w->batches;
    if (rc == TM_OK)
        rc = tm_session_new(&w->end[TM_CLIENT], &sc, 0);
    if (rc != TM_OK) {
        tm_sim_free(w);
        return rc;
    }
    tm_session_set_log(w->end[TM_CLIENT], cfg->log[TM_CLIENT]);
    w->busy[TM_CLIENT] = true;
    *out = w;
    return TM_OK;
}

void tm_sim_free(struct tm_sim *w)
{
    if (!w)
        return;
    struct tm_agenda_item item;
    while (tm_agenda_take(&w->agenda, &item))
        free(item.part);
    tm_agenda_deinit(&w->agenda);
    tm_session_free(w->end[TM_CLIENT]);
    tm_session_free(w->end[TM_SERVER]);
    tm_batches_free(w->batches);
    tm_rng_deinit(&w->rng);
    for (uint32_t k = 0; k < w->n_wires; k++)
        tm_sim_drop_waiting(&w->wire[k]);
    free(w->wire);
    free(w);
}

/* Wakes an end when it wants to be polled again. */
static void arm(struct tm_sim *w, enum tm_side side)
{
    int64_t next_us = tm_sim_world_us(w, side, tm_session_next_us(w->end[side]));
    if (next_us >= w->wake_us[side] && w->wake_us[side] > w->now_us)
        return;
    w->wake_us[side] = next_us;
    if (next_us != TM_NEVER)
        tm_sim_push(w, (struct tm_agenda_item){.t_us = tm_max_us(next_us, w->now_us),
                                               .kind = HAPPENS_WAKE,
                                               .side = side});
}

/* What an end has to say and do at this moment, until there is something to tell. */
static void pump(struct tm_sim *w, enum tm_side side)
{
    struct tm_session *s = w->end[side];
    struct tm_act act;
    while (s && !w->told) {
        struct tm_sim_event ev = {.kind = TM_SIM_APP, .side = side};
        if (tm_session_next_event(s, &ev.app)) {
            tm_sim_tell(w, &ev);
        } else if (tm_session_poll(s, tm_sim_clock_us(w, side), &act)) {
            tm_sim_act(w, side, &act);
        } else {
            arm(w, side);
            break;
        }
    }
    w->busy[side] = w->told && s;
}

int tm_sim_next(struct tm_sim *w, int64_t until_us, struct tm_sim_event *ev)
{
    while (w->rc == TM_OK) {
        for (int side = 0; side < 2 && !w->told; side++) {
            if (w->busy[side] && w->now_us >= w->stopped_until_us[side])
                pump(w, (enum tm_side)side);
        }
        if (w->told) {
            w->told = false;
            *ev = w->event;
            return 1;
        }
        struct tm_agenda_item item;
        if (tm_agenda_next_us(&w->agenda) > until_us || !tm_agenda_take(&w->agenda, &item)) {
            w->now_us = tm_max_us(w->now_us, until_us);
            return 0;
        }
        w->now_us = item.t_us;
        if (tm_sim_defer(w, &item))
            continue;
        w->stats.n_events++;
        w->busy[item.side] = true; /* nothing else is touched */
        tm_sim_handle(w, &item);
        free(item.part);
    }
    return w->rc;
}

int64_t tm_sim_now_us(const struct tm_sim *w)
{
    return w->now_us;
}

struct tm_session *tm_sim_end(struct tm_sim *w, enum tm_side side)
{
    w->busy[side] = true; /* who asks for it does something with it */
    return w->end[side];
}

int tm_sim_timer(struct tm_sim *w, int64_t t_us, uint64_t number)
{
    return tm_agenda_add(&w->agenda, (struct tm_agenda_item){.t_us = tm_max_us(t_us, w->now_us),
                                                             .kind = HAPPENS_TIMER,
                                                             .number = number});
}

void tm_sim_get_stats(const struct tm_sim *w, struct tm_sim_stats *out)
{
    *out = w->stats;
}
