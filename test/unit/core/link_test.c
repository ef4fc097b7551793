/* test/unit/core/link_test.c - the enrolment link.  The golden texts were made with Python's zlib.crc32 and
 * base64.urlsafe_b64encode from the layout in the header, not with this code. */
#include "tm/core/link.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define KEYS                                                                                       \
    "ABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fQEFCQ0RFRkdgYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7"   \
    "fH1-f5CRkpOUlZaXmJmam5ydnp-wsbKztLW2t7i5uru8vb6_wMHCw8TFxsfIycrLzM3Oz"
#define AT "tm://tunnel.example.org:443/"
static const char golden_name[] = AT "AQ" KEYS "w93d3cuZXhhbXBsZS5vcmeaSwYR";
static const char golden_ipv6[] = "tm://[2001:db8::7]:8443/AQ" KEYS "wDJldlL";
static const char version_2[] = AT "Ag" KEYS "w93d3cuZXhhbXBsZS5vcmeQCmtO";
static const char one_byte_behind[] = AT "AQ" KEYS "w93d3cuZXhhbXBsZS5vcmd45vZ9dw";
static const char name_too_long[] = AT "AQ" KEYS "xB3d3cuZXhhbXBsZS5vcmfyhl-1";
static const char name_with_space[] = AT "AQ" KEYS "w93d3cgZXhhbXBsZS5vcmdzetUP";
static const char name_with_nul[] = AT "AQ" KEYS "w93d3cAZXhhbXBsZS5vcmdrSw73";

static void count_up(uint8_t *p, size_t n, uint8_t first)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(first + i);
}

static struct tm_link example(const char *host, uint16_t port, const char *name)
{
    struct tm_link l = {.port = port};
    (void)snprintf(l.host, sizeof l.host, "%s", host);
    (void)snprintf(l.name, sizeof l.name, "%s", name);
    count_up(l.server_pin, sizeof l.server_pin, 0);
    count_up(l.invite_id, sizeof l.invite_id, 0x40);
    count_up(l.invite_secret, sizeof l.invite_secret, 0x60);
    count_up(l.token_prefix, sizeof l.token_prefix, 0x90);
    count_up(l.token_key, sizeof l.token_key, 0xb0);
    return l;
}

static void check_link(const char *text, const struct tm_link *want)
{
    struct tm_link got;
    struct tm_msg msg = {{0}};
    char again[TM_LINK_TEXT_MAX];
    CHECK_INT(tm_link_decode(&got, text, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_MEM(&got, want, sizeof got);
    CHECK_INT(tm_link_encode(want, again, sizeof again), TM_OK);
    CHECK_STR(again, text);
}

static void golden_texts_decode_and_encode(void)
{
    struct tm_link l = example("tunnel.example.org", 443, "www.example.org");
    check_link(golden_name, &l);
    l = example("2001:db8::7", 8443, "");
    check_link(golden_ipv6, &l);
}

static void every_kind_of_host_survives(void)
{
    static const char *const hosts[] = {
        "a", "192.0.2.1", "::1", "::ffff:192.0.2.1", "xn--bcher-kva.example", "a_b.c"};
    static const uint16_t ports[] = {1, 80, 443, 10000, 65535};
    char text[TM_LINK_TEXT_MAX];
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        for (size_t k = 0; k < sizeof ports / sizeof ports[0]; k++) {
            struct tm_link l = example(hosts[i], ports[k], hosts[(i + k) % 2]);
            CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_OK);
            check_link(text, &l);
        }
    }
}

static void longest_link_fits(void)
{
    char text[TM_LINK_TEXT_MAX];
    struct tm_link l = example("", 65535, "");
    memset(l.host, 'h', TM_LINK_HOST_MAX);
    memset(l.name, 'n', TM_LINK_NAME_MAX);
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_OK);
    check_link(text, &l);
    memset(l.host, 'a', TM_LINK_HOST_MAX);
    l.host[1] = ':';
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_OK);
    check_link(text, &l);
}

static void values_without_a_text_are_refused(void)
{
    char text[TM_LINK_TEXT_MAX];
    static const char *const bad_hosts[] = {"", "a b", "a/b", "a\n", "[::1]", "::g", "b\xc3\xbc"};
    for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++) {
        struct tm_link l = example(bad_hosts[i], 1, "");
        (void)snprintf(text, sizeof text, "old");
        CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_ERR_RANGE);
        CHECK_STR(text, "");
    }
    struct tm_link l = example("a", 0, "");
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_ERR_RANGE);
    l = example("a", 1, "n m");
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_ERR_RANGE);
    l = example("a", 1, "");
    memset(l.name, 'n', sizeof l.name); /* no NUL */
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_ERR_RANGE);
    l = example("a", 1, "");
    memset(l.host, 'n', sizeof l.host);
    CHECK_INT(tm_link_encode(&l, text, sizeof text), TM_ERR_RANGE);
}

