#include "learner/capture/defrag.h"

#include <string.h>

#include "test/support/check.h"

static uint8_t start[800]; /* how a first part starts */

/* A part of a datagram of IPv4 with 32 bytes of TCP header; times in ms. */
static struct tm_packet part(uint32_t id, uint16_t at, uint16_t len, bool is_last, int64_t t_ms)
{
    struct tm_packet p;
    memset(&p, 0, sizeof p);
    p.t_us = t_ms * 1000;
    p.src[15] = 1;
    p.dst[15] = 2;
    p.ip_version = 4;
    p.wire_len = 34U + len;
    p.frag = (struct tm_packet_frag){.id = id, .at = at, .len = len, .is_last = is_last};
    if (at == 0) {
        p.frag.head_len = 32;
        p.src_port = 5000;
        p.dst_port = 443;
        p.seq = 77;
        p.payload_len = len - 32U;
        p.ip = start;
        p.ip_cap_len = sizeof start;
        p.payload = start + 52;
        p.payload_cap_len = len - 32U < 748 ? len - 32U : 748;
    }
    return p;
}

static struct tm_defrag *new_defrag(void)
{
    struct tm_defrag *d = NULL;
    for (size_t i = 0; i < sizeof start; i++)
        start[i] = (uint8_t)(i * 7);
    CHECK_INT(tm_defrag_new(&d), TM_OK);
    return d;
}

static bool feed(struct tm_defrag *d, struct tm_packet p, struct tm_packet *out)
{
    bool is_whole = tm_defrag_feed(d, &p);
    *out = p;
    return is_whole;
}

static void check_counts(const struct tm_defrag *d, uint64_t whole, uint64_t overlap, uint64_t lost)
{
    struct tm_defrag_counts c;
    tm_defrag_count(d, &c);
    CHECK_INT(c.n_whole, whole);
    CHECK_INT(c.n_overlap, overlap);
    CHECK_INT(c.n_lost, lost);
}

static void check_whole(const struct tm_packet *p, uint32_t payload_len, int64_t t_ms)
{
    CHECK_INT(p->payload_len, payload_len);
    CHECK_INT(p->payload_cap_len, payload_len < 140 ? payload_len : TM_DEFRAG_HEAD_LEN - 52);
    CHECK_MEM(p->payload, start + 52, p->payload_cap_len);
    CHECK_INT(p->ip_cap_len, TM_DEFRAG_HEAD_LEN);
    CHECK_MEM(p->ip, start, p->ip_cap_len);
    CHECK_INT(p->t_us, t_ms * 1000);
    CHECK_INT(p->dst_port, 443);
    CHECK_INT(p->seq, 77);
}

static void parts_in_any_order_make_the_whole(void)
{
    static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    for (uint32_t i = 0; i < 6; i++) {
        struct tm_packet parts[3] = {part(i, 0, 800, false, 0), part(i, 800, 800, false, 0),
                                     part(i, 1600, 100, true, 0)};
        for (int k = 0; k < 3; k++) {
            parts[order[i][k]].t_us = 1000 * (10 + k);
            CHECK_INT(feed(d, parts[order[i][k]], &p), k == 2);
        }
        check_whole(&p, 1700 - 32, 12);
        CHECK_INT(p.wire_len, 1700 + 3 * 34);
    }
    check_counts(d, 6, 0, 0);
    tm_defrag_free(d);
}

static void datagrams_are_told_apart(void)
{
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    struct tm_packet other = part(1, 800, 8, true, 0);
    CHECK(!feed(d, part(1, 0, 800, false, 0), &p));
    CHECK(!feed(d, part(2, 800, 8, true, 0), &p));
    other.ip_version = 6;
    CHECK(!feed(d, other, &p));
    other.ip_version = 4;
    other.src[15] = 3;
    CHECK(!feed(d, other, &p));
    other.src[15] = 1;
    other.dst[0] = 3;
    CHECK(!feed(d, other, &p));
    CHECK(feed(d, part(1, 800, 8, true, 0), &p));
    check_whole(&p, 776, 0);
    check_counts(d, 1, 0, 4);
    tm_defrag_free(d);
}

