/* A captured deck becomes a model in which no captured connection is. */
#include "learner/joint/make.h"

#include <string.h>

#include "test/support/check.h"

/* `n` connections of eight writes; sizes of their own in the middle, alike at both ends. */
static void fill(struct tm_deck *d, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        CHECK_INT(tm_deck_add_conn(d, i % 3 == 0 ? TM_DECK_FIRST : TM_DECK_LATER, 1000 + i), TM_OK);
        for (uint32_t k = 0; k < 8; k++) {
            const struct tm_write w = {
                .size = k % 3 == 0 ? 100 + k : 1000 + 8 * i + k,
                .gap_us = k == 0 ? 0 : 1000 * k + 10 * i,
                .dir = (uint8_t)(k % 2),
                .ref_back = k > 0,
            };
            CHECK_INT(tm_deck_add_write(d, w), TM_OK);
        }
    }
}

static struct tm_model swing(void)
{
    struct tm_model m = {.kind = TM_MODEL_SWING, .name = "made"};
    static const struct tm_dist_point counts[] = {{1, 1}, {3, 2}};
    static const struct tm_dist_point mss[] = {{536, 1}, {1448, 6}};
    CHECK_INT(tm_dist_set(&m.u.swing.param[TM_SWING_NUM_CONN], counts, 2), TM_OK);
    CHECK_INT(tm_dist_set(&m.u.swing.measured[TM_MEASURED_MSS], mss, 2), TM_OK);
    return m;
}

static bool is_same_conn(const struct tm_deck *a, size_t i, const struct tm_deck *b, size_t j)
{
    const struct tm_deck_conn *x = &a->conn[i];
    const struct tm_deck_conn *y = &b->conn[j];
    if (x->n_writes != y->n_writes)
        return false;
    for (uint32_t k = 0; k < x->n_writes; k++) {
        if (a->w[x->first + k].size != b->w[y->first + k].size)
            return false;
    }
    return true;
}

static void no_connection_of_the_model_was_captured_and_levels_are_kept(void)
{
    struct tm_deck captured = {0};
    struct tm_joint_made made;
    struct tm_msg msg = {""};
    struct tm_model m = swing();
    fill(&captured, 200);
    CHECK_INT(tm_joint_make(&m, &captured, 1, &made, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(m.kind, TM_MODEL_JOINT);
    CHECK_STR(m.name, "made");
    CHECK_INT(m.u.joint.mss_bytes, 1448);
    CHECK_INT(m.u.joint.swing.param[TM_SWING_NUM_CONN].n_points, 2);
    CHECK(m.u.joint.deck.n_conns > 100);
    CHECK_INT(m.u.joint.deck.n_conns + made.recombined.n_dropped + made.n_taken_out, 200);
    size_t n_captured = 0;
    for (size_t i = 0; i < m.u.joint.deck.n_conns; i++) {
        for (size_t j = 0; j < captured.n_conns; j++)
            n_captured += is_same_conn(&m.u.joint.deck, i, &captured, j);
    }
    CHECK_INT(n_captured, 0);
    CHECK_INT(made.welded[0].n_own, 200);
    CHECK_INT(made.welded[0].n_copies, 0);
    uint32_t n_open;
    CHECK_INT(tm_weld_count_open(&m.u.joint.deck, &captured, &n_open), TM_OK);
    CHECK_INT(n_open, 0);
    CHECK_INT(tm_model_check(&m, &msg), TM_OK);
    tm_model_deinit(&m);
    tm_deck_deinit(&captured);
}

static void rare_values_are_pooled_and_neither_they_nor_the_captured_ones_come_back(void)
{
    struct tm_deck captured = {0};
    struct tm_joint_made made;
    struct tm_msg msg = {""};
    struct tm_model m = swing();
    uint32_t n_open = 1;
    fill(&captured, 200);
    CHECK_INT(tm_joint_make(&m, &captured, 8, &made, &msg), TM_OK);
    CHECK(made.pooled.n_sizes > 200);
    CHECK(made.pooled.n_pauses > 200);
    CHECK_INT(made.welded[0].n_copies + made.welded[2].n_copies, 0);
    CHECK_INT(tm_weld_count_open(&m.u.joint.deck, &captured, &n_open), TM_OK);
    CHECK_INT(n_open, 0);
    CHECK_INT(tm_model_check(&m, &msg), TM_OK);
    tm_model_deinit(&m);
    tm_deck_deinit(&captured);
}

static void the_same_captures_give_the_same_model_and_others_another(void)
{
    uint8_t digest[3][TM_DIGEST_LEN];
    for (uint32_t i = 0; i < 3; i++) {
        struct tm_deck captured = {0};
        struct tm_joint_made made;
        struct tm_msg msg = {""};
        struct tm_model m = swing();
        fill(&captured, i < 2 ? 100 : 101);
        CHECK_INT(tm_joint_make(&m, &captured, 1, &made, &msg), TM_OK);
        tm_model_digest(&m, digest[i]);
        tm_model_deinit(&m);
        tm_deck_deinit(&captured);
    }
    CHECK_MEM(digest[0], digest[1], TM_DIGEST_LEN);
    CHECK(memcmp(digest[0], digest[2], TM_DIGEST_LEN) != 0);
}

static void too_few_connections_leave_the_swing_model_as_it_was(void)
{
    struct tm_deck captured = {0};
    struct tm_joint_made made;
    struct tm_msg msg = {""};
    struct tm_model m = swing();
    fill(&captured, TM_JOINT_CONNS_MIN - 1);
    CHECK_INT(tm_joint_make(&m, &captured, 1, &made, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "at least 60") != NULL);
    CHECK_INT(m.kind, TM_MODEL_SWING);
    CHECK_INT(m.u.swing.param[TM_SWING_NUM_CONN].n_points, 2);
    tm_model_deinit(&m);
    tm_deck_deinit(&captured);
}

static const struct check_case cases[] = {
    {"no_connection_of_the_model_was_captured_and_levels_are_kept",
     no_connection_of_the_model_was_captured_and_levels_are_kept},
    {"rare_values_are_pooled_and_neither_they_nor_the_captured_ones_come_back",
     rare_values_are_pooled_and_neither_they_nor_the_captured_ones_come_back},
    {"the_same_captures_give_the_same_model_and_others_another",
     the_same_captures_give_the_same_model_and_others_another},
    {"too_few_connections_leave_the_swing_model_as_it_was",
     too_few_connections_leave_the_swing_model_as_it_was},
};
CHECK_MAIN("joint make", cases)
