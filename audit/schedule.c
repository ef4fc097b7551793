#include "audit/schedule.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Grows *array (elements of `size` bytes, *cap of them) to hold index n - 1, new elements zero. */
static int grow(void **array, uint32_t *cap, uint32_t n, size_t size)
{
    if (n <= *cap)
        return TM_OK;
    uint32_t want = *cap < 16 ? 16 : *cap;
    while (want < n)
        want *= 2;
    size_t bytes = 0;
    if (!tm_mul_ok(want, size, &bytes))
        return TM_ERR_NOMEM;
    char *p = realloc(*array, bytes);
    if (!p)
        return TM_ERR_NOMEM;
    memset(p + *cap * size, 0, (want - *cap) * size);
    *array = p;
    *cap = want;
    return TM_OK;
}

static int carrier_of(struct tm_schedule *s, uint32_t number, struct tm_sched_carrier **out)
{
    if (number >= TM_SCHEDULE_CARRIERS_MAX)
        return TM_ERR_LIMIT;
    void *p = s->carriers;
    int rc = grow(&p, &s->cap_carriers, number + 1, sizeof *s->carriers);
    s->carriers = p;
    if (rc != TM_OK)
        return rc;
    if (number >= s->n_carriers)
        s->n_carriers = number + 1;
    *out = &s->carriers[number];
    (*out)->is_known = true;
    return TM_OK;
}

static int write_of(struct tm_sched_carrier *c, uint32_t i, struct tm_sched_write **out)
{
    if (i >= TM_PLAN_WRITES_MAX)
        return TM_ERR_LIMIT;
    void *p = c->writes;
    int rc = grow(&p, &c->cap_writes, i + 1, sizeof *c->writes);
    c->writes = p;
    if (rc != TM_OK)
        return rc;
    if (i >= c->n_writes)
        c->n_writes = i + 1;
    *out = &c->writes[i];
    return TM_OK;
}

/* A line that names a time which has passed. */
static void passed(struct tm_schedule *s, enum tm_side side, int64_t t_us)
{
    if (t_us > s->last_us[side])
        s->last_us[side] = t_us;
}

static int add_write(struct tm_schedule *s, enum tm_side side, struct tm_sched_carrier *c,
                     const struct tm_schedlog_line *line)
{
    struct tm_sched_write *w = NULL;
    int rc = write_of(c, line->i, &w);
    if (rc != TM_OK)
        return rc;
    bool is_sent = line->kind == TM_SLOG_WRITE;
    bool is_own = line->w.dir == (side == TM_CLIENT ? TM_UP : TM_DOWN);
    if (is_sent != is_own || (is_sent ? w->is_sent : w->is_received))
        return TM_ERR_FORMAT;
    if (w->is_known && !tm_write_is_same(&w->w, &line->w))
        return TM_ERR_PROTO;
    if (!w->is_known || w->w.gap_us == TM_WRITE_GAP_UNKNOWN)
        w->w = line->w;
    w->is_known = true;
    if (is_sent) {
        w->is_sent = true;
        w->event_us = line->event_us;
        w->due_us = line->due_us;
        w->first_us = line->first_us;
        w->last_us = line->last_us;
        w->unsent = line->unsent;
        w->slip = line->slip;
        passed(s, side, line->last_us);
    } else {
        w->is_received = true;
        w->at_us = line->at_us;
        passed(s, side, line->at_us);
    }
    return TM_OK;
}

static int add_up(struct tm_sched_carrier *c, enum tm_side side,
                  const struct tm_schedlog_line *line)
{
    if (c->has_up[side])
        return TM_ERR_FORMAT;
    c->has_up[side] = true;
    c->up_us[side] = line->at_us;
    if (line->local[0] == '\0' || line->remote[0] == '\0')
        return TM_OK;
    struct tm_endpoint *own = side == TM_CLIENT ? &c->client[side] : &c->server[side];
    struct tm_endpoint *other = side == TM_CLIENT ? &c->server[side] : &c->client[side];
    if (!tm_endpoint_parse(own, line->local) || !tm_endpoint_parse(other, line->remote))
        return TM_ERR_FORMAT;
    c->has_endpoints[side] = true;
    return TM_OK;
}

