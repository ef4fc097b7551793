/* Writing shard files. */
#include "learner/shard_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/shard_format.h"
#include "models/canon.h"
#include "tm/base/buf.h"
#include "tm/base/grow.h"

struct tm_shard_writer {
    FILE *f;
    const char *path; /* borrowed */
    char *part;       /* the name until all is written; owned; NULL once it is committed */
    uint8_t settings[TM_SHARD_SETTINGS_MAX];
    size_t settings_len;
    uint64_t offset;
    struct tm_shard_block *block;
    size_t n_blocks;
    size_t cap_blocks;
};

static int failed(const struct tm_shard_writer *w, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_IO, "%s: cannot write: %s", w->path, strerror(errno));
}

static int put(struct tm_shard_writer *w, const void *p, size_t n, struct tm_msg *msg)
{
    if (n > 0 && fwrite(p, 1, n, w->f) != n)
        return failed(w, msg);
    w->offset += n;
    return TM_OK;
}

static int put_head(struct tm_shard_writer *w, struct tm_msg *msg)
{
    uint8_t head[TM_SHARD_HEAD_LEN];
    struct tm_wr wr = tm_wr_init(head, sizeof head);
    tm_wr_bytes(&wr, TM_SHARD_MAGIC, TM_SHARD_MAGIC_LEN);
    tm_wr_u32(&wr, (uint32_t)w->settings_len);
    int rc = put(w, head, wr.len, msg);
    return rc == TM_OK ? put(w, w->settings, w->settings_len, msg) : rc;
}

/* A device or a pipe of that name must not be replaced. */
static int check_name(const char *path, struct tm_msg *msg)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return tm_msg_set(msg, TM_ERR_IO, "%s: is there already and no file", path);
    return TM_OK;
}

int tm_shard_create(struct tm_shard_writer **out, const char *path, const uint8_t *settings,
                    size_t settings_len, struct tm_msg *msg)
{
    TM_ASSERT(settings_len <= TM_SHARD_SETTINGS_MAX);
    *out = NULL;
    struct tm_shard_writer *w = calloc(1, sizeof *w);
    if (!w)
        return TM_ERR_NOMEM;
    w->path = path;
    memcpy(w->settings, settings, settings_len);
    w->settings_len = settings_len;
    int rc = check_name(path, msg);
    if (rc != TM_OK)
        goto out;
    rc = TM_ERR_NOMEM;
    if (asprintf(&w->part, "%s.XXXXXX", path) < 0) {
        w->part = NULL;
        goto out;
    }
    int fd = mkstemp(w->part); /* readable to the owner alone */
    if (fd < 0) {
        rc = failed(w, msg);
        free(w->part);
        w->part = NULL;
        goto out;
    }
    w->f = fdopen(fd, "wb");
    if (!w->f)
        (void)close(fd);
    rc = w->f ? put_head(w, msg) : TM_ERR_NOMEM;
out:
    if (rc == TM_OK)
        *out = w;
    else
        tm_shard_writer_free(w);
    return rc;
}

/* Room for one more block. */
static int block_room(struct tm_shard_writer *w, struct tm_msg *msg)
{
    if (w->n_blocks >= TM_SHARD_BLOCKS_MAX)
        return tm_msg_set(msg, TM_ERR_LIMIT, "%s: more than %u parts of captures: use more files",
                          w->path, TM_SHARD_BLOCKS_MAX);
    return tm_grow(&w->block, &w->cap_blocks, w->n_blocks, sizeof *w->block);
}

int tm_shard_add_block(struct tm_shard_writer *w, struct tm_shard_block b, const uint8_t *p,
                       struct tm_msg *msg)
{
    int rc = block_room(w, msg);
    b.offset = w->offset;
    if (rc == TM_OK)
        rc = put(w, p, (size_t)b.len, msg);
    if (rc == TM_OK)
        w->block[w->n_blocks++] = b;
    return rc;
}

/* Bytes of a block, which its length and digest cover. */
static int put_more(struct tm_shard_writer *w, const uint8_t *p, size_t n, struct tm_shard_block *b,
                    struct tm_canon *digest, struct tm_msg *msg)
{
    tm_canon_bytes(digest, p, n);
    b->len += n;
    return put(w, p, n, msg);
}

