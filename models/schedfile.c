#include "models/schedfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/canon.h"
#include "models/gen.h"
#include "models/model.h"
#include "tm/base/grow.h"
#include "tm/base/json.h"

/* One line's members.  Which a line needs depends on its `t`, which need not come first. */
enum member {
    T,
    V,
    C,
    USER,
    SESSION,
    I,
    DIR,
    SIZE,
    REF,
    GAP,
    HOW,
    SERVER_REF,
    SERVER_GAP,
    MEMBERS
};

static const char *const member_name[MEMBERS] = {[T] = "t",
                                                 [V] = "v",
                                                 [C] = "c",
                                                 [USER] = "user",
                                                 [SESSION] = "session",
                                                 [I] = "i",
                                                 [DIR] = "dir",
                                                 [SIZE] = "size",
                                                 [REF] = "ref",
                                                 [GAP] = "gap",
                                                 [HOW] = "how",
                                                 [SERVER_REF] = "server_ref",
                                                 [SERVER_GAP] = "server_gap"};

struct line {
    unsigned seen; /* bit m: member m was there */
    char t[16];
    char dir[8];
    char ref_name[8];
    char how[8];
    bool is_ref_named;
    int64_t ref;
    uint64_t number[MEMBERS];
};

/* The file so far. */
struct reading {
    struct tm_schedfile *f;
    struct tm_json j; /* of the line at hand */
    bool has_head;
    struct {
        uint64_t n_conns;
        uint32_t session, rre; /* of the last connection */
    } * user;                  /* owned, TM_GEN_USERS_MAX */
};

static int read_text(struct tm_json *j, char *out, size_t cap, const char *what)
{
    return tm_json_is_string(j) ? tm_json_string(j, out, cap)
                                : tm_json_fail(j, TM_ERR_FORMAT, "\"%s\" is a text", what);
}

static int read_number(struct tm_json *j, uint64_t *out, unsigned m)
{
    int64_t v = 0;
    int rc = tm_json_integer(j, INT64_MIN, INT64_MAX, &v);
    if (rc != TM_OK)
        return rc;
    if (v < 0 && (m == GAP || m == SERVER_GAP))
        return tm_json_fail(j, TM_ERR_RANGE, "a gap of %" PRId64 " us: time does not run backwards",
                            v);
    if (v < 0)
        return tm_json_fail(j, TM_ERR_RANGE, "\"%s\" is %" PRId64 ": 0 or more is wanted",
                            member_name[m], v);
    *out = (uint64_t)v;
    return TM_OK;
}

static int read_value(struct tm_json *j, struct line *l, unsigned m)
{
    switch ((enum member)m) {
    case T:
        return read_text(j, l->t, sizeof l->t, "t");
    case DIR:
        return read_text(j, l->dir, sizeof l->dir, "dir");
    case HOW:
        return read_text(j, l->how, sizeof l->how, "how");
    case REF:
        l->is_ref_named = tm_json_is_string(j);
        if (l->is_ref_named)
            return tm_json_string(j, l->ref_name, sizeof l->ref_name);
        return tm_json_integer(j, INT64_MIN, INT64_MAX, &l->ref);
    case V:
    case C:
    case USER:
    case SESSION:
    case I:
    case SIZE:
    case GAP:
    case SERVER_REF:
    case SERVER_GAP:
        return read_number(j, &l->number[m], m);
    case MEMBERS:
        break;
    }
    return tm_json_skip(j);
}

static int read_members(struct tm_json *j, struct line *l)
{
    char key[64];
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        unsigned m = 0;
        while (m < MEMBERS && strcmp(key, member_name[m]) != 0)
            m++;
        if (m < MEMBERS && l->seen >> m & 1U)
            return tm_json_fail(j, TM_ERR_FORMAT, "\"%s\" a second time", key);
        l->seen |= m < MEMBERS ? 1U << m : 0;
        rc = read_value(j, l, m);
    }
    return rc == TM_OK ? tm_json_end(j) : rc;
}

