/* Capture files written byte by byte into a temporary directory. */
#include "learner/pcap_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "test/support/check.h"
#include "tm/base/time.h"

#define FILE_MAX 16384U

struct bytes {
    uint8_t b[FILE_MAX];
    size_t len;
    bool is_big;
};

static char dir[] = "/tmp/tm_pcap_source_XXXXXX";
static char path[64];

static void put(struct bytes *f, const void *p, size_t n)
{
    memcpy(f->b + f->len, p, n);
    f->len += n;
}

static void put_int(struct bytes *f, uint32_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f->b[f->len++] = (uint8_t)(v >> 8 * (f->is_big ? n - 1 - i : i));
}

/* Ethernet, 10.0.0.1:5000 -> 10.0.0.2:443, 7 bytes of payload. */
static const uint8_t frame[14 + 20 + 20 + 7] =
    "\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0"
    "\x45\0\0\x2f\0\0\0\0\x40\x06\0\0\x0a\0\0\x01\x0a\0\0\x02"
    "\x13\x88\x01\xbb\0\0\0\x01\0\0\0\x02\x50\x10\x01\0\0\0\0\0"
    "payload";

static void put_pcap_header(struct bytes *f, uint32_t magic, uint32_t link)
{
    put_int(f, magic, 4);
    put_int(f, 2, 2);
    put_int(f, 4, 2);
    put_int(f, 0, 4);
    put_int(f, 0, 4);
    put_int(f, 65535, 4);
    put_int(f, link, 4);
}

static void put_pcap_packet(struct bytes *f, uint32_t sec, uint32_t fraction, uint32_t cap_len)
{
    put_int(f, sec, 4);
    put_int(f, fraction, 4);
    put_int(f, cap_len, 4);
    put_int(f, sizeof frame, 4);
    put(f, frame, cap_len);
}

static void put_pcapng(struct bytes *f, uint16_t link)
{
    put_int(f, 0x0a0d0d0a, 4);
    put_int(f, 28, 4);
    put_int(f, 0x1a2b3c4d, 4);
    put_int(f, 1, 2);
    put_int(f, 0, 2);
    put_int(f, 0xffffffff, 4);
    put_int(f, 0xffffffff, 4);
    put_int(f, 28, 4);
    put_int(f, 1, 4); /* interface description */
    put_int(f, 32, 4);
    put_int(f, link, 2);
    put_int(f, 0, 2);
    put_int(f, 65535, 4);
    put_int(f, 9, 2); /* if_tsresol */
    put_int(f, 1, 2);
    put(f, "\x09\0\0\0", 4); /* nanoseconds */
    put_int(f, 0, 4);
    put_int(f, 32, 4);
    put_int(f, 6, 4); /* enhanced packet; 2^32 + 5 ns */
    put_int(f, 32 + 64, 4);
    put_int(f, 0, 4);
    put_int(f, 1, 4);
    put_int(f, 5000, 4);
    put_int(f, sizeof frame, 4);
    put_int(f, sizeof frame, 4);
    put(f, frame, sizeof frame);
    put(f, "\0\0\0", 3);
    put_int(f, 32 + 64, 4);
}

static const char *write_file(const char *name, const uint8_t *b, size_t len)
{
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    if (f) {
        CHECK_INT(fwrite(b, 1, len, f), len);
        CHECK_INT(fclose(f), 0);
    }
    return path;
}

static const char *write_gzip(const char *name, const uint8_t *b, size_t len)
{
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    gzFile gz = gzopen(path, "wb");
    CHECK(gz != NULL);
    if (gz) {
        CHECK_INT(gzwrite(gz, b, (unsigned)len), len);
        CHECK_INT(gzclose(gz), Z_OK);
    }
    return path;
}

static void check_packet(const struct tm_packet *p, int64_t t_us)
{
    CHECK_INT(p->t_us, t_us);
    CHECK_INT(p->src_port, 5000);
    CHECK_INT(p->dst_port, 443);
    CHECK_INT(p->payload_len, 7);
    CHECK_INT(p->wire_len, sizeof frame);
}