static void short_buffers_are_refused_and_never_overrun(void)
{
    struct tm_link l = example("tunnel.example.org", 443, "www.example.org");
    for (size_t cap = 0; cap <= sizeof golden_name; cap++) {
        char *text = malloc(cap ? cap : 1);
        if (!text)
            abort();
        bool fits = cap == sizeof golden_name;
        CHECK_INT(tm_link_encode(&l, text, cap), fits ? TM_OK : TM_ERR_RANGE);
        if (cap > 0)
            CHECK_STR(text, fits ? golden_name : "");
        free(text);
    }
}

/* Refused, with a text, and with nothing left of the secrets. */
static int refuse(const char *text)
{
    static const struct tm_link zero;
    struct tm_link l;
    struct tm_msg msg = {{0}};
    int rc = tm_link_decode(&l, text, &msg);
    CHECK(rc < 0);
    CHECK(strncmp(msg.text, "link: ", 6) == 0);
    CHECK(!strstr(msg.text, "AgMEBQ"));
    CHECK_MEM(&l, &zero, sizeof l);
    CHECK_INT(tm_link_decode(&l, text, NULL), rc);
    return rc;
}

static void every_cut_is_recognised(void)
{
    char text[TM_LINK_TEXT_MAX];
    for (size_t n = 0; n < strlen(golden_name); n++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)n, golden_name);
        CHECK_INT(refuse(text), TM_ERR_FORMAT);
        (void)snprintf(text, sizeof text, "%s", golden_name + n + 1);
        CHECK_INT(refuse(text), TM_ERR_FORMAT);
    }
}

static void every_wrong_character_is_recognised(void)
{
    /* names of three lengths: the last character of the text then carries 6, 2 and 4 bits */
    static const char *const names[] = {"", "n", "nn"};
    for (size_t k = 0; k < 3; k++) {
        char good[TM_LINK_TEXT_MAX];
        char text[TM_LINK_TEXT_MAX];
        struct tm_link l = example("tunnel.example.org", 443, names[k]);
        CHECK_INT(tm_link_encode(&l, good, sizeof good), TM_OK);
        size_t len = strlen(good);
        for (size_t i = 0; i < len; i++) {
            memcpy(text, good, len + 1);
            for (int c = 1; c < 256; c++) {
                text[i] = (char)c;
                if (text[i] == good[i] || (i == len - 1 && strchr(" \t\r\n", c)))
                    continue; /* a blank at the end is a cut, tested above */
                CHECK_INT(refuse(text), TM_ERR_FORMAT);
            }
        }
    }
}

static void lost_doubled_and_swapped_characters_are_recognised(void)
{
    char text[3 * sizeof golden_name];
    for (size_t i = 0; i < sizeof golden_name - 1; i++) {
        (void)snprintf(text, sizeof text, "%.*s%s", (int)i, golden_name, golden_name + i + 1);
        CHECK_INT(refuse(text), TM_ERR_FORMAT);
        (void)snprintf(text, sizeof text, "%.*s%s", (int)i + 1, golden_name, golden_name + i);
        CHECK_INT(refuse(text), TM_ERR_FORMAT);
        (void)snprintf(text, sizeof text, "%s", golden_name);
        if (i + 2 < sizeof golden_name && text[i] != text[i + 1]) {
            text[i] = golden_name[i + 1];
            text[i + 1] = golden_name[i];
            CHECK_INT(refuse(text), TM_ERR_FORMAT);
        }
    }
}

static void white_space_around_is_ignored(void)
{
    char text[TM_LINK_TEXT_MAX];
    struct tm_link l;
    (void)snprintf(text, sizeof text, " \t%s\r\n", golden_name);
    CHECK_INT(tm_link_decode(&l, text, NULL), TM_OK);
    CHECK_INT(l.port, 443);
    (void)snprintf(text, sizeof text, "%.40s %s", golden_name, golden_name + 40);
    CHECK_INT(refuse(text), TM_ERR_FORMAT);
}

static void another_version_is_unsupported(void)
{
    CHECK_INT(refuse(version_2), TM_ERR_UNSUPPORTED);
}

static void malformed_links_with_a_right_checksum_are_refused(void)
{
    CHECK_INT(refuse(one_byte_behind), TM_ERR_FORMAT);
    CHECK_INT(refuse(name_too_long), TM_ERR_FORMAT);
    CHECK_INT(refuse(name_with_space), TM_ERR_FORMAT);
    CHECK_INT(refuse(name_with_nul), TM_ERR_FORMAT);
}

