/* test/unit/net/diverted_test.c - the door of diverted programs, with a tunnel behind it; what the kernel knows of a
 * connection is told by a function here. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/net/local.h"

static struct scene scene;
static struct tm_model model;
static struct sockaddr_in door_addr;
static int answer; /* of find */
static unsigned n_found, n_refused;
static bool is_nobody; /* listening where find says */

static int find(void *user, int fd, struct tm_dest *dest)
{
    const struct scene *s = user;
    CHECK(fd >= 0);
    struct sockaddr_in nobody;
    n_found++;
    (void)close(scene_listen(&nobody));
    *dest = (struct tm_dest){.kind = TM_ADDR_IPV4,
                             .len = 4,
                             .port = ntohs((is_nobody ? nobody : s->dest_addr).sin_port)};
    memcpy(dest->addr, &s->dest_addr.sin_addr, 4);
    return answer;
}

static void on_refused(void *user, enum tm_addr_kind kind, enum tm_reply reply)
{
    (void)user;
    CHECK_INT(kind, TM_ADDR_IPV4);
    CHECK_INT(reply, TM_REPLY_REFUSED);
    n_refused++;
}

static struct tm_local *start(uint32_t n_max)
{
    struct tm_local *l = NULL;
    tm_model_constant_default(&model);
    model.u.constant =
        (struct tm_constant){.size_bytes = 6000, .interval_us = 8000, .n_exchanges = 20};
    const struct scene_cfg cfg = {.model = &model};
    scene_start(&scene, &cfg);
    answer = TM_OK;
    n_found = n_refused = 0;
    is_nobody = false;
    const struct tm_local_cfg local = {.tunnel = scene.client,
                                       .kind = TM_LOCAL_DIVERTED,
                                       .take_fd = scene_listen(&door_addr),
                                       .find = find,
                                       .refused = on_refused,
                                       .user = &scene,
                                       .n_max = n_max};
    CHECK_INT(tm_local_open(&l, &local, NULL), TM_OK);
    CHECK_INT(tm_local_port(l), ntohs(door_addr.sin_port));
    return l;
}

static void stop(struct tm_local *l)
{
    tm_local_close(l);
    scene_stop(&scene);
}

static void a_connection_goes_where_its_program_wanted(void)
{
    struct tm_local *l = start(0);
    char byte = 0;
    int fd = scene_connect(&door_addr);
    int dest = scene_accept(&scene, scene.dest);
    CHECK_INT(send(dest, "a", 1, 0), 1); /* it may speak first */
    CHECK_INT(scene_read(&scene, fd, &byte, 1), 1);
    CHECK_INT(byte, 'a');
    CHECK_INT(send(fd, "b", 1, 0), 1);
    CHECK_INT(scene_read(&scene, dest, &byte, 1), 1);
    CHECK_INT(byte, 'b');
    CHECK_INT(n_found, 1);
    (void)close(dest);
    (void)close(fd);
    stop(l);
}

static void who_was_not_diverted_is_reset(void)
{
    struct tm_local *l = start(0);
    char byte;
    answer = TM_ERR_CLOSED;
    int fd = scene_connect(&door_addr);
    CHECK_INT(scene_read(&scene, fd, &byte, 1), -ECONNRESET);
    CHECK_INT(n_found, 1);
    (void)close(fd);
    stop(l);
}

static void a_destination_that_refuses_is_a_reset_and_is_told(void)
{
    struct tm_local *l = start(0);
    char byte;
    is_nobody = true;
    int fd = scene_connect(&door_addr);
    CHECK_INT(scene_read(&scene, fd, &byte, 1), -ECONNRESET);
    CHECK_INT(n_refused, 1);
    (void)close(fd);
    stop(l);
}

static void one_beyond_the_limit_waits_and_is_not_cut_off(void)
{
    struct tm_local *l = start(1);
    char byte = 0;
    int first = scene_connect(&door_addr);
    int dest = scene_accept(&scene, scene.dest);
    int second = scene_connect(&door_addr);
    for (int i = 0; i < 20; i++)
        scene_step(&scene);
    CHECK_INT(n_found, 1);
    (void)close(first);
    (void)close(dest);
    dest = scene_accept(&scene, scene.dest);
    CHECK_INT(n_found, 2);
    CHECK_INT(send(dest, "c", 1, 0), 1);
    CHECK_INT(scene_read(&scene, second, &byte, 1), 1);
    CHECK_INT(byte, 'c');
    (void)close(second);
    (void)close(dest);
    stop(l);
}

static const struct check_case cases[] = {
    {"a_connection_goes_where_its_program_wanted", a_connection_goes_where_its_program_wanted},
    {"who_was_not_diverted_is_reset", who_was_not_diverted_is_reset},
    {"a_destination_that_refuses_is_a_reset_and_is_told",
     a_destination_that_refuses_is_a_reset_and_is_told},
    {"one_beyond_the_limit_waits_and_is_not_cut_off",
     one_beyond_the_limit_waits_and_is_not_cut_off},
};
CHECK_MAIN("diverted", cases)
