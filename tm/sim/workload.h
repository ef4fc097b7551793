/* tm/sim/workload.h - a file that says what people do: which transfer begins when (doc/WORKLOAD.md).
 *
 * JSON lines, one transfer each, in any order; empty lines and lines that begin with '#' aside:
 *
 *   {"at_us": 1500000, "up_bytes": 600, "down_bytes": 48000}
 */
#ifndef TM_SIM_WORKLOAD_H
#define TM_SIM_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_WORKLOAD_LINES_MAX 1000000U
#define TM_WORKLOAD_BYTES_MAX (UINT64_C(1) << 40)           /* of a transfer, each way */
#define TM_WORKLOAD_TIME_MAX  INT64_C(31 * 86400 * 1000000) /* us */

struct tm_workload_line {
    int64_t at_us;
    uint64_t up_bytes, down_bytes;
};

struct tm_workload {               /* empty: {0} */
    struct tm_workload_line *line; /* owned, in the order of the file */
    size_t n, cap;
};

/* `name` stands for the file in messages.  TM_ERR_FORMAT with the line in msg: no JSON object, a member missing, twice, unknown or out of
 * range, or no transfer at all; TM_ERR_LIMIT: more than TM_WORKLOAD_LINES_MAX; TM_ERR_NOMEM.  On error *w is empty. */
TM_MUST_CHECK int tm_workload_read(struct tm_workload *w, const char *text, size_t len,
                                   const char *name, struct tm_msg *msg);
void tm_workload_deinit(struct tm_workload *w);

#endif