static void messages_say_what_is_wrong(void)
{
    static const struct {
        const char *text, *says;
    } wrong[] = {
        {"", "does not begin with tm://"},
        {"https://example.org/", "does not begin with tm://"},
        {"tm://example.org:443", "cut off before its key part"},
        {"tm://example.org/AQAB", "no :PORT"},
        {"tm://:443/AQAB", "not a host"},
        {"tm://::1:443/AQAB", "not a host"},
        {"tm://[example.org]:443/AQAB", "not a host"},
        {"tm://example.org:0/AQAB", "not a port"},
        {"tm://example.org:/AQAB", "not a port"},
        {"tm://example.org:0443/AQAB", "not a port"},
        {"tm://example.org:65536/AQAB", "above 65535"},
        {"tm://example.org:443/", "cut off"},
        {"tm://example.org:443/AQAB", "cut off"},
        {"tm://example.org:443/AQ=B", "wrong characters"},
        {"tm://other.example.org:443/AQ" KEYS "w93d3cuZXhhbXBsZS5vcmeaSwYR", "checksum"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct tm_link l;
        struct tm_msg msg = {{0}};
        CHECK_INT(tm_link_decode(&l, wrong[i].text, &msg), TM_ERR_FORMAT);
        check_true(strstr(msg.text, wrong[i].says) != NULL, msg.text, __FILE__, __LINE__);
    }
}

/* The same golden layout, its checksum without an address: made with zlib.crc32 as the others. */
static void keys_alone_go_without_an_address(void)
{
    static const char keys_name[] = "AQ" KEYS "w93d3cuZXhhbXBsZS5vcmdV1QqM";
    struct tm_link l = example("", 0, "www.example.org"), got;
    char text[TM_LINK_TEXT_MAX];
    CHECK_INT(tm_link_encode_keys(&l, text, sizeof text), TM_OK);
    CHECK_STR(text, keys_name);
    CHECK_INT(tm_link_decode_keys(&got, text, NULL), TM_OK);
    CHECK_MEM(&got, &l, sizeof got);
    CHECK_INT(tm_link_encode_keys(&l, text, sizeof keys_name - 1), TM_ERR_RANGE);
    for (size_t i = 0; i < sizeof keys_name - 1; i++) {
        memcpy(text, keys_name, sizeof keys_name);
        text[i] = text[i] == 'A' ? 'B' : 'A';
        CHECK(tm_link_decode_keys(&got, text, NULL) != TM_OK);
        text[i] = '\0';
        CHECK_INT(tm_link_decode_keys(&got, text, NULL), TM_ERR_FORMAT);
    }
    CHECK_INT(tm_link_decode_keys(&got, golden_name, NULL), TM_ERR_FORMAT);
    CHECK_INT(tm_link_decode_keys(&got, golden_name + sizeof AT - 1, NULL), TM_ERR_FORMAT);
}

static void text_without_end_is_refused(void)
{
    enum { LEN = 100000 };
    char *text = malloc(LEN + 1);
    if (!text)
        abort();
    memset(text, 'A', LEN);
    text[LEN] = '\0';
    memcpy(text, AT, sizeof AT - 1);
    CHECK_INT(refuse(text), TM_ERR_FORMAT);
    free(text);
}

static const struct check_case cases[] = {
    {"golden_texts_decode_and_encode", golden_texts_decode_and_encode},
    {"every_kind_of_host_survives", every_kind_of_host_survives},
    {"longest_link_fits", longest_link_fits},
    {"values_without_a_text_are_refused", values_without_a_text_are_refused},
    {"short_buffers_are_refused_and_never_overrun", short_buffers_are_refused_and_never_overrun},
    {"every_cut_is_recognised", every_cut_is_recognised},
    {"every_wrong_character_is_recognised", every_wrong_character_is_recognised},
    {"lost_doubled_and_swapped_characters_are_recognised",
     lost_doubled_and_swapped_characters_are_recognised},
    {"white_space_around_is_ignored", white_space_around_is_ignored},
    {"another_version_is_unsupported", another_version_is_unsupported},
    {"malformed_links_with_a_right_checksum_are_refused",
     malformed_links_with_a_right_checksum_are_refused},
    {"messages_say_what_is_wrong", messages_say_what_is_wrong},
    {"keys_alone_go_without_an_address", keys_alone_go_without_an_address},
    {"text_without_end_is_refused", text_without_end_is_refused},
};
CHECK_MAIN("link", cases)
