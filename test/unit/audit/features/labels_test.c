/* Labels: the longest prefix, the latest beginning; and what is wrong with a line. */
#include "audit/features/labels.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

#define HEAD "from_us,prefix,class,split,path,session,load\n"

static const char *const GOOD = "# recorded with seed 1\n" HEAD "\n"
                                "0,10.1.2.32/27,https,train,20ms,https-1,0\n"
                                "5000,10.1.2.32/27,https,train,20ms,https-1,1\r\n"
                                "9000,10.1.2.32/27,https,train,20ms,https-1,2\n"
                                "0,10.1.2.33,chat,heldout,20ms,chat-1,0\n"
                                "7000,10.1.0.0/16,ssh,train,80ms,ssh-1,4294967294\n"
                                "0,2001:db8::/61,smtp,train,5ms,smtp-1,0";

static void address(uint8_t addr[TM_ADDR_LEN], const char *text)
{
    memset(addr, 0, TM_ADDR_LEN);
    addr[10] = addr[11] = 0xff;
    if (inet_pton(AF_INET, text, addr + 12) != 1)
        CHECK_INT(inet_pton(AF_INET6, text, addr), 1);
}

static void check_found(const struct tm_labels *l, const char *addr_text, int64_t t_us,
                        const char *session, uint32_t load)
{
    uint8_t addr[TM_ADDR_LEN];
    address(addr, addr_text);
    const struct tm_label *got = tm_labels_find(l, addr, t_us);
    CHECK_STR(got ? l->names[got->session] : "none", session);
    if (got)
        CHECK_INT(got->load, load);
}