/* Opens and reads the one packet. */
static void check_one(const char *file, int64_t t_us)
{
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    CHECK_INT(tm_pcap_open(&s, file, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    if (!s)
        return;
    CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
    check_packet(&p, t_us);
    CHECK_MEM(p.payload, "payload", 7);
    CHECK_INT(tm_pcap_next(s, &p, &msg), 0);
    CHECK_INT(tm_pcap_counts(s)->n_frames, 1);
    CHECK_INT(tm_pcap_counts(s)->n_kind[TM_PACKET_TCP], 1);
    tm_pcap_close(s);
}

static void check_refused(const char *file, int want, const char *word)
{
    struct tm_pcap_source *s = NULL;
    struct tm_msg msg = {""};
    CHECK_INT(tm_pcap_open(&s, file, &msg), want);
    CHECK(s == NULL);
    CHECK(strstr(msg.text, file) != NULL);
    CHECK(strstr(msg.text, word) != NULL);
    if (!strstr(msg.text, word))
        (void)fprintf(stderr, "%s\n", msg.text);
}

static void reads_pcap_of_both_byte_orders_and_resolutions(void)
{
    for (int big = 0; big < 2; big++) {
        for (int ns = 0; ns < 2; ns++) {
            struct bytes f = {.is_big = big == 1};
            put_pcap_header(&f, ns ? 0xa1b23c4d : 0xa1b2c3d4, 1);
            put_pcap_packet(&f, 1000, ns ? 123456789 : 123456, sizeof frame);
            check_one(write_file("plain", f.b, f.len), 1000123456);
        }
    }
}

static void reads_pcapng_with_nanoseconds(void)
{
    struct bytes f = {.len = 0};
    put_pcapng(&f, 1);
    check_one(write_file("ng", f.b, f.len), ((INT64_C(1) << 32) + 5000) / 1000);
}

static void reads_gzip_by_content_not_by_name(void)
{
    struct bytes f = {.len = 0};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    put_pcap_packet(&f, 1000, 5, sizeof frame);
    check_one(write_gzip("named.pcap", f.b, f.len), 1000000005);
    check_one(write_file("plain.gz", f.b, f.len), 1000000005);
}

static void reads_a_named_pipe(void)
{
    struct bytes f = {.len = 0};
    char cmd[256];
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    put_pcap_packet(&f, 1000, 5, sizeof frame);
    (void)write_gzip("piped", f.b, f.len);
    (void)snprintf(cmd, sizeof cmd, "mkfifo %s/fifo && (cat %s/piped > %s/fifo &)", dir, dir, dir);
    CHECK_INT(system(cmd), 0);
    (void)snprintf(path, sizeof path, "%s/fifo", dir);
    check_one(path, 1000000005);
}

static void cut_file_gives_what_was_before(void)
{
    struct bytes f = {.len = 0};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    put_pcap_packet(&f, 1000, 1, sizeof frame);
    put_pcap_packet(&f, 1000, 2, sizeof frame);
    size_t second = f.len;
    put_pcap_packet(&f, 1000, 3, sizeof frame);
    for (size_t len = second + 1; len < f.len; len += 7) {
        for (int gz = 0; gz < 2; gz++) {
            struct tm_pcap_source *s = NULL;
            struct tm_packet p;
            struct tm_msg msg = {""};
            const char *file = gz ? write_gzip("cut", f.b, len) : write_file("cut", f.b, len);
            CHECK_INT(tm_pcap_open(&s, file, &msg), TM_OK);
            if (!s)
                return;
            CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
            CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
            check_packet(&p, 1000000002);
            CHECK_INT(tm_pcap_next(s, &p, &msg), TM_ERR_FORMAT);
            CHECK(strstr(msg.text, file) != NULL);
            CHECK(strstr(msg.text, "after packet 2") != NULL);
            tm_pcap_close(s);
        }
    }
}

static void cut_gzip_is_noticed(void)
{
    struct bytes f = {.len = 0};
    uint8_t packed[FILE_MAX];
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 40; i++)
        put_pcap_packet(&f, 1000 * i * i, 77777 * i, sizeof frame);
    FILE *in = fopen(write_gzip("whole.gz", f.b, f.len), "rb");
    size_t len = in ? fread(packed, 1, sizeof packed, in) : 0;
    if (in)
        (void)fclose(in);
    CHECK(len > 200);
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    CHECK_INT(tm_pcap_open(&s, write_file("half.gz", packed, len - 100), &msg), TM_OK);
    int rc = s ? 1 : 0;
    size_t n = 0;
    while (rc == 1 && (rc = tm_pcap_next(s, &p, &msg)) == 1)
        n++;
    CHECK_INT(rc, TM_ERR_FORMAT);
    CHECK(n > 0 && n < 40);
    tm_pcap_close(s);
}

static void cut_header_is_an_error(void)
{
    struct bytes f = {.len = 0};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (size_t len = 1; len < f.len; len++) {
        struct tm_pcap_source *s = NULL;
        struct tm_msg msg = {""};
        CHECK_INT(tm_pcap_open(&s, write_file("cut", f.b, len), &msg), TM_ERR_FORMAT);
        CHECK(s == NULL && msg.text[0] != '\0');
    }
    check_refused(write_file("cut", f.b, 20), TM_ERR_FORMAT, "ends inside its file header");
    check_refused(write_file("cut", f.b, 0), TM_ERR_FORMAT, "is empty");
}

static void what_is_no_capture_is_refused(void)
{
    static const char text[] = "this is a text of more than twenty-four bytes, not a capture\n";
    check_refused(write_file("text", (const uint8_t *)text, sizeof text), TM_ERR_FORMAT,
                  "not a readable pcap");
    check_refused(write_gzip("text.gz", (const uint8_t *)text, sizeof text), TM_ERR_FORMAT,
                  "not a readable pcap");
    check_refused("/nonexistent/trace.pcap", TM_ERR_IO, "No such file");
    check_refused(dir, TM_ERR_IO, "directory");
}

static void unknown_link_type_is_named(void)
{
    struct bytes f = {.len = 0};
    put_pcap_header(&f, 0xa1b2c3d4, 105);
    check_refused(write_file("wifi", f.b, f.len), TM_ERR_UNSUPPORTED, "IEEE802_11");
}

static void known_link_types_are_accepted(void)
{
    static const uint32_t link[] = {0, 1, 101, 108, 113, 228, 229, 276};
    for (size_t i = 0; i < sizeof link / sizeof *link; i++) {
        struct bytes f = {.len = 0};
        struct tm_pcap_source *s = NULL;
        struct tm_packet p;
        struct tm_msg msg = {""};
        put_pcap_header(&f, 0xa1b2c3d4, link[i]);
        CHECK_INT(tm_pcap_open(&s, write_file("link", f.b, f.len), &msg), TM_OK);
        CHECK(s && tm_pcap_next(s, &p, &msg) == 0);
        tm_pcap_close(s);
    }
}

static void frames_that_are_not_tcp_are_counted(void)
{
    struct bytes f = {.len = 0};
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    put_pcap_packet(&f, 1, 0, 20); /* cut inside the IP header */
    put_pcap_packet(&f, 2, 0, sizeof frame);
    put_pcap_packet(&f, 3, 0, sizeof frame);
    f.b[f.len - sizeof frame + 12] = 0x86; /* an unknown ethertype */
    CHECK_INT(tm_pcap_open(&s, write_file("mixed", f.b, f.len), &msg), TM_OK);
    if (!s)
        return;
    CHECK_INT(tm_pcap_size_bytes(s), f.len);
    CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
    CHECK_INT(p.t_us, 2000000);
    CHECK_INT(tm_pcap_next(s, &p, &msg), 0);
    const struct tm_pcap_counts *c = tm_pcap_counts(s);
    CHECK_INT(c->n_frames, 3);
    CHECK_INT(c->n_kind[TM_PACKET_TCP], 1);
    CHECK_INT(c->n_kind[TM_PACKET_CUT], 1);
    CHECK_INT(c->n_kind[TM_PACKET_NOT_IP], 1);
    tm_pcap_close(s);
}

static void batches_hold_what_comes_one_by_one(void)
{
    enum { FRAMES = 2 * TM_PCAP_BATCH + 3 };
    struct bytes f = {.len = 0};
    struct tm_pcap_source *s = NULL;
    const struct tm_packet *p = NULL;
    char want[32];
    struct tm_msg msg = {""};
    uint32_t n = 0;
    int got = 0;
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < FRAMES; i++)
        put_pcap_packet(&f, i, 7, i % 5 == 4 ? 20 : sizeof frame); /* every fifth is cut */
    put_int(&f, 77, 4);                                            /* and the file ends too early */
    CHECK_INT(tm_pcap_open(&s, write_file("batches", f.b, f.len), &msg), TM_OK);
    while (s && (got = tm_pcap_batch(s, &p, &msg)) > 0) {
        CHECK(got <= TM_PCAP_BATCH);
        for (int i = 0; i < got; i++) {
            n += n % 5 == 4;
            CHECK_INT(p[i].t_us, n * INT64_C(1000000) + 7);
            CHECK_MEM(p[i].payload, "payload", 7);
            n++;
        }
    }
    CHECK_INT(got, TM_ERR_FORMAT);
    (void)snprintf(want, sizeof want, "after packet %d ", FRAMES);
    CHECK(strstr(msg.text, want) != NULL);
    CHECK_INT(n, FRAMES); /* the last is whole */
    CHECK_INT(tm_pcap_counts(s)->n_kind[TM_PACKET_CUT], FRAMES / 5);
    tm_pcap_close(s);
}

