/* learner/ops/text.h - text that grows: what the commands print, made where nothing is printed. */
#ifndef TM_LEARNER_OPS_TEXT_H
#define TM_LEARNER_OPS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tm_text { /* empty: {0} */
    char *p;     /* owned; terminated once something was added */
    size_t len, cap;
    bool bad; /* memory ran out: nothing more is added; the caller asks once, at the end */
};

void tm_text_add(struct tm_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As a JSON string, quotes included (RFC 8259 sec. 7). */
void tm_text_json(struct tm_text *t, const char *s);
void tm_text_hex(struct tm_text *t, const uint8_t *p, size_t n);
/* Forgets the text, keeps the memory. */
void tm_text_clear(struct tm_text *t);
void tm_text_deinit(struct tm_text *t);

#endif
