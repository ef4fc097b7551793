/* test/unit/core/socks5_test.c - SOCKS 5 messages against RFC 1928, whole, split and mutated. */
#include "tm/core/socks5.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static const uint8_t greeting[] = {5, 3, 2, 1, 0};
static const uint8_t connect4[] = {5, 1, 0, 1, 192, 0, 2, 7, 0x1f, 0x90};
static const uint8_t connect6[] = {5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0,
                                   0, 0, 0, 0, 0,    0, 0,   0,    1, 1, 0xbb};
static const uint8_t connect_name[] = {5,   1,   0,   3,   11,  'e', 'x', 'a', 'm',
                                       'p', 'l', 'e', '.', 'o', 'r', 'g', 0,   80};

/* Runs a parser on a heap copy of exactly len bytes, so that the sanitizer sees any read past them. */
static ssize_t parse_request(const uint8_t *p, size_t len, struct tm_dest *dest,
                             enum tm_reply *reply)
{
    struct tm_socks_request req = {.reply = *reply, .dest = *dest};
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    ssize_t n = tm_socks5_request(copy, len, &req);
    free(copy);
    *dest = req.dest;
    *reply = req.reply;
    return n;
}

static ssize_t parse_greeting(const uint8_t *p, size_t len, uint8_t *method)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    ssize_t n = tm_socks5_greeting(copy, len, method);
    free(copy);
    return n;
}

static void greeting_with_no_auth_is_accepted(void)
{
    uint8_t method = 0xaa, out[TM_SOCKS5_METHOD_LEN];
    CHECK_INT(parse_greeting(greeting, sizeof greeting, &method), 5);
    CHECK_INT(method, TM_SOCKS5_NO_AUTH);
    tm_socks5_method(out, method);
    CHECK_MEM(out, ((uint8_t[]){5, 0}), 2);
}

static void greeting_without_no_auth_gets_ff(void)
{
    uint8_t method = 0xaa;
    CHECK_INT(parse_greeting((uint8_t[]){5, 2, 1, 3, 0}, 5, &method), 4);
    CHECK_INT(method, TM_SOCKS5_NO_METHOD);
    method = 0xaa;
    CHECK_INT(parse_greeting((uint8_t[]){5, 0, 0}, 3, &method), 2);
    CHECK_INT(method, TM_SOCKS5_NO_METHOD);
}

static void a_login_is_accepted_where_nothing_better_is_offered(void)
{
    static const uint8_t login[] = {1, 3, 'y', 'o', 'u', 2, 'm', 'e', 5};
    uint8_t method = 0xaa, out[TM_SOCKS5_METHOD_LEN], longest[TM_SOCKS5_LOGIN_MAX];
    CHECK_INT(parse_greeting((uint8_t[]){5, 1, 2}, 3, &method), 3);
    CHECK_INT(method, TM_SOCKS5_LOGIN);
    CHECK_INT(parse_greeting((uint8_t[]){5, 2, 2, 0}, 4, &method), 4);
    CHECK_INT(method, TM_SOCKS5_NO_AUTH);
    for (size_t n = 0; n < 8; n++)
        CHECK_INT(tm_socks5_login(login, n), 0);
    CHECK_INT(tm_socks5_login(login, sizeof login), 8);
    CHECK_INT(tm_socks5_login((const uint8_t *)"\1\0\0", 3), 3);
    CHECK_INT(tm_socks5_login((const uint8_t *)"\5", 1), TM_ERR_PROTO);
    memset(longest, 255, sizeof longest);
    longest[0] = 1;
    CHECK_INT(tm_socks5_login(longest, sizeof longest - 1), 0);
    CHECK_INT(tm_socks5_login(longest, sizeof longest), TM_SOCKS5_LOGIN_MAX);
    tm_socks5_logged_in(out);
    CHECK_MEM(out, "\1\0", 2);
}

