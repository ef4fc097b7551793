/* bpf/connect.bpf.c - programs of a cgroup reach the network through the tunnel, or not at all.
 *
 *   connect()      connect4/6: what was wanted is kept with the socket, the address becomes our door on loopback
 *   SYN            sockops TCP_CONNECT: the source port is known; (source, door) -> what was wanted
 *   our accept     sockops PASSIVE_ESTABLISHED: from there to the accepted socket, where tm-client reads it
 *   getpeername()  the address that the program asked for
 *   UDP port 53    connect, sendmsg, recvmsg: to our resolver and back
 *   all else       refused when the socket is made, when it sends, and, if that were not enough, packet by packet
 *
 * The door is ours only if the socket that listens there, in the program's own network namespace, carries our mark: when
 * tm-client has ended and these programs stay (--on-exit block), nobody else can take its place.
 * The accepted socket belongs to the cgroup of its listener, which is made in this cgroup (tm/net/ebpf/door.c), so that one
 * sockops program on one cgroup sees both ends.  No access by type information of the kernel: nothing to relocate. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/connect_abi.h"
#include "bpf/connect_rules.h"
#include "bpf/flow.h"

#define SOCK_STREAM  1
#define SOCK_DGRAM   2
#define ECONNREFUSED 111

#define LOOPBACK4 0x7f000001U
#define PASS      1
#define REFUSE    0 /* EPERM, if nothing else was set */

const volatile struct tmb_config tmb_config = {0};

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct tmb_dest);
} tmb_wanted SEC(".maps");

/* Our doors and our resolver's sockets. */
struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u32);
} tmb_mark SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, TMB_FLOWS_MAX);
    __type(key, struct tmb_flow);
    __type(value, struct tmb_dest);
} tmb_flows SEC(".maps");

/* ---- Where to ---- */

static __always_inline struct tmb_dest wanted4(const struct bpf_sock_addr *ctx)
{
    struct tmb_dest d = {{0, 0, bpf_htonl(TMB_MAPPED), ctx->user_ip4}, (__u16)ctx->user_port, 0};
    return d;
}

static __always_inline struct tmb_dest wanted6(const struct bpf_sock_addr *ctx)
{
    struct tmb_dest d = {{ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]},
                         (__u16)ctx->user_port,
                         0};
    return d;
}

static __always_inline bool is_mapped(const struct tmb_dest *d)
{
    return (d->addr[0] | d->addr[1]) == 0 && d->addr[2] == bpf_htonl(TMB_MAPPED);
}

static __always_inline enum tmb_way way_of(const struct bpf_sock_addr *ctx,
                                           const struct bpf_sock *sk, const struct tmb_dest *d)
{
    enum tmb_place place = tmb_place(bpf_ntohl(d->addr[0]), bpf_ntohl(d->addr[1]),
                                     bpf_ntohl(d->addr[2]), bpf_ntohl(d->addr[3]));
    __u32 port = bpf_ntohs(d->port);
    if (ctx->type == SOCK_STREAM)
        return tmb_way_tcp(place, port, sk->bound_dev_if);
    if (ctx->type == SOCK_DGRAM && ctx->protocol == IPPROTO_UDP)
        return tmb_way_udp(place, port, sk->bound_dev_if, tmb_config.let_udp);
    return place == TMB_HERE || tmb_config.let_raw ? TMB_DIRECT : TMB_REFUSE;
}

/* Whether our own socket waits at this port of loopback in the program's network namespace. */
static __always_inline bool is_ours(struct bpf_sock_addr *ctx, bool is_v4, bool is_tcp, __u16 port)
{
    struct bpf_sock_tuple tuple = {};
    __u32 size = is_v4 ? sizeof tuple.ipv4 : sizeof tuple.ipv6;
    struct bpf_sock *sk;
    bool found;
    if (is_v4) {
        tuple.ipv4.saddr = tuple.ipv4.daddr = bpf_htonl(LOOPBACK4);
        tuple.ipv4.dport = port;
    } else {
        tuple.ipv6.saddr[3] = tuple.ipv6.daddr[3] = bpf_htonl(1);
        tuple.ipv6.dport = port;
    }
    sk = is_tcp ? bpf_sk_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0)
                : bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
    if (sk == NULL)
        return false;
    found = bpf_sk_storage_get(&tmb_mark, sk, NULL, 0) != NULL;
    bpf_sk_release(sk);
    return found;
}

/* The port, in network order, that takes it; 0: none does.  The barriers keep the compiler from one load by a computed pointer, which
 * the verifier allows only who has CAP_PERFMON. */
