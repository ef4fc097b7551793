/* Two engines whose cells Maybenot machines drive, and machines that a server refuses. */
#include "tm/core/cells_int.h"

#include <stdlib.h>
#include <string.h>

#include "models/maybenot/machine_build.h"
#include "test/support/check.h"
#include "test/unit/core/session_oom.h"

#define NOOP "02eNpjYEAHjOgCAAA0AAI="
#define CELL 1448U

static struct tm_view text_view(const char *text)
{
    return (struct tm_view){(const uint8_t *)text, strlen(text)};
}

/* A machine that pads once, so long after each `when`.  Owned. */
static char *padding_machine(enum tm_mb_event_kind when, double timeout_us)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s = NULL;
    struct tm_mb_dist d = {.kind = TM_MB_UNIFORM, .of.uniform = {timeout_us, timeout_us}};
    char *text = NULL;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, when, 1, 1), TM_OK);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = TM_MB_ASK_SEND_PADDING;
    CHECK_INT(tm_mb_build_dist(m, &d, &s->timeout), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, when, 1, 1), TM_OK);
    CHECK_INT(tm_mb_machine_text(&text, m), TM_OK);
    tm_mb_machine_free(m);
    return text;
}

static struct tm_session_cfg cfg_of(const struct tm_cells_cfg *cells)
{
    struct tm_model unused;
    struct tm_session_cfg cfg = session_pair_cfg(TM_CLIENT, &unused);
    cfg.drive = TM_DRIVE_MAYBENOT;
    cfg.model = NULL;
    cfg.n_users = 0;
    cfg.cells = cells;
    return cfg;
}

/* Until nothing happens for for_us; each action is carried out at once, and each write is one cell. */
static void settle(struct session_pair *p, int64_t for_us)
{
    for (int64_t until_us = p->now_us + for_us; p->now_us < until_us;) {
        for (int side = 0; side < 2 && p->end[side]; side++) {
            struct tm_act act;
            while (tm_session_poll(p->end[side], p->now_us, &act)) {
                if (act.kind == TM_ACT_OPEN || act.kind == TM_ACT_WRITE)
                    CHECK_INT(act.size, CELL);
                session_pair_act(p, (enum tm_side)side, &act);
            }
        }
        int64_t next_us = tm_session_next_us(p->end[TM_CLIENT]);
        if (p->end[TM_SERVER])
            next_us = tm_min_us(next_us, tm_session_next_us(p->end[TM_SERVER]));
        p->now_us = tm_min_us(until_us, tm_max_us(next_us, p->now_us + 1));
    }
}

static void begin(struct session_pair *p, const char *client, const char *server)
{
    const struct tm_cells_cfg cells = {
        .client = text_view(client), .server = text_view(server), .cell_bytes = CELL};
    struct tm_session_cfg cfg = cfg_of(&cells);
    memset(p, 0, sizeof *p);
    CHECK_INT(tm_session_new(&p->end[TM_CLIENT], &cfg, 0), TM_OK);
    settle(p, TM_US_PER_S);
    CHECK(p->end[TM_SERVER] != NULL);
}

static void finish(struct session_pair *p)
{
    tm_session_free(p->end[TM_CLIENT]);
    tm_session_free(p->end[TM_SERVER]);
}

static struct tm_cells_status status_of(const struct session_pair *p, enum tm_side side)
{
    struct tm_cells_status st;
    CHECK(tm_session_cells(p->end[side], &st));
    return st;
}

static uint64_t n_events(const struct session_pair *p, enum tm_side side, enum tm_mb_event_kind e)
{
    return status_of(p, side).counts.event[e];
}

