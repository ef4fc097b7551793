/* tm/sim/sim_impl.h - the inside of a world, for sim.c (engines, clock), sim_link.c (what goes over links) and sim_tcp.c (how fast). */
#ifndef TM_SIM_SIM_IMPL_H
#define TM_SIM_SIM_IMPL_H

#include "tm/base/rng.h"
#include "tm/base/time.h"
#include "tm/sim/agenda.h"
#include "tm/sim/cwnd.h"
#include "tm/sim/sim.h"

enum happening {
    HAPPENS_DEPART,
    HAPPENS_FLOW, /* the window has opened for what waits to be sent */
    HAPPENS_ARRIVE,
    HAPPENS_SENT, /* the socket has taken a write whose successor is chosen late */
    HAPPENS_UP,
    HAPPENS_GONE,
    HAPPENS_SHUT, /* that side's own FIN leaves */
    HAPPENS_FIN,
    HAPPENS_ABORT, /* that side resets as planned */
    HAPPENS_RST,
    HAPPENS_TIMER,
    HAPPENS_WAKE
};

/* What goes over a link in one piece: (part of) a write, cut at record ends. */
struct tm_part {
    struct tm_part *next; /* of those that wait */
    uint32_t n_bytes;     /* on the wire */
    uint32_t n_sent;      /* of them */
    enum { PART_HELLO, PART_HANDSHAKE, PART_RECORD, PART_BARE } what;
    enum happening happening; /* BARE: what it is at the other end */
    uint32_t room;            /* plaintext of the write so far, this record's included */
    uint32_t len;             /* of bytes */
    uint8_t bytes[];          /* HELLO: the token; RECORD: its plaintext */
};

struct tm_link {        /* one direction of a carrier */
    int64_t free_us;    /* when the sender's line is free */
    int64_t arrive_us;  /* last arrival: order is kept */
    int64_t departs_us; /* last departure that was asked for */
    struct tm_cwnd cwnd;
    struct tm_part *first, *last; /* owned; handed to TCP, and not sent */
};

struct tm_wire {
    bool live;
    bool is_late_choice;
    bool over[2];                 /* that side knows, or has closed */
    bool has_shut[2], has_fin[2]; /* its FIN has left; the other's has come */
    struct tm_link dir[2];
    uint32_t hello_gap_us;
};

/* A carrier whose rate was set. */
struct tm_sim_slow {
    uint32_t carrier;
    uint64_t rate_bps;
};
#define TM_SIM_SLOW_MAX 8U

struct tm_sim {
    struct tm_sim_cfg cfg;
    struct tm_session *end[2]; /* owned */
    struct tm_batches
        *batches; /* owned; NULL but for joint models: both ends put the same ones together */
    struct tm_agenda agenda;
    int64_t now_us;
    int64_t line_free_us[2]; /* by side */
    struct tm_rng rng;
    struct tm_wire *wire; /* owned; by carrier number */
    uint32_t n_wires;
    size_t cap_wires;
    struct tm_sim_slow slow[TM_SIM_SLOW_MAX];
    uint32_t n_slow;
    int64_t wake_us[2];          /* armed */
    bool busy[2];                /* that end may have something to say or do */
    int64_t stopped_until_us[2]; /* by side; 0: it never was */
    int64_t sleep_us[2];         /* how long its clock stands still meanwhile; 0: it goes on */
    int64_t slept_us[2];         /* its clock is behind by so much */
    bool told;                   /* `event` waits for the caller */
    struct tm_sim_event event;
    int rc; /* the first failure, TM_OK before */
    struct tm_sim_stats stats;
};

static inline enum tm_side tm_sim_other(enum tm_side side)
{
    return side == TM_CLIENT ? TM_SERVER : TM_CLIENT;
}

/* The time now by that end's clock; and when it is, in the world, that this clock says t_us. */
static inline int64_t tm_sim_clock_us(const struct tm_sim *w, enum tm_side side)
{
    return w->now_us - w->slept_us[side];
}

static inline int64_t tm_sim_world_us(const struct tm_sim *w, enum tm_side side, int64_t t_us)
{
    return tm_later_us(t_us, w->slept_us[side]);
}

/* The first failure stays. */
void tm_sim_fail(struct tm_sim *w, int rc);
/* Puts an item on the agenda; its part is freed when that fails. */
void tm_sim_push(struct tm_sim *w, struct tm_agenda_item item);
void tm_sim_tell(struct tm_sim *w, const struct tm_sim_event *ev);

/* sim_link.c: actions of an end, and what comes of them. */
void tm_sim_act(struct tm_sim *w, enum tm_side side, const struct tm_act *act);
void tm_sim_handle(struct tm_sim *w, struct tm_agenda_item *item);
/* Puts off what happens at an end that stands still; false: it does not. */
bool tm_sim_defer(struct tm_sim *w, struct tm_agenda_item *item);

/* sim_tcp.c */
/* How long so many bytes take at a rate; 0: no limit. */
int64_t tm_sim_span_us(uint64_t n_bytes, uint64_t bps);
/* Of a carrier, each way; 0: no limit. */
uint64_t tm_sim_rate_bps(const struct tm_sim *w, uint32_t carrier);
/* The side hands its TCP what arrives at the other end behind all that it handed over before.  Takes the part. */
void tm_sim_transmit(struct tm_sim *w, enum tm_side side, uint32_t carrier, struct tm_part *part);
/* The window may have opened. */
void tm_sim_flow(struct tm_sim *w, enum tm_side side, uint32_t carrier);
/* Frees what waits on a carrier's links. */
void tm_sim_drop_waiting(struct tm_wire *c);

#endif