static int add_close(struct tm_sched_carrier *c, enum tm_side side,
                     const struct tm_schedlog_line *line)
{
    enum tm_dir dir = line->close.dir;
    if (c->has_close[dir] || dir != (side == TM_CLIENT ? TM_UP : TM_DOWN))
        return TM_ERR_FORMAT;
    c->has_close[dir] = true;
    c->close[dir] = line->close;
    return TM_OK;
}

static int add_line(struct tm_schedule *s, enum tm_side side, const struct tm_schedlog_line *line)
{
    struct tm_sched_carrier *c = NULL;
    if (line->kind == TM_SLOG_DROPPED) {
        s->n_dropped += line->dropped;
        return TM_OK;
    }
    if (line->kind == TM_SLOG_SESSION)
        return TM_ERR_FORMAT;
    int rc = carrier_of(s, line->carrier, &c);
    if (rc != TM_OK)
        return rc;
    switch (line->kind) {
    case TM_SLOG_OPEN:
        if (c->has_open || side != TM_CLIENT)
            return TM_ERR_FORMAT;
        c->has_open = true;
        c->user = line->user;
        c->index = line->index;
        c->src = line->src;
        c->open_ref = line->open_ref;
        c->open_gap_us = line->gap_us;
        c->open_event_us = line->event_us;
        c->open_due_us = line->due_us;
        return TM_OK;
    case TM_SLOG_UP:
        passed(s, side, line->at_us);
        return add_up(c, side, line);
    case TM_SLOG_WRITE:
    case TM_SLOG_RECV:
        return add_write(s, side, c, line);
    case TM_SLOG_CLOSE:
        return add_close(c, side, line);
    case TM_SLOG_END:
        if (c->has_end[side])
            return TM_ERR_FORMAT;
        c->has_end[side] = true;
        c->is_planned[side] = line->planned;
        c->end_us[side] = line->at_us;
        c->end_writes[side] = line->writes;
        passed(s, side, line->at_us);
        return TM_OK;
    case TM_SLOG_SESSION:
    case TM_SLOG_DROPPED:
        break;
    }
    return TM_ERR_FORMAT;
}

/* Why a line that parses cannot stand in this log. */
static int refuse(int rc, const struct tm_schedlog_line *line, const char *name, uint64_t number,
                  struct tm_msg *msg)
{
    if (rc == TM_ERR_NOMEM)
        return tm_msg_set(msg, rc, "%s: out of memory", name);
    if (rc == TM_ERR_LIMIT)
        return tm_msg_set(
            msg, rc, "%s:%" PRIu64 ": carrier %" PRIu32 " write %" PRIu32 " is beyond the limits",
            name, number, line->carrier, line->i);
    if (rc == TM_ERR_PROTO)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s:%" PRIu64 ": carrier %" PRIu32 " write %" PRIu32
                          " differs from the other log: not two logs of the same run?",
                          name, number, line->carrier, line->i);
    if (line->kind == TM_SLOG_SESSION)
        return tm_msg_set(msg, rc,
                          "%s:%" PRIu64 ": a second session: split the log, one session a file",
                          name, number);
    return tm_msg_set(
        msg, rc, "%s:%" PRIu64 ": carrier %" PRIu32 ": this line is doubled or of the wrong side",
        name, number, line->carrier);
}

static int begin(struct tm_schedule *s, const struct tm_schedlog_line *line, const char *name,
                 struct tm_msg *msg)
{
    if (line->kind != TM_SLOG_SESSION)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "%s: does not begin with a session line: not a schedule log", name);
    if (s->has_side[line->side])
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: a second log of the %s: give one of each side",
                          name, line->side == TM_CLIENT ? "client" : "server");
    s->has_side[line->side] = true;
    s->session[line->side] = *line;
    return TM_OK;
}

