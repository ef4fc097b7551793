#include "learner/capture/unpack.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#define IN_CAP     ((size_t)128 * 1024)
#define MAGIC_LEN  4U
#define GZIP_WBITS (15 + 16) /* the largest window, and gzip's header */

enum kind { UNTOLD, PLAIN, GZIP, ZSTD };

struct tm_unpack {
    tm_read_fn read;
    void *ctx;
    enum kind kind;
    bool is_end;     /* of what is read */
    bool is_inside;  /* a member or frame that has not ended */
    bool is_zipping; /* z is initialised */
    size_t at;       /* in[at..len) was not taken yet */
    size_t len;
    z_stream z;
    ZSTD_DStream *zstd;
    uint8_t in[IN_CAP];
};

int tm_unpack_new(struct tm_unpack **out, tm_read_fn read, void *ctx)
{
    struct tm_unpack *u = malloc(sizeof *u);
    *out = u;
    if (!u)
        return TM_ERR_NOMEM;
    memset(u, 0, offsetof(struct tm_unpack, in));
    u->read = read;
    u->ctx = ctx;
    return TM_OK;
}

void tm_unpack_free(struct tm_unpack *u)
{
    if (!u)
        return;
    if (u->is_zipping)
        (void)inflateEnd(&u->z);
    (void)ZSTD_freeDStream(u->zstd);
    free(u);
}

/* At least `want` bytes in `in`, unless the end comes first. */
static int fill(struct tm_unpack *u, size_t want, struct tm_msg *msg)
{
    if (u->at > 0) {
        memmove(u->in, u->in + u->at, u->len - u->at);
        u->len -= u->at;
        u->at = 0;
    }
    while (u->len < want && !u->is_end) {
        ssize_t got = u->read(u->ctx, u->in + u->len, IN_CAP - u->len, msg);
        if (got < 0)
            return (int)got;
        u->is_end = got == 0;
        u->len += (size_t)got;
    }
    return TM_OK;
}

static bool is_gzip(const uint8_t *p, size_t len)
{
    return len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

/* A frame, or a skippable one, as pzstd writes in front. */
static bool is_zstd(const uint8_t *p, size_t len)
{
    return len >= 4 && ((p[0] == 0x28 && p[1] == 0xb5 && p[2] == 0x2f && p[3] == 0xfd) ||
                        ((p[0] & 0xf0) == 0x50 && p[1] == 0x2a && p[2] == 0x4d && p[3] == 0x18));
}

bool tm_unpack_is_packed(const uint8_t *p, size_t len)
{
    return is_gzip(p, len) || is_zstd(p, len);
}

static int tell(struct tm_unpack *u, struct tm_msg *msg)
{
    int rc = fill(u, MAGIC_LEN, msg);
    if (rc != TM_OK)
        return rc;
    u->kind = PLAIN;
    if (is_gzip(u->in, u->len)) {
        if (inflateInit2(&u->z, GZIP_WBITS) != Z_OK)
            return TM_ERR_NOMEM;
        u->is_zipping = u->is_inside = true;
        u->kind = GZIP;
    } else if (is_zstd(u->in, u->len)) {
        u->zstd = ZSTD_createDStream();
        if (!u->zstd)
            return TM_ERR_NOMEM;
        u->is_inside = true;
        u->kind = ZSTD;
    }
    return TM_OK;
}

static ssize_t read_plain(struct tm_unpack *u, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    size_t n = u->len - u->at;
    if (n == 0)
        return u->is_end ? 0 : u->read(u->ctx, buf, cap, msg);
    if (n > cap)
        n = cap;
    memcpy(buf, u->in + u->at, n);
    u->at += n;
    return (ssize_t)n;
}

/* Between members: zeros and other rubbish after the last are no data, as gzip has it. */
static bool starts_member(struct tm_unpack *u)
{
    if (!is_gzip(u->in + u->at, u->len - u->at))
        return false;
    u->is_inside = true;
    return inflateReset(&u->z) == Z_OK;
}

/* One step: bytes written, or a negative error. */
static ssize_t step_gzip(struct tm_unpack *u, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    z_stream *z = &u->z;
    z->next_in = u->in + u->at;
    z->avail_in = (uInt)(u->len - u->at);
    z->next_out = buf;
    z->avail_out = cap > UINT_MAX ? UINT_MAX : (uInt)cap;
    int rc = inflate(z, Z_NO_FLUSH);
    u->at = u->len - z->avail_in;
    ssize_t n = z->next_out - buf;
    u->is_inside = rc != Z_STREAM_END;
    if (n > 0 || rc == Z_OK || rc == Z_STREAM_END)
        return n;
    if (rc == Z_MEM_ERROR)
        return TM_ERR_NOMEM;
    if (rc == Z_BUF_ERROR)
        return u->is_end ? tm_msg_set(msg, TM_ERR_FORMAT, "the gzip data ends too early") : 0;
    return tm_msg_set(msg, TM_ERR_FORMAT, "the gzip data is damaged: %s",
                      z->msg ? z->msg : "no reason given");
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the library writes through it */
static ssize_t step_zstd(struct tm_unpack *u, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    ZSTD_inBuffer in = {u->in, u->len, u->at};
    ZSTD_outBuffer out = {buf, cap, 0};
    size_t rc = ZSTD_decompressStream(u->zstd, &out, &in);
    bool is_stuck = in.pos == u->at && out.pos == 0;
    u->at = in.pos;
    if (ZSTD_isError(rc))
        return tm_msg_set(msg, TM_ERR_FORMAT, "the zstd data is damaged: %s",
                          ZSTD_getErrorName(rc));
    u->is_inside = rc != 0;
    if (is_stuck && u->is_end)
        return tm_msg_set(msg, TM_ERR_FORMAT, "the zstd data ends too early");
    return (ssize_t)out.pos;
}

ssize_t tm_unpack_read(struct tm_unpack *u, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    int rc = u->kind == UNTOLD ? tell(u, msg) : TM_OK;
    if (rc != TM_OK)
        return rc;
    if (u->kind == PLAIN)
        return read_plain(u, buf, cap, msg);
    for (;;) {
        rc = u->len - u->at < MAGIC_LEN ? fill(u, MAGIC_LEN, msg) : TM_OK;
        if (rc != TM_OK)
            return rc;
        if (!u->is_inside) {
            bool is_more = u->kind == GZIP ? starts_member(u) : u->len > u->at;
            if (!is_more)
                return 0;
        }
        ssize_t n = u->kind == GZIP ? step_gzip(u, buf, cap, msg) : step_zstd(u, buf, cap, msg);
        if (n != 0)
            return n;
    }
}