static int put_records(struct tm_shard_writer *w, const struct tm_shard_content *c,
                       struct tm_shard_block *b, struct tm_canon *digest, struct tm_msg *msg)
{
    size_t cap = 1;
    for (size_t i = 0; i < c->n_records; i++) {
        size_t len = tm_shard_record_max(&c->record[i]);
        cap = len > cap ? len : cap;
    }
    uint8_t *p = malloc(cap);
    int rc = p ? TM_OK : TM_ERR_NOMEM;
    for (size_t i = 0; i < c->n_records && rc == TM_OK; i++) {
        struct tm_wr wr = tm_wr_init(p, cap);
        rc = tm_shard_encode_record(&wr, &c->record[i], c->pool);
        if (rc == TM_OK)
            rc = put_more(w, p, wr.len, b, digest, msg);
    }
    free(p);
    return rc;
}

static int put_samples(struct tm_shard_writer *w, struct tm_samples *s, struct tm_shard_block *b,
                       struct tm_canon *digest, struct tm_msg *msg)
{
    uint8_t *p;
    size_t len;
    int rc = tm_shard_encode_samples(s, &p, &len);
    if (rc == TM_OK)
        rc = put_more(w, p, len, b, digest, msg);
    free(p);
    return rc;
}

int tm_shard_add_records(struct tm_shard_writer *w, struct tm_shard_block b,
                         const struct tm_shard_content *c, struct tm_msg *msg)
{
    struct tm_canon digest;
    int rc = block_room(w, msg);
    if (rc != TM_OK)
        return rc;
    b.n_records = c->n_records;
    b.offset = w->offset;
    b.len = 0;
    b.occurrence = 0;
    for (size_t i = 0; i < w->n_blocks; i++)
        b.occurrence += w->block[i].mark == b.mark;
    tm_shard_digest_init(&digest);
    rc = put_records(w, c, &b, &digest, msg);
    if (rc == TM_OK)
        rc = put_samples(w, c->samples, &b, &digest, msg);
    tm_canon_final(&digest, b.digest);
    if (rc == TM_OK)
        w->block[w->n_blocks++] = b;
    return rc;
}

/* The index, and its digest together with the settings'. */
static int put_index(struct tm_shard_writer *w, struct tm_msg *msg)
{
    size_t len = sizeof(uint32_t) + w->n_blocks * tm_shard_block_len();
    uint8_t tail[TM_SHARD_TAIL_LEN];
    uint8_t digest[TM_DIGEST_LEN];
    uint8_t *p = malloc(w->settings_len + len);
    if (!p)
        return TM_ERR_NOMEM;
    struct tm_wr wr = tm_wr_init(p, w->settings_len + len);
    tm_wr_bytes(&wr, w->settings, w->settings_len);
    tm_wr_u32(&wr, (uint32_t)w->n_blocks);
    for (size_t i = 0; i < w->n_blocks; i++)
        tm_shard_encode_block(&wr, &w->block[i]);
    TM_ASSERT(tm_wr_ok(&wr) && wr.len == w->settings_len + len);
    tm_shard_digest(p, wr.len, digest);
    struct tm_wr end = tm_wr_init(tail, sizeof tail);
    tm_wr_u64(&end, w->offset);
    tm_wr_bytes(&end, digest, sizeof digest);
    tm_wr_bytes(&end, TM_SHARD_END, TM_SHARD_MAGIC_LEN);
    int rc = put(w, p + w->settings_len, len, msg);
    free(p);
    return rc == TM_OK ? put(w, tail, sizeof tail, msg) : rc;
}

int tm_shard_commit(struct tm_shard_writer *w, struct tm_msg *msg)
{
    int rc = put_index(w, msg);
    if (rc == TM_OK && (fflush(w->f) != 0 || fsync(fileno(w->f)) != 0))
        rc = failed(w, msg);
    if (rc == TM_OK && rename(w->part, w->path) != 0)
        rc = failed(w, msg);
    if (rc == TM_OK) {
        free(w->part);
        w->part = NULL;
    }
    return rc;
}

void tm_shard_writer_free(struct tm_shard_writer *w)
{
    if (!w)
        return;
    if (w->f)
        (void)fclose(w->f);
    if (w->part)
        (void)unlink(w->part);
    free(w->part);
    free(w->block);
    free(w);
}
