/* models/maybenot/machine_string.c - machine strings: "02", base64, zlib, bincode.
 *
 * The string is untrusted: a peer may have sent it.  Quirks of upstream's parser that are kept, so that the same strings are good:
 *   - it reads the zlib stream once: what follows the stream is ignored, a missing or cut checksum passes, a wrong one does not;
 *   - it looks at the first 32 KiB of compressed bytes alone, and at the first 1 MiB of what comes out;
 *   - base64 must be canonical, and nothing around it is trimmed. */
#define ZLIB_CONST

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"

/* Characters whose bytes are looked at: four for each three bytes, and a group for the rest. */
#define TEXT_USED_MAX ((size_t)TM_MB_ZLIB_MAX / 3 * 4 + 4)

static const char version[2] = {'0', '2'};

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* EVP_DecodeBlock trims white space and lets the unused bits of the last group be anything; neither may pass here.
 * Returns the number of '=' (0..2), or -1 when the text is not canonical. */
static int base64_pads(const char *text, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int n_pads = 0;
    if (len == 0 || len % 4 != 0)
        return -1;
    while (n_pads < 2 && text[len - 1] == '=') {
        n_pads++;
        len--;
    }
    for (size_t i = 0; i < len; i++)
        if (!is_base64(text[i]))
            return -1;
    const size_t last = (size_t)(strchr(alphabet, text[len - 1]) - alphabet);
    const size_t unused = n_pads == 2 ? 15 : n_pads == 1 ? 3 : 0;
    return (last & unused) != 0 ? -1 : n_pads;
}

/* At most TM_MB_RAW_MAX bytes of what a zlib stream holds; *n_out of them.  Z_FINISH: the output is one piece, no window is kept. */
static int inflate_once(const uint8_t *in, size_t len, uint8_t *out, size_t *n_out,
                        struct tm_msg *msg)
{
    z_stream z = {.next_in = in, .avail_out = TM_MB_RAW_MAX};
    z.next_out = out;
    z.avail_in = (uInt)(len < TM_MB_ZLIB_MAX ? len : TM_MB_ZLIB_MAX);
    if (inflateInit(&z) != Z_OK)
        return TM_ERR_NOMEM;
    const int status = inflate(&z, Z_FINISH);
    *n_out = TM_MB_RAW_MAX - z.avail_out;
    (void)inflateEnd(&z);
    switch (status) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR: /* the stream goes on, or was cut: the machine says whether it is all there */
        return TM_OK;
    case Z_MEM_ERROR:
        return TM_ERR_NOMEM;
    default:
        return tm_msg_set(msg, TM_ERR_FORMAT, "the compressed part is damaged");
    }
}

static int machine_from_raw(struct tm_mb_machine **out, const uint8_t *raw, size_t len,
                            struct tm_msg *msg)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    if (!m)
        return TM_ERR_NOMEM;
    int rc = tm_mb_machine_decode(m, raw, len, msg);
    if (rc == TM_OK)
        rc = tm_mb_machine_validate(m, msg);
    if (rc != TM_OK) {
        tm_mb_machine_free(m);
        return rc;
    }
    *out = m;
    return TM_OK;
}

int tm_mb_machine_parse(struct tm_mb_machine **out, const char *text, size_t len,
                        struct tm_msg *msg)
{
    uint8_t *packed = NULL, *raw = NULL;
    size_t n_raw = 0;
    int rc = TM_ERR_NOMEM;
    *out = NULL;
    if (len <= sizeof version)
        return tm_msg_set(msg, TM_ERR_FORMAT, "too short for a machine");
    if (memcmp(text, version, sizeof version) != 0)
        return tm_msg_set(msg, TM_ERR_UNSUPPORTED, "not a machine of version 2 (\"02...\")");
    text += sizeof version;
    len -= sizeof version;
    const int n_pads = base64_pads(text, len);
    /* What lies beyond the compressed bytes that are looked at need only be base64. */
    const size_t n_used = len < TEXT_USED_MAX ? len : TEXT_USED_MAX;
    if (n_pads < 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "not base64 after the version");
    packed = malloc(n_used / 4 * 3);
    raw = malloc(TM_MB_RAW_MAX);
    if (!packed || !raw)
        goto out;
    const int n_packed = EVP_DecodeBlock(packed, (const uint8_t *)text, (int)n_used);
    TM_ASSERT_EQ(n_packed, (int)(n_used / 4 * 3));
    rc = inflate_once(packed, (size_t)n_packed - (n_used == len ? (size_t)n_pads : 0), raw, &n_raw,
                      msg);
    if (rc == TM_OK)
        rc = machine_from_raw(out, raw, n_raw, msg);
out:
    free(raw);
    free(packed);
    return rc;
}

int tm_mb_machine_text(char **out, const struct tm_mb_machine *m)
{
    uint8_t *raw = malloc(TM_MB_RAW_MAX), *packed = malloc(TM_MB_ZLIB_MAX);
    char *text = NULL;
    uLongf n_packed = TM_MB_ZLIB_MAX;
    int rc = TM_ERR_NOMEM;
    *out = NULL;
    if (!raw || !packed)
        goto out;
    struct tm_wr w = tm_wr_init(raw, TM_MB_RAW_MAX);
    tm_mb_machine_encode(m, &w);
    rc = TM_ERR_LIMIT;
    if (!tm_wr_ok(&w))
        goto out;
    const int status = compress2(packed, &n_packed, raw, w.len, Z_BEST_COMPRESSION);
    if (status != Z_OK) {
        rc = status == Z_MEM_ERROR ? TM_ERR_NOMEM : TM_ERR_LIMIT;
        goto out;
    }
    text = malloc(sizeof version + (n_packed + 2) / 3 * 4 + 1);
    rc = text ? TM_OK : TM_ERR_NOMEM;
    if (!text)
        goto out;
    memcpy(text, version, sizeof version);
    (void)EVP_EncodeBlock((uint8_t *)text + sizeof version, packed, (int)n_packed);
    *out = text;
out:
    free(packed);
    free(raw);
    return rc;
}
