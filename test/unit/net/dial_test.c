/* test/unit/net/dial_test.c - over loopback. */
#include "tm/net/dial.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/check.h"

struct outcome {
    int n;
    enum tm_reply reply;
    union tm_sock *sock;
};

static void on_done(void *user, enum tm_reply reply, union tm_sock *take_sock)
{
    struct outcome *o = user;
    o->n++;
    o->reply = reply;
    o->sock = take_sock;
}

/* A socket bound to loopback; listening or (then connections are refused) not. */
static int bound(int family, int listening, uint16_t *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
    socklen_t len = family == AF_INET ? sizeof in : sizeof in6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, sa, len), 0);
    CHECK_INT(getsockname(fd, sa, &len), 0);
    if (listening)
        CHECK_INT(listen(fd, 8), 0);
    *port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
    return fd;
}

static struct tm_dest dest_v4(uint32_t addr, uint16_t port)
{
    struct tm_dest d = {.kind = TM_ADDR_IPV4, .len = 4, .port = port};
    uint32_t net = htonl(addr);
    memcpy(d.addr, &net, 4);
    return d;
}

static struct tm_dest dest_name(const char *name, uint16_t port)
{
    struct tm_dest d = {.kind = TM_ADDR_NAME, .len = (uint8_t)strlen(name), .port = port};
    memcpy(d.addr, name, d.len);
    return d;
}

/* Dials and runs the loop to its end, which comes only if nothing is left behind. */
static struct outcome dial(const struct tm_dest *dest, const struct tm_guard *guard)
{
    uv_loop_t loop;
    struct outcome o = {0};
    struct tm_dial *d = NULL;
    CHECK_INT(uv_loop_init(&loop), 0);
    const struct tm_dial_cfg cfg = {.loop = &loop, .guard = guard, .done = on_done, .user = &o};
    CHECK_INT(tm_dial_start(&d, &cfg, dest), TM_OK);
    CHECK_INT(o.n, 0);
    while (o.n == 0)
        (void)uv_run(&loop, UV_RUN_ONCE);
    if (o.sock != NULL && o.sock->handle.type == UV_TCP) {
        struct sockaddr_storage peer;
        int len = (int)sizeof peer;
        CHECK_INT(uv_tcp_getpeername(&o.sock->tcp, (struct sockaddr *)&peer, &len), 0);
    }
    tm_sock_close(o.sock);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(o.n, 1);
    return o;
}

static void a_listening_address_is_connected(void)
{
    uint16_t port;
    int fd = bound(AF_INET, 1, &port);
    struct tm_dest d = dest_v4(INADDR_LOOPBACK, port);
    struct outcome o = dial(&d, NULL);
    CHECK_INT(o.reply, TM_REPLY_OK);
    CHECK(o.sock != NULL);
    (void)close(fd);
}

static void a_name_leads_to_whichever_family_listens(void)
{
    uint16_t port;
    int fd = bound(AF_INET, 1, &port);
    struct tm_dest d = dest_name("localhost", port);
    CHECK_INT(dial(&d, NULL).reply, TM_REPLY_OK);
    (void)close(fd);
}

static void a_closed_port_is_refused(void)
{
    uint16_t port;
    int fd = bound(AF_INET, 0, &port);
    struct tm_dest d = dest_v4(INADDR_LOOPBACK, port);
    struct outcome o = dial(&d, NULL);
    CHECK_INT(o.reply, TM_REPLY_REFUSED);
    CHECK(o.sock == NULL);
    (void)close(fd);
}

static void the_guard_is_asked_after_resolution(void)
{
    uint16_t port;
    int fd = bound(AF_INET, 1, &port);
    struct tm_guard g = {0};
    CHECK_INT(tm_guard_add(&g, TM_GUARD_DENY, "127.0.0.0/8", NULL), TM_OK);
    CHECK_INT(tm_guard_add(&g, TM_GUARD_DENY, "::1", NULL), TM_OK);
    struct tm_dest literal = dest_v4(INADDR_LOOPBACK, port);
    struct tm_dest name = dest_name("localhost", port);
    CHECK_INT(dial(&literal, &g).reply, TM_REPLY_DENIED);
    CHECK_INT(dial(&name, &g).reply, TM_REPLY_DENIED);
    (void)close(fd);
}

