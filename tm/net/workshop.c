#include "tm/net/workshop.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

struct job {
    uv_work_t work;
    struct tm_workshop *shop;
    struct job *next;
    struct tm_batches *whose; /* NULL: forgotten */
    const struct tm_joint *model;
    uint8_t seed[TM_SEED_LEN];
    uint64_t number;
    int rc;
    struct tm_batch batch;
};

struct tm_workshop {
    struct tm_batch_maker maker;
    uv_loop_t *loop;
    void (*made)(void *user); /* NULL: closing */
    void *user;
    struct job *first; /* the one that is at work; those behind it wait, in the order of asking */
    void (*closed)(void *user);
    void *closed_user;
    bool is_closing;
    bool has_failed; /* takes no more: who needs a batch makes it, and hears why it cannot be */
};

static void job_free(struct job *j)
{
    OPENSSL_cleanse(j->seed, sizeof j->seed);
    free(j);
}

/* ---- The worker: nothing but the job and the model ---- */

static void do_work(uv_work_t *work)
{
    struct job *j = work->data;
    j->rc = tm_batch_init(&j->batch, j->model, j->seed, j->number);
    if (j->rc != TM_OK)
        tm_batch_deinit(&j->batch);
}

/* ---- On the loop ---- */

static void after_work(uv_work_t *work, int status);

/* Drops what is not wanted any more, and sets the first of the others to work.  Nothing is left: a workshop that is closing is closed. */
static void go_on(struct tm_workshop *w)
{
    while (w->first != NULL) {
        struct job *j = w->first;
        if (j->whose != NULL) {
            j->work.data = j;
            if (uv_queue_work(w->loop, &j->work, do_work, after_work) == 0)
                return;
            tm_batches_put(j->whose, j->seed, j->number, NULL);
        }
        w->first = j->next;
        job_free(j);
    }
    if (!w->is_closing)
        return;
    void (*closed)(void *) = w->closed;
    void *user = w->closed_user;
    free(w);
    if (closed != NULL)
        closed(user);
}

static void after_work(uv_work_t *work, int status)
{
    struct job *j = work->data;
    struct tm_workshop *w = j->shop;
    bool is_made = status == 0 && j->rc == TM_OK; /* else cancelled, or without memory */
    bool is_wanted = j->whose != NULL;
    w->has_failed |= is_wanted && !is_made;
    if (is_wanted)
        tm_batches_put(j->whose, j->seed, j->number, is_made ? &j->batch : NULL);
    else if (is_made)
        tm_batch_deinit(&j->batch);
    w->first = j->next;
    job_free(j);
    void (*made)(void *) = w->is_closing || !is_wanted ? NULL : w->made;
    void *user = w->user;
    go_on(w);
    if (made != NULL)
        made(user);
}

static bool ask(void *user, struct tm_batches *whose, const uint8_t seed[TM_SEED_LEN],
                uint64_t number)
{
    struct tm_workshop *w = user;
    struct job *j = w->has_failed ? NULL : calloc(1, sizeof *j);
    if (j == NULL)
        return false;
    j->shop = w;
    j->whose = whose;
    j->model = tm_batches_model(whose);
    memcpy(j->seed, seed, sizeof j->seed);
    j->number = number;
    struct job **at = &w->first;
    while (*at != NULL)
        at = &(*at)->next;
    *at = j;
    if (w->first != j)
        return true; /* its turn comes */
    j->work.data = j;
    if (uv_queue_work(w->loop, &j->work, do_work, after_work) == 0)
        return true;
    w->first = NULL;
    job_free(j);
    return false;
}

/* The one at work goes on until it is done (or cancelled, if no thread has begun it): after_work ends it as any other. */
static void forget(void *user, struct tm_batches *whose)
{
    struct tm_workshop *w = user;
    for (struct job *j = w->first; j != NULL; j = j->next) {
        if (j->whose != whose)
            continue;
        j->whose = NULL;
        if (j == w->first)
            (void)uv_cancel((uv_req_t *)&j->work);
    }
}

/* ---- Life ---- */

int tm_workshop_new(struct tm_workshop **out, uv_loop_t *loop, void (*made)(void *user), void *user)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return TM_ERR_NOMEM;
    **out = (struct tm_workshop){.maker = {.ask = ask, .forget = forget, .user = *out},
                                 .loop = loop,
                                 .made = made,
                                 .user = user};
    return TM_OK;
}

const struct tm_batch_maker *tm_workshop_maker(const struct tm_workshop *w)
{
    return &w->maker;
}

bool tm_workshop_is_busy(const struct tm_workshop *w)
{
    return w->first != NULL;
}

void tm_workshop_free(struct tm_workshop *w, void (*closed)(void *user), void *user)
{
    if (w == NULL) {
        if (closed != NULL)
            closed(user);
        return;
    }
    w->is_closing = true;
    w->closed = closed;
    w->closed_user = user;
    if (w->first == NULL)
        go_on(w);
    else
        (void)uv_cancel((uv_req_t *)&w->first->work);
}