static void time_that_goes_back_is_counted(void)
{
    static const uint32_t sec[] = {100, 105, 103, 101, 106, 105};
    struct bytes f = {.len = 0};
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    for (size_t i = 0; i < sizeof sec / sizeof *sec; i++)
        put_pcap_packet(&f, sec[i], 0, sizeof frame);
    CHECK_INT(tm_pcap_open(&s, write_file("back", f.b, f.len), &msg), TM_OK);
    if (!s)
        return;
    CHECK_INT(tm_pcap_first_us(s), 100000000);
    for (size_t i = 0; i < sizeof sec / sizeof *sec; i++) {
        CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
        CHECK_INT(p.t_us, sec[i] * INT64_C(1000000));
        CHECK_INT(tm_pcap_frame(s)->t_us, p.t_us);
        CHECK_INT(tm_pcap_frame(s)->cap_len, sizeof frame);
        CHECK_MEM(tm_pcap_frame(s)->bytes, frame, sizeof frame);
    }
    CHECK_INT(tm_pcap_next(s, &p, &msg), 0);
    CHECK_INT(tm_pcap_next(s, &p, &msg), 0);
    const struct tm_pcap_counts *c = tm_pcap_counts(s);
    CHECK_INT(c->n_early, 3);
    CHECK_INT(c->first_early, 3);
    CHECK_INT(c->most_early_us, 4000000);
    CHECK_INT(tm_pcap_newest_us(s), 106000000);
    tm_pcap_close(s);
}

