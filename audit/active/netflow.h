/* audit/active/netflow.h - the flow of a server that shapes what it sends, found again among the flows of many clients.
 *
 * Chakravarty, Barbera, Portokalidis, Polychronakis, Keromytis: On the Effectiveness of Traffic Analysis Against Anonymity Networks Using
 * Flow Records (PAM 2014).  A colluding server sends with a pattern; flow records are made near it (exit) and near the entry; the records of
 * each client are aligned with those of the server's flow (align.h), and the correlation of their throughputs ranks the clients.
 * A client is an address: the records of all of its connections are added up.  Three correlations:
 *   Pearson, as in the paper;
 *   Spearman, which does not mind a rate that saturates;
 *   Pearson over every step that records of both cover, at the best of several lags, for what carries data later than it came.
 * Pure. */
#ifndef TM_AUDIT_ACTIVE_NETFLOW_H
#define TM_AUDIT_ACTIVE_NETFLOW_H

#include <stdint.h>

#include "audit/active/flows.h"
#include "audit/active/ranking.h"
#include "learner/packet.h" /* TM_ADDR_LEN */

#define TM_NETFLOW_TRIALS_MAX 10000U
#define TM_NETFLOW_POINTS_MIN 5U /* of a comparison; fewer say nothing */

struct tm_netflow_trial {
    int64_t from_us, until_us; /* from_us < until_us */
    struct tm_endpoint exit;   /* the far end of the server's connection, as its records have it */
    uint8_t client[TM_ADDR_LEN];
    uint32_t line; /* where it stands in its file */
};

struct tm_netflow_trials {      /* empty: {0} */
    struct tm_netflow_trial *v; /* owned; in the order of the file */
    size_t n, cap;
};

/* Which client it was, trial by trial:
 *
 *   from_us,until_us,exit,client
 *   1763710000000000,1763710300000000,192.0.2.1:40112,10.0.0.17
 *
 * Empty lines and those that begin with # say nothing; the first other line is the head above.  `name` is for messages.  After an error
 * only deinit may follow.  TM_ERR_FORMAT, also for a file without a trial; TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_netflow_trials_parse(struct tm_netflow_trials *t, const char *text, size_t len,
                                          const char *name, struct tm_msg *msg);
void tm_netflow_trials_deinit(struct tm_netflow_trials *t);

enum tm_netflow_attack {
    TM_NETFLOW_PEARSON,
    TM_NETFLOW_SPEARMAN,
    TM_NETFLOW_LAGGED,
    TM_NETFLOW_ATTACKS
};
extern const char *const tm_netflow_attack_key[TM_NETFLOW_ATTACKS];

struct tm_netflow_cfg {
    int64_t step_us;           /* 1 s in the paper */
    uint32_t lags;             /* steps that the third attack tries, 0 to this */
    uint8_t node[TM_ADDR_LEN]; /* the entry: clients are whom its records go to */
};

struct tm_netflow_scene { /* borrowed */
    const struct tm_flows *entry, *exit;
    const struct tm_netflow_trials *trials;
    const char *name; /* of the entry's records, for messages */
};

struct tm_netflow_counts {
    uint32_t n_clients;   /* of the scene */
    uint32_t n_no_flow;   /* trials whose server has no record meanwhile: left out */
    uint32_t n_no_client; /* whose client has none: the lowest score */
    uint32_t n_thin;      /* whose client has too few points: the lowest score */
};

/* Scores of the scene's trials are added to score[]; *counts is set.  TM_ERR_FORMAT with a message: no record goes from the node to
 * anybody or to one client alone, none of the trials' clients is there, or no trial's server: the capture is of another side or time. */
TM_MUST_CHECK int tm_netflow_add(struct tm_trial_scores score[TM_NETFLOW_ATTACKS],
                                 const struct tm_netflow_cfg *cfg, const struct tm_netflow_scene *s,
                                 struct tm_netflow_counts *counts, struct tm_msg *msg);

#endif
