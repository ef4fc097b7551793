/* test/unit/app/kv_test.c - the text form of state files. */
#include "tm/app/kv.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static uint8_t key[4];
static char host[8], name[8];
static int64_t port;

static const struct tm_kv_field fields[] = {
    {"host", TM_KV_TEXT, host, sizeof host, false},
    {"name", TM_KV_TEXT, name, sizeof name, true},
    {"key", TM_KV_HEX, key, sizeof key, false},
    {"port", TM_KV_NUMBER, &port, 0, false},
};
static const struct tm_kv kv = {
    .kind = "test-file", .fields = fields, .n_fields = sizeof fields / sizeof fields[0]};

static int read_text(const char *text, struct tm_msg *msg)
{
    size_t len = strlen(text);
    char *copy = malloc(len + (len == 0));
    memcpy(copy, text, len);
    int rc = tm_kv_read(&kv, copy, len, msg);
    free(copy);
    return rc;
}

static void fields_are_read_in_any_order(void)
{
    CHECK_INT(read_text("test-file 1\nport 443\nkey 00ff10ab\nhost a b\n", NULL), TM_OK);
    CHECK_STR(host, "a b");
    CHECK_STR(name, "");
    CHECK_INT(port, 443);
    CHECK_MEM(key, ((uint8_t[]){0, 0xff, 0x10, 0xab}), 4);
}

static void what_is_written_is_read_back(void)
{
    char text[256];
    struct tm_wr w = tm_wr_init(text, sizeof text - 1);
    CHECK_INT(read_text("test-file 1\nport 443\nkey 00ff10ab\nhost h\nname n\n", NULL), TM_OK);
    tm_kv_write(&kv, &w);
    text[w.len] = '\0';
    CHECK_STR(text, "test-file 1\nhost h\nname n\nkey 00ff10ab\nport 443\n");
    name[0] = '\0';
    w = tm_wr_init(text, sizeof text - 1);
    tm_kv_write(&kv, &w);
    text[w.len] = '\0';
    CHECK_STR(text, "test-file 1\nhost h\nkey 00ff10ab\nport 443\n");
}

static void damage_is_found_and_named(void)
{
    static const struct {
        const char *text, *why;
        int rc;
    } bad[] = {
        {"", "this is not a test-file file", TM_ERR_FORMAT},
        {"\n", "this is not a test-file file", TM_ERR_FORMAT},
        {"other-file 1\n", "this is not a test-file file", TM_ERR_FORMAT},
        {"test-file 1", "this is not a test-file file", TM_ERR_FORMAT},
        {"test-file 2\nnew 1\n",
         "made by another version of this program (format 2, this one reads 1)",
         TM_ERR_UNSUPPORTED},
        {"test-file 1\nkey 00ff10ab\nhost h\n", "'port' is missing", TM_ERR_FORMAT},
        {"test-file 1\nkey 00ff10a\nhost h\nport 1\n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nkey 00FF10AB\nhost h\nport 1\n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nhost h\nport x\n", "line 3 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nhost 12345678\n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nhost \n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nhost\n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nhost h\nhost h\n", "line 3 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nbogus 1\n", "line 2 is damaged", TM_ERR_FORMAT},
        {"test-file 1\nport 1\nhost h\nkey 00ff10ab", "line 4 is damaged", TM_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_msg msg = {""};
        CHECK_INT(read_text(bad[i].text, &msg), bad[i].rc);
        CHECK_STR(msg.text, bad[i].why);
    }
}

static void mutations_are_errors_or_other_values(void)
{
    static const char good[] = "test-file 1\nhost h\nname n\nkey 00ff10ab\nport 443\n";
    for (size_t n = 0; n < sizeof good - 1; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, good, n);
        CHECK(tm_kv_read(&kv, copy, n, NULL) != TM_OK);
        free(copy);
        for (int v = 0; v < 256; v++) {
            char changed[sizeof good - 1];
            memcpy(changed, good, sizeof changed);
            changed[n] = (char)v;
            int rc = tm_kv_read(&kv, changed, sizeof changed, NULL);
            CHECK(rc == TM_OK || rc == TM_ERR_FORMAT || rc == TM_ERR_UNSUPPORTED);
            CHECK(memchr(host, '\0', sizeof host) != NULL &&
                  memchr(name, '\0', sizeof name) != NULL);
        }
    }
}

static void hex_is_exact(void)
{
    char text[2 * 4 + 1];
    uint8_t back[4];
    tm_hex_encode(text, (uint8_t[]){0xde, 0xad, 0x00, 0x0f}, 4);
    CHECK_STR(text, "dead000f");
    CHECK_INT(tm_hex_decode(back, 4, text), TM_OK);
    CHECK_MEM(back, ((uint8_t[]){0xde, 0xad, 0x00, 0x0f}), 4);
    CHECK_INT(tm_hex_decode(back, 4, "dead000"), TM_ERR_FORMAT);
    CHECK_INT(tm_hex_decode(back, 4, "dead000f0"), TM_ERR_FORMAT);
    CHECK_INT(tm_hex_decode(back, 4, "dead000g"), TM_ERR_FORMAT);
    CHECK_INT(tm_hex_decode(back, 4, "DEAD000F"), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"fields_are_read_in_any_order", fields_are_read_in_any_order},
    {"what_is_written_is_read_back", what_is_written_is_read_back},
    {"damage_is_found_and_named", damage_is_found_and_named},
    {"mutations_are_errors_or_other_values", mutations_are_errors_or_other_values},
    {"hex_is_exact", hex_is_exact},
};
CHECK_MAIN("kv", cases)
