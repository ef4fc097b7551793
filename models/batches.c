#include "models/batches.h"

#include <stdlib.h>
#include <string.h>

struct kept {
    struct tm_batch batch;
    uint64_t used; /* when; 0: nothing here */
};

struct tm_batches {
    const struct tm_joint *j; /* borrowed */
    uint64_t now;             /* calls */
    uint64_t n_made;
    size_t n_writes, writes_max; /* of all that is kept */
    struct kept kept[TM_BATCHES_MAX];
};

int tm_batches_new(struct tm_batches **out, const struct tm_joint *j, size_t writes_max)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return TM_ERR_NOMEM;
    (*out)->j = j;
    (*out)->writes_max = writes_max;
    return TM_OK;
}

const struct tm_joint *tm_batches_model(const struct tm_batches *b)
{
    return b->j;
}

uint64_t tm_batches_made(const struct tm_batches *b)
{
    return b->n_made;
}

static size_t writes_of(const struct tm_batch *b)
{
    return b->deck.n_writes + b->own.n_writes;
}

static void drop(struct tm_batches *b, struct kept *k)
{
    if (k->used == 0)
        return;
    b->n_writes -= writes_of(&k->batch);
    tm_batch_deinit(&k->batch);
    *k = (struct kept){0};
}

void tm_batches_free(struct tm_batches *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++)
        drop(b, &b->kept[i]);
    free(b);
}

/* An empty place if there is one, else the one that was not used for longest. */
static struct kept *oldest(struct tm_batches *b)
{
    struct kept *k = &b->kept[0];
    for (unsigned i = 1; i < TM_BATCHES_MAX; i++) {
        if (b->kept[i].used < k->used)
            k = &b->kept[i];
    }
    return k;
}

/* Drops the oldest until no more than allowed is kept, but not `last`. */
static void make_room(struct tm_batches *b, const struct kept *last)
{
    while (b->n_writes > b->writes_max) {
        struct kept *k = NULL;
        for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
            struct kept *x = &b->kept[i];
            if (x->used > 0 && x != last && (!k || x->used < k->used))
                k = x;
        }
        if (!k)
            return;
        drop(b, k);
    }
}

void tm_batches_done(struct tm_batches *b)
{
    make_room(b, NULL);
}

int tm_batches_get(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number,
                   const struct tm_batch **out)
{
    uint8_t key[TM_SEED_LEN];
    tm_batch_key(key, seed, number);
    b->now++;
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
        struct kept *k = &b->kept[i];
        if (k->used > 0 && memcmp(k->batch.key, key, sizeof key) == 0) {
            k->used = b->now;
            *out = &k->batch;
            return TM_OK;
        }
    }
    struct kept *k = oldest(b);
    drop(b, k);
    int rc = tm_batch_init(&k->batch, b->j, seed, number);
    b->n_made++;
    if (rc != TM_OK) {
        tm_batch_deinit(&k->batch);
        return rc;
    }
    k->used = b->now;
    b->n_writes += writes_of(&k->batch);
    make_room(b, k);
    *out = &k->batch;
    return TM_OK;
}
