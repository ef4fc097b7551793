/* tm/app/server_rules.h - what clients may reach, and have listened for, as the server's options say. */
#ifndef TM_APP_SERVER_RULES_H
#define TM_APP_SERVER_RULES_H

#include "tm/app/options.h"
#include "tm/net/guard.h"
#include "tm/net/permit.h"

struct tm_server_rules { /* {0}: the defaults; borrows strings of the options */
    struct tm_guard guard;
    struct tm_permit permit;
};

/* Adds the rules of --allow, --deny, --allow-unix and --permit-listen.  TM_ERR_FORMAT or TM_ERR_LIMIT with msg ("--allow ..."). */
TM_MUST_CHECK int tm_server_rules_load(struct tm_server_rules *r, const struct tm_options *o,
                                       struct tm_msg *msg);

#endif
