/* tm/app/suggest.c - see suggest.h.  Optimal string alignment: Levenshtein's distance with swaps. */
#include "tm/app/suggest.h"

#include <stdio.h>
#include <string.h>

#define LEN_MAX 40U /* longer words are not looked at */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t row[3][LEN_MAX + 1]; /* of i - 2, i - 1 and i, by i % 3 */
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i - 1) % 3], *two_before = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t is_other = a[i - 1] != b[j - 1];
            now[j] = least(before[j] + 1, now[j - 1] + 1, before[j - 1] + is_other);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], now[j], two_before[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

void tm_suggest_begin(struct tm_suggest *s, const char *word, size_t len)
{
    *s = (struct tm_suggest){.word = word, .len = len, .distance = (len + 2) / 3 + 1};
}

void tm_suggest_offer(struct tm_suggest *s, const char *known)
{
    size_t len = strlen(known);
    if (s->len > LEN_MAX || len > LEN_MAX)
        return;
    size_t d = distance(s->word, s->len, known, len);
    if (d >= s->distance)
        return;
    s->best = known;
    s->distance = d;
}

void tm_suggest_text(char out[TM_SUGGEST_TEXT], const struct tm_suggest *s, const char *lead)
{
    out[0] = '\0';
    if (s->best != NULL)
        (void)snprintf(out, TM_SUGGEST_TEXT, " (did you mean '%s%.40s'?)", lead, s->best);
}
