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

static void filters_mean_the_same_on_every_link(void)
{
    static const struct {
        const char *text;
        bool is_match;
    } c[] = {
        {"tcp port 443", true},
        {"tcp port 80", false},
        {"host 192.0.2.2", true},
        {"src net 192.0.2.0/31", true},
        {"udp", false},
        {"tcp and not (tcp port 443)", false},
        {"tcp[tcpflags] & tcp-syn != 0", true},
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        CHECK_INT(matches(c[i].text, TM_LINK_ETHERNET, frame, sizeof frame), c[i].is_match);
        CHECK_INT(matches(c[i].text, TM_LINK_RAW, frame + 18, sizeof frame - 18), c[i].is_match);
    }
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
    {"what_is_no_filter_is_refused_with_a_reason", what_is_no_filter_is_refused_with_a_reason},
};
CHECK_MAIN("filter", cases)
