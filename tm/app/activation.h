/* tm/app/activation.h - sockets that systemd has opened for us and handed over (socket activation).
 *
 * Source: sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; the descriptors begin with 3. */
#ifndef TM_APP_ACTIVATION_H
#define TM_APP_ACTIVATION_H

#include <stddef.h>

#include "tm/base/err.h"

#define TM_ACTIVATION_MAX 16U

struct tm_activation {
    size_t n;
    int fd
        [TM_ACTIVATION_MAX]; /* TCP sockets that listen; close-on-exec, not blocking; the caller's */
};

/* Takes those that were handed over to this process, once: the variables are gone afterwards.  n is 0: there were none.
 * TM_ERR_FORMAT with msg: too many, or one that is no listening TCP socket; none is ours then. */
TM_MUST_CHECK int tm_activation_take(struct tm_activation *a, struct tm_msg *msg);

#endif
