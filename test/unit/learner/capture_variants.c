#include "test/unit/learner/capture_variants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "learner/capture/frames.h"
#include "test/support/check.h"
#include "test/unit/learner/capture_bytes.h"

#define ETHERNET     1U
#define RAW          101U
#define ETHERNET_LEN 14U
#define FRAGMENT_MIN 400U

const struct variant_link variant_links[] = {
    {"802.1Q", ETHERNET, true, {"\x81\0\0\x2a\x08\0", "\x81\0\0\x2a\x86\xdd"}, 6},
    {"802.1ad",
     ETHERNET,
     true,
     {"\x88\xa8\0\x07\x81\0\0\x2a\x08\0", "\x88\xa8\0\x07\x81\0\0\x2a\x86\xdd"},
     10},
    {"PPPoE",
     ETHERNET,
     true,
     {"\x88\x64\x11\0\0\x01\0\0\0\x21", "\x88\x64\x11\0\0\x01\0\0\0\x57"},
     10},
    {"MPLS",
     ETHERNET,
     true,
     {"\x88\x47\0\x01\x20\x40\0\x01\x31\x40", "\x88\x47\0\x01\x20\x40\0\x01\x31\x40"},
     10},
    {"NULL", 0, false, {"\x02\0\0\0", "\x1e\0\0\0"}, 4},
    {"LOOP", 108, false, {"\0\0\0\x02", "\0\0\0\x18"}, 4},
    {"raw", RAW, false, {"", ""}, 0},
    {"SLL",
     113,
     false,
     {"\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x08\0", "\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0\x86\xdd"},
     16},
    {"SLL2",
     276,
     false,
     {"\x08\0\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0",
      "\x86\xdd\0\0\0\0\0\x02\0\x01\0\x06\x02\0\0\0\0\x01\0\0"},
     20},
};
const size_t variant_n_links = sizeof variant_links / sizeof *variant_links;

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

/* `head` and `tail` become one frame. */
/* NOLINTNEXTLINE(readability-function-size): two pieces with their lengths */
static void add(struct variant *v, const struct variant_frame *like, const void *head,
                size_t head_len, const uint8_t *tail, size_t tail_len, size_t wire_len)
{
    if (v->n == v->cap) {
        v->cap = v->cap > 0 ? v->cap * 2 : 256;
        v->frame = must(realloc(v->frame, v->cap * sizeof *v->frame));
    }
    struct variant_frame *f = &v->frame[v->n++];
    *f = (struct variant_frame){.t_us = like->t_us,
                                .b = must(malloc(head_len + tail_len + 1)),
                                .cap_len = (uint32_t)(head_len + tail_len),
                                .wire_len = (uint32_t)wire_len};
    if (head_len > 0)
        memcpy(f->b, head, head_len);
    if (tail_len > 0)
        memcpy(f->b + head_len, tail, tail_len);
}

static ssize_t read_file(void *ctx, uint8_t *buf, size_t cap, struct tm_msg *msg)
{
    (void)msg;
    return (ssize_t)fread(buf, 1, cap, ctx);
}

static bool is_ip(const struct tm_frame *f)
{
    return f->link_type == ETHERNET && f->cap_len >= ETHERNET_LEN + 20 &&
           (memcmp(f->bytes + 12, "\x08\0", 2) == 0 || memcmp(f->bytes + 12, "\x86\xdd", 2) == 0);
}

void variant_load(struct variant *v, const char *path)
{
    struct tm_frames *s = NULL;
    struct tm_frame f;
    struct tm_msg msg = {""};
    FILE *in = fopen(path, "rb");
    *v = (struct variant){.link_type = ETHERNET};
    CHECK(in != NULL);
    if (!in)
        return;
    CHECK_INT(tm_frames_new(&s, read_file, in), TM_OK);
    while (tm_frames_next(s, &f, &msg) == 1) {
        struct variant_frame like = {.t_us = f.t_us};
        if (is_ip(&f))
            add(v, &like, NULL, 0, f.bytes, f.cap_len, f.wire_len);
    }
    tm_frames_free(s);
    (void)fclose(in);
}

