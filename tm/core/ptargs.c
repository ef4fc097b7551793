/* tm/core/ptargs.c - see ptargs.h. */
#include "tm/core/ptargs.h"

#include <stdbool.h>
#include <string.h>

#include "tm/base/buf.h"

/* What is left to be read, and where the plain text goes, which is never longer. */
struct reader {
    struct tm_ptargs *a;
    const char *p;
    size_t len, used;
    struct tm_msg *msg;
};

static int wrong(const struct reader *r, int rc, const char *what)
{
    return tm_msg_set(r->msg, rc, "transport arguments: %s", what);
}

/* Copies up to an unescaped character of `ends`, which is not consumed, or the end of the text. */
static int word(struct reader *r, const char *ends, const char **out)
{
    *out = r->a->text + r->used;
    for (; r->len > 0 && (r->p[0] == '\0' || strchr(ends, r->p[0]) == NULL); r->p++, r->len--) {
        if (r->p[0] == '\\') {
            r->p++;
            r->len--;
        }
        if (r->len == 0)
            return wrong(r, TM_ERR_FORMAT, "a backslash at the end");
        if (r->p[0] == '\0')
            return wrong(r, TM_ERR_FORMAT, "a byte of value 0");
        r->a->text[r->used++] = r->p[0];
    }
    r->a->text[r->used++] = '\0';
    return TM_OK;
}

/* Consumes the character that a word ended at; false: it is another one, or the text is at its end. */
static bool skip(struct reader *r, char c)
{
    if (r->len == 0 || r->p[0] != c)
        return false;
    r->p++;
    r->len--;
    return true;
}

/* One "key=value", or with a wanted name one "name:key=value". */
static int argument(struct reader *r, const char *wanted)
{
    struct tm_ptarg arg;
    const char *name = NULL;
    size_t before = r->used;
    int rc = wanted != NULL ? word(r, ":=;", &name) : TM_OK;
    if (rc == TM_OK && wanted != NULL && !skip(r, ':'))
        rc = wrong(r, TM_ERR_FORMAT, "no ':' after a transport's name");
    if (rc == TM_OK)
        rc = word(r, "=;", &arg.key);
    if (rc == TM_OK && !skip(r, '='))
        rc = wrong(r, TM_ERR_FORMAT, "no '=' after a key");
    if (rc == TM_OK)
        rc = word(r, ";", &arg.value);
    if (rc != TM_OK)
        return rc;
    if (arg.key[0] == '\0')
        return wrong(r, TM_ERR_FORMAT, "an empty key");
    if (name != NULL && strcmp(name, wanted) != 0) {
        r->used = before;
        return TM_OK;
    }
    if (tm_ptargs_get(r->a, arg.key) != NULL)
        return wrong(r, TM_ERR_FORMAT, "a key that is given twice");
    if (r->a->n == TM_PTARGS_MAX)
        return wrong(r, TM_ERR_LIMIT, "too many");
    r->a->arg[r->a->n++] = arg;
    return TM_OK;
}

static int read_all(struct tm_ptargs *a, const char *text, size_t len, const char *wanted,
                    struct tm_msg *msg)
{
    struct reader r = {.a = a, .p = text, .len = len, .msg = msg};
    int rc = TM_OK;
    a->n = 0;
    if (len > TM_PTARGS_TEXT_MAX)
        return wrong(&r, TM_ERR_LIMIT, "too long");
    if (len > 0) {
        do
            rc = argument(&r, wanted);
        while (rc == TM_OK && skip(&r, ';'));
    }
    if (rc != TM_OK) {
        explicit_bzero(a, sizeof *a);
        return rc;
    }
    return TM_OK;
}

int tm_ptargs_read(struct tm_ptargs *a, const char *text, size_t len, struct tm_msg *msg)
{
    return read_all(a, text, len, NULL, msg);
}

int tm_ptargs_read_options(struct tm_ptargs *a, const char *text, const char *name,
                           struct tm_msg *msg)
{
    return read_all(a, text, strnlen(text, TM_PTARGS_TEXT_MAX + 1), name, msg);
}

const char *tm_ptargs_get(const struct tm_ptargs *a, const char *key)
{
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->arg[i].key, key) == 0)
            return a->arg[i].value;
    return NULL;
}

static void escape(struct tm_wr *w, const char *s)
{
    for (; *s != '\0'; s++) {
        if (strchr(",=\\", *s) != NULL)
            tm_wr_u8(w, '\\');
        tm_wr_u8(w, (uint8_t)*s);
    }
}

int tm_ptargs_add(char *text, size_t cap, size_t *len, const struct tm_ptarg *arg)
{
    struct tm_wr w = tm_wr_init(text + *len, cap - *len);
    if (*len > 0)
        tm_wr_u8(&w, ',');
    escape(&w, arg->key);
    tm_wr_u8(&w, '=');
    escape(&w, arg->value);
    tm_wr_u8(&w, '\0');
    if (!tm_wr_ok(&w)) {
        if (cap > *len)
            text[*len] = '\0';
        return TM_ERR_LIMIT;
    }
    *len += w.len - 1;
    return TM_OK;
}
