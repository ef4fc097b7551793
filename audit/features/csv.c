#include "audit/features/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/features.h"

#define FIXED    4U
#define HEAD     "class,session,load,start_us"
#define COLS_MAX 4096U

/* What is left of the text, and where in it we are. */
struct cursor {
    char *p;
    const char *name;
    uint32_t line;
    struct tm_msg *msg;
};

static int complain(const struct cursor *at, const char *what, const char *text)
{
    return tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %s%s%.60s%s", at->name, at->line,
                      what, text ? " \"" : "", text ? text : "", text ? "\"" : "");
}

/* The text of a field in quotes, which are taken off in place; returns what follows it, NULL when nothing closes it. */
static char *quoted(const struct cursor *at, char **field)
{
    char *from = at->p + 1;
    char *to = at->p;
    *field = to;
    while (*from && !(from[0] == '"' && from[1] != '"')) {
        from += from[0] == '"';
        *to++ = *from++;
    }
    if (*from == '\0')
        return NULL;
    *to = '\0';
    return from + 1;
}

/* The end of a field without quotes. */
static char *plain_end(char *p)
{
    while (*p != '\0' && *p != ',' && *p != '\r' && *p != '\n')
        p++;
    return p;
}

/* The next field, terminated in place.  *is_last: the line ends behind it. */
static int next_field(struct cursor *at, char **field, bool *is_last)
{
    *field = at->p;
    char *end = *at->p == '"' ? quoted(at, field) : plain_end(at->p);
    if (!end)
        return complain(at, "a quote is opened and not closed", NULL);
    char stop = *end;
    if (stop == '\r' && end[1] == '\n') {
        *end++ = '\0';
        stop = '\n';
    }
    if (stop != ',' && stop != '\n' && stop != '\0')
        return complain(at, "text behind a closing quote", NULL);
    *is_last = stop != ',';
    *end = '\0';
    at->p = stop == '\0' ? end : end + 1;
    return TM_OK;
}

static int compare_columns(const void *x, const void *y)
{
    const struct tm_column *a = x;
    const struct tm_column *b = y;
    return strcmp(a->name, b->name);
}

/* Every column that there is, sorted by name; the thousands of TAM only for a head that has some. */
static int known_columns(struct tm_table *known, const char *head)
{
    const char *tam = strstr(head, ",tam_");
    bool has_tam = tam && tam < head + strcspn(head, "\n");
    const struct tm_features_cfg cfg = {.groups = TM_GROUP_ALL | (has_tam ? TM_GROUP_TAM : 0U)};
    int rc = tm_features_columns(known, &cfg);
    if (rc == TM_OK)
        qsort(known->cols, known->n_cols, sizeof *known->cols, compare_columns);
    return rc;
}

/* The columns behind the four fixed ones. */
static int parse_columns(struct cursor *at, const struct tm_table *known, struct tm_column *cols,
                         uint32_t *n)
{
    bool is_last = at->p[0] == '\0' || at->p[-1] == '\n';
    bool has[COLS_MAX] = {false};
    *n = 0;
    while (!is_last) {
        char *field = NULL;
        struct tm_column want = {.groups = 0};
        int rc = next_field(at, &field, &is_last);
        if (rc != TM_OK)
            return rc;
        (void)snprintf(want.name, sizeof want.name, "%s", field);
        const struct tm_column *found =
            strlen(field) < sizeof want.name
                ? bsearch(&want, known->cols, known->n_cols, sizeof want, compare_columns)
                : NULL;
        if (!found)
            return complain(at, "not a column that this version knows:", field);
        if (has[found - known->cols])
            return complain(at, "a second column", field);
        has[found - known->cols] = true;
        cols[(*n)++] = *found;
    }
    return TM_OK;
}

