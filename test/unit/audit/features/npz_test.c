/* The archive as numpy reads it: members, headers, elements, checksums. */
#include "audit/features/npz.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "audit/features/zip.h"
#include "test/support/check.h"
#include "test/unit/audit/features/wire.h"

static struct wire w;
static uint8_t *file;
static size_t file_len;

static uint32_t get(size_t at, unsigned n)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < n && at + i < file_len; i++)
        v |= (uint32_t)file[at + i] << 8 * i;
    return v;
}

/* Three connections of the classes "web" and "mail", the second with 40 packets. */
static struct tm_trace_set make_set(void)
{
    uint32_t web = 0;
    uint32_t mail = 0;
    w.n = 0;
    for (unsigned i = 0; i < 3; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_dialogue(&w, &c, 0);
        for (unsigned k = 0; k < (i == 1 ? 35U : 0U); k++)
            wire_send(&w, &c, 3000000 + 1000 * k, TM_UP, 10);
    }
    struct tm_trace_set s = wire_traces(&w, NULL, 0);
    CHECK_INT(tm_trace_set_name(&s, "web", &web), TM_OK);
    CHECK_INT(tm_trace_set_name(&s, "mail", &mail), TM_OK);
    for (unsigned i = 0; i < 3; i++) {
        s.v[i].cls = i == 2 ? mail : web;
        s.v[i].load = 10 + i;
    }
    s.v[2].session = mail; /* any other name */
    return s;
}

static int write_npz(const struct tm_trace_set *s, const struct tm_npz_cfg *cfg)
{
    FILE *f = tmpfile();
    CHECK(f != NULL);
    int rc = f ? tm_npz_write(s, cfg, f) : TM_ERR_IO;
    file_len = 0;
    file = malloc(1 << 20);
    if (f && file) {
        rewind(f);
        file_len = fread(file, 1, 1 << 20, f);
    }
    if (f)
        (void)fclose(f);
    return rc;
}

/* Where the elements of a member begin, its header in *head (text).  0: none, or something is wrong. */
static size_t find_member(const char *name, char head[160], size_t *len)
{
    size_t end = file_len - 22;
    CHECK_INT(get(end, 4), 0x06054b50);
    size_t at = get(end + 16, 4);
    for (uint32_t i = 0; i < get(end + 10, 2); i++) {
        CHECK_INT(get(at, 4), 0x02014b50);
        uint32_t name_len = get(at + 28, 2);
        size_t local = get(at + 42, 4);
        uint32_t bytes = get(at + 24, 4);
        bool is_it = name_len == strlen(name) && memcmp(file + at + 46, name, name_len) == 0;
        if (is_it) {
            size_t data = local + 30 + get(local + 26, 2);
            CHECK_INT(get(local, 4), 0x04034b50);
            CHECK_INT(get(local + 14, 4), get(at + 16, 4));
            CHECK_INT(get(local + 18, 4), bytes);
            CHECK_INT(get(local + 22, 4), bytes);
            CHECK_INT(get(at + 20, 4), bytes);
            CHECK_INT(crc32(0, file + data, bytes), get(at + 16, 4));
            CHECK_MEM(file + data, "\x93NUMPY\x01\0", 8);
            size_t head_len = get(data + 8, 2);
            CHECK_INT((10 + head_len) % 64, 0);
            (void)snprintf(head, 160, "%.*s", (int)head_len, (const char *)file + data + 10);
            *len = bytes - 10 - head_len;
            return data + 10 + head_len;
        }
        at += 46 + name_len;
    }
    CHECK_STR(name, "in the archive");
    return 0;
}

static void check_array(const char *name, const char *head_start, const void *want, size_t want_len)
{
    char head[160] = "";
    size_t len = 0;
    size_t at = find_member(name, head, &len);
    if (strncmp(head, head_start, strlen(head_start)) != 0)
        CHECK_STR(head, head_start);
    CHECK_INT(len, want_len);
    if (at > 0 && len == want_len)
        CHECK_MEM(file + at, want, want_len);
}