/* What either end was told is what the other end did. */
static void check_events(const struct session_pair *p)
{
    for (int side = 0; side < 2; side++) {
        enum tm_side me = (enum tm_side)side;
        enum tm_side other = me == TM_CLIENT ? TM_SERVER : TM_CLIENT;
        struct tm_padder_counts n = status_of(p, me).counts;
        CHECK_INT(n.event[TM_MB_TUNNEL_SENT], n.n_normal + n.n_padding);
        CHECK_INT(n.event[TM_MB_NORMAL_SENT], n.n_normal + n.queued_normal);
        CHECK_INT(n.event[TM_MB_PADDING_SENT],
                  n.n_padding + n.n_replaced + n.n_dropped + n.queued_padding);
        CHECK_INT(n_events(p, other, TM_MB_TUNNEL_RECV), n.n_normal + n.n_padding);
        CHECK_INT(n_events(p, other, TM_MB_NORMAL_RECV), n.n_normal);
        CHECK_INT(n_events(p, other, TM_MB_PADDING_RECV), n.n_padding);
    }
}

static void what_has_no_meaning_is_refused(void)
{
    struct tm_session *s;
    struct tm_cells_cfg good = {.cell_bytes = CELL};
    struct tm_cells_cfg bad = good;
    struct tm_session_cfg cfg = cfg_of(NULL);
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    cfg = cfg_of(&good);
    cfg.n_users = 1;
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    bad.cell_bytes = TM_CELL_BYTES_MIN - 1;
    cfg = cfg_of(&bad);
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    bad = good;
    bad.max_padding_ppm = 1000001;
    cfg = cfg_of(&bad);
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_RANGE);
    bad = good;
    bad.server = text_view("02nonsense");
    cfg = cfg_of(&bad);
    CHECK_INT(tm_session_new(&s, &cfg, 0), TM_ERR_FORMAT);
}

static void machines_come_to_the_server_in_the_tunnel(void)
{
    struct session_pair p;
    begin(&p, NOOP, NOOP "\n" NOOP "\n");
    CHECK(status_of(&p, TM_SERVER).is_told);
    CHECK_INT(status_of(&p, TM_SERVER).counts.n_machines, 2);
    CHECK_INT(status_of(&p, TM_CLIENT).counts.n_machines, 1);
    CHECK_INT(status_of(&p, TM_SERVER).cell_bytes, CELL);
    check_events(&p);
    finish(&p);
}

static void an_idle_session_without_padding_is_silent(void)
{
    struct session_pair p;
    struct tm_session_stats before, after;
    begin(&p, "", "");
    tm_session_get_stats(p.end[TM_CLIENT], &before);
    settle(&p, 15 * TM_US_PER_S);
    tm_session_get_stats(p.end[TM_CLIENT], &after);
    CHECK_INT(after.wire_tx_bytes, before.wire_tx_bytes);
    settle(&p, 30 * TM_US_PER_S); /* a sign of life */
    tm_session_get_stats(p.end[TM_CLIENT], &after);
    CHECK(after.wire_tx_bytes > before.wire_tx_bytes);
    settle(&p, 600 * TM_US_PER_S);
    tm_session_get_stats(p.end[TM_CLIENT], &after);
    CHECK_INT(after.carriers_died, 0);
    CHECK_INT(after.carriers_live, 1);
    check_events(&p);
    finish(&p);
}

static void bytes_cross_in_cells_and_padding_between_them(void)
{
    static uint8_t bytes[100000];
    struct session_pair p;
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    char *pad = padding_machine(TM_MB_NORMAL_RECV, 1000);
    uint64_t id = 0, got = 0;
    begin(&p, pad, pad);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
    CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, bytes, sizeof bytes), sizeof bytes);
    settle(&p, 5 * TM_US_PER_S);
    for (;;) {
        bool end;
        struct tm_view v = tm_session_stream_peek(p.end[TM_SERVER], id, &end);
        if (v.len == 0)
            break;
        CHECK_MEM(v.p, bytes + got, v.len);
        got += v.len;
        tm_session_stream_consume(p.end[TM_SERVER], id, v.len);
    }
    CHECK_INT(got, sizeof bytes);
    CHECK(status_of(&p, TM_SERVER).counts.n_padding > 0);
    check_events(&p);
    free(pad);
    finish(&p);
}

