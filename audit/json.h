/* audit/json.h - one JSON text (RFC 8259), written piece by piece.
 *
 *   tm_json_out_begin(&j, NULL, '{');  tm_json_out_count(&j, "schema_version", 1);  tm_json_out_end(&j, '}');
 *
 * The caller opens and closes in order; commas are set here.  A key is a member's name, NULL makes an element of an array. */
#ifndef TM_AUDIT_JSON_H
#define TM_AUDIT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct tm_json_out { /* {.f = where it goes} */
    FILE *f;         /* borrowed; its error flag tells whether all was written */
    bool is_next;    /* a comma is due */
};

/* bracket: '{' or '['. */
void tm_json_out_begin(struct tm_json_out *j, const char *key, char bracket);
/* '}' or ']'. */
void tm_json_out_end(struct tm_json_out *j, char bracket);
void tm_json_out_text(struct tm_json_out *j, const char *key, const char *text);
/* Six digits; null when it is not finite. */
void tm_json_out_number(struct tm_json_out *j, const char *key, double v);
void tm_json_out_numbers(struct tm_json_out *j, const char *key, const double *v, uint32_t n);
void tm_json_out_count(struct tm_json_out *j, const char *key, uint64_t v);
void tm_json_out_truth(struct tm_json_out *j, const char *key, bool v);
void tm_json_out_null(struct tm_json_out *j, const char *key);

/* A string alone, in quotes, with what JSON does not allow inside it escaped. */
void tm_json_out_quote(FILE *f, const char *text);

#endif
