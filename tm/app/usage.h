/* tm/app/usage.h - when a client was last seen, and its bytes of the month: the file DIR/usage/ID of a server.
 *
 * Bytes are TCP payload on the wire, both directions, cover included: what is paid for, but for headers.  A month is one of the
 * calendar, UTC. */
#ifndef TM_APP_USAGE_H
#define TM_APP_USAGE_H

#include <stdint.h>

#include "tm/app/server_state.h"
#include "tm/base/err.h"

struct tm_usage {
    int64_t seen_s; /* wall clock, seconds since 1970; 0: never */
    int64_t month;  /* of bytes, as tm_usage_month; 0: none */
    int64_t bytes;
};

/* 202611 for November 2026.  0: no such time. */
int64_t tm_usage_month(int64_t now_s);
/* More bytes of a client that is seen now.  A later month begins anew; a clock that was set back does not. */
void tm_usage_add(struct tm_usage *u, uint64_t bytes, int64_t now_s);
/* Those of the month of now_s. */
int64_t tm_usage_bytes(const struct tm_usage *u, int64_t now_s);

/* Makes DIR/usage where it is missing. */
TM_MUST_CHECK int tm_usage_make_dir(const char *dir, struct tm_msg *msg);
/* All zero and TM_OK when there is none.  Errors as tm_file_load, TM_ERR_FORMAT; *u is then zero. */
TM_MUST_CHECK int tm_usage_load(struct tm_usage *u, const char *dir,
                                const uint8_t id[TM_CLIENT_ID_LEN], struct tm_msg *msg);
/* TM_ERR_IO. */
TM_MUST_CHECK int tm_usage_save(const struct tm_usage *u, const char *dir,
                                const uint8_t id[TM_CLIENT_ID_LEN], struct tm_msg *msg);
/* Of a client that was revoked; none is fine. */
void tm_usage_forget(const char *dir, const uint8_t id[TM_CLIENT_ID_LEN]);

#endif
