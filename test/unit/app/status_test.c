/* What status shows: filled, carried, rendered. */
#include "tm/app/status.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define NOW (INT64_C(1000) * TM_US_PER_S)

static const uint8_t DIGEST[TM_DIGEST_LEN] = {0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5};

struct scene {
    struct tm_model model;
    struct tm_session_cfg cfg;
    struct tm_tunnel_watch watch;
    struct tm_session_control c;
};

static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    tm_model_constant_default(&s->model);
    s->cfg = (struct tm_session_cfg){.side = TM_CLIENT,
                                     .master = TM_SERVER,
                                     .plan_mode = TM_PLAN_EMBEDDED,
                                     .model = &s->model,
                                     .seed = {0x5e, 0xed},
                                     .n_users = 4,
                                     .pace_ms = 1500};
    s->c = (struct tm_session_control){.cfg = &s->cfg,
                                       .digest = DIGEST,
                                       .n_open = 3,
                                       .n_opening = 1,
                                       .n_waiting = 2,
                                       .opening_us = NOW - 10,
                                       .next_us = NOW + 1000,
                                       .answered_us = NOW - 185 * TM_US_PER_S,
                                       .unanswered_us = TM_NEVER,
                                       .waiting_bytes = 4096,
                                       .oldest_us = NOW - 41200};
    s->watch = (struct tm_tunnel_watch){
        .now_us = NOW,
        .tally = {.span_us = 190 * TM_US_PER_S,
                  .due = 1236,
                  .sent = 1234,
                  .exact = 1234,
                  .missed = 3,
                  .slips = {0, 2, 1, 0, 12, 0},
                  .unsent_max = 2896,
                  .wire_bytes = 2000,
                  .payload_bytes = 84,
                  .late = {1234, 31, 60, 70, 210, 3100},
                  .peer = {900, 41000, 50000, 60000, 80100, 90000},
                  .queue = {77, 80000, 200000, 240000, 900000, 1200000}},
        .wire = {.is_realtime = true,
                 .beat_us = NOW,
                 .kernel = {.n = {100, 120, 5000, 1230000, 5200, 6240, 2, 2896}, .rtt_us = 40100}},
        .stats = {.wire_tx_bytes = 2000,
                  .wire_rx_bytes = 8000,
                  .payload_rx_bytes = 7500,
                  .carriers_opened = 6,
                  .streams_live = 2}};
}

static void fill(struct tm_status *st, const struct scene *s)
{
    struct tm_status_source src =
        tm_status_source_new("tm-client", TM_CLIENT, 200 * TM_US_PER_S, &s->watch);
    tm_status_add_session(&src, &s->c, 0);
    tm_status_fill(st, &src);
}

static void check_text(const struct tm_status *st, const char *want)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    tm_status_text(f, st, "\n");
    (void)fclose(f);

    CHECK_STR(text, want);
    free(text);
}

static void a_person_reads_what_drives_the_wire(void)
{
    struct scene s;
    struct tm_status st;
    scene_init(&s);
    fill(&st, &s);
    check_text(
        &st,
        "in control    for 3 min 5 s: the model drives the wire\n"
        "model         constant (constant, digest deadbeef01020304), 4 users, pace 1500ms, server "
        "is master, plan embedded\n"
        "              payload-independent: what is carried changes nothing on the wire\n"
        "buffers       last 3 min 10 s: 1236 due, 1234 sent, 1234 of them at their exact offset; "
        "2 waiting, 0 lost with their carrier\n"
        "lateness      p50 0.03 ms, p90 0.06 ms, p99 0.21 ms, max 3.10 ms; 3 missed (more than "
        "1.00 ms)\n"
        "slips         this machine 2, composed late 1, network 0, the peer's plan 0; in time but "
        "held back by TCP 12\n"
        "peer          900 of its buffers came p50 41.0 ms, p99 80.1 ms after their plan, the path "
        "included\n"
        "user data     waited p50 80.0 ms, p95 240.0 ms, max 1.20 s; now 4.10 kB wait, the oldest "
        "for 41.2 ms; useful share 4.2 %\n"
        "now           3 carriers open, 1 opening; 2 streams; 1 sessions, 1 in control\n"
        "provider      10.20 kB sent, 1.24 MB received since the start: TCP payload, and by rule "
        "5.20 kB and 6.24 kB of headers\n"
        "kernel        100 segments sent, 120 received; 2 (2.90 kB) sent again; round trip 40.1 "
        "ms; at most 2.90 kB unacknowledged when a buffer was due\n"
        "thread        real-time priority; the program was too busy to listen to it 0 times\n"
        "since start   wire 2000 B sent, 8000 B received; payload 0 B sent, 7500 B received; "
        "useful share 75.0 %; carriers 6 opened, 0 died; 200.0 s\n");
}

