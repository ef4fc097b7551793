#include "learner/shard_join.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_block(const void *a, const void *b)
{
    const struct tm_shard_item *x = a;
    const struct tm_shard_item *y = b;
    return tm_shard_block_order(x->block, y->block);
}

/* The file's settings against the first one's. */
static int check_settings(const struct tm_shard_file *first, const struct tm_shard_file *s,
                          struct tm_msg *msg)
{
    if (s->settings_len == first->settings_len &&
        memcmp(s->settings, first->settings, s->settings_len) == 0)
        return TM_OK;
    return tm_msg_set(msg, TM_ERR_RANGE,
                      "%s and %s do not fit together: made with different options or by different "
                      "versions of tm-learn; make all parts with the same command",
                      first->path, s->path);
}

/* Two neighbours in the order of blocks. */
static int check_pair(const struct tm_shard_item *a, const struct tm_shard_item *b,
                      struct tm_msg *msg)
{
    if (!tm_shard_block_same(a->block, b->block))
        return TM_OK;
    if (a->block->n_parts != b->block->n_parts)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "%s and %s hold one capture cut into %u and into %u parts: make all "
                          "parts with the same --shard i/N",
                          a->file->path, b->file->path, a->block->n_parts, b->block->n_parts);
    if (a->block->part == b->block->part)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "%s and %s both hold part %u/%u of one capture: give each part once",
                          a->file->path, b->file->path, a->block->part, a->block->n_parts);
    if (memcmp(&a->block->counts, &b->block->counts, sizeof a->block->counts) != 0)
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "%s and %s disagree about what one capture holds: make both again",
                          a->file->path, b->file->path);
    return TM_OK;
}

static bool has_tcp(const struct tm_shard_block *b)
{
    return b->counts.world.n_packets + b->counts.world.n_other_packets > 0;
}

/* Captures without a TCP packet and with equal counts cannot be told apart; that one is there twice is no fault of
 * anybody then, and it is counted once. */
static void drop_empty_twins(struct tm_shard_join *j)
{
    size_t n = 0;
    for (size_t i = 0; i < j->n_items; i++) {
        bool is_twin =
            n > 0 && !has_tcp(j->item[i].block) && by_block(&j->item[n - 1], &j->item[i]) == 0;
        if (!is_twin)
            j->item[n++] = j->item[i];
    }
    j->n_items = n;
}

static int collect(struct tm_shard_join *j)
{
    size_t n = 0;
    for (size_t f = 0; f < j->n_files; f++)
        n += j->file[f].n_blocks;
    j->item = calloc(n > 0 ? n : 1, sizeof *j->item);
    if (!j->item)
        return TM_ERR_NOMEM;
    for (size_t f = 0; f < j->n_files; f++) {
        for (uint32_t b = 0; b < j->file[f].n_blocks; b++)
            j->item[j->n_items++] = (struct tm_shard_item){&j->file[f].block[b], &j->file[f]};
    }
    qsort(j->item, n, sizeof *j->item, by_block);
    drop_empty_twins(j);
    return TM_OK;
}

int tm_shard_join_open(struct tm_shard_join *j, char *const *path, size_t n, struct tm_msg *msg)
{
    TM_ASSERT(n > 0);
    *j = (struct tm_shard_join){.file = calloc(n, sizeof *j->file)};
    int rc = j->file ? TM_OK : TM_ERR_NOMEM;
    for (size_t i = 0; i < n && rc == TM_OK; i++) {
        rc = tm_shard_open(&j->file[i], path[i], msg);
        j->n_files += rc == TM_OK;
        if (rc == TM_OK)
            rc = check_settings(&j->file[0], &j->file[i], msg);
    }
    if (rc == TM_OK)
        rc = collect(j);
    for (size_t i = 1; i < j->n_items && rc == TM_OK; i++)
        rc = check_pair(&j->item[i - 1], &j->item[i], msg);
    if (rc != TM_OK)
        tm_shard_join_close(j);
    return rc;
}

void tm_shard_join_close(struct tm_shard_join *j)
{
    for (size_t i = 0; i < j->n_files; i++)
        tm_shard_close(&j->file[i]);
    free(j->file);
    free(j->item);
    *j = (struct tm_shard_join){0};
}

size_t tm_shard_join_end(const struct tm_shard_join *j, size_t from)
{
    size_t to = from + 1;
    while (to < j->n_items && tm_shard_block_same(j->item[from].block, j->item[to].block))
        to++;
    return to;
}

int tm_shard_join_complete(const struct tm_shard_join *j, struct tm_msg *msg)
{
    for (size_t from = 0, to; from < j->n_items; from = to) {
        const struct tm_shard_block *first = j->item[from].block;
        to = tm_shard_join_end(j, from);
        if (to - from == first->n_parts)
            continue;
        uint32_t missing = 1; /* parts are in order, each at most once */
        while (from + missing - 1 < to && j->item[from + missing - 1].block->part == missing)
            missing++;
        return tm_msg_set(msg, TM_ERR_RANGE,
                          "part %u/%u of the capture that %s holds is missing: add the shard that "
                          "has it",
                          missing, first->n_parts, j->item[from].file->path);
    }
    return TM_OK;
}
