/* What both ends of a tunnel tell of themselves. */
#include "tm/net/tunnel_watch.h"

#include <string.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"

static void count_session(void *user, const struct tm_session_control *c, int64_t idle_us)
{
    unsigned *n_open = user;
    CHECK(idle_us >= 0);
    CHECK(c->cfg->side == TM_SERVER);
    CHECK(c->answered_us != TM_NEVER);
    *n_open += c->n_open;
}

static void both_ends_tell_of_themselves(void)
{
    struct scene s;
    struct tm_model m;
    struct tm_tunnel_watch client;
    struct tm_tunnel_watch server;
    unsigned n_open = 0;
    memset(&server, 0, sizeof server);
    tm_model_constant_default(&m);
    m.u.constant = (struct tm_constant){.size_bytes = 3000, .interval_us = 8000, .n_exchanges = 5};
    const struct scene_cfg cfg = {.model = &m, .master = TM_CLIENT, .plan_mode = TM_PLAN_SEEDED};
    scene_start(&s, &cfg);
    tm_tunnel_client_watch(s.client, &client);
    CHECK(client.control.answered_us == TM_NEVER);
    CHECK_STR(client.trouble, "");
    SCENE_UNTIL(&s, 20, client.tally.sent >= 12 && client.control.n_open > 0)
    {
        tm_tunnel_client_watch(s.client, &client);
    }
    SCENE_UNTIL(&s, 20, n_open > 0) /* not between two connections */
    {
        tm_tunnel_server_watch(s.server, &server, count_session, &n_open);
    }
    CHECK(client.tally.sent >= 12);
    CHECK_INT(client.tally.exact, client.tally.sent);
    CHECK(client.tally.due >= client.tally.sent);
    CHECK(client.tally.peer.n > 0);
    CHECK(client.control.answered_us > 0 && client.control.answered_us <= client.now_us);
    CHECK(client.control.cfg->model != NULL);
    CHECK(client.stats.wire_tx_bytes >= client.tally.sent * 3000);
    CHECK(client.wire.kernel.n[TM_KERNEL_BYTES_TX] > 0);
    CHECK(client.wire.beat_us > 0 && !client.wire.has_ended);
    CHECK(server.tally.sent > 0);
    CHECK_INT(server.tally.exact, server.tally.sent);
    CHECK(server.wire.kernel.n[TM_KERNEL_SEGS_RX] > 0);
    CHECK(n_open > 0);
    scene_stop(&s);
}

/* Nothing listens: why, and since when. */
static void an_unreachable_server_is_told_with_the_reason(void)
{
    struct scene s;
    struct tm_model m;
    struct tm_tunnel_watch w;
    tm_model_constant_default(&m);
    const struct scene_cfg cfg = {
        .model = &m, .master = TM_CLIENT, .plan_mode = TM_PLAN_SEEDED, .no_server = true};
    scene_start(&s, &cfg);
    SCENE_UNTIL(&s, 20, s.n_trouble > 0);
    tm_tunnel_client_watch(s.client, &w);
    CHECK(w.control.answered_us == TM_NEVER);
    CHECK(w.control.unanswered_us != TM_NEVER);
    CHECK(w.trouble[0] != '\0');
    CHECK_INT(w.control.n_open, 0);
    scene_stop(&s);
}

static const struct check_case cases[] = {
    {"both_ends_tell_of_themselves", both_ends_tell_of_themselves},
    {"an_unreachable_server_is_told_with_the_reason",
     an_unreachable_server_is_told_with_the_reason},
};
CHECK_MAIN("tunnel_watch", cases)
