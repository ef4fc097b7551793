/* tm/core/carrier.h - internal to the engine: one carrier of a session. */
#ifndef TM_CORE_CARRIER_H
#define TM_CORE_CARRIER_H

#include "tm/core/flight.h"
#include "tm/core/player.h"
#include "tm/core/token.h"
#include "tm/core/trail.h"

#define TM_CARRIER_ASKED 4U /* writes under way whose plan was waited for, that are remembered */

/*  client:  OPENING --tm_session_opened--> LIVE --CLOSE--> CLOSING --_gone--> ENDED --peer's report--> (free)
 *  server:                  accept ------> LIVE ------------------ _gone--> ENDED
 *  any:     dead, error --> KILLED --KILL handed out--> ENDED;     _gone unplanned --> ENDED */
enum tm_carrier_state {
    TM_CARRIER_OPENING,
    TM_CARRIER_LIVE,
    TM_CARRIER_CLOSING,
    TM_CARRIER_ENDED, /* over; what was sent on it waits for the peer's report of how far it came */
    TM_CARRIER_KILLED
};

struct tm_cell_carrier;
struct tm_relay;

struct tm_carrier {
    uint32_t k;
    enum tm_carrier_state state;
    enum tm_plan_src src;
    uint32_t user;
    uint64_t index;
    bool is_over;      /* its user's opener knows that nothing is left to be sent or received */
    int64_t opened_us; /* planned time of opening (client) or acceptance (server) */
    int64_t handed_us; /* client: when the opening was handed out */
    struct tm_player player;
    struct tm_relay
        *relay; /* driven: what the driver knows of it, owned by it; NULL: it plays a plan */
    struct tm_cell_carrier *cells; /* the same, of the driver of cells */
    /* sending */
    struct tm_item_list sent;
    uint32_t n_handed; /* own writes handed out */
    struct tm_trail tx_trail;
    uint64_t tx_records;    /* composed so far */
    uint64_t acked_records; /* of these, known to have been received */
    bool writing;           /* a WRITE was handed out and is not fully composed */
    uint32_t write_i;       /* its index */
    uint32_t write_left;    /* bytes of it not yet composed */
    bool is_early;       /* server: its plan is what the token said of it, and not computed yet */
    bool shipping;       /* explicit plan, and this end is its master */
    size_t shipped;      /* entries known to the slave or under way to it on this carrier */
    int64_t sent_due_us; /* due time of the last departed write */
    uint64_t sent_bytes; /* end offset of it, by the plan */
    unsigned n_asked;    /* writes whose plan had to be waited for; the last ones of them: */
    struct {
        uint32_t i;
        int64_t t_us; /* when it came */
    } asked[TM_CARRIER_ASKED];
    /* receiving */
    uint32_t n_told; /* entries of its plan that came in PLAN frames */
    struct tm_trail rx_trail;
    uint64_t rx_records;
    bool ack_due;
    bool peer_reported; /* the peer's CARRIER_END has come */
    bool
        was_lost; /* what was in flight when it died is being sent again; the report may still spare it */
    const char *why; /* KILLED */
    /* lookout.c: */
    uint32_t at; /* its place in the session's list */
    struct tm_carrier *next_in_bucket;
    bool is_counted; /* as one that has not ended */
    bool is_current; /* what is due on it has been worked out since it changed: */
    bool due_is_close;
    struct tm_player_due due;
};

#endif
