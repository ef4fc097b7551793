/* audit/correlate/pairs.h - which pairs of a flow and a carrier an attack is asked about, and which of them belong together.
 *
 *   carried   which of its tunnel's carriers took most of the flow's bytes?           per-carrier matching, by the truth
 *   alike     which of them is the flow's by MUFFLER's rule (audit/correlate/alike.h)?  per-carrier matching, as in the paper
 *   tunnel    the carrier that took most of its bytes, or one of another tunnel?        whose tunnel, seen at one carrier
 *   sum       all carriers of its tunnel added up, or those of another tunnel?          whose tunnel, seen whole
 *
 * The first two have one true pair for each flow; the others are the tunnel's remaining carriers, though these may have carried parts of
 * the same flow: a score at chance says that the carriers are not told apart, not that the tunnel is not found.  That is what the other
 * two ask.
 * A carrier is paired with a flow only when it sends while the flow is there, and when there is another one to be mistaken for.  Other tunnels are
 * those of the same scene, or, with both clocks at 0, of the other scenes.  Pure. */
#ifndef TM_AUDIT_CORRELATE_PAIRS_H
#define TM_AUDIT_CORRELATE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/correlate/scene.h"
#include "tm/base/err.h"
#include "tm/base/rng.h"

enum tm_question {
    TM_QUESTION_CARRIED,
    TM_QUESTION_ALIKE,
    TM_QUESTION_TUNNEL,
    TM_QUESTION_SUM,
    TM_QUESTIONS
};
/* "carried", ...; for JSON. */
const char *tm_question_key(enum tm_question q);
/* In words: "per carrier, by bytes carried". */
const char *tm_question_name(enum tm_question q);

#define TM_PAIRS_MARGIN_US  500000 /* around a flow */
#define TM_PAIRS_SCENE_MANY 10U    /* scenes that suffice as groups */

struct tm_pair {
    uint32_t flow_scene, flow;
    uint32_t scene, carrier; /* of TM_QUESTION_SUM: the tunnel */
    uint32_t group;          /* the flow's scene when there are many, or the flow */
    uint8_t is_true;
};

struct tm_pairs {      /* empty: {0} */
    struct tm_pair *v; /* owned; a flow's pairs stand together, its true one first */
    uint32_t n;
    size_t cap;
    uint32_t n_true;
    uint32_t
        n_left; /* flows that are not asked about: no known or no other carrier at their time */
};

struct tm_pairs_cfg {
    const struct tm_scene *scenes; /* borrowed */
    uint32_t n_scenes;
    enum tm_question q;
    uint32_t n_false; /* others for each true pair, at most */
};

/* The pairs of a question: the true one of each flow, and others drawn from those that there are.  TM_ERR_NOMEM, TM_ERR_LIMIT. */
TM_MUST_CHECK int tm_pairs_make(struct tm_pairs *out, const struct tm_pairs_cfg *cfg,
                                struct tm_rng *rng);
void tm_pairs_deinit(struct tm_pairs *p);

/* The flow, and the carrier or sum, of a pair; borrowed from the scenes. */
const struct tm_scene_line *tm_pair_flow(const struct tm_scene *scenes, const struct tm_pair *p);
const struct tm_scene_line *tm_pair_carrier(const struct tm_scene *scenes, enum tm_question q,
                                            const struct tm_pair *p);

#endif
