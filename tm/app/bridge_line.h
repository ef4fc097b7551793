/* tm/app/bridge_line.h - what tor says of a bridge with each connection: its address, and the arguments of its line in torrc.
 *
 *   Bridge trafficmimic ADDRESS:PORT FINGERPRINT link=KEYS [preset=] [model=] [users=] [pace=] [idle-stop=]
 *
 * KEYS as of tm_link_encode_keys; the others as options of tm-client run.  A line that says anything of preset, model, users and pace decides all four,
 * else the command line of tm-client pt does, else it is --preset default.  Pure. */
#ifndef TM_APP_BRIDGE_LINE_H
#define TM_APP_BRIDGE_LINE_H

#include <sys/socket.h>

#include "tm/app/file.h"
#include "tm/app/options.h"
#include "tm/core/link.h"
#include "tm/core/proxy.h"
#include "tm/core/ptargs.h"

struct tm_bridge_line {
    struct sockaddr_storage addr; /* of the bridge */
    struct tm_ptargs args;
    struct tm_link link;        /* keys, without host and port */
    char dir[TM_FILE_PATH_MAX]; /* of what is kept of it: the same for all lines with these keys */
    struct tm_options
        o; /* as of tm-client run; points into this and into what `command` points to */
};

/* Reads the address and the login of p.  command: of tm-client pt; top: where dir is.  *b must not be moved.  TM_ERR_FORMAT, RANGE, UNSUPPORTED, LIMIT with
 * msg, which quotes no secret. */
TM_MUST_CHECK int tm_bridge_line_read(struct tm_bridge_line *b, const struct tm_proxy *p,
                                      const struct tm_options *command, const char *top,
                                      struct tm_msg *msg);

#endif
