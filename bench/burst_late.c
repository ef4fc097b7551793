#include "bench/burst_late.h"

#include <stdlib.h>

#include "tm/base/time.h"
#include "tm/core/schedlog.h"

const char *const burst_kind_name[BURST_KINDS] = {"opening", "hello", "flight", "finished", "data"};

/* What has been seen of a carrier. */
struct seen {
    int64_t due_us; /* of its opening */
    uint32_t n_own; /* writes of the log's writer */
};

struct seen_list {
    struct seen *c; /* by the carrier's number */
    size_t n;
    enum tm_side side;
};

static struct seen *seen_of(struct seen_list *l, uint32_t carrier)
{
    if (carrier >= l->n) {
        size_t n = (size_t)carrier + 1024;
        struct seen *more = realloc(l->c, n * sizeof *more);
        if (!more)
            return NULL;
        for (size_t i = l->n; i < n; i++)
            more[i] = (struct seen){.due_us = TM_NEVER};
        l->c = more;
        l->n = n;
    }
    return &l->c[carrier];
}

static enum burst_kind kind_of(enum tm_side side, uint32_t n_own)
{
    if (side == TM_SERVER)
        return n_own == 0 ? BURST_FLIGHT : BURST_DATA;
    return n_own == 0 ? BURST_HELLO : n_own == 1 ? BURST_FINISHED : BURST_DATA;
}

static void add(struct tm_hist *h, int64_t late_us)
{
    tm_hist_add(h, late_us > 0 ? (uint64_t)late_us : 0);
}

static int take(struct burst_late *b, struct seen_list *l, const struct tm_schedlog_line *line)
{
    struct seen *c = line->kind == TM_SLOG_SESSION || line->kind == TM_SLOG_DROPPED
                         ? NULL
                         : seen_of(l, line->carrier);
    switch (line->kind) {
    case TM_SLOG_SESSION:
        l->side = line->side;
        return TM_OK;
    case TM_SLOG_DROPPED:
        b->n_dropped += line->dropped;
        return TM_OK;
    case TM_SLOG_OPEN:
    case TM_SLOG_UP:
    case TM_SLOG_WRITE:
        break;
    case TM_SLOG_END:
        b->n_unfinished += !line->planned;
        return TM_OK;
    case TM_SLOG_RECV:
    case TM_SLOG_CLOSE:
        return TM_OK;
    }
    if (!c)
        return TM_ERR_NOMEM;
    if (line->kind == TM_SLOG_OPEN) {
        c->due_us = line->due_us;
    } else if (line->kind == TM_SLOG_UP) {
        if (l->side == TM_CLIENT && c->due_us != TM_NEVER)
            add(&b->kind[BURST_OPENING], line->at_us - c->due_us);
    } else {
        add(&b->kind[kind_of(l->side, c->n_own++)], line->first_us - line->due_us);
        add(&b->all, line->first_us - line->due_us);
    }
    return TM_OK;
}

int burst_late_read(struct burst_late *b, FILE *log)
{
    struct seen_list l = {0};
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;
    int rc = TM_OK;
    rewind(log);
    while (rc == TM_OK && (len = getline(&text, &cap, log)) > 0) {
        struct tm_schedlog_line line;
        rc = tm_schedlog_parse(&line, text, (size_t)len - (text[len - 1] == '\n'));
        if (rc == TM_OK)
            rc = take(b, &l, &line);
    }
    free(text);
    free(l.c);
    return rc;
}
