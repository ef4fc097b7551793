/* tm/app/suggest.h - "did you mean": the word nearest to one that is not known.  Pure. */
#ifndef TM_APP_SUGGEST_H
#define TM_APP_SUGGEST_H

#include <stddef.h>

#define TM_SUGGEST_TEXT 64U

struct tm_suggest {
    const char *word; /* borrowed; len bytes */
    size_t len;
    const char *best; /* of those offered, borrowed; NULL: none is near */
    size_t distance;  /* of best; at first, of one that would be too far */
};

/* word[0..len) is what a person wrote. */
void tm_suggest_begin(struct tm_suggest *s, const char *word, size_t len);
/* A word that is known.  Near is what takes one change to three letters of the written word or fewer: a letter put in,
 * left out or replaced, or two neighbours swapped.  Of equally near ones the first stays. */
void tm_suggest_offer(struct tm_suggest *s, const char *known);
/* " (did you mean 'WORD'?)", lead before the word ("--"), or "". */
void tm_suggest_text(char out[TM_SUGGEST_TEXT], const struct tm_suggest *s, const char *lead);

#endif
