/* The schedule log: one flat JSON object a line (the grammar stands in the header).
 *
 * Writing: every line is formatted on the stack and appended whole, or dropped and counted.  Room for one
 * {"t":"dropped"} line is kept beyond the caller's capacity, so that the count itself is never lost; it
 * stands where the lines are missing.
 * Reading: a table says, for every kind of line, which keys it must have, of which type and range, and
 * where the value goes.  "t" comes first; values are strings, integers or, under unknown keys, any other
 * scalar; a known key twice, a missing one, or anything behind the object is an error. */
#include "tm/core/schedlog.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN                                                                               \
    1024 /* the longest formatted line: two escaped texts (756 bytes) and a few numbers */
#define DROPPED_LEN 48 /* {"t":"dropped","n":<20 digits>} and a newline */
#define TEXT_MAX    63 /* bytes of a text before escaping: addresses, why */

static const char *const SIDE_NAMES[] = {[TM_CLIENT] = "client", [TM_SERVER] = "server", NULL};
static const char *const MODE_NAMES[] = {
    [TM_PLAN_SEEDED] = "seeded", [TM_PLAN_EMBEDDED] = "embedded", NULL};
static const char *const REF_NAMES[] = {[TM_OPEN_ORIGIN] = "origin",
                                        [TM_OPEN_PREV] = "prev",
                                        [TM_OPEN_ENDED] = "ended",
                                        [TM_OPEN_OVER] = "over",
                                        NULL};
static const char *const DIR_NAMES[] = {[TM_UP] = "up", [TM_DOWN] = "down", NULL};
static const char *const HOW_NAMES[] = {"died", "planned", NULL};
static const char *const CLOSE_NAMES[] = {[TM_CLOSE_FIN] = "fin", [TM_CLOSE_RESET] = "reset", NULL};

struct tm_schedlog {
    char *text; /* cap + DROPPED_LEN bytes */
    size_t len, cap;
    uint64_t n_dropped; /* since the last "dropped" line */
};

int tm_schedlog_new(struct tm_schedlog **out, size_t cap)
{
    struct tm_schedlog *l = calloc(1, sizeof *l);
    if (!l || cap > SIZE_MAX - DROPPED_LEN)
        goto fail;
    l->text = malloc(cap + DROPPED_LEN);
    if (!l->text)
        goto fail;
    l->cap = cap;
    *out = l;
    return TM_OK;
fail:
    free(l);
    return TM_ERR_NOMEM;
}

void tm_schedlog_free(struct tm_schedlog *l)
{
    if (!l)
        return;
    free(l->text);
    free(l);
}

/* Writes the "dropped" line when one is due and it and `behind` more bytes fit into `room`. */
static void flush_dropped(struct tm_schedlog *l, size_t room, size_t behind)
{
    if (l->n_dropped == 0)
        return;
    char line[DROPPED_LEN + 1];
    int n = snprintf(line, sizeof line, "{\"t\":\"dropped\",\"n\":%" PRIu64 "}\n", l->n_dropped);
    TM_ASSERT(n > 0 && n <= DROPPED_LEN);
    if (l->len + (size_t)n + behind > room)
        return;
    memcpy(l->text + l->len, line, (size_t)n);
    l->len += (size_t)n;
    l->n_dropped = 0;
}

struct tm_view tm_schedlog_text(struct tm_schedlog *l)
{
    flush_dropped(l, l->cap + DROPPED_LEN, 0);
    return (struct tm_view){(const uint8_t *)l->text, l->len};
}

void tm_schedlog_drained(struct tm_schedlog *l, size_t n)
{
    TM_ASSERT_LE(n, l->len);
    l->len -= n;
    memmove(l->text, l->text + n, l->len);
}

/* Appends the formatted line and a newline, or counts it as dropped. */
__attribute__((format(printf, 2, 3))) static void put(struct tm_schedlog *l, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line - 1, fmt, ap);
    va_end(ap);
    TM_ASSERT(n > 0 && n < LINE_MAX_LEN - 1);
    line[n] = '\n';
    size_t len = (size_t)n + 1;
    flush_dropped(l, l->cap, len);
    if (l->n_dropped > 0 || l->len > l->cap || len > l->cap - l->len) {
        l->n_dropped++;
        return;
    }
    memcpy(l->text + l->len, line, len);
    l->len += len;
}