static void sequences_are_direction_times_seconds(void)
{
    const struct tm_npz_cfg cfg = {.kind = TM_NPZ_SEQUENCES, .max_len = 8, .floor_us = 1000};
    struct tm_trace_set s = make_set();
    CHECK_INT(write_npz(&s, &cfg), TM_OK);
    const double want[3][8] = {{0.021, -0.05, -0.051, 1, -1.04},
                               {0.021, -0.05, -0.051, 1, -1.04, 3, 3.001, 3.002},
                               {0.021, -0.05, -0.051, 1, -1.04}};
    const int64_t y[] = {1, 1, 0};
    const int64_t session[] = {0, 0, 1};
    const int64_t load[] = {10, 11, 12};
    const uint32_t classes[2][4] = {{'m', 'a', 'i', 'l'}, {'w', 'e', 'b', 0}};
    check_array("X.npy", "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 8), }", want,
                sizeof want);
    check_array("y.npy", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", y, sizeof y);
    check_array("session.npy", "{'descr': '<i8'", session, sizeof session);
    check_array("load.npy", "{'descr': '<i8'", load, sizeof load);
    check_array("classes.npy", "{'descr': '<U4', 'fortran_order': False, 'shape': (2,), }", classes,
                sizeof classes);
    free(file);
    tm_trace_set_deinit(&s);
}

/* 0 means "no packet" to those who read it. */
static void packet_at_time_zero_keeps_its_direction(void)
{
    const struct tm_npz_cfg cfg = {.kind = TM_NPZ_SEQUENCES, .max_len = 2};
    const uint16_t port = 443;
    w.n = 0;
    struct wire_conn c = wire_conn(1);
    wire_send(&w, &c, 0, TM_DOWN, 10);
    struct tm_trace_set s = wire_traces(&w, &port, 1);
    CHECK_INT(write_npz(&s, &cfg), TM_OK);
    const double want[2] = {-1e-6, 0};
    check_array("X.npy", "{'descr': '<f8'", want, sizeof want);
    free(file);
    tm_trace_set_deinit(&s);
}

static void matrices_are_those_of_the_features(void)
{
    static float want[3][2][TM_TAM_SLOTS];
    const struct tm_npz_cfg cfg = {.kind = TM_NPZ_TAM, .max_len = 1, .floor_us = 1000};
    const struct tm_features_cfg features = {.groups = TM_GROUP_TAM, .floor_us = 1000};
    struct tm_trace_set s = make_set();
    CHECK_INT(write_npz(&s, &cfg), TM_OK);
    for (size_t i = 0; i < 3; i++)
        CHECK_INT(tm_features_of(want[i][0], &features, &s.v[i], tm_trace_packets(&s, &s.v[i])),
                  TM_OK);
    check_array("X.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 1800), }", want,
                sizeof want);
    free(file);
    tm_trace_set_deinit(&s);
}

static void full_device_is_an_error(void)
{
    const struct tm_npz_cfg cfg = {.kind = TM_NPZ_SEQUENCES, .max_len = 5000};
    struct tm_trace_set s = make_set();
    FILE *f = fopen("/dev/full", "wb");
    if (f) {
        CHECK_INT(tm_npz_write(&s, &cfg, f), TM_ERR_IO);
        (void)fclose(f);
    }
    tm_trace_set_deinit(&s);
}

static void archive_of_four_gib_is_refused(void)
{
    struct tm_zip z;
    FILE *f = fopen("/dev/null", "wb");
    uint8_t byte = 0;
    tm_zip_start(&z, f);
    tm_zip_member(&z, "a");
    z.at = UINT32_MAX - 1;
    tm_zip_data(&z, &byte, 1);
    CHECK_INT(z.rc, TM_OK);
    tm_zip_data(&z, &byte, 1);
    CHECK_INT(tm_zip_end(&z), TM_ERR_LIMIT);
    (void)fclose(f);
}

static const struct check_case cases[] = {
    {"sequences_are_direction_times_seconds", sequences_are_direction_times_seconds},
    {"packet_at_time_zero_keeps_its_direction", packet_at_time_zero_keeps_its_direction},
    {"matrices_are_those_of_the_features", matrices_are_those_of_the_features},
    {"full_device_is_an_error", full_device_is_an_error},
    {"archive_of_four_gib_is_refused", archive_of_four_gib_is_refused},
};
CHECK_MAIN("audit npz", cases)
