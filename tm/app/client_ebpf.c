/* tm/app/client_ebpf.c - see client_ebpf.h. */
#include "tm/app/client_ebpf.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tm/app/client_udp.h"
#include "tm/base/log.h"
#include "tm/net/ebpf/door.h"
#include "tm/net/ebpf/ebpf.h"
#include "tm/net/ebpf/execsock.h"
#include "tm/net/ebpf/pins.h"
#include "tm/net/ebpf/redirect.h"
#include "tm/net/local.h"
#include "tm/net/privilege.h"
#include "tm/net/resolver.h"

#define DNS_PORT 53

enum { EBPF_OFF, EBPF_CONNECT, EBPF_REDIRECT }; /* the words of --ebpf */
enum { ON_EXIT_BLOCK, ON_EXIT_DIRECT };         /* of --on-exit */
enum { LET_NONE, LET_UDP, LET_RAW, LET_ALL };   /* of --ebpf-let */
enum { GROUP_OWN, GROUP_GIVEN, GROUPS_MAX };    /* --cgroup */
static_assert((int)GROUPS_MAX == (int)TM_EBPF_CGROUPS_MAX, "both cgroups get hooks");

struct tm_client_ebpf {
    const struct tm_options *o;
    struct tm_cgroup group[GROUPS_MAX];
    size_t n_groups;
    char pins[GROUPS_MAX][TM_PINS_PATH_MAX]; /* "": not pinned */
    struct tm_doors doors;
    struct tm_ebpf *hooks;
    struct tm_redirect *redirect; /* NULL: --ebpf connect */
    struct tm_local *local[2];
    struct tm_dest dns; /* where names are asked */
    struct tm_resolver *resolver;
    struct tm_execsock *execsock;
};

static int open_groups(struct tm_client_ebpf *e, struct tm_msg *msg)
{
    const struct tm_opt_value *given = &e->o->v[TM_OPT_CGROUP];
    int rc = tm_cgroup_make(&e->group[GROUP_OWN], msg);
    if (rc != TM_OK)
        return rc;
    e->n_groups = 1;
    if (!given->given)
        return TM_OK;
    struct tm_msg why;
    rc = tm_cgroup_open(&e->group[GROUP_GIVEN], given->text, &why);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "--cgroup: %.480s", why.text);
    e->n_groups = 2;
    return TM_OK;
}

static int open_hooks(struct tm_client_ebpf *e, struct tm_msg *msg)
{
    const int fds[GROUPS_MAX] = {e->group[GROUP_OWN].fd, e->group[GROUP_GIVEN].fd};
    int64_t let = e->o->v[TM_OPT_EBPF_LET].num;
    const struct tm_ebpf_cfg cfg = {.cgroup_fds = fds,
                                    .n_cgroups = e->n_groups,
                                    .door4 = e->doors.tcp4,
                                    .door6 = e->doors.tcp6,
                                    .dns4 = e->doors.udp4,
                                    .dns6 = e->doors.udp6,
                                    .let_udp = let == LET_UDP || let == LET_ALL,
                                    .let_raw = let == LET_RAW || let == LET_ALL};
    int rc = tm_ebpf_open(&e->hooks, &cfg, msg);
    if (rc != TM_OK || e->o->v[TM_OPT_EBPF].num != EBPF_REDIRECT)
        return rc;
    const struct tm_redirect_cfg past_tcp = {.cgroup_fds = fds,
                                             .n_cgroups = e->n_groups,
                                             .door4 = e->doors.tcp4,
                                             .door6 = e->doors.tcp6};
    return tm_redirect_open(&e->redirect, &past_tcp, msg);
}

/* Pins what is to stay; then what former programs left can go. */
static int open_pins(struct tm_client_ebpf *e, struct tm_msg *msg)
{
    struct tm_pins_swept swept;
    bool block = e->o->v[TM_OPT_ON_EXIT].num == ON_EXIT_BLOCK;
    for (size_t i = 0; block && i < e->n_groups; i++) {
        int rc = tm_pins_make(e->pins[i], &e->group[i], msg);
        if (rc == TM_OK)
            rc = tm_ebpf_pin(e->hooks, i, e->pins[i], msg);
        if (rc != TM_OK)
            return rc;
    }
    tm_pins_sweep(&swept, e->group, (const char(*)[TM_PINS_PATH_MAX])e->pins, e->n_groups, NULL);
    if (swept.n_removed > 0)
        tm_log(TM_LOG_INFO, "ebpf: removed what former programs left: %u", swept.n_removed);
    if (swept.n_blocked > 0)
        tm_log(TM_LOG_WARN,
               "ebpf: programs of a tm-client that has ended are still blocked in %u cgroups; end "
               "them, and tm-client ebpf-check --clean removes what is left",
               swept.n_blocked);
    return TM_OK;
}

static void forget_pins(struct tm_client_ebpf *e)
{
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        if (e->pins[i][0] != '\0')
            (void)tm_pins_remove(e->pins[i]);
        e->pins[i][0] = '\0';
    }
}

