/* test/unit/bpf/connect_rules_test.c - which way: tables, written down without the code's arithmetic. */
#include "bpf/connect_rules.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "test/support/check.h"

static enum tmb_place place_of(const char *text)
{
    uint32_t w[4];
    struct in6_addr a;
    CHECK_INT(inet_pton(AF_INET6, text, &a), 1);
    memcpy(w, &a, sizeof w);
    return tmb_place(ntohl(w[0]), ntohl(w[1]), ntohl(w[2]), ntohl(w[3]));
}

static enum tmb_place place4_of(const char *text)
{
    struct in_addr a;
    CHECK_INT(inet_pton(AF_INET, text, &a), 1);
    char mapped[64] = "::ffff:";
    strncat(mapped, text, sizeof mapped - 8);
    CHECK_INT(place_of(mapped), tmb_place_v4(ntohl(a.s_addr)));
    return tmb_place_v4(ntohl(a.s_addr));
}

static void loopback_is_here(void)
{
    static const char *const v4[] = {"127.0.0.1", "127.255.255.255", "127.0.0.53", "0.0.0.0"};
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
        CHECK_INT(place4_of(v4[i]), TMB_HERE);
    CHECK_INT(place_of("::1"), TMB_HERE);
    CHECK_INT(place_of("::"), TMB_HERE);
}

static void what_means_nothing_elsewhere_is_nowhere(void)
{
    static const char *const v4[] = {"169.254.0.0",     "169.254.255.255", "224.0.0.1",
                                     "239.255.255.250", "240.0.0.1",       "255.255.255.255",
                                     "0.0.0.1"};
    static const char *const v6[] = {"fe80::1", "febf:ffff::1", "ff02::fb", "ff0e::1"};
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
        CHECK_INT(place4_of(v4[i]), TMB_NOWHERE);
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++)
        CHECK_INT(place_of(v6[i]), TMB_NOWHERE);
}

static void all_else_is_behind_the_tunnel(void)
{
    static const char *const v4[] = {"1.0.0.0",     "126.255.255.255", "128.0.0.0",
                                     "10.0.0.1",    "192.168.1.1",     "169.253.255.255",
                                     "169.255.0.0", "223.255.255.255", "8.8.8.8"};
    static const char *const v6[] = {"2001:db8::1", "fec0::1",   "fe7f::1",   "fd00::1",
                                     "::2",         "::1:0:0:1", "64:ff9b::1"};
    for (size_t i = 0; i < sizeof v4 / sizeof *v4; i++)
        CHECK_INT(place4_of(v4[i]), TMB_ELSEWHERE);
    for (size_t i = 0; i < sizeof v6 / sizeof *v6; i++)
        CHECK_INT(place_of(v6[i]), TMB_ELSEWHERE);
}

static void connections_go_through_or_stay_here(void)
{
    CHECK_INT(tmb_way_tcp(TMB_ELSEWHERE, 443, 0), TMB_TUNNEL);
    CHECK_INT(tmb_way_tcp(TMB_HERE, 443, 0), TMB_DIRECT);
    CHECK_INT(tmb_way_tcp(TMB_HERE, 443, 7), TMB_DIRECT);
    CHECK_INT(tmb_way_tcp(TMB_NOWHERE, 443, 0), TMB_REFUSE);
}

static void names_are_the_resolvers_wherever_they_are_asked(void)
{
    for (int place = TMB_ELSEWHERE; place <= TMB_NOWHERE; place++) {
        CHECK_INT(tmb_way_tcp((enum tmb_place)place, 53, 0), TMB_TUNNEL);
        CHECK_INT(tmb_way_udp((enum tmb_place)place, 53, 0, 0), TMB_RESOLVER);
        CHECK_INT(tmb_way_udp((enum tmb_place)place, 53, 0, 1), TMB_RESOLVER);
        CHECK_INT(tmb_way_udp((enum tmb_place)place, 53, 7, 1), TMB_REFUSE);
    }
}

static void a_socket_bound_to_a_device_is_refused(void)
{
    CHECK_INT(tmb_way_tcp(TMB_ELSEWHERE, 443, 7), TMB_REFUSE);
    CHECK_INT(tmb_way_tcp(TMB_ELSEWHERE, 443, TMB_LOOPBACK_DEV), TMB_TUNNEL);
    CHECK_INT(tmb_way_tcp(TMB_HERE, 53, 7), TMB_REFUSE);
}

static void datagrams_are_refused_unless_allowed(void)
{
    CHECK_INT(tmb_way_udp(TMB_ELSEWHERE, 443, 0, 0), TMB_REFUSE);
    CHECK_INT(tmb_way_udp(TMB_NOWHERE, 5353, 0, 0), TMB_REFUSE);
    CHECK_INT(tmb_way_udp(TMB_HERE, 443, 0, 0), TMB_DIRECT);
    CHECK_INT(tmb_way_udp(TMB_ELSEWHERE, 443, 0, 1), TMB_DIRECT);
}

static void only_answers_leave_by_another_interface(void)
{
    CHECK(!tmb_may_leave(6, 1, 1, 1)); /* whatever else is let */
    CHECK(tmb_may_leave(6, 0, 0, 0));
    CHECK(!tmb_may_leave(17, 0, 0, 1));
    CHECK(tmb_may_leave(17, 0, 1, 0));
    for (uint32_t protocol = 0; protocol < 256; protocol++) {
        if (protocol == 6 || protocol == 17 || protocol == 44)
            continue;
        CHECK(!tmb_may_leave(protocol, 0, 1, 0));
        CHECK(tmb_may_leave(protocol, 0, 0, 1));
    }
}

static const struct check_case cases[] = {
    {"loopback_is_here", loopback_is_here},
    {"what_means_nothing_elsewhere_is_nowhere", what_means_nothing_elsewhere_is_nowhere},
    {"all_else_is_behind_the_tunnel", all_else_is_behind_the_tunnel},
    {"connections_go_through_or_stay_here", connections_go_through_or_stay_here},
    {"names_are_the_resolvers_wherever_they_are_asked",
     names_are_the_resolvers_wherever_they_are_asked},
    {"a_socket_bound_to_a_device_is_refused", a_socket_bound_to_a_device_is_refused},
    {"datagrams_are_refused_unless_allowed", datagrams_are_refused_unless_allowed},
    {"only_answers_leave_by_another_interface", only_answers_leave_by_another_interface},
};
CHECK_MAIN("connect_rules", cases)
