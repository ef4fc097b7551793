/* tm/sim/sim.h - two engines, a virtual clock, virtual links: an hour of tunnel in seconds.
 *
 * A world is a shell like the real one, without TLS and sockets: it does what the engines' actions ask, at the
 * exact due time, and carries the bytes over links with delay, jitter, rate and stalls.  Record and handshake sizes are
 * those of TLS; records arrive when their last byte does.  Of what TCP does besides, slow start can be had (is_slow_start); there is no loss and
 * no receiver's window.
 *
 *   applications ── engine ══ links of each carrier, a line for all ══ engine ── applications
 *                   client                                             server
 *
 * The caller is the applications: it asks for what happens next, talks to the engines (tm_sim_end), and asks again.
 * The same configuration and the same calls give the same world, event by event.  Pure. */
#ifndef TM_SIM_SIM_H
#define TM_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "tm/core/session.h"

struct tm_schedlog;

struct tm_sim_cfg {
    enum tm_drive drive;              /* other than PLANS: neither model nor schedule file */
    const struct tm_cells_cfg *cells; /* as of struct tm_session_cfg; borrowed for tm_sim_new */
    const struct tm_model *model;     /* borrowed; NULL: a schedule file decides */
    const struct tm_schedfile
        *schedule; /* borrowed; the server has it too when plan_mode is seeded */
    enum tm_playback_end at_end;
    struct tm_shape shape; /* handshake sizes; tm_sim_shape when there is no TLS to measure */
    enum tm_side master;
    enum tm_plan_mode plan_mode;
    uint32_t n_users; /* as of struct tm_session_cfg */
    uint32_t pace_ms;
    uint64_t seed;                          /* of schedule and network */
    uint8_t master_seed[TM_TOKEN_SEED_LEN]; /* server as master: the schedule's */
    bool on_demand;                         /* as of struct tm_session_cfg */
    int64_t idle_stop_us;
    /* the links, both directions alike */
    int64_t delay_us;
    int64_t jitter_us; /* up to this much more, drawn anew for each record; order is kept */
    uint64_t rate_bps; /* bits a second of each carrier; 0: no limit */
    uint64_t line_bps; /* of all carriers together; 0: no limit */
    bool
        is_slow_start; /* TCP begins with ten segments (tm/sim/cwnd.h); else everything leaves at once */
    double p_stall; /* of a record: held up for stall_us */
    int64_t stall_us;
    struct tm_schedlog *log[2]; /* by side; borrowed; NULL: none.  The caller drains them */
};

/* Sizes as OpenSSL 3.0 makes them; the programs measure their own at start-up. */
extern const struct tm_shape tm_sim_shape;

enum tm_sim_kind {
    TM_SIM_APP,     /* an engine tells its applications something: ev.app, at ev.side */
    TM_SIM_OPENING, /* the client opens ev.carrier */
    TM_SIM_SENT,    /* the last byte of a buffer left ev.side */
    TM_SIM_TIMER    /* ev.number, as set by tm_sim_timer */
};

struct tm_sim_event {
    enum tm_sim_kind kind;
    enum tm_side side;
    uint32_t carrier;
    uint32_t size_bytes; /* SENT: on the wire, handshake included */
    uint32_t room_bytes; /* SENT: plaintext of its records; 0: handshake alone */
    uint64_t number;
    struct tm_event app;
};

struct tm_sim_stats {
    uint64_t n_events; /* of the clock */
    uint64_t n_writes;
    uint64_t n_wrong_sizes; /* buffers whose composed size was not the planned one: none */
};

struct tm_sim; /* opaque */

/* At time 0, before anything.  Errors of tm_session_new. */
TM_MUST_CHECK int tm_sim_new(struct tm_sim **out, const struct tm_sim_cfg *cfg);
void tm_sim_free(struct tm_sim *w);

/* 1: *ev is what happens next; 0: nothing does until `until_us`, which is the time now; TM_ERR_NOMEM; TM_ERR_PROTO: an end did not
 * accept what the other sent. */
TM_MUST_CHECK int tm_sim_next(struct tm_sim *w, int64_t until_us, struct tm_sim_event *ev);
int64_t tm_sim_now_us(const struct tm_sim *w);
/* An engine, to give it streams and to read its statistics; NULL: the server before the first carrier came.  To be asked for anew after
 * each event: what was done to it meanwhile is looked at then. */
struct tm_session *tm_sim_end(struct tm_sim *w, enum tm_side side);
/* TIMER with this number at t_us, or at once when that has passed.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_sim_timer(struct tm_sim *w, int64_t t_us, uint64_t number);
void tm_sim_get_stats(const struct tm_sim *w, struct tm_sim_stats *out);

/* ---- Faults ---- */

/* From now on a carrier (its number may not exist yet) has this rate, both ways; 0: that of the configuration again. */
TM_MUST_CHECK int tm_sim_set_rate(struct tm_sim *w, uint32_t carrier, uint64_t rate_bps);

/* A live carrier's connection is lost: end `first` notices now, the other at second_us.  False: it was not live. */
bool tm_sim_cut(struct tm_sim *w, uint32_t carrier, enum tm_side first, int64_t second_us);
/* An end's process stands still from now on until until_us: it does nothing, what comes for it waits, and what it was to send leaves then.
 * is_asleep: its machine sleeps, so that its clock stands still too, for good.  At least a second; not before the last one is over. */
void tm_sim_stop(struct tm_sim *w, enum tm_side side, int64_t until_us, bool is_asleep);
/* The server's process ends and another begins: its sockets are reset, its memory is gone. */
void tm_sim_restart_server(struct tm_sim *w);

#endif
