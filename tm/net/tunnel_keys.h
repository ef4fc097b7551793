/* tm/net/tunnel_keys.h - tunnels whose keys are renewed while they run. */
#ifndef TM_NET_TUNNEL_KEYS_H
#define TM_NET_TUNNEL_KEYS_H

#include "tm/net/ticket.h"
#include "tm/net/tunnel.h"
#include "tm/net/tunnel_server.h"

/* Server: tokens are made with `key` from now on; those of `old` (NULL: none) are taken until the wall clock says old_until_us, us since
 * 1970.  Sessions go on. */
void tm_tunnel_server_set_keys(struct tm_tunnel_server *t, const struct tm_ticket_key *key,
                               const struct tm_ticket_key *old, int64_t old_until_us);
/* Client: carriers that are opened from now on have tokens of this key. */
void tm_tunnel_client_set_key(struct tm_tunnel_client *t, const struct tm_ticket_key *key);

#endif