/* `s` as the inside of a JSON string, cut after `max` bytes or where room ends; NULL is empty. */
struct escaped {
    char text[6 * TEXT_MAX + 1];
};

static void escape(struct escaped *e, const char *s, size_t max)
{
    size_t len = 0;
    for (size_t i = 0; s && s[i] != '\0' && i < max && len + 6 < sizeof e->text; i++) {
        unsigned char c = (unsigned char)s[i];
        size_t need = c < 0x20 ? 6 : c == '"' || c == '\\' ? 2 : 1;
        if (need == 6) {
            (void)snprintf(e->text + len, 7, "\\u%04x", c);
        } else {
            if (need == 2)
                e->text[len] = '\\';
            e->text[len + need - 1] = (char)c;
        }
        len += need;
    }
    e->text[len] = '\0';
}

static void hex(char *out, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = "0123456789abcdef"[p[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
    }
    out[2 * len] = '\0';
}

void tm_schedlog_session(struct tm_schedlog *l, const struct tm_schedlog_session *s)
{
    char digest[2 * 8 + 1];
    char seed[2 * TM_TOKEN_SEED_LEN + 1];
    struct escaped model;
    hex(digest, s->digest, 8);
    hex(seed, s->seed, TM_TOKEN_SEED_LEN);
    escape(&model, s->model, TM_MODEL_LABEL_MAX);
    put(l,
        "{\"t\":\"session\",\"v\":1,\"side\":\"%s\",\"master\":\"%s\",\"plan\":\"%s\",\"model\":\"%"
        "s\","
        "\"digest\":\"%s\",\"seed\":\"%s\",\"users\":%" PRIu32 ",\"pace_ms\":%" PRIu32
        ",\"prep_us\":%" PRIu32 ",\"wall_minus_mono_us\":%" PRId64 "}",
        SIDE_NAMES[s->side], SIDE_NAMES[s->master], MODE_NAMES[s->plan_mode], model.text, digest,
        seed, s->n_users, s->pace_ms, s->prep_us, s->wall_minus_mono_us);
}

/* NOLINTNEXTLINE(readability-function-size): the fields of the line */
void tm_schedlog_open(struct tm_schedlog *l, uint32_t carrier, uint32_t user,
                      const struct tm_open *o, enum tm_plan_src src, int64_t event_us,
                      int64_t due_us, int64_t prep_us)
{
    put(l,
        "{\"t\":\"open\",\"c\":%" PRIu32 ",\"user\":%" PRIu32 ",\"index\":%" PRIu64
        ",\"src\":%u,\"ref\":\"%s\",\"gap\":%" PRId64 ",\"event\":%" PRId64 ",\"due\":%" PRId64
        ",\"prep\":%" PRId64 "}",
        carrier, user, o->index, (unsigned)src, REF_NAMES[o->ref], o->gap_us, event_us, due_us,
        prep_us);
}

void tm_schedlog_up(struct tm_schedlog *l, uint32_t carrier, int64_t at_us, const char *local,
                    const char *remote)
{
    if (!local || !remote) {
        put(l, "{\"t\":\"up\",\"c\":%" PRIu32 ",\"at\":%" PRId64 "}", carrier, at_us);
        return;
    }
    struct escaped a;
    struct escaped b;
    escape(&a, local, TEXT_MAX);
    escape(&b, remote, TEXT_MAX);
    put(l, "{\"t\":\"up\",\"c\":%" PRIu32 ",\"at\":%" PRId64 ",\"local\":\"%s\",\"remote\":\"%s\"}",
        carrier, at_us, a.text, b.text);
}

/* The absolute index of the write that write i refers to; -1: the connection's start. */
static int64_t ref_of(uint32_t i, const struct tm_write *w)
{
    return w->ref_back == 0 ? -1 : (int64_t)i - w->ref_back;
}

/* NOLINTNEXTLINE(readability-function-size): the fields of the line */
void tm_schedlog_write(struct tm_schedlog *l, uint32_t carrier, uint32_t i,
                       const struct tm_write *w, int64_t event_us, int64_t due_us, int64_t first_us,
                       int64_t last_us, uint32_t unsent, enum tm_slip slip)
{
    char why[24] = "";
    if (slip != TM_SLIP_NONE)
        (void)snprintf(why, sizeof why, ",\"slip\":\"%s\"", TM_SLIP_NAMES[slip]);
    put(l,
        "{\"t\":\"write\",\"c\":%" PRIu32 ",\"i\":%" PRIu32 ",\"dir\":\"%s\",\"size\":%" PRIu32
        ",\"ref\":%" PRId64 ",\"gap\":%" PRIu32 ",\"event\":%" PRId64 ",\"due\":%" PRId64
        ",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"unsent\":%" PRIu32 "%s}",
        carrier, i, DIR_NAMES[w->dir], w->size, ref_of(i, w), w->gap_us, event_us, due_us, first_us,
        last_us, unsent, why);
}

void tm_schedlog_recv(struct tm_schedlog *l, uint32_t carrier, uint32_t i, const struct tm_write *w,
                      int64_t at_us)
{
    int64_t gap_us = w->gap_us == TM_WRITE_GAP_UNKNOWN ? -1 : (int64_t)w->gap_us;
    put(l,
        "{\"t\":\"recv\",\"c\":%" PRIu32 ",\"i\":%" PRIu32 ",\"dir\":\"%s\",\"size\":%" PRIu32
        ",\"ref\":%" PRId64 ",\"gap\":%" PRId64 ",\"at\":%" PRId64 "}",
        carrier, i, DIR_NAMES[w->dir], w->size, ref_of(i, w), gap_us, at_us);
}

void tm_schedlog_close(struct tm_schedlog *l, uint32_t carrier, const struct tm_schedlog_close *c)
{
    char how[80] = "", server[80] = "";
    bool does_answer = c->dir == TM_DOWN || c->server_ref == TM_SLOG_REF_FIN;
    if (c->dir != TM_UP || c->how != TM_CLOSE_FIN || c->ref != TM_SLOG_REF_END || !does_answer)
        (void)snprintf(how, sizeof how, ",\"dir\":\"%s\",\"how\":\"%s\",\"ref\":%" PRId64,
                       DIR_NAMES[c->dir], CLOSE_NAMES[c->how], c->ref);
    if (!does_answer)
        (void)snprintf(server, sizeof server, ",\"server_ref\":%" PRId64 ",\"server_gap\":%" PRId64,
                       c->server_ref, c->server_gap_us);
    put(l,
        "{\"t\":\"close\",\"c\":%" PRIu32 "%s%s,\"event\":%" PRId64 ",\"gap\":%" PRId64
        ",\"due\":%" PRId64 "}",
        carrier, how, server, c->event_us, c->gap_us, c->due_us);
}

void tm_schedlog_end(struct tm_schedlog *l, uint32_t carrier, int64_t at_us, int planned,
                     uint32_t writes, const char *why)
{
    struct escaped e;
    escape(&e, why, TEXT_MAX);
    put(l,
        "{\"t\":\"end\",\"c\":%" PRIu32 ",\"at\":%" PRId64 ",\"how\":\"%s\",\"writes\":%" PRIu32
        ",\"why\":\"%s\"}",
        carrier, at_us, HOW_NAMES[planned != 0], writes, e.text);
}

/* ---- reading ---- */

/* A line being parsed: the result, and the values that need work before they go there. */
struct parse {
    struct tm_schedlog_line line;
    const char *p, *end;
    int64_t version, src, ref; /* ref: absolute index, -1: start */
    uint32_t dir, plan_mode, open_ref, side, master, slip, close_how;
};

enum field_type { F_U32, F_I64, F_NAME, F_TEXT, F_HEX };

struct field {
    const char *key;
    const char *const *names; /* F_NAME: allowed texts; the value is the index */
    size_t at;                /* in struct parse */
    int64_t min,
        max; /* F_U32, F_I64: range of the number; F_TEXT: size of the memory; F_HEX: digits */
    enum field_type type;
    bool optional;
};

#define AT(member) offsetof(struct parse, member)
#define U32(key, m)                                                                                \
    {                                                                                              \
        key, NULL, AT(m), 0, UINT32_MAX, F_U32, false                                              \
    }
#define I64(key, m)                                                                                \
    {                                                                                              \
        key, NULL, AT(m), INT64_MIN, INT64_MAX, F_I64, false                                       \
    }
#define NAT(key, m)                                                                                \
    {                                                                                              \
        key, NULL, AT(m), 0, INT64_MAX, F_I64, false                                               \
    }
/* -1 is TM_WRITE_GAP_UNKNOWN. */
#define WRITE_FIELDS(gap_min)                                                                      \
    U32("c", line.carrier), U32("i", line.i), {"dir", DIR_NAMES, AT(dir), 0, 0, F_NAME, false},    \
        {"size", NULL, AT(line.w.size), 1, TM_WRITE_SIZE_MAX, F_U32, false},                       \
        {"ref", NULL, AT(ref), -1, UINT32_MAX, F_I64, false},                                      \
    {                                                                                              \
        "gap", NULL, AT(line.w.gap_us), gap_min, TM_WRITE_GAP_MAX, F_U32, false                    \
    }

static const struct field SESSION_FIELDS[] = {
    {"v", NULL, AT(version), 1, 1, F_I64, false},
    {"side", SIDE_NAMES, AT(side), 0, 0, F_NAME, false},
    {"master", SIDE_NAMES, AT(master), 0, 0, F_NAME, false},
    {"plan", MODE_NAMES, AT(plan_mode), 0, 0, F_NAME, false},
    {"model", NULL, AT(line.model), 0, sizeof(((struct parse *)0)->line.model), F_TEXT, false},
    {"digest", NULL, AT(line.digest), 0, 16, F_HEX, false},
    {"seed", NULL, AT(line.seed), 0, 32, F_HEX, false},
    U32("users", line.n_users),
    U32("pace_ms", line.pace_ms),
    {"prep_us", NULL, AT(line.prep_us), 0, UINT32_MAX, F_I64, false},
    I64("wall_minus_mono_us", line.wall_minus_mono_us),
    {0}};
static const struct field OPEN_FIELDS[] = {U32("c", line.carrier),
                                           U32("user", line.user),
                                           NAT("index", line.index),
                                           {"src", NULL, AT(src), 0, TM_SRC_EXPLICIT, F_I64, false},
                                           {"ref", REF_NAMES, AT(open_ref), 0, 0, F_NAME, false},
                                           NAT("gap", line.gap_us),
                                           I64("event", line.event_us),
                                           I64("due", line.due_us),
                                           I64("prep", line.prep_us),
                                           {0}};
static const struct field UP_FIELDS[] = {
    U32("c", line.carrier),
    I64("at", line.at_us),
    {"local", NULL, AT(line.local), 0, sizeof(((struct parse *)0)->line.local), F_TEXT, true},
    {"remote", NULL, AT(line.remote), 0, sizeof(((struct parse *)0)->line.remote), F_TEXT, true},
    {0}};
static const struct field SENT_FIELDS[] = {WRITE_FIELDS(0),
                                           I64("event", line.event_us),
                                           I64("due", line.due_us),
                                           I64("first", line.first_us),
                                           I64("last", line.last_us),
                                           U32("unsent", line.unsent),
                                           {"slip", TM_SLIP_NAMES, AT(slip), 0, 0, F_NAME, true},
                                           {0}};
static const struct field RECV_FIELDS[] = {WRITE_FIELDS(-1), I64("at", line.at_us), {0}};
static const struct field CLOSE_FIELDS[] = {
    U32("c", line.carrier),
    {"dir", DIR_NAMES, AT(dir), 0, 0, F_NAME, true},
    {"how", CLOSE_NAMES, AT(close_how), 0, 0, F_NAME, true},
    {"ref", NULL, AT(line.close.ref), TM_SLOG_REF_FIN, TM_PLAN_WRITES_MAX - 1, F_I64, true},
    {"server_ref", NULL, AT(line.close.server_ref), 0, TM_PLAN_WRITES_MAX - 1, F_I64, true},
    {"server_gap", NULL, AT(line.close.server_gap_us), 0, TM_WRITE_GAP_MAX, F_I64, true},
    I64("event", line.close.event_us),
    NAT("gap", line.close.gap_us),
    I64("due", line.close.due_us),
    {0}};
static const struct field END_FIELDS[] = {U32("c", line.carrier),
                                          I64("at", line.at_us),
                                          {"how", HOW_NAMES, AT(line.planned), 0, 0, F_NAME, false},
                                          U32("writes", line.writes),
                                          {0}};
static const struct field DROPPED_FIELDS[] = {NAT("n", line.dropped), {0}};

static const char *const KIND_NAMES[] = {
    [TM_SLOG_SESSION] = "session", [TM_SLOG_OPEN] = "open",       [TM_SLOG_UP] = "up",
    [TM_SLOG_WRITE] = "write",     [TM_SLOG_RECV] = "recv",       [TM_SLOG_CLOSE] = "close",
    [TM_SLOG_END] = "end",         [TM_SLOG_DROPPED] = "dropped", NULL};
static const struct field *const KIND_FIELDS[] = {
    [TM_SLOG_SESSION] = SESSION_FIELDS, [TM_SLOG_OPEN] = OPEN_FIELDS,
    [TM_SLOG_UP] = UP_FIELDS,           [TM_SLOG_WRITE] = SENT_FIELDS,
    [TM_SLOG_RECV] = RECV_FIELDS,       [TM_SLOG_CLOSE] = CLOSE_FIELDS,
    [TM_SLOG_END] = END_FIELDS,         [TM_SLOG_DROPPED] = DROPPED_FIELDS};

static void skip_space(struct parse *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r'))
        r->p++;
}

/* Consumes c, after spaces. */
static bool take(struct parse *r, char c)
{
    skip_space(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* The four hexadecimal digits of a \\u escape; -1 when they are not. */
static int hex4(struct parse *r)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        if (r->p == r->end)
            return -1;
        const char *digits = "0123456789abcdef";
        const char *at = memchr(digits, *r->p | (*r->p >= 'A' && *r->p <= 'F' ? 0x20 : 0), 16);
        if (!at)
            return -1;
        v = v << 4 | (int)(at - digits);
        r->p++;
    }
    return v;
}

/* The byte that an escape (behind its backslash) stands for; '?' outside ASCII, -1: not an escape. */
static int unescape(struct parse *r)
{
    if (r->p == r->end)
        return -1;
    char c = *r->p++;
    if (c == 'u') {
        int v = hex4(r);
        return v <= 0 ? -1 : v < 0x80 ? v : '?';
    }
    const char *from = "\"\\/bfnrt";
    const char *at = memchr(from, c, 8);
    return at ? "\"\\/\b\f\n\r\t"[at - from] : -1;
}

/* A JSON string into dst (cap bytes, terminated); dst may be NULL: checked and skipped. */
static bool take_string(struct parse *r, char *dst, size_t cap)
{
    size_t len = 0;
    if (!take(r, '"'))
        return false;
    while (r->p < r->end && *r->p != '"') {
        int c = (unsigned char)*r->p++;
        if (c < 0x20)
            return false;
        if (c == '\\')
            c = unescape(r);
        if (c < 0 || (dst && len + 1 >= cap))
            return false;
        if (dst)
            dst[len++] = (char)c;
    }
    if (dst)
        dst[len] = '\0';
    return take(r, '"');
}

/* A JSON integer within int64; no fraction, no exponent, no leading zero. */
static bool take_int(struct parse *r, int64_t *out)
{
    skip_space(r);
    bool minus = r->p < r->end && *r->p == '-';
    r->p += minus;
    const char *first = r->p;
    int64_t v = 0;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        int64_t digit = *r->p - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, minus ? -digit : digit, &v))
            return false;
    }
    if (r->p == first || (*first == '0' && r->p - first > 1))
        return false;
    *out = v;
    return true;
}

