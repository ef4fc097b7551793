/* test/unit/net/resolver_test.c - datagrams in front, a name server behind the tunnel whose part is played here. */
#include "tm/net/resolver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/net/tunnel_scene.h"
#include "tm/core/dnsmsg.h"

static struct scene scene;
static struct tm_model model;
static struct sockaddr_in udp_addr;
static const uint8_t query[] = {0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'x', 0, 0, 1, 0, 1};

static int udp_socket(struct sockaddr_in *bound)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    if (bound != NULL)
        *bound = a;
    return fd;
}

static struct tm_resolver *start(void)
{
    struct tm_resolver *r = NULL;
    tm_model_constant_default(&model);
    model.u.constant =
        (struct tm_constant){.size_bytes = 6000, .interval_us = 8000, .n_exchanges = 20};
    const struct scene_cfg cfg = {.model = &model};
    scene_start(&scene, &cfg);
    struct tm_dest dest = {.kind = TM_ADDR_IPV4, .len = 4, .port = ntohs(scene.dest_addr.sin_port)};
    memcpy(dest.addr, &scene.dest_addr.sin_addr, 4);
    const int fds[2] = {udp_socket(&udp_addr), -1};
    CHECK_INT(tm_resolver_open(&r, tm_tunnel_client_front(scene.client), &dest, fds), TM_OK);
    return r;
}

static void stop(struct tm_resolver *r)
{
    tm_resolver_close(r);
    scene_stop(&scene);
}

static int ask(void)
{
    int fd = udp_socket(NULL);
    CHECK_INT(connect(fd, (struct sockaddr *)&udp_addr, sizeof udp_addr), 0);
    CHECK_INT(send(fd, query, sizeof query, 0), sizeof query);
    return fd;
}

/* A whole framed message on the name server's side; its length without the frame. */
static size_t hear(int fd, uint8_t *p, size_t cap)
{
    size_t len = 0;
    struct tm_view msg = {NULL, 0};
    while (tm_dns_next(&msg, p, len) == 0) {
        ssize_t n = scene_read(&scene, fd, p + len, cap - len);
        CHECK(n > 0);
        if (n <= 0)
            return 0;
        len += (size_t)n;
    }
    return msg.len;
}

/* Answers a heard query with n_more bytes behind the question. */
static void answer(int fd, uint8_t *heard, size_t len, size_t n_more)
{
    static uint8_t out[8192];
    size_t whole = len + n_more;
    memset(out, 0, sizeof out);
    memcpy(out + TM_DNS_FRAME, heard + TM_DNS_FRAME, len);
    out[0] = (uint8_t)(whole >> 8);
    out[1] = (uint8_t)whole;
    out[TM_DNS_FRAME + 2] = 0x81;
    out[TM_DNS_FRAME + 3] = 0x80;
    CHECK_INT(send(fd, out, TM_DNS_FRAME + whole, 0), TM_DNS_FRAME + whole);
}

static void a_query_is_carried_and_its_answer_comes_back(void)
{
    struct tm_resolver *r = start();
    uint8_t heard[512], got[512];
    int fd = ask();
    int server = scene_accept(&scene, scene.dest);
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    CHECK_MEM(heard + 2 + 2, query + 2, sizeof query - 2);
    answer(server, heard, sizeof query, 20);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof query + 20);
    CHECK_MEM(got, ((uint8_t[]){0xab, 0xcd, 0x81, 0x80}), 4);
    int again = ask(); /* on the same stream */
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    answer(server, heard, sizeof query, 0);
    CHECK_INT(scene_read(&scene, again, got, sizeof got), sizeof query);
    (void)close(again);
    (void)close(fd);
    (void)close(server);
    stop(r);
}

static void an_answer_that_is_too_long_is_cut(void)
{
    struct tm_resolver *r = start();
    uint8_t heard[512], got[1024];
    int fd = ask();
    int server = scene_accept(&scene, scene.dest);
    (void)hear(server, heard, sizeof heard);
    answer(server, heard, sizeof query, 513 - sizeof query);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof query);
    CHECK_INT(got[2], 0x83); /* TC */
    (void)close(fd);
    (void)close(server);
    stop(r);
}

static void an_answer_to_something_else_is_not_given(void)
{
    struct tm_resolver *r = start();
    uint8_t heard[512], got[512];
    int fd = ask();
    int server = scene_accept(&scene, scene.dest);
    (void)hear(server, heard, sizeof heard);
    heard[TM_DNS_FRAME + 13] = 'y'; /* another name */
    answer(server, heard, sizeof query, 0);
    heard[TM_DNS_FRAME + 13] = 'x';
    heard[TM_DNS_FRAME] ^= 0xff; /* another identifier */
    answer(server, heard, sizeof query, 1);
    heard[TM_DNS_FRAME] ^= 0xff;
    answer(server, heard, sizeof query, 2);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof query + 2);
    (void)close(fd);
    (void)close(server);
    stop(r);
}

