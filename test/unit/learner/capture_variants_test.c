/* The same packets, however they were captured and written, give the same model: its digest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learner/fit.h"
#include "learner/reading.h"
#include "learner/world.h"
#include "test/support/check.h"
#include "test/unit/learner/capture_variants.h"
#include "tm/base/time.h"

static const struct sample {
    const char *path;
    uint16_t port;
} samples[] = {
    {"data/captures/https/joy-firefox58.pcap", 443},
    {"data/captures/https/suricata-tls-cert-issuer.pcap", 443},
    {"data/captures/ssh/joy-kali-normal-ssh.pcap", 22},
    {"data/captures/smtp/suricata-smtp-rfc2231.pcap", 25},
    {"data/captures/ssh/suricata-bypass-ssh-enabled.pcap", 22},
};
#define N_SAMPLES (sizeof samples / sizeof *samples)

static char dir[] = "/tmp/tm_capture_variants_XXXXXX";
#define PARTS_MAX 4U
static char path[PARTS_MAX][64];
static char *traces[PARTS_MAX] = {path[0], path[1], path[2], path[3]};

struct learned {
    struct tm_samples samples;
    struct tm_group_counts groups;
    struct tm_reading_counts reading;
    uint64_t n_conns;
    char digest[2 * TM_DIGEST_LEN + 1];
};

static int take(void *ctx, const struct tm_world *w, size_t index)
{
    static const struct tm_fit_cfg template = {.key = TM_USER_CLIENT,
                                               .max_points = TM_DIST_POINTS_MAX};
    struct learned *l = ctx;
    struct tm_fit_cfg cfg = template;
    size_t n;
    const struct tm_record *r = tm_world_records(w, &n);
    CHECK_INT(index, l->reading.n_recordings);
    cfg.group = tm_group_cfg_default();
    return tm_fit_records(&cfg, tm_world_pairs(w), r, n, &l->samples, &l->groups);
}

/* Learns from the first n files of `traces`. */
static void learn(struct learned *l, size_t n, uint16_t port, enum tm_join join)
{
    struct tm_world_cfg cfg = {
        .ports = &port,
        .n_ports = 1,
        .min_packets = 6,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 100000, .linger_us = 60 * TM_US_PER_S},
    };
    struct tm_world *w = NULL;
    struct tm_filter *all = NULL;
    struct tm_reading_set set = {&w, &all, 1, join};
    struct tm_model m;
    struct tm_msg msg = {""};
    uint8_t digest[TM_DIGEST_LEN];
    *l = (struct learned){.n_conns = 0};
    CHECK_INT(tm_world_new(&w, &cfg), TM_OK);
    CHECK_INT(tm_reading_run_set(traces, n, &set, take, l, &l->reading, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    l->n_conns = tm_world_counts(w)->n_conns;
    CHECK_INT(tm_fit_model(&l->samples, "variant", TM_DIST_POINTS_MAX, &m), TM_OK);
    tm_model_digest(&m, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(l->digest + 2 * i, 3, "%02x", digest[i]);
    tm_model_deinit(&m);
    tm_samples_deinit(&l->samples);
    tm_world_free(w);
}

/* The sample as it is: what all its variants must give. */
static struct learned original(const struct sample *s, struct variant *v)
{
    struct learned l;
    char *kept = traces[0];
    char *own = strdup(s->path);
    variant_load(v, s->path);
    CHECK(v->n > 50);
    traces[0] = own;
    learn(&l, 1, s->port, TM_JOIN_FOLLOWING);
    traces[0] = kept;
    free(own);
    CHECK(l.n_conns > 0);
    return l;
}

static void check_same(const struct learned *want, const struct sample *s, size_t n_files,
                       enum tm_join join, const char *what)
{
    struct learned got;
    learn(&got, n_files, s->port, join);
    CHECK_STR(got.digest, want->digest);
    CHECK_INT(got.n_conns, want->n_conns);
    CHECK_INT(got.reading.n_recordings, 1);
    CHECK_INT(got.reading.n_captures, n_files);
    if (strcmp(got.digest, want->digest) != 0)
        (void)fprintf(stderr, "%s: %s\n", s->path, what);
}

static void formats_and_packings_change_nothing(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        for (int format = 0; format < VARIANT_FORMATS; format++) {
            for (int packing = 0; packing < VARIANT_PACKINGS; packing++) {
                char what[64];
                (void)snprintf(what, sizeof what, "format %d, packing %d", format, packing);
                variant_write(&v, (enum variant_format)format, (enum variant_packing)packing,
                              path[0]);
                check_same(&want, &samples[i], 1, TM_JOIN_FOLLOWING, what);
            }
        }
        variant_free(&v);
    }
}

static void link_types_change_nothing(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        for (size_t k = 0; k < variant_n_links; k++) {
            struct variant other = variant_rewrap(&v, &variant_links[k]);
            variant_write(&other, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
            check_same(&want, &samples[i], 1, TM_JOIN_FOLLOWING, variant_links[k].name);
            variant_write(&other, VARIANT_NG_BIG, VARIANT_PLAIN, path[0]);
            check_same(&want, &samples[i], 1, TM_JOIN_FOLLOWING, variant_links[k].name);
            variant_free(&other);
        }
        variant_free(&v);
    }
}

static void headers_are_enough(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        struct variant cut = variant_cut(&v, 96);
        variant_write(&cut, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
        check_same(&want, &samples[i], 1, TM_JOIN_FOLLOWING, "96 bytes");
        variant_free(&cut);
        variant_free(&v);
    }
}

static void fragments_change_nothing(void)
{
    uint64_t n_joined = 0;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        struct variant cut = variant_fragment(&v);
        struct learned got;
        variant_write(&cut, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
        check_same(&want, &samples[i], 1, TM_JOIN_FOLLOWING, "fragments");
        learn(&got, 1, samples[i].port, TM_JOIN_FOLLOWING);
        CHECK_INT(got.reading.defrag.n_whole, cut.n - v.n);
        CHECK_INT(got.reading.defrag.n_lost + got.reading.defrag.n_overlap, 0);
        n_joined += got.reading.defrag.n_whole;
        variant_free(&cut);
        variant_free(&v);
    }
    CHECK(n_joined > 100);
}

/* of[i] = the part that frame i goes to; changes only where time moves on. */
static uint8_t *parts_of(const struct variant *v, size_t frames_per_part, uint8_t n_parts)
{
    uint8_t *of = calloc(v->n, 1);
    int64_t newest_us = 0;
    size_t since = 0;
    uint8_t part = 0;
    CHECK(of != NULL);
    for (size_t i = 0; of && i < v->n; i++) {
        if (v->frame[i].t_us > newest_us && since >= frames_per_part) {
            part = (uint8_t)((part + 1) % n_parts);
            since = 0;
        }
        since++;
        of[i] = part;
        newest_us = tm_max_us(newest_us, v->frame[i].t_us);
    }
    return of;
}

static void write_parts(const struct variant *v, const uint8_t *of, uint8_t n_parts)
{
    static const enum variant_format format[PARTS_MAX] = {VARIANT_PCAP, VARIANT_NG, VARIANT_PCAP_NS,
                                                          VARIANT_PCAP_BIG};
    for (uint8_t k = 0; k < n_parts; k++) {
        struct variant part = variant_part(v, of, k);
        CHECK(part.n > 0);
        variant_write(&part, format[k], (enum variant_packing)(k % VARIANT_PACKINGS), path[k]);
        variant_free(&part);
    }
}

static void swap_traces(size_t a, size_t b)
{
    char *kept = traces[a];
    traces[a] = traces[b];
    traces[b] = kept;
}

static void files_that_follow_each_other_are_one_recording(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        for (uint8_t n_parts = 2; n_parts <= 3; n_parts++) {
            uint8_t *of = parts_of(&v, v.n / n_parts, PARTS_MAX);
            write_parts(&v, of, n_parts);
            check_same(&want, &samples[i], n_parts, TM_JOIN_FOLLOWING, "split");
            check_same(&want, &samples[i], n_parts, TM_JOIN_ALL, "split and merged");
            swap_traces(0, n_parts - 1U);
            check_same(&want, &samples[i], n_parts, TM_JOIN_FOLLOWING, "split, last part first");
            swap_traces(0, n_parts - 1U);
            free(of);
        }
        variant_free(&v);
    }
}

