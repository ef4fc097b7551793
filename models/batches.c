#include "models/batches.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tm/base/err.h"

struct kept {
    struct tm_batch batch;
    uint64_t used; /* when; 0: nothing here */
    bool is_new;   /* brought by the maker and not used yet: stays until it is */
};

struct tm_batches {
    const struct tm_joint *j;           /* borrowed */
    const struct tm_batch_maker *maker; /* borrowed; NULL */
    uint64_t now;                       /* calls */
    uint64_t n_made, n_late;
    uint8_t asked[TM_BATCHES_ASKED_MAX][TM_SEED_LEN]; /* keys of those that the maker is at */
    unsigned n_asked, n_new;
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

void tm_batches_set_maker(struct tm_batches *b, const struct tm_batch_maker *maker)
{
    b->maker = maker;
}

uint64_t tm_batches_made(const struct tm_batches *b)
{
    return b->n_made;
}

uint64_t tm_batches_late(const struct tm_batches *b)
{
    return b->n_late;
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
    b->n_new -= k->is_new;
    tm_batch_deinit(&k->batch);
    *k = (struct kept){0};
}

void tm_batches_free(struct tm_batches *b)
{
    if (!b)
        return;
    if (b->maker)
        b->maker->forget(b->maker->user, b);
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++)
        drop(b, &b->kept[i]);
    OPENSSL_cleanse(b->asked, sizeof b->asked);
    free(b);
}

/* An empty place if there is one, else the one that was not used for longest. */
static struct kept *oldest(struct tm_batches *b)
{
    struct kept *k = NULL;
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
        struct kept *x = &b->kept[i];
        if (!x->is_new && (!k || x->used < k->used))
            k = x;
    }
    TM_ASSERT(k != NULL); /* only a few are new */
    return k;
}

/* Drops the oldest until no more than allowed is kept, but not `last`. */
static void make_room(struct tm_batches *b, const struct kept *last)
{
    while (b->n_writes > b->writes_max) {
        struct kept *k = NULL;
        for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
            struct kept *x = &b->kept[i];
            if (x->used > 0 && x != last && !x->is_new && (!k || x->used < k->used))
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

static struct kept *find(struct tm_batches *b, const uint8_t key[TM_SEED_LEN])
{
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
        struct kept *k = &b->kept[i];
        if (k->used > 0 && memcmp(k->batch.key, key, TM_SEED_LEN) == 0)
            return k;
    }
    return NULL;
}

static void set_used(struct tm_batches *b, struct kept *k)
{
    b->n_new -= k->is_new;
    k->is_new = false;
    k->used = b->now;
}

int tm_batches_get(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number,
                   const struct tm_batch **out)
{
    uint8_t key[TM_SEED_LEN];
    tm_batch_key(key, seed, number);
    b->now++;
    struct kept *k = find(b, key);
    if (k) {
        set_used(b, k);
        *out = &k->batch;
        return TM_OK;
    }
    k = oldest(b);
    drop(b, k);
    int rc = tm_batch_init(&k->batch, b->j, seed, number);
    b->n_made++;
    b->n_late += b->maker != NULL;
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

/* ---- Ahead of time ---- */

/* Its place among those that the maker is at; n_asked: it is not. */
static unsigned find_asked(const struct tm_batches *b, const uint8_t key[TM_SEED_LEN])
{
    unsigned i = 0;
    while (i < b->n_asked && memcmp(b->asked[i], key, TM_SEED_LEN) != 0)
        i++;
    return i;
}

/* What was brought first and is not used yet may go like any other. */
static void give_up_new(struct tm_batches *b)
{
    struct kept *k = NULL;
    for (unsigned i = 0; i < TM_BATCHES_MAX; i++) {
        struct kept *x = &b->kept[i];
        if (x->is_new && (!k || x->used < k->used))
            k = x;
    }
    if (k) {
        k->is_new = false;
        b->n_new--;
    }
}

bool tm_batches_await(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number)
{
    uint8_t key[TM_SEED_LEN];
    if (!b->maker)
        return true;
    tm_batch_key(key, seed, number);
    if (find(b, key))
        return true;
    if (find_asked(b, key) < b->n_asked || b->n_asked == TM_BATCHES_ASKED_MAX)
        return false;
    if (b->n_asked + b->n_new == TM_BATCHES_ASKED_MAX)
        give_up_new(b);
    if (b->maker->ask(b->maker->user, b, seed, number))
        memcpy(b->asked[b->n_asked++], key, sizeof key);
    return false;
}

void tm_batches_put(struct tm_batches *b, const uint8_t seed[TM_SEED_LEN], uint64_t number,
                    struct tm_batch *take)
{
    uint8_t key[TM_SEED_LEN];
    tm_batch_key(key, seed, number);
    unsigned at = find_asked(b, key);
    if (at < b->n_asked)
        memmove(b->asked[at], b->asked[--b->n_asked], sizeof key);
    if (!take)
        return;
    b->n_made++;
    if (find(b, key)) {
        tm_batch_deinit(take);
        return;
    }
    struct kept *k = oldest(b);
    drop(b, k);
    tm_batch_move(&k->batch, take);
    k->used = ++b->now;
    k->is_new = true;
    b->n_new++;
    b->n_writes += writes_of(&k->batch);
    make_room(b, k);
}