static void longest_prefix_and_latest_beginning_win(void)
{
    struct tm_labels l = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_labels_add(&l, GOOD, strlen(GOOD), "labels.csv", &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(l.n, 6);
    check_found(&l, "10.1.2.34", 0, "https-1", 0);
    check_found(&l, "10.1.2.34", 4999, "https-1", 0);
    check_found(&l, "10.1.2.34", 5000, "https-1", 1);
    check_found(&l, "10.1.2.63", 100000, "https-1", 2);
    check_found(&l, "10.1.2.33", 100000, "chat-1", 0);
    check_found(&l, "10.1.2.64", 7000, "ssh-1", UINT32_MAX - 1);
    check_found(&l, "10.1.2.64", 6999, "none", 0);
    check_found(&l, "10.2.2.64", 7000, "none", 0);
    check_found(&l, "2001:db8:1::", 0, "none", 0);
    check_found(&l, "2001:db8:0:7:ffff:ffff:ffff:ffff", 0, "smtp-1", 0);
    check_found(&l, "2001:db8:0:8::", 0, "none", 0);
    tm_labels_deinit(&l);
}

static void names_of_the_columns_are_kept(void)
{
    struct tm_labels l = {0};
    uint8_t addr[TM_ADDR_LEN];
    CHECK_INT(tm_labels_add(&l, GOOD, strlen(GOOD), "labels.csv", NULL), TM_OK);
    address(addr, "10.1.2.33");
    const struct tm_label *got = tm_labels_find(&l, addr, 1);
    CHECK(got != NULL);
    if (got) {
        CHECK_STR(l.names[got->cls], "chat");
        CHECK_STR(l.names[got->split], "heldout");
        CHECK_STR(l.names[got->path], "20ms");
        CHECK_INT(got->line, 7);
    }
    tm_labels_deinit(&l);
}

static void two_files_make_one_list(void)
{
    struct tm_labels l = {0};
    const char *more = HEAD "0,10.9.0.0/24,https,train,20ms,https-9,3\n";
    CHECK_INT(tm_labels_add(&l, GOOD, strlen(GOOD), "a", NULL), TM_OK);
    CHECK_INT(tm_labels_add(&l, more, strlen(more), "b", NULL), TM_OK);
    check_found(&l, "10.9.0.200", 1, "https-9", 3);
    check_found(&l, "10.1.2.33", 1, "chat-1", 0);
    tm_labels_deinit(&l);
}

static void whole_address_space_is_a_prefix(void)
{
    struct tm_labels l = {0};
    const char *text = HEAD "0,::/0,a,b,c,all,0\n0,0.0.0.0/0,a,b,c,v4,0\n";
    CHECK_INT(tm_labels_add(&l, text, strlen(text), "a", NULL), TM_OK);
    check_found(&l, "255.1.2.3", 0, "v4", 0);
    check_found(&l, "ffff::", 0, "all", 0);
    tm_labels_deinit(&l);
}

static void empty_list_finds_nothing(void)
{
    struct tm_labels l = {0};
    check_found(&l, "10.1.2.34", 0, "none", 0);
    tm_labels_deinit(&l);
}

static void check_refused(const char *text, const char *want)
{
    struct tm_labels l = {0};
    struct tm_msg msg = {""};
    CHECK_INT(tm_labels_add(&l, text, strlen(text), "x", &msg), TM_ERR_FORMAT);
    if (!strstr(msg.text, want))
        CHECK_STR(msg.text, want);
    tm_labels_deinit(&l);
}

static void wrong_lines_are_named(void)
{
    check_refused("", "x: is empty");
    check_refused("# nothing\n\n", "x: is empty");
    check_refused("time,prefix\n", "x:1: not a file of labels: its head must be from_us,prefix");
    check_refused(HEAD "1,10.0.0.0/8,a,b,c,d\n", "x:2: 6 fields; wanted 7");
    check_refused(HEAD "1,10.0.0.0/8,a,b,c,d,1,2\n", "x:2: 8 fields");
    check_refused(HEAD "#\n1,10.0.0.0/8,a,,c,d,1\n", "x:3: split is empty");
    check_refused(HEAD "-1,10.0.0.0/8,a,b,c,d,1\n", "x:2: from_us \"-1\": a whole number");
    check_refused(HEAD "1x,10.0.0.0/8,a,b,c,d,1\n", "x:2: from_us \"1x\"");
    check_refused(HEAD "9999999999999999999,10.0.0.0/8,a,b,c,d,1\n", "x:2: from_us");
    check_refused(HEAD "1,10.0.0/8,a,b,c,d,1\n", "x:2: prefix \"10.0.0\": no address");
    check_refused(HEAD "1,10.0.0.0/33,a,b,c,d,1\n", "x:2: prefix length \"33\"");
    check_refused(HEAD "1,10.0.0.0/,a,b,c,d,1\n", "x:2: prefix length \"\"");
    check_refused(HEAD "1,10.0.0.1/31,a,b,c,d,1\n", "bits behind the prefix");
    check_refused(HEAD "1,2001:db8::1/127,a,b,c,d,1\n", "bits behind the prefix");
    check_refused(HEAD "1,::/129,a,b,c,d,1\n", "x:2: prefix length \"129\"");
    check_refused(HEAD "1,10.0.0.0/8,a,b,c,d,4294967295\n", "x:2: load \"4294967295\"");
    check_refused(HEAD "1,10.0.0.0/8,a,b,c,d,1\n2,10.0.0.0/8,a,b,c,d,2\n1,10.0.0.0/8,a,b,c,d,3\n",
                  "x:4: the prefix and from_us of line 2 a second time");
}

static void nul_bytes_are_refused(void)
{
    struct tm_labels l = {0};
    struct tm_msg msg = {""};
    static const char TEXT[] = HEAD "0,::/0,a\0,b,c,all,0\n";
    CHECK_INT(tm_labels_add(&l, TEXT, sizeof TEXT - 1, "x", &msg), TM_ERR_FORMAT);
    CHECK_STR(msg.text, "x: not a file of labels: binary data");
    tm_labels_deinit(&l);
}

/* Every flip of one bit and every prefix of a good file is parsed or refused with a message, and what was parsed finds without
 * reading past anything (the sanitizers look). */
static void mutations_are_parsed_or_refused(void)
{
    char *text = strdup(GOOD);
    size_t len = strlen(GOOD);
    uint8_t addr[TM_ADDR_LEN];
    address(addr, "10.1.2.33");
    for (size_t i = 0; text && i < len * 9; i++) {
        struct tm_labels l = {0};
        struct tm_msg msg = {""};
        bool is_cut = i >= len * 8;
        size_t at = is_cut ? 0 : i / 8;
        char bit = (char)(1 << i % 8);
        text[at] = (char)(is_cut ? text[at] : text[at] ^ bit);
        int rc = tm_labels_add(&l, text, is_cut ? i - len * 8 : len, "x", &msg);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        CHECK((rc == TM_OK) == (msg.text[0] == '\0'));
        if (rc == TM_OK)
            (void)tm_labels_find(&l, addr, 6000);
        text[at] = (char)(is_cut ? text[at] : text[at] ^ bit);
        tm_labels_deinit(&l);
    }
    free(text);
}

static const struct check_case cases[] = {
    {"longest_prefix_and_latest_beginning_win", longest_prefix_and_latest_beginning_win},
    {"names_of_the_columns_are_kept", names_of_the_columns_are_kept},
    {"two_files_make_one_list", two_files_make_one_list},
    {"whole_address_space_is_a_prefix", whole_address_space_is_a_prefix},
    {"empty_list_finds_nothing", empty_list_finds_nothing},
    {"wrong_lines_are_named", wrong_lines_are_named},
    {"nul_bytes_are_refused", nul_bytes_are_refused},
    {"mutations_are_parsed_or_refused", mutations_are_parsed_or_refused},
};
CHECK_MAIN("audit labels", cases)
