/* tm/net/privilege.h - what this process may do beyond its user's rights, and giving it up. */
#ifndef TM_NET_PRIVILEGE_H
#define TM_NET_PRIVILEGE_H

#include <stdbool.h>

#include "tm/base/err.h"

/* Whether this thread has the capability (CAP_BPF, ...) now. */
bool tm_privilege_has(int capability);
/* Gives up every capability for good: effective, permitted, inheritable, ambient and bounding, and what a program that is
 * executed could gain.  The rights to run ahead of others that the caller has are kept as limits.  Threads that exist
 * keep theirs, so call it before there are any.  TM_ERR_IO with msg. */
TM_MUST_CHECK int tm_privilege_drop(struct tm_msg *msg);

#endif
