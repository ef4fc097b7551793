/* learner/ops/text.h - what the commands print, made where nothing is printed: more ways to add to a text that grows
 * (page/text.h). */
#ifndef TM_LEARNER_OPS_TEXT_H
#define TM_LEARNER_OPS_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "page/text.h"

void tm_text_add(struct tm_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As a JSON string, quotes included (RFC 8259 sec. 7). */
void tm_text_json(struct tm_text *t, const char *s);
void tm_text_hex(struct tm_text *t, const uint8_t *p, size_t n);
/* Forgets the text, keeps the memory. */
void tm_text_clear(struct tm_text *t);

#endif
