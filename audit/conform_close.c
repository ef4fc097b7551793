/* SYN, FIN and RST of a carrier against the plan. */
#include "audit/conform_impl.h"

#include <inttypes.h>

#include "tm/base/time.h"

static void judge_open(struct tm_judge *j, const struct tm_subject *x)
{
    const struct tm_sched_carrier *c = x->c;
    if (!c->has_open)
        return;
    int64_t due = tm_judge_wall(j, TM_CLIENT, c->open_due_us);
    if (x->conn->syn_us < due - j->cfg->tolerance_us)
        tm_judge_differ(j, TM_DIFF_OPENED_EARLY, x->number, -1, due, x->conn->syn_us,
                        "opened %" PRId64 " us before it was due", due - x->conn->syn_us);
}

/* The time of the last judged byte of both directions, or INT64_MIN. */
static int64_t last_byte_us(const struct tm_subject *x)
{
    int64_t last = INT64_MIN;
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_run *run =
            x->total[d] > 0 ? tm_wire_half_at(&x->conn->half[d], x->total[d] - 1) : NULL;
        if (run && run->t_us > last)
            last = run->t_us;
    }
    return last;
}

/* The client's closing in the log; NULL: not there. */
static const struct tm_schedlog_close *client_close(const struct tm_subject *x)
{
    return x->c->has_close[TM_UP] ? &x->c->close[TM_UP] : NULL;
}

/* The client's log says so; or, where there is none, a server to whom that was planned has seen it. */
bool tm_judge_is_reset(const struct tm_subject *x)
{
    const struct tm_wire_half *up = &x->conn->half[TM_UP];
    bool is_told = client_close(x) || x->c->has_open;
    return is_told ? client_close(x) && client_close(x)->how == TM_CLOSE_RESET
                   : x->is_whole && up->rst_us != TM_NEVER && up->fin_us == TM_NEVER;
}

/* By the client's log, or by its own, the server closes without waiting for the client. */
static bool does_server_close(const struct tm_subject *x)
{
    return (client_close(x) && client_close(x)->server_ref != TM_SLOG_REF_FIN) ||
           (x->c->has_close[TM_DOWN] && x->c->close[TM_DOWN].ref != TM_SLOG_REF_FIN);
}

/* When the capture saw the last byte of write i; INT64_MIN: it did not, or it is not judged. */
static int64_t write_seen_us(const struct tm_subject *x, int64_t i)
{
    uint64_t end = 0;
    if (i < 0 || i >= (int64_t)x->n_judged)
        return INT64_MIN;
    unsigned dir = x->c->writes[i].w.dir;
    for (int64_t k = 0; k <= i; k++)
        end += x->c->writes[k].w.dir == dir ? x->c->writes[k].w.size : 0;
    const struct tm_wire_run *run = tm_wire_half_at(&x->conn->half[dir], end - 1);
    return run ? run->t_us : INT64_MIN;
}

/* The last byte that has to be seen before the client closes. */
static int64_t least_close_us(const struct tm_subject *x)
{
    const struct tm_schedlog_close *c = client_close(x);
    bool is_server_told = !c && !x->c->has_open && x->c->has_close[TM_DOWN];
    if (!x->is_whole ||
        is_server_told) /* the server's log does not tell what the client's waits for */
        return INT64_MIN;
    return c && c->ref >= 0 && !tm_judge_is_reset(x) ? write_seen_us(x, c->ref) : last_byte_us(x);
}

/* The client's FIN, or its planned RST, at `at_us`. */
static void judge_client_time(struct tm_judge *j, const struct tm_subject *x, int64_t at_us)
{
    const struct tm_schedlog_close *c = client_close(x);
    int64_t due = c ? tm_judge_wall(j, TM_CLIENT, c->due_us) : INT64_MIN;
    if (due != INT64_MIN && at_us < due - j->cfg->tolerance_us)
        tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, due, at_us,
                        "closed %" PRId64 " us before it was due", due - at_us);
    else if (at_us < least_close_us(x))
        tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, least_close_us(x), at_us,
                        "closed %" PRId64 " us before the last byte", least_close_us(x) - at_us);
}

