/* Capture files in memory, handed to the reader in pieces of every size. */
#include "learner/capture/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "test/support/check.h"
#include "test/support/pieces.h"
#include "test/unit/learner/capture_bytes.h"

#define FRAMES_MAX 64U

/* What a file gives: one line a frame, then how it ended. */
struct story {
    size_t n;
    struct tm_frame frame[FRAMES_MAX]; /* bytes are not kept */
    uint8_t first_byte[FRAMES_MAX];
    int end;
    struct tm_msg msg;
};

static uint8_t sum_of(const struct tm_frame *f)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < f->cap_len; i++)
        sum = (uint8_t)(sum * 31 + f->bytes[i]);
    return sum;
}

static void note_frame(struct story *out, const struct tm_frame *f)
{
    CHECK(f->wire_len >= f->cap_len);
    CHECK(f->cap_len <= TM_FORMAT_FRAME_MAX);
    CHECK(f->t_us >= 0 && f->t_us <= TM_FORMAT_SEC_MAX * 1000000);
    out->first_byte[out->n] = f->cap_len > 0 ? f->bytes[0] : 0;
    out->frame[out->n] = *f;
    out->frame[out->n++].bytes = NULL;
}

/* What the reader gives; frees it.  With is_held also by tm_frames_next_held, and then the bytes of a frame must stand until the last that
 * is held has come. */
static struct story story_of(struct tm_frames *s, bool is_held)
{
    struct story out;
    struct tm_frame f;
    memset(&out, 0, sizeof out);
    if (!s)
        return out;
    while ((out.end = tm_frames_next(s, &f, &out.msg)) == 1) {
        if (out.n == FRAMES_MAX)
            break;
        struct tm_frame first = f;
        uint8_t sum = sum_of(&first);
        note_frame(&out, &f);
        while (is_held && out.n < FRAMES_MAX && tm_frames_next_held(s, &f) == 1)
            note_frame(&out, &f);
        CHECK_INT(sum_of(&first), sum);
    }
    struct tm_msg again = {""};
    CHECK_INT(tm_frames_next(s, &f, &again), out.end == 1 ? 1 : out.end);
    tm_frames_free(s);
    return out;
}

static struct story read_pieces(const uint8_t *p, size_t len, size_t piece)
{
    struct pieces in = {p, len, piece};
    struct tm_frames *s = NULL;
    CHECK_INT(tm_frames_new(&s, pieces_read, &in), TM_OK);
    return story_of(s, false);
}

/* Other frames than the first are asked for only where they are held. */
static struct story read_held(const uint8_t *p, size_t len, size_t piece)
{
    struct pieces in = {p, len, piece};
    struct tm_frames *s = NULL;
    CHECK_INT(tm_frames_new(&s, pieces_read, &in), TM_OK);
    return story_of(s, true);
}

static struct story read_all(const struct capture_bytes *f)
{
    return read_pieces(f->b, f->len, f->len);
}

static uint8_t bytes_of[300] = "frame";

static void check_frame(const struct story *s, size_t i, int64_t t_us, uint32_t len, uint32_t link)
{
    CHECK(i < s->n);
    CHECK_INT(s->frame[i].t_us, t_us);
    CHECK_INT(s->frame[i].cap_len, len);
    CHECK_INT(s->frame[i].link_type, link);
    CHECK_INT(s->first_byte[i], 'f');
}

static void pcap_of_all_variants(void)
{
    static const uint32_t magic[] = {CAPTURE_US, CAPTURE_NS, CAPTURE_KUZNETZOV};
    for (size_t i = 0; i < 6; i++) {
        struct capture_bytes f = {.is_big = i >= 3};
        uint32_t fraction = magic[i % 3] == CAPTURE_NS ? 654321987 : 654321;
        capture_pcap_header(&f, magic[i % 3], 101);
        for (uint32_t k = 0; k < 3; k++) {
            capture_put_int(&f, 4000000000U + k, 4); /* after 2038 */
            capture_put_int(&f, fraction, 4);
            capture_put_int(&f, 5 + k, 4);
            capture_put_int(&f, 1400, 4);
            if (magic[i % 3] == CAPTURE_KUZNETZOV)
                capture_put(&f, "\0\0\0\x01\x08\0\0\0", 8);
            capture_put(&f, bytes_of, 5 + k);
        }
        struct story s = read_all(&f);
        CHECK_INT(s.end, 0);
        CHECK_INT(s.n, 3);
        for (uint32_t k = 0; k < s.n; k++) {
            check_frame(&s, k, (INT64_C(4000000000) + k) * 1000000 + 654321, 5 + k, 101);
            CHECK_INT(s.frame[k].wire_len, 1400);
        }
        capture_free(&f);
    }
}

