/* test/unit/net/tunnel_schedule_test.c - both ends play a schedule file to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/base/time.h"

/* Two connections at once, and a third behind them. */
static const char TEXT[] =
    "{\"t\":\"schedule\",\"v\":1}\n"
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":700,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":3000,\"ref\":0,\"gap\":3000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":2,\"dir\":\"up\",\"size\":800,\"ref\":1,\"gap\":20000}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":3,\"dir\":\"down\",\"size\":90000,\"ref\":2,\"gap\":3000}\n"
    "{\"t\":\"close\",\"c\":0,\"gap\":1000}\n"
    "{\"t\":\"open\",\"c\":1,\"user\":0,\"ref\":\"prev\",\"gap\":5000}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"up\",\"size\":650,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":1,\"dir\":\"down\",\"size\":400,\"ref\":0,\"gap\":3000}\n"
    "{\"t\":\"close\",\"c\":1,\"gap\":30000}\n"
    "{\"t\":\"open\",\"c\":2,\"user\":0,\"ref\":\"over\",\"gap\":10000}\n"
    "{\"t\":\"data\",\"c\":2,\"i\":0,\"dir\":\"up\",\"size\":600,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":2,\"i\":1,\"dir\":\"down\",\"size\":1000,\"ref\":0,\"gap\":3000}\n"
    "{\"t\":\"close\",\"c\":2,\"gap\":0}\n";
#define UP_BYTES   (700 + 800 + 650 + 600)
#define DOWN_BYTES (3000 + 90000 + 400 + 1000)

static void read_file(struct tm_schedfile *f)
{
    struct tm_msg msg = {""};
    *f = (struct tm_schedfile){0};
    CHECK_INT(tm_schedfile_read(f, TEXT, sizeof TEXT - 1, "x", &msg), TM_OK);
    CHECK_STR(msg.text, "");
}

static void play(enum tm_plan_mode mode)
{
    static struct scene s;
    struct tm_schedfile f;
    struct tm_session_stats stats;
    read_file(&f);
    const struct scene_cfg cfg = {
        .schedule = &f, .plan_mode = mode, .has_server_schedule = mode == TM_PLAN_SEEDED};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_played > 0 || s.n_trouble + s.n_failed > 0)
    {
    }
    CHECK_INT(s.n_played, 1);
    CHECK_INT(s.n_trouble + s.n_failed, 0);
    tm_tunnel_client_stats(s.client, &stats);
    CHECK_INT(stats.carriers_opened, 3);
    CHECK_INT(stats.carriers_ended, 3);
    CHECK_INT(stats.wire_tx_bytes, UP_BYTES);
    CHECK_INT(stats.wire_rx_bytes, DOWN_BYTES);
    uint64_t up = 0, down = 0;
    for (size_t i = 0; i < s.relay.n_conns; i++) {
        up += s.relay.conn[i].up;
        down += s.relay.conn[i].down;
    }
    CHECK_INT(s.relay.n_conns, 3);
    CHECK_INT(up, UP_BYTES);
    CHECK_INT(down, DOWN_BYTES);
    scene_stop(&s);
    tm_schedfile_deinit(&f);
}

static void a_file_that_the_server_does_not_have_is_played_to_its_end(void)
{
    play(TM_PLAN_EMBEDDED);
}

static void a_file_that_both_ends_have_is_played_to_its_end(void)
{
    play(TM_PLAN_SEEDED);
}

static void a_server_without_the_file_refuses_to_look_plans_up(void)
{
    static struct scene s;
    struct tm_schedfile f;
    struct tm_tunnel_server_stats stats;
    read_file(&f);
    const struct scene_cfg cfg = {.schedule = &f, .plan_mode = TM_PLAN_SEEDED, .no_decoy = true};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_trouble + s.n_played > 0)
    {
    }
    CHECK(s.n_trouble > 0);
    CHECK_INT(s.n_up + s.n_played, 0);
    CHECK_INT(s.last_err, TM_ERR_AUTH);
    tm_tunnel_server_stats(s.server, &stats);
    CHECK(stats.refused > 0);
    CHECK_INT(stats.sessions_begun, 0);
    scene_stop(&s);
    tm_schedfile_deinit(&f);
}

/* What an application still does then is cut off, and it is told. */
static void streams_end_with_the_file(void)
{
    static struct scene s;
    struct tm_schedfile f;
    char byte;
    read_file(&f);
    const struct scene_cfg cfg = {.schedule = &f, .plan_mode = TM_PLAN_EMBEDDED};
    scene_start(&s, &cfg);
    int app = scene_connect(&s.forward_addr);
    SCENE_UNTIL(&s, 20, s.n_played > 0)
    {
    }
    CHECK_INT(s.n_played, 1);
    CHECK(scene_read(&s, app, &byte, 1) <= 0);
    scene_stop(&s);
    tm_schedfile_deinit(&f);
}

/* One connection for each way to close: the client before the server's last bytes, the server by itself, resets with and without its FIN, both
 * at once. */
