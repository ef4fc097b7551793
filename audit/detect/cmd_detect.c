/* tm-audit detect: files around audit/detect/detect.h. */
#include "audit/detect/detect_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/commands.h"
#include "audit/detect/cover_log.h"
#include "audit/detect/detect_options.h"
#include "audit/detect/detect_report.h"
#include "audit/features/material.h"
#include "tm/base/time.h"

/* ---- reading ---- */

/* All that one run of the command holds. */
struct material {
    struct tm_trace_set set[TM_DETECT_SIDES];
    struct tm_material_counts counts[TM_DETECT_SIDES];
    struct tm_labels labels, cover_labels;
    struct tm_schedule log[TM_DETECT_FILES_MAX];
    char sessions[TM_DETECT_SIDES][96], name[TM_DETECT_SIDES][256];
    size_t n_in_log;
};

static const char *const SIDE[TM_DETECT_SIDES] = {"real", "cover", "train"};

static void name_side(struct material *m, unsigned s, const struct tm_detect_options *o)
{
    const struct tm_detect_files *f = &o->side[s];
    bool has_labels = s == TM_COVER ? o->cover_labels != NULL : o->read.labels != NULL;
    if (f->n > 0)
        (void)snprintf(m->name[s], sizeof m->name[s], "%s%s", f->path[0],
                       f->n > 1 ? " and more" : "");
    if (has_labels)
        (void)snprintf(m->sessions[s], sizeof m->sessions[s], "from labels");
    else if (s == TM_COVER && o->cover_logs.n > 0)
        (void)snprintf(m->sessions[s], sizeof m->sessions[s],
                       o->read.material.block_us > 0 ? "the schedule's users in blocks of %" PRId64
                                                       " s"
                                                     : "the schedule's users",
                       o->read.material.block_us / 1000000);
    else if (o->read.material.block_us > 0)
        (void)snprintf(m->sessions[s], sizeof m->sessions[s], "blocks of %" PRId64 " s",
                       o->read.material.block_us / 1000000);
    else
        (void)snprintf(m->sessions[s], sizeof m->sessions[s], "every connection its own");
}

static int read_side(struct material *m, unsigned s, const struct tm_detect_options *o,
                     struct tm_msg *msg)
{
    struct tm_material_cfg cfg = o->read.material;
    const struct tm_detect_files *f = &o->side[s];
    int rc = TM_OK;
    if (s == TM_COVER)
        cfg.labels = o->cover_labels ? &m->cover_labels : NULL;
    else
        cfg.labels = o->read.labels ? &m->labels : NULL;
    cfg.split = s == TM_REAL ? cfg.split : NULL;
    for (size_t i = 0; rc == TM_OK && i < f->n; i++)
        rc = tm_material_read(&m->set[s], f->path[i], &cfg, &m->counts[s], msg);
    if (rc == TM_OK && f->n > 0 && m->set[s].n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: no connection is left of %" PRIu64 "; %" PRIu64
                        " are incomplete (no opening, no end, or no payload one way; see "
                        "--keep-incomplete), %" PRIu64 " of another split",
                        f->path[0], m->counts[s].n_conns, m->counts[s].n_incomplete,
                        m->counts[s].n_other_split);
    name_side(m, s, o);
    return rc;
}

/* Cover is drawn connection by connection: each is a page load of its own unless labels say otherwise. */
static void number_loads(struct tm_trace_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        set->v[i].load = (uint32_t)i;
}

static int read_cover_logs(struct material *m, const struct tm_detect_options *o,
                           struct tm_msg *msg)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < o->cover_logs.n; i++)
        rc = tm_audit_load_log(&m->log[i], o->cover_logs.path[i], msg);
    if (rc == TM_OK && o->cover_logs.n > 0)
        rc = tm_cover_log_sessions(&m->set[TM_COVER], m->log, o->cover_logs.n,
                                   o->read.material.block_us, &m->n_in_log);
    if (rc == TM_OK && o->cover_logs.n > 0 && m->n_in_log == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: none of the %zu connections of %s is in it: the log of another run, "
                        "or the server's",
                        o->cover_logs.path[0], m->set[TM_COVER].n, o->side[TM_COVER].path[0]);
    return rc;
}