static void what_happened_to_the_clocks_is_said(void)
{
    struct scene s;
    struct tm_status st;
    char *text = NULL;
    size_t len;
    scene_init(&s);
    s.watch.clocks = (struct tm_standstill_stats){.n_stood = 2,
                                                  .stood_us = 17000000,
                                                  .stood_max_us = 15000000,
                                                  .ended_us = NOW - 12 * TM_US_PER_S,
                                                  .n_slept = 1,
                                                  .slept_us = 40000000,
                                                  .slept_max_us = 40000000,
                                                  .n_set = 3};
    fill(&st, &s);
    CHECK(st.in_control);
    FILE *f = open_memstream(&text, &len);
    tm_status_text(f, &st, "\n");
    (void)fclose(f);
    CHECK(strstr(text,
                 "\nstood still   2 times, 17.00 s in all, 15.00 s at most, the last 12 s ago: "
                 "what was due then left late\n") != NULL);
    CHECK(strstr(text,
                 "\nslept         the machine, 1 times, 40.00 s in all, 40.00 s at most: what "
                 "was due then was due so much later\n") != NULL);
    CHECK(strstr(text, "\nwall clock    set 3 times: sessions go on by their own clocks\n") !=
          NULL);
    free(text);
    static char json[TM_STATUS_MAX];
    CHECK(tm_status_write(&st, json, sizeof json) > 0);
    CHECK(strstr(json,
                 "\"clocks\":{\"standstills\":2,\"standstill_us\":17000000,"
                 "\"standstill_max_us\":15000000,\"standstill_ago_us\":12000000,\"sleeps\":1,") !=
          NULL);
}

static void without_a_schedule_none_is_claimed(void)
{
    struct scene s;
    struct tm_status st;
    struct tm_session_cfg cfg;
    char *text = NULL;
    size_t len;
    scene_init(&s);
    cfg = *s.c.cfg;
    cfg.drive = TM_DRIVE_SHUFFLE;
    cfg.model = NULL;
    cfg.n_users = 0;
    s.c.cfg = &cfg;
    fill(&st, &s);
    CHECK(!st.model.payload_independent);
    CHECK_STR(st.model.name, "shuffle");
    CHECK_STR(st.model.plan, "none");
    FILE *f = open_memstream(&text, &len);
    tm_status_text(f, &st, "\n");
    tm_status_line(f, &st);
    (void)fclose(f);
    CHECK(strncmp(text,
                  "connected     for 3 min 5 s: no schedule drives the wire\n"
                  "model         shuffle (digest deadbeef01020304), carriers follow the streams\n"
                  "              NOT payload-independent: the wire follows what is carried\n"
                  "user data     ",
                  200) == 0);
    CHECK(strstr(text, "in control:") == NULL);
    CHECK(strstr(text, "exact") == NULL);
    CHECK(strstr(text, "\nconnected: shuffle, no schedule, NOT payload-independent; ") != NULL);
    free(text);
}

static void of_machines_what_they_did_is_told(void)
{
    struct scene s;
    struct tm_status st, again;
    struct tm_session_cfg cfg;
    char json[TM_STATUS_MAX];
    char *text = NULL;
    size_t len;
    scene_init(&s);
    cfg = *s.c.cfg;
    cfg.drive = TM_DRIVE_MAYBENOT;
    cfg.model = NULL;
    cfg.n_users = 0;
    s.c.cfg = &cfg;
    s.c.cells = (struct tm_cells_status){
        .cell_bytes = 1448,
        .is_told = true,
        .refused = "why",
        .counts = {.event = {[TM_MB_TUNNEL_SENT] = 12, [TM_MB_NORMAL_RECV] = 3},
                   .n_normal = 7,
                   .n_padding = 5,
                   .n_replaced = 4,
                   .n_dropped = 2,
                   .queued_normal = 11,
                   .queued_padding = 13,
                   .n_refused = 1,
                   .n_machines = 9,
                   .n_ended = 6}};
    fill(&st, &s);
    FILE *f = open_memstream(&text, &len);
    tm_status_text(f, &st, "\n");
    (void)fclose(f);
    const char *want =
        "connected     for 3 min 5 s: no schedule drives the wire\n"
        "model         maybenot (digest deadbeef01020304), one carrier of cells of 1448 bytes, "
        "driven by machines\n"
        "              NOT payload-independent: the wire follows what is carried\n"
        "machines      9 started at this end, 6 of them have ended; REFUSED: why\n"
        "cells         7 sent with data, 5 of padding; 4 paddings were cells that waited, 2 were "
        "dropped, 1 actions were too many\n";
    CHECK_MEM(text, want, strlen(want));
    free(text);
    len = tm_status_write(&st, json, sizeof json);
    CHECK(len > 0);
    CHECK(strstr(json, "\"machines\":{\"cell_bytes\":1448,\"started\":9,\"ended\":6,"
                       "\"refused\":\"why\",") != NULL);
    CHECK(strstr(json, "\"cells_waiting_normal\":11,\"cells_waiting_padding\":13,") != NULL);
    CHECK(strstr(json, "\"tunnel_sent\":12,") != NULL);
    CHECK_INT(tm_status_read(&again, json, len, NULL), TM_OK);
    CHECK(memcmp(&again.machines, &st.machines, sizeof st.machines) == 0);
}

