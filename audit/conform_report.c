#include "audit/conform_report.h"

#include <inttypes.h>

#include "audit/json.h"
#include "tm/base/time.h"

static const char *const DIR_TEXT[] = {"up", "down"};
static const char *const SIDE_TEXT[] = {"client", "server"};
static const char *const GROUP_TEXT[] = {"handshake", "rest"};
static const char *const SOURCE_TEXT[] = {"log", "capture"};
static const char *const BYTE_TEXT[] = {"first", "last"};

static uint64_t judged(const struct tm_conform *c)
{
    return c->n_offsets[TM_UP] + c->n_offsets[TM_DOWN];
}

static uint64_t exact(const struct tm_conform *c)
{
    return c->n_exact[TM_UP] + c->n_exact[TM_DOWN];
}

/* Thousandths of a percent, rounded down: 100.000 means all. */
static uint64_t exact_milli_percent(const struct tm_conform *c)
{
    return judged(c) > 0 ? exact(c) * 100000 / judged(c) : 0;
}

/* First-byte lateness of all writes, by the senders' logs.  The caller frees it. */
static int headline(const struct tm_conform *c, struct tm_sample *all)
{
    int rc = TM_OK;
    for (int group = 0; group < 2; group++) {
        for (int dir = 0; dir < 2 && rc == TM_OK; dir++)
            rc = tm_sample_merge(all, &c->late_us[group][dir][TM_LATE_LOG][TM_LATE_FIRST]);
    }
    return rc;
}

/* ---- text ---- */

static void print_capture(const struct tm_conform_report *r, FILE *f)
{
    const struct tm_wire_view *v = r->view;
    (void)fprintf(f, "capture   %s: %" PRIu64 " packets of %" PRIu32 " connections, %.1f s\n",
                  r->capture_name, v->n_packets, v->n_conns,
                  (double)(v->last_us - v->first_us) / 1e6);
    if (r->capture_note)
        (void)fprintf(f, "          %s; judged up to there\n", r->capture_note);
    for (int d = 0; d < 2; d++) {
        if (r->result->path_us[d] != TM_NEVER)
            (void)fprintf(f,
                          "          first bytes %s are seen at least %" PRId64
                          " us behind the sender's log\n",
                          DIR_TEXT[d], r->result->path_us[d]);
    }
}

static void print_schedule(const struct tm_conform_report *r, FILE *f)
{
    for (int side = 0; side < 2; side++) {
        const struct tm_schedlog_line *s = &r->schedule->session[side];
        if (r->schedule->has_side[side])
            (void)fprintf(f, "%s log: model %s, %" PRIu32 " users, master %s, plan %s\n",
                          SIDE_TEXT[side], s->model, s->n_users, SIDE_TEXT[s->master],
                          s->plan_mode == TM_PLAN_SEEDED ? "seeded" : "embedded");
    }
    if (r->schedule->is_cut)
        (void)fprintf(f, "          a log ends inside a line, which is left out\n");
}

static void print_offsets(const struct tm_conform *c, FILE *f)
{
    (void)fprintf(f, "\n%-10s %9s %9s %13s %15s  %s\n", "offsets", "judged", "exact", "bytes",
                  "retransmitted", "due times from");
    for (int d = 0; d < 2; d++) {
        (void)fprintf(f, "%-10s %9" PRIu64 " %9" PRIu64 " %13" PRIu64 " %15" PRIu64 "  %s\n",
                      DIR_TEXT[d], c->n_offsets[d], c->n_exact[d], c->bytes[d], c->retrans_bytes[d],
                      c->n_bound[d] == 0 ? "the sender's log" : "the plan (no log of the sender)");
    }
    for (int d = 0; d < 2; d++) {
        if (c->unseen_bytes[d] > 0)
            (void)fprintf(
                f,
                "%s: %" PRIu64
                " bytes were acknowledged but never captured: the capture dropped packets\n",
                DIR_TEXT[d], c->unseen_bytes[d]);
        if (c->beyond_bytes[d] > 0)
            (void)fprintf(
                f,
                "%s: %" PRIu64
                " bytes behind the last logged write of carriers that did not end as planned\n",
                DIR_TEXT[d], c->beyond_bytes[d]);
    }
}

