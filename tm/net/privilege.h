/* tm/net/privilege.h - what this process may do beyond its user's rights, and giving it up.
 *
 * Capabilities belong to threads, and a new thread has those of the one that makes it: so they are given up before there are
 * threads, all but the right to run ahead of others (CAP_SYS_NICE), which the wire thread needs for a moment. */
#ifndef TM_NET_PRIVILEGE_H
#define TM_NET_PRIVILEGE_H

#include <stdbool.h>

#include "tm/base/err.h"

/* Whether this thread has the capability (CAP_BPF, ...) now. */
bool tm_privilege_has(int capability);
/* Gives up every capability but CAP_SYS_NICE and, with keeps_ports, CAP_NET_BIND_SERVICE, for good: effective, permitted, inheritable,
 * ambient and bounding, and what a program that is executed could gain.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_privilege_drop(bool keeps_ports, struct tm_msg *msg);
/* For a thread that needs no priority beyond what it has: when it holds no more than tm_privilege_drop left, it gives up CAP_SYS_NICE
 * too.  A thread that holds more is left as it is: nobody asked for less. */
void tm_privilege_settle(void);

#endif