/* An interface that cannot be decoded among others; a packet without a time. */
static void frames_of_no_use_are_counted(void)
{
    struct bytes f = {.len = 0};
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    put_pcapng(&f, 105);
    f.len -= 32 + 64; /* without its packet */
    check_refused(write_file("wifi.ng", f.b, f.len), TM_ERR_UNSUPPORTED, "IEEE802_11");
    put_int(&f, 1, 4);
    put_int(&f, 20, 4);
    put_int(&f, 1, 2);
    put_int(&f, 0, 2);
    put_int(&f, 0, 4);
    put_int(&f, 20, 4);
    for (uint32_t iface = 0; iface < 2; iface++) {
        put_int(&f, 6, 4);
        put_int(&f, 32 + 64, 4);
        put_int(&f, iface, 4);
        put_int(&f, 0, 4);
        put_int(&f, 5000, 4);
        put_int(&f, sizeof frame, 4);
        put_int(&f, sizeof frame, 4);
        put(&f, frame, sizeof frame);
        put(&f, "\0\0\0", 3);
        put_int(&f, 32 + 64, 4);
    }
    put_int(&f, 3, 4);
    put_int(&f, 16 + 64, 4);
    put_int(&f, sizeof frame, 4);
    put(&f, frame, sizeof frame);
    put(&f, "\0\0\0", 3);
    put_int(&f, 16 + 64, 4);
    CHECK_INT(tm_pcap_open(&s, write_file("both.ng", f.b, f.len), &msg), TM_OK);
    if (!s)
        return;
    CHECK_INT(tm_pcap_next(s, &p, &msg), 1);
    check_packet(&p, 5000);
    CHECK_INT(tm_pcap_next(s, &p, &msg), 0);
    const struct tm_pcap_counts *c = tm_pcap_counts(s);
    CHECK_INT(c->n_frames, 3);
    CHECK_INT(c->n_link, 1);
    CHECK_INT(c->n_untimed, 1);
    CHECK_INT(c->n_kind[TM_PACKET_TCP], 1);
    tm_pcap_close(s);
}

/* The header was good: the file is used up to the fault, which is told by the first next. */
static void damage_in_the_first_packet_is_told_when_it_is_read(void)
{
    struct bytes f = {.len = 0};
    struct tm_pcap_source *s = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    put_pcap_header(&f, 0xa1b2c3d4, 1);
    put_pcap_packet(&f, 1, 0, sizeof frame);
    f.b[24 + 11] = 0x7f; /* captured length */
    CHECK_INT(tm_pcap_open(&s, write_file("absurd", f.b, f.len), &msg), TM_OK);
    if (!s)
        return;
    CHECK_INT(tm_pcap_first_us(s), TM_NEVER);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(tm_pcap_next(s, &p, &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "after packet 0 (the next one has 2130706493 bytes") != NULL);
    }
    tm_pcap_close(s);
}

