/* The same packets, however they were captured and written, give the same model: its digest.
 *
 *   capture_variants_test TM-LEARN */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test/support/check.h"
#include "test/unit/learner/capture_variants.h"
#include "tm/base/time.h"

#define DAY_US   (24 * 3600 * TM_US_PER_S)
#define TEXT_MAX ((size_t)64 * 1024)

static const char *tm_learn;

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

enum join { FOLLOWING, ALL, NONE };

/* What `tm-learn show` says of the model. */
struct learned {
    char digest[65];
    char marginals[4096]; /* its lines of Swing's parameters */
    long n_conns;
    long n_captures;
    long n_damaged;
    long n_recordings;
    long n_frames;
    long n_datagrams;
    long n_datagrams_lost;
};

static long number_in(const char *text, const char *key)
{
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\": \"", key);
    const char *at = strstr(text, quoted);
    CHECK(at != NULL);
    return at ? strtol(at + strlen(quoted), NULL, 10) : -1;
}

static void copy_marginals(struct learned *l, const char *text)
{
    static const char *const name[] = {"num_rre",        "inter_rre_us",    "num_conn",
                                       "inter_conn_us",  "num_pairs",       "req_bytes",
                                       "rsp_bytes",      "req_think_us",    "server_think_us",
                                       "close_think_us", "inter_session_us"};
    size_t len = 0;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        char quoted[64];
        (void)snprintf(quoted, sizeof quoted, "\"name\": \"%s\"", name[i]);
        const char *at = strstr(text, quoted);
        CHECK(at != NULL);
        if (at)
            len += (size_t)snprintf(l->marginals + len, sizeof l->marginals - len, "%.*s\n",
                                    (int)strcspn(at, "\n"), at);
        if (len >= sizeof l->marginals)
            return;
    }
}

static void parse(struct learned *l, const char *text)
{
    const char *at = strstr(text, "\"digest\": \"");
    CHECK(at != NULL);
    if (at)
        (void)snprintf(l->digest, sizeof l->digest, "%s", at + 11);
    copy_marginals(l, text);
    l->n_conns = number_in(text, "connections");
    l->n_captures = number_in(text, "captures");
    l->n_damaged = number_in(text, "captures.damaged");
    l->n_recordings = number_in(text, "recordings");
    l->n_frames = number_in(text, "frames");
    l->n_datagrams = number_in(text, "datagrams.joined");
    l->n_datagrams_lost =
        number_in(text, "datagrams.incomplete") + number_in(text, "datagrams.overlapping");
}

/* Learns from the first n files of `traces`. */
static void learn(struct learned *l, size_t n, uint16_t port, enum join join)
{
    static const char *const name[] = {"following", "all", "none"};
    static char text[TEXT_MAX];
    char cmd[1024];
    size_t len = (size_t)snprintf(
        cmd, sizeof cmd, "rm -f %s/db && %s learn -q --k 1 -o %s/db --name v --port %u --join %s",
        dir, tm_learn, dir, port, name[join]);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(cmd + len, sizeof cmd - len, " %s", traces[i]);
    (void)snprintf(cmd + len, sizeof cmd - len, " 2>%s/err && %s show --json %s/db v", dir,
                   tm_learn, dir);
    *l = (struct learned){.n_conns = 0};
    text[0] = '\0';
    FILE *out = popen(cmd, "r"); /* NOLINT(cert-env33-c): our own program */
    CHECK(out != NULL);
    if (!out)
        return;
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    CHECK_INT(pclose(out), 0);
    parse(l, text);
}

/* The sample as it is: what all its variants must give. */
static struct learned original(const struct sample *s, struct variant *v)
{
    struct learned l;
    char *kept = traces[0];
    char own[128];
    (void)snprintf(own, sizeof own, "%s", s->path);
    variant_load(v, s->path);
    CHECK(v->n > 50);
    traces[0] = own;
    learn(&l, 1, s->port, FOLLOWING);
    traces[0] = kept;
    CHECK(l.n_conns > 0);
    return l;
}

