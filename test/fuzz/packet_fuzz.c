/* Frames from anywhere, through the decoder and everything that the learner makes of them.
 *
 * Input: a byte for the link type, then frames: 2 bytes captured length (big-endian, cut to what
 * is left), 2 bytes by which the frame was longer on the wire, 1 byte for the pause before it in
 * ms, the frame. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learner/capture/defrag.h"
#include "learner/fit.h"
#include "learner/packet.h"
#include "learner/world.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"
#include "tm/base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small limits, so that small inputs reach them. */
static struct tm_world *new_world(void)
{
    static const uint16_t ports[] = {443, 80};
    struct tm_world_cfg cfg = {
        .ports = ports,
        .n_ports = 2,
        .min_packets = 1,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 3, .linger_us = 100 * TM_US_PER_MS},
    };
    struct tm_world *w = NULL;
    cfg.exchange.max_pairs = 2;
    if (tm_world_new(&w, &cfg) != TM_OK)
        abort();
    return w;
}

/* *d is made with the first fragment, as it is large. */
static void feed(struct tm_world *w, struct tm_defrag **d, enum tm_link link, struct tm_view frame,
                 size_t wire_len, int64_t t_us)
{
    uint8_t *exact = malloc(frame.len > 0 ? frame.len : 1); /* so that reading past it is seen */
    struct tm_packet p;
    if (!exact)
        return;
    if (frame.len > 0)
        memcpy(exact, frame.p, frame.len);
    enum tm_packet_kind kind = tm_packet_decode(&p, link, exact, frame.len, wire_len);
    p.t_us = t_us;
    if (kind == TM_PACKET_TCP) {
        TM_ASSERT(p.payload >= exact);
        TM_ASSERT_LE(p.payload_cap_len, p.payload_len);
        TM_ASSERT_LE((size_t)(p.payload - exact) + p.payload_cap_len, frame.len);
        TM_ASSERT_EQ(tm_world_packet(w, &p), TM_OK);
    } else if (kind == TM_PACKET_FRAGMENT) {
        if (!*d && tm_defrag_new(d) != TM_OK)
            abort();
        if (tm_defrag_feed(*d, &p)) {
            TM_ASSERT_LE(p.payload_len, 65535);
            TM_ASSERT_EQ(tm_world_packet(w, &p), TM_OK);
        }
    }
    free(exact);
}

/* The model of the records must pass its own check, unless there is too little for one. */
static void fit(struct tm_world *w)
{
    struct tm_fit_cfg cfg = {.group = tm_group_cfg_default(), .key = TM_USER_CLIENT};
    struct tm_samples samples = {0};
    struct tm_group_counts counts = {0};
    struct tm_model m;
    size_t n;
    TM_ASSERT_EQ(tm_world_end(w), TM_OK);
    const struct tm_record *r = tm_world_records(w, &n);
    TM_ASSERT_EQ(tm_fit_records(&cfg, tm_world_pairs(w), r, n, &samples, &counts), TM_OK);
    TM_ASSERT_EQ(tm_samples_total(&samples, TM_SWING_NUM_PAIRS), n);
    TM_ASSERT_EQ(tm_fit_model(&samples, "fuzz", TM_DIST_POINTS_MAX, &m), TM_OK);
    if (tm_samples_total(&samples, TM_SWING_REQ) > 0 &&
        tm_samples_total(&samples, TM_SWING_RSP) > 0)
        TM_ASSERT_EQ(tm_model_check(&m, NULL), TM_OK);
    tm_model_deinit(&m);
    tm_samples_deinit(&samples);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tm_world *w;
    struct tm_rd rd = tm_rd_init(data, size);
    struct tm_defrag *d = NULL;
    int64_t t_us = 0;
    if (!w)
        w = new_world();
    enum tm_link link = (enum tm_link)(tm_rd_u8(&rd) % (TM_LINK_SLL2 + 1));
    while (tm_rd_ok(&rd) && rd.len > 0) {
        size_t len = tm_rd_u16(&rd);
        size_t more = tm_rd_u16(&rd);
        t_us += tm_rd_u8(&rd) * TM_US_PER_MS;
        if (len > rd.len)
            len = rd.len;
        struct tm_view frame = tm_rd_bytes(&rd, len);
        if (tm_rd_ok(&rd))
            feed(w, &d, link, frame, frame.len + more, t_us);
    }
    fit(w);
    tm_world_clear(w);
    tm_defrag_free(d);
    return 0;
}
