/* Reading shard files. */
#include "learner/shard_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learner/shard_format.h"
#include "tm/base/buf.h"

static int failed(const char *path, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_IO, "%s: cannot read: %s", path, strerror(errno));
}

static int not_shard(const char *path, const char *why, struct tm_msg *msg)
{
    return tm_msg_set(msg, TM_ERR_FORMAT, "%s: %s", path, why);
}

/* Exactly n bytes at `offset`. */
static int read_at(int fd, uint64_t offset, void *p, size_t n, const char *path, struct tm_msg *msg)
{
    uint8_t *at = p;
    while (n > 0) {
        ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(path, msg);
        if (got == 0)
            return not_shard(path, "ends early: cut or damaged; make it again", msg);
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return TM_OK;
}

static int open_file(const char *path, uint64_t *size, int *fd, struct tm_msg *msg)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0 || fstat(*fd, &st) != 0)
        return failed(path, msg);
    if (!S_ISREG(st.st_mode))
        return not_shard(path, "not a shard of tm-learn learn --shard", msg);
    *size = (uint64_t)st.st_size;
    return TM_OK;
}

static int read_head(struct tm_shard_file *s, int fd, uint64_t size, uint64_t *end,
                     struct tm_msg *msg)
{
    uint8_t head[TM_SHARD_HEAD_LEN];
    if (size < TM_SHARD_HEAD_LEN)
        return not_shard(s->path, "not a shard of tm-learn learn --shard", msg);
    int rc = read_at(fd, 0, head, sizeof head, s->path, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_rd rd = tm_rd_init(head + TM_SHARD_MAGIC_LEN, sizeof(uint32_t));
    s->settings_len = tm_rd_u32(&rd);
    if (memcmp(head, TM_SHARD_MAGIC, TM_SHARD_MAGIC_LEN) != 0)
        return not_shard(s->path, "not a shard of tm-learn learn --shard", msg);
    if (s->settings_len > sizeof s->settings)
        return not_shard(s->path, "damaged: make it again", msg);
    *end = TM_SHARD_HEAD_LEN + s->settings_len;
    return read_at(fd, TM_SHARD_HEAD_LEN, s->settings, s->settings_len, s->path, msg);
}

/* Blocks at `p`, whose records lie in bytes from..to-1. */
static int parse_blocks(struct tm_shard_file *s, const uint8_t *p, size_t len, uint64_t from,
                        uint64_t to)
{
    struct tm_rd rd = tm_rd_init(p, len);
    uint32_t n = tm_rd_u32(&rd);
    if (!tm_rd_ok(&rd) || n > TM_SHARD_BLOCKS_MAX || n * tm_shard_block_len() != rd.len)
        return TM_ERR_FORMAT;
    s->block = calloc(n > 0 ? n : 1, sizeof *s->block);
    if (!s->block)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        int rc = tm_shard_decode_block(&rd, from, to, &s->block[i]);
        if (rc != TM_OK)
            return rc;
    }
    s->n_blocks = n;
    return TM_OK;
}

static int read_index(struct tm_shard_file *s, int fd, uint64_t from, uint64_t size,
                      struct tm_msg *msg)
{
    uint8_t tail[TM_SHARD_TAIL_LEN];
    uint8_t digest[TM_DIGEST_LEN];
    static const char damaged[] = "cut or damaged: make it again";
    if (size < from + TM_SHARD_TAIL_LEN)
        return not_shard(s->path, damaged, msg);
    int rc = read_at(fd, size - TM_SHARD_TAIL_LEN, tail, sizeof tail, s->path, msg);
    if (rc != TM_OK)
        return rc;
    struct tm_rd rd = tm_rd_init(tail, sizeof tail);
    uint64_t at = tm_rd_u64(&rd);
    if (memcmp(tail + sizeof tail - TM_SHARD_MAGIC_LEN, TM_SHARD_END, TM_SHARD_MAGIC_LEN) != 0 ||
        at < from || at > size - TM_SHARD_TAIL_LEN)
        return not_shard(s->path, damaged, msg);
    uint64_t len = size - TM_SHARD_TAIL_LEN - at;
    if (len > sizeof(uint32_t) + (uint64_t)TM_SHARD_BLOCKS_MAX * tm_shard_block_len())
        return not_shard(s->path, damaged, msg);
    uint8_t *index = malloc((size_t)len + s->settings_len + 1);
    if (!index)
        return TM_ERR_NOMEM;
    memcpy(index, s->settings, s->settings_len);
    rc = read_at(fd, at, index + s->settings_len, (size_t)len, s->path, msg);
    if (rc == TM_OK) {
        tm_shard_digest(index, s->settings_len + (size_t)len, digest);
        rc = memcmp(digest, tail + sizeof(uint64_t), sizeof digest) == 0
                 ? parse_blocks(s, index + s->settings_len, (size_t)len, from, at)
                 : TM_ERR_FORMAT;
    }
    free(index);
    return rc == TM_ERR_FORMAT ? not_shard(s->path, damaged, msg) : rc;
}

int tm_shard_open(struct tm_shard_file *s, const char *path, struct tm_msg *msg)
{
    int fd;
    uint64_t size = 0;
    uint64_t from = 0;
    *s = (struct tm_shard_file){.path = path};
    int rc = open_file(path, &size, &fd, msg);
    if (rc == TM_OK)
        rc = read_head(s, fd, size, &from, msg);
    if (rc == TM_OK)
        rc = read_index(s, fd, from, size, msg);
    if (fd >= 0)
        (void)close(fd);
    if (rc != TM_OK)
        tm_shard_close(s);
    return rc;
}

void tm_shard_close(struct tm_shard_file *s)
{
    free(s->block);
    *s = (struct tm_shard_file){0};
}

int tm_shard_read(const struct tm_shard_file *s, const struct tm_shard_block *b, uint8_t **out,
                  struct tm_msg *msg)
{
    int fd;
    uint64_t size = 0;
    uint8_t digest[TM_DIGEST_LEN];
    *out = NULL;
    int rc = open_file(s->path, &size, &fd, msg);
    if (rc == TM_OK && b->len > size)
        rc = not_shard(s->path, "changed while it was read", msg);
    uint8_t *p = rc == TM_OK ? malloc(b->len > 0 ? (size_t)b->len : 1) : NULL;
    if (rc == TM_OK && !p)
        rc = TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = read_at(fd, b->offset, p, (size_t)b->len, s->path, msg);
    if (rc == TM_OK) {
        tm_shard_digest(p, (size_t)b->len, digest);
        if (memcmp(digest, b->digest, sizeof digest) != 0)
            rc = not_shard(s->path, "damaged: its connections do not match their digest", msg);
    }
    if (fd >= 0)
        (void)close(fd);
    if (rc == TM_OK)
        *out = p;
    else
        free(p);
    return rc;
}
