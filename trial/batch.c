#include "trial/batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trial/output.h"

#define THREADS_MAX 256U

struct batch {
    struct tm_trial_job *jobs;
    size_t n;
    const struct tm_trial_cfg *cfg;
    atomic_size_t next;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* n_done */
    size_t n_done;
};

static void run_job(const struct batch *b, size_t i)
{
    struct tm_trial_job *job = &b->jobs[i];
    struct tm_mbsim_trace trace = {.n = 0};
    struct tm_mbsim_log log = {.n = 0};
    job->rc = tm_trial_load_trace(&trace, job->path, b->cfg->take, &job->msg);
    if (job->rc == TM_OK) {
        struct tm_msg why = {""};
        job->rc = tm_trial_run(&job->result, &log, &trace, b->cfg, i, &why);
        if (job->rc != TM_OK && job->rc != TM_ERR_NOMEM)
            job->rc = tm_msg_set(&job->msg, job->rc, "%s: %s", job->path, why.text);
    }
    if (job->rc == TM_OK && job->output)
        job->rc = tm_trial_write(job->output, &log, &trace, job->result.size_bytes, &job->msg);
    tm_mbsim_log_deinit(&log);
    tm_mbsim_trace_deinit(&trace);
}

static void *work(void *arg)
{
    struct batch *b = arg;
    size_t i;
    while ((i = atomic_fetch_add(&b->next, 1)) < b->n) {
        run_job(b, i);
        (void)pthread_mutex_lock(&b->lock);
        b->n_done++;
        (void)pthread_cond_signal(&b->changed);
        (void)pthread_mutex_unlock(&b->lock);
    }
    return NULL;
}

/* Until all is done, a line a second. */
static void watch(struct batch *b)
{
    const bool is_on = isatty(STDERR_FILENO) == 1;
    bool is_shown = false;
    (void)pthread_mutex_lock(&b->lock);
    while (b->n_done < b->n) {
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec++;
        while (b->n_done < b->n && pthread_cond_timedwait(&b->changed, &b->lock, &until) == 0)
            continue;
        if (is_on && b->n_done < b->n) {
            (void)fprintf(stderr, "\r\033[K%zu of %zu traces", b->n_done, b->n);
            is_shown = true;
        }
    }
    (void)pthread_mutex_unlock(&b->lock);
    if (is_shown)
        (void)fputs("\r\033[K", stderr);
}

int tm_trial_batch(struct tm_trial_job *jobs, size_t n, const struct tm_trial_cfg *cfg,
                   unsigned n_threads)
{
    struct batch b = {.jobs = jobs, .n = n, .cfg = cfg};
    pthread_t threads[THREADS_MAX];
    unsigned n_started = 0;
    n_threads = n_threads < THREADS_MAX ? n_threads : THREADS_MAX;
    (void)pthread_mutex_init(&b.lock, NULL);
    (void)pthread_cond_init(&b.changed, NULL);
    while (n_started < n_threads && n_started < n &&
           pthread_create(&threads[n_started], NULL, work, &b) == 0)
        n_started++;
    if (n_started > 0)
        watch(&b);
    for (unsigned i = 0; i < n_started; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_cond_destroy(&b.changed);
    (void)pthread_mutex_destroy(&b.lock);
    return n_started > 0 || n == 0 ? TM_OK : TM_ERR_NOMEM;
}