static void the_name_of_a_name_is_not_asked_for(void)
{
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_OK;
    CHECK_INT(parse_request((uint8_t[]){5, 0xf1, 0, 3, 1, 'a', 0, 0}, 8, &d, &reply), 8);
    CHECK_INT(reply, TM_REPLY_FAILURE);
    CHECK_INT(parse_request((uint8_t[]){5, 0xf0, 0, 3, 1, 'a', 0, 0}, 8, &d, &reply), 8);
    CHECK_INT(reply, TM_REPLY_OK);
}

static void a_name_that_is_not_found_is_an_unreachable_host(void)
{
    uint8_t out[TM_SOCKS5_REPLY_MAX];
    CHECK_INT(tm_socks5_reply(out, TM_REPLY_NAME_UNKNOWN, NULL), 10);
    CHECK_INT(out[1], TM_REPLY_HOST_UNREACHABLE);
}

static void greeting_needs_every_byte(void)
{
    uint8_t method;
    for (size_t n = 0; n < sizeof greeting; n++)
        CHECK_INT(parse_greeting(greeting, n, &method), 0);
}

static void longest_greeting_is_consumed(void)
{
    uint8_t g[TM_SOCKS5_GREETING_MAX + 3], method = 0xaa;
    memset(g, 0x80, sizeof g);
    g[0] = 5;
    g[1] = 255;
    CHECK_INT(parse_greeting(g, TM_SOCKS5_GREETING_MAX - 1, &method), 0);
    CHECK_INT(parse_greeting(g, sizeof g, &method), TM_SOCKS5_GREETING_MAX);
    CHECK_INT(method, TM_SOCKS5_NO_METHOD);
    g[TM_SOCKS5_GREETING_MAX - 1] = 0;
    CHECK_INT(parse_greeting(g, sizeof g, &method), TM_SOCKS5_GREETING_MAX);
    CHECK_INT(method, TM_SOCKS5_NO_AUTH);
}

static void other_versions_are_refused_at_the_first_byte(void)
{
    struct tm_dest dest = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    uint8_t method;
    for (int v = 0; v < 256; v++) {
        uint8_t b = (uint8_t)v;
        CHECK_INT(parse_greeting(&b, 1, &method), v == 5 ? 0 : TM_ERR_PROTO);
        CHECK_INT(parse_request(&b, 1, &dest, &reply), v == 5 ? 0 : TM_ERR_PROTO);
    }
}

static void connect_reads_every_address_type(void)
{
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    CHECK_INT(parse_request(connect4, sizeof connect4, &d, &reply), sizeof connect4);
    CHECK_INT(reply, TM_REPLY_OK);
    CHECK_INT(d.kind, TM_ADDR_IPV4);
    CHECK_INT(d.len, 4);
    CHECK_MEM(d.addr, connect4 + 4, 4);
    CHECK_INT(d.port, 8080);

    CHECK_INT(parse_request(connect6, sizeof connect6, &d, &reply), sizeof connect6);
    CHECK_INT(reply, TM_REPLY_OK);
    CHECK_INT(d.kind, TM_ADDR_IPV6);
    CHECK_INT(d.len, 16);
    CHECK_MEM(d.addr, connect6 + 4, 16);
    CHECK_INT(d.port, 443);

    CHECK_INT(parse_request(connect_name, sizeof connect_name, &d, &reply), sizeof connect_name);
    CHECK_INT(reply, TM_REPLY_OK);
    CHECK_INT(d.kind, TM_ADDR_NAME);
    CHECK_INT(d.len, 11);
    CHECK_MEM(d.addr, "example.org", 11);
    CHECK_INT(d.port, 80);
}

static void request_is_found_in_front_of_early_data(void)
{
    uint8_t buf[sizeof connect_name + 5];
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    memcpy(buf, connect_name, sizeof connect_name);
    memcpy(buf + sizeof connect_name, "GET /", 5);
    CHECK_INT(parse_request(buf, sizeof buf, &d, &reply), sizeof connect_name);
    CHECK_INT(d.len, 11);
}

