/* audit/conform_impl.h - shared by the files of conform alone: the judge and the carrier under judgement. */
#ifndef TM_AUDIT_CONFORM_IMPL_H
#define TM_AUDIT_CONFORM_IMPL_H

#include "audit/conform.h"

/* A carrier under judgement. */
struct tm_subject {
    uint32_t number;
    const struct tm_sched_carrier *c;
    const struct tm_wire_conn *conn; /* NULL: none was found */
    uint32_t n_judged;               /* writes before this index, both directions */
    uint64_t total[2];               /* payload bytes of the judged writes */
    bool is_whole;                   /* ended as planned, log and capture complete */
    uint32_t flight, fin;            /* indices of the handshake's writes */
};

struct tm_judge {
    struct tm_conform *r;
    const struct tm_schedule *s;
    const struct tm_wire_view *v;
    const struct tm_conform_cfg *cfg;
    uint32_t *conn_of; /* carrier -> connection, TM_WIRE_NONE */
    bool *is_claimed;  /* connection -> some carrier has it */
    int64_t *earliest; /* scratch, by write of one carrier: its earliest end, capture's clock ... */
    int64_t *seen;     /* ... and when its last byte was seen; INT64_MIN: unknown */
    uint32_t cap_scratch;
};

static inline const char *tm_judge_dir_text(unsigned dir)
{
    return dir == TM_UP ? "up" : "down";
}

/* A time of one side's log on the capture's clock. */
static inline int64_t tm_judge_wall(const struct tm_judge *j, enum tm_side side, int64_t t_us)
{
    return t_us + j->s->session[side].wall_minus_mono_us + j->cfg->clock_us[side];
}

static inline enum tm_side tm_judge_sender(unsigned dir)
{
    return dir == TM_UP ? TM_CLIENT : TM_SERVER;
}

/* When the carrier was established, capture's clock. */
static inline int64_t tm_judge_up_wall(const struct tm_judge *j, const struct tm_sched_carrier *c)
{
    return c->has_up[TM_CLIENT] ? tm_judge_wall(j, TM_CLIENT, c->up_us[TM_CLIENT])
                                : tm_judge_wall(j, TM_SERVER, c->up_us[TM_SERVER]);
}

/* Records a difference; carrier and write -1: none.  The text continues "carrier 3 write 7: ". */
void tm_judge_differ(struct tm_judge *j, enum tm_conform_kind kind, int64_t carrier, int64_t write,
                     int64_t expected, int64_t seen, const char *fmt, ...)
    __attribute__((format(printf, 7, 8)));

/* conform_join.c: gives every carrier its connection, and measures r->path_us.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_judge_join(struct tm_judge *j);
/* Connections that no carrier has.  TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_judge_strangers(struct tm_judge *j);

/* conform_close.c: SYN, FIN and RST against the plan; whether the client was to reset; and the earlier end of the
 * logs, on the capture's clock. */
bool tm_judge_is_reset(const struct tm_subject *x);
int64_t tm_judge_log_end(const struct tm_judge *j);
void tm_judge_open_close(struct tm_judge *j, const struct tm_subject *x);

#endif
