/* bpf/connect_rules.h - which way a packet or connection of a program in the cgroup goes.
 *
 * Through the tunnel or not at all; what stays on the machine (loopback) is left alone, except names: port 53 is
 * the resolver's, also at a local stub, which would ask outside.  Pure and inline: compiled into the kernel programs, and
 * into a unit test. */
#ifndef TM_BPF_CONNECT_RULES_H
#define TM_BPF_CONNECT_RULES_H

#include <linux/types.h>

#define TMB_DNS_PORT     53U
#define TMB_LOOPBACK_DEV 1U /* the interface index of lo in every network namespace */

#define TMB_TCP  6U
#define TMB_UDP  17U
#define TMB_FRAG 44U /* IPv6: the packet is a piece of one */

enum tmb_place {
    TMB_ELSEWHERE, /* behind the tunnel */
    TMB_HERE,      /* loopback, and the unspecified address, which connect() takes for it */
    TMB_NOWHERE    /* link-local, multicast, broadcast, reserved: means nothing at the other end */
};
enum tmb_way {
    TMB_DIRECT,
    TMB_TUNNEL,   /* to our door */
    TMB_RESOLVER, /* to our resolver's socket */
    TMB_REFUSE
};

/* What is asked for.  ip: IPv4 address in host order when is_v4, else ip6 in host order by words. */
static inline enum tmb_place tmb_place_v4(__u32 ip)
{
    if (ip == 0 || ip >> 24 == 127)
        return TMB_HERE;
    if (ip >> 24 == 0 || ip >> 16 == 0xa9feU || ip >> 28 >= 0xeU)
        return TMB_NOWHERE;
    return TMB_ELSEWHERE;
}

/* w: the four words of the address in host order; IPv4 as ::ffff:a.b.c.d. */
static inline enum tmb_place tmb_place(__u32 w0, __u32 w1, __u32 w2, __u32 w3)
{
    if ((w0 | w1) == 0 && w2 == 0xffffU)
        return tmb_place_v4(w3);
    if ((w0 | w1 | w2) == 0 && w3 <= 1)
        return TMB_HERE;
    if (w0 >> 24 == 0xffU || w0 >> 22 == 0xfe80U >> 6)
        return TMB_NOWHERE;
    return TMB_ELSEWHERE;
}

/* bound_dev: the interface that the socket is bound to, 0: none.  One that is bound to another than lo cannot reach
 * us, and must not reach anybody else. */
static inline enum tmb_way tmb_way_tcp(enum tmb_place place, __u32 port, __u32 bound_dev)
{
    if (place == TMB_HERE && port != TMB_DNS_PORT)
        return TMB_DIRECT;
    if ((place == TMB_NOWHERE && port != TMB_DNS_PORT) ||
        (bound_dev != 0 && bound_dev != TMB_LOOPBACK_DEV))
        return TMB_REFUSE;
    return TMB_TUNNEL;
}

static inline enum tmb_way tmb_way_udp(enum tmb_place place, __u32 port, __u32 bound_dev,
                                       __u32 let_udp)
{
    if (port == TMB_DNS_PORT)
        return bound_dev != 0 && bound_dev != TMB_LOOPBACK_DEV ? TMB_REFUSE : TMB_RESOLVER;
    return place == TMB_HERE || let_udp ? TMB_DIRECT : TMB_REFUSE;
}

/* A packet that is about to leave by another interface than lo: the second line.  Of TCP only the answers to
 * connections that came in may; protocol is that of the IP header; is_opening: SYN without ACK. */
static inline int tmb_may_leave(__u32 protocol, __u32 is_opening, __u32 let_udp, __u32 let_raw)
{
    if (protocol == TMB_TCP)
        return !is_opening;
    if (protocol == TMB_UDP || protocol == TMB_FRAG)
        return let_udp != 0;
    return let_raw != 0;
}

#endif
