/* tm/app/summary.h - a run in numbers: one line for people, one JSON object for programs.
 *
 * `tx` is what this program sent, `rx` what it received.  Wire bytes are TCP payload; the useful share is payload
 * by wire bytes, both directions together.  Pure but for the FILE. */
#ifndef TM_APP_SUMMARY_H
#define TM_APP_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tm/core/session.h"

#define TM_SUMMARY_LINE_MAX 512U

struct tm_summary {
    const char *program;
    int64_t run_us; /* how long the program ran */
    struct tm_session_stats s;
};

/* A number of struct tm_session_stats under its name in JSON. */
struct tm_summary_member {
    const char *name;
    size_t at;    /* in struct tm_session_stats */
    bool is_wide; /* uint64_t, else uint32_t */
};
/* The i-th of those that are printed; NULL behind the last. */
const struct tm_summary_member *tm_summary_member(size_t i);
uint64_t tm_summary_get(const struct tm_session_stats *s, const struct tm_summary_member *m);

/* Share of user data in what was on the wire, in thousandths; 0 for nothing. */
unsigned tm_summary_useful_permille(const struct tm_session_stats *s);
unsigned tm_summary_permille(uint64_t part, uint64_t whole);
/* "wire 10240 B sent, 20480 B received; payload ..." without newline. */
void tm_summary_line(char out[TM_SUMMARY_LINE_MAX], const struct tm_summary *m);
/* One JSON object with schema_version, on one line; `extra` (may be NULL) is further members, ",\"a\":1". */
/* `status` (tm/app/status.h) prints the same line and members. */
void tm_summary_json(FILE *out, const struct tm_summary *m, const char *extra);

#endif