static void longest_name_is_consumed(void)
{
    uint8_t r[TM_SOCKS5_REQUEST_MAX];
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    memset(r, 'a', sizeof r);
    memcpy(r, (uint8_t[]){5, 1, 0, 3, 255}, 5);
    CHECK_INT(parse_request(r, sizeof r - 1, &d, &reply), 0);
    CHECK_INT(parse_request(r, sizeof r, &d, &reply), TM_SOCKS5_REQUEST_MAX);
    CHECK_INT(reply, TM_REPLY_OK);
    CHECK_INT(d.len, 255);
}

static void every_split_waits_for_the_rest(void)
{
    const struct {
        const uint8_t *p;
        size_t len;
    } whole[] = {{connect4, sizeof connect4},
                 {connect6, sizeof connect6},
                 {connect_name, sizeof connect_name}};
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    for (size_t k = 0; k < 3; k++)
        for (size_t n = 0; n < whole[k].len; n++)
            CHECK_INT(parse_request(whole[k].p, n, &d, &reply), 0);
}

static void other_commands_get_reply_07_after_the_whole_request(void)
{
    uint8_t r[sizeof connect4];
    struct tm_dest d = {0};
    for (int cmd = 0; cmd < 256; cmd++) {
        enum tm_reply reply = TM_REPLY_FAILURE;
        memcpy(r, connect4, sizeof r);
        r[1] = (uint8_t)cmd;
        CHECK_INT(parse_request(r, sizeof r, &d, &reply), sizeof r);
        bool is_known = cmd == TM_SOCKS_CONNECT || cmd == TM_SOCKS_UDP_ASSOCIATE ||
                        cmd == TM_SOCKS_RESOLVE || cmd == TM_SOCKS_RESOLVE_PTR;
        CHECK_INT(reply, is_known ? TM_REPLY_OK : TM_REPLY_COMMAND_UNSUPPORTED);
    }
}

static void unknown_address_types_get_reply_08(void)
{
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_OK;
    CHECK_INT(parse_request((uint8_t[]){5, 1, 0, 2}, 4, &d, &reply), 4);
    CHECK_INT(reply, TM_REPLY_ADDRESS_UNSUPPORTED);
    CHECK_INT(parse_request((uint8_t[]){5, 3, 0, 9, 1, 2}, 6, &d, &reply), 4);
    CHECK_INT(reply, TM_REPLY_ADDRESS_UNSUPPORTED);
    CHECK_INT(parse_request((uint8_t[]){5, 2, 0, 9, 1, 2}, 6, &d, &reply), 4);
    CHECK_INT(reply, TM_REPLY_COMMAND_UNSUPPORTED);
}

static void names_that_no_host_has_are_refused(void)
{
    static const uint8_t bad[] = {0, ' ', '\n', 0x7f, 0xc3};
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_OK;
    CHECK_INT(parse_request((uint8_t[]){5, 1, 0, 3, 0, 0, 80}, 7, &d, &reply), 7);
    CHECK_INT(reply, TM_REPLY_FAILURE);
    for (size_t i = 0; i < sizeof bad; i++) {
        uint8_t r[] = {5, 1, 0, 3, 3, 'a', bad[i], 'b', 0, 80};
        reply = TM_REPLY_OK;
        CHECK_INT(parse_request(r, sizeof r, &d, &reply), sizeof r);
        CHECK_INT(reply, TM_REPLY_FAILURE);
    }
}

