/* tm/sim/card.h - a model's card: what it carries, costs and takes, found by playing it in virtual time.
 *
 * A card is the sum over sessions of a tunnel, each with two parts of the same length:
 *   objects   one small or large object after the other is fetched, with pauses (or the transfers of a workload are
 *             made): times, bytes on the wire, rhythm of the buffers;
 *   backlog   several streams always have more to send, both ways: capacity, useful share.
 * The first minute of each (a quarter, if that is less) is not counted: the modelled users are not all at work yet, the
 * windows not yet grown.
 * The path has no loss; connections begin with ten segments and double (tm/sim/cwnd.h), in the tunnel as does the direct connection it
 * is compared with: the difference is the model's. */
#ifndef TM_SIM_CARD_H
#define TM_SIM_CARD_H

#include <stdbool.h>
#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "tm/base/hist.h"
#include "tm/core/session.h"
#include "tm/sim/load.h"
#include "tm/sim/rhythm.h"
#include "tm/sim/workload.h"

#define TM_CARD_SMALL_BYTES   UINT64_C(10000) /* of the objects */
#define TM_CARD_LARGE_BYTES   UINT64_C(1000000)
#define TM_CARD_REQUEST_BYTES UINT64_C(400) /* that fetch them */
#define TM_CARD_PAUSE_US                                                                           \
    INT64_C(1000000)      /* between them, on average; uniform from 0 to twice as much */
#define TM_CARD_FLOODS 4U /* streams of a backlog */
/* A buffer counts as one when it has so much room, plaintext of its records: an acknowledgement and some user data. */
#define TM_CARD_ROOM_BYTES 32U

#define TM_CARD_FOR_MAX_US (INT64_C(31) * 86400 * 1000000)

struct tm_card_cfg {
    const struct tm_model *model; /* borrowed */
    enum tm_side master;
    uint32_t n_users;
    uint32_t pace_ms;
    int64_t rtt_us;    /* there and back, 0.. */
    uint64_t line_bps; /* of each direction, all carriers together; >= 1 */
    enum tm_load_reply reply;
    int64_t for_us; /* virtual time of each part of a session, 1..TM_CARD_FOR_MAX_US */
    uint64_t seed;  /* session i has seed + i */
    const struct tm_workload *workload; /* borrowed; NULL: objects */
};

enum tm_card_class { TM_CARD_SMALL, TM_CARD_LARGE, TM_CARD_WORKLOAD, TM_CARD_CLASSES };

/* Transfers of a class: how long after they were wanted the client had the first byte, and both ends had all. */
struct tm_card_times {
    struct tm_hist first_us, whole_us;
    struct tm_hist added_first_us, added_whole_us; /* beyond a direct connection's; >= 0 */
    uint64_t n_unfinished;                         /* when time was over, or never begun */
    uint64_t up_bytes, down_bytes;                 /* of the finished ones */
};

struct tm_card { /* empty: {0} */
    uint32_t n_sessions;
    int64_t virtual_us;         /* played, both parts */
    uint64_t n_events;          /* of the virtual clock: the work */
    int64_t counted_us;         /* of the first part */
    struct tm_rhythm rhythm[2]; /* by direction: buffers with room */
    uint64_t wire_bytes[2];     /* of TCP payload, by direction */
    uint64_t header_bytes[2];   /* of TCP, IP and pure acknowledgements for it, about */
    uint64_t n_carriers;        /* opened meanwhile */
    struct tm_card_times times[TM_CARD_CLASSES];
    /* backlog */
    int64_t backlog_us;          /* counted */
    uint64_t delivered_bytes[2]; /* to the application at the other end */
    uint64_t backlog_wire_bytes[2];
    uint64_t payload_bytes[2]; /* of these: user data sent for the first time */
    uint64_t free_bytes[2];    /* plaintext that is neither plan nor acknowledgement */
    struct tm_distortion distortion;
};

/* Plays one more session and adds it.  TM_ERR_RANGE: a configuration outside the limits, or a model that cannot be played;
 * TM_ERR_NOMEM; TM_ERR_CLOSED, TM_ERR_PROTO: the tunnel broke down, which is a bug. */
TM_MUST_CHECK int tm_card_play(struct tm_card *card, const struct tm_card_cfg *cfg);

/* What a direct connection takes for a transfer on that path: a round trip to connect, one for request and answer, and for
 * the bytes each way the line's time or slow start's.  Whole: to the last byte, else to the first. */
int64_t tm_card_direct_us(const struct tm_card_cfg *cfg, uint64_t up_bytes, uint64_t down_bytes,
                          bool whole);

/* ---- What stands on it ---- */

#define TM_CARD_MONTH_US (INT64_C(30) * 86400 * 1000000)

/* Sustained under backlog, bits of user data a second. */
uint64_t tm_card_capacity_bps(const struct tm_card *card, enum tm_dir dir);
/* Both directions in 30 days; with headers as a provider counts. */
uint64_t tm_card_month_bytes(const struct tm_card *card, bool with_headers);
/* User data by bytes on the wire under backlog, both directions; and by plaintext that is not plan or acknowledgement. */
unsigned tm_card_useful_permille(const struct tm_card *card);
unsigned tm_card_filled_permille(const struct tm_card *card);
/* How far a pace bends a model: which of its pauses between RREs (TM_SWING_INTER_RRE) or between sessions (TM_SWING_INTER_SESSION)
 * are longer, and so are cut.  0 without a pace, and for models that have none; of a mix, those of the part that is bent most. */
unsigned tm_card_cut_permille(const struct tm_card_cfg *cfg, enum tm_swing_param param);
/* A buffer that leaves in each direction within 250 ms of 95 % of all moments. */
#define TM_CARD_PROMISE_US UINT64_C(250000)
bool tm_card_is_lively(const struct tm_card *card);

#endif