/* Round trips differ between the ends of a path, and so do all times: such a comparison finds the place, not the cover. */
static int check_places(const struct material *m, const struct tm_detect_options *o,
                        struct tm_msg *msg)
{
    enum tm_material_side real = tm_material_side_of(&m->set[TM_REAL]);
    for (unsigned s = 0; s < TM_DETECT_SIDES && !o->may_differ_in_side; s++) {
        unsigned n_places = 0;
        for (unsigned k = TM_TAP_CLIENT; k < TM_MATERIAL_SIDES; k++)
            n_places += m->counts[s].n_side[k] > 0;
        if (n_places > 1)
            return tm_msg_set(msg, TM_ERR_RANGE,
                              "the captures of --%s were taken at different ends of the path: what "
                              "would be found is the place (or --allow-side)",
                              SIDE[s]);
    }
    for (unsigned s = TM_COVER; s < TM_DETECT_SIDES && !o->may_differ_in_side; s++) {
        enum tm_material_side other =
            m->set[s].n > 0 ? tm_material_side_of(&m->set[s]) : TM_TAP_UNKNOWN;
        if (real != TM_TAP_UNKNOWN && other != TM_TAP_UNKNOWN && real != other)
            return tm_msg_set(
                msg, TM_ERR_RANGE,
                "%s was captured %s, %s %s: what would be found is the place; capture "
                "both at the same end (or --allow-side)",
                o->side[TM_REAL].path[0], tm_material_side_name(real), o->side[s].path[0],
                tm_material_side_name(other));
    }
    return TM_OK;
}

static int read_all(struct material *m, const struct tm_detect_options *o, struct tm_msg *msg)
{
    int rc = o->read.labels ? tm_material_labels(&m->labels, o->read.labels, msg) : TM_OK;
    if (rc == TM_OK && o->cover_labels)
        rc = tm_material_labels(&m->cover_labels, o->cover_labels, msg);
    for (unsigned s = 0; rc == TM_OK && s < TM_DETECT_SIDES; s++)
        rc = read_side(m, s, o, msg);
    if (rc == TM_OK && !o->cover_labels)
        number_loads(&m->set[TM_COVER]);
    if (rc == TM_OK)
        rc = read_cover_logs(m, o, msg);
    return rc == TM_OK ? check_places(m, o, msg) : rc;
}

#define RTT_QUANTILES 3U

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* 10 %, 50 % and 90 % of the path's round trips as handshakes show them; false: none was seen, or no memory. */
static bool round_trips(int64_t q[RTT_QUANTILES], const struct tm_trace_set *set)
{
    static const size_t PERCENT[RTT_QUANTILES] = {10, 50, 90};
    int64_t *v = calloc(set->n + 1, sizeof *v);
    size_t n = 0;
    for (size_t i = 0; v && i < set->n; i++) {
        const int64_t *rtt = set->v[i].rtt_us;
        if (rtt[TM_UP] != TM_NEVER && rtt[TM_DOWN] != TM_NEVER)
            v[n++] = rtt[TM_UP] + rtt[TM_DOWN];
    }
    if (n > 0)
        qsort(v, n, sizeof *v, by_time);
    for (size_t k = 0; k < RTT_QUANTILES && n > 0; k++)
        q[k] = v[(n - 1) * PERCENT[k] / 100];
    free(v);
    return n > 0;
}

/* Like must be compared with like: two paths differ more than anything that a model does. */
static void warn_of_paths(struct tm_detect_result *r, const struct material *m)
{
    int64_t a[RTT_QUANTILES] = {0}, b[RTT_QUANTILES] = {0};
    bool is_other = false;
    if (!round_trips(a, &m->set[TM_REAL]) || !round_trips(b, &m->set[TM_COVER]))
        return;
    for (unsigned k = 0; k < RTT_QUANTILES; k++)
        is_other = is_other || a[k] * 5 < b[k] * 4 || b[k] * 5 < a[k] * 4;
    if (is_other)
        tm_detect_warn(r,
                       "handshakes took %.1f/%.1f/%.1f ms (10/50/90 %%) in real, %.1f/%.1f/%.1f ms "
                       "in cover: other paths, which is what times then show",
                       (double)a[0] / 1e3, (double)a[1] / 1e3, (double)a[2] / 1e3,
                       (double)b[0] / 1e3, (double)b[1] / 1e3, (double)b[2] / 1e3);
}

