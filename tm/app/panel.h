/* tm/app/panel.h - what a running program shows of itself: DIR/status, and if asked for --metrics and --ui.
 *
 *   tunnel ──look──> panel ──> statsock   DIR/status (tm/app/status.h)
 *                          ├─> webdoor    /metrics   (tm/app/metrics.h)
 *                          └─> ui         the page   (tm/app/ui.h)
 *
 * All on the front thread, when it has time (tm/app/look.h); the wire thread is asked nothing.  So nothing that is on the wire depends on who looks. */
#ifndef TM_APP_PANEL_H
#define TM_APP_PANEL_H

#include <uv.h>

#include "tm/app/look.h"
#include "tm/app/options.h"
#include "tm/base/err.h"

struct tm_panel; /* opaque */

struct tm_panel_cfg {
    uv_loop_t *loop;
    const struct tm_options *o; /* borrowed; of a run */
    const char *dir;            /* for DIR/status; borrowed */
    struct tm_look_at look;
};

/* Without DIR/status it goes on, and says so in the log.  TM_ERR_IO, NOMEM, CLOSED with msg: what was asked for cannot be had.  Prints where the page is. */
TM_MUST_CHECK int tm_panel_open(struct tm_panel **out, const struct tm_panel_cfg *cfg,
                                struct tm_msg *msg);
/* NULL is allowed. */
void tm_panel_close(struct tm_panel *p);

#endif
