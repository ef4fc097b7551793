/* tm/app/kv.h - the text form of state files: a first line that says what the file is, then "key value".
 *
 *   trafficmimic-client 1
 *   host vpn.example.org
 *   secret 00112233...
 *
 * Keys come once each (but for lists) and in any order; an unknown key is an error, because a file with
 * meaning that we do not know must not be used half.  Bytes are lower-case hexadecimal.  Pure. */
#ifndef TM_APP_KV_H
#define TM_APP_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/buf.h"
#include "tm/base/err.h"

/* One key of a kind of file, and where its value goes.  HEX takes exactly `len` bytes; TEXT up to len - 1
 * characters and a NUL; NUMBER an int64_t. */
enum tm_kv_type { TM_KV_HEX, TM_KV_TEXT, TM_KV_NUMBER };
struct tm_kv_field {
    const char *key;
    enum tm_kv_type type;
    void *at;
    size_t len;
    bool optional;
};

/* Takes a "key value" that no field has.  TM_OK, or TM_ERR_FORMAT when it is unknown or wrong. */
typedef int (*tm_kv_other_fn)(void *user, const char *key, const char *value);

/* A kind of file; all borrowed. */
struct tm_kv {
    const char *kind; /* first word of the first line */
    const struct tm_kv_field *fields;
    size_t n_fields;      /* at most 32 */
    tm_kv_other_fn other; /* may be NULL: every other key is an error */
    void *user;
};

/* Reads text (len bytes, not changed) into what the fields point to; what is missing and optional is set to
 * zero.  TM_ERR_FORMAT: not such a file, or damaged; TM_ERR_UNSUPPORTED: of another version; msg says which line. */
TM_MUST_CHECK int tm_kv_read(const struct tm_kv *kv, const char *text, size_t len,
                             struct tm_msg *msg);

/* The first line and the fields (empty optional texts are left out). */
void tm_kv_write(const struct tm_kv *kv, struct tm_wr *w);
/* One more line. */
void tm_kv_line(struct tm_wr *w, const char *key, const char *value);

/* 2 * n characters and a NUL. */
void tm_hex_encode(char *out, const uint8_t *p, size_t n);
/* Exactly 2 * n lower-case digits, then the end of text.  TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_hex_decode(uint8_t *out, size_t n, const char *text);

#endif
