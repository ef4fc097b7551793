#include "models/batch.h"

#include <stdlib.h>

#include <openssl/crypto.h>

uint32_t tm_batch_slices(const struct tm_joint *j)
{
    uint32_t n = (uint32_t)j->deck.n_conns;
    return j->batch_max == 0 || j->batch_max >= n ? 1 : (n + j->batch_max - 1) / j->batch_max;
}

void tm_batch_shuffle(uint32_t *v, uint32_t n, const uint8_t seed[TM_SEED_LEN],
                      enum tm_rng_label label, uint64_t index)
{
    uint8_t key[TM_SEED_LEN];
    struct tm_rng rng;
    tm_rng_child(key, seed, label, index);
    tm_rng_init(&rng, key);
    for (uint32_t i = n; i > 1; i--) {
        uint32_t k = (uint32_t)tm_rng_below(&rng, i);
        uint32_t swapped = v[i - 1];
        v[i - 1] = v[k];
        v[k] = swapped;
    }
    tm_rng_deinit(&rng);
    OPENSSL_cleanse(key, sizeof key);
}

int tm_batch_copy(struct tm_deck *to, const struct tm_deck *from, uint32_t i)
{
    const struct tm_deck_conn *c = &from->conn[i];
    int rc = tm_deck_add_conn(to, (enum tm_deck_role)c->role, c->close_gap_us);
    if (rc == TM_OK)
        tm_deck_close_last(to, &c->close);
    for (uint32_t k = 0; rc == TM_OK && k < c->n_writes; k++) {
        rc = tm_deck_add_write(to, from->w[c->first + k]);
        if (rc == TM_OK && from->weld[c->first + k])
            tm_deck_weld_last(to);
    }
    return rc;
}

/* Slice s of pass q, one role after the other. */
static int cut_slice(struct tm_deck *out, const struct tm_deck *deck,
                     const uint8_t seed[TM_SEED_LEN], uint64_t pass, uint32_t slice,
                     uint32_t n_slices)
{
    uint32_t *line = malloc(deck->n_conns * sizeof *line);
    int rc = line ? TM_OK : TM_ERR_NOMEM;
    for (uint32_t role = 0; rc == TM_OK && role < TM_DECK_ROLES; role++) {
        uint32_t n = 0;
        for (uint32_t i = 0; i < deck->n_conns; i++) {
            if (deck->conn[i].role == role)
                line[n++] = i;
        }
        tm_batch_shuffle(line, n, seed, TM_RNG_PASS, TM_DECK_ROLES * pass + role);
        uint32_t from = (uint32_t)((uint64_t)n * slice / n_slices);
        uint32_t upto = (uint32_t)((uint64_t)n * (slice + 1) / n_slices);
        for (uint32_t i = from; rc == TM_OK && i < upto; i++)
            rc = tm_batch_copy(out, deck, line[i]);
    }
    free(line);
    return rc;
}

void tm_batch_key(uint8_t key[TM_SEED_LEN], const uint8_t seed[TM_SEED_LEN], uint64_t number)
{
    tm_rng_child(key, seed, TM_RNG_BATCH, number);
}

int tm_batch_init(struct tm_batch *b, const struct tm_joint *j, const uint8_t seed[TM_SEED_LEN],
                  uint64_t number)
{
    struct tm_recombine_report report;
    uint32_t n_slices = tm_batch_slices(j);
    *b = (struct tm_batch){.slice = n_slices == 1 ? &j->deck : &b->own};
    tm_batch_key(b->key, seed, number);
    int rc = TM_OK;
    if (n_slices > 1)
        rc = cut_slice(&b->own, &j->deck, seed, number / n_slices, (uint32_t)(number % n_slices),
                       n_slices);
    if (rc == TM_OK)
        rc = tm_recombine(&b->deck, b->slice, &j->recombine, b->key, &report);
    return rc;
}

void tm_batch_move(struct tm_batch *to, struct tm_batch *from)
{
    bool is_own = from->slice == &from->own;
    *to = *from;
    if (is_own)
        to->slice = &to->own;
    OPENSSL_cleanse(from, sizeof *from);
}

void tm_batch_deinit(struct tm_batch *b)
{
    OPENSSL_cleanse(b->key, sizeof b->key);
    tm_deck_deinit(&b->own);
    tm_deck_deinit(&b->deck);
}
