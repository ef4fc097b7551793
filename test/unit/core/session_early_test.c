/* test/unit/core/session_early_test.c - servers whose batches come late, beside one that computes its plans at once. */
#include <string.h>

#include "models/batches.h"
#include "test/support/check.h"
#include "test/unit/models/sample_models.h"
#include "tm/base/time.h"
#include "tm/core/schedlog.h"
#include "tm/core/session.h"
#include "tm/core/stream.h"

#define RTT_US  INT64_C(20000)
#define ACTS    512U
#define ORDERS  8U
#define OPENING 64U
#define HELLO   1500U
#define FIN     UINT32_MAX
#define LOG_CAP (1U << 18)

/* A maker that brings what it was asked for when it is told to. */
struct bench {
    struct tm_batch_maker maker;
    unsigned n;
    struct {
        struct tm_batches *whose;
        uint8_t seed[TM_SEED_LEN];
        uint64_t number;
    } order[ORDERS];
};

static bool ask(void *user, struct tm_batches *whose, const uint8_t seed[TM_SEED_LEN],
                uint64_t number)
{
    struct bench *b = user;
    CHECK(b->n < ORDERS);
    b->order[b->n].whose = whose;
    memcpy(b->order[b->n].seed, seed, TM_SEED_LEN);
    b->order[b->n++].number = number;
    return true;
}

static void forget(void *user, struct tm_batches *whose)
{
    (void)whose;
    ((struct bench *)user)->n = 0;
}

static void bring(struct bench *b, struct tm_session *s)
{
    while (b->n > 0) {
        unsigned i = --b->n;
        struct tm_batch batch;
        CHECK_INT(tm_batch_init(&batch, tm_batches_model(b->order[i].whose), b->order[i].seed,
                                b->order[i].number),
                  TM_OK);
        tm_batches_put(b->order[i].whose, b->order[i].seed, b->order[i].number, &batch);
    }
    while (tm_session_prepare(s))
        ;
}

/* One client and one server on a path without jitter, moved on by fractions of a millisecond. */
struct play {
    struct tm_model model;
    struct bench bench;
    struct tm_session *end[2];
    struct tm_schedlog *log; /* of the server */
    int64_t now_us;
    struct carried {
        int64_t t_us; /* arrives */
        enum tm_side to;
        uint32_t carrier, n_bytes; /* 0: the ClientHello; or FIN */
    } way[ACTS];
    unsigned n_way;
    struct tm_token token[OPENING];
    uint32_t hello[OPENING];
    struct tm_act act[ACTS]; /* of the server */
    int64_t handed_us[ACTS];
    unsigned n_acts, n_failed;
    uint32_t spare; /* bytes that the ClientHello has beside a token without head */
    void (*change)(struct tm_token *t);
};

static void carry(struct play *p, enum tm_side to, uint32_t carrier, uint32_t n_bytes)
{
    CHECK(p->n_way < ACTS);
    p->way[p->n_way++] = (struct carried){p->now_us + RTT_US / 2, to, carrier, n_bytes};
}

static void open_carrier(struct play *p, const struct tm_act *act)
{
    CHECK(act->carrier < OPENING);
    tm_session_opened(p->end[TM_CLIENT], act->carrier, p->now_us);
    tm_session_sent(p->end[TM_CLIENT], act->carrier, 0, p->now_us, p->now_us, 0);
    tm_session_token(p->end[TM_CLIENT], act->carrier, &p->token[act->carrier]);
    if (p->change)
        p->change(&p->token[act->carrier]);
    p->hello[act->carrier] = act->size;
    carry(p, TM_SERVER, act->carrier, 0);
}

static void write_out(struct play *p, enum tm_side side, const struct tm_act *act)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    while (tm_session_compose(p->end[side], act->carrier, plain, p->now_us) > 0)
        ;
    tm_session_sent(p->end[side], act->carrier, act->write, p->now_us, p->now_us, 0);
    carry(p, side == TM_CLIENT ? TM_SERVER : TM_CLIENT, act->carrier, act->size);
}

