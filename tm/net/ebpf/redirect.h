/* tm/net/ebpf/redirect.h - the kernel programs of bpf/redirect.bpf.c: past TCP between programs and our doors.
 *
 * Beside tm/net/ebpf/ebpf.h, on the same cgroups.  Loading needs CAP_PERFMON beside CAP_BPF and CAP_NET_ADMIN (they look into the
 * kernel's sockets), the kernel's type information and Linux 6.13, where the receive buffer counts what goes across.
 * When it is closed or this process ends, no new connection is taken in; those that were keep what they have.  Built
 * without, its calls answer TM_ERR_UNSUPPORTED (ebpf_none.c). */
#ifndef TM_NET_EBPF_REDIRECT_H
#define TM_NET_EBPF_REDIRECT_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_redirect; /* opaque */

struct tm_redirect_cfg {
    const int *cgroup_fds; /* of the programs and of the doors; borrowed during the call */
    size_t n_cgroups;      /* 1..TM_EBPF_CGROUPS_MAX */
    int door4,
        door6; /* listening TCP sockets, made in one of the cgroups, in the network namespace of this
                              process; -1: none; borrowed during the call */
};

/* Connections to the doors that are made from now on are taken in, if the program's socket does not block when it is connected.
 * TM_ERR_UNSUPPORTED, IO, NOMEM with one line in msg, as tm_ebpf_open. */
TM_MUST_CHECK int tm_redirect_open(struct tm_redirect **out, const struct tm_redirect_cfg *cfg,
                                   struct tm_msg *msg);
/* Detaches and frees; NULL does nothing. */
void tm_redirect_close(struct tm_redirect *r);

/* Since tm_redirect_open, of all connections. */
struct tm_redirect_counts {
    uint64_t n_pairs;       /* connections that were taken in */
    uint64_t crossed_bytes; /* that went past TCP */
    uint64_t n_passed;  /* messages of theirs that were looked at and went by TCP all the same */
    uint64_t n_latched; /* times that a direction was left to TCP for the next GiB, as bulk */
};
void tm_redirect_count(const struct tm_redirect *r, struct tm_redirect_counts *out);

/* Loads, attaches nothing, and lets go: whether tm_redirect_open could work.  Errors as there. */
TM_MUST_CHECK int tm_redirect_probe(struct tm_msg *msg);

#endif
