#include "learner/group.h"

#include "tm/base/time.h"

struct tm_group_cfg tm_group_cfg_default(void)
{
    return (struct tm_group_cfg){
        .rre_gap_us = 2 * TM_US_PER_S,
        .inter_conn_us = 30 * TM_US_PER_S,
        .session_gap_us = 300 * TM_US_PER_S,
        .session_length_us = 0,
        .away_us = 86400 * TM_US_PER_S,
        .max_conns = 100,
        .max_rres = 100,
    };
}

/* The session and the RRE in progress. */
struct open_session {
    int64_t start_us;
    int64_t rre_end_us; /* latest end among the RRE's connections */
    int64_t end_us;     /* latest end in the session */
    int64_t last_us;    /* start of the last connection */
    uint32_t n_conns;   /* in the RRE */
    uint32_t n_rres;
};

static struct open_session open_at(const struct tm_span *c)
{
    return (struct open_session){
        .start_us = c->start_us,
        .rre_end_us = c->end_us,
        .end_us = c->end_us,
        .last_us = c->start_us,
        .n_conns = 1,
        .n_rres = 1,
    };
}

static uint64_t gap_us(int64_t later_us, int64_t earlier_us)
{
    return later_us > earlier_us ? (uint64_t)(later_us - earlier_us) : 0;
}

static bool same_rre(const struct tm_group_cfg *cfg, const struct open_session *s, int64_t start_us)
{
    return (cfg->rre_gap_us == 0 || start_us - s->rre_end_us < cfg->rre_gap_us) &&
           start_us - s->last_us < cfg->inter_conn_us && s->n_conns < cfg->max_conns;
}

static bool same_session(const struct tm_group_cfg *cfg, const struct open_session *s,
                         int64_t start_us)
{
    return start_us - s->rre_end_us < cfg->session_gap_us && s->n_rres < cfg->max_rres &&
           (cfg->session_length_us == 0 || start_us - s->start_us < cfg->session_length_us);
}

static int end_rre(const struct open_session *s, struct tm_samples *samples,
                   struct tm_group_counts *counts)
{
    counts->n_rres++;
    return tm_samples_add(samples, TM_SWING_NUM_CONN, s->n_conns);
}

static int add_session_start(const struct tm_group_cfg *cfg, int64_t start_us,
                             struct tm_samples *samples)
{
    if (cfg->trace_length_us <= 0)
        return TM_OK;
    double part = (double)gap_us(start_us, cfg->trace_start_us) / (double)cfg->trace_length_us;
    return tm_samples_add(samples, TM_SAMPLES_MEASURED(TM_MEASURED_SESSION_START),
                          (uint64_t)(part * 1e6 + 0.5));
}

static int end_session(const struct tm_group_cfg *cfg, const struct open_session *s,
                       struct tm_samples *samples, struct tm_group_counts *counts)
{
    int rc = end_rre(s, samples, counts);
    counts->n_sessions++;
    if (rc == TM_OK)
        rc = add_session_start(cfg, s->start_us, samples);
    return rc == TM_OK ? tm_samples_add(samples, TM_SWING_NUM_RRE, s->n_rres) : rc;
}

/* The connection opens a session; `s` holds the one before. */
static int next_session(const struct tm_group_cfg *cfg, struct open_session *s,
                        const struct tm_span *c, struct tm_samples *samples,
                        struct tm_group_counts *counts)
{
    int rc = end_session(cfg, s, samples, counts);
    uint64_t silence_us = gap_us(c->start_us, s->end_us);
    bool is_away = silence_us > (uint64_t)cfg->away_us;
    counts->n_away += is_away;
    if (rc == TM_OK && !is_away)
        rc = tm_samples_add(samples, TM_SWING_INTER_SESSION, silence_us);
    *s = open_at(c);
    return rc;
}

static int next_conn(const struct tm_group_cfg *cfg, struct open_session *s,
                     const struct tm_span *c, struct tm_rtt rtt, struct tm_samples *samples,
                     struct tm_group_counts *counts)
{
    if (same_rre(cfg, s, c->start_us)) {
        s->n_conns++;
        s->rre_end_us = tm_max_us(s->rre_end_us, c->end_us);
        return tm_samples_add(samples, TM_SWING_INTER_CONN, gap_us(c->start_us, s->last_us));
    }
    if (!same_session(cfg, s, c->start_us))
        return next_session(cfg, s, c, samples, counts);
    int rc = end_rre(s, samples, counts);
    uint64_t think_us = tm_rtt_remove(rtt, gap_us(c->start_us, s->rre_end_us));
    if (rc == TM_OK)
        rc = tm_samples_add(samples, TM_SWING_INTER_RRE, think_us);
    s->n_rres++;
    s->n_conns = 1;
    s->rre_end_us = c->end_us;
    return rc;
}

int tm_group_user(const struct tm_group_cfg *cfg, const struct tm_span *span, size_t n,
                  struct tm_rtt rtt, struct tm_samples *samples, struct tm_group_counts *counts)
{
    if (n == 0)
        return TM_OK;
    int rc = TM_OK;
    uint64_t n_before = counts->n_sessions;
    struct open_session s = open_at(&span[0]);
    for (size_t i = 1; i < n && rc == TM_OK; i++) {
        rc = next_conn(cfg, &s, &span[i], rtt, samples, counts);
        s.last_us = span[i].start_us;
        s.end_us = tm_max_us(s.end_us, s.rre_end_us);
    }
    if (rc == TM_OK)
        rc = end_session(cfg, &s, samples, counts);
    return rc == TM_OK ? tm_samples_add(samples, TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS),
                                        counts->n_sessions - n_before)
                       : rc;
}