/* Any scalar under a key that we do not know: a string, or a run of number or word characters. */
static bool skip_scalar(struct parse *r)
{
    skip_space(r);
    if (r->p < r->end && *r->p == '"')
        return take_string(r, NULL, 0);
    const char *first = r->p;
    while (r->p < r->end && *r->p != '\0' &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *r->p))
        r->p++;
    return r->p > first;
}

static bool take_name(struct parse *r, const char *const *names, uint32_t *out)
{
    char text[16];
    if (!take_string(r, text, sizeof text))
        return false;
    for (uint32_t i = 0; names[i]; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool take_value(struct parse *r, const struct field *f)
{
    char *at = (char *)r + f->at;
    int64_t v = 0;
    uint32_t u = 0;
    switch (f->type) {
    case F_U32:
    case F_I64:
        if (!take_int(r, &v) || v < f->min || v > f->max)
            return false;
        u = (uint32_t)v;
        memcpy(at, f->type == F_U32 ? (void *)&u : (void *)&v,
               f->type == F_U32 ? sizeof u : sizeof v);
        return true;
    case F_NAME:
        if (!take_name(r, f->names, &u))
            return false;
        memcpy(at, &u, sizeof u);
        return true;
    case F_TEXT:
        return take_string(r, at, (size_t)f->max);
    case F_HEX:
        return take_string(r, at, (size_t)f->max + 1) && strlen(at) == (size_t)f->max &&
               strspn(at, "0123456789abcdef") == (size_t)f->max;
    }
    return false;
}

/* One `"key":value`; *seen collects the known keys by their place in the table. */
static bool take_member(struct parse *r, const struct field *fields, uint32_t *seen)
{
    char key[64];
    if (!take_string(r, key, sizeof key) || !take(r, ':'))
        return false;
    for (unsigned i = 0; fields[i].key; i++) {
        if (strcmp(fields[i].key, key) != 0)
            continue;
        if (*seen & 1U << i)
            return false;
        *seen |= 1U << i;
        return take_value(r, &fields[i]);
    }
    return strcmp(key, "t") != 0 && skip_scalar(r);
}

/* What the table cannot say: references, and the enumerations behind their numbers. */
static bool finish(struct parse *r)
{
    struct tm_schedlog_line *line = &r->line;
    line->src = (enum tm_plan_src)r->src;
    line->open_ref = (enum tm_open_ref)r->open_ref;
    line->plan_mode = (enum tm_plan_mode)r->plan_mode;
    line->side = (enum tm_side)r->side;
    line->master = (enum tm_side)r->master;
    line->close.dir = (enum tm_dir)r->dir;
    line->close.how = (enum tm_close_how)r->close_how;
    if (line->kind == TM_SLOG_CLOSE && line->close.dir == TM_DOWN)
        return line->close.how == TM_CLOSE_FIN && line->close.ref != TM_SLOG_REF_END &&
               line->close.server_ref == TM_SLOG_REF_FIN;
    if (line->kind == TM_SLOG_CLOSE)
        return line->close.ref != TM_SLOG_REF_FIN;
    if (line->kind != TM_SLOG_WRITE && line->kind != TM_SLOG_RECV)
        return true;
    line->w.dir = (uint8_t)r->dir;
    line->slip = (enum tm_slip)r->slip;
    if (r->ref >= (int64_t)line->i || (r->ref >= 0 && (int64_t)line->i - r->ref > TM_REF_BACK_MAX))
        return false;
    line->w.ref_back = (uint8_t)(r->ref < 0 ? 0 : (int64_t)line->i - r->ref);
    return true;
}

int tm_schedlog_parse(struct tm_schedlog_line *out, const char *text, size_t len)
{
    struct parse r = {.p = text, .end = text + len};
    uint32_t kind = 0;
    char key[4];
    if (!take(&r, '{') || !take_string(&r, key, sizeof key) || strcmp(key, "t") != 0 ||
        !take(&r, ':') || !take_name(&r, KIND_NAMES, &kind))
        return TM_ERR_FORMAT;
    r.line.kind = (enum tm_schedlog_kind)kind;
    r.line.close.ref = TM_SLOG_REF_END;
    r.line.close.server_ref = TM_SLOG_REF_FIN;
    const struct field *fields = KIND_FIELDS[kind];
    uint32_t seen = 0;
    while (take(&r, ',')) {
        if (!take_member(&r, fields, &seen))
            return TM_ERR_FORMAT;
    }
    if (!take(&r, '}'))
        return TM_ERR_FORMAT;
    skip_space(&r);
    if (r.p != r.end)
        return TM_ERR_FORMAT;
    for (unsigned i = 0; fields[i].key; i++) {
        if (!fields[i].optional && !(seen & 1U << i))
            return TM_ERR_FORMAT;
    }
    if (!finish(&r))
        return TM_ERR_FORMAT;
    *out = r.line;
    return TM_OK;
}
