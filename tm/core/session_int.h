/* tm/core/session_int.h - the engine's state, shared by its files and nobody else:
 *   session.c      life, poll, statistics
 *   session_carrier.c  carriers: added, lost, ended, forgotten
 *   lookout.c       carriers by number, and what is due on them
 *   session_plan.c     plans and openings
 *   session_early.c    what a server plays before it can compute plans (session_early.h)
 *   session_net.c  what comes from the network: carriers, records, frames, control messages
 *   session_app.c  what comes from and goes to applications: streams, events, credit
 *   session_datagram.c streams of datagrams
 *   session_demand.c   cover that begins and ends with demand
 *   session_listen.c   listeners at the server
 *   driver.h, shuffle.c, cells.c   sessions without plans
 *   session_watch.c, pieces.c   what is told of how the schedule is kept; of streams and carriers
 *   compose.c      what leaves: the plaintext of records */
#ifndef TM_CORE_SESSION_INT_H
#define TM_CORE_SESSION_INT_H

#include "models/gen.h"
#include "tm/core/carrier.h"
#include "tm/core/embed.h"
#include "tm/core/flight.h"
#include "tm/core/idmap.h"
#include "tm/core/message.h"
#include "tm/core/opener.h"
#include "tm/core/pieces.h"
#include "tm/core/player.h"
#include "tm/core/session.h"
#include "tm/core/session_compose.h"
#include "tm/core/session_datagram_int.h"
#include "tm/core/session_early.h"
#include "tm/core/session_listen_int.h"
#include "tm/core/session_watch.h"
#include "tm/core/slotset.h"
#include "tm/core/stream.h"

/* Open carriers, and as many that have ended; the oldest of these are forgotten first. */
#define TM_CARRIERS_KEPT (2 * TM_CARRIERS_HELD)
/* Carriers arrive in any order, but none so long after one that was opened this much later. */
#define TM_CARRIERS_SEEN 4096U
/* A write is handed out so long before it is due, if it is known by then (never less than cfg.prep_us, the least gap
 * after an event of the other side): a front thread that is held up by so much delays nothing. */
#define TM_WRITE_LEAD_US (5 * TM_US_PER_MS)
#define TM_FLIGHT_ITEMS  16384U /* DATA frames of a session that wait for acknowledgement */

struct tm_lookout;
struct tm_driver;
struct tm_shuffler;
struct tm_cells;

struct tm_session {
    struct tm_session_cfg cfg;
    const struct tm_driver *driver; /* NULL: plans */
    struct tm_shuffler *shuffler;   /* its state, owned by it */
    struct tm_cells *cells;         /* the same */
    uint8_t digest[TM_DIGEST_LEN];  /* of model or schedule; every token carries its first bytes */
    uint8_t part_digest[TM_MIX_PARTS_MAX][TM_TOKEN_PART_LEN]; /* client: of a mix; first bytes */
    struct tm_gen *gen;         /* of cfg.seed or the file; NULL: the file is not here */
    struct tm_gen *master_gen;  /* of the master's seed; NULL until known */
    struct tm_opener *openers;  /* client: cfg.n_users */
    uint32_t *heads_sent;       /* server as master of explicit plans: heads sent per user */
    struct tm_lookout *lookout; /* owned */
    struct tm_carrier *carriers[TM_CARRIERS_KEPT];
    uint32_t n_carriers;   /* used entries of the array, packed */
    uint32_t n_told;       /* of all of them */
    uint32_t n_early;      /* of them, about, whose plans are known by tokens alone */
    uint32_t next_carrier; /* client: number of the next one */
    uint64_t seen_base;    /* server: all carrier numbers below were used ... */
    uint64_t seen_bits[TM_CARRIERS_SEEN / 64]; /* ... and these of so many from there on */
    struct tm_flight flight;
    struct tm_stream control;
    struct tm_stream streams[TM_STREAMS_HELD];
    uint32_t n_slots;       /* of them: none behind was ever used */
    struct tm_slotset live; /* the slots in use */
    /* Of these, all that have something to send; one may have lost it since, by an acknowledgement. */
    struct tm_slotset ready;
    struct tm_slotset news;    /* ... with pending events */
    struct tm_slotset fresh;   /* ... that were given bytes since the last poll */
    struct tm_idmap by_id;     /* their slots */
    uint32_t n_refused;        /* of them */
    uint32_t n_peers;          /* of the live ones: opened by the peer */
    uint32_t turn[2];          /* slot of the heavy, of the light stream that composes next */
    uint32_t n_light_records;  /* in a row that light streams filled */
    uint64_t next_stream;      /* id of our next opening */
    uint64_t peer_stream;      /* highest id announced by the peer; 0: none */
    uint64_t unheard_stream;   /* highest id whose bytes came early and found no room; 0: none */
    uint64_t tx_pool, rx_pool; /* bytes left to lend to growing windows */
    struct tm_datagram_state datagrams;
    bool is_begun; /* polled before: the openers run */
    bool settings_seen;
    uint64_t peer_features; /* as its SETTINGS said */
    struct tm_listening listening;
    bool is_unknown;    /* server: the client means a session that is gone; it is told so */
    const char *failed; /* why the session is over; NULL while it is not */
    bool failed_told;   /* the FAILED event has been given */
    bool is_forgotten;  /* failed because the server said FAIL */
    bool played_told;   /* the PLAYED event has been given */
    int64_t now_us;
    bool is_asked;               /* a stream was opened since the last poll */
    bool has_demanded;           /* ... or ever */
    int64_t demand_us;           /* when one was open last; before any: the start */
    int64_t heard_us;            /* all that came before has been handed over */
    int64_t wanted_us, mercy_us; /* when the shell was to ask again; nobody counts as dead before */
    int64_t stood_from_us, stood_until_us; /* the last time that the shell stood still; 0: never */
    struct tm_schedlog *log;
    struct tm_session_stats stats;
    struct tm_tally *tally;     /* borrowed; NULL: none */
    struct tm_likeness *played; /* borrowed; NULL: nobody wants to know */
    int64_t answered_us;        /* see struct tm_session_control */
    int64_t unanswered_us;
    tm_piece_fn on_piece; /* NULL: nobody wants to know */
    void *piece_user;
};