static __always_inline __u16 port_for(struct bpf_sock_addr *ctx, enum tmb_way way, bool is_v4)
{
    bool is_tcp = way == TMB_TUNNEL;
    __u16 door, dns, port;
    if (is_v4) {
        door = tmb_config.door4;
        dns = tmb_config.dns4;
        asm volatile("" : "+r"(door), "+r"(dns));
    } else {
        door = tmb_config.door6;
        dns = tmb_config.dns6;
        asm volatile("" : "+r"(door), "+r"(dns));
    }
    port = is_tcp ? door : dns;
    return port != 0 && is_ours(ctx, is_v4, is_tcp, port) ? port : 0;
}

/* A connection from another own IPv6 address than ::1 to ::1: what the kernel answers for a socket that is gone already
 * leaves by the interface of that address, for everybody to see. */
static __always_inline bool is_bound_elsewhere(const struct bpf_sock *sk)
{
    return tmb_place(bpf_ntohl(sk->src_ip6[0]), bpf_ntohl(sk->src_ip6[1]),
                     bpf_ntohl(sk->src_ip6[2]), bpf_ntohl(sk->src_ip6[3])) != TMB_HERE;
}

/* PASS with the port to go to in *port, 0: leave the address alone; or REFUSE. */
static __always_inline int divert(struct bpf_sock_addr *ctx, const struct tmb_dest *want,
                                  bool is_v4, __u16 *port)
{
    struct bpf_sock *sk = ctx->sk;
    struct tmb_dest *kept;
    enum tmb_way way;
    *port = 0;
    if (sk == NULL)
        return REFUSE;
    way = way_of(ctx, sk, want);
    if (way == TMB_DIRECT)
        return PASS;
    if (way == TMB_REFUSE || (way == TMB_TUNNEL && !is_v4 && is_bound_elsewhere(sk)))
        return REFUSE;
    *port = port_for(ctx, way, is_v4);
    if (*port == 0) {
        bpf_set_retval(-ECONNREFUSED);
        return REFUSE;
    }
    kept = bpf_sk_storage_get(&tmb_wanted, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (kept == NULL)
        return REFUSE;
    *kept = *want;
    return PASS;
}

static __always_inline int divert4(struct bpf_sock_addr *ctx)
{
    struct tmb_dest want = wanted4(ctx);
    __u16 port;
    int verdict = divert(ctx, &want, true, &port);
    if (port != 0) {
        ctx->user_ip4 = bpf_htonl(LOOPBACK4);
        ctx->user_port = port;
    }
    return verdict;
}

/* An IPv4 address on an IPv6 socket goes to the IPv4 door: what is V6ONLY may not, and does not ask to. */
static __always_inline int divert6(struct bpf_sock_addr *ctx)
{
    struct tmb_dest want = wanted6(ctx);
    bool is_v4 = is_mapped(&want);
    __u16 port;
    int verdict = divert(ctx, &want, is_v4, &port);
    if (port != 0) {
        ctx->user_ip6[0] = ctx->user_ip6[1] = 0;
        ctx->user_ip6[2] = is_v4 ? bpf_htonl(TMB_MAPPED) : 0;
        ctx->user_ip6[3] = is_v4 ? bpf_htonl(LOOPBACK4) : bpf_htonl(1);
        ctx->user_port = port;
    }
    return verdict;
}

SEC("cgroup/connect4")
int tmb_connect4(struct bpf_sock_addr *ctx)
{
    return divert4(ctx);
}

SEC("cgroup/connect6")
int tmb_connect6(struct bpf_sock_addr *ctx)
{
    return divert6(ctx);
}

SEC("cgroup/sendmsg4")
int tmb_sendmsg4(struct bpf_sock_addr *ctx)
{
    return divert4(ctx);
}

SEC("cgroup/sendmsg6")
int tmb_sendmsg6(struct bpf_sock_addr *ctx)
{
    return divert6(ctx);
}

/* ---- What the program sees ---- */

static __always_inline bool is_our_port(__u32 port)
{
    return port != 0 && (port == tmb_config.door4 || port == tmb_config.door6 ||
                         port == tmb_config.dns4 || port == tmb_config.dns6);
}

static __always_inline const struct tmb_dest *kept_by(struct bpf_sock_addr *ctx)
{
    struct bpf_sock *sk = ctx->sk;
    return sk == NULL ? NULL : bpf_sk_storage_get(&tmb_wanted, sk, NULL, 0);
}

static __always_inline int reveal4(struct bpf_sock_addr *ctx)
{
    const struct tmb_dest *d;
    if (ctx->user_ip4 != bpf_htonl(LOOPBACK4) || !is_our_port(ctx->user_port))
        return PASS;
    d = kept_by(ctx);
    if (d == NULL)
        return PASS;
    ctx->user_ip4 = d->addr[3];
    ctx->user_port = d->port;
    return PASS;
}

static __always_inline int reveal6(struct bpf_sock_addr *ctx)
{
    struct tmb_dest peer = wanted6(ctx);
    const struct tmb_dest *d;
    if (tmb_place(bpf_ntohl(peer.addr[0]), bpf_ntohl(peer.addr[1]), bpf_ntohl(peer.addr[2]),
                  bpf_ntohl(peer.addr[3])) != TMB_HERE ||
        !is_our_port(peer.port))
        return PASS;
    d = kept_by(ctx);
    if (d == NULL)
        return PASS;
    ctx->user_ip6[0] = d->addr[0];
    ctx->user_ip6[1] = d->addr[1];
    ctx->user_ip6[2] = d->addr[2];
    ctx->user_ip6[3] = d->addr[3];
    ctx->user_port = d->port;
    return PASS;
}

SEC("cgroup/getpeername4")
int tmb_getpeername4(struct bpf_sock_addr *ctx)
{
    return reveal4(ctx);
}

SEC("cgroup/getpeername6")
int tmb_getpeername6(struct bpf_sock_addr *ctx)
{
    return reveal6(ctx);
}

SEC("cgroup/recvmsg4")
int tmb_recvmsg4(struct bpf_sock_addr *ctx)
{
    return reveal4(ctx);
}

SEC("cgroup/recvmsg6")
int tmb_recvmsg6(struct bpf_sock_addr *ctx)
{
    return reveal6(ctx);
}

/* ---- From the program's socket to the one that we accept ---- */

static __always_inline bool is_door(__u32 port)
{
    __u16 p = bpf_htons((__u16)port);
    return p != 0 && (p == tmb_config.door4 || p == tmb_config.door6);
}

static __always_inline void on_connect(struct bpf_sock_ops *ops)
{
    struct bpf_sock *sk = ops->sk;
    struct tmb_flow flow;
    struct tmb_dest *kept;
    tmb_flow_of(&flow, ops, false);
    if (sk == NULL || !is_door(flow.door))
        return;
    kept = bpf_sk_storage_get(&tmb_wanted, sk, NULL, 0);
    if (kept != NULL)
        bpf_map_update_elem(&tmb_flows, &flow, kept, BPF_ANY);
}

static __always_inline void on_accept(struct bpf_sock_ops *ops)
{
    struct bpf_sock *sk = ops->sk;
    struct tmb_flow flow;
    struct tmb_dest *wanted;
    struct tmb_dest *kept;
    tmb_flow_of(&flow, ops, true);
    if (sk == NULL || !is_door(flow.door))
        return;
    wanted = bpf_map_lookup_elem(&tmb_flows, &flow);
    if (wanted == NULL)
        return;
    kept = bpf_sk_storage_get(&tmb_wanted, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (kept != NULL)
        *kept = *wanted;
    bpf_map_delete_elem(&tmb_flows, &flow);
}

SEC("sockops")
int tmb_sockops(struct bpf_sock_ops *ops)
{
    if (!tmb_is_ip(ops))
        return PASS;
    if (ops->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
        on_connect(ops);
    else if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
        on_accept(ops);
    return PASS;
}

/* ---- The rest ---- */

SEC("cgroup/sock_create")
int tmb_create(struct bpf_sock *sk)
{
    bool is_carried = (sk->type == SOCK_STREAM && sk->protocol == IPPROTO_TCP) ||
                      (sk->type == SOCK_DGRAM && sk->protocol == IPPROTO_UDP);
    return is_carried || tmb_config.let_raw ? PASS : REFUSE;
}

SEC("cgroup_skb/egress")
int tmb_egress(struct __sk_buff *skb)
{
    __u8 first = 0, protocol = 0, flags = 0;
    __u32 at = 40; /* of what follows the IP header */
    if (skb->ifindex == TMB_LOOPBACK_DEV)
        return PASS;
    if (bpf_skb_load_bytes(skb, 0, &first, 1) != 0)
        return REFUSE;
    if (first >> 4 == 4)
        at = (first & 15U) * 4U;
    if (bpf_skb_load_bytes(skb, first >> 4 == 4 ? 9 : 6, &protocol, 1) != 0)
        return REFUSE;
    if (protocol == TMB_TCP && bpf_skb_load_bytes(skb, at + 13, &flags, 1) != 0)
        return REFUSE;
    return tmb_may_leave(protocol, (flags & 0x12U) == 0x02U, tmb_config.let_udp, tmb_config.let_raw)
               ? PASS
               : REFUSE;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
