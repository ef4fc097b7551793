/* test/unit/net/tunnel_clock_test.c - wall clocks that are set, at either end, in a session and between two. */
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/support/stderr_of.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/base/time.h"
#include "tm/net/alarm.h"

#define HOUR_US (3600 * TM_US_PER_S)

/* 1 s, 1 hour, 1 day, 10 years, ahead and back; the first four are within what is allowed between sessions. */
static const int64_t SET[] = {TM_US_PER_S,  -TM_US_PER_S,  HOUR_US,         -HOUR_US,
                              24 * HOUR_US, -24 * HOUR_US, 87660 * HOUR_US, -87660 * HOUR_US};
#define N_SET     (sizeof SET / sizeof SET[0])
#define N_ALLOWED 4

static int64_t set_us[2]; /* by side: what its clock is ahead of the machine's */

static int64_t client_wall_us(void)
{
    return tm_wall_us() + set_us[TM_CLIENT];
}

static int64_t server_wall_us(void)
{
    return tm_wall_us() + set_us[TM_SERVER];
}

static struct tm_model many_short_connections(void)
{
    struct tm_model m;
    tm_model_constant_default(&m);
    m.u.constant = (struct tm_constant){.size_bytes = 1500, .interval_us = 3000, .n_exchanges = 2};
    return m;
}

static void start(struct scene *s, const struct tm_model *m)
{
    const struct scene_cfg cfg = {
        .model = m, .no_decoy = true, .wall_us = {client_wall_us, server_wall_us}};
    set_us[TM_CLIENT] = set_us[TM_SERVER] = 0;
    scene_start(s, &cfg);
    SCENE_UNTIL(s, 20, s->n_up > 0)
    {
    }
    CHECK_INT(s->n_up, 1);
}

static uint64_t refused(const struct scene *s)
{
    struct tm_tunnel_server_stats stats;
    tm_tunnel_server_stats(s->server, &stats);
    return stats.refused;
}

/* Connections that are opened from now on are taken. */
static void expect_carriers(struct scene *s)
{
    struct tm_session_stats before;
    struct tm_session_stats now;
    tm_tunnel_client_stats(s->client, &before);
    now = before;
    SCENE_UNTIL(s, 20,
                now.carriers_opened >= before.carriers_opened + 4 &&
                    now.carriers_ended >= before.carriers_ended + 4)
    {
        tm_tunnel_client_stats(s->client, &now);
    }
    CHECK(now.carriers_ended >= before.carriers_ended + 4);
    CHECK_INT(now.carriers_died, 0);
    CHECK_INT(refused(s), 0);
}

/* Sends a hello that was used before: a stranger's. */
static void expect_replay_refused(struct scene *s, const struct relay_conn *c)
{
    char buf[64];
    uint64_t before = refused(s);
    size_t hello = 5U + ((size_t)c->captured[3] << 8 | c->captured[4]);
    int probe = scene_connect(&s->relay.server);
    CHECK_INT(send(probe, c->captured, hello, 0), hello);
    CHECK(scene_read(s, probe, buf, sizeof buf) <= 0);
    CHECK_INT(refused(s), before + 1);
    (void)close(probe);
}

static void a_running_session_does_not_mind_a_clock_that_is_set(void)
{
    static struct scene s;
    static struct relay_conn used;
    struct tm_model m = many_short_connections();
    start(&s, &m);
    for (size_t i = 0; i < N_SET; i++) {
        for (int side = 0; side < 2; side++) {
            set_us[side] = SET[i];
            expect_carriers(&s);
        }
    }
    set_us[TM_CLIENT] = set_us[TM_SERVER] = 0;
    expect_carriers(&s);
    CHECK_INT(s.n_trouble + s.n_failed, 0);
    used = s.relay.conn[0];
    expect_replay_refused(&s, &used);
    set_us[TM_SERVER] = HOUR_US;
    expect_replay_refused(&s, &used);
    scene_stop(&s);
}

/* One more client, in a session of its own. */
static void expect_new_client(struct scene *s, bool is_allowed)
{
    int n_up = s->n_up;
    int n_trouble = s->n_trouble;
    uint64_t n_refused = refused(s);
    struct tm_tunnel_client *client = scene_new_client(s);
    SCENE_UNTIL(s, 20, s->n_up > n_up || s->n_trouble > n_trouble)
    {
    }
    CHECK_INT(s->n_up - n_up, is_allowed);
    CHECK_INT(refused(s) > n_refused, !is_allowed);
    if (!is_allowed) {
        CHECK_INT(s->last_err, TM_ERR_AUTH);
        CHECK(strstr(s->last_text, "clocks more than two hours apart") != NULL);
    }
    scene_stop_client(s, client);
    SCENE_UNTIL(s, 20, s->n_stopped == s->n_started - 2)
    {
    }
}

static void a_new_session_is_judged_by_the_wall_clocks(void)
{
    static struct scene s;
    struct tm_model m = many_short_connections();
    start(&s, &m);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < N_SET; i++) {
            set_us[side] = SET[i];
            expect_new_client(&s, i < N_ALLOWED);
        }
        set_us[side] = 0;
    }
    expect_new_client(&s, true); /* set right again, it is let in again */
    scene_stop(&s);
}

static void one_client_too_late(void)
{
    static struct scene s;
    struct tm_model m = many_short_connections();
    start(&s, &m);
    set_us[TM_CLIENT] = -24 * HOUR_US;
    expect_new_client(&s, false);
    scene_stop(&s);
}

static void the_server_says_how_far_the_clocks_are_apart(void)
{
    static char text[8192];
    CHECK_INT(stderr_of(one_client_too_late, text, sizeof text), 0);
    CHECK(strstr(text, "its clock is 1440 minutes behind ours; set the wrong one (2 hours are "
                       "allowed)") != NULL);
}

/* The first one forks, so it comes before there are threads. */
static const struct check_case cases[] = {
    {"the_server_says_how_far_the_clocks_are_apart", the_server_says_how_far_the_clocks_are_apart},
    {"a_running_session_does_not_mind_a_clock_that_is_set",
     a_running_session_does_not_mind_a_clock_that_is_set},
    {"a_new_session_is_judged_by_the_wall_clocks", a_new_session_is_judged_by_the_wall_clocks},
};
CHECK_MAIN("tunnel_clock", cases)