static void of_several_sessions_the_one_without_a_schedule_is_shown(void)
{
    for (int order = 0; order < 2; order++) {
        struct scene s;
        struct tm_status st;
        scene_init(&s);
        struct tm_session_cfg cfg = *s.c.cfg;
        cfg.drive = TM_DRIVE_SHUFFLE;
        cfg.model = NULL;
        struct tm_session_control driven = s.c;
        driven.cfg = &cfg;
        struct tm_status_source src =
            tm_status_source_new("tm-server", TM_SERVER, 200 * TM_US_PER_S, &s.watch);
        tm_status_add_session(&src, order == 0 ? &s.c : &driven, 0);
        tm_status_add_session(&src, order == 0 ? &driven : &s.c, 0);
        tm_status_fill(&st, &src);
        CHECK_STR(st.model.name, "shuffle");
        CHECK(!st.model.payload_independent);
        CHECK_INT(st.now.sessions, 2);
        CHECK_INT(st.now.sessions_in_control, 1);
    }
}

static void no_control_is_said_first(void)
{
    struct scene s;
    struct tm_status st;
    char *text = NULL;
    size_t len;
    scene_init(&s);
    s.c.n_open = 0;
    s.c.unanswered_us = NOW - 12 * TM_US_PER_S;
    (void)strcpy(s.watch.trouble, "connection refused");
    fill(&st, &s);
    CHECK(!st.in_control);
    FILE *f = open_memstream(&text, &len);
    tm_status_text(f, &st, "\n");
    tm_status_line(f, &st);
    (void)fclose(f);
    const char *want = "NOT IN CONTROL for 12 s: the server cannot be reached: connection refused; "
                       "no user data leaves\n";
    CHECK_MEM(text, want, strlen(want));
    CHECK(strstr(text, "\nNOT IN CONTROL: the server cannot be reached: connection refused; no "
                       "user data leaves\n") != NULL);
    free(text);
}

static void a_program_that_does_not_run_is_said(void)
{
    struct tm_status st;
    tm_status_absent(&st, "tm-client", "tm-client does not run");
    CHECK(!st.in_control);
    check_text(&st, "NOT IN CONTROL: tm-client does not run; no user data leaves\n");
}

