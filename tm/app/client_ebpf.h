/* tm/app/client_ebpf.h - tm-client run --ebpf connect|redirect: cgroups, kernel programs, doors and their end, in the right order.
 *
 *   open    while there is one thread and there are privileges: cgroup, doors, hooks, pins; then no privilege is left but
 *           CAP_SYS_NICE, which the tunnel gives up when the wire thread has its priority
 *   start   when the tunnel is there: what waits at the doors is accepted, names are answered, exec is served
 *   stop    with the loop's other handles
 *   end     when the loop has ended: hooks and pins go, or stay and block (--on-exit) */
#ifndef TM_APP_CLIENT_EBPF_H
#define TM_APP_CLIENT_EBPF_H

#include <uv.h>

#include "tm/app/options.h"
#include "tm/net/tunnel.h"

struct tm_client_ebpf; /* opaque */

/* *out is NULL when --ebpf is off.  Errors with one line in msg that names the reason and the way out. */
TM_MUST_CHECK int tm_client_ebpf_open(struct tm_client_ebpf **out, const struct tm_options *o,
                                      struct tm_msg *msg);
/* e may be NULL: nothing to do. */
TM_MUST_CHECK int tm_client_ebpf_start(struct tm_client_ebpf *e, uv_loop_t *loop,
                                       struct tm_tunnel_client *tunnel, struct tm_msg *msg);
void tm_client_ebpf_stop(struct tm_client_ebpf *e);
/* Frees e, which may be NULL; says in the log what stays. */
void tm_client_ebpf_end(struct tm_client_ebpf *e);

#endif
