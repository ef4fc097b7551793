/* tm/app/notify.h - what systemd wants to hear of a service of Type=notify or notify-reload: datagrams to the socket that
 * NOTIFY_SOCKET names.
 *
 * Source: sd_notify(3), sd_watchdog_enabled(3).  Without systemd nothing is sent. */
#ifndef TM_APP_NOTIFY_H
#define TM_APP_NOTIFY_H

#include <stdint.h>

#include "tm/base/err.h"

/* "READY=1", "STATUS=text" and the like, several as lines.  TM_OK also when nobody listens; TM_ERR_IO, TM_ERR_RANGE (the socket's
 * name is no path or too long). */
TM_MUST_CHECK int tm_notify(const char *text);
/* "RELOADING=1", with the time as systemd 253 and later want it. */
TM_MUST_CHECK int tm_notify_reloading(int64_t now_us);
/* How often WATCHDOG=1 is wanted of this process at least, us; 0: not at all. */
int64_t tm_notify_watchdog_us(void);

#endif
