/* bench/redirect_rig.h - a cgroup of our own in a network namespace of our own, with two listeners in it: connections to one
 * of them are taken in by the redirect (tm/net/ebpf/redirect.h), those to the other are plain TCP of loopback. */
#ifndef TM_BENCH_REDIRECT_RIG_H
#define TM_BENCH_REDIRECT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "tm/net/ebpf/cgroup.h"
#include "tm/net/ebpf/door.h"
#include "tm/net/ebpf/redirect.h"

enum tm_rig_way { TM_RIG_PLAIN, TM_RIG_ACROSS };
#define TM_RIG_WAYS 2

struct tm_rig {
    struct tm_cgroup group;
    struct tm_doors doors[TM_RIG_WAYS];
    struct tm_redirect *redirect;
};

/* This process moves into the namespace; it has one thread.  TM_ERR_UNSUPPORTED: the machine cannot; others; all with msg. */
TM_MUST_CHECK int tm_rig_open(struct tm_rig *rig, struct tm_msg *msg);
/* Nobody may be in the cgroup any more. */
void tm_rig_close(struct tm_rig *rig);

/* A child process in the cgroup, on one processor (cpu; -1: any).  As fork: 0 in the child, -1. */
int tm_rig_fork(const struct tm_rig *rig, int cpu);
/* A connected socket, made by a process in the cgroup; blocking as asked when it is connected, non-blocking afterwards if is_nonblocking.
 * -1 with errno. */
int tm_rig_connect(const struct tm_rig *rig, enum tm_rig_way way, bool is_v6, bool is_nonblocking);

/* All of it, waiting where the socket would block; false: the other end has gone. */
bool tm_rig_send(int fd, const void *bytes, size_t len);
/* Exactly so much. */
bool tm_rig_receive(int fd, void *bytes, size_t len);
int64_t tm_rig_now_ns(void);

#endif
