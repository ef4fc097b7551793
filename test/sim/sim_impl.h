/* test/sim/sim_impl.h - the inside of the simulator, for sim.c (clock, links, engines) and sim_app.c
 * (applications). */
#ifndef TM_TEST_SIM_SIM_IMPL_H
#define TM_TEST_SIM_SIM_IMPL_H

#include "test/sim/sim.h"

enum {
    EV_DEPART,
    EV_ARRIVE,
    EV_UP,
    EV_GONE,
    EV_FIN,
    EV_STREAM,
    EV_READ,
    EV_DEATH,
    EV_PREPARE,
    EV_RESTART
};

/* What goes over a link in one piece: (part of) a write, cut at record ends. */
struct chunk {
    uint32_t n_bytes;   /* on the wire, may be 0 for the tail */
    uint32_t plain_len; /* of the record that ends here; 0: none (handshake) */
    uint8_t plain[];
};

struct event {
    int64_t t_us;
    uint64_t seq;
    int kind;
    enum tm_side side; /* where it happens */
    uint32_t carrier;
    uint32_t write;
    struct chunk *chunk; /* owned until handled */
    struct tm_token token;
    bool has_token;
    bool last; /* DEPART: the write has left; GONE: closed in good order */
};

struct link {          /* one direction of a carrier */
    int64_t free_us;   /* when the sender's line is free */
    int64_t arrive_us; /* last arrival: order is kept */
};

struct sim_carrier {
    bool live, up;
    bool dead[2]; /* that side knows, or has closed */
    struct link dir[2];
    int64_t hello_gap_us;
    int64_t departed_us[2]; /* last departure by side */
};

struct app_stream {
    uint64_t id;
    uint64_t put[2],
        got[2]; /* by the side that sends / receives: put[CLIENT] is up, got[CLIENT] is down */
    bool open[2], ended[2], end_seen[2];
    bool refused;
};

#define MAX_CARRIERS 65536
#define MAX_STREAMS  8192

struct sim {
    const struct sim_cfg *cfg;
    struct tm_session *end[2];
    struct tm_schedlog *log[2];
    char *text[2];
    size_t text_len[2], text_cap[2];
    struct event *heap;
    size_t n, cap;
    uint64_t seq;
    int64_t now_us;
    struct tm_rng rng;
    struct sim_carrier *carrier;
    uint32_t n_carriers;
    struct app_stream stream[MAX_STREAMS];
    uint64_t n_streams;
    int64_t prepare_us[2]; /* armed wake-up */
    struct sim_result *r;
};

static inline enum tm_side sim_other(enum tm_side side)
{
    return side == TM_CLIENT ? TM_SERVER : TM_CLIENT;
}

/* sim_app.c: applications at both ends. */
void sim_app_send(struct sim *m, struct app_stream *st, enum tm_side side);
void sim_app_read(struct sim *m, struct app_stream *st, enum tm_side side, uint64_t budget);
void sim_app_event(struct sim *m, enum tm_side side, const struct tm_event *ev);

#endif
