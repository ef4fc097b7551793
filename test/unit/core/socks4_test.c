/* test/unit/core/socks4_test.c - SOCKS 4 and 4a, whole, split and mutated. */
#include "tm/core/socks4.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static const uint8_t plain[] = {4, 1, 0x1f, 0x90, 192, 0, 2, 7, 'm', 'e', 0};
static const uint8_t named[] = {4,   1,   0,   80,  0,   0,   0,   9,   0,   'e', 'x',
                                'a', 'm', 'p', 'l', 'e', '.', 'o', 'r', 'g', 0};

/* On a heap copy of exactly len bytes, so that the sanitizer sees any read past them. */
static ssize_t parse(const uint8_t *p, size_t len, struct tm_socks_request *req)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    memset(req, 0xaa, sizeof *req);
    ssize_t n = tm_socks4_request(copy, len, req);
    free(copy);
    return n;
}

static void a_connect_to_an_address_or_a_name_is_read(void)
{
    struct tm_socks_request req;
    CHECK_INT(parse(plain, sizeof plain, &req), sizeof plain);
    CHECK_INT(req.reply, TM_REPLY_OK);
    CHECK_INT(req.command, TM_SOCKS_CONNECT);
    CHECK_INT(req.dest.kind, TM_ADDR_IPV4);
    CHECK_INT(req.dest.len, 4);
    CHECK_MEM(req.dest.addr, plain + 4, 4);
    CHECK_INT(req.dest.port, 8080);
    CHECK_INT(parse(named, sizeof named, &req), sizeof named);
    CHECK_INT(req.reply, TM_REPLY_OK);
    CHECK_INT(req.dest.kind, TM_ADDR_NAME);
    CHECK_INT(req.dest.len, 11);
    CHECK_MEM(req.dest.addr, "example.org", 11);
    CHECK_INT(req.dest.port, 80);
}

static void every_split_waits_for_the_rest_and_data_behind_is_left(void)
{
    struct tm_socks_request req;
    uint8_t more[sizeof named + 3];
    for (size_t n = 0; n < sizeof plain; n++)
        CHECK_INT(parse(plain, n, &req), 0);
    for (size_t n = 0; n < sizeof named; n++)
        CHECK_INT(parse(named, n, &req), 0);
    memcpy(more, named, sizeof named);
    memcpy(more + sizeof named, "abc", 3);
    CHECK_INT(parse(more, sizeof more, &req), sizeof named);
}

static void other_commands_are_refused_after_the_whole_request(void)
{
    struct tm_socks_request req;
    uint8_t r[sizeof plain];
    memcpy(r, plain, sizeof r);
    for (int cmd = 0; cmd < 256; cmd++) {
        r[1] = (uint8_t)cmd;
        CHECK_INT(parse(r, sizeof r, &req), sizeof r);
        CHECK_INT(req.reply, cmd == TM_SOCKS_CONNECT || cmd == TM_SOCKS_RESOLVE
                                 ? TM_REPLY_OK
                                 : TM_REPLY_COMMAND_UNSUPPORTED);
    }
    r[0] = 5;
    CHECK_INT(parse(r, sizeof r, &req), TM_ERR_PROTO);
}

/* A text that never ends is refused when it cannot be one any more, however it is cut. */
static void too_long_users_and_names_are_refused(void)
{
    struct tm_socks_request req;
    uint8_t r[TM_SOCKS4_REQUEST_MAX + 8];
    memset(r, 'a', sizeof r);
    memcpy(r, plain, 8);
    CHECK_INT(parse(r, 8 + 255, &req), 0);
    CHECK_INT(parse(r, 8 + 256, &req), 8 + 256);
    CHECK_INT(req.reply, TM_REPLY_FAILURE);
    memset(r, 'a', sizeof r);
    memcpy(r, named, 8);
    r[8 + 255] = 0;
    r[8 + 256 + 255] = 0;
    CHECK_INT(parse(r, TM_SOCKS4_REQUEST_MAX - 1, &req), 0);
    CHECK_INT(parse(r, TM_SOCKS4_REQUEST_MAX, &req), TM_SOCKS4_REQUEST_MAX);
    CHECK_INT(req.reply, TM_REPLY_OK);
    CHECK_INT(req.dest.len, 255);
    r[8 + 256 + 255] = 'a';
    CHECK_INT(parse(r, TM_SOCKS4_REQUEST_MAX, &req), TM_SOCKS4_REQUEST_MAX);
    CHECK_INT(req.reply, TM_REPLY_FAILURE);
}

static void names_that_no_host_has_are_refused(void)
{
    struct tm_socks_request req;
    uint8_t r[sizeof named];
    memcpy(r, named, sizeof r);
    r[12] = ' ';
    CHECK_INT(parse(r, sizeof r, &req), sizeof r);
    CHECK_INT(req.reply, TM_REPLY_FAILURE);
    CHECK_INT(parse((const uint8_t *)"\4\1\0\120\0\0\0\1\0\0", 10, &req), 10); /* no name */
    CHECK_INT(req.reply, TM_REPLY_FAILURE);
}

static void an_answer_is_granted_or_rejected_and_says_an_ipv4_address(void)
{
    uint8_t out[TM_SOCKS4_REPLY_LEN];
    struct tm_dest found = {.kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 9}};
    tm_socks4_reply(out, TM_REPLY_OK, NULL);
    CHECK_MEM(out, "\0\132\0\0\0\0\0\0", 8);
    tm_socks4_reply(out, TM_REPLY_REFUSED, NULL);
    CHECK_MEM(out, "\0\133\0\0\0\0\0\0", 8);
    tm_socks4_reply(out, TM_REPLY_OK, &found);
    CHECK_MEM(out, "\0\132\0\0\300\0\2\11", 8);
    found.kind = TM_ADDR_IPV6;
    tm_socks4_reply(out, TM_REPLY_OK, &found);
    CHECK_MEM(out, "\0\133\0\0\0\0\0\0", 8);
}

static void check_bounds(const uint8_t *p, size_t len)
{
    struct tm_socks_request req;
    ssize_t n = parse(p, len, &req);
    CHECK(n <= (ssize_t)len);
    if (n > 0 && req.reply == TM_REPLY_OK && req.dest.kind == TM_ADDR_NAME)
        CHECK(tm_socks_is_name(req.dest.addr, req.dest.len));
}

static void mutated_requests_stay_inside_their_bytes(void)
{
    uint8_t r[sizeof named];
    for (size_t i = 0; i < sizeof r; i++)
        for (int v = 0; v < 256; v++)
            for (size_t n = 0; n <= sizeof r; n += 3) {
                memcpy(r, named, sizeof r);
                r[i] = (uint8_t)v;
                check_bounds(r, n);
                check_bounds(r, sizeof r);
            }
}

static const struct check_case cases[] = {
    {"a_connect_to_an_address_or_a_name_is_read", a_connect_to_an_address_or_a_name_is_read},
    {"every_split_waits_for_the_rest_and_data_behind_is_left",
     every_split_waits_for_the_rest_and_data_behind_is_left},
    {"other_commands_are_refused_after_the_whole_request",
     other_commands_are_refused_after_the_whole_request},
    {"too_long_users_and_names_are_refused", too_long_users_and_names_are_refused},
    {"names_that_no_host_has_are_refused", names_that_no_host_has_are_refused},
    {"an_answer_is_granted_or_rejected_and_says_an_ipv4_address",
     an_answer_is_granted_or_rejected_and_says_an_ipv4_address},
    {"mutated_requests_stay_inside_their_bytes", mutated_requests_stay_inside_their_bytes},
};
CHECK_MAIN("socks4", cases)