static void replies_carry_the_bound_address(void)
{
    uint8_t out[TM_SOCKS5_REPLY_MAX];
    CHECK_INT(tm_socks5_reply(out, TM_REPLY_REFUSED, NULL), 10);
    CHECK_MEM(out, ((uint8_t[]){5, 5, 0, 1, 0, 0, 0, 0, 0, 0}), 10);

    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    CHECK_INT(parse_request(connect6, sizeof connect6, &d, &reply), sizeof connect6);
    CHECK_INT(tm_socks5_reply(out, TM_REPLY_OK, &d), 22);
    CHECK_MEM(out, ((uint8_t[]){5, 0, 0, 4}), 4);
    CHECK_MEM(out + 4, connect6 + 4, 18);

    CHECK_INT(parse_request(connect_name, sizeof connect_name, &d, &reply), sizeof connect_name);
    CHECK_INT(tm_socks5_reply(out, TM_REPLY_OK, &d), 18);
    CHECK_MEM(out, ((uint8_t[]){5, 0, 0, 3, 11}), 5);
    CHECK_MEM(out + 5, connect_name + 5, 13);
}

/* Whatever the bytes: the parser consumes no more than it was given, and what it accepts, written out again
 * as a request, is what it consumed (but for RSV, which has no meaning). */
static void check_consistent(const uint8_t *p, size_t len)
{
    struct tm_dest d = {0};
    enum tm_reply reply = TM_REPLY_FAILURE;
    ssize_t n = parse_request(p, len, &d, &reply);
    CHECK(n <= (ssize_t)len);
    if (n <= 0 || reply != TM_REPLY_OK)
        return;
    uint8_t again[TM_SOCKS5_REPLY_MAX];
    CHECK_INT(tm_socks5_reply(again, TM_REPLY_OK, &d), n);
    again[1] = p[1];
    again[2] = p[2];
    CHECK_MEM(again, p, (size_t)n);
}

static void mutated_requests_stay_inside_their_bytes(void)
{
    uint8_t r[sizeof connect_name];
    size_t bits = sizeof r * 8;
    for (size_t i = 0; i < bits; i++)
        for (size_t j = i; j < bits; j++) {
            memcpy(r, connect_name, sizeof r);
            r[i / 8] ^= (uint8_t)(1U << (i % 8));
            if (j != i)
                r[j / 8] ^= (uint8_t)(1U << (j % 8));
            check_consistent(r, sizeof r);
        }
    for (size_t i = 0; i < sizeof r; i++)
        for (int v = 0; v < 256; v++)
            for (size_t n = 0; n <= sizeof r; n++) {
                memcpy(r, connect_name, sizeof r);
                r[i] = (uint8_t)v;
                check_consistent(r, n);
            }
}

/* ---- Datagrams ---- */

/* On a heap copy of exactly len bytes; what is accepted lies inside and, written again, is what came. */
static int parse_datagram(const uint8_t *p, size_t len, struct tm_datagram *d)
{
    uint8_t head[TM_SOCKS5_UDP_HEAD_MAX];
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    int rc = tm_socks5_datagram(copy, len, d);
    if (rc == TM_OK) {
        size_t n = tm_socks5_datagram_head(head, &d->dest);
        CHECK(n <= len && d->data.p == copy + n && d->data.len == len - n);
        CHECK_MEM(head, p, n);
        CHECK(d->dest.port != 0);
    }
    free(copy);
    return rc;
}

/* RFC 1928 sec. 7, by hand. */
static const uint8_t datagram4[] = {0, 0, 0, 1, 192, 0, 2, 7, 0, 53, 'd', 'a', 't', 'a'};
static const uint8_t datagram_name[] = {0,   0,   0,   3,   11,  'e', 'x', 'a', 'm', 'p',
                                        'l', 'e', '.', 'o', 'r', 'g', 1,   187, '!'};

static void datagrams_say_where_they_go(void)
{
    struct tm_datagram d;
    CHECK_INT(parse_datagram(datagram4, sizeof datagram4, &d), TM_OK);
    CHECK_INT(d.dest.kind, TM_ADDR_IPV4);
    CHECK_MEM(d.dest.addr, ((uint8_t[]){192, 0, 2, 7}), 4);
    CHECK_INT(d.dest.port, 53);
    CHECK_INT(d.data.len, 4);
    CHECK_INT(parse_datagram(datagram4, 10, &d), TM_OK); /* an empty one */
    CHECK_INT(d.data.len, 0);
    CHECK_INT(parse_datagram(datagram_name, sizeof datagram_name, &d), TM_OK);
    CHECK_INT(d.dest.kind, TM_ADDR_NAME);
    CHECK_INT(d.dest.port, 443);
    CHECK_INT(d.data.len, 1);
}

