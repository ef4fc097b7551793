/* tm/net/ebpf/ebpf.c - see ebpf.h. */
#include "tm/net/ebpf/ebpf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/connect_abi.h"
#include "tm/net/ebpf/skeleton.h"

#include <tm_connect.skel.h> /* needs the ABI's types */

#define LINKS_MAX 16U /* programs of the object */

struct tm_ebpf {
    struct tm_connect_skel *skel; /* owned */
    size_t n_links[TM_EBPF_CGROUPS_MAX];
    struct bpf_link *link[TM_EBPF_CGROUPS_MAX][LINKS_MAX]; /* owned */
    const char *name[LINKS_MAX];                           /* of the programs; the skeleton's */
};

const char *tm_ebpf_why_not(void)
{
    return NULL;
}

static const struct tm_skeleton_needs takes = {.capabilities = "CAP_BPF and CAP_NET_ADMIN",
                                               .kernel =
                                                   "Linux 5.19 or later with BPF and cgroup BPF"};

static int failed(struct tm_msg *msg, const char *what, int error)
{
    return tm_skeleton_failed(msg, what, &takes, error);
}

static int load(struct tm_connect_skel **out, const struct tmb_config *config, struct tm_msg *msg)
{
    tm_skeleton_log();
    struct tm_connect_skel *skel = tm_connect_skel__open();
    *out = NULL;
    if (skel == NULL)
        return failed(msg, "open the eBPF programs", errno);
    memcpy(&skel->rodata->tmb_config, config, sizeof *config);
    int rc = tm_connect_skel__load(skel);
    if (rc != 0) {
        tm_connect_skel__destroy(skel);
        return failed(msg, "load the eBPF programs", -rc);
    }
    *out = skel;
    return TM_OK;
}

static int mark(const struct tm_ebpf *e, int fd, struct tm_msg *msg)
{
    static const __u32 ours = 1;
    if (fd < 0 || bpf_map_update_elem(bpf_map__fd(e->skel->maps.tmb_mark), &fd, &ours, 0) == 0)
        return TM_OK;
    return failed(msg, "mark our sockets", errno);
}

static int attach(struct tm_ebpf *e, size_t i, int cgroup_fd, struct tm_msg *msg)
{
    struct bpf_program *p;
    bpf_object__for_each_program(p, e->skel->obj)
    {
        size_t n = e->n_links[i];
        TM_ASSERT(n < LINKS_MAX);
        e->name[n] = bpf_program__name(p);
        e->link[i][n] = bpf_program__attach_cgroup(p, cgroup_fd);
        if (e->link[i][n] == NULL)
            return errno == EBADF || errno == EINVAL
                       ? tm_msg_set(msg, TM_ERR_IO,
                                    "cannot attach: not a cgroup of version 2, or the kernel does "
                                    "not have this kind of hook (%s)",
                                    e->name[n])
                       : failed(msg, "attach the eBPF programs to the cgroup", errno);
        e->n_links[i]++;
    }
    return TM_OK;
}

int tm_ebpf_open(struct tm_ebpf **out, const struct tm_ebpf_cfg *cfg, struct tm_msg *msg)
{
    const int fds[] = {cfg->door4, cfg->door6, cfg->dns4, cfg->dns6};
    const struct tmb_config config = {.door4 = tm_skeleton_port(cfg->door4),
                                      .door6 = tm_skeleton_port(cfg->door6),
                                      .dns4 = tm_skeleton_port(cfg->dns4),
                                      .dns6 = tm_skeleton_port(cfg->dns6),
                                      .let_udp = cfg->let_udp,
                                      .let_raw = cfg->let_raw};
    struct tm_ebpf *e = calloc(1, sizeof *e);
    *out = NULL;
    if (e == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    int rc = load(&e->skel, &config, msg);
    for (size_t i = 0; rc == TM_OK && i < sizeof fds / sizeof fds[0]; i++)
        rc = mark(e, fds[i], msg);
    for (size_t i = 0; rc == TM_OK && i < cfg->n_cgroups; i++)
        rc = attach(e, i, cfg->cgroup_fds[i], msg);
    if (rc != TM_OK) {
        tm_ebpf_close(e);
        return rc;
    }
    *out = e;
    return TM_OK;
}

int tm_ebpf_pin(struct tm_ebpf *e, size_t i, const char *dir, struct tm_msg *msg)
{
    char path[4096];
    for (size_t n = 0; n < e->n_links[i]; n++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->name[n]);
        int rc = bpf_link__pin(e->link[i][n], path);
        if (rc != 0)
            return tm_msg_set(msg, TM_ERR_IO, "cannot pin %.300s: %s", path, strerror(-rc));
    }
    return TM_OK;
}

int tm_ebpf_dest(const struct tm_ebpf *e, int fd, struct tm_dest *dest)
{
    struct tmb_dest wanted;
    if (bpf_map_lookup_elem(bpf_map__fd(e->skel->maps.tmb_wanted), &fd, &wanted) != 0)
        return TM_ERR_CLOSED;
    bool is_v4 = (wanted.addr[0] | wanted.addr[1]) == 0 && wanted.addr[2] == htonl(0xffff);
    *dest = (struct tm_dest){.kind = is_v4 ? TM_ADDR_IPV4 : TM_ADDR_IPV6,
                             .len = is_v4 ? 4 : 16,
                             .port = ntohs(wanted.port)};
    memcpy(dest->addr, is_v4 ? &wanted.addr[3] : &wanted.addr[0], dest->len);
    return TM_OK;
}

void tm_ebpf_close(struct tm_ebpf *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < TM_EBPF_CGROUPS_MAX; i++)
        for (size_t n = 0; n < e->n_links[i]; n++)
            (void)bpf_link__destroy(e->link[i][n]);
    tm_connect_skel__destroy(e->skel);
    free(e);
}

int tm_ebpf_probe(struct tm_msg *msg)
{
    static const struct tmb_config none = {0};
    struct tm_connect_skel *skel = NULL;
    int rc = load(&skel, &none, msg);
    if (rc == TM_OK)
        tm_connect_skel__destroy(skel);
    return rc;
}