static void warn_of_material(struct tm_detect_result *r, const struct material *m,
                             const struct tm_detect_options *o)
{
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        const struct tm_material_counts *c = &m->counts[s];
        if (c->n_incomplete > 0)
            tm_detect_warn(r, "%s: %" PRIu64 " of %" PRIu64 " connections are incomplete, left out",
                           SIDE[s], c->n_incomplete, c->n_conns);
        if (c->n_unlabelled > 0)
            tm_detect_warn(r, "%s: %" PRIu64 " connections are in no line of the labels", SIDE[s],
                           c->n_unlabelled);
    }
    if (o->cover_logs.n > 0 && m->n_in_log < m->set[TM_COVER].n)
        tm_detect_warn(r, "cover: %zu of %zu connections are not in the schedule log",
                       m->set[TM_COVER].n - m->n_in_log, m->set[TM_COVER].n);
    warn_of_paths(r, m);
    if (tm_material_side_of(&m->set[TM_REAL]) != tm_material_side_of(&m->set[TM_COVER]))
        tm_detect_warn(r, "real was captured %s, cover %s",
                       tm_material_side_name(tm_material_side_of(&m->set[TM_REAL])),
                       tm_material_side_name(tm_material_side_of(&m->set[TM_COVER])));
}

static void material_deinit(struct material *m)
{
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++)
        tm_trace_set_deinit(&m->set[s]);
    for (size_t i = 0; i < TM_DETECT_FILES_MAX; i++)
        tm_schedule_deinit(&m->log[i]);
    tm_labels_deinit(&m->labels);
    tm_labels_deinit(&m->cover_labels);
    free(m);
}

/* ---- the run ---- */

static void show_progress(void *ctx, const char *what, uint32_t done, uint32_t total)
{
    (void)ctx;
    (void)fprintf(stderr, "\rtm-audit: detect: %3" PRIu32 " of %" PRIu32 ", %-18s", done, total,
                  what);
}

static int print(const struct tm_detect_result *r, const struct tm_detect_options *o)
{
    (o->is_json ? tm_detect_json : tm_detect_print)(r, stdout);
    return 0;
}

static int detect(struct tm_detect_options *o, tm_detect_got_fn got, void *ctx)
{
    struct material *m = calloc(1, sizeof *m);
    struct tm_detect_result result = {.n_groups = 0};
    struct tm_detect_input in = {.name = {NULL}};
    struct tm_msg msg = {""};
    if (!m)
        return tm_audit_nomem();
    int rc = read_all(m, o, &msg);
    for (unsigned s = 0; s < TM_DETECT_SIDES; s++) {
        in.side[s] = &m->set[s];
        in.name[s] = m->name[s];
        in.sessions[s] = m->sessions[s];
    }
    if (rc == TM_OK) {
        bool is_shown = isatty(STDERR_FILENO) == 1;
        o->cfg.progress = is_shown ? show_progress : NULL;
        rc = tm_detect_run(&result, &o->cfg, &in, &msg);
        if (is_shown)
            (void)fputs("\r\033[K", stderr);
    }
    int status = 1;
    if (rc == TM_OK) {
        warn_of_material(&result, m, o);
        status = got ? got(ctx, &result) : print(&result, o);
        if (result.verdict == TM_DETECT_FAILED)
            status = 1;
    } else if (msg.text[0] == '\0') {
        status = tm_audit_nomem();
    } else {
        status = tm_audit_complain(&msg);
    }
    tm_detect_deinit(&result);
    material_deinit(m);
    return status;
}

int tm_detect_command(int argc, char **argv, tm_detect_got_fn got, void *ctx)
{
    struct tm_detect_options o;
    tm_detect_options_parse(&o, argc, argv);
    return detect(&o, got, ctx);
}

int tm_cmd_detect(int argc, char **argv)
{
    return tm_detect_command(argc, argv, NULL, NULL);
}
