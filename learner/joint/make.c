#include "learner/joint/make.h"

#include <assert.h>
#include <string.h>

#include "tm/base/rng.h"

/* Most connections' segments are of the most frequent size. */
static uint32_t mss_of(const struct tm_swing *s)
{
    const struct tm_dist *d = &s->measured[TM_MEASURED_MSS];
    uint64_t mss = d->n_points > 0 ? tm_dist_quantile(d, 500) : 0;
    return mss <= UINT16_MAX ? (uint32_t)mss : 0;
}

static void key_of(uint8_t key[TM_SEED_LEN], const struct tm_deck *captured)
{
    static_assert(TM_SEED_LEN == TM_DIGEST_LEN, "a digest is a key");
    struct tm_model raw = {.kind = TM_MODEL_JOINT};
    raw.u.joint.deck = *captured; /* borrowed */
    tm_model_digest(&raw, key);
}

static int copy_deck(struct tm_deck *to, const struct tm_deck *from)
{
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < from->n_conns; i++) {
        const struct tm_deck_conn *c = &from->conn[i];
        rc = tm_deck_add_conn(to, (enum tm_deck_role)c->role, c->close_gap_us);
        if (rc == TM_OK)
            to->conn[i].user = c->user;
        for (uint32_t k = 0; rc == TM_OK && k < c->n_writes; k++)
            rc = tm_deck_add_write(to, from->w[c->first + k]);
    }
    return rc;
}

/* Pools rare values, puts the connections together anew, and welds them so that they come back neither as they are now nor as they
 * were captured. */
static int make_deck(struct tm_deck *out, const struct tm_deck *captured, uint32_t k,
                     const struct tm_recombine_cfg *cfg, struct tm_joint_made *made)
{
    uint8_t key[TM_SEED_LEN], child[TM_SEED_LEN];
    struct tm_deck pooled = {0};
    key_of(key, captured);
    tm_rng_child(child, key, TM_RNG_POOL, 0);
    int rc = copy_deck(&pooled, captured);
    if (rc == TM_OK)
        rc = tm_pool_deck(&pooled, k, child, &made->pooled);
    if (rc == TM_OK)
        rc = tm_recombine(out, &pooled, cfg, key, &made->recombined);
    tm_rng_child(child, key, TM_RNG_WELD, 0);
    if (rc == TM_OK)
        rc = tm_weld(out, &pooled, child, &made->welded);
    tm_rng_child(child, key, TM_RNG_WELD, 1);
    if (rc == TM_OK && made->pooled.n_sizes > 0)
        rc = tm_weld(out, captured, child, &made->welded_captured);
    tm_deck_deinit(&pooled);
    return rc;
}

int tm_joint_make(struct tm_model *m, const struct tm_deck *captured, uint32_t k,
                  struct tm_joint_made *made, struct tm_msg *msg)
{
    struct tm_deck deck = {0};
    *made = (struct tm_joint_made){0};
    struct tm_recombine_cfg cfg = tm_recombine_cfg_default();
    if (captured->n_conns < TM_JOINT_CONNS_MIN)
        return tm_msg_set(
            msg, TM_ERR_RANGE,
            "model %s: a joint model takes at least %u connections whose opening and "
            "end were captured, here are %zu; capture longer, or learn with --kind swing",
            m->name, TM_JOINT_CONNS_MIN, captured->n_conns);
    int rc = make_deck(&deck, captured, k, &cfg, made);
    if (rc == TM_OK && deck.n_conns == 0)
        rc = tm_msg_set(msg, TM_ERR_RANGE,
                        "model %s: the connections are too unlike to be put together anew, and one "
                        "that somebody made is not kept; learn with --kind swing",
                        m->name);
    if (rc != TM_OK) {
        tm_deck_deinit(&deck);
        return rc;
    }
    struct tm_swing swing = m->u.swing;
    m->kind = TM_MODEL_JOINT;
    memset(&m->u, 0, sizeof m->u);
    m->u.joint.swing = swing;
    m->u.joint.deck = deck;
    m->u.joint.recombine = cfg;
    m->u.joint.mss_bytes = mss_of(&swing);
    return TM_OK;
}