static void old_pcap_has_its_lengths_in_the_other_order(void)
{
    for (uint8_t minor = 2; minor <= 4; minor++) {
        struct capture_bytes f = {0};
        capture_pcap_header(&f, CAPTURE_US, 1);
        f.b[6] = minor;
        capture_put_int(&f, 1, 4);
        capture_put_int(&f, 2, 4);
        capture_put_int(&f, minor == 4 ? 5 : 90, 4);
        capture_put_int(&f, minor == 4 ? 90 : 5, 4);
        capture_put(&f, bytes_of, 5);
        struct story s = read_all(&f);
        CHECK_INT(s.end, 0);
        check_frame(&s, 0, 1000002, 5, 1);
        CHECK_INT(s.frame[0].wire_len, 90);
        capture_free(&f);
    }
}

/* Sections in both byte orders; interfaces with clocks of their own. */
static struct capture_bytes many_sections(void)
{
    struct capture_bytes f = {0};
    for (int big = 0; big < 2; big++) {
        f.is_big = big == 1;
        capture_ng_section(&f);
        capture_ng_block(&f, 0x0bad, 20);
        capture_ng_interface(&f, 1, 0, 6, 0);
        capture_ng_interface(&f, 101, 96, 9, 1000);
        capture_ng_frame(&f, 0, 1000000005, bytes_of, 60, 60);
        capture_ng_frame(&f, 1, 5000000999, bytes_of, 96, 1500);
        capture_ng_block(&f, 5, 8);
        capture_ng_interface(&f, 113, 0, 0x80 + 20, -2);
        capture_ng_frame(&f, 2, 3 * 1048576 + 524288, bytes_of, 61, 61);
        capture_ng_old_frame(&f, 1, 7000000000, bytes_of, 62);
        capture_ng_simple(&f, bytes_of, 63, 63);
    }
    return f;
}

static void check_sections(const struct story *s)
{
    CHECK_INT(s->end, 0);
    CHECK_STR(s->msg.text, "");
    CHECK_INT(s->n, 10);
    for (size_t i = 0; i + 4 < s->n; i += 5) {
        check_frame(s, i, 1000000005, 60, 1);
        check_frame(s, i + 1, 1000 * INT64_C(1000000) + 5000000, 96, 101);
        CHECK_INT(s->frame[i + 1].wire_len, 1500);
        check_frame(s, i + 2, 1500000, 61, 113);
        check_frame(s, i + 3, 1000 * INT64_C(1000000) + 7000000, 62, 101);
        check_frame(s, i + 4, 0, 63, 1);
        CHECK(s->frame[i + 3].has_time && !s->frame[i + 4].has_time);
    }
}

static void pcapng_with_sections_and_interfaces(void)
{
    struct capture_bytes f = many_sections();
    struct story s = read_all(&f);
    check_sections(&s);
    capture_free(&f);
}

static void pieces_of_any_size_give_the_same(void)
{
    struct capture_bytes f = many_sections();
    for (size_t piece = 1; piece < 200; piece++) {
        struct story s = read_pieces(f.b, f.len, piece);
        check_sections(&s);
        s = read_held(f.b, f.len, piece);
        check_sections(&s);
    }
    capture_free(&f);
}

/* Frames and blocks that do not fit into the window. */
static void large_frames_and_blocks_come_out_of_small_pieces(void)
{
    static uint8_t large[TM_FORMAT_FRAME_MAX] = "f";
    struct capture_bytes f = {0};
    capture_ng_section(&f);
    capture_ng_interface(&f, 1, 0, 6, 0);
    for (uint32_t i = 0; i < 6; i++) {
        capture_ng_frame(&f, 0, i + 1, large, sizeof large - i * 1000, sizeof large);
        capture_ng_block(&f, 77, 700000);
    }
    capture_put_int(&f, 6, 4); /* a packet block with a megabyte of options */
    capture_put_int(&f, 32 + 40 + (1 << 20), 4);
    capture_put_int(&f, 0, 8);
    capture_put_int(&f, 7, 4);
    capture_put_int(&f, 40, 4);
    capture_put_int(&f, 40, 4);
    capture_put(&f, bytes_of, 40);
    for (size_t i = 0; i < 1 << 20; i += sizeof large)
        capture_put(&f, large, sizeof large);
    capture_put_int(&f, 32 + 40 + (1 << 20), 4);
    capture_ng_frame(&f, 0, 8, bytes_of, 40, 40);
    for (size_t piece = 900; piece < 2000000; piece *= 3) {
        struct story s[2] = {read_held(f.b, f.len, piece), read_pieces(f.b, f.len, piece)};
        for (size_t k = 0; k < 2; k++) {
            CHECK_INT(s[k].end, 0);
            CHECK_INT(s[k].n, 8);
            for (size_t i = 0; i < s[k].n; i++)
                check_frame(&s[k], i, (int64_t)i + 1,
                            i < 6 ? (uint32_t)(sizeof large - i * 1000) : 40, 1);
        }
    }
    capture_free(&f);
}

