/* Sessions that play a schedule file, and plans that are told: what each end takes and refuses. */
#include "tm/core/session.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/core/entry.h"
#include "tm/core/frame.h"

static const struct tm_shape SHAPE = {.hello_min = 480, .flight_min = 250, .fin_min = 80};

static const char SCHEDULE[] =
    "{\"t\":\"schedule\",\"v\":1}\n"
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":1448,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":4000,\"ref\":0,\"gap\":9000}\n"
    "{\"t\":\"close\",\"c\":0,\"gap\":5}\n";

static struct tm_session_cfg schedule_config(struct tm_schedfile *f, enum tm_plan_mode mode)
{
    *f = (struct tm_schedfile){0};
    CHECK_INT(tm_schedfile_read(f, SCHEDULE, sizeof SCHEDULE - 1, "x", NULL), TM_OK);
    return (struct tm_session_cfg){.side = TM_CLIENT,
                                   .master = TM_CLIENT,
                                   .plan_mode = mode,
                                   .is_schedule = true,
                                   .schedule = f,
                                   .shape = SHAPE,
                                   .n_users = 1,
                                   .prep_us = TM_PREP_US};
}

/* The token of the first carrier of a schedule file that a client plays. */
static void schedule_token(struct tm_token *t, enum tm_plan_mode mode)
{
    struct tm_schedfile f;
    struct tm_session_cfg cfg = schedule_config(&f, mode);
    struct tm_session *s;
    struct tm_act act;
    uint8_t digest[TM_DIGEST_LEN];
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    CHECK(tm_session_poll(s, 0, &act));
    CHECK_INT(act.size, 1448);
    tm_session_token(s, 0, t);
    CHECK(t->is_schedule);
    tm_schedfile_digest(&f, digest);
    CHECK_MEM(t->digest, digest, sizeof t->digest);
    CHECK_MEM(tm_session_digest(s), digest, sizeof t->digest);
    tm_session_free(s);
    tm_schedfile_deinit(&f);
}

static void a_schedule_file_needs_a_client_that_has_it_and_is_master(void)
{
    struct tm_schedfile f;
    struct tm_model m;
    struct tm_session *s = NULL;
    const struct tm_session_cfg good = schedule_config(&f, TM_PLAN_EMBEDDED);
    struct tm_session_cfg bad = good;
    bad.master = TM_SERVER;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good;
    bad.schedule = NULL;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good;
    bad.n_users = 2;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good;
    bad.is_schedule = false;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good;
    tm_model_constant_default(&m);
    bad.model = &m;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good; /* a server that was not told the file and could only compute it */
    bad.side = TM_SERVER;
    bad.schedule = NULL;
    bad.plan_mode = TM_PLAN_SEEDED;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good; /* the file says when everything begins */
    bad.on_demand = true;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    bad = good;
    bad.idle_stop_us = 1;
    CHECK_INT(tm_session_new(&s, &bad, 0), TM_ERR_RANGE);
    CHECK(s == NULL);
    tm_schedfile_deinit(&f);
}

static void a_server_without_the_file_takes_explicit_plans_alone(void)
{
    struct tm_token t;
    struct tm_session_cfg cfg;
    struct tm_session *s;
    schedule_token(&t, TM_PLAN_EMBEDDED);
    CHECK_INT(t.src, TM_SRC_EXPLICIT);
    tm_session_cfg_from_token(&cfg, &t);
    CHECK_INT(tm_session_new(&s, &cfg, 1000), TM_OK);
    CHECK_MEM(tm_session_digest(s), t.digest, sizeof t.digest);
    struct tm_token other = t;
    other.carrier = 1;
    other.src = TM_SRC_SESSION;
    CHECK_INT(tm_session_accept(s, &other, 1448, 1000), TM_ERR_PROTO);
    other = t;
    other.carrier = 2;
    other.src = TM_SRC_MASTER;
    CHECK_INT(tm_session_accept(s, &other, 1448, 1000), TM_ERR_PROTO);
    other = t;
    other.carrier = 3;
    other.digest[15] ^= 1;
    CHECK_INT(tm_session_accept(s, &other, 1448, 1000), TM_ERR_PROTO);
    other = t;
    other.carrier = 4;
    other.is_schedule = false;
    CHECK_INT(tm_session_accept(s, &other, 1448, 1000), TM_ERR_PROTO);
    CHECK_INT(tm_session_accept(s, &t, 1448, 1000), TM_OK);
    tm_session_free(s);
}

