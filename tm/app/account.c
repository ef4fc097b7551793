/* tm/app/account.c - see account.h. */
#include "tm/app/account.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tm/app/file.h"
#include "tm/app/usage.h"
#include "tm/base/grow.h"
#include "tm/base/log.h"

#define WRITE_MS 60000U

struct entry {
    uint8_t id[TM_CLIENT_ID_LEN];
    struct tm_usage usage;
    bool is_new;  /* not written yet */
    bool is_gone; /* revoked: never written again */
};

struct tm_account {
    uv_timer_t timer;
    uv_work_t work;
    char dir[TM_FILE_PATH_MAX];
    void (*collect)(void *user);
    void *user;
    struct entry *entry; /* owned; as many clients as came since the start */
    size_t n, room;
    struct entry *job; /* owned by the worker while it works */
    size_t n_job;
    int job_rc;
    struct tm_msg why;  /* of the worker */
    bool has_failed;    /* said so */
    bool is_working;    /* the worker has `job` */
    bool is_closed;     /* no timer any more */
    unsigned n_closing; /* timer, worker */
};

/* Writes entries; the first error is kept, the others are tried all the same. */
static int write_entries(const char *dir, const struct entry *e, size_t n, struct tm_msg *why)
{
    int rc = TM_OK;
    for (size_t i = 0; i < n; i++) {
        int one = tm_usage_save(&e[i].usage, dir, e[i].id, rc == TM_OK ? why : NULL);
        rc = rc == TM_OK ? one : rc;
    }
    return rc;
}

static void complain(struct tm_account *a, int rc)
{
    if (rc != TM_OK && !a->has_failed)
        tm_log(TM_LOG_WARN, "what clients use is not written: %s", a->why.text);
    a->has_failed = rc != TM_OK;
}

static void part_closed(struct tm_account *a)
{
    if (--a->n_closing > 0)
        return;
    free(a->entry);
    free(a);
}

/* The entries that were not written yet, as an array of their own; they count as written. */
static size_t take_new(struct tm_account *a, struct entry **out)
{
    size_t n = 0;
    *out = a->n > 0 ? calloc(a->n, sizeof **out) : NULL;
    for (size_t i = 0; i < a->n && *out != NULL; i++) {
        if (!a->entry[i].is_new)
            continue;
        a->entry[i].is_new = false;
        (*out)[n++] = a->entry[i];
    }
    return n;
}

static void on_work(uv_work_t *work)
{
    struct tm_account *a = work->data;
    a->job_rc = write_entries(a->dir, a->job, a->n_job, &a->why);
}

static void end_work(struct tm_account *a)
{
    free(a->job);
    a->job = NULL;
    a->is_working = false;
}

static void after_work(uv_work_t *work, int status)
{
    struct tm_account *a = work->data;
    (void)status;
    complain(a, a->job_rc);
    end_work(a);
    if (a->is_closed)
        part_closed(a);
}

static void on_timer(uv_timer_t *timer)
{
    struct tm_account *a = timer->data;
    if (a->is_working)
        return;
    a->collect(a->user);
    a->n_job = take_new(a, &a->job);
    a->is_working = a->n_job > 0;
    if (!a->is_working || uv_queue_work(timer->loop, &a->work, on_work, after_work) != 0)
        end_work(a);
}

int tm_account_open(struct tm_account **out, uv_loop_t *loop, const char *dir,
                    void (*collect)(void *user), void *user, struct tm_msg *msg)
{
    *out = NULL;
    int rc = tm_usage_make_dir(dir, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_account *a = calloc(1, sizeof *a);
    if (a == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    (void)snprintf(a->dir, sizeof a->dir, "%s", dir);
    a->collect = collect;
    a->user = user;
    a->timer.data = a->work.data = a;
    (void)uv_timer_init(loop, &a->timer);
    (void)uv_timer_start(&a->timer, on_timer, WRITE_MS, WRITE_MS);
    *out = a;
    return TM_OK;
}

static struct entry *find(struct tm_account *a, const uint8_t *id)
{
    for (size_t i = 0; i < a->n; i++)
        if (memcmp(a->entry[i].id, id, TM_CLIENT_ID_LEN) == 0)
            return &a->entry[i];
    return NULL;
}

/* NULL: no memory; counting is not worth an end. */
static struct entry *add_entry(struct tm_account *a, const uint8_t *id)
{
    struct tm_msg why;
    if (tm_grow(&a->entry, &a->room, a->n, sizeof *a->entry) != TM_OK)
        return NULL;
    struct entry *e = &a->entry[a->n++];
    *e = (struct entry){.is_new = true};
    memcpy(e->id, id, sizeof e->id);
    if (tm_usage_load(&e->usage, a->dir, id, &why) != TM_OK)
        tm_log(TM_LOG_WARN, "%s", why.text);
    return e;
}

void tm_account_add(struct tm_account *a, const uint8_t id[TM_CLIENT_ID_LEN], uint64_t bytes)
{
    struct entry *e = find(a, id);
    if (e == NULL)
        e = add_entry(a, id);
    if (e == NULL || e->is_gone)
        return;
    tm_usage_add(&e->usage, bytes, (int64_t)time(NULL));
    e->is_new = true;
}

void tm_account_forget(struct tm_account *a, const uint8_t id[TM_CLIENT_ID_LEN])
{
    struct entry *e = find(a, id);
    if (e == NULL) /* its session tells what it moved when it ends, which is later */
        e = add_entry(a, id);
    if (e == NULL)
        return;
    e->is_gone = true;
    e->is_new = false;
}

static void on_closed(uv_handle_t *h)
{
    part_closed(h->data);
}

void tm_account_close(struct tm_account *a)
{
    struct entry *rest;
    if (a == NULL)
        return;
    size_t n = take_new(a, &rest);
    bool is_writing = a->is_working && uv_cancel((uv_req_t *)&a->work) != 0;
    a->n_closing = a->is_working ? 2 : 1;
    a->is_closed = true;
    /* A worker that still writes has older numbers of the same clients: it is not to come last. */
    if (is_writing && n > 0)
        tm_log(TM_LOG_WARN,
               "the last minute of what clients used is not written: the disk is slow");
    if (a->is_working && !is_writing)
        complain(a, write_entries(a->dir, a->job, a->n_job, &a->why));
    if (!is_writing)
        complain(a, write_entries(a->dir, rest, n, &a->why));
    free(rest);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}
