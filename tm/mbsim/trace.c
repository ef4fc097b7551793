#include "tm/mbsim/trace.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"

struct line {
    const char *at, *end;
    size_t number; /* from 1 */
};

int tm_mbsim_trace_add(struct tm_mbsim_trace *t, const struct tm_mbsim_packet *p)
{
    if (t->n == t->cap) {
        int rc = tm_grow(&t->packets, &t->cap, t->n, sizeof *t->packets);
        if (rc != TM_OK)
            return rc;
    }
    t->packets[t->n++] = *p;
    return TM_OK;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A whole number in [at, end), with a plus sign or none; false: none, or more than `max`. */
static bool parse_whole(const char *at, const char *end, uint64_t max, uint64_t *out)
{
    if (at < end && *at == '+')
        at++;
    if (at == end)
        return false;
    uint64_t x = 0;
    for (; at < end; at++) {
        const unsigned digit = (unsigned)(unsigned char)*at - '0';
        if (digit > 9 || x > (max - digit) / 10)
            return false;
        x = x * 10 + digit;
    }
    *out = x;
    return true;
}

/* The direction's letters; 0 when they are none. */
static char direction(const char *at, size_t len)
{
    if (len == 0 || len > 2 || (at[0] != 's' && at[0] != 'r'))
        return 0;
    if (len == 1 || at[1] == 'n')
        return at[0];
    return at[1] == 'p' ? 'p' : 0;
}

static int parse_line(struct tm_mbsim_trace *t, const struct line *l, struct tm_msg *msg)
{
    const char *comma = memchr(l->at, ',', (size_t)(l->end - l->at));
    if (!comma)
        return TM_OK;
    const char *from = l->at, *to = comma;
    while (from < to && is_space(*from))
        from++;
    while (to > from && is_space(to[-1]))
        to--;
    uint64_t t_ns, size_bytes = 0;
    if (!parse_whole(from, to, (uint64_t)TM_MBSIM_T_MAX_NS, &t_ns))
        return tm_msg_set(msg, TM_ERR_FORMAT, "line %zu: no time in nanoseconds before the comma",
                          l->number);
    const char *way = comma + 1;
    const char *second = memchr(way, ',', (size_t)(l->end - way));
    const char letter = direction(way, (size_t)((second ? second : l->end) - way));
    if (letter == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "line %zu: the direction is none of s, sn, sp, r, rn, rp", l->number);
    if (letter == 'p')
        return TM_OK;
    if (second && !parse_whole(second + 1, l->end, UINT32_MAX, &size_bytes))
        size_bytes = 0;
    const struct tm_mbsim_packet p = {
        .t_ns = (int64_t)t_ns, .size_bytes = (uint32_t)size_bytes, .is_sent = letter == 's'};
    return tm_mbsim_trace_add(t, &p);
}

int tm_mbsim_trace_parse(struct tm_mbsim_trace *t, const char *text, size_t len, struct tm_msg *msg)
{
    const char *end = text + len;
    struct line l = {.at = text};
    while (l.at < end) {
        const char *feed = memchr(l.at, '\n', (size_t)(end - l.at));
        l.end = feed ? feed : end;
        if (feed && feed > l.at && feed[-1] == '\r')
            l.end--;
        l.number++;
        int rc = parse_line(t, &l, msg);
        if (rc != TM_OK)
            return rc;
        l.at = feed ? feed + 1 : end;
    }
    return TM_OK;
}

/* Merges [from, middle) and [middle, end) into `out` from `from` on. */
static void merge(const struct tm_mbsim_packet *in, struct tm_mbsim_packet *out, size_t from,
                  size_t middle, size_t end)
{
    size_t a = from, b = middle;
    for (size_t k = from; k < end; k++)
        out[k] = a < middle && (b == end || in[a].t_ns <= in[b].t_ns) ? in[a++] : in[b++];
}

static bool is_sorted(const struct tm_mbsim_trace *t)
{
    for (size_t i = 1; i < t->n; i++)
        if (t->packets[i].t_ns < t->packets[i - 1].t_ns)
            return false;
    return true;
}

int tm_mbsim_trace_sort(struct tm_mbsim_trace *t)
{
    if (is_sorted(t))
        return TM_OK;
    struct tm_mbsim_packet *spare = calloc(t->n, sizeof *spare);
    if (!spare)
        return TM_ERR_NOMEM;
    for (size_t width = 1; width < t->n; width *= 2) {
        for (size_t from = 0; from < t->n; from += 2 * width) {
            const size_t middle = from + width < t->n ? from + width : t->n;
            const size_t end = middle + width < t->n ? middle + width : t->n;
            merge(t->packets, spare, from, middle, end);
        }
        memcpy(t->packets, spare, t->n * sizeof *spare);
    }
    free(spare);
    return TM_OK;
}

void tm_mbsim_trace_deinit(struct tm_mbsim_trace *t)
{
    free(t->packets);
    *t = (struct tm_mbsim_trace){0};
}