/* Of many windows; closing in the middle leaks nothing. */
static void large_files_are_read_to_their_end(void)
{
    static uint8_t large[65536];
    static const char fill[] = "rest";
    enum { FRAMES = 100 };
    for (int n_read = 0; n_read <= 2; n_read++) {
        struct bytes head = {.len = 0};
        struct tm_pcap_source *s = NULL;
        struct tm_packet p;
        struct tm_msg msg = {""};
        put_pcap_header(&head, 0xa1b2c3d4, 1);
        FILE *f = fopen(write_file("large", head.b, head.len), "ab");
        CHECK(f != NULL);
        if (!f)
            return;
        memcpy(large, frame, sizeof frame);
        memcpy(large + sizeof large - sizeof fill, fill, sizeof fill);
        for (uint32_t i = 0; i < FRAMES; i++) {
            struct bytes h = {.len = 0};
            put_int(&h, i + 1, 4);
            put_int(&h, 0, 4);
            put_int(&h, sizeof large - i, 4);
            put_int(&h, sizeof large, 4);
            CHECK_INT(fwrite(h.b, 1, h.len, f), h.len);
            CHECK_INT(fwrite(large + i, 1, sizeof frame, f), sizeof frame);
            CHECK_INT(fwrite(large + sizeof frame + i, 1, sizeof large - sizeof frame - i, f),
                      sizeof large - sizeof frame - i);
        }
        CHECK_INT(fclose(f), 0);
        CHECK_INT(tm_pcap_open(&s, path, &msg), TM_OK);
        if (!s)
            return;
        CHECK(tm_pcap_size_bytes(s) > (uint64_t)FRAMES * 65000);
        int rc = 1;
        int n = 0;
        while (n < (n_read == 2 ? 1 << 20 : n_read) && (rc = tm_pcap_next(s, &p, &msg)) >= 0 &&
               rc != 0) {
            n++;
            CHECK_MEM(tm_pcap_frame(s)->bytes + tm_pcap_frame(s)->cap_len - sizeof fill, fill,
                      sizeof fill);
        }
        if (n_read == 2) {
            CHECK_INT(rc, 0);
            CHECK_INT(tm_pcap_counts(s)->n_frames, FRAMES);
            CHECK_INT(tm_pcap_read_bytes(s), tm_pcap_size_bytes(s));
        }
        tm_pcap_close(s);
    }
}

static const struct check_case cases[] = {
    {"reads_pcap_of_both_byte_orders_and_resolutions",
     reads_pcap_of_both_byte_orders_and_resolutions},
    {"reads_pcapng_with_nanoseconds", reads_pcapng_with_nanoseconds},
    {"reads_gzip_by_content_not_by_name", reads_gzip_by_content_not_by_name},
    {"reads_a_named_pipe", reads_a_named_pipe},
    {"cut_file_gives_what_was_before", cut_file_gives_what_was_before},
    {"cut_gzip_is_noticed", cut_gzip_is_noticed},
    {"cut_header_is_an_error", cut_header_is_an_error},
    {"what_is_no_capture_is_refused", what_is_no_capture_is_refused},
    {"unknown_link_type_is_named", unknown_link_type_is_named},
    {"known_link_types_are_accepted", known_link_types_are_accepted},
    {"frames_that_are_not_tcp_are_counted", frames_that_are_not_tcp_are_counted},
    {"large_files_are_read_to_their_end", large_files_are_read_to_their_end},
    {"batches_hold_what_comes_one_by_one", batches_hold_what_comes_one_by_one},
    {"time_that_goes_back_is_counted", time_that_goes_back_is_counted},
    {"frames_of_no_use_are_counted", frames_of_no_use_are_counted},
    {"damage_in_the_first_packet_is_told_when_it_is_read",
     damage_in_the_first_packet_is_told_when_it_is_read},
};

int main(void)
{
    char cmd[64];
    if (!mkdtemp(dir))
        return 2;
    int rc = check_run("pcap_source", cases, sizeof cases / sizeof *cases);
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd) == 0 ? rc : 2;
}