int tm_client_ebpf_open(struct tm_client_ebpf **out, const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_msg why;
    *out = NULL;
    if (o->v[TM_OPT_EBPF].num == EBPF_OFF)
        return TM_OK;
    struct tm_client_ebpf *e = calloc(1, sizeof *e);
    if (e == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    e->o = o;
    e->doors = (struct tm_doors){-1, -1, -1, -1};
    e->group[GROUP_OWN].fd = e->group[GROUP_GIVEN].fd = -1;
    int rc = tm_client_udp_resolver(&e->dns, o, &why);
    if (rc == TM_OK)
        rc = open_groups(e, &why);
    if (rc == TM_OK)
        rc = tm_doors_open(&e->doors, e->group[GROUP_OWN].fd, &why);
    if (rc == TM_OK)
        rc = open_hooks(e, &why);
    if (rc == TM_OK)
        rc = open_pins(e, &why);
    if (rc == TM_OK)
        rc = tm_privilege_drop(false, &why);
    if (rc == TM_OK) {
        *out = e;
        return TM_OK;
    }
    forget_pins(e); /* whoever runs in --cgroup is as before */
    tm_client_ebpf_end(e);
    return tm_msg_set(msg, rc,
                      "--ebpf %s: %.300s (tm-client ebpf-check says more; without it, programs "
                      "go through the SOCKS port)",
                      o->v[TM_OPT_EBPF].text, why.text);
}

/* ---- With the tunnel ---- */

/* Whatever server was asked over TCP, the resolver is: as with datagrams. */
static int find(void *user, int fd, struct tm_dest *dest)
{
    const struct tm_client_ebpf *e = user;
    int rc = tm_ebpf_dest(e->hooks, fd, dest);
    if (rc == TM_OK && dest->port == DNS_PORT)
        *dest = e->dns;
    return rc;
}

/* A program that prefers IPv6 would not come back with the IPv4 address of the name. */
static void on_refused(void *user, enum tm_addr_kind kind, enum tm_reply reply)
{
    const struct tm_client_ebpf *e = user;
    if (kind == TM_ADDR_IPV6 && reply == TM_REPLY_NET_UNREACHABLE && e->resolver != NULL &&
        tm_resolver_no_ipv6(e->resolver))
        tm_log(TM_LOG_INFO, "ebpf: the server has no way to an IPv6 address; for ten minutes "
                            "names are answered without");
}

static int open_resolver(struct tm_client_ebpf *e, struct tm_tunnel_client *tunnel,
                         struct tm_msg *msg)
{
    const int fds[2] = {e->doors.udp4, e->doors.udp6};
    e->doors.udp4 = e->doors.udp6 = -1;
    int rc = tm_resolver_open(&e->resolver, tm_tunnel_client_front(tunnel), &e->dns, fds);
    return rc == TM_OK ? rc : tm_msg_set(msg, rc, "no resolver: %s", tm_strerror(rc));
}

int tm_client_ebpf_start(struct tm_client_ebpf *e, uv_loop_t *loop, struct tm_tunnel_client *tunnel,
                         struct tm_msg *msg)
{
    if (e == NULL)
        return TM_OK;
    struct tm_local_cfg cfg = {.tunnel = tunnel,
                               .kind = TM_LOCAL_DIVERTED,
                               .find = find,
                               .refused = on_refused,
                               .user = e};
    int *const fds[] = {&e->doors.tcp4, &e->doors.tcp6};
    int rc = TM_OK;
    for (size_t i = 0; rc == TM_OK && i < 2; i++) {
        cfg.take_fd = *fds[i];
        *fds[i] = -1;
        if (cfg.take_fd >= 0)
            rc = tm_local_open(&e->local[i], &cfg, msg);
    }
    if (rc == TM_OK)
        rc = open_resolver(e, tunnel, msg);
    if (rc == TM_OK)
        rc = tm_execsock_open(&e->execsock, loop, e->o->v[TM_OPT_EXEC_SOCKET].text,
                              &e->group[GROUP_OWN], msg);
    return rc;
}

void tm_client_ebpf_stop(struct tm_client_ebpf *e)
{
    if (e == NULL)
        return;
    tm_execsock_close(e->execsock);
    e->execsock = NULL;
    tm_resolver_close(e->resolver);
    e->resolver = NULL;
    for (size_t i = 0; i < 2; i++) {
        tm_local_close(e->local[i]);
        e->local[i] = NULL;
    }
}

/* ---- The end ---- */

/* The pins of a cgroup in which nobody runs keep nobody from anything. */
static void end_group(struct tm_client_ebpf *e, size_t i)
{
    struct tm_cgroup *g = &e->group[i];
    bool is_pinned = e->pins[i][0] != '\0';
    if (g->fd < 0)
        return;
    if (is_pinned && tm_cgroup_is_populated(g->fd)) {
        tm_log(TM_LOG_WARN,
               "ebpf: the programs that still run in %s are cut off from the network now; end "
               "them, then: tm-client ebpf-check --clean",
               g->path);
    } else {
        if (is_pinned)
            (void)tm_pins_remove(e->pins[i]);
        if (g->is_made)
            tm_cgroup_empty(g);
    }
    (void)tm_cgroup_close(g);
}

static void log_redirect(const struct tm_client_ebpf *e)
{
    struct tm_redirect_counts n;
    if (e->redirect == NULL)
        return;
    tm_redirect_count(e->redirect, &n);
    tm_log(TM_LOG_INFO,
           "ebpf: redirect: connections=%" PRIu64 " bytes=%" PRIu64 " left_to_tcp=%" PRIu64,
           n.n_pairs, n.crossed_bytes, n.n_latched);
}

void tm_client_ebpf_end(struct tm_client_ebpf *e)
{
    if (e == NULL)
        return;
    tm_doors_close(&e->doors);
    log_redirect(e);
    tm_redirect_close(e->redirect);
    tm_ebpf_close(e->hooks);
    for (size_t i = 0; i < GROUPS_MAX; i++)
        end_group(e, i);
    free(e);
}