/* The name server's address is the administrator's word, and a client's is not. */
static void own_destinations_are_held_to_the_given_rules_alone(void)
{
    uv_loop_t loop;
    struct outcome o[2] = {{0}};
    struct tm_dial *d = NULL;
    uint16_t port;
    struct tm_guard g = {0};
    int fd = bound(AF_INET, 1, &port);
    struct tm_dest dest = dest_v4(INADDR_LOOPBACK, port);
    CHECK_INT(uv_loop_init(&loop), 0);
    for (int own = 0; own < 2; own++) {
        const struct tm_dial_cfg cfg = {
            .loop = &loop, .guard = &g, .is_own = own, .done = on_done, .user = &o[own]};
        CHECK_INT(tm_dial_start(&d, &cfg, &dest), TM_OK);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(o[0].reply, TM_REPLY_DENIED);
    CHECK_INT(o[1].reply, TM_REPLY_OK);
    tm_sock_close(o[1].sock);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    (void)close(fd);
}

static void a_unix_socket_is_connected_where_a_guard_names_it(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct tm_guard g = {0}, named = {0};
    char name[64];
    (void)snprintf(a.sun_path, sizeof a.sun_path, "/tmp/tm-dial.%d", (int)getpid());
    (void)snprintf(name, sizeof name, "unix:/tmp/tm-dial.%d", (int)getpid());
    struct tm_dest d = dest_name(name, 1);
    CHECK(tm_dial_is_unix(&d));
    CHECK_INT(tm_guard_add_unix(&named, a.sun_path, NULL), TM_OK);
    CHECK_INT(dial(&d, &named).reply, TM_REPLY_HOST_UNREACHABLE); /* nothing is there */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(dial(&d, &named).reply, TM_REPLY_REFUSED); /* nobody listens */
    CHECK_INT(listen(fd, 4), 0);
    CHECK_INT(dial(&d, &named).reply, TM_REPLY_OK);
    CHECK_INT(dial(&d, NULL).reply, TM_REPLY_OK);
    CHECK_INT(dial(&d, &g).reply, TM_REPLY_DENIED);
    CHECK_INT(unlink(a.sun_path), 0);
    (void)close(fd);
}

static void a_cancelled_dial_is_silent_and_leaves_nothing(void)
{
    uv_loop_t loop;
    struct outcome o = {0};
    struct tm_dial *d[2] = {NULL, NULL};
    uint16_t port;
    int fd = bound(AF_INET, 1, &port);
    CHECK_INT(uv_loop_init(&loop), 0);
    const struct tm_dial_cfg cfg = {.loop = &loop, .done = on_done, .user = &o};
    struct tm_dest literal = dest_v4(INADDR_LOOPBACK, port);
    struct tm_dest name = dest_name("localhost", port);
    CHECK_INT(tm_dial_start(&d[0], &cfg, &literal), TM_OK);
    CHECK_INT(tm_dial_start(&d[1], &cfg, &name), TM_OK);
    tm_dial_cancel(d[0]);
    tm_dial_cancel(d[1]);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(o.n, 0);
    (void)close(fd);
}

static void a_destination_without_address_or_port_is_out_of_range(void)
{
    uv_loop_t loop;
    struct outcome o = {0};
    struct tm_dial *d = NULL;
    CHECK_INT(uv_loop_init(&loop), 0);
    const struct tm_dial_cfg cfg = {.loop = &loop, .done = on_done, .user = &o};
    struct tm_dest no_port = dest_v4(INADDR_LOOPBACK, 0);
    struct tm_dest no_name = dest_name("", 80);
    struct tm_dest short_v6 = {.kind = TM_ADDR_IPV6, .len = 4, .port = 80};
    struct tm_dest nul = dest_name("ab", 80);
    nul.addr[1] = 0;
    char path[5 + 108 + 1] = "unix:/";
    memset(path + 6, 'a', 107);
    struct tm_dest long_path = dest_name(path, 1);
    CHECK_INT(tm_dial_start(&d, &cfg, &long_path), TM_ERR_RANGE);
    CHECK_INT(tm_dial_start(&d, &cfg, &no_port), TM_ERR_RANGE);
    CHECK_INT(tm_dial_start(&d, &cfg, &no_name), TM_ERR_RANGE);
    CHECK_INT(tm_dial_start(&d, &cfg, &short_v6), TM_ERR_RANGE);
    CHECK_INT(tm_dial_start(&d, &cfg, &nul), TM_ERR_RANGE);
    CHECK_INT(uv_loop_close(&loop), 0);
}

static void errors_become_reply_codes(void)
{
    CHECK_INT(tm_dial_reply(UV_ECONNREFUSED), TM_REPLY_REFUSED);
    CHECK_INT(tm_dial_reply(UV_ENETUNREACH), TM_REPLY_NET_UNREACHABLE);
    CHECK_INT(tm_dial_reply(UV_EHOSTUNREACH), TM_REPLY_HOST_UNREACHABLE);
    CHECK_INT(tm_dial_reply(UV_EAI_NONAME), TM_REPLY_NAME_UNKNOWN);
    CHECK_INT(tm_dial_reply(UV_ETIMEDOUT), TM_REPLY_TTL_EXPIRED);
    CHECK_INT(tm_dial_reply(UV_EPERM), TM_REPLY_DENIED);
    CHECK_INT(tm_dial_reply(UV_EMFILE), TM_REPLY_FAILURE);
}

static const struct check_case cases[] = {
    {"a_listening_address_is_connected", a_listening_address_is_connected},
    {"a_name_leads_to_whichever_family_listens", a_name_leads_to_whichever_family_listens},
    {"a_closed_port_is_refused", a_closed_port_is_refused},
    {"the_guard_is_asked_after_resolution", the_guard_is_asked_after_resolution},
    {"own_destinations_are_held_to_the_given_rules_alone",
     own_destinations_are_held_to_the_given_rules_alone},
    {"a_unix_socket_is_connected_where_a_guard_names_it",
     a_unix_socket_is_connected_where_a_guard_names_it},
    {"a_cancelled_dial_is_silent_and_leaves_nothing",
     a_cancelled_dial_is_silent_and_leaves_nothing},
    {"a_destination_without_address_or_port_is_out_of_range",
     a_destination_without_address_or_port_is_out_of_range},
    {"errors_become_reply_codes", errors_become_reply_codes},
};
CHECK_MAIN("dial", cases)
