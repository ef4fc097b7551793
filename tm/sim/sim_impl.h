/* tm/sim/sim_impl.h - the inside of a world, for sim.c (engines, clock) and sim_link.c (what goes over links). */
#ifndef TM_SIM_SIM_IMPL_H
#define TM_SIM_SIM_IMPL_H

#include "tm/base/rng.h"
#include "tm/sim/agenda.h"
#include "tm/sim/sim.h"

enum happening {
    HAPPENS_DEPART,
    HAPPENS_ARRIVE,
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
    uint32_t n_bytes; /* on the wire */
    enum { PART_HELLO, PART_HANDSHAKE, PART_RECORD } what;
    uint32_t room;   /* plaintext of the write so far, this record's included */
    uint32_t len;    /* of bytes */
    uint8_t bytes[]; /* HELLO: the token; RECORD: its plaintext */
};

struct tm_link {        /* one direction of a carrier */
    int64_t free_us;    /* when the sender's line is free */
    int64_t arrive_us;  /* last arrival: order is kept */
    int64_t departs_us; /* last departure that was asked for */
};

struct tm_wire {
    bool live;
    bool over[2];                 /* that side knows, or has closed */
    bool has_shut[2], has_fin[2]; /* its FIN has left; the other's has come */
    struct tm_link dir[2];
    uint32_t hello_gap_us;
};

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
    uint32_t n_wires, cap_wires;
    int64_t wake_us[2]; /* armed */
    bool busy[2];       /* that end may have something to say or do */
    bool told;          /* `event` waits for the caller */
    struct tm_sim_event event;
    int rc; /* the first failure, TM_OK before */
    struct tm_sim_stats stats;
};

static inline enum tm_side tm_sim_other(enum tm_side side)
{
    return side == TM_CLIENT ? TM_SERVER : TM_CLIENT;
}

/* The first failure stays. */
void tm_sim_fail(struct tm_sim *w, int rc);
/* Puts an item on the agenda; its part is freed when that fails. */
void tm_sim_push(struct tm_sim *w, struct tm_agenda_item item);
void tm_sim_tell(struct tm_sim *w, const struct tm_sim_event *ev);

/* sim_link.c: actions of an end, and what comes of them. */
void tm_sim_act(struct tm_sim *w, enum tm_side side, const struct tm_act *act);
void tm_sim_handle(struct tm_sim *w, struct tm_agenda_item *item);

#endif
