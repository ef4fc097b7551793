/* page/text.h - text that grows: what the page and its pictures are written into.
 *
 * The first failed allocation is kept; every further call then does nothing, so that a writer asks once, at the end.
 * Texts of others (names of files, classes, sessions) go through tm_text_escape: they may hold anything. */
#ifndef TM_PAGE_TEXT_H
#define TM_PAGE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "tm/base/err.h"

struct tm_text { /* empty: {0} */
    char *p;     /* owned; terminated once something was written */
    size_t len, cap;
    bool is_bad;
};

/* As it is. */
void tm_text_put(struct tm_text *t, const char *s);
void tm_text_printf(struct tm_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* For element content and for attributes in either quotes: & < > " ' become entities; bytes that are not UTF-8 and
 * characters that XML 1.0 (sec. 2.2) refuses become U+FFFD. */
void tm_text_escape(struct tm_text *t, const char *s);
/* Formats, then escapes. */
void tm_text_escapef(struct tm_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* TM_OK, or TM_ERR_NOMEM when something could not be written. */
TM_MUST_CHECK int tm_text_status(const struct tm_text *t);
void tm_text_deinit(struct tm_text *t);

#endif
