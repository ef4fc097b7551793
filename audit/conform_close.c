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

static void judge_fin_time(struct tm_judge *j, const struct tm_subject *x)
{
    const struct tm_wire_half *up = &x->conn->half[TM_UP];
    const struct tm_wire_half *down = &x->conn->half[TM_DOWN];
    int64_t due = x->c->has_close ? tm_judge_wall(j, TM_CLIENT, x->c->close_due_us) : INT64_MIN;
    if (up->fin_us == TM_NEVER)
        return;
    if (due != INT64_MIN && up->fin_us < due - j->cfg->tolerance_us)
        tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, due, up->fin_us,
                        "closed %" PRId64 " us before it was due", due - up->fin_us);
    else if (x->is_whole && up->fin_us < last_byte_us(x))
        tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, last_byte_us(x), up->fin_us,
                        "closed %" PRId64 " us before the last byte", last_byte_us(x) - up->fin_us);
    if (x->is_whole && down->fin_us < up->fin_us)
        tm_judge_differ(j, TM_DIFF_FIN_ORDER, x->number, -1, up->fin_us, down->fin_us,
                        "the server closed %" PRId64 " us before the client",
                        up->fin_us - down->fin_us);
}

static void judge_whole_close(struct tm_judge *j, const struct tm_subject *x)
{
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_half *h = &x->conn->half[d];
        const char *who = d == TM_UP ? "client" : "server";
        if (h->fin_us == TM_NEVER)
            tm_judge_differ(j, TM_DIFF_NO_FIN, x->number, -1, 1, 0, "no FIN from the %s", who);
        else if (h->fin_offset < x->total[d])
            tm_judge_differ(j, TM_DIFF_FIN_EARLY, x->number, -1, (int64_t)x->total[d],
                            (int64_t)h->fin_offset,
                            "the %s closed after %" PRIu64 " bytes: expected %" PRIu64, who,
                            h->fin_offset, x->total[d]);
        if (h->rst_us != TM_NEVER)
            tm_judge_differ(j, TM_DIFF_RST, x->number, -1, 0, 1, "RST from the %s", who);
    }
}

/* A carrier that the log still has open must not be closed on the wire while the log goes on. */
static void judge_still_open(struct tm_judge *j, const struct tm_subject *x)
{
    for (int d = 0; d < 2; d++) {
        const struct tm_wire_half *h = &x->conn->half[d];
        const char *who = d == TM_UP ? "client" : "server";
        int64_t log_end = TM_NEVER;
        for (int side = 0; side < 2; side++) {
            if (j->s->has_side[side])
                log_end =
                    tm_min_us(log_end, tm_judge_wall(j, (enum tm_side)side, j->s->last_us[side]));
        }
        if (h->rst_us < log_end)
            tm_judge_differ(j, TM_DIFF_RST, x->number, -1, 0, 1,
                            "RST from the %s, but the log has it open", who);
        if (h->fin_us < log_end && !x->c->has_close)
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