/* A PLAN frame of n entries of a plan whose first write is known: its flight, what ends the handshake, and small writes. */
static size_t plan_frame(uint8_t *buf, size_t cap, size_t from, size_t n)
{
    struct tm_plan p = {0};
    struct tm_wr w = tm_wr_init(buf, cap);
    for (size_t i = from; i < from + n; i++) {
        const struct tm_write write = {
            .size = i == 1 ? 4000 : 700, .dir = i == 1 ? TM_DOWN : TM_UP, .ref_back = 1};
        CHECK_INT(tm_plan_add(&p, write), TM_OK);
    }
    tm_frame_encode_plan_header(&w, n);
    tm_entry_encode(&w, &p, 0, n);
    CHECK(tm_wr_ok(&w));
    tm_plan_deinit(&p);
    return w.len;
}

static void a_peer_that_plans_without_end_ends_the_session(void)
{
    struct tm_token t;
    struct tm_session_cfg cfg;
    struct tm_session *s;
    static uint8_t first[4096], later[4096];
    const size_t rounds = TM_PLAN_WRITES_MAX / 255 - 1; /* of a carrier */
    uint64_t n_told = 0;
    bool is_over = false;
    size_t len_first = plan_frame(first, sizeof first, 1, 255);
    size_t len_later = plan_frame(later, sizeof later, 300, 255);
    schedule_token(&t, TM_PLAN_EMBEDDED);
    tm_session_cfg_from_token(&cfg, &t);
    CHECK_INT(tm_session_new(&s, &cfg, 1000), TM_OK);
    t.head_len = 0;
    for (t.carrier = 0; !is_over && t.carrier < TM_CARRIERS_MAX; t.carrier++) {
        CHECK_INT(tm_session_accept(s, &t, 1448, 1000), TM_OK);
        for (size_t i = 0; i < rounds && !is_over; i++) {
            struct tm_event ev;
            const uint8_t *p = i == 0 ? first : later;
            CHECK_INT(tm_session_record(s, t.carrier, p, i == 0 ? len_first : len_later, 1000),
                      TM_OK);
            is_over = tm_session_next_event(s, &ev);
            n_told += is_over ? 0 : 255;
            if (is_over)
                CHECK_STR(ev.why, "the other end plans more than can be held here");
        }
    }
    CHECK(is_over);
    CHECK(n_told <= TM_TOLD_MAX && n_told + 255 > TM_TOLD_MAX);
    tm_session_free(s);
}

static void a_server_with_the_file_looks_the_plan_up(void)
{
    struct tm_token t;
    struct tm_schedfile f;
    struct tm_session_cfg cfg = schedule_config(&f, TM_PLAN_SEEDED);
    struct tm_session *s;
    schedule_token(&t, TM_PLAN_SEEDED);
    CHECK_INT(t.src, TM_SRC_SESSION);
    CHECK_INT(t.head_len, 0);
    tm_session_cfg_from_token(&cfg, &t);
    cfg.schedule = &f;
    CHECK_INT(tm_session_new(&s, &cfg, 1000), TM_OK);
    CHECK_INT(tm_session_accept(s, &t, 1448, 1000), TM_OK);
    t.carrier = 1;
    CHECK_INT(tm_session_accept(s, &t, 1447, 1000), TM_ERR_PROTO); /* not what the file says */
    t.carrier = 2;
    t.index = 1;
    CHECK_INT(tm_session_accept(s, &t, 1448, 1000), TM_OK); /* played again */
    f.conn[0].plan.w[0].size++;
    uint8_t digest[TM_DIGEST_LEN];
    tm_schedfile_digest(&f, digest);
    CHECK(memcmp(digest, t.digest, sizeof t.digest) != 0);
    tm_session_free(s);
    tm_schedfile_deinit(&f);
}

static const struct check_case cases[] = {
    {"a_schedule_file_needs_a_client_that_has_it_and_is_master",
     a_schedule_file_needs_a_client_that_has_it_and_is_master},
    {"a_server_without_the_file_takes_explicit_plans_alone",
     a_server_without_the_file_takes_explicit_plans_alone},
    {"a_peer_that_plans_without_end_ends_the_session",
     a_peer_that_plans_without_end_ends_the_session},
    {"a_server_with_the_file_looks_the_plan_up", a_server_with_the_file_looks_the_plan_up},
};
CHECK_MAIN("session_file", cases)