/* The members that a line of this `t` must have. */
static int need(struct tm_json *j, const struct line *l, unsigned wanted)
{
    for (unsigned m = 0; m < MEMBERS; m++) {
        if (wanted >> m & 1U && !(l->seen >> m & 1U))
            return tm_json_fail(j, TM_ERR_FORMAT, "the \"%s\" line has no \"%s\"", l->t,
                                member_name[m]);
    }
    return TM_OK;
}

static int read_head(struct reading *r, const struct line *l)
{
    int rc = need(&r->j, l, 1U << V);
    if (rc != TM_OK)
        return rc;
    if (r->has_head)
        return tm_json_fail(&r->j, TM_ERR_FORMAT, "a second \"schedule\" line");
    if (l->number[V] > TM_SCHEDFILE_VERSION)
        return tm_json_fail(&r->j, TM_ERR_UNSUPPORTED,
                            "written for a newer TrafficMimic (version %" PRIu64
                            "): update this program",
                            l->number[V]);
    if (l->number[V] < 1)
        return tm_json_fail(&r->j, TM_ERR_FORMAT, "there is no version 0");
    r->has_head = true;
    return TM_OK;
}

static int open_ref(struct reading *r, const struct line *l, enum tm_open_ref *ref)
{
    static const char *const name[] = {[TM_OPEN_ORIGIN] = "origin",
                                       [TM_OPEN_PREV] = "prev",
                                       [TM_OPEN_ENDED] = "ended",
                                       [TM_OPEN_OVER] = "over"};
    const unsigned n_names = sizeof name / sizeof *name;
    bool is_first = r->user[l->number[USER]].n_conns == 0;
    unsigned i = 0;
    while (i < n_names && (!l->is_ref_named || strcmp(l->ref_name, name[i]) != 0))
        i++;
    if (i == n_names)
        return tm_json_fail(
            &r->j, TM_ERR_FORMAT,
            "the \"ref\" of an opening is \"origin\", \"prev\", \"ended\" or \"over\"");
    *ref = (enum tm_open_ref)i;
    if (is_first != (*ref == TM_OPEN_ORIGIN))
        return tm_json_fail(&r->j, TM_ERR_RANGE,
                            "user %" PRIu64 ": the first opening runs from \"origin\", and no "
                            "other",
                            l->number[USER]);
    return TM_OK;
}

static int read_open(struct reading *r, const struct line *l)
{
    struct tm_schedfile *f = r->f;
    enum tm_open_ref ref = TM_OPEN_ORIGIN;
    int rc = need(&r->j, l, 1U << C | 1U << USER | 1U << REF | 1U << GAP);
    if (rc != TM_OK)
        return rc;
    if (l->number[C] != f->n_conns)
        return tm_json_fail(&r->j, TM_ERR_RANGE,
                            "connection %" PRIu64 " opens where %zu is the next number",
                            l->number[C], f->n_conns);
    if (f->n_conns == TM_SCHEDFILE_CONNS_MAX)
        return tm_json_fail(&r->j, TM_ERR_LIMIT, "more than %u connections",
                            TM_SCHEDFILE_CONNS_MAX);
    if (l->number[USER] >= TM_GEN_USERS_MAX)
        return tm_json_fail(&r->j, TM_ERR_RANGE, "users are 0 to %u", TM_GEN_USERS_MAX - 1);
    if (l->number[SESSION] > UINT32_MAX)
        return tm_json_fail(&r->j, TM_ERR_RANGE, "sessions are 0 to %u", UINT32_MAX);
    if (l->number[GAP] > TM_MODEL_TIME_MAX_US)
        return tm_json_fail(&r->j, TM_ERR_RANGE, "a gap longer than %" PRIu64 " us",
                            TM_MODEL_TIME_MAX_US);
    rc = open_ref(r, l, &ref);
    if (rc == TM_OK && tm_grow(&f->conn, &f->cap_conns, f->n_conns, sizeof *f->conn) != TM_OK)
        rc = tm_json_fail(&r->j, TM_ERR_NOMEM, "out of memory");
    if (rc != TM_OK)
        return rc;
    uint32_t user = (uint32_t)l->number[USER];
    uint32_t session = (uint32_t)l->number[SESSION];
    bool is_new = session != r->user[user].session;
    r->user[user].rre =
        is_new ? 0 : r->user[user].rre + (ref == TM_OPEN_ENDED || ref == TM_OPEN_OVER);
    r->user[user].session = session;
    f->conn[f->n_conns++] = (struct tm_schedfile_conn){
        .user = user,
        .open = {.index = r->user[user].n_conns++,
                 .session = session,
                 .rre = r->user[user].rre,
                 .ref = ref,
                 .gap_us = (int64_t)l->number[GAP]},
        .line = r->j.line,
    };
    f->n_users = user >= f->n_users ? user + 1 : f->n_users;
    return TM_OK;
}

