/* test/unit/app/forward_test.c */
#include "tm/app/forward.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

/* "KIND LEN PORT", and the name where it is one. */
static void expect_dest(const struct tm_dest *d, enum tm_addr_kind kind, const char *name, int port)
{
    CHECK_INT(d->kind, kind);
    CHECK_INT(d->port, port);
    if (kind != TM_ADDR_NAME)
        return;
    CHECK_INT(d->len, strlen(name));
    CHECK_MEM(d->addr, name, d->len);
}

static void forwards_have_three_or_four_fields(void)
{
    static const struct {
        const char *text, *bind_host;
        int bind_port;
        enum tm_addr_kind kind;
        const char *name;
        int dest_port;
    } good[] = {
        {"8080:example.org:80", "127.0.0.1", 8080, TM_ADDR_NAME, "example.org", 80},
        {"*:8080:example.org:80", "", 8080, TM_ADDR_NAME, "example.org", 80},
        {":8080:example.org:80", "", 8080, TM_ADDR_NAME, "example.org", 80},
        {"0.0.0.0:1:2.3.4.5:6", "0.0.0.0", 1, TM_ADDR_IPV4, "", 6},
        {"localhost:1:2.3.4.5:6", "localhost", 1, TM_ADDR_IPV4, "", 6},
        {"[::1]:8080:[2001:db8::2]:80", "::1", 8080, TM_ADDR_IPV6, "", 80},
        {"8080:[2001:db8::2]:80", "127.0.0.1", 8080, TM_ADDR_IPV6, "", 80},
        {"8080:unix:/run/app.sock", "127.0.0.1", 8080, TM_ADDR_NAME, "unix:/run/app.sock", 1},
        {"8080:/run/app.sock", "127.0.0.1", 8080, TM_ADDR_NAME, "unix:/run/app.sock", 1},
        {"[::1]:8080:unix:/a:b", "::1", 8080, TM_ADDR_NAME, "unix:/a:b", 1}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct tm_forward f;
        CHECK_INT(tm_forward_parse(&f, good[i].text, NULL), TM_OK);
        CHECK_STR(f.bind.path, "");
        CHECK_STR(f.bind.at.host, good[i].bind_host);
        CHECK_INT(f.bind.at.port, good[i].bind_port);
        expect_dest(&f.dest, good[i].kind, good[i].name, good[i].dest_port);
    }
}

static void a_forwards_door_may_be_a_path(void)
{
    static const char *const good[] = {"/tmp/a.sock:example.org:80",
                                       "unix:/tmp/a.sock:example.org:80"};
    struct tm_forward f;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(tm_forward_parse(&f, good[i], NULL), TM_OK);
        CHECK_STR(f.bind.path, "/tmp/a.sock");
        expect_dest(&f.dest, TM_ADDR_NAME, "example.org", 80);
    }
    CHECK_INT(tm_forward_parse(&f, "/tmp/a.sock:unix:/run/b", NULL), TM_OK);
    CHECK_STR(f.bind.path, "/tmp/a.sock");
    expect_dest(&f.dest, TM_ADDR_NAME, "unix:/run/b", 1);
}

static void what_is_no_forward_is_refused(void)
{
    static const char *const bad[] = {"",
                                      "80",
                                      "8080:example.org",
                                      "8080:example.org:",
                                      "x:y:z",
                                      "1:2:3:4:5",
                                      "8080::80",
                                      "8080:host:0",
                                      "::1:1:h:80",
                                      "[::1:1:h:80",
                                      "8080:*:80",
                                      "70000:h:80",
                                      "8080:unix:run",
                                      "8080:unix:/",
                                      "8080:/",
                                      "/a",
                                      "/a:",
                                      "unix::h:80",
                                      "unix:a:h:80",
                                      "/:h:80",
                                      "8080:",
                                      ":",
                                      "::",
                                      ":::",
                                      "8080:/a\nb",
                                      "[::1]8080:h:80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_forward f;
        struct tm_msg msg = {{0}};
        CHECK_INT(tm_forward_parse(&f, bad[i], &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "[BIND:]PORT:HOST:HOSTPORT") != NULL);
    }
}

