/* Under a schedule the carrier is given and the stream is chosen: one stream's bytes do not keep to one carrier, light streams go
 * first, and heavy ones have their share. */
#include <string.h>

#include "test/support/check.h"
#include "test/unit/core/session_pair.h"
#include "tm/core/frame.h"
#include "tm/core/trail.h"

#define USERS    8U
#define STREAMS  3U
#define CARRIERS 256U

struct spread {
    uint64_t bytes[STREAMS][CARRIERS]; /* up */
    struct tm_trail trail[CARRIERS];
    uint64_t last;               /* stream of the last record with data */
    uint32_t n_turns, n_records; /* how often it was another than before */
};

static void on_record(void *user, enum tm_side from, uint32_t carrier, struct tm_view plain)
{
    struct spread *sp = user;
    struct tm_rd r = tm_rd_init(plain.p, plain.len);
    while (from == TM_CLIENT && r.len > 0) {
        struct tm_frame f;
        CHECK(carrier < CARRIERS);
        CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
        if (f.kind == TM_FRAME_DATA)
            CHECK_INT(tm_trail_follow(&sp->trail[carrier], &f), TM_OK);
        if (f.kind != TM_FRAME_DATA || f.u.data.stream == 0)
            continue;
        CHECK(f.u.data.stream / 2 <= STREAMS);
        sp->bytes[f.u.data.stream / 2 - 1][carrier] += f.u.data.bytes.len;
        sp->n_turns += f.u.data.stream != sp->last;
        sp->n_records++;
        sp->last = f.u.data.stream;
    }
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

static void a_streams_bytes_lie_on_many_carriers(void)
{
    static const uint8_t bytes[100000];
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    static struct spread sp;
    struct session_pair p = {.on_record = on_record, .user = &sp};
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p.model);
    cfg.n_users = USERS;
    p.model.u.constant = (struct tm_constant){1448, 50000, 1000};
    CHECK_INT(tm_session_new(&p.end[TM_CLIENT], &cfg, 0), TM_OK);
    play(&p, 2 * TM_US_PER_S);
    for (unsigned i = 0; i < STREAMS; i++) {
        uint64_t id;
        CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
        CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, bytes, sizeof bytes), sizeof bytes);
    }
    play(&p, 5 * TM_US_PER_S);
    for (unsigned i = 0; i < STREAMS; i++) {
        uint64_t all = 0, most = 0;
        for (unsigned k = 0; k < CARRIERS; k++) {
            all += sp.bytes[i][k];
            most = sp.bytes[i][k] > most ? sp.bytes[i][k] : most;
        }
        CHECK_INT(all, sizeof bytes);
        CHECK(4 * most <= all); /* of eight carriers none has a quarter */
    }
    /* The streams that wait take turns, record by record. */
    CHECK(10 * sp.n_turns >= 9 * sp.n_records);
    tm_session_free(p.end[TM_CLIENT]);
    tm_session_free(p.end[TM_SERVER]);
}

/* ---- Who goes first ---- */

struct order {
    struct tm_trail trail[CARRIERS];
    uint64_t heavy;              /* this stream */
    uint32_t n_records, n_heavy; /* with user data; that begin with the heavy stream */
    uint64_t first;              /* stream of the first record since it was 0 */
};

static void on_ordered(void *user, enum tm_side from, uint32_t carrier, struct tm_view plain)
{
    struct order *o = user;
    struct tm_rd r = tm_rd_init(plain.p, plain.len);
    bool is_first = true;
    while (from == TM_CLIENT && r.len > 0) {
        struct tm_frame f;
        CHECK(carrier < CARRIERS);
        CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
        if (f.kind == TM_FRAME_DATA)
            CHECK_INT(tm_trail_follow(&o->trail[carrier], &f), TM_OK);
        if (f.kind != TM_FRAME_DATA || f.u.data.stream == 0 || !is_first)
            continue;
        is_first = false;
        o->first = o->first == 0 ? f.u.data.stream : o->first;
        o->n_records++;
        o->n_heavy += f.u.data.stream == o->heavy;
    }
}

static void give(struct session_pair *p, uint64_t id, size_t len)
{
    static const uint8_t bytes[128 << 10];
    CHECK_INT(tm_session_stream_send(p->end[TM_CLIENT], id, bytes, len), (int)len);
}

/* A stream that has sent more than a new one does, and has more to send. */
static void begin_heavy(struct session_pair *p, struct order *o)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &p->model);
    cfg.n_users = USERS;
    p->model.u.constant = (struct tm_constant){1448, 50000, 1000};
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    play(p, 2 * TM_US_PER_S);
    CHECK_INT(tm_session_stream_open(p->end[TM_CLIENT], &d, &o->heavy), TM_OK);
    give(p, o->heavy, 70000);
    for (int s = 0; s < 10; s++)
        play(p, p->now_us + 200 * TM_US_PER_MS);
}

static void what_is_new_and_what_is_small_passes_what_is_heavy(void)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    static struct order o;
    struct session_pair p = {.on_record = on_ordered, .user = &o};
    uint64_t id;
    begin_heavy(&p, &o);
    give(&p, o.heavy, 20000);
    CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
    give(&p, id, 500);
    o.first = 0;
    play(&p, p.now_us + 100 * TM_US_PER_MS);
    CHECK_INT(o.first, id);
    give(&p, id, 100000); /* it is not new any more, */
    play(&p, p.now_us + 10 * TM_US_PER_S);
    give(&p, o.heavy, 60000);
    play(&p, p.now_us + 100 * TM_US_PER_MS);
    give(&p, id, 100); /* but small */
    o.first = 0;
    play(&p, p.now_us + 50 * TM_US_PER_MS);
    CHECK_INT(o.first, id);
    tm_session_free(p.end[TM_CLIENT]);
    tm_session_free(p.end[TM_SERVER]);
}

static void what_is_heavy_does_not_starve(void)
{
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    static struct order o;
    struct session_pair p = {.on_record = on_ordered, .user = &o};
    begin_heavy(&p, &o);
    give(&p, o.heavy, 60000);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t id;
        CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
        give(&p, id, 50000);
    }
    play(&p, p.now_us + 10 * TM_US_PER_MS);
    o.n_records = o.n_heavy = 0;
    play(&p, p.now_us + 400 * TM_US_PER_MS);
    CHECK(o.n_records >= 30);
    CHECK(5 * o.n_heavy >= o.n_records && 3 * o.n_heavy <= o.n_records);
    tm_session_free(p.end[TM_CLIENT]);
    tm_session_free(p.end[TM_SERVER]);
}

static const struct check_case cases[] = {
    {"what_is_new_and_what_is_small_passes_what_is_heavy",
     what_is_new_and_what_is_small_passes_what_is_heavy},
    {"what_is_heavy_does_not_starve", what_is_heavy_does_not_starve},
    {"a_streams_bytes_lie_on_many_carriers", a_streams_bytes_lie_on_many_carriers},
};
CHECK_MAIN("spread", cases)
