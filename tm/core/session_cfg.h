/* tm/core/session_cfg.h - what a session is made of: who is master, what decides its schedule, and the limits.
 *
 * Or no schedule decides, but a driver (tm/core/driver.h): then there is no model, and what is on the wire depends on what is carried.
 *
 * The client's comes from its options; the server's from the first token of the session that arrives, which carries all
 * of it that both ends must agree on.
 *
 * What decides is a model, which both ends hold (all parts of it, when it is a mix), or a schedule file (doc/SCHEDULE.md), with the client as master.  Every token has the
 * digest of it, and a carrier whose token has another one is refused.  A file that the client alone holds is played
 * with its plans embedded: the server then takes explicit plans and no others.  A file that both hold is played without
 * (plan_mode seeded): both ends look up user and index in it. */
#ifndef TM_CORE_SESSION_CFG_H
#define TM_CORE_SESSION_CFG_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "models/playback.h"
#include "tm/base/time.h"
#include "tm/core/shape.h"
#include "tm/core/token.h"

#define TM_PREP_US  2000U /* default of prep_us */
#define TM_GRACE_US (10 * TM_US_PER_S)

#define TM_CARRIERS_MAX                                                                            \
    1000U /* live carriers of a session; the plan's next opening waits while full */
/* The client opens no more than that; a server holds more, for it may notice later that a carrier was lost. */
#define TM_CARRIERS_HELD (TM_CARRIERS_MAX + 256U)
/* Entries of explicit plans that a session takes from the other end, of all carriers that it has: what would be more ends it.  (A plan
 * that this end computes is as long as the model says.) */
#define TM_TOLD_MAX    (1U << 22)
#define TM_STREAMS_MAX 1024U /* live streams of a session at the client, which opens them all */
/* A server holds more, for it may learn later than the client that one has ended, or deliver the last of it later. */
#define TM_STREAMS_HELD (2 * TM_STREAMS_MAX)

/* What decides: plans, or a driver. */
enum tm_drive {
    TM_DRIVE_PLANS,
    TM_DRIVE_SHUFFLE, /* MUFFLER (models/shuffle.h): n_users carriers, 0: as many as its formula says */
    TM_DRIVE_MAYBENOT /* machines (tm/core/cells.h); n_users is 0 */
};

struct tm_cells_cfg; /* tm/core/cells.h */

struct tm_session_cfg {
    enum tm_drive drive; /* other than PLANS: no model, no schedule, the client is master */
    const struct tm_cells_cfg *cells; /* MAYBENOT, client; borrowed until tm_session_new returns */
    enum tm_side side;                /* which end this is */
    enum tm_side master;
    enum tm_plan_mode plan_mode;
    const struct tm_model *model; /* borrowed; both ends must hold the same (digest); NULL: a
                                     schedule file decides */
    bool is_schedule;
    const struct tm_schedfile *schedule; /* borrowed; server: NULL when the client alone holds it */
    enum tm_playback_end at_end;         /* client: play the file once or again and again */
    uint8_t digest[TM_TOKEN_DIGEST_LEN]; /* server without the file: the token's; else unused */
    struct tm_shape shape;               /* the client's handshake sizes */
    uint8_t seed[TM_TOKEN_SEED_LEN];     /* of the session's plan */
    uint8_t
        master_seed[TM_TOKEN_SEED_LEN]; /* server as master: the seed it will send; else unused */
    uint8_t session_id[TM_SESSION_ID_LEN];
    uint32_t n_users; /* 1..TM_GEN_USERS_MAX; of a mix, as many as it has */
    uint32_t pace_ms; /* cap of gaps between RREs and sessions; 0: none */
    uint32_t prep_us; /* least gap after a received write, for composing; 1..65535 */
    /* Client, with a model: cover for as long as there is demand, which is an open stream.  Whether there is any decides only whether a
     * user begins another session of the model; what has begun is played to its end, and user data waits for it as ever. */
    bool on_demand; /* no session begins before the first stream is opened */
    int64_t
        idle_stop_us; /* none begins when no stream was open for so long; 0: they go on for ever */
    int64_t grace_us; /* a peer's write later than its plan by this much: the carrier is dead;
                                     0: TM_GRACE_US */
    struct tm_batches *batches;         /* joint models: as of struct tm_gen_cfg */
    const struct tm_batch_maker *maker; /* the same */
};

/* A server's configuration from the first token that arrives of a session; model or schedule, master_seed and
 * grace_us are the caller's to set. */
void tm_session_cfg_from_token(struct tm_session_cfg *cfg, const struct tm_token *t);

#endif
