/* Every n-th allocation fails in turn, from the first packet to the model: TM_ERR_NOMEM, and
 * nothing leaks (LeakSanitizer looks). */
#include "learner/capture/merge.h"
#include "learner/fit.h"
#include "learner/pcap_source.h"
#include "learner/pool.h"
#include "learner/world.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "tm/base/time.h"

enum { PACKETS_MAX = 200 };
static struct tm_packet packet[PACKETS_MAX];
static size_t n_packets;

static void read_golden(void)
{
    struct tm_pcap_source *src;
    struct tm_msg msg = {""};
    if (tm_pcap_open(&src, "data/golden/learner.pcap", &msg) != TM_OK)
        return;
    while (n_packets < PACKETS_MAX && tm_pcap_next(src, &packet[n_packets], &msg) == 1)
        packet[n_packets++].payload_cap_len = 0; /* it goes with the source */
    tm_pcap_close(src);
}

/* Many flows, so that the table grows; then records, samples and the model. */
static int feed(struct tm_world *w)
{
    for (unsigned flow = 0; flow < 600; flow++) {
        struct tm_packet p = packet[3]; /* the first with payload */
        p.src_port = (uint16_t)(1000 + flow);
        int rc = tm_world_packet(w, &p);
        if (rc != TM_OK)
            return rc;
    }
    for (size_t i = 0; i < n_packets; i++) {
        int rc = tm_world_packet(w, &packet[i]);
        if (rc != TM_OK)
            return rc;
    }
    return tm_world_end(w);
}

static int learn(void)
{
    static const uint16_t port = 443;
    struct tm_world_cfg wc = {
        .ports = &port,
        .n_ports = 1,
        .min_packets = 1,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 1000, .linger_us = 60 * TM_US_PER_S},
    };
    struct tm_fit_cfg fc = {.group = tm_group_cfg_default()};
    struct tm_samples samples = {0};
    struct tm_group_counts groups = {0};
    struct tm_world *w = NULL;
    struct tm_model m;
    size_t n;
    int rc = tm_world_new(&w, &wc);
    if (rc == TM_OK)
        rc = feed(w);
    if (rc == TM_OK) {
        const struct tm_record *r = tm_world_records(w, &n);
        rc = tm_fit_records(&fc, tm_world_pairs(w), r, n, &samples, &groups);
    }
    if (rc == TM_OK) {
        struct tm_pool_cfg pc = {.k = 8};
        struct tm_pool_count pooled[TM_SAMPLES_KINDS];
        rc = tm_pool_model(&samples, "oom", TM_DIST_POINTS_MAX, &pc, pooled, &m);
        if (rc == TM_OK)
            tm_model_deinit(&m);
    }
    if (rc == TM_OK) {
        rc = tm_fit_model(&samples, "oom", TM_DIST_POINTS_MAX, &m);
        if (rc == TM_OK)
            tm_model_deinit(&m);
    }
    tm_samples_deinit(&samples);
    tm_world_free(w);
    return rc;
}

static void every_failed_allocation_is_reported(void)
{
    unsigned long n = 1;
    read_golden();
    CHECK(n_packets > 100);
    for (;; n++) {
        oom_fail_after(n);
        int rc = learn();
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (!oom_hit() || rc == TM_OK)
            break;
    }
    CHECK(n > 30);
}

static void ignore_end(void *ctx, const struct tm_pcap_source *src, const char *name)
{
    (void)ctx;
    (void)src;
    (void)name;
}

/* Directory, files, merging: 1 per packet. */
static int read_captures(size_t *n)
{
    static char golden[] = "data/golden";
    static char other[] = "data/captures/https/suricata-tls13-draft19.pcap";
    char *traces[] = {golden, other, golden};
    struct tm_inputs in;
    struct tm_merge *m = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    bool is_fatal = false;
    int rc = tm_inputs_find(&in, traces, 3, &msg);
    if (rc == TM_OK)
        rc = tm_merge_new(&m, &in, ignore_end, NULL);
    *n = 0;
    while (rc == TM_OK && (rc = tm_merge_next(m, &p, &is_fatal, &msg)) == 1) {
        rc = TM_OK;
        ++*n;
    }
    tm_merge_free(m);
    tm_inputs_deinit(&in);
    return rc;
}

static void reading_without_memory_is_reported(void)
{
    unsigned long n = 1;
    size_t n_read = 0;
    for (;; n++) {
        oom_fail_after(n);
        int rc = read_captures(&n_read);
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (!oom_hit() || rc == TM_OK)
            break;
    }
    CHECK(n > 20);
    CHECK(n_read > 200);
}

static const struct check_case cases[] = {
    {"reading_without_memory_is_reported", reading_without_memory_is_reported},
    {"every_failed_allocation_is_reported", every_failed_allocation_is_reported},
};
CHECK_MAIN("learner out of memory", cases)
