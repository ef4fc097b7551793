/* tm/app/forward.h - doors and forwards as --socks, -D, -L and -R spell them, and destinations.
 *
 * A door is where something listens: an address, or the path of a unix socket.  A destination is HOST:PORT, or unix:/PATH at the end that
 * connects.  Pure. */
#ifndef TM_APP_FORWARD_H
#define TM_APP_FORWARD_H

#include "tm/app/address.h"
#include "tm/base/err.h"
#include "tm/core/dest.h"

#define TM_DOOR_PATH_MAX 108U /* of struct sockaddr_un, NUL included */

struct tm_door {
    struct tm_address at;        /* where path is "" */
    char path[TM_DOOR_PATH_MAX]; /* begins with "/" */
};

/* "HOST:PORT" or "unix:/PATH" (--socks).  TM_ERR_FORMAT with msg (may be NULL), here and below. */
TM_MUST_CHECK int tm_door_parse(struct tm_door *d, const char *text, struct tm_msg *msg);
/* "[BIND:]PORT" or "unix:/PATH", as ssh -D; 127.0.0.1 when BIND is not given. */
TM_MUST_CHECK int tm_door_parse_dynamic(struct tm_door *d, const char *text, struct tm_msg *msg);
/* "127.0.0.1:1080" or "unix:/PATH"; port in place of the door's own. */
void tm_door_print(char out[TM_ADDRESS_TEXT_MAX], const struct tm_door *d, uint16_t port);

/* "HOST:PORT" or "unix:/PATH". */
TM_MUST_CHECK int tm_forward_dest(struct tm_dest *d, const char *text, struct tm_msg *msg);

struct tm_forward {
    struct tm_door bind;
    struct tm_dest dest;
};
/* "[BIND:]PORT:DEST" or "/PATH:DEST" as ssh -L; 127.0.0.1 when BIND is not given, * or nothing: every address. */
TM_MUST_CHECK int tm_forward_parse(struct tm_forward *f, const char *text, struct tm_msg *msg);

struct tm_forward_remote {
    struct tm_dest bind; /* an address, never a name */
    struct tm_dest dest;
};
/* "[BIND:]PORT:DEST" as ssh -R: BIND is the server's, an address, localhost, or *; port 0: the server chooses. */
TM_MUST_CHECK int tm_forward_parse_remote(struct tm_forward_remote *f, const char *text,
                                          struct tm_msg *msg);

#endif
