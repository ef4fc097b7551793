/* tm/app/account.h - a running server's account of its clients: kept in memory, written every minute.
 *
 * Files are written by a thread of libuv's pool, so that a slow disk delays no buffer.  A crash loses a minute. */
#ifndef TM_APP_ACCOUNT_H
#define TM_APP_ACCOUNT_H

#include <stdint.h>

#include <uv.h>

#include "tm/core/token.h"

struct tm_account;

/* dir: the server's (copied).  collect is called before each writing: now tm_account_add what is new.  TM_ERR_NOMEM, and
 * TM_ERR_IO, AUTH with msg: no directory for it. */
TM_MUST_CHECK int tm_account_open(struct tm_account **out, uv_loop_t *loop, const char *dir,
                                  void (*collect)(void *user), void *user, struct tm_msg *msg);
/* A client was seen now, and moved so many bytes. */
void tm_account_add(struct tm_account *a, const uint8_t id[TM_CLIENT_ID_LEN], uint64_t bytes);
/* Of a client that was revoked nothing more is kept. */
void tm_account_forget(struct tm_account *a, const uint8_t id[TM_CLIENT_ID_LEN]);
/* Writes what is left and ends; collect is not called again.  NULL is allowed. */
void tm_account_close(struct tm_account *a);

#endif
