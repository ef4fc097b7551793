#include "test/unit/models/maybenot/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#define FILE_MAX (4U << 20)

/* The text is cut into strings in place; nodes come from one array, whose first one holds the text. */
struct parser {
    char *at;
    struct tree *nodes;
    size_t n, cap;
    bool bad;
};

static struct tree *node(struct parser *p, enum tree_kind kind)
{
    if (p->n == p->cap) {
        p->bad = true;
        return &p->nodes[0];
    }
    p->nodes[p->n] = (struct tree){.kind = kind};
    return &p->nodes[p->n++];
}

static char peek(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
    return *p->at;
}

static void put_utf8(char **out, unsigned c)
{
    if (c < 0x80) {
        *(*out)++ = (char)c;
    } else if (c < 0x800) {
        *(*out)++ = (char)(0xc0 | c >> 6);
        *(*out)++ = (char)(0x80 | (c & 0x3f));
    } else {
        *(*out)++ = (char)(0xe0 | c >> 12);
        *(*out)++ = (char)(0x80 | (c >> 6 & 0x3f));
        *(*out)++ = (char)(0x80 | (c & 0x3f));
    }
}

/* Behind the opening quote; the string ends up terminated where it stood. */
static const char *string(struct parser *p)
{
    char *start = p->at, *out = p->at;
    while (*p->at != '"' && *p->at != '\0') {
        if (*p->at != '\\') {
            *out++ = *p->at++;
            continue;
        }
        const char c = p->at[1];
        if (c == 'u') {
            char hex[5] = {0};
            memcpy(hex, p->at + 2, strnlen(p->at + 2, 4));
            put_utf8(&out, (unsigned)strtoul(hex, NULL, 16));
            p->at += 6;
        } else {
            *out++ = (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
            p->at += 2;
        }
    }
    p->bad |= *p->at != '"';
    p->at++;
    *out = '\0';
    return start;
}

static struct tree *value(struct parser *p);

static void members(struct parser *p, struct tree *t, char close)
{
    struct tree **end = &t->child;
    p->at++;
    if (peek(p) == close) {
        p->at++;
        return;
    }
    while (!p->bad) {
        const char *name = NULL;
        if (t->kind == TREE_OBJECT) {
            p->bad |= peek(p) != '"';
            p->at++;
            name = string(p);
            p->bad |= peek(p) != ':';
            p->at++;
        }
        if (p->bad)
            return;
        *end = value(p);
        (*end)->name = name;
        end = &(*end)->next;
        const char c = peek(p);
        p->bad |= c != ',' && c != close;
        if (!p->bad)
            *p->at++ = '\0'; /* ends a number */
        if (c == close)
            return;
    }
}

static struct tree *word(struct parser *p, const char *text, enum tree_kind kind)
{
    p->bad |= strncmp(p->at, text, strlen(text)) != 0;
    if (!p->bad)
        p->at += strlen(text);
    return node(p, kind);
}

static struct tree *value(struct parser *p)
{
    struct tree *t;
    switch (peek(p)) {
    case '{':
        t = node(p, TREE_OBJECT);
        members(p, t, '}');
        return t;
    case '[':
        t = node(p, TREE_LIST);
        members(p, t, ']');
        return t;
    case '"':
        t = node(p, TREE_STRING);
        p->at++;
        t->text = string(p);
        return t;
    case 'n':
        return word(p, "null", TREE_NULL);
    case 't':
        return word(p, "true", TREE_TRUE);
    case 'f':
        return word(p, "false", TREE_FALSE);
    default:
        t = node(p, TREE_NUMBER);
        t->text = p->at;
        const size_t len = strspn(p->at, "+-.0123456789eE");
        p->bad |= len == 0;
        p->at += len;
        return t;
    }
}

static char *read_file(const char *path)
{
    gzFile f = gzopen(path, "rb");
    char *text = f ? malloc(FILE_MAX) : NULL;
    int len = text ? gzread(f, text, FILE_MAX - 1) : -1;
    if (f)
        (void)gzclose(f);
    if (len <= 0 || len == (int)FILE_MAX - 1) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        free(text);
        return NULL;
    }
    text[len] = '\0';
    return text;
}

struct tree *tree_load(const char *path)
{
    char *text = read_file(path);
    if (!text)
        return NULL;
    struct parser p = {.at = text, .cap = 2};
    for (const char *c = text; *c != '\0';
         c++) /* at most one value per opening or separating character */
        p.cap += *c == '[' || *c == '{' || *c == ',' || *c == ':';
    p.nodes = calloc(p.cap, sizeof *p.nodes);
    if (!p.nodes) {
        free(text);
        return NULL;
    }
    node(&p, TREE_NULL)->text = text;
    struct tree *root = value(&p);
    if (p.bad || peek(&p) != '\0') {
        (void)fprintf(stderr, "%s: no JSON at byte %zu\n", path, (size_t)(p.at - text));
        tree_free(&p.nodes[1]);
        return NULL;
    }
    return root;
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    char *text;
    memcpy(&text, &t[-1].text, sizeof text); /* ours, const only to readers */
    free(text);
    free(t - 1);
}

const struct tree *tree_member(const struct tree *t, const char *name)
{
    const struct tree *c = t && t->kind == TREE_OBJECT ? t->child : NULL;
    while (c && strcmp(c->name, name) != 0)
        c = c->next;
    return c;
}

const struct tree *tree_at(const struct tree *t, size_t i)
{
    const struct tree *c = t ? t->child : NULL;
    while (c && i-- > 0)
        c = c->next;
    return c;
}

size_t tree_count(const struct tree *t)
{
    size_t n = 0;
    for (const struct tree *c = t ? t->child : NULL; c; c = c->next)
        n++;
    return n;
}

double tree_number(const struct tree *t)
{
    return t && t->kind == TREE_NUMBER ? strtod(t->text, NULL) : 0;
}

uint64_t tree_whole(const struct tree *t)
{
    if (t && t->kind == TREE_STRING && strcmp(t->text, "max") == 0)
        return UINT64_MAX;
    return t && t->kind == TREE_NUMBER ? strtoull(t->text, NULL, 10) : 0;
}

const char *tree_text(const struct tree *t)
{
    return t && t->kind == TREE_STRING ? t->text : "";
}

bool tree_is_true(const struct tree *t)
{
    return t && t->kind == TREE_TRUE;
}