static void resolutions_from_seconds_to_below_nanoseconds(void)
{
    static const struct {
        uint8_t resolution;
        uint64_t ticks;
        int64_t want_us;
    } c[] = {{0, 17, 17000000},
             {3, 17, 17000},
             {12, 17000000, 17},
             {19, UINT64_MAX, 1844674}, /* 2^64 / 10^19 s */
             {0x80, 17, 17000000},
             {0x80 + 63, UINT64_C(1) << 63, 1000000},
             {0, UINT64_MAX, TM_FORMAT_SEC_MAX * 1000000}};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        struct capture_bytes f = {0};
        capture_ng_section(&f);
        capture_ng_interface(&f, 1, 0, c[i].resolution, 0);
        capture_ng_frame(&f, 0, c[i].ticks, bytes_of, 20, 20);
        struct story s = read_all(&f);
        check_frame(&s, 0, c[i].want_us, 20, 1);
        capture_free(&f);
    }
}

static void time_before_1970_counts_as_1970(void)
{
    struct capture_bytes f = {0};
    capture_ng_section(&f);
    capture_ng_interface(&f, 1, 0, 6, -100);
    capture_ng_frame(&f, 0, 99000000, bytes_of, 20, 20);
    struct story s = read_all(&f);
    check_frame(&s, 0, 0, 20, 1);
    capture_free(&f);
}

static void check_damage(const struct capture_bytes *f, size_t n_frames, const char *word)
{
    struct story s = read_all(f);
    struct story held = read_held(f->b, f->len, f->len);
    CHECK_INT(s.end, TM_ERR_FORMAT);
    CHECK_INT(s.n, n_frames);
    CHECK_INT(held.end, TM_ERR_FORMAT);
    CHECK_INT(held.n, n_frames);
    CHECK_STR(held.msg.text, s.msg.text);
    CHECK(strstr(s.msg.text, word) != NULL);
    if (!strstr(s.msg.text, word))
        (void)fprintf(stderr, "got: %s\n", s.msg.text);
}

static struct capture_bytes ng_start(void)
{
    struct capture_bytes f = {0};
    capture_ng_section(&f);
    capture_ng_interface(&f, 1, 0, 6, 0);
    capture_ng_frame(&f, 0, 7, bytes_of, 40, 40);
    return f;
}

static void absurd_lengths_are_damage(void)
{
    struct capture_bytes f = {0};
    capture_pcap_header(&f, CAPTURE_US, 1);
    capture_pcap_frame(&f, 1, 1, bytes_of, 40, 40);
    capture_put_int(&f, 2, 4);
    capture_put_int(&f, 2, 4);
    capture_put_int(&f, 0x7fffffff, 4);
    capture_put_int(&f, 0x7fffffff, 4);
    check_damage(&f, 1, "2147483647 bytes");
    capture_free(&f);
    f = ng_start();
    capture_put_int(&f, 6, 4);
    capture_put_int(&f, 0x7ffffffc, 4);
    capture_put_int(&f, 0, 4);
    check_damage(&f, 1, "2147483644 bytes");
    capture_free(&f);
    f = ng_start();
    capture_ng_frame(&f, 0, 8, bytes_of, 40, 40);
    f.b[f.len - 72 + 20] = 44; /* four bytes more than the block has */
    check_damage(&f, 1, "44 bytes in a block with 40");
    capture_free(&f);
    f = ng_start();
    capture_ng_block(&f, 77, 3);
    check_damage(&f, 1, "type 77 with 15 bytes");
    capture_free(&f);
}

