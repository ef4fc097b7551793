/* tm/app/status_text.c - a status for people: a screen, or a line. */
#include <inttypes.h>
#include <string.h>

#include "tm/app/status.h"
#include "tm/app/units.h"
#include "tm/base/time.h"

#define NUMBER_MAX 32

/* "0.31 ms", "41.2 ms", "3.10 s" */
static const char *time_text(char out[NUMBER_MAX], uint64_t us)
{
    double ms = (double)us / 1000;
    if (ms < 1000)
        (void)snprintf(out, NUMBER_MAX, ms < 10 ? "%.2f ms" : "%.1f ms", ms);
    else
        (void)snprintf(out, NUMBER_MAX, "%.2f s", ms / 1000);
    return out;
}

/* "512 B", "1.23 MB": powers of ten, as providers count. */
static const char *bytes_text(char out[NUMBER_MAX], uint64_t bytes)
{
    static const char *const UNIT[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)bytes;
    unsigned u = 0;
    for (; v >= 1000 && u + 1 < sizeof UNIT / sizeof UNIT[0]; u++)
        v /= 1000;
    (void)snprintf(out, NUMBER_MAX, u == 0 ? "%.0f %s" : "%.2f %s", v, UNIT[u]);
    return out;
}

/* "42 s", "3 min 5 s", "2 h 10 min", "4 d 3 h" */
static const char *span_text(char out[NUMBER_MAX], uint64_t s)
{
    if (s < 60)
        (void)snprintf(out, NUMBER_MAX, "%" PRIu64 " s", s);
    else if (s < 3600)
        (void)snprintf(out, NUMBER_MAX, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(out, NUMBER_MAX, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else
        (void)snprintf(out, NUMBER_MAX, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    return out;
}

/* What follows the data has no deadlines to be judged by. */
static bool has_schedule(const struct tm_status *st)
{
    return st->model.payload_independent || st->model.name[0] == '\0';
}

static void put_control(FILE *out, const struct tm_status *st, const char *eol)
{
    char span[NUMBER_MAX];
    if (st->in_control && !has_schedule(st))
        fprintf(out, "connected     for %s: no schedule drives the wire%s",
                span_text(span, st->since_s), eol);
    else if (st->in_control)
        fprintf(out, "in control    for %s: the model drives the wire%s%s%s",
                span_text(span, st->since_s), st->reason[0] != '\0' ? "; " : "", st->reason, eol);
    else
        fprintf(out, "NOT IN CONTROL%s%s: %s; no user data leaves%s",
                st->since_s > 0 ? " for " : "", st->since_s > 0 ? span_text(span, st->since_s) : "",
                st->reason, eol);
}

static void put_machines(FILE *out, const struct tm_status_machines *m, const char *eol)
{
    fprintf(out,
            "machines      %" PRIu64 " started at this end, %" PRIu64 " of them have ended%s%s%s",
            m->n, m->n_ended, m->refused[0] != '\0' ? "; REFUSED: " : "", m->refused, eol);
    fprintf(out,
            "cells         %" PRIu64 " sent with data, %" PRIu64 " of padding; %" PRIu64
            " paddings were cells that waited, %" PRIu64 " were dropped, %" PRIu64
            " actions were too many%s",
            m->sent_normal, m->sent_padding, m->replaced, m->dropped, m->refused_actions, eol);
}

static void put_model(FILE *out, const struct tm_status *st, const char *eol)
{
    char pace[TM_UNITS_TEXT_MAX] = "as learned";
    if (st->model.name[0] == '\0')
        return;
    if (st->model.pace_ms > 0)
        tm_units_print_duration(pace, (int64_t)st->model.pace_ms * TM_US_PER_MS);
    if (!has_schedule(st)) {
        fprintf(out, "model         %s (digest %s), ", st->model.name, st->model.digest);
        if (strcmp(st->model.kind, "maybenot") == 0)
            fprintf(out, "one carrier of cells of %" PRIu64 " bytes, driven by machines%s",
                    st->machines.cell_bytes, eol);
        else if (st->model.users > 0)
            fprintf(out, "%" PRIu64 " carriers%s", st->model.users, eol);
        else
            fprintf(out, "carriers follow the streams%s", eol);
        fprintf(out, "              NOT payload-independent: the wire follows what is carried%s",
                eol);
        if (st->machines.cell_bytes > 0)
            put_machines(out, &st->machines, eol);
        return;
    }
    fprintf(out,
            "model         %s (%s, digest %s), %" PRIu64 " users, pace %s, %s is master, plan %s%s",
            st->model.name, st->model.kind, st->model.digest, st->model.users, pace,
            st->model.master, st->model.plan, eol);
    fprintf(out, "              payload-independent: what is carried changes nothing on the wire%s",
            eol);
}

static void put_conformance(FILE *out, const struct tm_status *st, const char *eol)
{
    const struct tm_tally_view *t = &st->tally;
    char span[NUMBER_MAX], a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX], d[NUMBER_MAX];
    fprintf(out,
            "buffers       last %s: %" PRIu64 " due, %" PRIu64 " sent, %" PRIu64
            " of them at their exact offset; %" PRIu64 " waiting, %" PRIu64
            " lost with their carrier%s",
            span_text(span, t->span_us / (uint64_t)TM_US_PER_S), t->due, t->sent, t->exact,
            st->now.buffers_waiting, t->lost, eol);
    fprintf(
        out, "lateness      p50 %s, p90 %s, p99 %s, max %s; %" PRIu64 " missed (more than %s)%s",
        time_text(a, t->late.p50_us), time_text(b, t->late.p90_us), time_text(c, t->late.p99_us),
        time_text(d, t->late.max_us), t->missed, time_text(span, st->missed_us), eol);
    fprintf(out,
            "slips         this machine %" PRIu64 ", composed late %" PRIu64 ", network %" PRIu64
            ", the peer's plan %" PRIu64 "; in time but held back by TCP %" PRIu64 "%s",
            t->slips[TM_SLIP_MACHINE], t->slips[TM_SLIP_COMPOSE], t->slips[TM_SLIP_NETWORK],
            t->slips[TM_SLIP_PEER], t->slips[TM_SLIP_WINDOW], eol);
    fprintf(out,
            "peer          %" PRIu64 " of its buffers came p50 %s, p99 %s after their plan, the "
            "path included%s",
            t->peer.n, time_text(a, t->peer.p50_us), time_text(b, t->peer.p99_us), eol);
}

static void put_data(FILE *out, const struct tm_status *st, const char *eol)
{
    const struct tm_tally_view *t = &st->tally;
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX], d[NUMBER_MAX];
    fprintf(out, "user data     waited p50 %s, p95 %s, max %s; now %s wait",
            time_text(a, t->queue.p50_us), time_text(b, t->queue.p95_us),
            time_text(c, t->queue.max_us), bytes_text(d, st->now.queue_bytes));
    if (st->now.queue_bytes > 0)
        fprintf(out, ", the oldest for %s", time_text(a, st->now.queue_oldest_us));
    fprintf(out, "; useful share %u.%u %%%s", st->useful_permille / 10, st->useful_permille % 10,
            eol);
}

static void put_kernel(FILE *out, const struct tm_status *st, const char *eol)
{
    const uint64_t *n = st->kernel.n;
    char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX], d[NUMBER_MAX];
    fprintf(
        out,
        "provider      %s sent, %s received since the start: TCP payload, and by rule %s and %s "
        "of headers%s",
        bytes_text(a, st->kernel.tx_bytes), bytes_text(b, st->kernel.rx_bytes),
        bytes_text(c, n[TM_KERNEL_HEADER_TX]), bytes_text(d, n[TM_KERNEL_HEADER_RX]), eol);
    fprintf(out,
            "kernel        %" PRIu64 " segments sent, %" PRIu64 " received; %" PRIu64
            " (%s) sent again; round trip %s; at most %s unacknowledged when a buffer was due%s",
            n[TM_KERNEL_SEGS_TX], n[TM_KERNEL_SEGS_RX], n[TM_KERNEL_RETRANS_SEGS],
            bytes_text(a, n[TM_KERNEL_RETRANS_BYTES]), time_text(b, st->kernel.rtt_us),
            bytes_text(c, st->tally.unsent_max), eol);
    fprintf(out,
            "thread        %s priority; the program was too busy to listen to it %" PRIu64
            " times%s",
            st->is_realtime ? "real-time" : "ordinary", st->front_pauses, eol);
    if (st->batches_late > 0)
        fprintf(out, "model         writes waited %" PRIu64 " times for its connections%s",
                st->batches_late, eol);
}