/* session.c */
/* When the next opening, write or closing is due; TM_NEVER: none. */
int64_t tm_session_due_us(const struct tm_session *s);

/* session_carrier.c */
/* Who finds a carrier may change it: what is due on it is worked out anew. */
struct tm_carrier *tm_session_find(struct tm_session *s, uint32_t k);
/* Carriers that have not ended. */
uint32_t tm_session_n_open(const struct tm_session *s);
/* Adds a carrier that plays *take_plan.  TM_ERR_LIMIT, TM_ERR_NOMEM; the plan is freed on error. */
TM_MUST_CHECK int tm_session_add(struct tm_session *s, struct tm_carrier **out, uint32_t k,
                                 struct tm_known_plan *take_plan, int64_t start_us);
/* Marks a carrier for KILL; what it had in flight is lost at once, its user's clock runs on from t_us. */
void tm_session_kill(struct tm_session *s, struct tm_carrier *c, const char *why, int64_t t_us);
/* The session is over: nothing is composed any more, all carriers are killed. */
void tm_session_fail(struct tm_session *s, const char *why);
/* Everything in flight on c goes (as copies) to its streams' lists of lost ranges; once. */
void tm_session_lose(struct tm_session *s, struct tm_carrier *c);
void tm_session_forget(struct tm_session *s, struct tm_carrier *c);
void tm_session_carrier_free(struct tm_session *s, struct tm_carrier *c);
/* To be called when its plan may have come to its end: the user's next connection may wait for that. */
void tm_session_note_over(struct tm_session *s, struct tm_carrier *c);
/* Nothing happens on it any more; it stays only while the peer's report can spare us something. */
void tm_session_ended(struct tm_session *s, struct tm_carrier *c);

/* lookout.c */
/* Something has happened to the carrier: what is due on it is to be worked out anew. */
void tm_session_touch(struct tm_session *s, struct tm_carrier *c);

/* session_plan.c */
/* How the plans of this session are embedded. */
const struct tm_embed_rule *tm_session_embed_rule(const struct tm_session *s);
/* Hands out an opener's next connection, whose preparation time has come; false: the session failed. */
bool tm_session_hand_opening(struct tm_session *s, struct tm_opener *o, int64_t now_us,
                             struct tm_act *act);
/* The projected plan of a carrier that this end can compute.  TM_ERR_NOMEM, LIMIT, PROTO (no such plan). */
TM_MUST_CHECK int tm_session_plan(struct tm_session *s, enum tm_plan_src src, uint32_t user,
                                  uint64_t index, struct tm_known_plan *out);
/* Server as master of explicit plans: sends heads until TM_OPENER_HEADS - 1 wait at the client per user, fewer where users are many. */
void tm_session_ship_heads(struct tm_session *s, uint32_t user, uint64_t opened_index);

/* session_demand.c */
/* A stream was opened, or has ended. */
void tm_session_demanded(struct tm_session *s);
/* Holds the users that would begin a session without demand, and wakes all when there is some. */
void tm_session_mind_demand(struct tm_session *s);

/* session_watch.c */
/* What streams were given since the last poll waits since now. */
void tm_session_note_fresh(struct tm_session *s, int64_t now_us);
/* The plan of the carrier's next own write, which had been waited for, came. */
void tm_session_note_asked(struct tm_carrier *c, int64_t now_us);
/* Writes of the other end, from index `from` on, were completed. */
void tm_session_note_peer(struct tm_session *s, const struct tm_carrier *c, size_t from);
/* The carrier is over: what was handed out and did not leave is lost; answered: the other end had proved itself. */
void tm_session_note_gone(struct tm_session *s, const struct tm_carrier *c, bool answered,
                          int64_t t_us);

/* pieces.c */
/* Tells of a piece of st if somebody wants to know; control (stream 0) is nobody's. */
void tm_session_note_piece(struct tm_session *s, struct tm_stream *st, const struct tm_piece *p);

/* session_app.c */
struct tm_stream *tm_session_stream(struct tm_session *s, uint64_t id);
/* Finds, or makes for data that came before its OPEN; NULL: finished long ago, or no room. */
struct tm_stream *tm_session_stream_for_data(struct tm_session *s, uint64_t id);
void tm_session_mark(struct tm_session *s, struct tm_stream *st, unsigned flags);
/* Something has happened by which the stream, or control, has something to send, or nothing any more. */
void tm_session_note_ready(struct tm_session *s, struct tm_stream *st);
/* Queues a control message; when the peer leaves more than TM_CONTROL_WINDOW of it unacknowledged the session
 * fails. */
void tm_session_say(struct tm_session *s, const struct tm_message *m);
/* Frees a stream whose directions are both over, with its ENDED event. */
void tm_session_reap(struct tm_session *s, struct tm_stream *st);
/* A message about a stream (OPEN, ACCEPT, REPLY, RESET, CREDIT). */
TM_MUST_CHECK int tm_session_heard_stream(struct tm_session *s, const struct tm_message *m);

static inline bool tm_session_is_master(const struct tm_session *s)
{
    return s->cfg.side == s->cfg.master;
}

#endif
