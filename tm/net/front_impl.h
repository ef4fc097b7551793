/* tm/net/front_impl.h - the inside of struct tm_front, for the files that make up a tunnel end (front.c,
 * lane.c, tunnel_client.c, tunnel_server.c). */
#ifndef TM_NET_FRONT_IMPL_H
#define TM_NET_FRONT_IMPL_H

#include <stddef.h>
#include <stdio.h>

#include "tm/core/idmap.h"
#include "tm/net/alarm.h"
#include "tm/net/ask.h"
#include "tm/net/front.h"
#include "tm/net/logdrain.h"
#include "tm/net/pulse.h"
#include "tm/net/tls.h"
#include "tm/net/wire.h"
#include "tm/net/workshop.h"

struct tm_lane;

#define TM_FRONT_KEYS    32U   /* exporter values kept of a JOIN session */
#define TM_FRONT_BUCKETS 1024U /* a power of two */

/* What differs between client and server.  Called from the pump or by lanes. */
struct tm_front_ops {
    void (*open)(void *owner, const struct tm_act *act);    /* client: TM_ACT_OPEN */
    void (*stream)(void *owner, const struct tm_event *ev); /* TM_EVENT_OPEN */
    void (*listener)(
        void *owner,
        const struct tm_event *ev); /* server: TM_EVENT_LISTEN; client: TM_EVENT_LISTENING */
    void (*failed)(void *owner, const struct tm_event *ev); /* the session is over; once */
    void (*prepared)(
        void *
            owner); /* client: the first plans can be made, its schedule begins; once, from the loop */
    void (*made)(void *owner);   /* server: a batch of its plans was made; from the loop */
    void (*played)(void *owner); /* client: the schedule file is at its end; once */
    void (*lane_up)(void *owner, struct tm_lane *lane); /* the far end proved to know the PSK */
    /* It died, before (not authentic) or after that; it is freed next. */
    void (*lane_lost)(void *owner, struct tm_lane *lane, int err, const char *why);
    void (*want_room)(void *owner); /* call tm_front_room when the wire has room */
};

struct tm_front_cfg {
    uv_loop_t *loop;
    struct tm_wire *wire; /* borrowed */
    const struct tm_session_cfg *session;
    const struct tm_front_ops *ops; /* static */
    void *owner;
    FILE *log; /* schedule log, NULL: none; also handled on error */
    enum tm_logdrain_file log_how;
    struct tm_streamlog *streamlog; /* borrowed; NULL: none */
    struct tm_tally *tally;         /* borrowed; NULL: nothing is counted */
    struct tm_pulse *pulse;         /* borrowed */
    bool keep_keys;                 /* JOIN sessions: remember exporter values */
    bool keeps_played;              /* counts sizes and pauses (tm_session_set_played) */
};

struct tm_front {
    uv_loop_t *loop;
    struct tm_wire *wire;
    struct tm_session *session;
    const struct tm_front_ops *ops;
    void *owner;
    struct tm_alarm *alarm;
    struct tm_pulse *pulse;       /* borrowed */
    int64_t stood_until_us;       /* of what it told, has been told to the session */
    struct tm_workshop *workshop; /* its maker is the session's */
    struct tm_schedlog *log;      /* the drain's; NULL: none */
    struct tm_logdrain *drain;
    struct tm_streamlog *streamlog; /* borrowed; NULL: none */
    struct tm_tally *tally;         /* borrowed; NULL: nothing is counted */
    struct tm_likeness *played;     /* owned, TM_MIX_PARTS_MAX of them; NULL: not counted */
    bool is_pumping, is_again;      /* see tm_front_pump */
    bool is_preparing;              /* the first plans wait for batches: nothing is pumped yet */
    bool is_failed;                 /* the session is over */
    bool is_stopping;               /* tm_front_free has begun */
    bool keep_keys;
    bool reads;        /* its connections itself: no schedule asks for the wire thread */
    size_t n_turns;    /* lanes that want a turn (tm_lane_turn) */
    size_t turn;       /* index of the lane that had the last one */
    unsigned n_ending; /* parts that have not reported their end to tm_front_free */
    void (*closed)(void *user);
    void *closed_user;
    size_t n_lanes;
    struct tm_lane *lanes[TM_CARRIERS_HELD];
    struct tm_lane *by_carrier[TM_FRONT_BUCKETS], *by_conn[TM_FRONT_BUCKETS]; /* lane.c */
    uint32_t n_sinks;
    struct {
        uint64_t stream;
        struct tm_sink *sink;
    } sinks[TM_STREAMS_HELD];
    struct tm_idmap sink_at; /* of a stream: its index among them */
    size_t n_keys;           /* ever added; the last TM_FRONT_KEYS are there */
    struct tm_ask_key keys[TM_FRONT_KEYS];
    uint8_t plain[TM_TLS_PLAIN_MAX]; /* scratch of the lanes, one at a time */
    uint8_t chunk[TM_WIRE_CHUNK_MAX];
};

/* TM_ERR_NOMEM, RANGE (session), IO. */
TM_MUST_CHECK int tm_front_new(struct tm_front **out, const struct tm_front_cfg *cfg);
/* Client: prepares the first plans, says so (ops->prepared) and pumps, all from the loop: nothing happens before. */
void tm_front_start(struct tm_front *f);
/* After the session has failed, from the loop: another one in its place, with the same threads, log and tally; what is left of the old one
 * ends as in tm_front_free.  The schedule log ends with the old one.  TM_ERR_NOMEM, RANGE: all is as before. */
TM_MUST_CHECK int tm_front_renew(struct tm_front *f, const struct tm_session_cfg *cfg);
/* Ends what is left (streams hear FAILED, lanes are reset) and frees; `closed` (may be NULL) is called when the
 * log is written and nothing of libuv's is left. */
void tm_front_free(struct tm_front *f, void (*closed)(void *user), void *user);

/* The wire thread has room for commands again. */
void tm_front_room(struct tm_front *f);

/* Defined in lane.c: the lane of a carrier, of a connection of the wire thread; NULL: none. */
struct tm_lane *tm_front_lane(const struct tm_front *f, uint32_t carrier);
struct tm_lane *tm_front_lane_of_conn(const struct tm_front *f, uint32_t conn);
/* The exporter value of a carrier of a JOIN session, NULL when it is not known (any more). */
const struct tm_ask_key *tm_front_key(const struct tm_front *f, uint32_t carrier);

#endif
