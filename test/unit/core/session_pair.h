/* test/unit/core/session_pair.h - two engines face to face without a network: each action is carried out at once at the other end. */
#ifndef TM_TEST_UNIT_CORE_SESSION_PAIR_H
#define TM_TEST_UNIT_CORE_SESSION_PAIR_H

#include "tm/core/session.h"

struct session_pair {
    struct tm_model model;
    struct tm_session *end[2]; /* by enum tm_side; the server's is made by the first opening */
    int64_t now_us;
    /* The plaintext of each record before it is delivered; NULL: nobody asks. */
    void (*on_record)(void *user, enum tm_side from, uint32_t carrier, struct tm_view plain);
    void *user;
};

/* One user of the constant model, which is put into *m; the client is master. */
struct tm_session_cfg session_pair_cfg(enum tm_side side, struct tm_model *m);
/* Carries out what tm_session_poll of this side gave. */
void session_pair_act(struct session_pair *p, enum tm_side side, const struct tm_act *act);

/* Slots of s that its sets of live and ready ones, ones with events, and its map of ids do not tell the truth of. */
unsigned session_pair_n_astray(const struct tm_session *s);

#endif
