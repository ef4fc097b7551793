/* audit/active/flows.h - flow records as nfdump prints them (nfdump -o csv; version 1.6 and 1.7).
 *
 *   ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,...
 *   2025-11-21 07:26:40,2025-11-21 07:26:42,2.000,10.0.0.1,10.0.0.2,443,5000,TCP,...AP...,0,0,200,208000,...
 *   Summary
 *
 * Columns are found by their names; those that are not needed may be missing.  Times are read as UTC: nfdump prints local time, so it
 * is to be run with TZ=UTC.  They may have a fraction; nfdump 1.7.1 cuts it off and gives the duration td to the millisecond, so a
 * record reaches from ts to ts + td.  What follows a line "Summary" says nothing.  Pure: text in, structure out. */
#ifndef TM_AUDIT_ACTIVE_FLOWS_H
#define TM_AUDIT_ACTIVE_FLOWS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/schedule.h" /* struct tm_endpoint */
#include "tm/base/err.h"

#define TM_FLOWS_MAX (1U << 22)

struct tm_flow {
    int64_t from_us, until_us; /* since 1970; from_us <= until_us */
    uint64_t bytes;            /* of IP packets, src to dst; at most 2^60 */
    struct tm_endpoint src, dst;
};

struct tm_flows {      /* empty: {0} */
    struct tm_flow *v; /* owned; in the order of the file */
    size_t n, cap;
};

/* Reads the lines of text (len bytes) into an empty *f; records of anything but TCP are left out.  `name` is for messages, which name the
 * line and say what is wrong with it.  After an error only deinit may follow.  TM_ERR_FORMAT, also for a file without a record;
 * TM_ERR_NOMEM, TM_ERR_LIMIT: more than TM_FLOWS_MAX. */
TM_MUST_CHECK int tm_flows_parse(struct tm_flows *f, const char *text, size_t len, const char *name,
                                 struct tm_msg *msg);
void tm_flows_deinit(struct tm_flows *f);

#endif
