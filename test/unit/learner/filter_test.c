#include "learner/filter.h"

#include <string.h>

#include "test/support/check.h"

/* 192.0.2.1:5000 > 192.0.2.2:443, in a VLAN. */
static const uint8_t frame[] = {2,   0, 0, 0,    0,   1,    2,    0, 0,    0,    0, 2,   0x81, 0, 0,
                                5,   8, 0, 0x45, 0,   0,    40,   0, 1,    0,    0, 64,  6,    0, 0,
                                192, 0, 2, 1,    192, 0,    2,    2, 0x13, 0x88, 1, 187, 0,    0, 0,
                                1,   0, 0, 0,    0,   0x50, 0x02, 0, 0,    0,    0, 0,   0};

static bool matches(const char *text, enum tm_link link, const uint8_t *p, size_t len)
{
    struct tm_filter *f = NULL;
    struct tm_packet packet;
    struct tm_msg msg = {""};
    CHECK_INT(tm_filter_new(&f, text, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(tm_packet_decode(&packet, link, p, len, len), TM_PACKET_TCP);
    bool is_match = f && tm_filter_match(f, &packet);
    tm_filter_free(f);
    return is_match;
}

static const struct {
    const char *text;
    bool is_match;
} filters[] = {
    {"tcp port 443", true},
    {"tcp port 80", false},
    {"host 192.0.2.2", true},
    {"src net 192.0.2.0/31", true},
    {"udp", false},
    {"tcp and not (tcp port 443)", false},
    {"tcp[tcpflags] & tcp-syn != 0", true},
};

static void filters_mean_the_same_on_every_link(void)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        CHECK_INT(matches(filters[i].text, TM_LINK_ETHERNET, frame, sizeof frame),
                  filters[i].is_match);
        CHECK_INT(matches(filters[i].text, TM_LINK_RAW, frame + 18, sizeof frame - 18),
                  filters[i].is_match);
    }
}

static bool matches_fragmented(const char *text, uint8_t ip_version)
{
    struct tm_filter *f = NULL;
    struct tm_msg msg = {""};
    struct tm_packet p;
    CHECK_INT(tm_packet_decode(&p, TM_LINK_ETHERNET, frame, sizeof frame, sizeof frame),
              TM_PACKET_TCP);
    p.ip = NULL; /* as learner/capture/defrag.h gives it */
    p.ip_version = ip_version;
    CHECK_INT(tm_filter_new(&f, text, &msg), TM_OK);
    bool is_match = f && tm_filter_match(f, &p);
    tm_filter_free(f);
    return is_match;
}

static void a_packet_of_fragments_matches_like_a_whole_one(void)
{
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
        CHECK_INT(matches_fragmented(filters[i].text, 4), filters[i].is_match);
    CHECK(matches_fragmented("ip6 and tcp dst port 443", 6));
    CHECK(matches_fragmented("ip6 src host ::ffff:192.0.2.1", 6));
    CHECK(!matches_fragmented("ip", 6));
}

static void what_is_no_filter_is_refused_with_a_reason(void)
{
    static const char *const bad[] = {"tcp prot 443", "ether host 02:00:00:00:00:01", "("};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct tm_filter *f;
        struct tm_msg msg = {""};
        CHECK_INT(tm_filter_new(&f, bad[i], &msg), TM_ERR_FORMAT);
        CHECK(f == NULL);
        CHECK(strstr(msg.text, bad[i]) != NULL);
        CHECK(strstr(msg.text, "pcap-filter") != NULL);
    }
}

static const struct check_case cases[] = {
    {"filters_mean_the_same_on_every_link", filters_mean_the_same_on_every_link},
    {"a_packet_of_fragments_matches_like_a_whole_one",
     a_packet_of_fragments_matches_like_a_whole_one},
    {"what_is_no_filter_is_refused_with_a_reason", what_is_no_filter_is_refused_with_a_reason},
};
CHECK_MAIN("filter", cases)
