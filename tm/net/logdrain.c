/* tm/net/logdrain.c - copy, write in the pool, repeat. */
#include "tm/net/logdrain.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/log.h"
#include "tm/core/schedlog.h"

#define PERIOD_MS 250
#define CHUNK_LEN (1U << 20)

struct tm_logdrain {
    struct tm_schedlog *log;
    FILE *file;
    enum tm_logdrain_file how;
    uv_timer_t timer;
    uv_work_t work;
    bool is_working;
    bool is_closing;
    bool has_failed; /* said once */
    int write_errno; /* of the work, read after it */
    void (*closed)(void *user);
    void *user;
    size_t len;  /* bytes of chunk being written */
    char *chunk; /* CHUNK_LEN */
};

static void write_chunk(struct tm_logdrain *d)
{
    errno = 0;
    bool ok = fwrite(d->chunk, 1, d->len, d->file) == d->len && fflush(d->file) == 0;
    d->write_errno = ok ? 0 : errno;
}

static void on_work(uv_work_t *work)
{
    write_chunk(work->data);
}

/* Moves text from the log to the chunk; false when there is none. */
static bool take_text(struct tm_logdrain *d)
{
    struct tm_view v = tm_schedlog_text(d->log);
    d->len = v.len < CHUNK_LEN ? v.len : CHUNK_LEN;
    if (d->len == 0)
        return false;
    memcpy(d->chunk, v.p, d->len);
    tm_schedlog_drained(d->log, d->len);
    return true;
}

static void note_result(struct tm_logdrain *d)
{
    if (d->write_errno != 0 && !d->has_failed)
        tm_log(TM_LOG_ERROR, "schedule log: %s; lines are missing", strerror(d->write_errno));
    d->has_failed |= d->write_errno != 0;
}

static void on_closed(uv_handle_t *h)
{
    struct tm_logdrain *d = h->data;
    void (*closed)(void *) = d->closed;
    void *user = d->user;
    free(d->chunk);
    free(d);
    if (closed != NULL)
        closed(user);
}

static void finish(struct tm_logdrain *d)
{
    while (take_text(d)) {
        write_chunk(d);
        note_result(d);
    }
    tm_schedlog_free(d->log);
    if (d->how == TM_LOGDRAIN_CLOSE)
        (void)fclose(d->file);
    uv_close((uv_handle_t *)&d->timer, on_closed);
}

static void on_worked(uv_work_t *work, int status)
{
    struct tm_logdrain *d = work->data;
    (void)status; /* only a cancel could fail, and nobody cancels */
    d->is_working = false;
    note_result(d);
    if (d->is_closing)
        finish(d);
    else
        tm_logdrain_poke(d);
}

static void on_timer(uv_timer_t *timer)
{
    struct tm_logdrain *d = timer->data;
    if (!d->is_working && take_text(d))
        d->is_working = uv_queue_work(timer->loop, &d->work, on_work, on_worked) == 0;
}

int tm_logdrain_new(struct tm_logdrain **out, uv_loop_t *loop, struct tm_schedlog *take_log,
                    FILE *file, enum tm_logdrain_file how)
{
    struct tm_logdrain *d = calloc(1, sizeof *d);
    char *chunk = malloc(CHUNK_LEN);
    *out = NULL;
    if (d == NULL || chunk == NULL) {
        free(d);
        free(chunk);
        tm_schedlog_free(take_log);
        if (how == TM_LOGDRAIN_CLOSE)
            (void)fclose(file);
        return TM_ERR_NOMEM;
    }
    d->log = take_log;
    d->file = file;
    d->how = how;
    d->chunk = chunk;
    d->timer.data = d;
    d->work.data = d;
    (void)uv_timer_init(loop, &d->timer);
    *out = d;
    return TM_OK;
}

void tm_logdrain_poke(struct tm_logdrain *d)
{
    if (!d->is_working && !uv_is_active((uv_handle_t *)&d->timer) &&
        tm_schedlog_text(d->log).len > 0)
        (void)uv_timer_start(&d->timer, on_timer, PERIOD_MS, 0);
}

void tm_logdrain_close(struct tm_logdrain *d, void (*closed)(void *user), void *user)
{
    d->is_closing = true;
    d->closed = closed;
    d->user = user;
    if (!d->is_working)
        finish(d);
}
