/* What both ends tell of pieces. */
#include "tm/core/pieces.h"

#include "test/support/check.h"
#include "test/unit/core/session_pair.h"

#define BYTES 100000U

struct told {
    uint64_t bytes, stream;
    uint32_t n_carriers; /* that differ from the one before */
    uint32_t last, n_ends;
};

static void on_piece(void *user, const struct tm_piece *p)
{
    struct told *t = user;
    t->stream = p->stream;
    t->bytes += p->bytes;
    t->n_ends += p->bytes == 0;
    t->n_carriers += p->bytes > 0 && (t->n_carriers == 0 || p->carrier != t->last);
    t->last = p->bytes > 0 ? p->carrier : t->last;
}

static void play(struct session_pair *p, int64_t until_us)
{
    while (p->now_us < until_us) {
        p->now_us += TM_US_PER_MS;
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act))
                session_pair_act(p, (enum tm_side)side, &act);
        }
    }
}

static void both_ends_tell_the_same_bytes_and_the_end(void)
{
    static const uint8_t bytes[BYTES];
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    struct told told[2] = {0};
    struct session_pair p = {0};
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p.model);
    uint64_t id = 0;
    cfg.n_users = 4;
    p.model.u.constant = (struct tm_constant){1448, 50000, 1000};
    CHECK_INT(tm_session_new(&p.end[TM_CLIENT], &cfg, 0), TM_OK);
    play(&p, 2 * TM_US_PER_S);
    for (int side = 0; side < 2; side++)
        tm_session_set_pieces(p.end[side], on_piece, &told[side]);
    CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
    CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, bytes, BYTES), BYTES);
    play(&p, 5 * TM_US_PER_S);
    for (int side = 0; side < 2; side++) {
        CHECK_INT(told[side].bytes, BYTES);
        CHECK_INT(told[side].stream, id);
        CHECK(told[side].n_carriers > 1);
        CHECK_INT(told[side].n_ends, 0);
    }
    tm_session_stream_reset(p.end[TM_CLIENT], id, TM_REPLY_FAILURE);
    CHECK_INT(told[TM_CLIENT].n_ends, 1);
    tm_session_set_pieces(p.end[TM_SERVER], NULL, NULL);
    play(&p, 6 * TM_US_PER_S);
    CHECK_INT(told[TM_SERVER].n_ends, 0); /* nobody wanted to know any more */
    tm_session_free(p.end[TM_CLIENT]);
    tm_session_free(p.end[TM_SERVER]);
}

static const struct check_case CASES[] = {
    {"both_ends_tell_the_same_bytes_and_the_end", both_ends_tell_the_same_bytes_and_the_end},
};
CHECK_MAIN("pieces", CASES)
