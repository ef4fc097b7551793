/* tm/app/client_doors.h - the doors of tm-client run: the proxy (--socks, or what systemd has opened) and forwards (-L). */
#ifndef TM_APP_CLIENT_DOORS_H
#define TM_APP_CLIENT_DOORS_H

#include <stddef.h>

#include "tm/app/activation.h"
#include "tm/app/address.h"
#include "tm/app/options.h"
#include "tm/net/local.h"
#include "tm/net/tunnel.h"

#define TM_CLIENT_DOORS_MAX (TM_OPTIONS_LIST_MAX + TM_ACTIVATION_MAX)

struct tm_client_doors {
    char where[TM_ADDRESS_TEXT_MAX]; /* of the proxy, for people */
    size_t n_proxies;                /* local[0], ... */
    size_t n_local;
    struct tm_local *local[TM_CLIENT_DOORS_MAX]; /* owned */
    const char
        *forward[TM_CLIENT_DOORS_MAX]; /* as -L said; borrowed from the options; NULL: a proxy */
};

/* Opens the proxy and the forwards; close them also after an error.  The proxy is what a.n sockets listen on, which are taken in
 * any case, or --socks. */
TM_MUST_CHECK int tm_client_doors_open(struct tm_client_doors *d, const struct tm_options *o,
                                       const struct tm_activation *a,
                                       struct tm_tunnel_client *tunnel, struct tm_msg *msg);
/* Opens the forwards that fresh has and d has not, and closes those that it has not; their connections go on.  After an error
 * all is as before. */
TM_MUST_CHECK int tm_client_doors_change(struct tm_client_doors *d, const struct tm_options *fresh,
                                         struct tm_tunnel_client *tunnel, struct tm_msg *msg);
void tm_client_doors_close(struct tm_client_doors *d);

#endif
