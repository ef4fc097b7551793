/* bpf/flow.h - which connection of a program to one of our doors a sockops program was called for. */
#ifndef TM_BPF_FLOW_H
#define TM_BPF_FLOW_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/connect_abi.h"

#define TMB_AF_INET  2
#define TMB_AF_INET6 10
#define TMB_MAPPED   0xffffU /* third word of an IPv4 address in an IPv6 one */

static __always_inline bool tmb_is_ip(const struct bpf_sock_ops *ops)
{
    return ops->family == TMB_AF_INET || ops->family == TMB_AF_INET6;
}

/* The barriers keep the compiler from merging the branches into one load by a computed pointer, which the verifier
 * does not allow into a context. */
static __always_inline void tmb_flow_of(struct tmb_flow *f, struct bpf_sock_ops *ops,
                                        bool is_ours_end)
{
    __u32 remote_port = bpf_ntohl(ops->remote_port);
    f->port = is_ours_end ? remote_port : ops->local_port;
    f->door = is_ours_end ? ops->local_port : remote_port;
    if (ops->family == TMB_AF_INET6) {
        f->addr[0] = is_ours_end ? ops->remote_ip6[0] : ops->local_ip6[0];
        f->addr[1] = is_ours_end ? ops->remote_ip6[1] : ops->local_ip6[1];
        f->addr[2] = is_ours_end ? ops->remote_ip6[2] : ops->local_ip6[2];
        f->addr[3] = is_ours_end ? ops->remote_ip6[3] : ops->local_ip6[3];
        asm volatile("" ::: "memory");
    } else {
        f->addr[0] = f->addr[1] = 0;
        f->addr[2] = bpf_htonl(TMB_MAPPED);
        f->addr[3] = is_ours_end ? ops->remote_ip4 : ops->local_ip4;
        asm volatile("" ::: "memory");
    }
}

#endif