static void print_late(struct tm_sample *s, const char *dir, const char *group, const char *byte,
                       const char *source, FILE *f)
{
    if (s->n > 0)
        (void)fprintf(
            f, "%-5s %-10s %-6s %-8s %8zu %8" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64 "\n",
            dir, group, byte, source, s->n, tm_sample_quantile(s, 500), tm_sample_quantile(s, 900),
            tm_sample_quantile(s, 990), tm_sample_quantile(s, 1000));
}

static void print_lateness(struct tm_conform *c, FILE *f)
{
    (void)fprintf(f, "\n%-16s %-6s %-8s %8s %8s %8s %8s %8s\n", "lateness, us", "byte", "by", "n",
                  "p50", "p90", "p99", "max");
    for (int d = 0; d < 2; d++) {
        for (int byte = 0; byte < 2; byte++) {
            for (int source = 0; source < 2; source++) {
                for (int g = TM_LATE_REST; g >= TM_LATE_HANDSHAKE; g--)
                    print_late(&c->late_us[g][d][source][byte], DIR_TEXT[d],
                               g == TM_LATE_REST ? "" : GROUP_TEXT[g], BYTE_TEXT[byte],
                               SOURCE_TEXT[source], f);
            }
        }
    }
}

/* The first cause is "none". */
static void print_slips(const struct tm_conform *c, FILE *f)
{
    (void)fprintf(f, "\n%-16s", "slips, by cause");
    for (int s = TM_SLIP_NONE + 1; s < TM_SLIP_N; s++)
        (void)fprintf(f, " %8s", TM_SLIP_NAMES[s]);
    (void)fprintf(f, " %12s\n", "unexplained");
    for (int d = 0; d < 2; d++) {
        (void)fprintf(f, "%-16s", DIR_TEXT[d]);
        for (int s = TM_SLIP_NONE + 1; s < TM_SLIP_N; s++)
            (void)fprintf(f, " %8" PRIu64, c->n_slips[d][s]);
        (void)fprintf(f, " %12" PRIu64 "\n", c->n_unexplained[d]);
    }
}

static void print_carriers(const struct tm_conform *c, FILE *f)
{
    (void)fprintf(f,
                  "\ncarriers: %" PRIu32 " judged: %" PRIu32 " ended as planned, %" PRIu32
                  " died, %" PRIu32 " still open, %" PRIu32 " cut by the capture's end; %" PRIu32
                  " never established, %" PRIu32 " outside the capture, %" PRIu32 " strangers\n",
                  c->n_carriers, c->n_whole, c->n_dead, c->n_open, c->n_cut, c->n_unestablished,
                  c->n_outside, c->n_strangers);
}

static void print_played(const struct tm_conform_report *r, FILE *f)
{
    const struct tm_played *p = r->played;
    if (!p)
        return;
    (void)fprintf(f,
                  "schedule file %s: %" PRIu32 " of %" PRIu32 " connections opened; of %" PRIu64
                  " writes %" PRIu64 " as they stand in it, %" PRIu64 " projected, %" PRIu64
                  " added; %" PRIu64 " wrong\n",
                  r->played_name, p->n_opened, p->n_conns, p->n_writes, p->n_as_written,
                  p->n_writes - p->n_as_written - p->n_added, p->n_added, p->n_wrong);
    if (p->n_wrong > 0)
        (void)fprintf(f, "  %s\n", p->first.text);
}

static void print_diffs(const struct tm_conform *c, FILE *f)
{
    if (c->n_diffs == 0)
        return;
    uint64_t shown = c->n_diffs < TM_CONFORM_DIFFS_MAX ? c->n_diffs : TM_CONFORM_DIFFS_MAX;
    (void)fprintf(f, "\ndifferences: %" PRIu64 "%s\n", c->n_diffs,
                  shown < c->n_diffs ? ", the first of them:" : "");
    for (uint64_t i = 0; i < shown; i++)
        (void)fprintf(f, "  %s\n", c->diffs[i].text);
}