#define CONN(c, ref, gap)                                                                          \
    "{\"t\":\"open\",\"c\":" c ",\"user\":0,\"ref\":\"" ref "\",\"gap\":" gap "}\n"                \
    "{\"t\":\"data\",\"c\":" c ",\"i\":0,\"dir\":\"up\",\"size\":900,\"ref\":-1,\"gap\":0}\n"      \
    "{\"t\":\"data\",\"c\":" c ",\"i\":1,\"dir\":\"down\",\"size\":3000,\"ref\":0,\"gap\":3000}\n" \
    "{\"t\":\"data\",\"c\":" c ",\"i\":2,\"dir\":\"up\",\"size\":800,\"ref\":1,\"gap\":4000}\n"    \
    "{\"t\":\"data\",\"c\":" c                                                                     \
    ",\"i\":3,\"dir\":\"down\",\"size\":9000,\"ref\":2,\"gap\":30000}\n"
static const char CLOSINGS[] = "{\"t\":\"schedule\",\"v\":1}\n" CONN(
    "0", "origin",
    "0") "{\"t\":\"close\",\"c\":0,\"gap\":"
         "1000,\"ref\":2}\n" CONN(
             "1", "prev",
             "5000") "{\"t\":\"close\",\"c\":1,\"gap\":2000,\"server_ref\":3,\"server_gap\":900}"
                     "\n" CONN("2", "prev",
                               "5000") "{\"t\":\"close\",\"c\":2,\"gap\":1500,\"how\":\"reset\"}"
                                       "\n" CONN("3", "prev",
                                                 "5000") "{\"t\":\"close\",\"c\":"
                                                         "3,\"gap\":0,\"how\":"
                                                         "\"reset\",\"server_"
                                                         "ref\":3,\"server_gap\":"
                                                         "0}\n" CONN(
                                                             "4", "prev",
                                                             "5000") "{\"t"
                                                                     "\":"
                                                                     "\"cl"
                                                                     "ose"
                                                                     "\","
                                                                     "\"c"
                                                                     "\":"
                                                                     "4,"
                                                                     "\"ga"
                                                                     "p\":"
                                                                     "2000"
                                                                     ",\"r"
                                                                     "ef\""
                                                                     ":2,"
                                                                     "\"se"
                                                                     "rver"
                                                                     "_ref"
                                                                     "\":"
                                                                     "3,"
                                                                     "\"se"
                                                                     "rver"
                                                                     "_gap"
                                                                     "\":"
                                                                     "4000"
                                                                     "}"
                                                                     "\n" CONN(
                                                                         "5", "ended",
                                                                         "5000") "{\"t\":\"close\","
                                                                                 "\"c\":5,\"gap\":"
                                                                                 "2000}\n";
#define N_CLOSINGS 6U

/* How often a text stands in the file at `path`. */
static size_t count_text(const char *path, const char *what)
{
    static char text[1 << 20];
    FILE *f = fopen(path, "r");
    size_t n = 0, len = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[len] = 0;
    for (const char *p = text; (p = strstr(p, what)) != NULL; p++)
        n++;
    if (f)
        (void)fclose(f);
    return n;
}

static void close_all_ways(enum tm_plan_mode mode)
{
    static struct scene s;
    struct tm_schedfile f = {0};
    struct tm_msg msg = {""};
    struct tm_session_stats stats;
    char client_path[] = "/tmp/tm-closings-XXXXXX", server_path[] = "/tmp/tm-closings-XXXXXX";
    FILE *log = fdopen(mkstemp(client_path), "w");
    (void)close(mkstemp(server_path));
    CHECK_INT(tm_schedfile_read(&f, CLOSINGS, sizeof CLOSINGS - 1, "x", &msg), TM_OK);
    const struct scene_cfg cfg = {.schedule = &f,
                                  .plan_mode = mode,
                                  .has_server_schedule = mode == TM_PLAN_SEEDED,
                                  .client_log = log,
                                  .server_log_path = server_path};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_played > 0 || s.n_trouble + s.n_failed > 0)
    {
    }
    CHECK_INT(s.n_played, 1);
    CHECK_INT(s.n_trouble + s.n_failed, 0);
    tm_tunnel_client_stats(s.client, &stats);
    CHECK_INT(stats.carriers_ended, N_CLOSINGS);
    CHECK_INT(stats.carriers_died, 0);
    CHECK_INT(stats.wire_tx_bytes, N_CLOSINGS * (900 + 800));
    CHECK_INT(stats.wire_rx_bytes, N_CLOSINGS * (3000 + 9000));
    scene_stop(&s);
    (void)fclose(log);
    const char *const path[] = {client_path, server_path};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(count_text(path[i], "\"how\":\"died\""), 0);
        CHECK_INT(count_text(path[i], "\"how\":\"planned\",\"writes\":4"), N_CLOSINGS);
        (void)remove(path[i]);
    }
    tm_schedfile_deinit(&f);
}

static void connections_close_in_every_planned_way(void)
{
    close_all_ways(TM_PLAN_EMBEDDED);
    close_all_ways(TM_PLAN_SEEDED);
}

static const struct check_case cases[] = {
    {"connections_close_in_every_planned_way", connections_close_in_every_planned_way},
    {"a_file_that_the_server_does_not_have_is_played_to_its_end",
     a_file_that_the_server_does_not_have_is_played_to_its_end},
    {"a_file_that_both_ends_have_is_played_to_its_end",
     a_file_that_both_ends_have_is_played_to_its_end},
    {"a_server_without_the_file_refuses_to_look_plans_up",
     a_server_without_the_file_refuses_to_look_plans_up},
    {"streams_end_with_the_file", streams_end_with_the_file},
};
CHECK_MAIN("tunnel_schedule", cases)
