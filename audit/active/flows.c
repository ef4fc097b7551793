#include "audit/active/flows.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX     128U
#define LINE_MAX_BYTES  4096U
#define BYTES_MAX       (INT64_C(1) << 60)
#define DURATION_MAX_US (INT64_C(1) << 50)

enum { C_TS, C_TE, C_TD, C_SA, C_DA, C_SP, C_DP, C_PR, C_IBYT, C_N };
static const char *const COLUMN[] = {"ts", "te", "td", "sa", "da", "sp", "dp", "pr", "ibyt"};
static_assert(sizeof COLUMN / sizeof *COLUMN == C_N, "a name for each column");

struct reader {
    struct tm_flows *out;
    const char *name;
    uint32_t line;
    struct tm_msg *msg;
    size_t n_columns; /* 0: no head yet */
    size_t at[C_N];
};

static int refuse(const struct reader *r, const char *column, const char *text, const char *wanted)
{
    return tm_msg_set(r->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %s \"%.60s\": %s is wanted", r->name,
                      r->line, column, text, wanted);
}

/* Exactly n digits at *p, which moves behind them. */
static bool digits(const char **p, unsigned n, int64_t *out)
{
    *out = 0;
    for (unsigned i = 0; i < n; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

/* ".250" in us, or nothing; *p moves behind it. */
static bool fraction_us(const char **p, int64_t *out)
{
    int64_t unit = 1000000;
    *out = 0;
    if (**p != '.')
        return true;
    for ((*p)++; **p >= '0' && **p <= '9'; (*p)++) {
        unit /= 10;
        *out += unit * (**p - '0');
    }
    return unit < 1000000;
}

/* Days from 1970-01-01 to a day of the Gregorian calendar, y >= 1970. */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    static const int BEFORE[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t leap_year = m > 2 ? y : y - 1; /* the last whose 29 February may have passed */
    return (y - 1970) * 365 + leap_year / 4 - leap_year / 100 + leap_year / 400 - 477 +
           BEFORE[m - 1] + d - 1;
}

/* "2025-11-21 07:26:40", maybe with a fraction. */
static bool time_of(const char *p, int64_t *out)
{
    static const struct {
        unsigned digits;
        char behind;
        int64_t min, max;
    } PART[6] = {{4, '-', 1970, 9999}, {2, '-', 1, 12}, {2, ' ', 1, 31},
                 {2, ':', 0, 23},      {2, ':', 0, 59}, {2, '\0', 0, 60}};
    int64_t v[6];
    int64_t us = 0;
    for (int i = 0; i < 6; i++) {
        if (!digits(&p, PART[i].digits, &v[i]) || v[i] < PART[i].min || v[i] > PART[i].max)
            return false;
        if (i < 5 && *p++ != PART[i].behind)
            return false;
    }
    if (!fraction_us(&p, &us) || *p != '\0')
        return false;
    *out = (((days_of(v[0], v[1], v[2]) * 24 + v[3]) * 60 + v[4]) * 60 + v[5]) * 1000000 + us;
    return true;
}

/* A whole number, 0 to max; *p moves behind it. */
static bool number_of(const char **p, int64_t max, int64_t *out)
{
    const char *first = *p;
    for (*out = 0; **p >= '0' && **p <= '9'; (*p)++) {
        if (*out > (max - (**p - '0')) / 10)
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return *p > first;
}

static bool duration_of(const char *p, int64_t *out)
{
    int64_t us = 0;
    if (!number_of(&p, DURATION_MAX_US / 1000000 - 1, out) || !fraction_us(&p, &us) || *p != '\0')
        return false;
    *out = *out * 1000000 + us;
    return true;
}

static bool endpoint_of(const char *addr, const char *port, struct tm_endpoint *out)
{
    char text[TM_ENDPOINT_TEXT_LEN];
    bool is_v6 = strchr(addr, ':') != NULL;
    int n = snprintf(text, sizeof text, is_v6 ? "[%s]:%s" : "%s:%s", addr, port);
    return n > 0 && (size_t)n < sizeof text && tm_endpoint_parse(out, text);
}

static int make_room(struct reader *r)
{
    struct tm_flows *f = r->out;
    if (f->n == TM_FLOWS_MAX)
        return tm_msg_set(r->msg, TM_ERR_LIMIT, "%s: more than %u records", r->name, TM_FLOWS_MAX);
    if (f->n < f->cap)
        return TM_OK;
    size_t cap = f->cap == 0 ? 256 : f->cap * 2;
    struct tm_flow *v = realloc(f->v, cap * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    f->v = v;
    f->cap = cap;
    return TM_OK;
}

static int read_record(struct reader *r, char *const field[])
{
    const char *c[C_N];
    struct tm_flow v = {0};
    int64_t duration_us;
    int64_t bytes;
    for (int i = 0; i < C_N; i++) {
        for (c[i] = field[r->at[i]]; *c[i] == ' '; c[i]++) {
        }
    }
    if (strcmp(c[C_PR], "TCP") != 0 && strcmp(c[C_PR], "6") != 0)
        return TM_OK;
    if (!time_of(c[C_TS], &v.from_us))
        return refuse(r, "ts", c[C_TS], "a time like 2025-11-21 07:26:40");
    if (!duration_of(c[C_TD], &duration_us))
        return refuse(r, "td", c[C_TD], "a number of seconds");
    if (!endpoint_of(c[C_SA], c[C_SP], &v.src))
        return refuse(r, "sa, sp", c[C_SA], "an address and a port");
    if (!endpoint_of(c[C_DA], c[C_DP], &v.dst))
        return refuse(r, "da, dp", c[C_DA], "an address and a port");
    const char *p = c[C_IBYT];
    if (!number_of(&p, BYTES_MAX, &bytes) || *p != '\0')
        return refuse(r, "ibyt", c[C_IBYT], "a whole number (run nfdump with -N)");
    v.until_us = v.from_us + duration_us;
    v.bytes = (uint64_t)bytes;
    int rc = make_room(r);
    if (rc == TM_OK)
        r->out->v[r->out->n++] = v;
    return rc;
}

static int read_head(struct reader *r, char *const field[], size_t n)
{
    for (int i = 0; i < C_N; i++) {
        size_t k = 0;
        while (k < n && strcmp(field[k], COLUMN[i]) != 0)
            k++;
        if (k == n && i != C_TE)
            return tm_msg_set(r->msg, TM_ERR_FORMAT,
                              "%s:%" PRIu32 ": no column %s: not what nfdump -o csv prints",
                              r->name, r->line, COLUMN[i]);
        r->at[i] = k < n ? k : 0;
    }
    r->n_columns = n;
    return TM_OK;
}

static int read_line(struct reader *r, char *line)
{
    char *field[COLUMNS_MAX];
    size_t n = 0;
    for (char *p = line; p; n++) {
        char *comma = strchr(p, ',');
        if (n == COLUMNS_MAX)
            return tm_msg_set(r->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": more than %u columns",
                              r->name, r->line, COLUMNS_MAX);
        if (comma)
            *comma = '\0';
        field[n] = p;
        p = comma ? comma + 1 : NULL;
    }
    if (r->n_columns == 0)
        return read_head(r, field, n);
    if (n != r->n_columns)
        return tm_msg_set(r->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %zu columns, the head has %zu",
                          r->name, r->line, n, r->n_columns);
    return read_record(r, field);
}

static bool is_end(const char *line)
{
    return strcmp(line, "Summary") == 0 || strncmp(line, "No match", 8) == 0;
}

int tm_flows_parse(struct tm_flows *f, const char *text, size_t len, const char *name,
                   struct tm_msg *msg)
{
    struct reader r = {.out = f, .name = name, .msg = msg};
    char line[LINE_MAX_BYTES];
    int rc = TM_OK;
    for (size_t at = 0; at < len && rc == TM_OK;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (text + at)) : len - at;
        r.line++;
        if (n >= sizeof line || memchr(text + at, '\0', n))
            return tm_msg_set(msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": not a line of text", name,
                              r.line);
        memcpy(line, text + at, n);
        at += n + 1;
        if (n > 0 && line[n - 1] == '\r')
            n--;
        line[n] = '\0';
        if (is_end(line))
            break;
        if (n > 0)
            rc = read_line(&r, line);
    }
    if (rc == TM_OK && f->n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: no record of TCP; what nfdump -o csv prints is wanted", name);
    return rc;
}

void tm_flows_deinit(struct tm_flows *f)
{
    free(f->v);
    *f = (struct tm_flows){0};
}
