/* test/unit/net/remote_test.c - listeners at the server, through a whole tunnel over loopback. */
#include "tm/net/remote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"

static struct scene scene;
static struct tm_model model;
static struct tm_tunnel_remote remotes[TM_LISTENERS_MAX];
static const struct tm_permit by_default;

/* What the clients were told, in order. */
static struct {
    size_t index;
    enum tm_reply reply;
    uint16_t port;
} told[64];
static size_t n_told;

static void on_remote(void *user, size_t index, enum tm_reply reply, uint16_t port)
{
    (void)user;
    told[n_told].index = index;
    told[n_told].reply = reply;
    told[n_told++].port = port;
}

/* n listeners at loopback, ports chosen by the server, that lead to the scene's destination. */
static void start(size_t n, const struct tm_permit *permit)
{
    n_told = 0;
    for (size_t i = 0; i < n; i++)
        remotes[i] = (struct tm_tunnel_remote){.bind = {TM_ADDR_IPV4, 4, {127, 0, 0, 1}, 0},
                                               .dest = {TM_ADDR_IPV4, 4, {127, 0, 0, 1}, 0}};
    tm_model_constant_default(&model);
    model.u.constant =
        (struct tm_constant){.size_bytes = 6000, .interval_us = 8000, .n_exchanges = 20};
    const struct scene_cfg cfg = {.model = &model,
                                  .permit = permit,
                                  .remotes = remotes,
                                  .n_remotes = n,
                                  .on_remote = on_remote};
    scene_start(&scene, &cfg);
    for (size_t i = 0; i < n; i++)
        remotes[i].dest.port = ntohs(scene.dest_addr.sin_port);
}

static void await(size_t n)
{
    SCENE_UNTIL(&scene, 20, n_told >= n);
    CHECK_INT(n_told, n);
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in in = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return scene_connect(&in);
}

static void expect(int from, int to, const char *text)
{
    char buf[16];
    ssize_t len = (ssize_t)strlen(text);
    CHECK_INT(send(from, text, (size_t)len, 0), len);
    CHECK_INT(scene_read(&scene, to, buf, sizeof buf), len);
    CHECK_MEM(buf, text, (size_t)len);
}

static void what_connects_at_the_server_comes_out_at_the_client(void)
{
    char byte;
    start(2, &by_default);
    await(2);
    CHECK(told[0].reply == TM_REPLY_OK && told[1].reply == TM_REPLY_OK);
    CHECK(told[0].port != 0 && told[1].port != 0 && told[0].port != told[1].port);
    for (int i = 0; i < 2; i++) {
        int app = connect_to(told[i].port);
        int dest = scene_accept(&scene, scene.dest);
        expect(dest, app, "220");
        expect(app, dest, "hello");
        CHECK_INT(shutdown(app, SHUT_WR), 0);
        CHECK_INT(scene_read(&scene, dest, &byte, 1), 0);
        expect(dest, app, "bye");
        (void)close(dest);
        CHECK_INT(scene_read(&scene, app, &byte, 1), 0);
        (void)close(app);
    }
    scene_stop(&scene);
}

static void what_the_client_cannot_reach_is_reset(void)
{
    struct sockaddr_in nobody;
    char byte;
    start(1, &by_default);
    await(1);
    (void)close(scene_listen(&nobody));
    remotes[0].dest.port = ntohs(nobody.sin_port);
    int app = connect_to(told[0].port);
    CHECK_INT(scene_read(&scene, app, &byte, 1), -ECONNRESET);
    (void)close(app);
    scene_stop(&scene);
}

static void what_is_not_permitted_is_denied(void)
{
    struct tm_permit none = {.is_given = true};
    const struct tm_permit *const permit[] = {&none, NULL};
    for (int i = 0; i < 2; i++) {
        start(1, permit[i]);
        await(1);
        CHECK_INT(told[0].reply, TM_REPLY_DENIED);
        scene_stop(&scene);
    }
    start(1, &by_default);
    await(1);
    remotes[0].bind.addr[0] = 0; /* 0.0.0.1; by the second client */
    struct tm_tunnel_client *second = scene_new_client(&scene);
    await(2);
    CHECK_INT(told[1].reply, TM_REPLY_DENIED);
    scene_stop_client(&scene, second);
    scene_stop(&scene);
}