/* How many bytes the server has of a stream on which the client sent `len` at once. */
static size_t crossed(size_t len)
{
    static uint8_t bytes[CELL];
    static const struct tm_dest d = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a", .port = 1};
    struct session_pair p;
    uint64_t id = 0;
    bool end;
    begin(&p, "", "");
    CHECK_INT(tm_session_stream_open(p.end[TM_CLIENT], &d, &id), TM_OK);
    settle(&p, TM_US_PER_S);
    CHECK_INT(tm_session_stream_send(p.end[TM_CLIENT], id, bytes, len), len);
    settle(&p, TM_US_PER_S);
    struct tm_view v = tm_session_stream_peek(p.end[TM_SERVER], id, &end);
    struct tm_event ev;
    while (tm_session_next_event(p.end[TM_SERVER], &ev))
        CHECK(ev.kind != TM_EVENT_FAILED);
    finish(&p);
    return v.len;
}

/* One byte that is left says that padding begins, and nothing else. */
static void whatever_a_cell_has_left_is_understood(void)
{
    for (size_t len = CELL - 40; len < CELL; len++)
        CHECK_INT(crossed(len), len);
}

/* A machine that holds everything from the first cell on, for ever.  Owned. */
static char *blocking_machine(void)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    struct tm_mb_state *s = NULL;
    const struct tm_mb_dist at_once = {.kind = TM_MB_UNIFORM};
    const struct tm_mb_dist a_day = {.kind = TM_MB_UNIFORM,
                                     .of.uniform = {TM_MB_GAP_MAX_US, TM_MB_GAP_MAX_US}};
    char *text = NULL;
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    CHECK_INT(tm_mb_build_edge(m, TM_MB_NORMAL_SENT, 1, 1), TM_OK);
    CHECK_INT(tm_mb_build_state(m, &s), TM_OK);
    s->ask = TM_MB_ASK_BLOCK_OUTGOING;
    CHECK_INT(tm_mb_build_dist(m, &at_once, &s->timeout), TM_OK);
    CHECK_INT(tm_mb_build_dist(m, &a_day, &s->duration), TM_OK);
    CHECK_INT(tm_mb_machine_text(&text, m), TM_OK);
    tm_mb_machine_free(m);
    return text;
}

/* The server's take several cells here. */
static void machines_that_hold_everything_do_not_hold_the_servers_machines(void)
{
    static char many[2 * CELL];
    struct session_pair p;
    char *block = blocking_machine();
    memset(many, '\n', sizeof many - 1);
    for (size_t i = 0; i < TM_MB_SET_MAX; i++)
        memcpy(many + i * (sizeof many / TM_MB_SET_MAX), NOOP, sizeof NOOP - 1);
    begin(&p, block, many);
    CHECK(status_of(&p, TM_SERVER).is_told);
    CHECK(status_of(&p, TM_CLIENT).is_told);
    CHECK_INT(status_of(&p, TM_SERVER).counts.n_machines, TM_MB_SET_MAX);
    free(block);
    finish(&p);
}

