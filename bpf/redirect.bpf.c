/* bpf/redirect.bpf.c - the bytes between a program's socket and the one that tm-client accepted go from one to the other
 * without TCP in between (MUFFLER, section III-D), as long as that changes neither their order nor how much may wait.
 *
 *   program connected   sockops ACTIVE_ESTABLISHED, if its socket does not block: into the map; its flow -> its end
 *   our accept          sockops PASSIVE_ESTABLISHED, if the other end is in: into the map; each end learns of the other
 *   either sends        sk_msg: across, if bpf/redirect_rules.h lets it, or by TCP
 *
 * A socket leaves the map when it is closed.  Ends are named by the kernel's socket cookies, which are not used twice.  The other
 * end is looked at by its address, which may be stale: then the cookie there is another one, or the map has no such socket, and
 * TCP takes the message. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/connect_abi.h"
#include "bpf/flow.h"
#include "bpf/redirect_abi.h"
#include "bpf/redirect_rules.h"

#define PASS       1
#define O_NONBLOCK 04000
#define SOL_SOCKET 1
#define SO_RCVBUF  8
#define RCVBUF_SET 2 /* in sk_userlocks: by SO_RCVBUF */

/* As much of the kernel's types as is looked at; where it lies is settled when the programs are loaded. */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct file {
    unsigned f_flags;
};
struct socket {
    struct file *file;
};
struct sock_common {
    struct {
        long long counter;
    } skc_cookie;
};
struct sock {
    struct sock_common __sk_common;
    struct {
        struct {
            int counter;
        } rmem_alloc;
    } sk_backlog;
    int sk_rcvbuf;
    unsigned char sk_userlocks;
    struct socket *sk_socket;
};
struct tcp_sock {
    __u32 write_seq;
    __u32 snd_una;
    __u32 rcv_nxt;
    __u32 copied_seq;
};
#pragma clang attribute pop

const volatile struct tmb_redirect_config tmb_redirect_config = {0};
struct tmb_redirect_counters tmb_counters = {0};

struct end {
    __u64 cookie;
    __u64 address; /* of the kernel's struct tcp_sock */
};

struct {
    __uint(type, BPF_MAP_TYPE_SOCKHASH);
    __uint(max_entries, TMB_ENDS_MAX);
    __type(key, __u64);
    __type(value, __u64);
} tmb_ends SEC(".maps");

struct other {
    struct end end;
    __u32 refused_bytes; /* on the way there */
    __u32 zero;
};

/* The other end of a socket in tmb_ends. */
struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct other);
} tmb_other SEC(".maps");

/* Programs' ends whose connections we have not accepted. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, TMB_ENDS_MAX);
    __type(key, struct tmb_flow);
    __type(value, struct end);
} tmb_waiting SEC(".maps");

/* By the cookie of a program's end: ours, until the program sends. */
struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, TMB_ENDS_MAX);
    __type(key, __u64);
    __type(value, struct end);
} tmb_accepted SEC(".maps");

static __always_inline void count(__u64 *counter, __u64 n)
{
    __sync_fetch_and_add(counter, n);
}

/* ---- Pairs ---- */

/* Whether whoever has the socket said that it is not to wait: for one that does, a receive would end for no reason. */
static __always_inline bool is_nonblocking(struct tcp_sock *tcp)
{
    struct socket *s = BPF_CORE_READ((struct sock *)(void *)tcp, sk_socket);
    struct file *f = s == NULL ? NULL : BPF_CORE_READ(s, file);
    return f != NULL && (BPF_CORE_READ(f, f_flags) & O_NONBLOCK) != 0;
}

static __always_inline bool take_in(struct bpf_sock_ops *ops, struct end *end, struct tcp_sock *tcp)
{
    int room_bytes = TMB_RECEIVE_BYTES;
    if ((BPF_CORE_READ((struct sock *)(void *)tcp, sk_userlocks) & RCVBUF_SET) == 0)
        bpf_setsockopt(ops, SOL_SOCKET, SO_RCVBUF, &room_bytes, sizeof room_bytes);
    end->cookie = bpf_get_socket_cookie(ops);
    end->address = (__u64)(unsigned long)tcp;
    return bpf_sock_hash_update(ops, &tmb_ends, &end->cookie, BPF_NOEXIST) == 0;
}

static __always_inline bool is_for_us(struct bpf_sock_ops *ops, const struct tmb_flow *flow)
{
    __u16 door = bpf_htons((__u16)flow->door);
    return door != 0 && (door == tmb_redirect_config.door4 || door == tmb_redirect_config.door6) &&
           bpf_get_netns_cookie(ops) == tmb_redirect_config.netns;
}