static void contradictions_are_damage(void)
{
    struct capture_bytes f = {0};
    capture_pcap_header(&f, CAPTURE_US, 1);
    capture_pcap_frame(&f, 1, 1000001, bytes_of, 40, 40);
    check_damage(&f, 0, "1000001 of 1000000");
    capture_free(&f);
    f = ng_start();
    capture_ng_frame(&f, 1, 8, bytes_of, 40, 40);
    check_damage(&f, 1, "interface 1, of 1");
    capture_free(&f);
    f = ng_start();
    capture_ng_frame(&f, 0, 8, bytes_of, 40, 40);
    f.b[f.len - 4] = 76;
    check_damage(&f, 1, "a block of 72 bytes ends as one of 76");
    capture_free(&f);
    f = ng_start();
    capture_ng_block(&f, 77, 100);
    f.b[f.len - 4] = 76;
    check_damage(&f, 1, "a block of 112 bytes ends as one of 76");
    capture_free(&f);
    f = ng_start();
    capture_ng_section(&f);
    capture_ng_frame(&f, 0, 8, bytes_of, 40, 40); /* sections do not share interfaces */
    check_damage(&f, 1, "interface 0, of 0");
    capture_free(&f);
    f = ng_start();
    capture_ng_interface(&f, 1, 0, 20, 0);
    check_damage(&f, 1, "10^-20");
    capture_free(&f);
}

static void unknown_files_show_their_first_bytes(void)
{
    struct capture_bytes f = {0};
    capture_put(&f, "PK\x03\x04 and more", 12);
    check_damage(&f, 0, "50 4b 03 04");
    capture_free(&f);
    capture_pcap_header(&f, CAPTURE_US, 1);
    f.b[4] = 3;
    check_damage(&f, 0, "version 3.4");
    capture_free(&f);
}

static void blocks_larger_than_memory_are_stepped_over(void)
{
    struct capture_bytes f = ng_start();
    capture_ng_block(&f, 0x80000001, 3 << 20);
    capture_ng_frame(&f, 0, 9, bytes_of, 40, 40);
    struct story s = read_pieces(f.b, f.len, 100000);
    CHECK_INT(s.end, 0);
    CHECK_INT(s.n, 2);
    capture_free(&f);
}

