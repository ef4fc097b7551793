/* learner/group.h - the connections of one user -> RREs and sessions.
 *
 * An RRE is a request-response exchange such as a web page, over one or several connections.
 *
 *   session |--------------------------------------------|   INTER_SESSION   |---
 *   RRE     |-------------|    INTER_RRE   |-------------|
 *   conn    |-----|                        |------|
 *              |----------|                  |-----------|
 *           INTER_CONN (start to start)
 *
 * A connection belongs to the current RRE when it starts less than `rre_gap_us` after the RRE's
 * end (the latest end of its connections) and less than `inter_conn_us` after the previous start;
 * else to the current session, as a new RRE, when it starts less than `session_gap_us` after that
 * end; else it opens a session. Source: Swing (ToN 2009) sec. III.B for session and RRE; the
 * two-sided RRE rule and the caps are those of the code released with it
 * (getparamsfromconnanalysis); the paper has the rule of starts alone.
 *
 * What is a connection's end is the caller's choice (fit.h): with FINs, browsers' connections, held
 * open for minutes after the last byte, make one RRE of a whole sitting. */
#ifndef TM_LEARNER_GROUP_H
#define TM_LEARNER_GROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "learner/samples.h"
#include "tm/base/err.h"

struct tm_group_cfg {
    int64_t rre_gap_us;        /* Swing's code: 2 s; 0: no limit (Swing's paper) */
    int64_t inter_conn_us;     /* Swing: 30 s */
    int64_t session_gap_us;    /* Swing: 300 s */
    int64_t session_length_us; /* no RRE joins later than this; 0: no limit (Swing's code: 300 s) */
    int64_t away_us;           /* a longer silence between sessions is no habit, but a capture put
                                  together from pieces: no sample */
    uint32_t max_conns;        /* in an RRE; Swing: 100 */
    uint32_t max_rres;         /* in a session; Swing: 100 */
};
struct tm_group_cfg tm_group_cfg_default(void);

/* When a connection was there. */
struct tm_span {
    int64_t start_us;
    int64_t end_us; /* >= start_us */
};

struct tm_group_counts {
    uint64_t n_sessions;
    uint64_t n_rres;
    uint64_t n_away; /* silences longer than away_us */
};

/* One user's session and RRE in progress; all zero before the first connection. */
struct tm_group {
    int64_t start_us;    /* of the session */
    int64_t rre_end_us;  /* latest end among the RRE's connections */
    int64_t end_us;      /* latest end in the session */
    int64_t last_us;     /* start of the last connection */
    uint64_t n_sessions; /* the one in progress included; 0: no connection yet */
    uint32_t n_conns;    /* in the RRE */
    uint32_t n_rres;
};

/* What one connection showed and the caller has to keep. */
struct tm_group_found {
    bool has_inter_rre; /* a pause before it, the user's round trip still in it */
    bool has_session;   /* it opened a session at its start */
    uint64_t inter_rre_us;
};

/* The user's next connection, in order of start, then end.  Adds the samples NUM_RRE, NUM_CONN,
 * INTER_CONN and INTER_SESSION; adds to *counts.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_group_feed(const struct tm_group_cfg *cfg, struct tm_group *g,
                                const struct tm_span *c, struct tm_samples *samples,
                                struct tm_group_counts *counts, struct tm_group_found *found);
/* The user's last connection was fed: ends the session, and adds the sample CLIENT_SESSIONS.
 * TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_group_end(const struct tm_group *g, struct tm_samples *samples,
                               struct tm_group_counts *counts);

#endif
