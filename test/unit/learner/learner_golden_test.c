/* data/golden/learner.pcap -> exactly the samples in learner.txt, which learner.py wrote from the
 * model that it made the capture of. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "learner/fit.h"
#include "learner/pcap_source.h"
#include "learner/world.h"
#include "test/support/check.h"
#include "tm/base/time.h"

#define TEXT_MAX 8192U

static void learn(const char *path, struct tm_model *m, struct tm_world_counts *counts)
{
    static const uint16_t port = 443;
    struct tm_world_cfg wc = {
        .ports = &port,
        .n_ports = 1,
        .min_packets = 6,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 100, .linger_us = 60 * TM_US_PER_S},
    };
    struct tm_fit_cfg fc = {.group = tm_group_cfg_default(), .key = TM_USER_CLIENT};
    struct tm_samples samples = {0};
    struct tm_group_counts groups = {0};
    struct tm_pcap_source *src = NULL;
    struct tm_world *w = NULL;
    struct tm_packet p;
    struct tm_msg msg = {""};
    size_t n;
    int rc;
    CHECK_INT(tm_pcap_open(&src, path, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(tm_world_new(&w, &wc), TM_OK);
    while (src && (rc = tm_pcap_next(src, &p, &msg)) == 1)
        CHECK_INT(tm_world_packet(w, &p), TM_OK);
    CHECK_INT(tm_world_end(w), TM_OK);
    const struct tm_record *r = tm_world_records(w, &n);
    CHECK_INT(tm_fit_records(&fc, tm_world_pairs(w), r, n, &samples, &groups), TM_OK);
    CHECK_INT(tm_fit_model(&samples, "golden", TM_DIST_POINTS_MAX, m), TM_OK);
    *counts = *tm_world_counts(w);
    tm_samples_deinit(&samples);
    tm_world_free(w);
    tm_pcap_close(src);
}

static void dump(const struct tm_model *m, char *out, size_t cap)
{
    size_t len = 0;
    for (int p = 0; p < TM_SWING_PARAMS; p++) {
        const struct tm_dist *d = &m->u.swing.param[p];
        uint64_t seen = 0;
        for (size_t i = 0; i < d->n_points && len < cap; i++) {
            len += (size_t)snprintf(out + len, cap - len, "%s %" PRIu64 " %" PRIu64 "\n",
                                    tm_swing_param_name((enum tm_swing_param)p), d->pt[i].value,
                                    d->pt[i].cum - seen);
            seen = d->pt[i].cum;
        }
    }
}

static void capture_of_a_known_model_gives_its_samples(void)
{
    struct tm_model m;
    struct tm_world_counts counts;
    char got[TEXT_MAX] = "";
    char want[TEXT_MAX] = "";
    FILE *f = fopen("data/golden/learner.txt", "r");
    CHECK(f != NULL);
    if (!f)
        return;
    want[fread(want, 1, sizeof want - 1, f)] = '\0';
    (void)fclose(f);
    CHECK(strlen(want) > 500);
    learn("data/golden/learner.pcap", &m, &counts);
    dump(&m, got, sizeof got);
    CHECK_STR(got, want);
    CHECK_INT(counts.n_conns, 5);
    CHECK_INT(counts.n_short, 1);
    CHECK_INT(counts.n_empty, 1);
    CHECK_INT(counts.n_foreign, 1);
    CHECK_INT(counts.n_no_end, 1);
    CHECK_INT(counts.n_no_syn, 0);
    CHECK(counts.n_other_packets > 0);
    tm_model_deinit(&m);
}

static const struct check_case cases[] = {
    {"capture_of_a_known_model_gives_its_samples", capture_of_a_known_model_gives_its_samples},
};
CHECK_MAIN("learner golden", cases)
