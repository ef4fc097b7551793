/* Which pairs are asked about. */
#include "audit/correlate/pairs.h"

#include <string.h>

#include "test/support/check.h"
#include "test/support/tunnel_gen.h"

static void rng_of(struct tm_rng *rng, uint64_t seed)
{
    uint8_t key[TM_SEED_LEN];
    tm_seed_from_u64(key, seed);
    tm_rng_init(rng, key);
}

static void make(struct tm_pairs *p, const struct tm_scene *scenes, uint32_t n, enum tm_question q,
                 uint32_t n_false)
{
    struct tm_rng rng;
    rng_of(&rng, 5);
    CHECK_INT(tm_pairs_make(p, &(struct tm_pairs_cfg){scenes, n, q, n_false}, &rng), TM_OK);
}

static void add(struct tm_scene *s, enum tm_scene_side side, uint32_t tunnel, int64_t t_us,
                uint32_t bytes)
{
    const struct tm_scene_packet v[] = {{t_us, bytes, TM_UP}, {t_us + 5000, bytes, TM_UP}};
    uint32_t number = 0;
    CHECK_INT(tm_scene_add(s, side, tunnel, v, 2, &number), TM_OK);
}

/* Tunnel 0: carriers 0, 1, 2, of which 2 is there too late; tunnel 1: carrier 3.  Flows 0 and 1 of tunnel 0, 2 of tunnel 1. */
static void by_hand(struct tm_scene *s, uint64_t known)
{
    *s = (struct tm_scene){0};
    add(s, TM_SCENE_FLOW, 0, 0, 700);
    add(s, TM_SCENE_FLOW, 0, 20000, 90);
    add(s, TM_SCENE_FLOW, 1, 20000, 500);
    add(s, TM_SCENE_CARRIER, 0, 0, 100);
    add(s, TM_SCENE_CARRIER, 0, 1000, 690);
    add(s, TM_SCENE_CARRIER, 0, 90000000, 500);
    add(s, TM_SCENE_CARRIER, 1, 0, 500);
    const struct tm_scene_share shares[] = {{0, 0, 400}, {0, 1, 300}, {1, 1, known}, {2, 3, 500}};
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
        CHECK_INT(tm_scene_share(s, shares[i].flow, shares[i].carrier, shares[i].bytes), TM_OK);
    CHECK_INT(tm_scene_finish(s), TM_OK);
}