static void a_remote_listens_at_an_address(void)
{
    static const struct {
        const char *text;
        enum tm_addr_kind kind;
        uint8_t addr[16];
        int port;
    } good[] = {{"9000:h:80", TM_ADDR_IPV4, {127, 0, 0, 1}, 9000},
                {"localhost:9000:h:80", TM_ADDR_IPV4, {127, 0, 0, 1}, 9000},
                {"0:h:80", TM_ADDR_IPV4, {127, 0, 0, 1}, 0},
                {"*:9000:h:80", TM_ADDR_IPV6, {0}, 9000},
                {":9000:h:80", TM_ADDR_IPV6, {0}, 9000},
                {"[::1]:9000:unix:/a", TM_ADDR_IPV6, {[15] = 1}, 9000},
                {"192.0.2.1:9000:h:80", TM_ADDR_IPV4, {192, 0, 2, 1}, 9000}};
    static const char *const bad[] = {"9000", "example.org:9000:h:80", "/tmp/a:h:80", "9000:h",
                                      "9000:h:0"};
    struct tm_forward_remote f;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(tm_forward_parse_remote(&f, good[i].text, NULL), TM_OK);
        CHECK_INT(f.bind.kind, good[i].kind);
        CHECK_INT(f.bind.len, good[i].kind == TM_ADDR_IPV4 ? 4 : 16);
        CHECK_MEM(f.bind.addr, good[i].addr, f.bind.len);
        CHECK_INT(f.bind.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_msg msg = {{0}};
        CHECK_INT(tm_forward_parse_remote(&f, bad[i], &msg), TM_ERR_FORMAT);
        CHECK(strstr(msg.text, "BIND is an address of the server") != NULL);
    }
}

static void doors_are_addresses_or_paths(void)
{
    struct tm_door d;
    char text[TM_ADDRESS_TEXT_MAX], path[200] = "unix:/";
    CHECK_INT(tm_door_parse(&d, "[::1]:1080", NULL), TM_OK);
    CHECK_STR(d.at.host, "::1");
    CHECK_STR(d.path, "");
    tm_door_print(text, &d, 7);
    CHECK_STR(text, "[::1]:7");
    CHECK_INT(tm_door_parse(&d, "unix:/run/tm/socks", NULL), TM_OK);
    CHECK_STR(d.path, "/run/tm/socks");
    tm_door_print(text, &d, 0);
    CHECK_STR(text, "unix:/run/tm/socks");
    CHECK_INT(tm_door_parse_dynamic(&d, "1081", NULL), TM_OK);
    CHECK_STR(d.at.host, "127.0.0.1");
    CHECK_INT(d.at.port, 1081);
    CHECK_INT(tm_door_parse_dynamic(&d, "*:1081", NULL), TM_OK);
    CHECK_STR(d.at.host, "");
    CHECK_INT(tm_door_parse_dynamic(&d, "[::1]:1081", NULL), TM_OK);
    CHECK_STR(d.at.host, "::1");
    CHECK_INT(tm_door_parse(&d, "1080", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_door_parse(&d, "unix:run", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_door_parse_dynamic(&d, "x", NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_door_parse_dynamic(&d, "", NULL), TM_ERR_FORMAT);
    memset(path + 6, 'a', 106);
    CHECK_INT(tm_door_parse(&d, path, NULL), TM_OK);
    CHECK_INT(strlen(d.path), 107);
    path[6 + 106] = 'a';
    CHECK_INT(tm_door_parse(&d, path, NULL), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"forwards_have_three_or_four_fields", forwards_have_three_or_four_fields},
    {"a_forwards_door_may_be_a_path", a_forwards_door_may_be_a_path},
    {"what_is_no_forward_is_refused", what_is_no_forward_is_refused},
    {"a_remote_listens_at_an_address", a_remote_listens_at_an_address},
    {"doors_are_addresses_or_paths", doors_are_addresses_or_paths},
};
CHECK_MAIN("forward", cases)