static void fragments_and_what_is_not_whole_are_dropped(void)
{
    uint8_t p[sizeof datagram4];
    struct tm_datagram d;
    for (size_t len = 0; len < 10; len++)
        CHECK_INT(parse_datagram(datagram4, len, &d), TM_ERR_PROTO);
    for (size_t len = 0; len < sizeof datagram_name - 1; len++)
        CHECK_INT(parse_datagram(datagram_name, len, &d), TM_ERR_PROTO);
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 1}, {1, 1}, {2, 1}, {2, 0x80}, {3, 0}, {3, 2}, {3, 5}, {9, 0}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(p, datagram4, sizeof p);
        p[bad[i].at] = bad[i].value;
        CHECK_INT(parse_datagram(p, sizeof p, &d), TM_ERR_PROTO);
    }
}

static void mutated_datagrams_stay_inside_their_bytes(void)
{
    uint8_t p[sizeof datagram_name];
    struct tm_datagram d;
    for (size_t i = 0; i < sizeof p * 8; i++)
        for (size_t j = i; j < sizeof p * 8; j++) {
            memcpy(p, datagram_name, sizeof p);
            p[i / 8] ^= (uint8_t)(1U << (i % 8));
            if (j != i)
                p[j / 8] ^= (uint8_t)(1U << (j % 8));
            (void)parse_datagram(p, sizeof p, &d);
        }
    for (size_t i = 0; i < sizeof p; i++)
        for (int v = 0; v < 256; v++)
            for (size_t n = 0; n <= sizeof p; n++) {
                memcpy(p, datagram_name, sizeof p);
                p[i] = (uint8_t)v;
                (void)parse_datagram(p, n, &d);
            }
}

static const struct check_case cases[] = {
    {"greeting_with_no_auth_is_accepted", greeting_with_no_auth_is_accepted},
    {"greeting_without_no_auth_gets_ff", greeting_without_no_auth_gets_ff},
    {"a_login_is_accepted_where_nothing_better_is_offered",
     a_login_is_accepted_where_nothing_better_is_offered},
    {"the_name_of_a_name_is_not_asked_for", the_name_of_a_name_is_not_asked_for},
    {"a_name_that_is_not_found_is_an_unreachable_host",
     a_name_that_is_not_found_is_an_unreachable_host},
    {"greeting_needs_every_byte", greeting_needs_every_byte},
    {"longest_greeting_is_consumed", longest_greeting_is_consumed},
    {"other_versions_are_refused_at_the_first_byte", other_versions_are_refused_at_the_first_byte},
    {"connect_reads_every_address_type", connect_reads_every_address_type},
    {"request_is_found_in_front_of_early_data", request_is_found_in_front_of_early_data},
    {"longest_name_is_consumed", longest_name_is_consumed},
    {"every_split_waits_for_the_rest", every_split_waits_for_the_rest},
    {"other_commands_get_reply_07_after_the_whole_request",
     other_commands_get_reply_07_after_the_whole_request},
    {"unknown_address_types_get_reply_08", unknown_address_types_get_reply_08},
    {"names_that_no_host_has_are_refused", names_that_no_host_has_are_refused},
    {"replies_carry_the_bound_address", replies_carry_the_bound_address},
    {"mutated_requests_stay_inside_their_bytes", mutated_requests_stay_inside_their_bytes},
    {"datagrams_say_where_they_go", datagrams_say_where_they_go},
    {"fragments_and_what_is_not_whole_are_dropped", fragments_and_what_is_not_whole_are_dropped},
    {"mutated_datagrams_stay_inside_their_bytes", mutated_datagrams_stay_inside_their_bytes},
};
CHECK_MAIN("socks5", cases)
