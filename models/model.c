/* What the digest covers, integers big-endian, strings as u32 length + bytes:
 *
 *   "trafficmimic model 1" 00 | u32 kind | swing:    per non-empty list (model.h), in order:
 *                                                    string name, u32 n_points, n * {u64 value, u64 cum}
 *                                        | constant: u32 size_bytes, u32 interval_us, u32 n_exchanges
 *                                        | joint:    as swing, then u32 0, u32 mss_bytes, u32 parents, u32 rounds_max,
 *                                                    u32 share_max, u32 pause_mix, u32 batch_max, u32 n_conns, n * {u32 role [+ 2^31], u32 close_gap_us, u32 n_writes
 *                                                    [, u32 how << 16 | back << 8 | server_back, u32 server_gap_us; where it does not close plainly]},
 *                                                    per write {u32 size, u32 gap_us, u8 dir, u8 ref_back, u8 weld}
 *                                        | mix:      u32 n_parts, n * {digest of its model, u32 n_users}
 *
 * Empty lists are left out, so one that a later version adds changes no digest of today. */
#include "models/model.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "models/canon.h"
#include "models/joint.h"
#include "models/mix.h"
#include "models/plan.h"

enum unit { US, BYTES, COUNT };

struct param_spec {
    const char *name;
    const char *least; /* the names of its bounds */
    const char *most;
    enum unit unit;
    bool needed;
    uint64_t min;
    uint64_t max;
    const char *help;
};

#define NAMES(name) name, name ".least", name ".most"

