/* tm/net/sandbox_calls.h - the system calls that are left (tm/net/sandbox.h). */
#ifndef TM_NET_SANDBOX_CALLS_H
#define TM_NET_SANDBOX_CALLS_H

#include <stdbool.h>

#include "tm/base/err.h"

/* For this thread and those that it will make.  *done false: this build or kernel has no seccomp, *why_not (may be NULL) says which.
 * TM_ERR_IO with msg: it has, and it failed. */
TM_MUST_CHECK int tm_sandbox_calls(bool *done, bool has_ebpf, struct tm_msg *why_not,
                                   struct tm_msg *msg);

#endif