/* The client is not ours, and sends what ours would not. */
static void a_server_refuses_too_many_machines_and_the_client_hears(void)
{
    static char many[(TM_MB_SET_MAX + 1) * sizeof NOOP + 1];
    struct session_pair p;
    for (unsigned i = 0; i <= TM_MB_SET_MAX; i++)
        strcat(many, NOOP "\n");
    const struct tm_cells_cfg none = {.cell_bytes = CELL};
    struct tm_session_cfg cfg = cfg_of(&none);
    memset(&p, 0, sizeof p);
    CHECK_INT(tm_session_new(&p.end[TM_CLIENT], &cfg, 0), TM_OK);
    /* What it had to say, it says anew. */
    struct tm_stream *control = &p.end[TM_CLIENT]->control;
    tm_stream_deinit(control, &p.end[TM_CLIENT]->flight);
    CHECK_INT(tm_stream_init(control, 0, TM_CONTROL_WINDOW), TM_OK);
    control->announced = true;
    tm_session_say(p.end[TM_CLIENT],
                   &(struct tm_message){.kind = TM_MSG_SETTINGS,
                                        .u.settings = {.version = TM_PROTOCOL_VERSION,
                                                       .stream_window = TM_STREAM_WINDOW_MIN,
                                                       .streams_max = TM_STREAMS_MAX}});
    const struct tm_cells_cfg bad = {.server = text_view(many)};
    p.end[TM_CLIENT]->cfg.cells = &bad;
    tm_cells_tell(p.end[TM_CLIENT]);
    settle(&p, TM_US_PER_S);
    CHECK(status_of(&p, TM_SERVER).refused != NULL);
    CHECK(p.end[TM_CLIENT]->failed && strstr(p.end[TM_CLIENT]->failed, "refuses") != NULL);
    CHECK(p.end[TM_SERVER]->failed && strstr(p.end[TM_SERVER]->failed, "more than") != NULL);
    finish(&p);
}

static void machines_out_of_place_end_the_session(void)
{
    struct session_pair p;
    begin(&p, "", "");
    tm_session_say(p.end[TM_CLIENT], &(struct tm_message){.kind = TM_MSG_MACHINES});
    settle(&p, TM_US_PER_S);
    CHECK(p.end[TM_SERVER]->failed != NULL); /* a second time */
    finish(&p);
    begin(&p, "", "");
    tm_session_say(p.end[TM_SERVER], &(struct tm_message){.kind = TM_MSG_MACHINES});
    settle(&p, TM_US_PER_S);
    CHECK(p.end[TM_CLIENT]->failed != NULL); /* from a server */
    finish(&p);
}

/* Each bit of a machine string flipped: run or refused, never anything else. */
static void mutated_machines_are_run_or_refused(void)
{
    char text[] = NOOP;
    unsigned n_refused = 0;
    for (size_t bit = 0; bit < (sizeof text - 1) * 8; bit++) {
        struct tm_mb_set set;
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        int rc = tm_mb_set_parse(&set, text, sizeof text - 1, NULL);
        CHECK(rc == TM_OK ? set.n >= 1 : set.n == 0);
        n_refused += rc != TM_OK;
        tm_mb_set_free(&set);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
    }
    CHECK(n_refused > 100);
}

static void every_failing_allocation_is_survived(void)
{
    char *pad = padding_machine(TM_MB_NORMAL_RECV, 1000);
    const struct tm_cells_cfg cells = {
        .client = text_view(pad), .server = text_view(pad), .cell_bytes = CELL};
    const struct tm_session_cfg cfg = cfg_of(&cells);
    session_oom_each(&cfg, 20000, settle);
    free(pad);
}

static const struct check_case cases[] = {
    {"every_failing_allocation_is_survived", every_failing_allocation_is_survived},
    {"what_has_no_meaning_is_refused", what_has_no_meaning_is_refused},
    {"machines_come_to_the_server_in_the_tunnel", machines_come_to_the_server_in_the_tunnel},
    {"an_idle_session_without_padding_is_silent", an_idle_session_without_padding_is_silent},
    {"whatever_a_cell_has_left_is_understood", whatever_a_cell_has_left_is_understood},
    {"bytes_cross_in_cells_and_padding_between_them",
     bytes_cross_in_cells_and_padding_between_them},
    {"machines_that_hold_everything_do_not_hold_the_servers_machines",
     machines_that_hold_everything_do_not_hold_the_servers_machines},
    {"a_server_refuses_too_many_machines_and_the_client_hears",
     a_server_refuses_too_many_machines_and_the_client_hears},
    {"machines_out_of_place_end_the_session", machines_out_of_place_end_the_session},
    {"mutated_machines_are_run_or_refused", mutated_machines_are_run_or_refused},
};
CHECK_MAIN("cells_driver", cases)
