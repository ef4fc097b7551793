/* audit/features/sheet.h - files that people and scripts write: a head that names the columns, then a line for each thing.
 *
 * Fields are separated by commas, never quoted and never empty.  Empty lines and those that begin with # say nothing; the first other line is the
 * head, which must be the one that is wanted.  Lines end with \n or \r\n.  Pure. */
#ifndef TM_AUDIT_FEATURES_SHEET_H
#define TM_AUDIT_FEATURES_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

#define TM_SHEET_FIELDS_MAX 8U

/* One line, for messages: "name:line: ...". */
struct tm_sheet_place {
    const char *name;
    uint32_t line;
    struct tm_msg *msg;
};

struct tm_sheet {
    const char *kind; /* "labels": what it is a file of */
    const char *head; /* of TM_SHEET_FIELDS_MAX names at most */
    /* One line; the fields are strings that it may write into, and that end with this call.  Anything but TM_OK ends the reading. */
    int (*row)(void *user, const struct tm_sheet_place *at, char *const field[]);
    void *user;
};

/* text: len bytes, not terminated, not changed.  name is for messages.  *has_head: whether there was a head.  TM_ERR_FORMAT with *msg, what
 * `row` returned, TM_ERR_NOMEM. */
TM_MUST_CHECK int tm_sheet_read(const struct tm_sheet *sheet, const char *text, size_t len,
                                const char *name, bool *has_head, struct tm_msg *msg);

/* A whole number from 0 to max (at most 2^60).  TM_ERR_FORMAT, naming the field. */
TM_MUST_CHECK int tm_sheet_number(const struct tm_sheet_place *at, const char *field,
                                  const char *text, int64_t max, int64_t *out);

#endif