/* The open connection that the line names; NULL: there is none, and r->j says so. */
static struct tm_schedfile_conn *find(struct reading *r, const struct line *l)
{
    uint64_t number = l->number[C];
    bool is_known = number < r->f->n_conns;
    if (is_known && !r->f->conn[number].is_closed)
        return &r->f->conn[number];
    (void)tm_json_fail(&r->j, TM_ERR_RANGE, "connection %" PRIu64 " was %s before this line",
                       number, is_known ? "closed" : "not opened");
    return NULL;
}

static int check_data(struct tm_json *j, const struct line *l, const struct tm_plan *p)
{
    bool is_up = strcmp(l->dir, "up") == 0;
    int64_t i = (int64_t)p->n_writes;
    if (l->number[I] != p->n_writes)
        return tm_json_fail(j, TM_ERR_RANGE,
                            "write %" PRIu64 " of connection %" PRIu64
                            " stands where %zu is the next number",
                            l->number[I], l->number[C], p->n_writes);
    if (!is_up && strcmp(l->dir, "down") != 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "\"dir\" is \"up\" or \"down\"");
    if (l->number[SIZE] < 1 || l->number[SIZE] > TM_WRITE_SIZE_MAX)
        return tm_json_fail(j, TM_ERR_RANGE, "a size of %" PRIu64 ": 1 to %u bytes are possible",
                            l->number[SIZE], TM_WRITE_SIZE_MAX);
    if (l->number[GAP] > TM_WRITE_GAP_MAX)
        return tm_json_fail(j, TM_ERR_RANGE, "a gap of %" PRIu64 " us: at most %u are possible",
                            l->number[GAP], TM_WRITE_GAP_MAX);
    if (l->is_ref_named)
        return tm_json_fail(j, TM_ERR_FORMAT,
                            "the \"ref\" of a write is the number of another one, or -1");
    if (l->ref >= i)
        return tm_json_fail(j, TM_ERR_RANGE,
                            "write %" PRId64 " waits for write %" PRId64 ", which comes later", i,
                            l->ref);
    if (l->ref < -1 || (l->ref >= 0 && i - l->ref > (int64_t)TM_REF_BACK_MAX))
        return tm_json_fail(j, TM_ERR_RANGE,
                            "write %" PRId64 " waits for write %" PRId64
                            ": -1 (the start) or one of the %u before it is possible",
                            i, l->ref, TM_REF_BACK_MAX);
    return TM_OK;
}

static int read_data(struct reading *r, const struct line *l)
{
    int rc = need(&r->j, l, 1U << C | 1U << I | 1U << DIR | 1U << SIZE | 1U << REF | 1U << GAP);
    struct tm_schedfile_conn *c = rc == TM_OK ? find(r, l) : NULL;
    if (!c)
        return r->j.error;
    rc = check_data(&r->j, l, &c->plan);
    if (rc != TM_OK)
        return rc;
    int64_t back = l->ref < 0 ? 0 : (int64_t)c->plan.n_writes - l->ref;
    rc = tm_plan_add(&c->plan, (struct tm_write){
                                   .size = (uint32_t)l->number[SIZE],
                                   .gap_us = (uint32_t)l->number[GAP],
                                   .dir = strcmp(l->dir, "up") == 0 ? TM_UP : TM_DOWN,
                                   .ref_back = (uint8_t)back,
                               });
    if (rc == TM_ERR_LIMIT)
        return tm_json_fail(&r->j, rc, "more than %u writes on a connection", TM_PLAN_WRITES_MAX);
    return rc == TM_OK ? TM_OK : tm_json_fail(&r->j, rc, "out of memory");
}