static __always_inline void on_connected(struct bpf_sock_ops *ops, struct tcp_sock *tcp)
{
    struct end end = {};
    struct tmb_flow flow;
    tmb_flow_of(&flow, ops, false);
    if (is_for_us(ops, &flow) && is_nonblocking(tcp) && take_in(ops, &end, tcp))
        bpf_map_update_elem(&tmb_waiting, &flow, &end, BPF_ANY);
}

static __always_inline void on_accepted(struct bpf_sock_ops *ops, struct bpf_sock *sk,
                                        struct tcp_sock *tcp)
{
    struct tmb_flow flow;
    struct end *program;
    struct other *other;
    struct end ours = {};
    tmb_flow_of(&flow, ops, true);
    if (!is_for_us(ops, &flow))
        return;
    program = bpf_map_lookup_elem(&tmb_waiting, &flow);
    if (program == NULL)
        return;
    other = bpf_sk_storage_get(&tmb_other, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (other != NULL && take_in(ops, &ours, tcp)) {
        other->end = *program;
        bpf_map_update_elem(&tmb_accepted, &program->cookie, &ours, BPF_ANY);
        count(&tmb_counters.pairs, 1);
    }
    bpf_map_delete_elem(&tmb_waiting, &flow);
}

SEC("sockops")
int tmb_pair(struct bpf_sock_ops *ops)
{
    struct bpf_sock *sk = ops->sk;
    struct tcp_sock *tcp;
    if (ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB &&
        ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
        return PASS;
    if (!tmb_is_ip(ops) || sk == NULL)
        return PASS;
    tcp = bpf_skc_to_tcp_sock(sk);
    if (tcp == NULL)
        return PASS;
    if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
        on_accepted(ops, sk, tcp);
    else
        on_connected(ops, tcp);
    return PASS;
}

/* ---- What is sent ---- */

static __always_inline struct other *other_of(struct bpf_sock *sk)
{
    struct other *other = bpf_sk_storage_get(&tmb_other, sk, NULL, 0);
    struct tcp_sock *tcp;
    struct end *accepted;
    __u64 cookie;
    if (other != NULL)
        return other;
    tcp = bpf_skc_to_tcp_sock(sk);
    if (tcp == NULL)
        return NULL;
    cookie = BPF_CORE_READ((struct sock *)(void *)tcp, __sk_common.skc_cookie.counter);
    accepted = bpf_map_lookup_elem(&tmb_accepted, &cookie);
    if (accepted == NULL)
        return NULL;
    other = bpf_sk_storage_get(&tmb_other, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
    if (other != NULL)
        other->end = *accepted;
    bpf_map_delete_elem(&tmb_accepted, &cookie);
    return other;
}

/* False: the other end is gone. */
static __always_inline bool look(struct tmb_ends *e, struct tcp_sock *own, const struct end *other)
{
    const struct tcp_sock *tcp = (const struct tcp_sock *)(unsigned long)other->address;
    const struct sock *sk = (const struct sock *)(const void *)tcp;
    e->written = own->write_seq;
    e->acked = own->snd_una;
    e->received = BPF_CORE_READ(tcp, rcv_nxt);
    e->read = BPF_CORE_READ(tcp, copied_seq);
    e->held_bytes = (__u32)BPF_CORE_READ(sk, sk_backlog.rmem_alloc.counter);
    e->room_bytes = (__u32)BPF_CORE_READ(sk, sk_rcvbuf);
    return (__u64)BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) == other->cookie;
}

SEC("sk_msg")
int tmb_send(struct sk_msg_md *msg)
{
    struct tmb_ends ends = {};
    struct bpf_sock *sk = msg->sk;
    struct other *other;
    struct tcp_sock *own;
    __u64 cookie;
    if (sk == NULL)
        return PASS;
    other = other_of(sk);
    own = bpf_skc_to_tcp_sock(sk);
    if (other == NULL || own == NULL || !look(&ends, own, &other->end))
        return PASS;
    if (!tmb_may_cross(&ends, msg->size)) {
        count(&tmb_counters.passed, 1);
        if (tmb_is_bulk(&other->refused_bytes, msg->size)) {
            count(&tmb_counters.latched, 1);
            bpf_msg_apply_bytes(msg, TMB_LATCH_BYTES);
        }
        return PASS;
    }
    cookie = other->end.cookie;
    if (bpf_msg_redirect_hash(msg, &tmb_ends, &cookie, BPF_F_INGRESS) == PASS)
        count(&tmb_counters.crossed, msg->size);
    return PASS; /* with no such socket in the map: by TCP */
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
