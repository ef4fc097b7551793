/* test/unit/net/nameserver_test.c - resolv.conf as people write it. */
#include "tm/net/nameserver.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static struct tm_dest parse(const char *text)
{
    struct tm_dest d = {0};
    size_t len = strlen(text);
    char *copy = malloc(len + (len == 0)); /* no terminator: the sanitizer sees any read past it */
    memcpy(copy, text, len);
    tm_nameserver_parse(&d, copy, len);
    free(copy);
    return d;
}

static void check_v4(const char *text, const uint8_t addr[4])
{
    struct tm_dest d = parse(text);
    CHECK_INT(d.kind, TM_ADDR_IPV4);
    CHECK_INT(d.len, 4);
    CHECK_INT(d.port, 53);
    CHECK_MEM(d.addr, addr, 4);
}

static void the_first_that_is_an_address_counts(void)
{
    static const uint8_t one[] = {192, 0, 2, 1};
    check_v4("nameserver 192.0.2.1", one);
    check_v4("# nameserver 9.9.9.9\nsearch x\nnameserver\t 192.0.2.1 \r\nnameserver 8.8.8.8\n",
             one);
    check_v4("nameserver fe80::1%eth0\nnameserver not-one\nnameserver\nnameserver 192.0.2.1", one);
    check_v4("nameservers 9.9.9.9\nnameserver 192.0.2.1 # ours", one);
}

static void ipv6_is_taken(void)
{
    struct tm_dest d = parse("nameserver 2001:db8::35\n");
    CHECK_INT(d.kind, TM_ADDR_IPV6);
    CHECK_INT(d.len, 16);
    CHECK_MEM(d.addr, ((uint8_t[]){0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x35}), 16);
}

static void without_one_it_is_this_machine(void)
{
    static const uint8_t here[] = {127, 0, 0, 1};
    check_v4("", here);
    check_v4("nameserver", here);
    check_v4("options edns0\nnameserver 300.1.1.1\n", here);
}

static const struct check_case cases[] = {
    {"the_first_that_is_an_address_counts", the_first_that_is_an_address_counts},
    {"ipv6_is_taken", ipv6_is_taken},
    {"without_one_it_is_this_machine", without_one_it_is_this_machine},
};
CHECK_MAIN("nameserver", cases)
