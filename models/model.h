/* models/model.h - the learned specification: immutable after load, shared by all generators.
 *
 * The kinds:
 *   swing     one empirical CDF per parameter of Swing's structural model (Swing ToN 2009 Table I;
 *             the network rows are not played, as in TrafficMimic), drawn independently;
 *   constant  TrafficMimic's baseline: fixed size, fixed interval, fixed exchanges per connection;
 *   joint     Swing's levels outside connections, and a deck of connections kept whole (models/joint.h);
 *   mix       several of these in one tunnel, each with its users (models/mix.h); in no database.
 * The digest covers the statistics alone, so two databases learned from the same traffic agree whatever
 * their provenance says, and both ends of a tunnel can check that they hold the same model. */
#ifndef TM_MODELS_MODEL_H
#define TM_MODELS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/deck.h"
#include "models/dist.h"
#include "models/measured.h"
#include "models/recombine.h"
#include "tm/base/err.h"

/* A name is letters, digits, '-', '_' and '.'; the first is a letter or digit.  A mix's is its text. */
#define TM_MODEL_NAME_MAX  63
#define TM_MODEL_LABEL_MAX 255 /* of a name or a mix's text */
#define TM_MIX_PARTS_MAX   8U
#define TM_DIGEST_LEN      32

#define TM_MODEL_PAIRS_MAX   30000U   /* exchanges on a connection */
#define TM_MODEL_COUNT_MAX   1000000U /* RREs in a session, connections in an RRE */
#define TM_MODEL_TIME_MAX_US UINT64_C(1000000000000000) /* 31 years: sums of a few fit int64_t */

enum tm_model_kind {
    TM_MODEL_SWING = 1,
    TM_MODEL_CONSTANT = 2,
    TM_MODEL_JOINT = 3,
    TM_MODEL_MIX = 4
};

/* Swing's parameters (names as in Swing's Table I; `_us` and `_bytes` are ours).
 * Times are microseconds, sizes bytes of TCP payload. */
enum tm_swing_param {
    TM_SWING_NUM_RRE, /* RREs in a session, >= 1 */
    TM_SWING_INTER_RRE, /* us, end of an RRE's last connection to the next RRE's first SYN, RTT removed */
    TM_SWING_NUM_CONN,   /* connections in an RRE, >= 1 */
    TM_SWING_INTER_CONN, /* us, SYN to SYN inside an RRE */
    TM_SWING_NUM_PAIRS,  /* request/response exchanges on a connection, >= 1 */
    TM_SWING_REQ,        /* bytes of a request, >= 1 */
    TM_SWING_RSP, /* bytes of a response, >= 1 (a last request without response gives no sample) */
    TM_SWING_REQ_THINK, /* us, response end to next request, client RTT removed; from the 2nd pair on */
    TM_SWING_SERVER_THINK, /* us, request end to response start, server RTT removed (our extension: the
                              slave must delay its response itself) */
    TM_SWING_CLOSE_THINK,   /* us, last data byte to the first FIN or RST (our extension) */
    TM_SWING_INTER_SESSION, /* us, end of a client's session to the start of its next */
    TM_SWING_PARAMS         /* count */
};

/* How far a rule of the learner let a parameter reach: a value beyond was counted as something else (a pause
 * too long for an RRE as a pause between RREs), so the distribution is cut there.  0: not on this side. */
struct tm_bound {
    uint64_t least;
    uint64_t most;
};

struct tm_swing {
    struct tm_dist param[TM_SWING_PARAMS];
    struct tm_dist measured[TM_MEASURED_PARAMS]; /* not played */
    struct tm_bound bound[TM_SWING_PARAMS];
    bool
        is_over; /* INTER_RRE and INTER_SESSION run from the last byte before them, not from the closing */
};

/* A swing model as named lists of points, the form of databases and digests: the parameters, what was
 * measured, then the bounds, "NAME.least" and "NAME.most", each one point {bound, 1}, then "is_over", one point {1, 1}.  Names
 * are static. */
