#include "audit/played.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SHOWN 8U /* bytes of it in a log */

/* A carrier and the connection of the file that it is. */
struct pair {
    struct tm_played *out;
    uint32_t number;
    const struct tm_sched_carrier *c;
    const struct tm_schedfile_conn *file;
    size_t n_lead; /* leading up writes in the file: they are write 0 */
    uint64_t more
        [2]; /* bytes that its writes so far have above the file's, by direction: later ones may have as many fewer */
};

__attribute__((format(printf, 2, 3))) static void wrong(struct pair *p, const char *fmt, ...)
{
    if (p->out->n_wrong++ > 0)
        return;
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (void)tm_msg_set(&p->out->first, TM_OK,
                     "carrier %" PRIu32 " (line %" PRIu32 " of the file): %s", p->number,
                     p->file->line, text);
}

static bool is_of_file(const struct tm_schedule *s, const struct tm_schedfile *f)
{
    uint8_t digest[TM_DIGEST_LEN];
    char text[2 * DIGEST_SHOWN + 1];
    tm_schedfile_digest(f, digest);
    for (size_t i = 0; i < DIGEST_SHOWN; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return strcmp(s->session[TM_CLIENT].digest, text) == 0;
}

/* The file's connections, user after user, each in its order. */
struct by_user {
    size_t *first; /* owned; of each user, and one more: their number */
    size_t *conn;  /* owned; numbers in the file */
};

static int sort_by_user(struct by_user *b, const struct tm_schedfile *f)
{
    b->first = calloc((size_t)f->n_users + 1, sizeof *b->first);
    b->conn = calloc(f->n_conns > 0 ? f->n_conns : 1, sizeof *b->conn);
    if (!b->first || !b->conn)
        return TM_ERR_NOMEM;
    for (size_t i = 0; i < f->n_conns; i++)
        b->first[f->conn[i].user + 1]++;
    for (uint32_t u = 0; u < f->n_users; u++)
        b->first[u + 1] += b->first[u];
    for (size_t i = 0; i < f->n_conns; i++)
        b->conn[b->first[f->conn[i].user] + (size_t)f->conn[i].open.index] = i;
    return TM_OK;
}

static size_t n_of_user(const struct by_user *b, const struct tm_schedfile *f, uint32_t user)
{
    return user < f->n_users ? b->first[user + 1] - b->first[user] : 0;
}

static int64_t event_in_file(const struct tm_plan *p, size_t i)
{
    return p->w[i].ref_back == 0 ? -1 : (int64_t)i - p->w[i].ref_back;
}

/* Where write i of the file is on the carrier. */
static size_t place(const struct pair *p, size_t i)
{
    return i < p->n_lead ? 0 : i - p->n_lead + 1;
}

/* Whether a projection can make `got` bytes of `want`, after what it made of the writes before. */
static bool is_size(struct pair *p, uint8_t dir, uint64_t got, uint64_t want)
{
    if (got < want && want - got > p->more[dir])
        return false;
    p->more[dir] = p->more[dir] + got - want;
    return true;
}

/* The ClientHello of a connection that has not one up write in front: of none, or of several. */
static void judge_hello(struct pair *p)
{
    uint64_t want = 0;
    for (size_t i = 0; i < p->n_lead; i++)
        want += p->file->plan.w[i].size;
    if (p->n_lead == 1 || p->c->n_writes == 0 || !p->c->writes[0].is_known)
        return;
    uint64_t got = p->c->writes[0].w.size;
    p->more[TM_UP] = got > want ? got - want : 0;
}

/* Write i of the file, behind its leading ones or the only one of these, against the write at its place. */
static void judge_write(struct pair *p, size_t i)
{
    const struct tm_plan *plan = &p->file->plan;
    size_t at = place(p, i);
    if (at >= p->c->n_writes || !p->c->writes[at].is_known)
        return;
    const struct tm_write *want = &plan->w[i];
    const struct tm_write *got = &p->c->writes[at].w;
    int64_t event = event_in_file(plan, i);
    int64_t want_event = event < 0 ? -1 : (int64_t)place(p, (size_t)event);
    int64_t got_event = got->ref_back == 0 ? -1 : (int64_t)at - got->ref_back;
    bool is_same_event = got_event == want_event;
    if (got->dir != want->dir)
        wrong(p, "write %zu goes the other way than write %zu of the file", at, i);
    else if (!is_size(p, got->dir, got->size, want->size) && (at > 0 || got->size < 4096))
        wrong(p, "write %zu has %" PRIu32 " bytes, write %zu of the file %" PRIu32, at, got->size,
              i, want->size);
    else if (is_same_event && got->gap_us < want->gap_us)
        wrong(p, "write %zu has a gap of %" PRIu32 " us, write %zu of the file of %" PRIu32, at,
              got->gap_us, i, want->gap_us);
    p->out->n_as_written += got->dir == want->dir && got->size == want->size && is_same_event &&
                            got->gap_us == want->gap_us;
}

/* The number on the carrier of write n_writes - back of the file; `none` for 0. */
static int64_t close_ref(const struct pair *p, uint8_t back, int64_t none)
{
    return back > 0 ? (int64_t)place(p, p->file->plan.n_writes - back) : none;
}

/* Closed as the file says. */
static bool is_close(const struct pair *p)
{
    const struct tm_close *want = &p->file->plan.close;
    const struct tm_schedlog_close *got = &p->c->close[TM_UP];
    return got->how == want->how && got->ref == close_ref(p, want->back, TM_SLOG_REF_END) &&
           got->server_ref == close_ref(p, want->server_back, TM_SLOG_REF_FIN) &&
           got->server_gap_us == want->server_gap_us;
}

/* Opened by whom, after what and how long, closed how long after the last byte. */
static void judge_ends(struct pair *p, size_t n_of_its_user)
{
    const struct tm_open *want = &p->file->open;
    const struct tm_sched_carrier *c = p->c;
    bool is_again = c->index >= n_of_its_user && want->ref == TM_OPEN_ORIGIN;
    enum tm_open_ref ref = is_again ? TM_OPEN_ENDED : want->ref;
    if (c->open_ref != ref || c->open_gap_us != want->gap_us)
        wrong(p, "it opens after another event or gap than the file says");
    if (c->has_close[TM_UP] && c->close[TM_UP].gap_us != p->file->plan.close_gap_us)
        wrong(p, "it closes %" PRId64 " us after its event, in the file %" PRId64,
              c->close[TM_UP].gap_us, p->file->plan.close_gap_us);
    else if (c->has_close[TM_UP] && !is_close(p))
        wrong(p, "it is closed otherwise, or after another event, than the file says");
}

static void judge_carrier(struct pair *p, size_t n_of_its_user)
{
    const struct tm_plan *plan = &p->file->plan;
    uint32_t n_kept;
    while (p->n_lead < plan->n_writes && plan->w[p->n_lead].dir == TM_UP)
        p->n_lead++;
    n_kept = (uint32_t)(plan->n_writes - (p->n_lead > 1 ? p->n_lead - 1 : 0));
    judge_ends(p, n_of_its_user);
    judge_hello(p);
    for (size_t i = p->n_lead > 1 ? p->n_lead : 0; i < plan->n_writes; i++)
        judge_write(p, i);
    for (uint32_t i = 0; i < p->c->n_writes; i++)
        p->out->n_writes += p->c->writes[i].is_known;
    bool has_hello_more = p->n_lead == 0 && p->c->n_writes > 0;
    uint32_t n_behind =
        p->c->n_writes > n_kept + has_hello_more ? p->c->n_writes - n_kept - has_hello_more : 0;
    p->out->n_added += has_hello_more + n_behind;
    if (n_behind > (p->n_lead == plan->n_writes))
        wrong(p, "it has %" PRIu32 " writes, the file %zu", p->c->n_writes, plan->n_writes);
}

int tm_played_compare(struct tm_played *out, const struct tm_schedule *s,
                      const struct tm_schedfile *f, const char *name, struct tm_msg *msg)
{
    *out = (struct tm_played){.n_conns = (uint32_t)f->n_conns};
    if (!s->has_side[TM_CLIENT])
        return tm_msg_set(msg, TM_ERR_FORMAT, "to compare with %s, give the client's log", name);
    if (!is_of_file(s, f))
        return tm_msg_set(msg, TM_ERR_FORMAT, "the log is not of a run of %s as it is now", name);
    struct by_user by = {0};
    int rc = sort_by_user(&by, f);
    bool *is_opened = calloc(f->n_conns > 0 ? f->n_conns : 1, sizeof *is_opened);
    if (rc != TM_OK || !is_opened) {
        rc = tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
        goto out;
    }
    for (uint32_t k = 0; k < s->n_carriers; k++) {
        struct pair p = {.out = out, .number = k, .c = &s->carriers[k], .file = &f->conn[0]};
        if (!p.c->has_open)
            continue;
        out->n_carriers++;
        size_t n = n_of_user(&by, f, p.c->user);
        if (n == 0) {
            wrong(&p, "user %" PRIu32 " has no connection in the file", p.c->user);
            continue;
        }
        p.file = &f->conn[by.conn[by.first[p.c->user] + (size_t)(p.c->index % n)]];
        is_opened[p.file - f->conn] = true;
        judge_carrier(&p, n);
    }
    for (size_t i = 0; i < f->n_conns; i++)
        out->n_opened += is_opened[i];
out:
    free(by.first);
    free(by.conn);
    free(is_opened);
    return rc;
}