static void files_with_every_other_packet_are_merged_by_time(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        for (size_t run = 1; run <= 10; run += 3) {
            uint8_t *of = parts_of(&v, run, PARTS_MAX);
            write_parts(&v, of, PARTS_MAX);
            check_same(&want, &samples[i], PARTS_MAX, TM_JOIN_ALL, "interleaved");
            free(of);
        }
        variant_free(&v);
    }
}

/* Without being asked, captures of the same time stay apart; so do those of other days. */
static void captures_that_do_not_follow_stay_apart(void)
{
    struct variant v;
    struct learned l;
    struct learned want = original(&samples[0], &v);
    variant_write(&v, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
    for (size_t i = 0; i < v.n; i++)
        v.frame[i].t_us += TM_US_PER_S;
    variant_write(&v, VARIANT_PCAP, VARIANT_PLAIN, path[1]);
    for (size_t i = 0; i < v.n; i++)
        v.frame[i].t_us += 2 * TM_JOIN_GAP_US;
    variant_write(&v, VARIANT_PCAP, VARIANT_PLAIN, path[2]);
    learn(&l, 3, samples[0].port, TM_JOIN_FOLLOWING);
    CHECK_INT(l.reading.n_recordings, 3);
    CHECK_INT(l.n_conns, 3 * want.n_conns);
    learn(&l, 3, samples[0].port, TM_JOIN_NONE);
    CHECK_INT(l.reading.n_recordings, 3);
    learn(&l, 3, samples[0].port, TM_JOIN_ALL);
    CHECK_INT(l.reading.n_recordings, 1);
    CHECK_INT(l.reading.n_captures, 3);
    variant_free(&v);
}

/* A part that is cut ends there, and the others are read; merged or not. */
static void damage_ends_one_file_only(void)
{
    struct variant v;
    struct learned l;
    (void)original(&samples[0], &v);
    uint8_t *of = parts_of(&v, v.n / 3, PARTS_MAX);
    write_parts(&v, of, 3);
    variant_write(&v, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
    CHECK_INT(truncate(path[0], 20000), 0);
    for (int join = TM_JOIN_FOLLOWING; join <= TM_JOIN_NONE; join++) {
        learn(&l, 3, samples[0].port, (enum tm_join)join);
        CHECK_INT(l.reading.n_damaged, 1);
        CHECK_INT(l.reading.n_captures, 3);
        CHECK(l.reading.n_frames > v.n / 2 && l.reading.n_frames < v.n);
    }
    free(of);
    variant_free(&v);
}

static const struct check_case cases[] = {
    {"formats_and_packings_change_nothing", formats_and_packings_change_nothing},
    {"link_types_change_nothing", link_types_change_nothing},
    {"headers_are_enough", headers_are_enough},
    {"fragments_change_nothing", fragments_change_nothing},
    {"files_that_follow_each_other_are_one_recording",
     files_that_follow_each_other_are_one_recording},
    {"files_with_every_other_packet_are_merged_by_time",
     files_with_every_other_packet_are_merged_by_time},
    {"captures_that_do_not_follow_stay_apart", captures_that_do_not_follow_stay_apart},
    {"damage_ends_one_file_only", damage_ends_one_file_only},
};

int main(void)
{
    char cmd[80];
    if (!mkdtemp(dir))
        return 2;
    for (size_t i = 0; i < PARTS_MAX; i++)
        (void)snprintf(path[i], sizeof path[i], "%s/part%zu", dir, i);
    int rc = check_run("capture variants", cases, sizeof cases / sizeof *cases);
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd) == 0 ? rc : 2;
}
