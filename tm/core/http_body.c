/* tm/core/http_body.c - see http_body.h.
 *
 *   SIZE --digits--> SIZE --;--> REST --\n--> DATA --left--> CR --> LF --> SIZE
 *     \-------------------\n--------/ 0: TRAILER <--line-- LINE, an empty line: over */
#include "tm/core/http_body.h"

#include <stdbool.h>

#define SIZE_DIGITS_MAX 15U  /* of 16 to the power of 15 bytes */
#define LINE_MAX_LEN    255U /* of a chunk's extension or a trailer: longer ones are not taken */

enum state { SIZE, REST, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_CR, LINE, OVER };

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_line_end(uint8_t c)
{
    return c == '\r' || c == '\n';
}

static enum state to_line(struct tm_http_body *b, enum state next)
{
    b->n_chars = 0;
    return next;
}

/* The byte behind the digits of a chunk's size, or in the rest of its line. */
static int size_line(struct tm_http_body *b, uint8_t c)
{
    if (c == '\n')
        return (int)to_line(b, b->left == 0 ? TRAILER : DATA);
    if (b->state == SIZE) {
        int digit = digit_of(c);
        if (digit >= 0 && b->n_chars < SIZE_DIGITS_MAX) {
            b->left = b->left << 4 | (uint64_t)digit;
            b->n_chars++;
            return SIZE;
        }
        if (digit >= 0 || b->n_chars == 0 || (c != ';' && c != '\r' && c != ' ' && c != '\t'))
            return TM_ERR_PROTO;
        return (int)to_line(b, REST);
    }
    return b->n_chars++ < LINE_MAX_LEN ? REST : TM_ERR_PROTO;
}

static int at_newline(struct tm_http_body *b, uint8_t c, enum state next)
{
    return c == '\n' ? (int)to_line(b, next) : TM_ERR_PROTO;
}

/* The state after one byte that is no data of a chunk, or TM_ERR_PROTO. */
static int step(struct tm_http_body *b, uint8_t c)
{
    switch ((enum state)b->state) {
    case SIZE:
        return c == '\n' && b->n_chars == 0 ? TM_ERR_PROTO : size_line(b, c);
    case REST:
        return size_line(b, c);
    case DATA_CR:
        return c == '\r' ? DATA_LF : at_newline(b, c, SIZE);
    case DATA_LF:
        return at_newline(b, c, SIZE);
    case TRAILER:
        if (c == '\r')
            return TRAILER_CR;
        return c == '\n' ? OVER : (int)to_line(b, LINE);
    case TRAILER_CR:
        return at_newline(b, c, OVER);
    case LINE:
        if (c == '\n')
            return TRAILER;
        return b->n_chars++ < LINE_MAX_LEN ? LINE : TM_ERR_PROTO;
    case DATA:
    case OVER:
        break;
    }
    return TM_ERR_PROTO;
}

static size_t skip(struct tm_http_body *b, size_t len)
{
    size_t n = b->left < len ? (size_t)b->left : len;
    b->left -= n;
    return n;
}

static ssize_t end_at(const uint8_t *p, size_t at, size_t len)
{
    for (size_t i = at; i < len; i++)
        if (!is_line_end(p[i]))
            return TM_ERR_PROTO;
    return (ssize_t)at;
}

ssize_t tm_http_body_take(struct tm_http_body *b, const uint8_t *p, size_t len)
{
    if (b->kind == TM_HTTP_BODY_ENDLESS)
        return (ssize_t)len;
    if (b->kind == TM_HTTP_BODY_COUNTED)
        return end_at(p, skip(b, len), len);
    size_t at = 0;
    while (at < len && b->state != OVER) {
        if (b->state == DATA) {
            at += skip(b, len - at);
            if (b->left == 0)
                b->state = DATA_CR;
            continue;
        }
        int next = step(b, p[at++]);
        if (next < 0)
            return next;
        b->state = (uint8_t)next;
    }
    return end_at(p, at, len);
}