void variant_free(struct variant *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->frame[i].b);
    free(v->frame);
    *v = (struct variant){0};
}

struct variant variant_rewrap(const struct variant *v, const struct variant_link *link)
{
    struct variant out = {.link_type = link->link_type};
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        uint8_t head[64];
        size_t len = 0;
        if (link->has_macs) {
            memcpy(head, f->b, 12);
            len = 12;
        }
        memcpy(head + len, link->head[f->b[12] == 0x86], link->head_len);
        len += link->head_len;
        add(&out, f, head, len, f->b + ETHERNET_LEN, f->cap_len - ETHERNET_LEN,
            f->wire_len - ETHERNET_LEN + len);
    }
    return out;
}

struct variant variant_cut(const struct variant *v, uint32_t snap_len)
{
    struct variant out = {.link_type = v->link_type};
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        add(&out, f, NULL, 0, f->b, f->cap_len < snap_len ? f->cap_len : snap_len, f->wire_len);
    }
    return out;
}

/* One fragment: the frame's headers, changed, and `len` bytes of IP's payload from `at` on. */
static void add_fragment(struct variant *out, const struct variant_frame *f, size_t head_len,
                         size_t at, size_t len, bool is_last)
{
    uint8_t head[ETHERNET_LEN + 60];
    uint8_t *ip = head + ETHERNET_LEN;
    size_t total = head_len - ETHERNET_LEN + len;
    memcpy(head, f->b, head_len);
    ip[2] = (uint8_t)(total >> 8);
    ip[3] = (uint8_t)total;
    ip[4] = (uint8_t)(out->n >> 9); /* two frames have the same */
    ip[5] = (uint8_t)(out->n >> 1);
    ip[6] = (uint8_t)((is_last ? 0 : 0x20) | at / 8 >> 8);
    ip[7] = (uint8_t)(at / 8);
    add(out, f, head, head_len, f->b + head_len + at, len, head_len + len);
}

struct variant variant_fragment(const struct variant *v)
{
    struct variant out = {.link_type = v->link_type};
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        const uint8_t *ip = f->b + ETHERNET_LEN;
        size_t total = (size_t)ip[2] << 8 | ip[3];
        bool is_even = out.n % 2 == 0;
        if (f->b[12] != 0x08 || ip[9] != 6 || (ip[6] & 0x3f) != 0 || ip[7] != 0 ||
            total < FRAGMENT_MIN || f->cap_len < ETHERNET_LEN + total || !is_even) {
            add(&out, f, NULL, 0, f->b, f->cap_len, f->wire_len);
            continue;
        }
        size_t head_len = ETHERNET_LEN + (size_t)(ip[0] & 15) * 4;
        size_t len = ETHERNET_LEN + total - head_len;
        size_t cut = 80 + i % 20 * 8;
        bool is_swapped = i % 2 == 1;
        for (int k = 0; k < 2; k++) {
            if ((k == 0) != is_swapped)
                add_fragment(&out, f, head_len, 0, cut, false);
            else
                add_fragment(&out, f, head_len, cut, len - cut, true);
        }
    }
    return out;
}

struct variant variant_part(const struct variant *v, const uint8_t *of, uint8_t part)
{
    struct variant out = {.link_type = v->link_type};
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        if (of[i] == part)
            add(&out, f, NULL, 0, f->b, f->cap_len, f->wire_len);
    }
    return out;
}

static void put_pcap(struct capture_bytes *out, const struct variant *v, uint32_t magic)
{
    uint32_t per_us = magic == CAPTURE_NS ? 1000 : 1;
    capture_pcap_header(out, magic, v->link_type);
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        uint32_t sec = (uint32_t)(f->t_us / 1000000);
        uint32_t fraction = (uint32_t)(f->t_us % 1000000) * per_us + per_us / 2;
        if (magic == CAPTURE_KUZNETZOV) {
            capture_put_int(out, sec, 4);
            capture_put_int(out, fraction, 4);
            capture_put_int(out, f->cap_len, 4);
            capture_put_int(out, f->wire_len, 4);
            capture_put(out, "\0\0\0\0\0\0\0\0", 8);
            capture_put(out, f->b, f->cap_len);
        } else {
            capture_pcap_frame(out, sec, fraction, f->b, f->cap_len, f->wire_len);
        }
    }
}

