/* tm/net/ebpf/ebpf.h - the kernel programs of bpf/connect.bpf.c: loading, attaching to cgroups, asking them.
 *
 * The only files that know libbpf are ebpf.c, redirect.c and skeleton.c; where the build had no libbpf, clang or bpftool it is ebpf_none.c, whose calls
 * answer TM_ERR_UNSUPPORTED with the reason.  Loading and attaching need CAP_BPF and CAP_NET_ADMIN (or CAP_SYS_ADMIN);
 * what comes after needs none. */
#ifndef TM_NET_EBPF_H
#define TM_NET_EBPF_H

#include <stdbool.h>
#include <stddef.h>

#include "tm/base/err.h"
#include "tm/core/dest.h"

#define TM_EBPF_CGROUPS_MAX 2U

struct tm_ebpf; /* opaque */

struct tm_ebpf_cfg {
    const int *cgroup_fds; /* directories of cgroup2; borrowed during the call */
    size_t n_cgroups;      /* 1..TM_EBPF_CGROUPS_MAX */
    int door4, door6;      /* listening TCP sockets on 127.0.0.1 and [::1], made in the first of the
                             cgroups; -1: none; borrowed during the call */
    int dns4, dns6;        /* UDP sockets there that answer names; -1: none */
    bool let_udp;          /* UDP other than to port 53 leaves directly instead of being refused */
    bool let_raw;          /* the same for sockets that are neither TCP nor UDP */
};

/* Loads, marks the sockets as ours and attaches to every cgroup.  As long as *out lives, programs in them are diverted;
 * when it is closed or this process ends they are not any more, unless tm_ebpf_pin was called.
 * TM_ERR_UNSUPPORTED: built without, or the kernel lacks something; TM_ERR_IO: not allowed, or no such cgroup; TM_ERR_NOMEM;
 * msg has one line. */
TM_MUST_CHECK int tm_ebpf_open(struct tm_ebpf **out, const struct tm_ebpf_cfg *cfg,
                               struct tm_msg *msg);
/* Makes what is attached to cgroup number i outlive this process: its links get names in dir, an existing directory of
 * a bpffs, which stay until they are unlinked.  TM_ERR_IO with msg; some may have been made. */
TM_MUST_CHECK int tm_ebpf_pin(struct tm_ebpf *e, size_t i, const char *dir, struct tm_msg *msg);
/* Where the program wanted to go whose connection was accepted as fd.  TM_ERR_CLOSED: it was not diverted, so somebody
 * connected straight to the door. */
TM_MUST_CHECK int tm_ebpf_dest(const struct tm_ebpf *e, int fd, struct tm_dest *dest);
/* Detaches what is not pinned, and frees; NULL does nothing. */
void tm_ebpf_close(struct tm_ebpf *e);

/* Why this program was built without; NULL: it was built with. */
const char *tm_ebpf_why_not(void);
/* Loads the programs, attaches nothing, and lets go of them: whether tm_ebpf_open could work.  Errors as there. */
TM_MUST_CHECK int tm_ebpf_probe(struct tm_msg *msg);

#endif
