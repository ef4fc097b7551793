/* A tunnel that plays a joint model: both ends make its batches ahead of time, and no write waits for one. */
#include <stdio.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"
#include "test/unit/net/tunnel_scene.h"

static void play(enum tm_side master, uint64_t n_writes)
{
    struct scene s;
    struct tm_model m;
    struct tm_session_stats client = {0};
    struct tm_tunnel_server_stats server = {0};
    CHECK_INT(sample_joint(&m, "pages", 80, 1500), TM_OK);
    const struct scene_cfg cfg = {.model = &m, .master = master, .plan_mode = TM_PLAN_SEEDED};
    scene_start(&s, &cfg);
    CHECK_INT(tm_tunnel_client_state(s.client), TM_TUNNEL_PREPARING);
    CHECK(tm_tunnel_client_missing(s.client) > 0);
    SCENE_UNTIL(&s, 20, s.n_up > 0 && client.wire_tx_bytes >= n_writes)
    {
        tm_tunnel_client_stats(s.client, &client);
    }
    tm_tunnel_server_stats(s.server, &server);
    CHECK_INT(s.n_up, 1);
    CHECK_INT(s.n_trouble, 0);
    CHECK_INT(s.n_failed, 0);
    CHECK(client.wire_tx_bytes >= n_writes);
    CHECK_INT(tm_tunnel_client_missing(s.client), 0);
    CHECK_INT(client.carriers_died, 0);
    CHECK_INT(server.strangers, 0);
    CHECK_INT(server.refused, 0);
    CHECK_INT(client.batches_late, 0);
    CHECK_INT(server.total.batches_late, 0);
    scene_stop(&s);
    tm_model_deinit(&m);
}

static void no_plan_waits_for_a_batch(void)
{
    play(TM_CLIENT, 20000);
}

static void the_masters_plan_follows_when_its_batches_are_there(void)
{
    play(TM_SERVER, 20000);
}

static void stopping_before_the_schedule_begins_leaves_nothing(void)
{
    struct scene s;
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", 80, 1500), TM_OK);
    const struct scene_cfg cfg = {.model = &m, .master = TM_CLIENT, .plan_mode = TM_PLAN_SEEDED};
    scene_start(&s, &cfg);
    CHECK_INT(tm_tunnel_client_state(s.client), TM_TUNNEL_PREPARING);
    scene_stop(&s);
    CHECK_INT(s.n_up, 0);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"no_plan_waits_for_a_batch", no_plan_waits_for_a_batch},
    {"the_masters_plan_follows_when_its_batches_are_there",
     the_masters_plan_follows_when_its_batches_are_there},
    {"stopping_before_the_schedule_begins_leaves_nothing",
     stopping_before_the_schedule_begins_leaves_nothing},
};
CHECK_MAIN("tunnel_joint", cases)