/* Of the one file, when payload bytes are missing from it. */
static void check_marginals(const struct learned *want, const struct sample *s, const char *what)
{
    struct learned got;
    learn(&got, 1, s->port, FOLLOWING);
    CHECK_STR(got.marginals, want->marginals);
    CHECK_INT(got.n_conns, want->n_conns);
    if (strcmp(got.marginals, want->marginals) != 0)
        (void)fprintf(stderr, "%s: %s\n", s->path, what);
}

static void check_same(const struct learned *want, const struct sample *s, size_t n_files,
                       enum join join, const char *what)
{
    struct learned got;
    learn(&got, n_files, s->port, join);
    CHECK_STR(got.digest, want->digest);
    CHECK_INT(got.n_conns, want->n_conns);
    CHECK_INT(got.n_recordings, 1);
    CHECK_INT(got.n_captures, n_files);
    if (strcmp(got.digest, want->digest) != 0)
        (void)fprintf(stderr, "%s: %s\n", s->path, what);
}

static void formats_and_packings_change_nothing(void)
{
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        for (int format = 0; format < VARIANT_FORMATS; format++) {
            bool is_packed = format == VARIANT_PCAP || format == VARIANT_NG_MIXED;
            for (int packing = 0; packing < (is_packed ? VARIANT_PACKINGS : 1); packing++) {
                char what[64];
                (void)snprintf(what, sizeof what, "format %d, packing %d", format, packing);
                variant_write(&v, (enum variant_format)format, (enum variant_packing)packing,
                              path[0]);
                check_same(&want, &samples[i], 1, FOLLOWING, what);
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
            check_same(&want, &samples[i], 1, FOLLOWING, variant_links[k].name);
            variant_write(&other, VARIANT_NG_BIG, VARIANT_PLAIN, path[0]);
            check_same(&want, &samples[i], 1, FOLLOWING, variant_links[k].name);
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
        check_marginals(&want, &samples[i], "96 bytes");
        variant_free(&cut);
        variant_free(&v);
    }
}

static void fragments_change_nothing(void)
{
    long n_joined = 0;
    for (size_t i = 0; i < N_SAMPLES; i++) {
        struct variant v;
        struct learned want = original(&samples[i], &v);
        struct variant cut = variant_fragment(&v);
        struct learned got;
        variant_write(&cut, VARIANT_PCAP, VARIANT_PLAIN, path[0]);
        check_marginals(&want, &samples[i], "fragments");
        learn(&got, 1, samples[i].port, FOLLOWING);
        CHECK_INT(got.n_datagrams, cut.n - v.n);
        CHECK_INT(got.n_datagrams_lost, 0);
        n_joined += got.n_datagrams;
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
            check_same(&want, &samples[i], n_parts, FOLLOWING, "split");
            check_same(&want, &samples[i], n_parts, ALL, "split and merged");
            swap_traces(0, n_parts - 1U);
            check_same(&want, &samples[i], n_parts, FOLLOWING, "split, last part first");
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
            check_same(&want, &samples[i], PARTS_MAX, ALL, "interleaved");
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
        v.frame[i].t_us += 2 * DAY_US;
    variant_write(&v, VARIANT_PCAP, VARIANT_PLAIN, path[2]);
    learn(&l, 3, samples[0].port, FOLLOWING);
    CHECK_INT(l.n_recordings, 3);
    CHECK_INT(l.n_conns, 3 * want.n_conns);
    learn(&l, 3, samples[0].port, NONE);
    CHECK_INT(l.n_recordings, 3);
    learn(&l, 3, samples[0].port, ALL);
    CHECK_INT(l.n_recordings, 1);
    CHECK_INT(l.n_captures, 3);
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
    for (int join = FOLLOWING; join <= NONE; join++) {
        learn(&l, 3, samples[0].port, (enum join)join);
        CHECK_INT(l.n_damaged, 1);
        CHECK_INT(l.n_captures, 3);
        CHECK(l.n_frames > (long)v.n / 2 && l.n_frames < (long)v.n);
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

int main(int argc, char **argv)
{
    char cmd[80];
    if (argc != 2 || !mkdtemp(dir))
        return 2;
    tm_learn = argv[1];
    for (size_t i = 0; i < PARTS_MAX; i++)
        (void)snprintf(path[i], sizeof path[i], "%s/part%zu", dir, i);
    int rc = check_run("capture variants", cases, sizeof cases / sizeof *cases);
    (void)snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd) == 0 ? rc : 2;
}
