/* flight and stream: what was sent is kept, acknowledged, lost and sent again. */
#include "tm/core/stream.h"

#include <string.h>

#include "test/support/check.h"
#include "tm/core/frame.h"

static struct tm_flight flight;

static ssize_t compose(struct tm_stream *st, uint8_t *buf, size_t cap, struct tm_item_list *sent,
                       uint64_t record, struct tm_frame *f)
{
    struct tm_wr w = tm_wr_init(buf, cap);
    bool again;
    struct tm_trail trail = {
        0}; /* of a carrier that is new each time: stream and offset are written out */
    ssize_t n =
        tm_stream_compose(st, &w, &flight, &(struct tm_outgoing){sent, &trail, record}, &again);
    if (n >= 0) {
        struct tm_rd r = tm_rd_init(buf, w.len);
        CHECK_INT(tm_frame_decode(&r, f), TM_OK);
        CHECK_INT(f->kind, TM_FRAME_DATA);
    }
    return n;
}

static void lost_bytes_go_first_and_may_be_cut(void)
{
    struct tm_stream st;
    struct tm_item_list a = TM_ITEM_LIST_EMPTY;
    struct tm_item_list b = TM_ITEM_LIST_EMPTY;
    uint8_t buf[64];
    struct tm_frame f;
    CHECK_INT(tm_flight_init(&flight, 8), TM_OK);
    CHECK_INT(tm_stream_init(&st, 2, 65536), TM_OK);
    CHECK_INT(tm_sendbuf_put(&st.tx, (const uint8_t *)"0123456789abcdefghij", 20), 20);
    CHECK_INT(compose(&st, buf, 15, &a, 0, &f), 12); /* 3 bytes of header, the rest is data */
    CHECK(!f.u.data.fin && f.u.data.offset == 0);
    tm_flight_move_first(&flight, &a, &st.lost); /* its carrier died */
    CHECK_INT(compose(&st, buf, 8, &b, 0, &f), 5);
    CHECK_MEM(f.u.data.bytes.p, "01234", 5);
    CHECK_INT(compose(&st, buf, 64, &b, 1, &f), 7);
    CHECK_MEM(f.u.data.bytes.p, "56789ab", 7);
    st.fin_queued = true;
    CHECK_INT(compose(&st, buf, 64, &b, 1, &f), 8);
    CHECK(f.u.data.fin);
    CHECK(!tm_stream_has_data(&st));
    while (!tm_item_list_is_empty(&b)) {
        tm_stream_acked(&st, tm_flight_first(&flight, &b));
        tm_flight_drop_first(&flight, &b);
    }
    CHECK(st.fin_acked && st.tx.base == 20);
    tm_stream_deinit(&st, &flight);
    CHECK_INT(flight.n_free, 8);
    tm_flight_deinit(&flight);
}

static void bytes_acknowledged_elsewhere_are_not_sent_again(void)
{
    struct tm_stream st;
    struct tm_item_list a = TM_ITEM_LIST_EMPTY;
    uint8_t buf[64];
    struct tm_frame f;
    CHECK_INT(tm_flight_init(&flight, 8), TM_OK);
    CHECK_INT(tm_stream_init(&st, 2, 65536), TM_OK);
    CHECK_INT(tm_sendbuf_put(&st.tx, (const uint8_t *)"0123456789", 10), 10);
    st.fin_queued = true;
    CHECK_INT(compose(&st, buf, 64, &a, 0, &f), 10);
    tm_flight_move_first(&flight, &a, &st.lost);
    tm_sendbuf_ack(&st.tx, 0, 7);
    CHECK_INT(compose(&st, buf, 64, &a, 1, &f), 3);
    CHECK(f.u.data.offset == 7 && f.u.data.fin);
    tm_flight_move_first(&flight, &a, &st.lost);
    tm_sendbuf_ack(&st.tx, 7, 3);
    CHECK_INT(compose(&st, buf, 64, &a, 2, &f), 0); /* the end itself is still owed */
    CHECK(f.u.data.offset == 10 && f.u.data.fin);
    tm_flight_clear(&flight, &a);
    tm_stream_deinit(&st, &flight);
    tm_flight_deinit(&flight);
}