#define TM_SWING_LISTS (3 * TM_SWING_PARAMS + TM_MEASURED_PARAMS + 1)
const char *tm_swing_list_name(int list); /* 0..TM_SWING_LISTS-1 */
/* The list's points, *n of them, 0 when it is empty; borrowed from the model, or *one for a bound. */
const struct tm_dist_point *tm_swing_list(const struct tm_swing *s, int list,
                                          struct tm_dist_point *one, size_t *n);
/* Sets an empty list.  TM_ERR_RANGE when it is not empty, or the points are none of its kind; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_swing_list_set(struct tm_swing *s, int list, const struct tm_dist_point *pt,
                                    size_t n);

struct tm_constant {
    uint32_t size_bytes;  /* of every request and response */
    uint32_t interval_us; /* request to request (TrafficMimic: the slave answers at once) */
    uint32_t n_exchanges; /* per connection */
};

/* Rules of playing in models/joint.h. */
struct tm_joint {
    struct tm_swing swing; /* its levels outside connections are played; the rest may be empty */
    struct tm_deck deck;   /* owned */
    struct tm_recombine_cfg recombine; /* of every batch */
    uint32_t batch_max; /* connections that are recombined at a time; 0: the whole deck */
    uint32_t mss_bytes; /* full segments in the captures, which ended no write; 0: not known */
};

/* Rules in models/mix.h. */
struct tm_mix {
    size_t n_parts; /* 2..TM_MIX_PARTS_MAX */
    struct {
        const struct tm_model *model; /* borrowed; none is a mix */
        uint32_t n_users;             /* >= 1 */
    } part[TM_MIX_PARTS_MAX];
};

struct tm_model {
    enum tm_model_kind kind;
    char name[TM_MODEL_LABEL_MAX + 1];
    union {
        struct tm_swing swing;
        struct tm_constant constant;
        struct tm_joint joint;
        struct tm_mix mix;
    } u;
};

/* The parameter's name in databases, JSON and tables ("req_bytes"), its unit ("us", "bytes", "count")
 * and a line of explanation; static storage. */
const char *tm_swing_param_name(enum tm_swing_param p);
const char *tm_swing_param_unit(enum tm_swing_param p);
const char *tm_swing_param_help(enum tm_swing_param p);
const char *tm_model_kind_name(enum tm_model_kind k); /* "swing", "constant", "joint", "mix" */

/* TrafficMimic's constant-rate baseline: 1448 bytes every 500 ms, 10 exchanges, name "constant". */
void tm_model_constant_default(struct tm_model *m);

/* Frees what the model owns and leaves it all zero; deinit of an all-zero model does nothing. */
void tm_model_deinit(struct tm_model *m);

/* Whether a generator can play it: the name is allowed; swing needs non-empty NUM_PAIRS, REQ and RSP
 * (the other parameters have stated defaults when empty: counts 1, times 0, INTER_RRE 2 s,
 * INTER_SESSION 300 s), counts and sizes >= 1, sizes <= TM_WRITE_SIZE_MAX, pairs <= TM_MODEL_PAIRS_MAX,
 * other counts <= TM_MODEL_COUNT_MAX, times <= TM_MODEL_TIME_MAX_US (thinks inside a connection above
 * TM_WRITE_GAP_MAX are allowed and played as TM_WRITE_GAP_MAX);
 * measured values are at most TM_MEASURED_MAX;
 * constant needs 1 <= n_exchanges <= TM_MODEL_PAIRS_MAX, 1 <= size <= TM_WRITE_SIZE_MAX and an interval
 * <= TM_WRITE_GAP_MAX; joint needs no parameter, and what tm_joint_check says; a mix, what tm_mix_check says.
 * Else TM_ERR_RANGE with msg saying which. */
TM_MUST_CHECK int tm_model_check(const struct tm_model *m, struct tm_msg *msg);

bool tm_model_name_ok(const char *name);

/* SHA-256 over the canonical form of kind and statistics (layout in model.c); the name and provenance are
 * not part of it. */
void tm_model_digest(const struct tm_model *m, uint8_t out[TM_DIGEST_LEN]);

#endif
