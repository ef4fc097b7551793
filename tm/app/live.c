/* tm/app/live.c - see live.h. */
#include "tm/app/live.h"

#include <stdio.h>
#include <string.h>

/* The next value of a LIST option from *at on; NULL: none. */
static const char *next_item(const struct tm_options *o, enum tm_opt opt, size_t *at)
{
    while (*at < o->n_list)
        if (o->list[(*at)++].opt == opt)
            return o->list[*at - 1].text;
    return NULL;
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool tm_live_is_same(const struct tm_options *a, const struct tm_options *b, enum tm_opt opt)
{
    const char *x = NULL, *y = NULL;
    size_t i = 0, j = 0;
    if (tm_options_info(opt)->kind == TM_OPT_FLAG)
        return a->v[opt].given == b->v[opt].given;
    if (tm_options_info(opt)->kind != TM_OPT_LIST)
        return is_same_text(a->v[opt].text, b->v[opt].text);
    do {
        x = next_item(a, opt, &i);
        y = next_item(b, opt, &j);
    } while (x != NULL && is_same_text(x, y));
    return x == NULL && y == NULL;
}

static size_t add_names(char out[TM_LIVE_TEXT], size_t at, const char *before, bool live,
                        const struct tm_options *old, const struct tm_options *fresh)
{
    for (unsigned i = 0; i < TM_OPT_N; i++) {
        const struct tm_opt_info *info = tm_options_info((enum tm_opt)i);
        if (info->line_only || info->live != live || tm_live_is_same(old, fresh, (enum tm_opt)i) ||
            at >= TM_LIVE_TEXT)
            continue;
        int n = snprintf(out + at, TM_LIVE_TEXT - at, "%s%s", before, info->name);
        at += n > 0 ? (size_t)n : 0;
        before = ", ";
    }
    return at;
}

void tm_live_text(char out[TM_LIVE_TEXT], const struct tm_options *old,
                  const struct tm_options *fresh)
{
    size_t at = add_names(out, 0, "changed: ", true, old, fresh);
    at =
        add_names(out, at, at > 0 ? "; after a restart: " : "after a restart: ", false, old, fresh);
    if (at == 0)
        (void)snprintf(out, TM_LIVE_TEXT, "nothing has changed");
}

/* Appends the items of live, or of other, options. */
static void take_items(struct tm_options *o, const struct tm_options *from, bool live)
{
    for (size_t i = 0; i < from->n_list; i++)
        if (tm_options_info(from->list[i].opt)->live == live && o->n_list < TM_OPTIONS_LIST_MAX)
            o->list[o->n_list++] = from->list[i];
}

void tm_live_take(struct tm_options *o, const struct tm_options *fresh)
{
    const struct tm_options old = *o;
    for (unsigned i = 0; i < TM_OPT_N; i++)
        if (tm_options_info((enum tm_opt)i)->live)
            o->v[i] = fresh->v[i];
    o->n_list = 0;
    take_items(o, &old, false);
    take_items(o, fresh, true);
}
