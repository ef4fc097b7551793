#include "learner/joint/make.h"

#include <assert.h>
#include <string.h>

#include "learner/joint/swapped.h"
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
    for (size_t i = 0; rc == TM_OK && i < from->n_conns; i++)
        rc = tm_append_conn(to, from, i);
    return rc;
}

struct weldings {
    const struct tm_deck *pooled, *swapped, *captured;
};

/* Welds the deck so that none of them comes back. */
static int weld_all(struct tm_deck *deck, const struct weldings *of, const uint8_t key[TM_SEED_LEN],
                    struct tm_joint_made *made)
{
    uint8_t child[TM_SEED_LEN];
    tm_rng_child(child, key, TM_RNG_WELD, 0);
    int rc = tm_weld(deck, of->pooled, TM_WELD_OWN, child, &made->welded[0]);
    tm_rng_child(child, key, TM_RNG_WELD, 1);
    if (rc == TM_OK)
        rc = tm_weld(deck, of->swapped, TM_WELD_ANY, child, &made->welded[1]);
    tm_rng_child(child, key, TM_RNG_WELD, 2);
    if (rc == TM_OK && made->pooled.n_sizes > 0)
        rc = tm_weld(deck, of->captured, TM_WELD_OWN, child, &made->welded[2]);
    return rc;
}

/* `pooled` becomes `out`. */
static int put_together(struct tm_deck *out, const struct tm_deck *pooled,
                        const struct tm_deck *captured, const struct tm_joint_cfg *cfg,
                        struct tm_joint_made *made)
{
    struct tm_deck swapped = {0}, mixed = {0}, some = {0};
    int rc = tm_swapped(&swapped, pooled);
    if (rc == TM_OK)
        rc = tm_recombine_apart(&mixed, pooled, &swapped, &cfg->recombine, cfg->key,
                                &made->recombined);
    if (rc == TM_OK)
        rc = tm_without(&some, &mixed, &swapped, false);
    if (rc == TM_OK) /* pooling may make one person's sizes another's */
        rc = tm_without(out, &some, captured, true);
    made->n_taken_out = (uint32_t)(mixed.n_conns - out->n_conns);
    const struct weldings of = {pooled, &swapped, captured};
    if (rc == TM_OK)
        rc = weld_all(out, &of, cfg->key, made);
    tm_deck_deinit(&swapped);
    tm_deck_deinit(&mixed);
    tm_deck_deinit(&some);
    return rc;
}

int tm_joint_deck(struct tm_deck *out, const struct tm_deck *captured,
                  const struct tm_joint_cfg *cfg, struct tm_joint_made *made)
{
    uint8_t child[TM_SEED_LEN];
    struct tm_deck pooled = {0};
    *out = (struct tm_deck){0};
    *made = (struct tm_joint_made){0};
    tm_rng_child(child, cfg->key, TM_RNG_POOL, 0);
    int rc = copy_deck(&pooled, captured);
    if (rc == TM_OK)
        rc = tm_pool_deck(&pooled, cfg->k, child, &made->pooled);
    if (rc == TM_OK)
        rc = put_together(out, &pooled, captured, cfg, made);
    tm_deck_deinit(&pooled);
    if (rc != TM_OK)
        tm_deck_deinit(out);
    return rc;
}

void tm_joint_sum_welds(const struct tm_joint_made *made, struct tm_weld_report *sum)
{
    *sum = (struct tm_weld_report){.n_places = made->welded[0].n_places};
    for (int i = 0; i < TM_JOINT_WELDINGS; i++) {
        sum->n_own += made->welded[i].n_own;
        sum->n_open += made->welded[i].n_open;
        sum->n_copies += made->welded[i].n_copies;
        sum->n_needed += made->welded[i].n_needed;
        sum->n_decoys += made->welded[i].n_decoys;
    }
}

int tm_joint_make(struct tm_model *m, const struct tm_deck *captured, uint32_t k,
                  struct tm_joint_made *made, struct tm_msg *msg)
{
    struct tm_deck deck = {0};
    *made = (struct tm_joint_made){0};
    struct tm_joint_cfg cfg = {.k = k, .recombine = tm_recombine_cfg_default()};
    if (captured->n_conns < TM_JOINT_CONNS_MIN)
        return tm_msg_set(
            msg, TM_ERR_RANGE,
            "model %s: a joint model takes at least %u connections whose opening and "
            "end were captured, here are %zu; capture longer, or learn with --kind swing",
            m->name, TM_JOINT_CONNS_MIN, captured->n_conns);
    key_of(cfg.key, captured);
    int rc = tm_joint_deck(&deck, captured, &cfg, made);
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
    for (size_t i = 0; i < deck.n_conns; i++)
        deck.conn[i].user = 0; /* nobody's */
    m->u.joint.deck = deck;
    m->u.joint.recombine = cfg.recombine;
    m->u.joint.mss_bytes = mss_of(&swing);
    return TM_OK;
}