static void note(struct play *p, const struct tm_act *act)
{
    CHECK(p->n_acts < ACTS);
    p->handed_us[p->n_acts] = p->now_us;
    p->act[p->n_acts++] = *act;
}

static void poll_end(struct play *p, enum tm_side side)
{
    struct tm_act act;
    struct tm_event ev;
    while (p->end[side] && tm_session_poll(p->end[side], p->now_us, &act)) {
        if (side == TM_SERVER && act.kind == TM_ACT_WRITE)
            note(p, &act);
        if (act.kind == TM_ACT_OPEN)
            open_carrier(p, &act);
        else if (act.kind == TM_ACT_WRITE)
            write_out(p, side, &act);
        else if (side == TM_CLIENT)
            carry(p, TM_SERVER, act.carrier, FIN);
    }
    while (p->end[side] && tm_session_next_event(p->end[side], &ev))
        p->n_failed += ev.kind == TM_EVENT_FAILED;
}

static void begin_server(struct play *p, const struct tm_token *t, bool has_maker)
{
    struct tm_session_cfg cfg;
    tm_session_cfg_from_token(&cfg, t);
    cfg.model = &p->model;
    cfg.maker = has_maker ? &p->bench.maker : NULL;
    CHECK_INT(tm_session_new(&p->end[TM_SERVER], &cfg, p->now_us), TM_OK);
    CHECK_INT(tm_schedlog_new(&p->log, LOG_CAP), TM_OK);
    tm_session_set_log(p->end[TM_SERVER], p->log);
    while (tm_session_prepare(p->end[TM_SERVER]))
        ;
}

static void arrive(struct play *p, const struct carried *c, bool has_maker)
{
    const struct tm_token *t = &p->token[c->carrier];
    if (c->n_bytes == FIN) {
        (void)tm_session_finished(p->end[TM_SERVER], c->carrier, p->now_us);
        (void)tm_session_gone(p->end[TM_SERVER], c->carrier, TM_GONE_CLOSED, p->now_us);
        (void)tm_session_gone(p->end[TM_CLIENT], c->carrier, TM_GONE_CLOSED, p->now_us);
        return;
    }
    if (c->n_bytes > 0) {
        tm_session_received(p->end[c->to], c->carrier, c->n_bytes, p->now_us);
        return;
    }
    if (!p->end[TM_SERVER])
        begin_server(p, t, has_maker);
    if (tm_session_is_prepared(p->end[TM_SERVER], t))
        CHECK_INT(tm_session_accept(p->end[TM_SERVER], t, p->hello[c->carrier], p->now_us), TM_OK);
}

static void arrivals(struct play *p, bool has_maker)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n_way; i++) {
        struct carried c = p->way[i];
        if (c.t_us <= p->now_us)
            arrive(p, &c, has_maker);
        else
            p->way[n++] = c;
    }
    p->n_way = n;
}

/* Plays for six seconds; the batch is there at made_us (has_maker), or whenever it is asked for. */
static void play(struct play *p, bool has_maker, int64_t made_us)
{
    struct tm_session_cfg cfg = {.side = TM_CLIENT,
                                 .master = TM_CLIENT,
                                 .model = &p->model,
                                 .shape = {.flight_min = 250, .fin_min = 80},
                                 .n_users = 1,
                                 .prep_us = TM_PREP_US,
                                 .pace_ms = 300,
                                 .seed = {4}};
    p->bench.maker = (struct tm_batch_maker){ask, forget, &p->bench};
    CHECK_INT(sample_joint(&p->model, "pages", 80, 2000), TM_OK);
    struct tm_deck *deck = &p->model.u.joint.deck;
    for (size_t i = 0; i < deck->n_conns; i++) {
        deck->w[deck->conn[i].first].size = HELLO;
        deck->conn[i].close = (struct tm_close){0};
    }
    cfg.shape.hello_min = HELLO - p->spare;
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    for (p->now_us = 0; p->now_us < 6 * TM_US_PER_S; p->now_us += 200) {
        arrivals(p, has_maker);
        if (p->now_us >= made_us && p->end[TM_SERVER])
            bring(&p->bench, p->end[TM_SERVER]);
        poll_end(p, TM_CLIENT);
        poll_end(p, TM_SERVER);
    }
}

