/* tm/app/client_doors.h - the doors of tm-client run: proxies (--socks, -D, or what systemd has opened), forwards (-L), and listeners at the
 * server (-R). */
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
    char where[TM_ADDRESS_TEXT_MAX]; /* of the first proxy, for people */
    size_t n_proxies;                /* local[0], ... */
    size_t n_local;
    struct tm_local *local[TM_CLIENT_DOORS_MAX]; /* owned */
    const char
        *forward[TM_CLIENT_DOORS_MAX]; /* as -L said; borrowed from the options; NULL: a proxy */
    size_t n_remotes;
    struct tm_tunnel_remote remote[TM_LISTENERS_MAX]; /* the tunnel borrows them */
    const char *remote_text[TM_LISTENERS_MAX];        /* as -R said; borrowed from the options */
};

/* What the tunnel is to ask the server for: before it is made.  TM_ERR_LIMIT with msg. */
TM_MUST_CHECK int tm_client_doors_remotes(struct tm_client_doors *d, const struct tm_options *o,
                                          struct tm_msg *msg);
/* A tm_tunnel_remote_fn whose user is the doors: says in the log how it went. */
void tm_client_doors_on_remote(void *user, size_t index, enum tm_reply reply, uint16_t port);

/* Opens the proxies and forwards; close them also after an error.  Without --socks what a.n sockets listen on, which are taken in any case, is
 * in its place, or the first -D. */
TM_MUST_CHECK int tm_client_doors_open(struct tm_client_doors *d, const struct tm_options *o,
                                       const struct tm_activation *a,
                                       struct tm_tunnel_client *tunnel, struct tm_msg *msg);
/* Opens the forwards that fresh has and d has not, and closes those that it has not; their connections go on.  After an error
 * all is as before. */
TM_MUST_CHECK int tm_client_doors_change(struct tm_client_doors *d, const struct tm_options *fresh,
                                         struct tm_tunnel_client *tunnel, struct tm_msg *msg);
void tm_client_doors_close(struct tm_client_doors *d);

#endif