/* Nothing, where nothing has happened to the clocks. */
static void put_clocks(FILE *out, const struct tm_status *st, const char *eol)
{
    const struct tm_standstill_stats *c = &st->clocks;
    char a[NUMBER_MAX], b[NUMBER_MAX], d[NUMBER_MAX];
    if (c->n_stood > 0)
        fprintf(out,
                "stood still   %" PRIu64
                " times, %s in all, %s at most, the last %s ago: what was due then left late%s",
                c->n_stood, time_text(a, c->stood_us), time_text(b, c->stood_max_us),
                span_text(d, st->stood_ago_us / (uint64_t)TM_US_PER_S), eol);
    if (c->n_slept > 0)
        fprintf(out,
                "slept         the machine, %" PRIu64
                " times, %s in all, %s at most: what was due then was due so much later%s",
                c->n_slept, time_text(a, c->slept_us), time_text(b, c->slept_max_us), eol);
    if (c->n_set > 0)
        fprintf(out, "wall clock    set %" PRIu64 " times: sessions go on by their own clocks%s",
                c->n_set, eol);
}

void tm_status_text(FILE *out, const struct tm_status *st, const char *eol)
{
    char line[TM_SUMMARY_LINE_MAX];
    const struct tm_summary m = {
        .program = st->program, .run_us = (int64_t)st->run_us, .s = st->totals};
    put_control(out, st, eol);
    if (st->run_us == 0) /* it does not run */
        return;
    put_model(out, st, eol);
    if (has_schedule(st))
        put_conformance(out, st, eol);
    put_data(out, st, eol);
    fprintf(out,
            "now           %" PRIu64 " carriers open, %" PRIu64 " opening; %" PRIu64
            " streams; %" PRIu64 " sessions, %" PRIu64 " in control%s",
            st->now.carriers_open, st->now.carriers_opening, st->now.streams_open, st->now.sessions,
            st->now.sessions_in_control, eol);
    put_kernel(out, st, eol);
    put_clocks(out, st, eol);
    if (st->note[0] != '\0')
        fprintf(out, "note          %s%s", st->note, eol);
    tm_summary_line(line, &m);
    fprintf(out, "since start   %s%s", line, eol);
}

void tm_status_line(FILE *out, const struct tm_status *st)
{
    const struct tm_tally_view *t = &st->tally;
    char a[NUMBER_MAX], b[NUMBER_MAX];
    if (!st->in_control) {
        fprintf(out, "NOT IN CONTROL: %s; no user data leaves\n", st->reason);
        return;
    }
    if (!has_schedule(st)) {
        fprintf(out,
                "connected: %s, no schedule, NOT payload-independent; queue p95 %s, useful %u.%u "
                "%%; %" PRIu64 " carriers, %" PRIu64 " streams\n",
                st->model.name, time_text(b, t->queue.p95_us), st->useful_permille / 10,
                st->useful_permille % 10, st->now.carriers_open, st->now.streams_open);
        return;
    }
    fprintf(out,
            "in control: %s, %" PRIu64 "/%" PRIu64 " offsets exact, late p99 %s, %" PRIu64
            " missed; queue p95 %s, useful %u.%u %%; %" PRIu64 " carriers, %" PRIu64 " streams\n",
            st->model.name, t->exact, t->sent, time_text(a, t->late.p99_us), t->missed,
            time_text(b, t->queue.p95_us), st->useful_permille / 10, st->useful_permille % 10,
            st->now.carriers_open, st->now.streams_open);
}