static void stop(struct play *p)
{
    tm_session_free(p->end[TM_CLIENT]);
    tm_session_free(p->end[TM_SERVER]);
    tm_schedlog_free(p->log);
    tm_model_deinit(&p->model);
}

static bool is_same(const struct tm_act *a, const struct tm_act *b)
{
    return a->carrier == b->carrier && a->write == b->write && a->size == b->size &&
           a->hs == b->hs && a->hs_size == b->hs_size && a->due_us == b->due_us;
}

static struct play early, prompt;

/* Plays both; how many of the server's writes are the same. */
static unsigned compare(uint32_t spare, int64_t made_us)
{
    unsigned n_same = 0;
    early = prompt = (struct play){.spare = spare};
    play(&prompt, false, 0);
    play(&early, true, made_us);
    CHECK(prompt.n_acts > 4);
    for (unsigned i = 0; i < prompt.n_acts && i < early.n_acts; i++)
        n_same +=
            is_same(&prompt.act[i], &early.act[i]) && early.handed_us[i] == prompt.handed_us[i];
    return n_same;
}

/* The pause before the first ClientHello, as the server's log has it. */
static uint32_t hello_gap_us(const struct play *p)
{
    struct tm_view text = tm_schedlog_text(p->log);
    const char *at = (const char *)text.p;
    const char *end = at + text.len;
    struct tm_schedlog_line line = {0};
    while (at < end && (line.kind != TM_SLOG_RECV || line.i != 0)) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        CHECK(lf != NULL);
        if (!lf || tm_schedlog_parse(&line, at, (size_t)(lf - at)) != TM_OK)
            break;
        at = lf + 1;
    }
    CHECK_INT(line.kind, TM_SLOG_RECV);
    return line.w.gap_us;
}

static void a_server_says_that_it_does_not_know_the_pause_before_the_hello(void)
{
    (void)compare(1000, 4 * TM_US_PER_S);
    CHECK_INT(hello_gap_us(&early), TM_WRITE_GAP_UNKNOWN);
    CHECK(hello_gap_us(&prompt) <= TM_WRITE_GAP_MAX);
    stop(&early);
    stop(&prompt);
}

static void expect_alive(const struct play *p)
{
    struct tm_session_stats stats;
    tm_session_get_stats(p->end[TM_SERVER], &stats);
    CHECK_INT(stats.carriers_died, 0);
    CHECK_INT(stats.batches_late, 0);
    CHECK_INT(p->n_failed, 0);
}

static void a_server_without_its_batch_answers_as_one_that_has_it(void)
{
    const int64_t made_us = 4 * TM_US_PER_S;
    unsigned n_same = compare(1000, made_us);
    CHECK_INT(n_same, prompt.n_acts);
    CHECK_INT(early.n_acts, prompt.n_acts);
    CHECK(early.n_acts > 8 && early.handed_us[8] < made_us);
    CHECK(early.handed_us[early.n_acts - 1] > made_us);
    expect_alive(&early);
    stop(&early);
    stop(&prompt);
}

/* Room for the flight and one write more. */
static void what_the_token_has_no_room_for_comes_with_the_batch(void)
{
    const int64_t made_us = 100000;
    unsigned n_same = compare(12, made_us);
    CHECK(n_same > 0 && n_same < prompt.n_acts);
    CHECK_INT(early.n_acts, prompt.n_acts);
    for (unsigned i = 0; i < early.n_acts; i++) {
        CHECK_INT(early.act[i].size, prompt.act[i].size);
        CHECK(is_same(&prompt.act[i], &early.act[i]) || early.handed_us[i] >= made_us);
    }
    expect_alive(&early);
    stop(&early);
    stop(&prompt);
}