static int parse_head(struct cursor *at, struct tm_table *out)
{
    struct tm_table known = {0};
    uint32_t n = 0;
    struct tm_column *cols = calloc(COLS_MAX, sizeof *cols);
    int rc = cols ? known_columns(&known, at->p) : TM_ERR_NOMEM;
    TM_ASSERT_LE(known.n_cols, COLS_MAX);
    at->p += strlen(HEAD);
    at->p += at->p[0] == '\r' && at->p[1] == '\n';
    at->p += *at->p != '\0';
    if (rc == TM_OK)
        rc = parse_columns(at, &known, cols, &n);
    if (rc == TM_OK)
        rc = tm_table_init(out, cols, n);
    tm_table_deinit(&known);
    free(cols);
    return rc;
}

static int whole(const struct cursor *at, const char *what, const char *text, int64_t max,
                 int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || v < 0 || v > max)
        return complain(at, what, text);
    *out = v;
    return TM_OK;
}

static int parse_label(struct cursor *at, struct tm_table *t, struct tm_row *row)
{
    char *field[FIXED] = {NULL};
    bool is_last = false;
    int64_t load = 0;
    int rc = TM_OK;
    for (uint32_t i = 0; i < FIXED && rc == TM_OK; i++) {
        if (is_last)
            return complain(at, "fewer fields than the head names", NULL);
        rc = next_field(at, &field[i], &is_last);
    }
    if (rc != TM_OK)
        return rc;
    if (is_last != (t->n_cols == 0))
        return complain(at, "not as many fields as the head names", NULL);
    if (field[0][0] == '\0' || field[1][0] == '\0')
        return complain(at, "class or session is empty", NULL);
    rc = whole(at, "load: not a whole number:", field[2], UINT32_MAX, &load);
    row->load = (uint32_t)load;
    if (rc == TM_OK)
        rc = whole(at, "start_us: not a whole number:", field[3], INT64_MAX, &row->start_us);
    if (rc == TM_OK)
        rc = tm_table_name(t, field[0], &row->cls);
    if (rc == TM_OK)
        rc = tm_table_name(t, field[1], &row->session);
    return rc;
}

static int parse_row(struct cursor *at, struct tm_table *t)
{
    struct tm_row row = {0};
    float *x = NULL;
    int rc = parse_label(at, t, &row);
    if (rc == TM_OK)
        rc = tm_table_add(t, &row, &x);
    for (uint32_t c = 0; c < t->n_cols && rc == TM_OK; c++) {
        char *field = NULL;
        char *end = NULL;
        bool is_last = false;
        rc = next_field(at, &field, &is_last);
        if (rc != TM_OK)
            break;
        if (is_last != (c + 1 == t->n_cols))
            return complain(at, "not as many fields as the head names", NULL);
        if (field[0] == '\0')
            continue;
        x[c] = strtof(field, &end);
        if (*end != '\0' || !isfinite(x[c]))
            return complain(at, "not a number:", field);
    }
    return rc;
}

bool tm_csv_is(const char *text, size_t len)
{
    size_t n = strlen(HEAD);
    return len >= n && memcmp(text, HEAD, n) == 0 &&
           (len == n || text[n] == ',' || text[n] == '\n' || text[n] == '\r');
}

int tm_csv_parse(struct tm_table *out, const char *text, size_t len, const char *name,
                 struct tm_msg *msg)
{
    *out = (struct tm_table){0};
    struct cursor at = {.name = name, .line = 1, .msg = msg};
    if (!tm_csv_is(text, len))
        return complain(&at, "not a table of features: it does not begin with " HEAD, NULL);
    if (memchr(text, '\0', len))
        return complain(&at, "not a table of features: binary data", NULL);
    char *copy = malloc(len + 1); /* text is not terminated */
    if (!copy)
        return TM_ERR_NOMEM;
    memcpy(copy, text, len);
    copy[len] = '\0';
    at.p = copy;
    int rc = parse_head(&at, out);
    while (rc == TM_OK && *at.p != '\0') {
        at.line++;
        rc = parse_row(&at, out);
    }
    free(copy);
    if (rc != TM_OK)
        tm_table_deinit(out);
    return rc;
}
