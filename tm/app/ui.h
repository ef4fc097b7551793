/* tm/app/ui.h - the page of --ui: what the tunnel does, to be looked at by whoever was given its address.
 *
 *   http://127.0.0.1:PORT/TOKEN/              index.html, page.css, page.js: embedded at build (tm/app/ui/)
 *                              data.json?since=N    the status (tm/app/status.h) and the seconds from N on (tm/app/history.h)
 *                              curves.json          tm/app/curves.h
 *
 * TOKEN is 128 random bits, new at every start and compared in constant time: other users of this machine reach the port, and do not know it.
 * Anything else is Not Found.  The page takes nothing from anywhere else (Content-Security-Policy), and no other page can show it or ask in its name. */
#ifndef TM_APP_UI_H
#define TM_APP_UI_H

#include "tm/app/panel.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_UI_TOKEN_BYTES 16U
#define TM_UI_TOKEN_TEXT  32U /* two digits for each */

struct tm_ui; /* opaque */

/* What of the page a path is: what follows "/TOKEN/", not NUL-terminated, in *name.  False: the token is another one.  Pure. */
bool tm_ui_path(struct tm_view *name, struct tm_view path, const char token[TM_UI_TOKEN_TEXT + 1]);
/* The number in "since=N" of a query; 0: there is none.  Pure. */
uint64_t tm_ui_since(struct tm_view query);

/* Prints the address on standard output.  Copies cfg.  TM_ERR_NOMEM, IO, TLS (no random bytes). */
TM_MUST_CHECK int tm_ui_open(struct tm_ui **out, const struct tm_panel_cfg *cfg,
                             struct tm_msg *msg);
/* The memory goes when libuv has closed the handles.  NULL is allowed. */
void tm_ui_close(struct tm_ui *u);

#endif