int tm_schedule_add(struct tm_schedule *s, const char *text, size_t len, const char *name,
                    struct tm_msg *msg)
{
    if (len == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: is empty", name);
    struct tm_schedlog_line line;
    enum tm_side side = TM_CLIENT;
    const char *end = text + len;
    uint64_t number = 0;
    for (const char *p = text; p < end;) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *line_end = newline ? newline : end;
        number++;
        int rc = tm_schedlog_parse(&line, p, (size_t)(line_end - p));
        if (rc != TM_OK && !newline && number > 1) {
            s->is_cut = true;
            return TM_OK;
        }
        if (rc != TM_OK)
            return tm_msg_set(msg, rc, "%s:%" PRIu64 ": not a line of a schedule log", name,
                              number);
        if (number == 1) {
            rc = begin(s, &line, name, msg);
            if (rc != TM_OK)
                return rc;
            side = line.side;
        } else {
            rc = add_line(s, side, &line);
            if (rc != TM_OK)
                return refuse(rc, &line, name, number, msg);
        }
        s->n_lines++;
        p = newline ? newline + 1 : end;
    }
    return TM_OK;
}

void tm_schedule_deinit(struct tm_schedule *s)
{
    for (uint32_t k = 0; k < s->n_carriers; k++)
        free(s->carriers[k].writes);
    free(s->carriers);
    *s = (struct tm_schedule){0};
}

uint32_t tm_sched_carrier_prefix(const struct tm_sched_carrier *c)
{
    uint32_t i = 0;
    while (i < c->n_writes && c->writes[i].is_known)
        i++;
    return i;
}

/* The side whose word about the end counts. */
static enum tm_side judge_of(const struct tm_sched_carrier *c)
{
    return c->has_end[TM_CLIENT] ? TM_CLIENT : TM_SERVER;
}

bool tm_sched_carrier_is_dead(const struct tm_sched_carrier *c)
{
    return c->has_end[judge_of(c)] && !c->is_planned[judge_of(c)];
}

bool tm_sched_carrier_is_planned(const struct tm_sched_carrier *c)
{
    bool is_cut = c->has_open && !c->has_end[TM_CLIENT]; /* the client's log stops before */
    return !is_cut && c->has_end[judge_of(c)] && c->is_planned[judge_of(c)];
}

bool tm_endpoint_parse(struct tm_endpoint *out, const char *text)
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char host[INET6_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text)
        return false;
    bool is_bracketed = text[0] == '[' && colon[-1] == ']';
    const char *from = text + is_bracketed;
    size_t len = (size_t)(colon - is_bracketed - from);
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (len >= sizeof host || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > 65535)
        return false;
    memcpy(host, from, len);
    host[len] = '\0';
    *out = (struct tm_endpoint){.port = (uint16_t)port};
    if (is_bracketed)
        return inet_pton(AF_INET6, host, out->addr) == 1;
    memcpy(out->addr, MAPPED, sizeof MAPPED);
    return inet_pton(AF_INET, host, out->addr + sizeof MAPPED) == 1;
}

bool tm_endpoint_is_equal(const struct tm_endpoint *a, const struct tm_endpoint *b)
{
    return a->port == b->port && memcmp(a->addr, b->addr, sizeof a->addr) == 0;
}

void tm_endpoint_text(const struct tm_endpoint *e, char out[TM_ENDPOINT_TEXT_LEN])
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    char host[INET6_ADDRSTRLEN] = "?";
    bool is_ipv4 = memcmp(e->addr, MAPPED, sizeof MAPPED) == 0;
    (void)inet_ntop(is_ipv4 ? AF_INET : AF_INET6, is_ipv4 ? e->addr + sizeof MAPPED : e->addr, host,
                    sizeof host);
    (void)snprintf(out, TM_ENDPOINT_TEXT_LEN, is_ipv4 ? "%s:%u" : "[%s]:%u", host,
                   (unsigned)e->port);
}
