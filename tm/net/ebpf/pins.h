/* tm/net/ebpf/pins.h - hooks that outlive the program which attached them (--on-exit block), and what such programs leave.
 *
 *   BPFFS/tm-client/NAME/      one for each cgroup
 *       cgroup -> /sys/fs/cgroup/...
 *       tmb_connect4 ...       the pinned links
 *
 * A pin is orphaned when nobody holds the lock of its cgroup (tm/net/ebpf/cgroup.h).  As long as programs run in that cgroup the
 * pin keeps them from the network, which is its purpose; when it is empty, or gone, the pin can go. */
#ifndef TM_NET_PINS_H
#define TM_NET_PINS_H

#include <stdio.h>

#include "tm/net/ebpf/cgroup.h"

#define TM_PINS_PATH_MAX 2048U

/* Makes the directory for the pins of a cgroup and sets dir to its path.  TM_ERR_UNSUPPORTED: no bpffs is mounted;
 * TM_ERR_IO; both with msg. */
TM_MUST_CHECK int tm_pins_make(char dir[TM_PINS_PATH_MAX], const struct tm_cgroup *g,
                               struct tm_msg *msg);
/* Unpins everything in dir and removes it: what has no other owner is detached.  Whether it is gone. */
bool tm_pins_remove(const char *dir);

struct tm_pins_swept {
    unsigned n_removed; /* pins and cgroups that are gone now */
    unsigned
        n_blocked; /* cgroups where programs of an ended tm-client still run, without network */
};
/* Removes what ended programs left: pins of empty cgroups and these cgroups; cgroups without pins, whose programs go back
 * to the parent; and pins of mine[0..n), which new hooks have replaced (keep: their own directories, n of them, may be
 * NULL).  Writes a line for each that stays to out (NULL: nowhere). */
void tm_pins_sweep(struct tm_pins_swept *swept, const struct tm_cgroup *mine,
                   const char (*keep)[TM_PINS_PATH_MAX], size_t n, FILE *out);

#endif