/* The number of a write of the connection as a distance from its end, 1 to 255. */
static int close_back(struct tm_json *j, const char *name, int64_t ref, size_t n_writes,
                      uint8_t *back)
{
    int64_t distance = (int64_t)n_writes - ref;
    if (ref < 0 || distance < 1 || distance > (int64_t)UINT8_MAX)
        return tm_json_fail(j, TM_ERR_RANGE,
                            "\"%s\" is %" PRId64 ": one of the last %u of %zu writes is possible",
                            name, ref, UINT8_MAX, n_writes);
    *back = (uint8_t)distance;
    return TM_OK;
}

/* Who closes, how and after what. */
static int read_closing(struct tm_json *j, const struct line *l, struct tm_plan *p)
{
    struct tm_close c = {.how = TM_CLOSE_FIN};
    bool has_server = l->seen >> SERVER_REF & 1U;
    int rc = TM_OK;
    if (l->seen >> HOW & 1U && strcmp(l->how, "reset") == 0)
        c.how = TM_CLOSE_RESET;
    else if (l->seen >> HOW & 1U && strcmp(l->how, "fin") != 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "\"how\" is \"fin\" or \"reset\"");
    if (l->is_ref_named)
        return tm_json_fail(j, TM_ERR_FORMAT,
                            "the \"ref\" of a close is the number of a write, or -1");
    if (has_server != (l->seen >> SERVER_GAP & 1U))
        return tm_json_fail(j, TM_ERR_FORMAT,
                            "\"server_ref\" and \"server_gap\" are there together");
    if (l->number[SERVER_GAP] > TM_WRITE_GAP_MAX || l->number[SERVER_REF] > TM_PLAN_WRITES_MAX)
        return tm_json_fail(j, TM_ERR_RANGE, "a gap of more than %u us, or no such write",
                            TM_WRITE_GAP_MAX);
    if (l->seen >> REF & 1U && l->ref != -1)
        rc = close_back(j, "ref", l->ref, p->n_writes, &c.back);
    if (rc == TM_OK && has_server)
        rc = close_back(j, "server_ref", (int64_t)l->number[SERVER_REF], p->n_writes,
                        &c.server_back);
    c.server_gap_us = (uint32_t)l->number[SERVER_GAP];
    p->close = c;
    return rc;
}

static int read_close(struct reading *r, const struct line *l)
{
    int rc = need(&r->j, l, 1U << C | 1U << GAP);
    struct tm_schedfile_conn *c = rc == TM_OK ? find(r, l) : NULL;
    if (!c)
        return r->j.error;
    if (c->plan.n_writes == 0)
        return tm_json_fail(&r->j, TM_ERR_RANGE, "connection %" PRIu64 " closes without a write",
                            l->number[C]);
    if (l->number[GAP] > TM_MODEL_TIME_MAX_US)
        return tm_json_fail(&r->j, TM_ERR_RANGE, "a gap longer than %" PRIu64 " us",
                            TM_MODEL_TIME_MAX_US);
    c->plan.close_gap_us = (int64_t)l->number[GAP];
    c->is_closed = true;
    return read_closing(&r->j, l, &c->plan);
}

static int read_line(struct reading *r)
{
    static const struct {
        const char *t;
        int (*read)(struct reading *r, const struct line *l);
    } kind[] = {
        {"schedule", read_head}, {"open", read_open}, {"data", read_data}, {"close", read_close}};
    struct line l = {0};
    int rc = read_members(&r->j, &l);
    if (rc != TM_OK)
        return rc;
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        if (strcmp(l.t, kind[i].t) != 0)
            continue;
        if (i > 0 && !r->has_head)
            break;
        return kind[i].read(r, &l);
    }
    return r->has_head ? tm_json_fail(&r->j, TM_ERR_FORMAT,
                                      "\"t\" is \"open\", \"data\" or \"close\", not \"%s\"", l.t)
                       : tm_json_fail(&r->j, TM_ERR_FORMAT,
                                      "a schedule file begins with {\"t\":\"schedule\",\"v\":%d}",
                                      TM_SCHEDFILE_VERSION);
}

