#include "models/joint.h"

#include <inttypes.h>

#include "models/canon.h"

void tm_joint_sum(const struct tm_joint *j, struct tm_joint_sum *out)
{
    const struct tm_deck *d = &j->deck;
    *out = (struct tm_joint_sum){0};
    for (size_t i = 0; i < d->n_conns; i++)
        out->n_conns[d->conn[i].role]++;
    for (size_t i = 0; i < d->n_writes; i++) {
        out->bytes[d->w[i].dir] += d->w[i].size;
        out->n_welds += d->weld[i];
    }
}

static int check_number(const char *model, const char *what, uint32_t value, uint32_t min,
                        uint32_t max, struct tm_msg *msg)
{
    if (value >= min && value <= max)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "model %s cannot be played: %s is %" PRIu32 ", allowed is %" PRIu32
                      " to %" PRIu32,
                      model, what, value, min, max);
}

int tm_joint_check(const char *name, const struct tm_joint *j, struct tm_msg *msg)
{
    const struct tm_recombine_cfg *r = &j->recombine;
    int rc = check_number(name, "parents", r->parents, 1, TM_RECOMBINE_PARENTS_MAX, msg);
    if (rc == TM_OK)
        rc = check_number(name, "rounds_max", r->rounds_max, 0, TM_RECOMBINE_ROUNDS_MAX, msg);
    if (rc == TM_OK)
        rc = check_number(name, "share_max", r->share_max, 1, 100, msg);
    if (rc == TM_OK)
        rc = check_number(name, "pause_mix", r->pause_mix, 0, 1000, msg);
    if (rc == TM_OK && j->batch_max != 0)
        rc = check_number(name, "batch_max", j->batch_max, TM_JOINT_BATCH_MIN, TM_DECK_CONNS_MAX,
                          msg);
    if (rc == TM_OK)
        rc = check_number(name, "mss_bytes", j->mss_bytes, 0, UINT16_MAX, msg);
    if (rc != TM_OK)
        return rc;
    if (j->deck.n_conns == 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "model %s cannot be played: it has no connections; learn it from a "
                          "capture with complete ones",
                          name);
    if (tm_deck_check(&j->deck) != TM_OK)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "model %s cannot be played: a connection holds what no plan may", name);
    return TM_OK;
}

#define FOLLOWED (1U << 31) /* by the rest of a closing */

static uint8_t *put_u32(uint8_t *at, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(v >> shift);
    return at;
}

/* Many at a time: a server waits for this when a session begins. */
static void canon_writes(struct tm_canon *c, const struct tm_deck *d)
{
    enum { WRITE_LEN = 11, WRITES = 256 };
    uint8_t bytes[WRITE_LEN * WRITES];
    for (size_t i = 0; i < d->n_writes;) {
        uint8_t *at = bytes;
        for (; i < d->n_writes && at < bytes + sizeof bytes; i++) {
            at = put_u32(at, d->w[i].size);
            at = put_u32(at, d->w[i].gap_us);
            *at++ = d->w[i].dir;
            *at++ = d->w[i].ref_back;
            *at++ = d->weld[i];
        }
        tm_canon_bytes(c, bytes, (size_t)(at - bytes));
    }
}

void tm_canon_joint(struct tm_canon *c, const struct tm_joint *j)
{
    const struct tm_deck *d = &j->deck;
    tm_canon_u32(c, j->mss_bytes);
    tm_canon_u32(c, j->recombine.parents);
    tm_canon_u32(c, j->recombine.rounds_max);
    tm_canon_u32(c, j->recombine.share_max);
    tm_canon_u32(c, j->recombine.pause_mix);
    tm_canon_u32(c, j->batch_max);
    tm_canon_u32(c, (uint32_t)d->n_conns);
    for (size_t i = 0; i < d->n_conns; i++) {
        const struct tm_close *close = &d->conn[i].close;
        bool is_plain = tm_close_is_plain(close);
        tm_canon_u32(c, d->conn[i].role | (is_plain ? 0 : FOLLOWED));
        tm_canon_u32(c, d->conn[i].close_gap_us);
        tm_canon_u32(c, d->conn[i].n_writes);
        if (is_plain) /* as it was when there were no others */
            continue;
        tm_canon_u32(c,
                     (uint32_t)close->how << 16 | (uint32_t)close->back << 8 | close->server_back);
        tm_canon_u32(c, close->server_gap_us);
    }
    canon_writes(c, d);
}