static void put_ng(struct capture_bytes *out, const struct variant *v, uint8_t resolution)
{
    uint64_t per_us = resolution == 9 ? 1000 : 1;
    capture_ng_section(out);
    capture_ng_interface(out, (uint16_t)v->link_type, 0, resolution, 0);
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        capture_ng_frame(out, 0, (uint64_t)f->t_us * per_us + per_us / 2, f->b, f->cap_len,
                         f->wire_len);
    }
}

static void put_mixed(struct capture_bytes *out, const struct variant *v)
{
    for (size_t i = 0; i < v->n; i++) {
        const struct variant_frame *f = &v->frame[i];
        if (i % 100 == 0) {
            out->is_big = i / 100 % 2 == 1;
            capture_ng_section(out);
            capture_ng_block(out, 4, 40);
            capture_ng_interface(out, (uint16_t)v->link_type, 0, 6, 0);
            capture_ng_interface(out, RAW, 262144, 9, 12345);
        }
        if (v->link_type == ETHERNET && i % 2 == 1)
            capture_ng_frame(out, 1, ((uint64_t)f->t_us - 12345000000) * 1000 + 1,
                             f->b + ETHERNET_LEN, f->cap_len - ETHERNET_LEN,
                             f->wire_len - ETHERNET_LEN);
        else
            capture_ng_frame(out, 0, (uint64_t)f->t_us, f->b, f->cap_len, f->wire_len);
    }
}

static void put(struct capture_bytes *out, const struct variant *v, enum variant_format format)
{
    out->is_big =
        format == VARIANT_PCAP_BIG || format == VARIANT_PCAP_NS_BIG || format == VARIANT_NG_BIG;
    switch (format) {
    case VARIANT_PCAP:
    case VARIANT_PCAP_BIG:
        put_pcap(out, v, CAPTURE_US);
        return;
    case VARIANT_PCAP_NS:
    case VARIANT_PCAP_NS_BIG:
        put_pcap(out, v, CAPTURE_NS);
        return;
    case VARIANT_KUZNETZOV:
        put_pcap(out, v, CAPTURE_KUZNETZOV);
        return;
    case VARIANT_NG:
    case VARIANT_NG_BIG:
        put_ng(out, v, 6);
        return;
    case VARIANT_NG_NS:
        put_ng(out, v, 9);
        return;
    case VARIANT_NG_MIXED:
        put_mixed(out, v);
        return;
    case VARIANT_FORMATS:
        break;
    }
    abort();
}

static void write_gzip(const struct capture_bytes *f, const char *path)
{
    gzFile gz = gzopen(path, "wb1");
    CHECK(gz != NULL);
    if (!gz)
        return;
    CHECK_INT(gzwrite(gz, f->b, (unsigned)f->len), f->len);
    CHECK_INT(gzclose(gz), Z_OK);
}

static void write_plain(const void *p, size_t len, const char *path)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    if (!f)
        return;
    CHECK_INT(fwrite(p, 1, len, f), len);
    CHECK_INT(fclose(f), 0);
}

static void write_zstd(const struct capture_bytes *f, const char *path)
{
    size_t cap = ZSTD_compressBound(f->len);
    uint8_t *packed = must(malloc(cap));
    size_t n = ZSTD_compress(packed, cap, f->b, f->len, 1);
    CHECK(!ZSTD_isError(n));
    write_plain(packed, n, path);
    free(packed);
}

void variant_write(const struct variant *v, enum variant_format format,
                   enum variant_packing packing, const char *path)
{
    struct capture_bytes out = {0};
    put(&out, v, format);
    if (packing == VARIANT_GZIP)
        write_gzip(&out, path);
    else if (packing == VARIANT_ZSTD)
        write_zstd(&out, path);
    else
        write_plain(out.b, out.len, path);
    capture_free(&out);
}