static void carried_is_the_carrier_with_most_bytes_against_its_tunnels_others(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    by_hand(&s, 90);
    make(&p, &s, 1, TM_QUESTION_CARRIED, 20);
    CHECK_INT(p.n, 4); /* the third flow's tunnel has one carrier: nothing to be mistaken for */
    CHECK_INT(p.n_true, 2);
    CHECK_INT(p.n_left, 1);
    if (p.n == 4) {
        CHECK(p.v[0].is_true && p.v[0].flow == 0 && p.v[0].carrier == 0);
        CHECK(!p.v[1].is_true && p.v[1].carrier == 1);
        CHECK(p.v[2].is_true && p.v[2].flow == 1 && p.v[2].carrier == 1);
        CHECK(!p.v[3].is_true && p.v[3].carrier == 0);
        CHECK(p.v[0].group == p.v[1].group && p.v[1].group != p.v[2].group);
        CHECK(tm_pair_flow(&s, &p.v[2]) == &s.flows[1]);
        CHECK(tm_pair_carrier(&s, TM_QUESTION_CARRIED, &p.v[2]) == &s.carriers[1]);
    }
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static void alike_goes_by_what_is_seen(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    by_hand(&s, 90);
    make(&p, &s, 1, TM_QUESTION_ALIKE, 20);
    CHECK_INT(p.n_true, 2);
    if (p.n == 4) {
        CHECK_INT(p.v[0].carrier, 1); /* 690 bytes are more like 700 */
        CHECK_INT(p.v[2].carrier, 0); /* 100 more like 90 */
    }
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static void unknown_bytes_are_not_asked_by_bytes(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    by_hand(&s, 0);
    make(&p, &s, 1, TM_QUESTION_CARRIED, 20);
    CHECK_INT(p.n_true, 1);
    CHECK_INT(p.n_left, 2);
    tm_pairs_deinit(&p);
    make(&p, &s, 1, TM_QUESTION_TUNNEL, 20); /* by likeness then */
    CHECK_INT(p.n_true, 3);
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static void tunnels_are_compared_with_tunnels(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    by_hand(&s, 90);
    for (int q = TM_QUESTION_TUNNEL; q <= TM_QUESTION_SUM; q++) {
        enum tm_question question = (enum tm_question)q;
        make(&p, &s, 1, question, 20);
        CHECK_INT(p.n_true, 3);
        for (uint32_t i = 0; i < p.n; i++) {
            bool is_own =
                tm_pair_carrier(&s, question, &p.v[i])->tunnel == tm_pair_flow(&s, &p.v[i])->tunnel;
            CHECK_INT(p.v[i].is_true, is_own);
        }
        tm_pairs_deinit(&p);
    }
    tm_scene_deinit(&s);
}

static void other_scenes_stand_in_for_other_tunnels(void)
{
    struct tm_scene s[3];
    struct tm_pairs p;
    for (uint32_t k = 0; k < 3; k++)
        tunnel_gen_scene(&s[k],
                         &(struct tunnel_gen_cfg){TUNNEL_SHUFFLED, 6, 1, 3, 2000000, 0, k + 1});
    make(&p, s, 1, TM_QUESTION_SUM, 20);
    CHECK_INT(p.n, 0);
    tm_pairs_deinit(&p);
    make(&p, s, 3, TM_QUESTION_SUM, 20);
    CHECK(p.n_true > 12);
    for (uint32_t i = 0; i < p.n; i++)
        CHECK_INT(p.v[i].is_true, p.v[i].scene == p.v[i].flow_scene);
    tm_pairs_deinit(&p);
    for (uint32_t k = 0; k < 3; k++)
        tm_scene_deinit(&s[k]);
}

static void others_are_drawn_without_repetition(void)
{
    struct tm_scene s;
    struct tm_pairs p;
    tunnel_gen_scene(&s, &(struct tunnel_gen_cfg){TUNNEL_SHUFFLED, 10, 1, 8, 2000000, 0, 3});
    make(&p, &s, 1, TM_QUESTION_CARRIED, 3);
    CHECK_INT(p.n_true, 10);
    CHECK(p.n <= 40 && p.n > 30);
    for (uint32_t i = 1; i < p.n; i++) {
        for (uint32_t k = i; k-- > 0 && p.v[k].flow == p.v[i].flow;)
            CHECK(p.v[k].carrier != p.v[i].carrier);
    }
    struct tm_pairs again;
    make(&again, &s, 1, TM_QUESTION_CARRIED, 3);
    CHECK_INT(again.n, p.n);
    CHECK_MEM(again.v, p.v, p.n * sizeof *p.v);
    tm_pairs_deinit(&again);
    tm_pairs_deinit(&p);
    tm_scene_deinit(&s);
}

static const struct check_case CASES[] = {
    {"carried_is_the_carrier_with_most_bytes_against_its_tunnels_others",
     carried_is_the_carrier_with_most_bytes_against_its_tunnels_others},
    {"alike_goes_by_what_is_seen", alike_goes_by_what_is_seen},
    {"unknown_bytes_are_not_asked_by_bytes", unknown_bytes_are_not_asked_by_bytes},
    {"tunnels_are_compared_with_tunnels", tunnels_are_compared_with_tunnels},
    {"other_scenes_stand_in_for_other_tunnels", other_scenes_stand_in_for_other_tunnels},
    {"others_are_drawn_without_repetition", others_are_drawn_without_repetition},
};
CHECK_MAIN("audit/correlate/pairs", CASES)
