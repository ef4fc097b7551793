/* tm/base/json.h - reading JSON that anybody may have written (RFC 8259), one value after the other.
 *
 * The caller asks for what must come next, as the grammar of its file says, so nothing is built in memory, nothing
 * nests deeper than the caller's own functions do, and what is not asked for is an error.  The error sticks: after the first one
 * every call fails at once, and `msg` names the file and line.  Pure; reads nothing past `len`.
 *
 *   rc = tm_json_object(&j);
 *   while (rc == TM_OK && (rc = tm_json_member(&j, key, sizeof key)) == 1)
 *       rc = read_the_value_of(key);                  the loop ends with 0 at the closing brace, or with an error
 */
#ifndef TM_BASE_JSON_H
#define TM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_json {
    const char *at, *end;
    const char *name; /* of the file, for messages; borrowed */
    uint32_t line;    /* from 1 */
    bool is_fresh;    /* a container was just opened: no comma comes before its first member */
    int error;        /* the first one, TM_OK before */
    struct tm_msg *msg;
};

/* `text` (not terminated), `name` and `msg` (may be NULL) are borrowed. */
void tm_json_init(struct tm_json *j, const char *text, size_t len, const char *name,
                  struct tm_msg *msg);

/* All return TM_OK (or what is said), or TM_ERR_FORMAT with the line and what was wanted there. */
TM_MUST_CHECK int tm_json_object(struct tm_json *j); /* takes the opening brace */
TM_MUST_CHECK int tm_json_array(struct tm_json *j);  /* takes the opening bracket */
/* 1: the next member's name is in key[cap] (terminated), its value comes next; 0: the object has ended. */
TM_MUST_CHECK int tm_json_member(struct tm_json *j, char *key, size_t cap);
/* 1: an element comes next; 0: the array has ended. */
TM_MUST_CHECK int tm_json_element(struct tm_json *j);
/* A string of at most cap - 1 bytes in UTF-8, terminated; escapes are resolved.  Strings with a zero character, unpaired surrogates or bytes
 * that are no UTF-8 are errors. */
TM_MUST_CHECK int tm_json_string(struct tm_json *j, char *out, size_t cap);
/* A whole number from 0 to `max`, without sign, fraction and exponent. */
TM_MUST_CHECK int tm_json_number(struct tm_json *j, uint64_t max, uint64_t *out);
/* A whole number from min to max, with or without '-'. */
TM_MUST_CHECK int tm_json_integer(struct tm_json *j, int64_t min, int64_t max, int64_t *out);
/* Whether a string comes next; says nothing about whether it is a sound one. */
bool tm_json_is_string(struct tm_json *j);
/* Passes any sound value, for members that a reader does not need; containers inside containers at most TM_JSON_DEPTH_MAX deep. */
#define TM_JSON_DEPTH_MAX 16
TM_MUST_CHECK int tm_json_skip(struct tm_json *j);
/* Nothing but white space is left. */
TM_MUST_CHECK int tm_json_end(struct tm_json *j);

/* For the caller's own findings: "NAME:LINE: ...", sticks as all errors do; returns `err`. */
int tm_json_fail(struct tm_json *j, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