static bool is_empty(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r'))
        i++;
    return i == len || line[i] == '#';
}

static int read_lines(struct reading *r, const char *text, size_t len, const char *name,
                      struct tm_msg *msg)
{
    uint32_t number = 1;
    for (size_t at = 0; at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        if (!is_empty(text + at, n)) {
            tm_json_init(&r->j, text + at, n, name, msg);
            r->j.line = number;
            int rc = read_line(r);
            if (rc != TM_OK)
                return rc;
        }
        at += n + 1;
    }
    return TM_OK;
}

static int check_whole(const struct tm_schedfile *f, const char *name, struct tm_msg *msg)
{
    if (f->n_conns == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: no connection opens in it", name);
    for (size_t i = 0; i < f->n_conns; i++) {
        if (!f->conn[i].is_closed)
            return tm_msg_set(msg, TM_ERR_RANGE,
                              "%s:%" PRIu32 ": connection %zu, opened here, never closes", name,
                              f->conn[i].line, i);
    }
    return TM_OK;
}

int tm_schedfile_read(struct tm_schedfile *f, const char *text, size_t len, const char *name,
                      struct tm_msg *msg)
{
    struct reading r = {.f = f, .user = calloc(TM_GEN_USERS_MAX, sizeof *r.user)};
    int rc = r.user ? read_lines(&r, text, len, name, msg)
                    : tm_msg_set(msg, TM_ERR_NOMEM, "%s: out of memory", name);
    if (rc == TM_OK)
        rc = check_whole(f, name, msg);
    free(r.user);
    if (rc != TM_OK)
        tm_schedfile_deinit(f);
    return rc;
}

void tm_schedfile_deinit(struct tm_schedfile *f)
{
    for (size_t i = 0; i < f->n_conns; i++)
        tm_plan_deinit(&f->conn[i].plan);
    free(f->conn);
    *f = (struct tm_schedfile){0};
}

#define FOLLOWED (UINT64_C(1) << 63) /* by the rest of a closing */

static void digest_plan(struct tm_canon *h, const struct tm_plan *p)
{
    tm_canon_u32(h, (uint32_t)p->n_writes);
    for (size_t i = 0; i < p->n_writes; i++) {
        tm_canon_u32(h, p->w[i].size);
        tm_canon_u32(h, p->w[i].gap_us);
        tm_canon_u32(h, (uint32_t)p->w[i].dir << 8 | p->w[i].ref_back);
    }
    bool is_plain = tm_close_is_plain(&p->close);
    tm_canon_u64(h, (uint64_t)p->close_gap_us | (is_plain ? 0 : FOLLOWED));
    if (is_plain) /* as it was when there were no others */
        return;
    tm_canon_u32(h, (uint32_t)p->close.how << 16 | (uint32_t)p->close.back << 8 |
                        p->close.server_back);
    tm_canon_u32(h, p->close.server_gap_us);
}

void tm_schedfile_digest(const struct tm_schedfile *f, uint8_t out[TM_DIGEST_LEN])
{
    struct tm_canon h;
    tm_canon_init(&h, "trafficmimic schedule v1");
    tm_canon_u32(&h, f->n_users);
    tm_canon_u32(&h, (uint32_t)f->n_conns);
    for (size_t i = 0; i < f->n_conns; i++) {
        const struct tm_schedfile_conn *c = &f->conn[i];
        tm_canon_u32(&h, c->user);
        tm_canon_u32(&h, (uint32_t)c->open.ref);
        tm_canon_u64(&h, (uint64_t)c->open.gap_us);
        digest_plan(&h, &c->plan);
    }
    tm_canon_final(&h, out);
}