static void without_room_in_the_hello_the_server_is_not_prepared(void)
{
    early = (struct play){.spare = 0};
    play(&early, true, TM_NEVER);
    CHECK_INT(early.token[0].head_len, 0);
    CHECK(!tm_session_is_prepared(early.end[TM_SERVER], &early.token[0]));
    CHECK_INT(early.n_acts, 0);
    stop(&early);
}

static void no_beginning_is_told_of_plans_that_need_no_batch(void)
{
    struct tm_model m;
    struct tm_session *s;
    struct tm_token t;
    struct tm_act act;
    tm_model_constant_default(&m);
    const struct tm_session_cfg cfg = {
        .side = TM_CLIENT,
        .master = TM_CLIENT,
        .model = &m,
        .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
        .n_users = 1,
        .prep_us = TM_PREP_US};
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_OK);
    CHECK(tm_session_poll(s, 0, &act));
    tm_session_token(s, act.carrier, &t);
    CHECK_INT(t.head_len, 0);
    tm_session_free(s);
    tm_model_deinit(&m);
}

/* The first byte of a size, which is the second of an entry: the flight is larger than the seed says. */
static void enlarge_flight(struct tm_token *t)
{
    CHECK(t->head_len > 3);
    t->head[2]++;
}

static void a_client_that_tells_another_plan_ends_its_session(void)
{
    early = (struct play){.spare = 1000, .change = enlarge_flight};
    play(&early, true, 50000);
    CHECK(early.n_acts > 0);
    CHECK_INT(early.n_failed, 1);
    for (unsigned i = 0; i < early.n_acts; i++)
        CHECK(early.handed_us[i] <= 50000);
    stop(&early);
}

static void a_beginning_that_is_none_is_refused(void)
{
    struct tm_session_stats stats;
    early = (struct play){.spare = 1000};
    play(&early, true, TM_NEVER);
    struct tm_token t = early.token[0];
    t.carrier = OPENING;
    t.head[0] = 0x40;
    CHECK_INT(tm_session_accept(early.end[TM_SERVER], &t, early.hello[0], early.now_us),
              TM_ERR_PROTO);
    tm_session_get_stats(early.end[TM_SERVER], &stats);
    CHECK_INT(stats.carriers_died, 0);
    stop(&early);
}

/* What the client sent behind the part that is known stays, and counts when the rest is. */
static void an_early_end_is_planned_all_the_same(void)
{
    early = (struct play){.spare = 12};
    play(&early, true, TM_NEVER);
    CHECK(early.n_acts > 0);
    CHECK_INT(tm_session_finished(early.end[TM_SERVER], 0, early.now_us), TM_FINISH_ANSWER);
    struct tm_session_stats stats;
    tm_session_get_stats(early.end[TM_SERVER], &stats);
    CHECK_INT(stats.batches_late, 1);
    CHECK_INT(early.n_failed, 0);
    stop(&early);
}

static const struct check_case cases[] = {
    {"a_server_says_that_it_does_not_know_the_pause_before_the_hello",
     a_server_says_that_it_does_not_know_the_pause_before_the_hello},
    {"a_server_without_its_batch_answers_as_one_that_has_it",
     a_server_without_its_batch_answers_as_one_that_has_it},
    {"what_the_token_has_no_room_for_comes_with_the_batch",
     what_the_token_has_no_room_for_comes_with_the_batch},
    {"without_room_in_the_hello_the_server_is_not_prepared",
     without_room_in_the_hello_the_server_is_not_prepared},
    {"no_beginning_is_told_of_plans_that_need_no_batch",
     no_beginning_is_told_of_plans_that_need_no_batch},
    {"a_client_that_tells_another_plan_ends_its_session",
     a_client_that_tells_another_plan_ends_its_session},
    {"a_beginning_that_is_none_is_refused", a_beginning_that_is_none_is_refused},
    {"an_early_end_is_planned_all_the_same", an_early_end_is_planned_all_the_same},
};
CHECK_MAIN("session_early", cases)