static void print_headline(const struct tm_conform_report *r, struct tm_sample *all, FILE *f)
{
    const struct tm_conform *c = r->result;
    uint64_t percent = exact_milli_percent(c);
    (void)fprintf(f,
                  "\nconform: %" PRIu64 "/%" PRIu64 " offsets exact (%" PRIu64 ".%03" PRIu64
                  " %%), carriers %" PRIu32 "/%" PRIu32 " opened and closed as planned",
                  exact(c), judged(c), percent / 1000, percent % 1000, c->n_whole_ok, c->n_whole);
    if (c->n_dead + c->n_open + c->n_cut > 0)
        (void)fprintf(f,
                      " (and %" PRIu32 " died, %" PRIu32 " still open, %" PRIu32
                      " cut: judged as far as they came)",
                      c->n_dead, c->n_open, c->n_cut);
    (void)fprintf(
        f, ", lateness first byte p50 %" PRId64 " us p99 %" PRId64 " us max %" PRId64 " us",
        tm_sample_quantile(all, 500), tm_sample_quantile(all, 990), tm_sample_quantile(all, 1000));
    if (r->bare)
        (void)fprintf(f, " (bare timer p50 %.0f us p99 %.0f us max %.0f us)", r->bare->p50_us,
                      r->bare->p99_us, r->bare->max_us);
    (void)fputc('\n', f);
}

int tm_conform_report_text(const struct tm_conform_report *r, FILE *f)
{
    struct tm_sample all = {0};
    int rc = headline(r->result, &all);
    if (rc == TM_OK) {
        print_capture(r, f);
        print_schedule(r, f);
        print_offsets(r->result, f);
        print_lateness(r->result, f);
        print_slips(r->result, f);
        print_carriers(r->result, f);
        print_played(r, f);
        print_diffs(r->result, f);
        print_headline(r, &all, f);
    }
    tm_sample_deinit(&all);
    return rc;
}

/* ---- JSON ---- */

static void json_sample(struct tm_sample *s, FILE *f)
{
    (void)fprintf(f,
                  "{\"n\":%zu,\"p50_us\":%" PRId64 ",\"p90_us\":%" PRId64 ",\"p99_us\":%" PRId64
                  ",\"max_us\":%" PRId64 "}",
                  s->n, tm_sample_quantile(s, 500), tm_sample_quantile(s, 900),
                  tm_sample_quantile(s, 990), tm_sample_quantile(s, 1000));
}

static void json_direction(const struct tm_conform *c, int d, FILE *f)
{
    (void)fprintf(f,
                  ",\"%s\":{\"offsets\":%" PRIu64 ",\"exact\":%" PRIu64
                  ",\"due_from_plan\":%" PRIu64 ",\"bytes\":%" PRIu64
                  ",\"retransmitted_bytes\":%" PRIu64 ",\"unseen_bytes\":%" PRIu64
                  ",\"beyond_bytes\":%" PRIu64,
                  DIR_TEXT[d], c->n_offsets[d], c->n_exact[d], c->n_bound[d], c->bytes[d],
                  c->retrans_bytes[d], c->unseen_bytes[d], c->beyond_bytes[d]);
    (void)fputs(",\"slips\":{", f);
    for (int s = TM_SLIP_NONE + 1; s < TM_SLIP_N; s++)
        (void)fprintf(f, "\"%s\":%" PRIu64 ",", TM_SLIP_NAMES[s], c->n_slips[d][s]);
    (void)fprintf(f, "\"unexplained\":%" PRIu64 "}", c->n_unexplained[d]);
    if (c->path_us[d] != TM_NEVER)
        (void)fprintf(f, ",\"path_us\":%" PRId64, c->path_us[d]);
    (void)fputc('}', f);
}