static struct capture_bytes gzip_of(const struct capture_bytes *f)
{
    struct capture_bytes out = {0};
    z_stream z = {0};
    uint8_t *packed = malloc(f->len + 1000);
    CHECK_INT(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = f->b;
    z.avail_in = (uInt)f->len;
    z.next_out = packed;
    z.avail_out = (uInt)f->len + 1000;
    CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
    capture_put(&out, packed, z.total_out);
    (void)deflateEnd(&z);
    free(packed);
    return out;
}

static struct capture_bytes zstd_of(const struct capture_bytes *f)
{
    struct capture_bytes out = {0};
    size_t cap = ZSTD_compressBound(f->len);
    uint8_t *packed = malloc(cap);
    size_t n = ZSTD_compress(packed, cap, f->b, f->len, 3);
    CHECK(!ZSTD_isError(n));
    capture_put(&out, packed, n);
    free(packed);
    return out;
}

/* Whole, in small pieces, and as two members after each other. */
static void packed_files_give_the_same(void)
{
    struct capture_bytes f = many_sections();
    struct capture_bytes half[2] = {{.b = f.b, .len = 333}, {.b = f.b + 333, .len = f.len - 333}};
    for (int zstd = 0; zstd < 2; zstd++) {
        struct capture_bytes one = zstd ? zstd_of(&f) : gzip_of(&f);
        struct capture_bytes two = zstd ? zstd_of(&half[0]) : gzip_of(&half[0]);
        struct capture_bytes rest = zstd ? zstd_of(&half[1]) : gzip_of(&half[1]);
        capture_put(&two, rest.b, rest.len);
        for (size_t piece = 1; piece <= two.len; piece += 1 + piece / 2) {
            struct story s = read_pieces(one.b, one.len, piece);
            check_sections(&s);
            s = read_pieces(two.b, two.len, piece);
            check_sections(&s);
        }
        capture_free(&one);
        capture_free(&two);
        capture_free(&rest);
    }
    capture_free(&f);
}

static void zeros_after_gzip_are_no_data(void)
{
    struct capture_bytes f = many_sections();
    struct capture_bytes packed = gzip_of(&f);
    capture_put(&packed, "\0\0\0\0\0\0\0\0", 8);
    struct story s = read_all(&packed);
    check_sections(&s);
    capture_free(&f);
    capture_free(&packed);
}

static void cut_or_damaged_packing_is_noticed(void)
{
    struct capture_bytes f = many_sections();
    for (int zstd = 0; zstd < 2; zstd++) {
        struct capture_bytes packed = zstd ? zstd_of(&f) : gzip_of(&f);
        for (size_t len = 4; len < packed.len; len += 3) {
            struct story s = read_pieces(packed.b, len, 50);
            CHECK_INT(s.end, TM_ERR_FORMAT);
        }
        struct story s = read_pieces(packed.b, packed.len - 2, 50);
        CHECK(strstr(s.msg.text, "ends too early") != NULL);
        if (!zstd) { /* in its checksum */
            packed.b[packed.len - 8] ^= 0x10;
            s = read_all(&packed);
            CHECK_INT(s.end, TM_ERR_FORMAT);
            CHECK(strstr(s.msg.text, "gzip data is damaged") != NULL);
        }
        capture_free(&packed);
    }
    capture_free(&f);
}

static void every_prefix_ends_or_is_cut(void)
{
    struct capture_bytes f = many_sections();
    size_t n_ends = 0;
    for (size_t len = 0; len < f.len; len++) {
        struct story s = read_pieces(f.b, len, 1000);
        CHECK(s.end == 0 || s.end == TM_ERR_FORMAT);
        CHECK_INT(s.end == TM_ERR_FORMAT, s.msg.text[0] != '\0');
        struct story held = read_held(f.b, len, 1000);
        CHECK_INT(held.end, s.end);
        CHECK_INT(held.n, s.n);
        n_ends += s.end == 0;
    }
    CHECK_INT(n_ends, 2 * 11 - 1); /* after each block but the last */
    capture_free(&f);
}

/* What read_pieces checks holds for every bit flipped, alone and with the one next to it. */
static void no_mutation_breaks_the_reader(void)
{
    struct capture_bytes f = many_sections();
    size_t n_damaged = 0;
    for (size_t bit = 0; bit < 8 * f.len; bit++) {
        for (int both = 0; both < 2; both++) {
            uint8_t *copy = malloc(f.len);
            memcpy(copy, f.b, f.len);
            copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
            if (both && bit + 1 < 8 * f.len)
                copy[(bit + 1) / 8] ^= (uint8_t)(1U << (bit + 1) % 8);
            struct story s = read_pieces(copy, f.len, 4096);
            CHECK(s.end == 0 || s.end == TM_ERR_FORMAT);
            n_damaged += s.end != 0;
            struct story held = read_held(copy, f.len, 4096);
            CHECK(held.end == s.end && held.n == s.n);
            free(copy);
        }
    }
    CHECK(n_damaged > 1000);
    capture_free(&f);
}

static const struct check_case cases[] = {
    {"pcap_of_all_variants", pcap_of_all_variants},
    {"old_pcap_has_its_lengths_in_the_other_order", old_pcap_has_its_lengths_in_the_other_order},
    {"pcapng_with_sections_and_interfaces", pcapng_with_sections_and_interfaces},
    {"pieces_of_any_size_give_the_same", pieces_of_any_size_give_the_same},
    {"large_frames_and_blocks_come_out_of_small_pieces",
     large_frames_and_blocks_come_out_of_small_pieces},
    {"resolutions_from_seconds_to_below_nanoseconds",
     resolutions_from_seconds_to_below_nanoseconds},
    {"time_before_1970_counts_as_1970", time_before_1970_counts_as_1970},
    {"absurd_lengths_are_damage", absurd_lengths_are_damage},
    {"contradictions_are_damage", contradictions_are_damage},
    {"unknown_files_show_their_first_bytes", unknown_files_show_their_first_bytes},
    {"blocks_larger_than_memory_are_stepped_over", blocks_larger_than_memory_are_stepped_over},
    {"packed_files_give_the_same", packed_files_give_the_same},
    {"zeros_after_gzip_are_no_data", zeros_after_gzip_are_no_data},
    {"cut_or_damaged_packing_is_noticed", cut_or_damaged_packing_is_noticed},
    {"every_prefix_ends_or_is_cut", every_prefix_ends_or_is_cut},
    {"no_mutation_breaks_the_reader", no_mutation_breaks_the_reader},
};
CHECK_MAIN("frames", cases)
