/* tm/net/ebpf/redirect.c - see redirect.h. */
#include "tm/net/ebpf/redirect.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/redirect_abi.h"
#include "tm/net/ebpf/ebpf.h"
#include "tm/net/ebpf/skeleton.h"
#include "tm/net/privilege.h"

#include <tm_redirect.skel.h> /* needs the ABI's types */

#define KERNEL_MAJOR 6U
#define KERNEL_MINOR 13U

struct tm_redirect {
    struct tm_redirect_skel *skel;              /* owned */
    struct bpf_link *link[TM_EBPF_CGROUPS_MAX]; /* owned; NULL: none */
};

static const struct tm_skeleton_needs needs = {
    .capabilities = "CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON",
    .kernel = "Linux 6.13 or later with BPF, its socket maps and type information"};

/* What the kernel would say of it is no help to anybody. */
static int check_machine(struct tm_msg *msg)
{
    struct utsname u;
    char *end = NULL;
    unsigned long major = uname(&u) == 0 ? strtoul(u.release, &end, 10) : 0;
    unsigned long minor = end != NULL && *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    if (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR))
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                          "cannot load the eBPF programs of redirect: it takes %s", needs.kernel);
    if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED,
                          "cannot load the eBPF programs of redirect: the kernel shows no type "
                          "information (/sys/kernel/btf/vmlinux)");
    if (!tm_privilege_has(CAP_PERFMON) && !tm_privilege_has(CAP_SYS_ADMIN))
        return tm_skeleton_failed(msg, "load the eBPF programs of redirect", &needs, EPERM);
    return TM_OK;
}

static int load(struct tm_redirect_skel **out, const struct tmb_redirect_config *config,
                struct tm_msg *msg)
{
    *out = NULL;
    int rc = check_machine(msg);
    if (rc != TM_OK)
        return rc;
    tm_skeleton_log();
    struct tm_redirect_skel *skel = tm_redirect_skel__open();
    if (skel == NULL)
        return tm_skeleton_failed(msg, "open the eBPF programs of redirect", &needs, errno);
    memcpy(&skel->rodata->tmb_redirect_config, config, sizeof *config);
    rc = tm_redirect_skel__load(skel);
    if (rc != 0) {
        tm_redirect_skel__destroy(skel);
        return tm_skeleton_failed(msg, "load the eBPF programs of redirect", &needs, -rc);
    }
    *out = skel;
    return TM_OK;
}

static int attach(struct tm_redirect *r, const struct tm_redirect_cfg *cfg, struct tm_msg *msg)
{
    int rc = bpf_prog_attach(bpf_program__fd(r->skel->progs.tmb_send),
                             bpf_map__fd(r->skel->maps.tmb_ends), BPF_SK_MSG_VERDICT, 0);
    if (rc != 0)
        return tm_skeleton_failed(msg, "attach the eBPF program to its sockets", &needs, errno);
    for (size_t i = 0; i < cfg->n_cgroups; i++) {
        r->link[i] = bpf_program__attach_cgroup(r->skel->progs.tmb_pair, cfg->cgroup_fds[i]);
        if (r->link[i] == NULL)
            return tm_skeleton_failed(msg, "attach the eBPF program of redirect to the cgroup",
                                      &needs, errno);
    }
    return TM_OK;
}

int tm_redirect_open(struct tm_redirect **out, const struct tm_redirect_cfg *cfg,
                     struct tm_msg *msg)
{
    struct tmb_redirect_config config = {.door4 = tm_skeleton_port(cfg->door4),
                                         .door6 = tm_skeleton_port(cfg->door6)};
    uint64_t netns = 0;
    socklen_t len = sizeof netns;
    *out = NULL;
    if (getsockopt(cfg->door4 >= 0 ? cfg->door4 : cfg->door6, SOL_SOCKET, SO_NETNS_COOKIE, &netns,
                   &len) != 0)
        return tm_skeleton_failed(msg, "tell the network namespaces apart", &needs, errno);
    config.netns = netns;
    struct tm_redirect *r = calloc(1, sizeof *r);
    if (r == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    int rc = load(&r->skel, &config, msg);
    if (rc == TM_OK)
        rc = attach(r, cfg, msg);
    if (rc != TM_OK) {
        tm_redirect_close(r);
        return rc;
    }
    *out = r;
    return TM_OK;
}

void tm_redirect_close(struct tm_redirect *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < TM_EBPF_CGROUPS_MAX; i++)
        (void)bpf_link__destroy(r->link[i]);
    tm_redirect_skel__destroy(r->skel);
    free(r);
}

void tm_redirect_count(const struct tm_redirect *r, struct tm_redirect_counts *out)
{
    const volatile struct tmb_redirect_counters *c = &r->skel->bss->tmb_counters;
    *out = (struct tm_redirect_counts){.n_pairs = c->pairs,
                                       .crossed_bytes = c->crossed,
                                       .n_passed = c->passed,
                                       .n_latched = c->latched};
}

int tm_redirect_probe(struct tm_msg *msg)
{
    static const struct tmb_redirect_config none = {0};
    struct tm_redirect_skel *skel = NULL;
    int rc = load(&skel, &none, msg);
    if (rc == TM_OK)
        tm_redirect_skel__destroy(skel);
    return rc;
}
