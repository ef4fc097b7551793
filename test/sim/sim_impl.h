/* test/sim/sim_impl.h - the inside of the simulator, for sim.c (world, faults) and sim_app.c (applications). */
#ifndef TM_TEST_SIM_SIM_IMPL_H
#define TM_TEST_SIM_SIM_IMPL_H

#include "test/sim/sim.h"

struct app_stream {
    uint64_t id;
    uint64_t put[2],
        got[2]; /* by the side that sends / receives: put[CLIENT] is up, got[CLIENT] is down */
    bool open[2], ended[2], end_seen[2];
    bool refused, is_reset;
};

#define MAX_STREAMS 8192

struct sim {
    const struct sim_cfg *cfg;
    struct tm_sim *world;
    struct tm_schedlog *log[2];
    char *text[2];
    size_t text_len[2], text_cap[2];
    struct tm_rng rng; /* of the faults */
    struct app_stream stream[MAX_STREAMS];
    uint64_t n_streams;
    struct sim_result *r;
};

static inline enum tm_side sim_other(enum tm_side side)
{
    return side == TM_CLIENT ? TM_SERVER : TM_CLIENT;
}

static inline struct tm_session *sim_end(struct sim *m, enum tm_side side)
{
    return tm_sim_end(m->world, side);
}

/* sim_app.c: applications at both ends. */
void sim_app_send(struct sim *m, struct app_stream *st, enum tm_side side);
void sim_app_read(struct sim *m, struct app_stream *st, enum tm_side side, uint64_t budget);
void sim_app_event(struct sim *m, enum tm_side side, const struct tm_event *ev);

#endif
