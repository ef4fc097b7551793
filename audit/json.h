/* audit/json.h - one JSON text (RFC 8259), written piece by piece.
 *
 *   tm_jsonw_begin(&j, NULL, '{');  tm_jsonw_count(&j, "schema_version", 1);  tm_jsonw_end(&j, '}');
 *
 * The caller opens and closes in order; commas are set here.  A key is a member's name, NULL makes an element of an array. */
#ifndef TM_AUDIT_JSON_H
#define TM_AUDIT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct tm_jsonw { /* {.f = where it goes} */
    FILE *f;      /* borrowed; its error flag tells whether all was written */
    bool is_next; /* a comma is due */
};

/* bracket: '{' or '['. */
void tm_jsonw_begin(struct tm_jsonw *j, const char *key, char bracket);
/* '}' or ']'. */
void tm_jsonw_end(struct tm_jsonw *j, char bracket);
void tm_jsonw_text(struct tm_jsonw *j, const char *key, const char *text);
/* Six digits; null when it is not finite. */
void tm_jsonw_number(struct tm_jsonw *j, const char *key, double v);
void tm_jsonw_numbers(struct tm_jsonw *j, const char *key, const double *v, uint32_t n);
void tm_jsonw_count(struct tm_jsonw *j, const char *key, uint64_t v);
void tm_jsonw_truth(struct tm_jsonw *j, const char *key, bool v);
void tm_jsonw_null(struct tm_jsonw *j, const char *key);

/* A string alone, in quotes, with what JSON does not allow inside it escaped. */
void tm_jsonw_quote(FILE *f, const char *text);

#endif