static void json_lateness(struct tm_conform *c, FILE *f)
{
    const char *comma = "";
    (void)fputs(",\"lateness\":[", f);
    for (int i = 0; i < 16; i++) {
        int g = i >> 3 & 1;
        int d = i >> 2 & 1;
        int source = i >> 1 & 1;
        int byte = i & 1;
        if (c->late_us[g][d][source][byte].n == 0)
            continue;
        (void)fprintf(
            f, "%s{\"dir\":\"%s\",\"writes\":\"%s\",\"byte\":\"%s\",\"by\":\"%s\",\"lateness\":",
            comma, DIR_TEXT[d], GROUP_TEXT[g], BYTE_TEXT[byte], SOURCE_TEXT[source]);
        json_sample(&c->late_us[g][d][source][byte], f);
        (void)fputc('}', f);
        comma = ",";
    }
    (void)fputc(']', f);
}

static void json_diffs(const struct tm_conform *c, FILE *f)
{
    (void)fprintf(f, ",\"differences\":%" PRIu64 ",\"first_differences\":[", c->n_diffs);
    for (uint64_t i = 0; i < c->n_diffs && i < TM_CONFORM_DIFFS_MAX; i++) {
        const struct tm_conform_diff *d = &c->diffs[i];
        (void)fprintf(f,
                      "%s{\"carrier\":%" PRId64 ",\"write\":%" PRId64 ",\"expected\":%" PRId64
                      ",\"seen\":%" PRId64 ",\"text\":",
                      i > 0 ? "," : "", d->carrier, d->write, d->expected, d->seen);
        tm_json_out_quote(f, d->text);
        (void)fputc('}', f);
    }
    (void)fputc(']', f);
}

static void json_played(const struct tm_played *p, FILE *f)
{
    (void)fprintf(f,
                  ",\"schedule_file\":{\"connections\":%" PRIu32 ",\"opened\":%" PRIu32
                  ",\"writes\":%" PRIu64 ",\"as_written\":%" PRIu64 ",\"added\":%" PRIu64
                  ",\"wrong\":%" PRIu64 "}",
                  p->n_conns, p->n_opened, p->n_writes, p->n_as_written, p->n_added, p->n_wrong);
}

int tm_conform_report_json(const struct tm_conform_report *r, FILE *f)
{
    struct tm_conform *c = r->result;
    struct tm_sample all = {0};
    int rc = headline(c, &all);
    if (rc != TM_OK)
        goto out;
    (void)fprintf(f,
                  "{\"schema_version\":1,\"is_exact\":%s,\"offsets\":%" PRIu64 ",\"exact\":%" PRIu64
                  ",\"carriers\":{\"judged\":%" PRIu32 ",\"planned\":%" PRIu32
                  ",\"planned_ok\":%" PRIu32 ",\"died\":%" PRIu32 ",\"open\":%" PRIu32
                  ",\"cut\":%" PRIu32 ",\"unestablished\":%" PRIu32 ",\"outside\":%" PRIu32
                  "},\"strangers\":%" PRIu32 ",\"packets\":%" PRIu64 ",\"tolerance_us\":%" PRId64,
                  tm_conform_is_exact(c) ? "true" : "false", judged(c), exact(c), c->n_carriers,
                  c->n_whole, c->n_whole_ok, c->n_dead, c->n_open, c->n_cut, c->n_unestablished,
                  c->n_outside, c->n_strangers, r->view->n_packets, r->cfg->tolerance_us);
    json_direction(c, TM_UP, f);
    json_direction(c, TM_DOWN, f);
    (void)fputs(",\"lateness_first_byte\":", f);
    json_sample(&all, f);
    if (r->bare)
        (void)fprintf(
            f, ",\"bare_timer\":{\"n\":%.0f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"max_us\":%.3f}",
            r->bare->n, r->bare->p50_us, r->bare->p99_us, r->bare->max_us);
    if (r->played)
        json_played(r->played, f);
    json_lateness(c, f);
    json_diffs(c, f);
    (void)fputs(",\"capture\":", f);
    tm_json_out_quote(f, r->capture_name);
    (void)fputs("}\n", f);
out:
    tm_sample_deinit(&all);
    return rc;
}