static void an_address_that_is_taken_is_told(void)
{
    struct sockaddr_in taken;
    int fd = scene_listen(&taken);
    start(1, &by_default);
    await(1);
    remotes[0].bind.port = ntohs(taken.sin_port);
    struct tm_tunnel_client *second = scene_new_client(&scene);
    await(2);
    CHECK_INT(told[1].reply, TM_REPLY_REFUSED);
    scene_stop_client(&scene, second);
    scene_stop(&scene);
    (void)close(fd);
}

/* A client that is started again has its port at once, and what came to the former session's stays that one's. */
static void the_newest_session_of_a_client_has_the_address(void)
{
    start(1, &by_default);
    await(1);
    remotes[0].bind.port =
        told[0].port; /* the first one's was the server's choice: not taken over */
    struct tm_tunnel_client *second = scene_new_client(&scene);
    await(2);
    CHECK_INT(told[1].reply, TM_REPLY_REFUSED);
    scene_stop_client(&scene, second);
    scene_stop(&scene);

    struct sockaddr_in at;
    (void)close(scene_listen(&at));
    start(1, &by_default);
    remotes[0].bind.port = ntohs(at.sin_port);
    second = scene_new_client(&scene);
    await(2);
    CHECK_INT(told[0].reply + told[1].reply, TM_REPLY_OK);
    int app = connect_to(ntohs(at.sin_port));
    int dest = scene_accept(&scene, scene.dest);
    expect(app, dest, "old");
    struct tm_tunnel_client *third = scene_new_client(&scene);
    await(4);
    size_t over = told[2].reply == TM_REPLY_OK ? 3 : 2;
    CHECK_INT(told[over].reply, TM_REPLY_REFUSED);
    CHECK_INT(told[5 - over].reply, TM_REPLY_OK);
    expect(app, dest, "still"); /* what was carried goes on */
    int again = connect_to(ntohs(at.sin_port));
    int other = scene_accept(&scene, scene.dest);
    expect(again, other, "new");
    (void)close(app);
    (void)close(dest);
    (void)close(again);
    (void)close(other);
    scene_stop_client(&scene, third);
    scene_stop_client(&scene, second);
    scene_stop(&scene);
}

static void a_client_has_so_many_in_all_its_sessions(void)
{
    start(TM_LISTENERS_MAX, &by_default);
    await(TM_LISTENERS_MAX);
    for (size_t i = 0; i < TM_LISTENERS_MAX; i++)
        CHECK_INT(told[i].reply, TM_REPLY_OK);
    scene.cfg.n_remotes = 1;
    struct tm_tunnel_client *second = scene_new_client(&scene);
    await(TM_LISTENERS_MAX + 1);
    CHECK_INT(told[TM_LISTENERS_MAX].reply, TM_REPLY_FAILURE);
    scene_stop_client(&scene, second);
    scene_stop(&scene);
}

static void a_listener_ends_with_its_session(void)
{
    start(1, &by_default);
    await(1);
    int app = connect_to(told[0].port);
    int dest = scene_accept(&scene, scene.dest);
    expect(app, dest, "x");
    tm_tunnel_server_drop(scene.server, scene_client_id);
    char byte;
    CHECK_INT(scene_read(&scene, app, &byte, 1), -ECONNRESET);
    (void)close(app);
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = htons(told[0].port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    app = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(app, (const struct sockaddr *)&in, sizeof in), -1);
    CHECK_INT(errno, ECONNREFUSED);
    (void)close(app);
    (void)close(dest);
    scene_stop(&scene);
}

static const struct check_case cases[] = {
    {"what_connects_at_the_server_comes_out_at_the_client",
     what_connects_at_the_server_comes_out_at_the_client},
    {"what_the_client_cannot_reach_is_reset", what_the_client_cannot_reach_is_reset},
    {"what_is_not_permitted_is_denied", what_is_not_permitted_is_denied},
    {"an_address_that_is_taken_is_told", an_address_that_is_taken_is_told},
    {"the_newest_session_of_a_client_has_the_address",
     the_newest_session_of_a_client_has_the_address},
    {"a_client_has_so_many_in_all_its_sessions", a_client_has_so_many_in_all_its_sessions},
    {"a_listener_ends_with_its_session", a_listener_ends_with_its_session},
};
CHECK_MAIN("remote", cases)