static void what_is_written_is_read(void)
{
    struct scene s;
    struct tm_status st;
    struct tm_status back;
    static char text[TM_STATUS_MAX];
    static char again[TM_STATUS_MAX];
    struct tm_msg msg = {""};
    scene_init(&s);
    fill(&st, &s);
    (void)strcpy(st.reason, "a \"quoted\" \\ reason\n");
    (void)strcpy(st.note, "a note");
    size_t len = tm_status_write(&st, text, sizeof text);
    CHECK(len > 1000);
    CHECK_INT(text[len - 1], '\n');
    const char *head = "{\"schema_version\":1,\"program\":\"tm-client\",\"in_control\":true,";
    CHECK_MEM(text, head, strlen(head));
    CHECK_INT(tm_status_read(&back, text, len, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_STR(back.reason, st.reason);
    CHECK_STR(back.note, "a note");
    CHECK_INT(back.kernel.n[TM_KERNEL_RETRANS_BYTES], 2896);
    CHECK_INT(back.totals.carriers_opened, 6);
    CHECK_INT(back.useful_permille, 42);
    CHECK(back.model.payload_independent && back.is_realtime);
    CHECK_INT(tm_status_write(&back, again, sizeof again), len);
    CHECK_MEM(again, text, len);
    for (size_t cap = 0; cap <= len; cap++)
        CHECK_INT(tm_status_write(&st, again, cap), 0);
}

/* The seed, and nothing of what is carried, is in it. */
static void no_secret_is_in_it(void)
{
    struct scene s;
    struct tm_status st;
    static char text[TM_STATUS_MAX];
    scene_init(&s);
    fill(&st, &s);
    size_t len = tm_status_write(&st, text, sizeof text);
    CHECK(len > 0);
    CHECK(strstr(text, "5eed") == NULL);
    CHECK(strstr(text, "seed\"") == NULL);
}

static void every_cut_or_changed_text_is_survived(void)
{
    struct scene s;
    struct tm_status st;
    struct tm_status back;
    static char text[TM_STATUS_MAX];
    scene_init(&s);
    fill(&st, &s);
    size_t len = tm_status_write(&st, text, sizeof text);
    for (size_t n = 0; n < len - 1; n++) /* all but the newline is needed */
        CHECK(tm_status_read(&back, text, n, NULL) != TM_OK);
    size_t n_read = 0;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        n_read += tm_status_read(&back, text, len, NULL) == TM_OK;
        CHECK(memchr(back.reason, '\0', sizeof back.reason) != NULL);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    CHECK(n_read > 0 && n_read < 8 * len);
}

static void other_releases_are_understood_or_refused(void)
{
    struct tm_status st;
    struct tm_msg msg = {""};
    const char *more = "{\"schema_version\":1,\"new\":{\"a\":[1,2]},\"in_control\":true,"
                       "\"model\":{\"colour\":\"red\",\"users\":3}}";
    CHECK_INT(tm_status_read(&st, more, strlen(more), &msg), TM_OK);
    CHECK(st.in_control);
    CHECK_INT(st.model.users, 3);
    const char *newer = "{\"schema_version\":2,\"in_control\":true}";
    CHECK_INT(tm_status_read(&st, newer, strlen(newer), &msg), TM_ERR_UNSUPPORTED);
    const char *none = "{\"in_control\":true}";
    CHECK_INT(tm_status_read(&st, none, strlen(none), &msg), TM_ERR_FORMAT);
    const char *no_bool = "{\"schema_version\":1,\"in_control\":\"true\"}";
    CHECK_INT(tm_status_read(&st, no_bool, strlen(no_bool), &msg), TM_ERR_FORMAT);
}

/* A client that went away does not hide one that is served, and gauges are of all. */
static void a_server_shows_the_session_in_control(void)
{
    struct scene s;
    struct tm_status st;
    scene_init(&s);
    struct tm_model other;
    tm_model_constant_default(&other);
    (void)strcpy(other.name, "other");
    struct tm_session_cfg cfg = s.cfg;
    cfg.model = &other;
    struct tm_session_control gone = s.c;
    gone.cfg = &cfg;
    gone.n_open = 0;
    gone.waiting_bytes = 4;
    gone.oldest_us = NOW - 90000000;
    struct tm_status_source src =
        tm_status_source_new("tm-server", TM_SERVER, TM_US_PER_S, &s.watch);
    tm_status_fill(&st, &src);
    CHECK(!st.in_control);
    CHECK_STR(st.reason, "no client has a session");
    CHECK_STR(st.model.name, "");
    tm_status_add_session(&src, &gone, 3600 * TM_US_PER_S);
    tm_status_fill(&st, &src);
    CHECK(!st.in_control);
    CHECK_STR(st.model.name, "other");
    tm_status_add_session(&src, &s.c, 0);
    tm_status_add_session(&src, &gone, 3600 * TM_US_PER_S);
    tm_status_fill(&st, &src);
    CHECK(st.in_control);
    CHECK_STR(st.model.name, "constant");
    CHECK_INT(st.now.sessions, 3);
    CHECK_INT(st.now.sessions_in_control, 1);
    CHECK_INT(st.now.carriers_open, 3);
    CHECK_INT(st.now.queue_bytes, 4104);
    CHECK_INT(st.now.queue_oldest_us, 90000000);
}

static const struct check_case cases[] = {
    {"a_person_reads_what_drives_the_wire", a_person_reads_what_drives_the_wire},
    {"what_happened_to_the_clocks_is_said", what_happened_to_the_clocks_is_said},
    {"without_a_schedule_none_is_claimed", without_a_schedule_none_is_claimed},
    {"of_machines_what_they_did_is_told", of_machines_what_they_did_is_told},
    {"of_several_sessions_the_one_without_a_schedule_is_shown",
     of_several_sessions_the_one_without_a_schedule_is_shown},
    {"no_control_is_said_first", no_control_is_said_first},
    {"a_program_that_does_not_run_is_said", a_program_that_does_not_run_is_said},
    {"what_is_written_is_read", what_is_written_is_read},
    {"no_secret_is_in_it", no_secret_is_in_it},
    {"every_cut_or_changed_text_is_survived", every_cut_or_changed_text_is_survived},
    {"other_releases_are_understood_or_refused", other_releases_are_understood_or_refused},
    {"a_server_shows_the_session_in_control", a_server_shows_the_session_in_control},
};
CHECK_MAIN("status", cases)
