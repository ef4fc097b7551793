/* models/schedfile.h - schedule files: what every connection does, written by people, programs or tm-learn sample (doc/SCHEDULE.md).
 *
 *   {"t":"schedule","v":1}
 *   {"t":"open","c":0,"user":0,"ref":"origin","gap":0}
 *   {"t":"data","c":0,"i":0,"dir":"up","size":517,"ref":-1,"gap":0}
 *   {"t":"close","c":0,"gap":2000000}
 *
 * What reads without an error can be played: every connection has a plan that tm_plan_check allows and closes, every user begins at the
 * origin.  Pure: text in, structure out. */
#ifndef TM_MODELS_SCHEDFILE_H
#define TM_MODELS_SCHEDFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/plan.h"
#include "tm/base/err.h"

#define TM_SCHEDFILE_VERSION   1
#define TM_SCHEDFILE_CONNS_MAX (1U << 20)

struct tm_schedfile_conn {
    uint32_t user;
    /* Opens as told; index counts the user's connections, rre the openings from "ended" or "over" in its session. */
    struct tm_open open;
    struct tm_plan plan; /* owned */
    uint32_t line;       /* of its opening */
    bool is_closed;      /* true of all in a file that was read */
};

struct tm_schedfile {               /* empty: {0} */
    struct tm_schedfile_conn *conn; /* owned; by number, so each user's in their order */
    size_t n_conns, cap_conns;
    uint32_t n_users; /* one more than the largest user */
};

/* Reads a whole file of `len` bytes; `name` is for messages, which give the line and say what is wrong with it.  *f must be empty; it is freed
 * with tm_schedfile_deinit, and empty after an error.  TM_ERR_FORMAT; TM_ERR_UNSUPPORTED a newer version; TM_ERR_RANGE something that
 * cannot be played; TM_ERR_LIMIT too much; TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_schedfile_read(struct tm_schedfile *f, const char *text, size_t len,
                                    const char *name, struct tm_msg *msg);
void tm_schedfile_deinit(struct tm_schedfile *f);

/* SHA-256 over what is played of it (openings, writes, closings; not names, comments and times): two files with the same digest
 * are the same schedule. */
void tm_schedfile_digest(const struct tm_schedfile *f, uint8_t out[TM_DIGEST_LEN]);

#endif