static const struct param_spec specs[] = {
    [TM_SWING_NUM_RRE] = {NAMES("num_rre"), COUNT, false, 1, TM_MODEL_COUNT_MAX,
                          "request-response exchanges (RREs, think page views) in a session"},
    [TM_SWING_INTER_RRE] =
        {NAMES("inter_rre_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
         "end of an RRE's last connection to the next RRE's first SYN, RTT removed"},
    [TM_SWING_NUM_CONN] = {NAMES("num_conn"), COUNT, false, 1, TM_MODEL_COUNT_MAX,
                           "connections in an RRE"},
    [TM_SWING_INTER_CONN] = {NAMES("inter_conn_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
                             "SYN to SYN of consecutive connections in an RRE"},
    [TM_SWING_NUM_PAIRS] = {NAMES("num_pairs"), COUNT, true, 1, TM_MODEL_PAIRS_MAX,
                            "request/response exchanges on a connection"},
    [TM_SWING_REQ] = {NAMES("req_bytes"), BYTES, true, 1, TM_WRITE_SIZE_MAX,
                      "TCP payload of a request"},
    [TM_SWING_RSP] = {NAMES("rsp_bytes"), BYTES, true, 1, TM_WRITE_SIZE_MAX,
                      "TCP payload of a response"},
    [TM_SWING_REQ_THINK] = {NAMES("req_think_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
                            "response end to the next request, client RTT removed"},
    [TM_SWING_SERVER_THINK] = {NAMES("server_think_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
                               "request end to response start, server RTT removed"},
    [TM_SWING_CLOSE_THINK] = {NAMES("close_think_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
                              "last data byte to the first FIN or RST"},
    [TM_SWING_INTER_SESSION] = {NAMES("inter_session_us"), US, false, 0, TM_MODEL_TIME_MAX_US,
                                "end of a client's session to the start of its next"},
};
static_assert(sizeof specs / sizeof specs[0] == TM_SWING_PARAMS, "a parameter has no spec");

const char *tm_swing_param_name(enum tm_swing_param p)
{
    TM_ASSERT(p < TM_SWING_PARAMS);
    return specs[p].name;
}

const char *tm_swing_param_unit(enum tm_swing_param p)
{
    TM_ASSERT(p < TM_SWING_PARAMS);
    switch (specs[p].unit) {
    case US:
        return "us";
    case BYTES:
        return "bytes";
    case COUNT:
        return "count";
    }
    return "";
}

const char *tm_swing_param_help(enum tm_swing_param p)
{
    TM_ASSERT(p < TM_SWING_PARAMS);
    return specs[p].help;
}

#define FIRST_BOUND (TM_SWING_PARAMS + TM_MEASURED_PARAMS)
#define LIST_OVER   (TM_SWING_LISTS - 1)

const char *tm_swing_list_name(int list)
{
    TM_ASSERT(list >= 0 && list < TM_SWING_LISTS);
    if (list < TM_SWING_PARAMS)
        return specs[list].name;
    if (list < FIRST_BOUND)
        return tm_measured_name((enum tm_measured_param)(list - TM_SWING_PARAMS));
    if (list == LIST_OVER)
        return "is_over";
    const struct param_spec *spec = &specs[(list - FIRST_BOUND) / 2];
    return (list - FIRST_BOUND) % 2 == 0 ? spec->least : spec->most;
}

const struct tm_dist_point *tm_swing_list(const struct tm_swing *s, int list,
                                          struct tm_dist_point *one, size_t *n)
{
    TM_ASSERT(list >= 0 && list < TM_SWING_LISTS);
    if (list < FIRST_BOUND) {
        const struct tm_dist *d =
            list < TM_SWING_PARAMS ? &s->param[list] : &s->measured[list - TM_SWING_PARAMS];
        *n = d->n_points;
        return d->pt;
    }
    if (list == LIST_OVER) {
        *one = (struct tm_dist_point){1, 1};
        *n = s->is_over;
        return one;
    }
    const struct tm_bound *b = &s->bound[(list - FIRST_BOUND) / 2];
    *one = (struct tm_dist_point){(list - FIRST_BOUND) % 2 == 0 ? b->least : b->most, 1};
    *n = one->value > 0;
    return one;
}

int tm_swing_list_set(struct tm_swing *s, int list, const struct tm_dist_point *pt, size_t n)
{
    TM_ASSERT(list >= 0 && list < TM_SWING_LISTS);
    if (list < FIRST_BOUND) {
        struct tm_dist *d =
            list < TM_SWING_PARAMS ? &s->param[list] : &s->measured[list - TM_SWING_PARAMS];
        return d->n_points > 0 ? TM_ERR_RANGE : tm_dist_set(d, pt, n);
    }
    if (list == LIST_OVER) {
        if (s->is_over || n != 1 || pt[0].value != 1 || pt[0].cum != 1)
            return TM_ERR_RANGE;
        s->is_over = true;
        return TM_OK;
    }
    struct tm_bound *b = &s->bound[(list - FIRST_BOUND) / 2];
    uint64_t *bound = (list - FIRST_BOUND) % 2 == 0 ? &b->least : &b->most;
    if (*bound > 0 || n != 1 || pt[0].value == 0 || pt[0].cum != 1)
        return TM_ERR_RANGE;
    *bound = pt[0].value;
    return TM_OK;
}

const char *tm_model_kind_name(enum tm_model_kind k)
{
    switch (k) {
    case TM_MODEL_SWING:
        return "swing";
    case TM_MODEL_CONSTANT:
        return "constant";
    case TM_MODEL_JOINT:
        return "joint";
    case TM_MODEL_MIX:
        return "mix";
    }
    return "unknown";
}

void tm_model_constant_default(struct tm_model *m)
{
    *m = (struct tm_model){
        .kind = TM_MODEL_CONSTANT,
        .name = "constant",
        .u.constant = {.size_bytes = 1448, .interval_us = 500000, .n_exchanges = 10},
    };
}

void tm_model_deinit(struct tm_model *m)
{
    struct tm_swing *swing = m->kind == TM_MODEL_SWING   ? &m->u.swing
                             : m->kind == TM_MODEL_JOINT ? &m->u.joint.swing
                                                         : NULL;
    for (size_t p = 0; swing && p < TM_SWING_PARAMS; p++)
        tm_dist_deinit(&swing->param[p]);
    for (size_t p = 0; swing && p < TM_MEASURED_PARAMS; p++)
        tm_dist_deinit(&swing->measured[p]);
    if (m->kind == TM_MODEL_JOINT)
        tm_deck_deinit(&m->u.joint.deck);
    *m = (struct tm_model){0};
}

static int check_param(const char *model, const struct param_spec *spec, bool is_needed,
                       const struct tm_dist *d, struct tm_msg *msg)
{
    if (d->n_points == 0) {
        if (!is_needed)
            return TM_OK;
        return tm_msg_set(
            msg, TM_ERR_RANGE,
            "model %s cannot be played: %s has no samples; learn it from a capture with "
            "complete exchanges",
            model, spec->name);
    }
    uint64_t least = d->pt[0].value;
    uint64_t most = d->pt[d->n_points - 1].value;
    if (least >= spec->min && most <= spec->max)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "model %s cannot be played: %s reaches %" PRIu64 ", allowed is %" PRIu64
                      " to %" PRIu64,
                      model, spec->name, least < spec->min ? least : most, spec->min, spec->max);
}

static int check_measured(const char *model, const struct tm_swing *s, struct tm_msg *msg)
{
    struct tm_dist_point one;
    for (int list = TM_SWING_PARAMS; list < TM_SWING_LISTS; list++) {
        size_t n;
        const struct tm_dist_point *pt = tm_swing_list(s, list, &one, &n);
        if (n > 0 && pt[n - 1].value > TM_MEASURED_MAX)
            return tm_msg_set(msg, TM_ERR_RANGE, "model %s: %s reaches %" PRIu64 ", too far", model,
                              tm_swing_list_name(list), pt[n - 1].value);
    }
    return TM_OK;
}

/* A joint model needs none of the parameters. */
static int check_swing(const char *model, const struct tm_swing *s, bool is_joint,
                       struct tm_msg *msg)
{
    for (size_t p = 0; p < TM_SWING_PARAMS; p++) {
        int rc = check_param(model, &specs[p], specs[p].needed && !is_joint, &s->param[p], msg);
        if (rc)
            return rc;
    }
    return check_measured(model, s, msg);
}

static int check_constant(const char *model, const struct tm_constant *c, struct tm_msg *msg)
{
    const struct {
        const char *name;
        uint32_t value, min, max;
    } fields[] = {
        {"size_bytes", c->size_bytes, 1, TM_WRITE_SIZE_MAX},
        {"interval_us", c->interval_us, 0, TM_WRITE_GAP_MAX},
        {"n_exchanges", c->n_exchanges, 1, TM_MODEL_PAIRS_MAX},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (fields[i].value < fields[i].min || fields[i].value > fields[i].max)
            return tm_msg_set(msg, TM_ERR_RANGE,
                              "model %s cannot be played: %s is %" PRIu32 ", allowed is %" PRIu32
                              " to %" PRIu32,
                              model, fields[i].name, fields[i].value, fields[i].min, fields[i].max);
    }
    return TM_OK;
}

int tm_model_check(const struct tm_model *m, struct tm_msg *msg)
{
    if (m->kind == TM_MODEL_MIX)
        return tm_mix_check(m, msg);
    if (!memchr(m->name, 0, sizeof m->name) || !tm_model_name_ok(m->name))
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "a model's name is 1 to %d letters, digits, '-', '_' or '.', the first a "
                          "letter or digit",
                          TM_MODEL_NAME_MAX);
    switch (m->kind) {
    case TM_MODEL_SWING:
        return check_swing(m->name, &m->u.swing, false, msg);
    case TM_MODEL_CONSTANT:
        return check_constant(m->name, &m->u.constant, msg);
    case TM_MODEL_JOINT: {
        int rc = check_swing(m->name, &m->u.joint.swing, true, msg);
        return rc ? rc : tm_joint_check(m->name, &m->u.joint, msg);
    }
    case TM_MODEL_MIX:
        break;
    }
    return tm_msg_set(msg, TM_ERR_RANGE, "model %s has an unknown kind (%d)", m->name,
                      (int)m->kind);
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool tm_model_name_ok(const char *name)
{
    size_t len = strnlen(name, TM_MODEL_NAME_MAX + 1);
    if (len == 0 || len > TM_MODEL_NAME_MAX || !is_alnum(name[0]))
        return false;
    for (size_t i = 1; i < len; i++) {
        if (!is_alnum(name[i]) && name[i] != '-' && name[i] != '_' && name[i] != '.')
            return false;
    }
    return true;
}

static void canon_swing(struct tm_canon *c, const struct tm_swing *s)
{
    struct tm_dist_point one;
    for (int list = 0; list < TM_SWING_LISTS; list++) {
        size_t n;
        const struct tm_dist_point *pt = tm_swing_list(s, list, &one, &n);
        if (n == 0)
            continue;
        tm_canon_str(c, tm_swing_list_name(list));
        tm_canon_u32(c, (uint32_t)n);
        for (size_t i = 0; i < n; i++) {
            tm_canon_u64(c, pt[i].value);
            tm_canon_u64(c, pt[i].cum);
        }
    }
}

void tm_model_digest(const struct tm_model *m, uint8_t out[TM_DIGEST_LEN])
{
    struct tm_canon c;
    tm_canon_init(&c, "trafficmimic model 1");
    tm_canon_u32(&c, (uint32_t)m->kind);
    switch (m->kind) {
    case TM_MODEL_SWING:
        canon_swing(&c, &m->u.swing);
        break;
    case TM_MODEL_CONSTANT:
        tm_canon_u32(&c, m->u.constant.size_bytes);
        tm_canon_u32(&c, m->u.constant.interval_us);
        tm_canon_u32(&c, m->u.constant.n_exchanges);
        break;
    case TM_MODEL_JOINT:
        canon_swing(&c, &m->u.joint.swing);
        tm_canon_u32(&c, 0); /* no name is that short */
        tm_canon_joint(&c, &m->u.joint);
        break;
    case TM_MODEL_MIX:
        tm_canon_mix(&c, &m->u.mix);
        break;
    }
    tm_canon_final(&c, out);
}