static void repeated_parts_count_once(void)
{
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    CHECK(!feed(d, part(1, 0, 800, false, 0), &p));
    CHECK(!feed(d, part(1, 0, 800, false, 1), &p));
    CHECK(!feed(d, part(1, 800, 800, false, 2), &p));
    CHECK(!feed(d, part(1, 800, 800, false, 3), &p));
    CHECK(feed(d, part(1, 1600, 8, true, 4), &p));
    check_whole(&p, 1608 - 32, 4);
    CHECK_INT(p.wire_len, 1608 + 3 * 34);
    check_counts(d, 1, 0, 0);
    tm_defrag_free(d);
}

/* And what arrives of them later is dropped too. */
static void overlapping_parts_void_the_datagram(void)
{
    static const struct {
        uint16_t at, len;
        bool is_last;
    } bad[] = {{792, 800, false}, {0, 808, false},  {8, 16, false}, {0, 800, true},
               {2400, 8, false},  {2392, 16, true}, {1600, 8, true}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tm_defrag *d = new_defrag();
        struct tm_packet p;
        CHECK(!feed(d, part(1, 0, 800, false, 0), &p));
        CHECK(!feed(d, part(1, 2300, 100, true, 0), &p)); /* ends at 2400 */
        CHECK(!feed(d, part(1, bad[i].at, bad[i].len, bad[i].is_last, 1), &p));
        CHECK(!feed(d, part(1, 800, 1500, false, 2), &p));
        check_counts(d, 0, 1, 0);
        tm_defrag_free(d);
    }
}

static void what_is_late_is_given_up(void)
{
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    CHECK(!feed(d, part(1, 0, 800, false, 0), &p));
    CHECK(!feed(d, part(1, 800, 8, true, 60001), &p));
    check_counts(d, 0, 0, 2); /* the late part waits as another datagram's */
    CHECK(feed(d, part(1, 0, 800, false, 60002), &p));
    check_counts(d, 1, 0, 1);
    tm_defrag_free(d);
}

static void too_many_parts_void_the_datagram(void)
{
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    for (uint16_t i = 0; i < TM_DEFRAG_PARTS_MAX; i++)
        CHECK(!feed(d, part(1, (uint16_t)(i * 40), 40, false, 0), &p));
    CHECK(!feed(d, part(1, TM_DEFRAG_PARTS_MAX * 40, 40, true, 0), &p));
    check_counts(d, 0, 1, 0);
    tm_defrag_free(d);
}

/* A flood of first parts: the table stays as it is, and datagrams that come whole are still put
 * together. */
static void a_flood_finds_a_bounded_table(void)
{
    struct tm_defrag *d = new_defrag();
    struct tm_packet p;
    uint32_t n = 20 * TM_DEFRAG_DATAGRAMS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        CHECK(!feed(d, part(i, 0, 40, false, i / 1000), &p));
        if (i % 100 == 0) {
            CHECK(!feed(d, part(n + i, 0, 40, false, i / 1000), &p));
            CHECK(feed(d, part(n + i, 40, 8, true, i / 1000), &p));
        }
    }
    struct tm_defrag_counts c;
    tm_defrag_count(d, &c);
    CHECK_INT(c.n_whole, (n + 99) / 100);
    CHECK_INT(c.n_lost, n);
    tm_defrag_free(d);
}

static const struct check_case cases[] = {
    {"parts_in_any_order_make_the_whole", parts_in_any_order_make_the_whole},
    {"datagrams_are_told_apart", datagrams_are_told_apart},
    {"repeated_parts_count_once", repeated_parts_count_once},
    {"overlapping_parts_void_the_datagram", overlapping_parts_void_the_datagram},
    {"what_is_late_is_given_up", what_is_late_is_given_up},
    {"too_many_parts_void_the_datagram", too_many_parts_void_the_datagram},
    {"a_flood_finds_a_bounded_table", a_flood_finds_a_bounded_table},
};
CHECK_MAIN("defrag", cases)
