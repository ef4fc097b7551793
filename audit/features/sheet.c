#include "audit/features/sheet.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int tm_sheet_number(const struct tm_sheet_place *at, const char *field, const char *text,
                    int64_t max, int64_t *out)
{
    int64_t v = 0;
    bool ok = text[0] != '\0';
    for (const char *p = text; *p && ok; p++) {
        ok = *p >= '0' && *p <= '9' && v <= (max - (*p - '0')) / 10;
        if (ok)
            v = v * 10 + (*p - '0');
    }
    *out = v;
    return ok ? TM_OK
              : tm_msg_set(at->msg, TM_ERR_FORMAT,
                           "%s:%" PRIu32 ": %s \"%.60s\": a whole number from 0 to %" PRId64
                           " is wanted",
                           at->name, at->line, field, text, max);
}

/* Cuts the line into its fields in place; as many as there are, though no more than there is room for are kept. */
static size_t cut(char *line, char *field[TM_SHEET_FIELDS_MAX])
{
    size_t n = 0;
    for (char *p = line; p; n++) {
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        if (n < TM_SHEET_FIELDS_MAX)
            field[n] = p;
        p = comma ? comma + 1 : NULL;
    }
    return n;
}

/* The name in place i of the head. */
static int name_of(const char *head, size_t i, const char **out)
{
    for (; i > 0; i--)
        head = strchr(head, ',') + 1;
    *out = head;
    return (int)strcspn(head, ",");
}

static size_t n_wanted(const char *head)
{
    size_t n = 1;
    for (const char *p = head; *p; p++)
        n += *p == ',';
    return n;
}

static int read_row(const struct tm_sheet *sheet, const struct tm_sheet_place *at, char *line)
{
    char *field[TM_SHEET_FIELDS_MAX] = {NULL};
    size_t wanted = n_wanted(sheet->head);
    size_t n = cut(line, field);
    if (n != wanted)
        return tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %zu fields; wanted %zu: %s",
                          at->name, at->line, n, wanted, sheet->head);
    for (size_t i = 0; i < n; i++) {
        const char *column;
        int len = name_of(sheet->head, i, &column);
        if (field[i][0] == '\0')
            return tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %.*s is empty", at->name,
                              at->line, len, column);
    }
    return sheet->row(sheet->user, at, field);
}

static int read_line(const struct tm_sheet *sheet, const struct tm_sheet_place *at, char *line,
                     bool *has_head)
{
    size_t len = strlen(line);
    if (len > 0 && line[len - 1] == '\r')
        line[len - 1] = '\0';
    if (line[0] == '\0' || line[0] == '#')
        return TM_OK;
    if (*has_head)
        return read_row(sheet, at, line);
    *has_head = strcmp(line, sheet->head) == 0;
    return *has_head ? TM_OK
                     : tm_msg_set(at->msg, TM_ERR_FORMAT,
                                  "%s:%" PRIu32 ": not a file of %s: its head must be %s", at->name,
                                  at->line, sheet->kind, sheet->head);
}

int tm_sheet_read(const struct tm_sheet *sheet, const char *text, size_t len, const char *name,
                  bool *has_head, struct tm_msg *msg)
{
    struct tm_sheet_place at = {.name = name, .line = 0, .msg = msg};
    int rc = TM_OK;
    *has_head = false;
    if (len > 0 && memchr(text, '\0', len))
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: not a file of %s: binary data", name,
                          sheet->kind);
    char *copy = malloc(len + 1);
    if (!copy)
        return TM_ERR_NOMEM;
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    for (char *line = copy; line && rc == TM_OK;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        at.line++;
        rc = read_line(sheet, &at, line, has_head);
        line = end ? end + 1 : NULL;
    }
    free(copy);
    return rc;
}
