/* test/unit/app/address_test.c - HOST:PORT, -L specifications, destinations. */
#include "tm/app/address.h"

#include <netinet/in.h>
#include <string.h>

#include "test/support/check.h"

static void hosts_and_ports_are_split(void)
{
    static const struct {
        const char *text, *host;
        int port;
        const char *printed;
    } good[] = {{"127.0.0.1:1080", "127.0.0.1", 1080, "127.0.0.1:1080"},
                {"vpn.example.org:443", "vpn.example.org", 443, "vpn.example.org:443"},
                {"[2001:db8::1]:443", "2001:db8::1", 443, "[2001:db8::1]:443"},
                {"*:8443", "", 8443, "*:8443"},
                {":8443", "", 8443, "*:8443"},
                {"localhost:0", "localhost", 0, "localhost:0"},
                {"a:65535", "a", 65535, "a:65535"}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct tm_address a;
        char text[TM_ADDRESS_TEXT_MAX];
        CHECK_INT(tm_address_parse(&a, good[i].text, NULL), TM_OK);
        CHECK_STR(a.host, good[i].host);
        CHECK_INT(a.port, good[i].port);
        tm_address_print(text, a.host, a.port);
        CHECK_STR(text, good[i].printed);
    }
}

static void what_is_no_address_is_refused_with_a_reason(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {{"", "'' has no port; write HOST:PORT"},
               {"localhost", "'localhost' has no port; write HOST:PORT"},
               {"localhost:", "'localhost:': the port must be a number from 0 to 65535"},
               {"localhost:http", "'localhost:http': the port must be a number from 0 to 65535"},
               {"localhost:65536", "'localhost:65536': the port must be a number from 0 to 65535"},
               {"localhost:-1", "'localhost:-1': the port must be a number from 0 to 65535"},
               {"::1:80", "'::1:80': write an IPv6 address in brackets, [ADDR]:PORT"},
               {"[host]:80", "'[host]:80': this is no host name or address"},
               {"[::1:80", "'[::1:80': write an IPv6 address in brackets, [ADDR]:PORT"},
               {"a b:80", "'a b:80': this is no host name or address"},
               {"http://x:80", "'http://x:80': write an IPv6 address in brackets, [ADDR]:PORT"},
               {"user@x:80", "'user@x:80': this is no host name or address"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_address a;
        struct tm_msg msg;
        CHECK_INT(tm_address_parse(&a, bad[i].text, &msg), TM_ERR_FORMAT);
        CHECK_STR(msg.text, bad[i].why);
    }
}

static void longest_host_fits(void)
{
    char text[TM_ADDRESS_HOST_MAX + 8];
    struct tm_address a;
    memset(text, 'h', TM_ADDRESS_HOST_MAX);
    memcpy(text + TM_ADDRESS_HOST_MAX, ":80", 4);
    CHECK_INT(tm_address_parse(&a, text, NULL), TM_OK);
    CHECK_INT(strlen(a.host), TM_ADDRESS_HOST_MAX);
    memset(text, 'h', TM_ADDRESS_HOST_MAX + 1);
    memcpy(text + TM_ADDRESS_HOST_MAX + 1, ":80", 4);
    CHECK_INT(tm_address_parse(&a, text, NULL), TM_ERR_FORMAT);
}

static void destinations_are_addresses_where_they_can(void)
{
    struct tm_dest d;
    struct tm_address a = {.host = "192.0.2.9", .port = 80};
    CHECK_INT(tm_address_dest(&d, &a), TM_OK);
    CHECK_INT(d.kind, TM_ADDR_IPV4);
    CHECK_MEM(d.addr, ((uint8_t[]){192, 0, 2, 9}), 4);
    CHECK_INT(d.port, 80);
    strcpy(a.host, "2001:db8::1");
    CHECK_INT(tm_address_dest(&d, &a), TM_OK);
    CHECK_INT(d.kind, TM_ADDR_IPV6);
    CHECK_INT(d.len, 16);
    strcpy(a.host, "example.org");
    CHECK_INT(tm_address_dest(&d, &a), TM_OK);
    CHECK_INT(d.kind, TM_ADDR_NAME);
    CHECK_INT(d.len, 11);
    CHECK_MEM(d.addr, "example.org", 11);
    a.port = 0;
    CHECK_INT(tm_address_dest(&d, &a), TM_ERR_RANGE);
    a = (struct tm_address){.port = 80};
    CHECK_INT(tm_address_dest(&d, &a), TM_ERR_RANGE);
}

static void numeric_addresses_resolve_without_a_name_server(void)
{
    struct sockaddr_storage sa;
    struct tm_address a = {.host = "127.0.0.1", .port = 4433};
    CHECK_INT(tm_address_resolve(&sa, &a, NULL), TM_OK);
    CHECK_INT(sa.ss_family, AF_INET);
    CHECK_INT(tm_address_len(&sa), sizeof(struct sockaddr_in));
    struct sockaddr_in in;
    memcpy(&in, &sa, sizeof in);
    CHECK_INT(ntohs(in.sin_port), 4433);
    CHECK_INT(ntohl(in.sin_addr.s_addr), 0x7f000001);
}

static const struct check_case cases[] = {
    {"hosts_and_ports_are_split", hosts_and_ports_are_split},
    {"what_is_no_address_is_refused_with_a_reason", what_is_no_address_is_refused_with_a_reason},
    {"longest_host_fits", longest_host_fits},
    {"destinations_are_addresses_where_they_can", destinations_are_addresses_where_they_can},
    {"numeric_addresses_resolve_without_a_name_server",
     numeric_addresses_resolve_without_a_name_server},
};
CHECK_MAIN("address", cases)
