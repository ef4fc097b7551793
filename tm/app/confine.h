/* tm/app/confine.h - run gives up its capabilities (tm/net/privilege.h) and goes into its sandbox (tm/net/sandbox.h): its state and the files
 * that its options name stay open to it. */
#ifndef TM_APP_CONFINE_H
#define TM_APP_CONFINE_H

#include "tm/app/options.h"

/* While there is one thread; the folders of files that options write must be there.  Says in the log what holds and what this machine has not;
 * --no-sandbox: nothing is done, with a warning.  TM_ERR_IO with msg: the program must not go on.  folder: one more that is
 * written to; NULL: none. */
TM_MUST_CHECK int tm_confine(const struct tm_options *o, const char *folder, struct tm_msg *msg);

#endif
