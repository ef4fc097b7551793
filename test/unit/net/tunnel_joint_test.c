/* A tunnel that plays a joint model: both ends make its batches ahead of time, and no write waits for one. */
#include <stdio.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"
#include "test/unit/net/tunnel_scene.h"

/* Plays the model, which is taken, until the client has sent so many bytes. */
static void play(struct tm_model *take_model, enum tm_side master, uint64_t n_bytes)
{
    struct scene s;
    struct tm_session_stats client = {0};
    struct tm_tunnel_server_stats server = {0};
    const struct scene_cfg cfg = {
        .model = take_model, .master = master, .plan_mode = TM_PLAN_SEEDED};
    scene_start(&s, &cfg);
    CHECK_INT(tm_tunnel_client_state(s.client), TM_TUNNEL_PREPARING);
    CHECK(tm_tunnel_client_missing(s.client) > 0);
    SCENE_UNTIL(&s, 20, s.n_up > 0 && client.wire_tx_bytes >= n_bytes)
    {
        tm_tunnel_client_stats(s.client, &client);
    }
    tm_tunnel_server_stats(s.server, &server);
    CHECK_INT(s.n_up, 1);
    CHECK_INT(s.n_trouble, 0);
    CHECK_INT(s.n_failed, 0);
    CHECK(client.wire_tx_bytes >= n_bytes);
    CHECK_INT(tm_tunnel_client_missing(s.client), 0);
    CHECK_INT(client.carriers_died, 0);
    CHECK_INT(server.strangers, 0);
    CHECK_INT(server.refused, 0);
    CHECK_INT(client.batches_late, 0);
    CHECK_INT(server.total.batches_late, 0);
    scene_stop(&s);
    tm_model_deinit(take_model);
}

static void no_plan_waits_for_a_batch(void)
{
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", 80, 1500), TM_OK);
    play(&m, TM_CLIENT, 20000);
}

static void the_masters_plan_follows_when_its_batches_are_there(void)
{
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", 80, 1500), TM_OK);
    play(&m, TM_SERVER, 20000);
}

/* A browser opens connections ahead and drops them: the FIN is behind the hello, long before the server has its first batch. */
static void end_before_the_servers_first_batch(uint32_t hello_bytes)
{
    const struct tm_write writes[] = {{.size = hello_bytes, .dir = TM_UP},
                                      {.size = 1500, .dir = TM_DOWN, .ref_back = 1},
                                      {.size = 1500, .dir = TM_UP, .ref_back = 1},
                                      {.size = 1500, .dir = TM_DOWN, .ref_back = 1}};
    const struct tm_close behind_the_hello = {.back = 2};
    struct tm_model m;
    CHECK_INT(sample_joint(&m, "pages", 80, 1500), TM_OK);
    tm_deck_deinit(&m.u.joint.deck);
    for (uint32_t i = 0; i < 2000; i++) {
        bool is_first = i % 4 == 0;
        CHECK_INT(tm_deck_add_conn(&m.u.joint.deck, is_first ? TM_DECK_FIRST : TM_DECK_LATER, 0),
                  TM_OK);
        for (uint32_t k = 0; k < (is_first ? 2 : 4); k++)
            CHECK_INT(tm_deck_add_write(&m.u.joint.deck, writes[k]), TM_OK);
        if (is_first)
            tm_deck_close_last(&m.u.joint.deck, &behind_the_hello);
    }
    play(&m, TM_CLIENT, 20000);
}

static void a_connection_that_ends_before_the_servers_first_batch_is_taken(void)
{
    end_before_the_servers_first_batch(1500);
}

/* The hello has no room for the plan's beginning, and waits at the gate. */
static void so_is_one_that_says_nothing_of_its_plan(void)
{
    end_before_the_servers_first_batch(100);
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
    {"a_connection_that_ends_before_the_servers_first_batch_is_taken",
     a_connection_that_ends_before_the_servers_first_batch_is_taken},
    {"so_is_one_that_says_nothing_of_its_plan", so_is_one_that_says_nothing_of_its_plan},
    {"stopping_before_the_schedule_begins_leaves_nothing",
     stopping_before_the_schedule_begins_leaves_nothing},
};
CHECK_MAIN("tunnel_joint", cases)