static void credit_and_the_item_pool_bound_what_is_in_flight(void)
{
    struct tm_stream st;
    struct tm_item_list a = TM_ITEM_LIST_EMPTY;
    uint8_t buf[64];
    struct tm_frame f;
    CHECK_INT(tm_flight_init(&flight, 3), TM_OK);
    CHECK_INT(tm_stream_init(&st, 2, 65536), TM_OK);
    static const uint8_t zeros[1000];
    CHECK_INT(tm_sendbuf_put(&st.tx, zeros, 1000), 1000);
    st.tx_limit = 5;
    CHECK_INT(compose(&st, buf, 64, &a, 0, &f), 5);
    CHECK(!tm_stream_has_data(&st));
    st.tx_limit = 1000;
    CHECK_INT(compose(&st, buf, 10, &a, 0, &f), 7);
    CHECK_INT(compose(&st, buf, 10, &a, 0, &f), 7);
    CHECK_INT(compose(&st, buf, 10, &a, 0, &f), -1); /* the pool is empty */
    tm_flight_clear(&flight, &a);
    tm_stream_deinit(&st, &flight);
    tm_flight_deinit(&flight);
}

/* A carrier's first frame says where it stands, the next ones how far on; the end is never left out. */
static void headers_on_one_carrier_are_short(void)
{
    static uint8_t bytes[1000];
    struct tm_stream st;
    struct tm_trail tx = {0};
    struct tm_trail rx = {0};
    struct tm_item_list sent = TM_ITEM_LIST_EMPTY;
    static const size_t header[] = {6, 2, 2, 2, 3};
    CHECK_INT(tm_flight_init(&flight, 8), TM_OK);
    CHECK_INT(tm_stream_init(&st, 2, 65536), TM_OK);
    st.tx.base = st.tx.next = st.tx.end = 20000;
    CHECK_INT(tm_sendbuf_put(&st.tx, bytes, 5 * 46 + 3), 5 * 46 + 3);
    st.fin_queued = true;
    for (size_t i = 0; i < 5; i++) {
        uint8_t buf[50];
        size_t room = i < 4 ? sizeof buf : (size_t)(st.tx.end - st.tx.next) + 3;
        struct tm_wr w = tm_wr_init(buf, room);
        struct tm_rd r = tm_rd_init(buf, room);
        struct tm_frame f;
        bool again;
        uint64_t offset = st.tx.next;
        ssize_t n =
            tm_stream_compose(&st, &w, &flight, &(struct tm_outgoing){&sent, &tx, i}, &again);
        CHECK_INT(n, room - header[i]);
        CHECK_INT(tm_frame_decode(&r, &f), TM_OK);
        CHECK_INT(tm_trail_follow(&rx, &f), TM_OK);
        CHECK(f.u.data.stream == 2 && f.u.data.offset == offset && f.u.data.fin == (i == 4));
        CHECK_INT(f.u.data.bytes.len, n);
    }
    CHECK(st.fin_sent && !tm_stream_has_data(&st));
    tm_flight_clear(&flight, &sent);
    tm_stream_deinit(&st, &flight);
    tm_flight_deinit(&flight);
}

static const struct check_case cases[] = {
    {"headers_on_one_carrier_are_short", headers_on_one_carrier_are_short},
    {"lost_bytes_go_first_and_may_be_cut", lost_bytes_go_first_and_may_be_cut},
    {"bytes_acknowledged_elsewhere_are_not_sent_again",
     bytes_acknowledged_elsewhere_are_not_sent_again},
    {"credit_and_the_item_pool_bound_what_is_in_flight",
     credit_and_the_item_pool_bound_what_is_in_flight},
};
CHECK_MAIN("stream", cases)