static void judge_fin_time(struct tm_judge *j, const struct tm_subject *x)
{
    const struct tm_wire_half *up = &x->conn->half[TM_UP];
    const struct tm_wire_half *down = &x->conn->half[TM_DOWN];
    const struct tm_schedlog_close *s = x->c->has_close[TM_DOWN] ? &x->c->close[TM_DOWN] : NULL;
    int64_t due = s ? tm_judge_wall(j, TM_SERVER, s->due_us) : INT64_MIN;
    int64_t at_us = tm_judge_is_reset(x) ? tm_min_us(up->fin_us, up->rst_us) : up->fin_us;
    if (at_us != TM_NEVER)
        judge_client_time(j, x, at_us);
    if (due != INT64_MIN && down->fin_us < due - j->cfg->tolerance_us)
        tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, due, down->fin_us,
                        "the server closed %" PRId64 " us before it was due", due - down->fin_us);
    if (x->is_whole && !does_server_close(x) && at_us != TM_NEVER && down->fin_us < at_us)
        tm_judge_differ(j, TM_DIFF_FIN_ORDER, x->number, -1, at_us, down->fin_us,
                        "the server closed %" PRId64 " us before the client", at_us - down->fin_us);
}

/* Whether a whole carrier must show this side's FIN. */
static bool needs_fin(const struct tm_subject *x, int dir)
{
    if (!tm_judge_is_reset(x))
        return true;
    return dir == TM_DOWN && does_server_close(x) && client_close(x) &&
           client_close(x)->ref == TM_SLOG_REF_END;
}

/* The client's planned reset was lost: the server never heard of it, and reset the carrier when it was stopped. */
static bool is_server_stopped(const struct tm_judge *j, const struct tm_subject *x)
{
    return tm_judge_is_reset(x) && !x->c->has_end[TM_SERVER] &&
           x->conn->half[TM_DOWN].rst_us >= tm_judge_log_end(j);
}

static void judge_whole_close(struct tm_judge *j, const struct tm_subject *x)
{
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_half *h = &x->conn->half[d];
        const char *who = d == TM_UP ? "client" : "server";
        bool may_reset = d == TM_UP && tm_judge_is_reset(x);
        if (h->fin_us == TM_NEVER && needs_fin(x, d))
            tm_judge_differ(j, TM_DIFF_NO_FIN, x->number, -1, 1, 0, "no FIN from the %s", who);
        else if (h->fin_us != TM_NEVER && h->fin_offset < x->total[d])
            tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, (int64_t)x->total[d],
                            (int64_t)h->fin_offset,
                            "the %s closed after %" PRIu64 " bytes: expected %" PRIu64, who,
                            h->fin_offset, x->total[d]);
        if (may_reset && h->fin_us != TM_NEVER)
            tm_judge_differ(j, TM_DIFF_FIN_UNPLANNED, x->number, -1, 0, 1,
                            "FIN from the client, which was to reset");
        if (h->rst_us != TM_NEVER && !may_reset && !(d == TM_DOWN && is_server_stopped(j, x)))
            tm_judge_differ(j, TM_DIFF_RST, x->number, -1, 0, 1, "RST from the %s", who);
        if (h->rst_us == TM_NEVER && may_reset)
            tm_judge_differ(j, TM_DIFF_NO_RST, x->number, -1, 1, 0, "no RST from the client");
    }
}

int64_t tm_judge_log_end(const struct tm_judge *j)
{
    int64_t end = TM_NEVER;
    for (int side = 0; side < 2; side++) {
        if (j->s->has_side[side])
            end = tm_min_us(end, tm_judge_wall(j, (enum tm_side)side, j->s->last_us[side]));
    }
    return end;
}

/* A carrier that the log still has open must not be closed on the wire while the log goes on. */
static void judge_still_open(struct tm_judge *j, const struct tm_subject *x)
{
    int64_t log_end = tm_judge_log_end(j);
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_half *h = &x->conn->half[d];
        const char *who = d == TM_UP ? "client" : "server";
        if (h->rst_us < log_end && !tm_judge_is_reset(x))
            tm_judge_differ(j, TM_DIFF_RST, x->number, -1, 0, 1,
                            "RST from the %s, but the log has it open", who);
        if (h->fin_us < log_end && !x->c->has_close[TM_UP] && !x->c->has_close[TM_DOWN])
            tm_judge_differ(j, TM_DIFF_FIN_UNPLANNED, x->number, -1, 0, 1,
                            "FIN from the %s, but the log has it open", who);
    }
}

void tm_judge_open_close(struct tm_judge *j, const struct tm_subject *x)
{
    judge_open(j, x);
    judge_fin_time(j, x);
    if (x->is_whole)
        judge_whole_close(j, x);
    else if (!tm_sched_carrier_is_dead(x->c) && !tm_sched_carrier_is_planned(x->c))
        judge_still_open(j, x);
}