static void a_lost_stream_is_tried_once_more(void)
{
    struct tm_resolver *r = start();
    uint8_t heard[512], got[512];
    int fd = ask();
    for (int i = 0; i < 2; i++) {
        int server = scene_accept(&scene, scene.dest);
        CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
        (void)close(server);
    }
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof query);
    CHECK_INT(got[3] & 15, TM_DNS_SERVFAIL);
    CHECK_MEM(got, query, 2);
    (void)close(fd);
    stop(r);
}

static void without_ipv6_its_addresses_are_not_asked_for(void)
{
    struct tm_resolver *r = start();
    uint8_t p[sizeof query];
    uint8_t heard[512], got[512];
    CHECK(tm_resolver_no_ipv6(r));
    CHECK(!tm_resolver_no_ipv6(r));
    memcpy(p, query, sizeof p);
    p[16] = TM_DNS_AAAA;
    int fd = udp_socket(NULL);
    CHECK_INT(connect(fd, (struct sockaddr *)&udp_addr, sizeof udp_addr), 0);
    CHECK_INT(send(fd, p, sizeof p, 0), sizeof p);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof p);
    CHECK_MEM(got, ((uint8_t[]){0xab, 0xcd, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}), 12);
    int v4 = ask();
    int server = scene_accept(&scene, scene.dest);
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    CHECK_INT(heard[TM_DNS_FRAME + 16], 1); /* the first that was carried */
    (void)close(v4);
    (void)close(fd);
    (void)close(server);
    stop(r);
}

static void what_is_no_query_is_not_carried(void)
{
    struct tm_resolver *r = start();
    uint8_t heard[512], got[512];
    int fd = udp_socket(NULL);
    CHECK_INT(connect(fd, (struct sockaddr *)&udp_addr, sizeof udp_addr), 0);
    CHECK_INT(send(fd, "short", 5, 0), 5); /* nothing is said to it */
    CHECK_INT(send(fd, query, sizeof query - 1, 0), sizeof query - 1);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), TM_DNS_HEAD);
    CHECK_MEM(got, ((uint8_t[]){0xab, 0xcd, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}), TM_DNS_HEAD);
    int good = ask();
    int server = scene_accept(&scene, scene.dest);
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    (void)close(good);
    (void)close(fd);
    (void)close(server);
    stop(r);
}

struct asker {
    unsigned n;
    size_t len;
    uint8_t bytes[8192];
};

static void on_answer(void *user, struct tm_view message)
{
    struct asker *a = user;
    a->n++;
    a->len = message.len;
    memcpy(a->bytes, message.p, message.len < sizeof a->bytes ? message.len : sizeof a->bytes);
}

/* For a connection no answer is cut; one that has gone gets none. */
static void others_are_answered_whole_until_they_are_forgotten(void)
{
    static struct asker a, gone;
    struct tm_resolver *r = start();
    uint8_t heard[512], got[512], p[sizeof query];
    a = gone = (struct asker){0};
    memcpy(p, query, sizeof p);
    CHECK(tm_resolver_ask(r, p, sizeof p - 1, on_answer, &a));
    CHECK_INT(a.n, 1);
    CHECK_INT(a.bytes[3] & 15, TM_DNS_FORMERR);
    memcpy(p, query, sizeof p);
    p[2] |= 0x80;
    CHECK(!tm_resolver_ask(r, p, sizeof p, on_answer, &a)); /* an answer */
    memcpy(p, query, sizeof p);
    CHECK(tm_resolver_ask(r, p, sizeof p, on_answer, &gone));
    int server = scene_accept(&scene, scene.dest);
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    tm_resolver_forget(r, &gone);
    answer(server, heard, sizeof query, 4000);
    CHECK(tm_resolver_ask(r, p, sizeof p, on_answer, &a));
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    answer(server, heard, sizeof query, 4000);
    int fd = ask(); /* its answer comes behind theirs */
    CHECK_INT(hear(server, heard, sizeof heard), sizeof query);
    answer(server, heard, sizeof query, 0);
    CHECK_INT(scene_read(&scene, fd, got, sizeof got), sizeof query);
    CHECK_INT(a.n, 2);
    CHECK_INT(a.len, sizeof query + 4000);
    CHECK_MEM(a.bytes, query, 2);
    CHECK_INT(gone.n, 0);
    (void)close(fd);
    (void)close(server);
    stop(r);
}

static const struct check_case cases[] = {
    {"a_query_is_carried_and_its_answer_comes_back", a_query_is_carried_and_its_answer_comes_back},
    {"an_answer_that_is_too_long_is_cut", an_answer_that_is_too_long_is_cut},
    {"an_answer_to_something_else_is_not_given", an_answer_to_something_else_is_not_given},
    {"a_lost_stream_is_tried_once_more", a_lost_stream_is_tried_once_more},
    {"without_ipv6_its_addresses_are_not_asked_for", without_ipv6_its_addresses_are_not_asked_for},
    {"what_is_no_query_is_not_carried", what_is_no_query_is_not_carried},
    {"others_are_answered_whole_until_they_are_forgotten",
     others_are_answered_whole_until_they_are_forgotten},
};
CHECK_MAIN("resolver", cases)
