#include "learner/capture/ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learner/capture/frames.h"

#define CHUNK_LEN ((size_t)512 * 1024)
#define N_CHUNKS  4U
#define HELD      2U /* the chunk last given out, and the one before it */

struct chunk {
    uint8_t *mem; /* TM_FRAMES_HEADROOM bytes, then the chunk */
    ssize_t len;  /* 0: the end; negative: errno */
};

struct tm_ahead {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_stopped;
    uint64_t n_filled;
    uint64_t n_given;
    struct chunk chunk[N_CHUNKS];
};

static ssize_t read_all(int fd, uint8_t *buf, size_t cap)
{
    ssize_t got;
    do
        got = read(fd, buf, cap);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static bool has_room(const struct tm_ahead *a)
{
    uint64_t n_free_from = a->n_given > HELD ? a->n_given - HELD : 0;
    return a->n_filled - n_free_from < N_CHUNKS;
}

static void *fill_chunks(void *ctx)
{
    struct tm_ahead *a = ctx;
    ssize_t len = 1;
    while (len > 0) {
        (void)pthread_mutex_lock(&a->lock);
        while (!a->is_stopped && !has_room(a))
            (void)pthread_cond_wait(&a->moved, &a->lock);
        bool is_stopped = a->is_stopped;
        struct chunk *c = &a->chunk[a->n_filled % N_CHUNKS];
        (void)pthread_mutex_unlock(&a->lock);
        if (is_stopped)
            break;
        len = read_all(a->fd, c->mem + TM_FRAMES_HEADROOM, CHUNK_LEN);
        (void)pthread_mutex_lock(&a->lock);
        c->len = len;
        a->n_filled++;
        (void)pthread_cond_signal(&a->moved);
        (void)pthread_mutex_unlock(&a->lock);
    }
    return NULL;
}

static void free_chunks(struct tm_ahead *a)
{
    for (size_t i = 0; i < N_CHUNKS; i++)
        free(a->chunk[i].mem);
    free(a);
}

int tm_ahead_open(struct tm_ahead **out, int fd)
{
    struct tm_ahead *a = calloc(1, sizeof *a);
    *out = NULL;
    if (!a)
        return TM_ERR_NOMEM;
    a->fd = fd;
    for (size_t i = 0; i < N_CHUNKS; i++) {
        a->chunk[i].mem = malloc(TM_FRAMES_HEADROOM + CHUNK_LEN);
        if (!a->chunk[i].mem) {
            free_chunks(a);
            return TM_ERR_NOMEM;
        }
    }
    (void)pthread_mutex_init(&a->lock, NULL);
    (void)pthread_cond_init(&a->moved, NULL);
    if (pthread_create(&a->thread, NULL, fill_chunks, a) != 0) {
        free_chunks(a);
        return TM_ERR_LIMIT;
    }
    *out = a;
    return TM_OK;
}

void tm_ahead_close(struct tm_ahead *a)
{
    if (!a)
        return;
    (void)pthread_mutex_lock(&a->lock);
    a->is_stopped = true;
    (void)pthread_cond_signal(&a->moved);
    (void)pthread_mutex_unlock(&a->lock);
    (void)pthread_join(a->thread, NULL);
    (void)pthread_cond_destroy(&a->moved);
    (void)pthread_mutex_destroy(&a->lock);
    free_chunks(a);
}

ssize_t tm_ahead_chunk(void *ctx, uint8_t **out, struct tm_msg *msg)
{
    struct tm_ahead *a = ctx;
    (void)pthread_mutex_lock(&a->lock);
    while (a->n_filled == a->n_given)
        (void)pthread_cond_wait(&a->moved, &a->lock);
    struct chunk *c = &a->chunk[a->n_given % N_CHUNKS];
    ssize_t len = c->len;
    if (len > 0)
        a->n_given++; /* the end, or a fault, is given again */
    (void)pthread_cond_signal(&a->moved);
    (void)pthread_mutex_unlock(&a->lock);
    *out = c->mem + TM_FRAMES_HEADROOM;
    if (len < 0)
        return tm_msg_set(msg, TM_ERR_IO, "cannot read: %s", strerror((int)-len));
    return len;
}
