/* test/sim/sim.h - a world (tm/sim/sim.h) with applications and faults, for tests.
 *
 * The applications are deterministic: byte i of stream id in direction d is a hash of (id, d, i), so that
 * every delivered byte is checked where it arrives. */
#ifndef TM_TEST_SIM_SIM_H
#define TM_TEST_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/base/rng.h"
#include "tm/core/cells.h"
#include "tm/core/schedlog.h"
#include "tm/core/session.h"
#include "tm/sim/sim.h"

#define SIM_MASTER_SEED_BYTE 7 /* every byte of the server's seed */

struct sim_cfg {
    enum tm_drive drive;                 /* other than PLANS: neither model nor schedule */
    const struct tm_cells_cfg *cells;    /* as of struct tm_session_cfg */
    const struct tm_model *model;        /* NULL: */
    const struct tm_schedfile *schedule; /* at the client; at both when plan_mode is seeded */
    enum tm_playback_end at_end;
    enum tm_side master;
    enum tm_plan_mode plan_mode;
    uint32_t n_users;
    uint32_t pace_ms;
    uint64_t seed;  /* of schedule and network */
    bool on_demand; /* as of struct tm_session_cfg */
    int64_t idle_stop_us;
    /* the links, both directions alike */
    int64_t delay_us, jitter_us;
    uint64_t rate_bps; /* of each carrier; 0: no limit */
    uint32_t slow_carrier;
    uint64_t slow_bps; /* of that one, when it is not 0 */
    double p_stall;    /* of a chunk: held up for stall_us */
    int64_t stall_us;
    int64_t
        mean_life_us; /* carriers die after 0..2 of these, unless they have ended; 0: none does */
    int64_t one_sided_us;   /* how long the second end goes on before it notices, at most */
    int64_t restart_us;     /* the server forgets everything at this time; 0: never */
    int64_t stop_us;        /* ends stand still from this time on, ... */
    int64_t stop_for_us[2]; /* ... so long, by side; 0: it does not */
    bool is_asleep;         /* and so do their clocks */
    /* the load */
    int64_t first_stream_us;       /* when the first is opened */
    unsigned n_streams;            /* opened one after another ... */
    int64_t stream_gap_us;         /* ... so much apart */
    uint64_t up_bytes, down_bytes; /* that each carries, then it is finished */
    bool is_uneven;                /* ... carries up to so much, by its number */
    unsigned reset_permille; /* how often an application that hears of its stream gives it up */
    bool refuse;             /* the server refuses every stream */
    int64_t slow_reader_bps; /* bytes per second that applications read; 0: at once */
    bool log;
};

struct sim_result {
    uint64_t n_deaths;
    uint64_t streams_done; /* both directions byte-exact and ended, at both ends */
    uint64_t streams_refused, streams_reset;
    uint64_t bytes_up, bytes_down; /* delivered and checked */
    uint64_t wrong_bytes;
    uint64_t wrong_sizes; /* buffers whose composed size was not the planned one */
    uint64_t writes;
    const char *failed; /* of either session; NULL */
    unsigned n_played;  /* times that the client was told that the schedule is at its end */
    int64_t played_us;
    int64_t end_us; /* when the run ended */
    struct tm_session_stats client, server;
    struct tm_cells_status cells[2]; /* by side, of such a session */
    char *client_log, *server_log;   /* owned; NULL unless cfg.log */
};

/* Runs for duration_us of virtual time, or until all streams are done when stop_when_done. */
struct sim_result sim_run(const struct sim_cfg *cfg, int64_t duration_us, bool stop_when_done);
void sim_result_deinit(struct sim_result *r);

/* Hand-made models.  The caller deinits. */
void sim_model_https(struct tm_model *m);  /* a handful of points: pages of kilobytes */
void sim_model_ssh(struct tm_model *m);    /* 36-byte requests */
void sim_model_silent(struct tm_model *m); /* minutes between exchanges and between connections */
void sim_model_bulk(struct tm_model *m);   /* large responses, parallel connections */
/* A joint model: pages whose connections have server flights in several writes, control frames of a few bytes,
 * paced chunks while the other side speaks, and pauses counted from one's own writes; terminal sessions where the
 * server speaks first, in writes that TLS cannot make so small. */
void sim_model_joint(struct tm_model *m);

/* What a third party that knows the seeds would have: a generator of the session and one of its master, owned by the caller. */
enum sim_gen { SIM_GEN_SESSION, SIM_GEN_MASTER };
struct tm_gen *sim_gen_new(const struct sim_cfg *cfg, enum sim_gen whose);

/* The lines of a log, one after another.  (Not strchr: checked strictly, it measures all that follows for every line.) */
struct sim_lines {
    const char *at, *end;
};
struct sim_lines sim_lines(const char *log);
/* False at the end; aborts where a line is none. */
bool sim_next_line(struct sim_lines *lines, struct tm_schedlog_line *l);

/* The invariant of a log as text: for each carrier its opening and its writes in order of index.  Owned. */
char *sim_invariant(const char *log);

#endif
