/* A capture file from anywhere, through the whole path: unpacking, both formats, the decoder,
 * defragmentation and the connections.
 *
 * Input: a byte for the size of the pieces it is read in (0: all at once; when it is odd, what is in
 * memory already is asked for first), then the file. */
#include <stdint.h>
#include <stdlib.h>

#include "learner/capture/defrag.h"
#include "learner/capture/frames.h"
#include "learner/capture/link.h"
#include "learner/packet.h"
#include "learner/world.h"
#include "test/support/pieces.h"
#include "tm/base/err.h"
#include "tm/base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAMES_MAX 20000U /* a small input can unpack to much */

static struct tm_world *new_world(void)
{
    static const uint16_t ports[] = {443, 80};
    struct tm_world_cfg cfg = {
        .ports = ports,
        .n_ports = 2,
        .min_packets = 1,
        .exchange = tm_exchange_cfg_default(),
        .flow = {.max_flows = 100, .linger_us = TM_US_PER_S},
    };
    struct tm_world *w = NULL;
    if (tm_world_new(&w, &cfg) != TM_OK)
        abort();
    return w;
}

/* *d is made with the first fragment, as it is large. */
static void feed(struct tm_world *w, struct tm_defrag **d, const struct tm_frame *f)
{
    enum tm_link link;
    struct tm_packet p;
    TM_ASSERT_LE(f->cap_len, TM_FORMAT_FRAME_MAX);
    TM_ASSERT_LE(f->cap_len, f->wire_len);
    TM_ASSERT(f->t_us >= 0 && f->t_us <= TM_FORMAT_SEC_MAX * TM_US_PER_S);
    if (!tm_link_of(f->link_type, &link))
        return;
    enum tm_packet_kind kind = tm_packet_decode(&p, link, f->bytes, f->cap_len, f->wire_len);
    p.t_us = f->t_us;
    bool is_tcp = kind == TM_PACKET_TCP;
    if (is_tcp) {
        TM_ASSERT(p.payload >= f->bytes);
        TM_ASSERT_LE((size_t)(p.payload - f->bytes) + p.payload_cap_len, f->cap_len);
    } else if (kind == TM_PACKET_FRAGMENT) {
        if (!*d && tm_defrag_new(d) != TM_OK)
            abort();
        is_tcp = tm_defrag_feed(*d, &p);
        TM_ASSERT(!is_tcp || p.payload_len < 65536);
    }
    if (is_tcp)
        TM_ASSERT_EQ(tm_world_packet(w, &p), TM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tm_world *w;
    struct tm_frames *s = NULL;
    struct tm_defrag *d = NULL;
    struct tm_frame f;
    struct tm_msg msg = {""};
    int rc = 0;
    if (size == 0)
        return 0;
    size_t piece = (data[0] & 0x7f) > 0 ? (data[0] & 0x7f) : size;
    struct pieces in = {data + 1, size - 1, piece};
    if (!w)
        w = new_world();
    if (tm_frames_new(&s, pieces_read, &in) != TM_OK)
        abort();
    for (unsigned n = 0; n < FRAMES_MAX; n++) {
        if (data[0] % 2 == 0 || n == 0 || tm_frames_next_held(s, &f) == 0)
            rc = tm_frames_next(s, &f, &msg);
        if (rc != 1)
            break;
        feed(w, &d, &f);
    }
    TM_ASSERT(rc >= 0 || msg.text[0] != '\0');
    TM_ASSERT_EQ(tm_world_end(w), TM_OK);
    tm_world_clear(w);
    tm_defrag_free(d);
    tm_frames_free(s);
    return 0;
}
