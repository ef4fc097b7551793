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

static uint64_t gap_us(int64_t later_us, int64_t earlier_us)
{
    return later_us > earlier_us ? (uint64_t)(later_us - earlier_us) : 0;
}

static bool same_rre(const struct tm_group_cfg *cfg, const struct tm_group *g, int64_t start_us)
{
    return (cfg->rre_gap_us == 0 || start_us - g->rre_end_us < cfg->rre_gap_us) &&
           start_us - g->last_us < cfg->inter_conn_us && g->n_conns < cfg->max_conns;
}

static bool same_session(const struct tm_group_cfg *cfg, const struct tm_group *g, int64_t start_us)
{
    return start_us - g->rre_end_us < cfg->session_gap_us && g->n_rres < cfg->max_rres &&
           (cfg->session_length_us == 0 || start_us - g->start_us < cfg->session_length_us);
}

static int end_rre(const struct tm_group *g, struct tm_samples *samples,
                   struct tm_group_counts *counts)
{
    counts->n_rres++;
    return tm_samples_add(samples, TM_SWING_NUM_CONN, g->n_conns);
}

static int end_session(const struct tm_group *g, struct tm_samples *samples,
                       struct tm_group_counts *counts)
{
    int rc = end_rre(g, samples, counts);
    counts->n_sessions++;
    return rc == TM_OK ? tm_samples_add(samples, TM_SWING_NUM_RRE, g->n_rres) : rc;
}

static void open_session(struct tm_group *g, const struct tm_span *c, struct tm_group_found *found)
{
    g->start_us = c->start_us;
    g->rre_end_us = c->end_us;
    g->end_us = c->end_us;
    g->n_sessions++;
    g->n_conns = 1;
    g->n_rres = 1;
    found->has_session = true;
}

/* The connection opens a session after another. */
static int next_session(const struct tm_group_cfg *cfg, struct tm_group *g, const struct tm_span *c,
                        struct tm_samples *samples, struct tm_group_counts *counts,
                        struct tm_group_found *found)
{
    int rc = end_session(g, samples, counts);
    uint64_t silence_us = gap_us(c->start_us, g->end_us);
    bool is_away = silence_us > (uint64_t)cfg->away_us;
    counts->n_away += is_away;
    if (rc == TM_OK && !is_away)
        rc = tm_samples_add(samples, TM_SWING_INTER_SESSION, silence_us);
    open_session(g, c, found);
    return rc;
}

static int next_rre(struct tm_group *g, const struct tm_span *c, struct tm_samples *samples,
                    struct tm_group_counts *counts, struct tm_group_found *found)
{
    int rc = end_rre(g, samples, counts);
    found->has_inter_rre = true;
    found->inter_rre_us = gap_us(c->start_us, g->rre_end_us);
    g->n_rres++;
    g->n_conns = 1;
    g->rre_end_us = c->end_us;
    return rc;
}

int tm_group_feed(const struct tm_group_cfg *cfg, struct tm_group *g, const struct tm_span *c,
                  struct tm_samples *samples, struct tm_group_counts *counts,
                  struct tm_group_found *found)
{
    int rc = TM_OK;
    *found = (struct tm_group_found){0};
    if (g->n_sessions == 0) {
        open_session(g, c, found);
    } else if (same_rre(cfg, g, c->start_us)) {
        g->n_conns++;
        g->rre_end_us = tm_max_us(g->rre_end_us, c->end_us);
        rc = tm_samples_add(samples, TM_SWING_INTER_CONN, gap_us(c->start_us, g->last_us));
    } else if (same_session(cfg, g, c->start_us)) {
        rc = next_rre(g, c, samples, counts, found);
    } else {
        rc = next_session(cfg, g, c, samples, counts, found);
    }
    g->last_us = c->start_us;
    g->end_us = tm_max_us(g->end_us, g->rre_end_us);
    return rc;
}

int tm_group_end(const struct tm_group *g, struct tm_samples *samples,
                 struct tm_group_counts *counts)
{
    if (g->n_sessions == 0)
        return TM_OK;
    int rc = end_session(g, samples, counts);
    return rc == TM_OK ? tm_samples_add(samples, TM_SAMPLES_MEASURED(TM_MEASURED_CLIENT_SESSIONS),
                                        g->n_sessions)
                       : rc;
}
