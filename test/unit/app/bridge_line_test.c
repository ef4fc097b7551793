/* test/unit/app/bridge_line_test.c - what a bridge line says, and who decides about the model. */
#include "tm/app/bridge_line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "test/support/check.h"

static struct tm_bridge_line line;
static struct tm_options command;
static struct tm_proxy asked;
static struct tm_msg msg;
static char keys[TM_LINK_TEXT_MAX];

static void begin(int argc, char *const argv[])
{
    const struct tm_link l = {.name = "www.example.org", .server_pin = {1}, .token_key = {2}};
    CHECK_INT(tm_link_encode_keys(&l, keys, sizeof keys), TM_OK);
    CHECK_INT(tm_options_parse(&command, TM_PROGRAM_CLIENT, argc, argv, &msg), TM_OK);
    CHECK_INT(tm_options_complete(&command, &msg), TM_OK);
    asked = (struct tm_proxy){
        .dest = {.kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 7}, .port = 443}};
}
#define BEGIN(...)                                                                                 \
    begin((int)(sizeof((char *[]){"tm-client", "pt", __VA_ARGS__}) / sizeof(char *)),              \
          (char *[]){"tm-client", "pt", __VA_ARGS__})

/* What tor sends for "link=<the keys>" and more. */
static int read_line(const char *more)
{
    int n = snprintf(asked.login, sizeof asked.login, "link=%s%s%s", keys,
                     more[0] != '\0' ? ";" : "", more);
    asked.login_len = (size_t)n;
    return tm_bridge_line_read(&line, &asked, &command, "/state/top", &msg);
}

static const char *text(enum tm_opt opt)
{
    const char *s = line.o.v[opt].text;
    return s != NULL ? s : "";
}

static void the_default_is_a_preset(void)
{
    struct sockaddr_in in;
    BEGIN("--cc", "reno");
    CHECK_INT(read_line(""), TM_OK);
    memcpy(&in, &line.addr, sizeof in);
    CHECK_INT(in.sin_family, AF_INET);
    CHECK_INT(ntohs(in.sin_port), 443);
    CHECK_INT(ntohl(in.sin_addr.s_addr), 0xc0000207);
    CHECK_STR(line.link.name, "www.example.org");
    CHECK_STR(text(TM_OPT_PRESET), "default");
    CHECK_STR(text(TM_OPT_MODEL), "https-browsing-joint:20+https-chat-joint:60");
    CHECK_STR(text(TM_OPT_CC), "reno");
    CHECK(strncmp(line.dir, "/state/top/", 11) == 0 && strlen(line.dir) == 11 + 16);
}

static void a_line_that_says_anything_of_the_model_decides(void)
{
    BEGIN("--preset", "strong", "--idle-stop", "10m");
    CHECK_INT(read_line(""), TM_OK);
    CHECK_STR(text(TM_OPT_MODEL), "https-browsing-joint");
    CHECK_STR(text(TM_OPT_USERS), "80");
    CHECK_STR(text(TM_OPT_IDLE_STOP), "10m");
    CHECK_INT(read_line("model=https-chat;users=7;idle-stop=5m"), TM_OK);
    CHECK_STR(text(TM_OPT_MODEL), "https-chat");
    CHECK_INT(line.o.v[TM_OPT_USERS].num, 7);
    CHECK_STR(text(TM_OPT_PACE), "0"); /* not the command's preset's */
    CHECK_STR(text(TM_OPT_IDLE_STOP), "5m");
    CHECK_INT(read_line("preset=light"), TM_OK);
    CHECK_STR(text(TM_OPT_MODEL), "https-chat-joint");
    CHECK_INT(read_line("pace=5s"), TM_OK); /* then the default's model, at this pace */
    CHECK_STR(text(TM_OPT_PRESET), "default");
    CHECK_STR(text(TM_OPT_PACE), "5s");
    BEGIN("--model", "shuffle");
    CHECK_INT(read_line(""), TM_OK);
    CHECK_STR(text(TM_OPT_MODEL), "shuffle");
}

static void lines_with_the_same_keys_share_what_is_kept(void)
{
    char dir[TM_FILE_PATH_MAX];
    BEGIN("--cc", "reno");
    CHECK_INT(read_line(""), TM_OK);
    (void)snprintf(dir, sizeof dir, "%s", line.dir);
    asked.dest = (struct tm_dest){.kind = TM_ADDR_IPV6, .len = 16, .addr = {0x20, 1}, .port = 8443};
    CHECK_INT(read_line("preset=light"), TM_OK);
    CHECK_INT(line.addr.ss_family, AF_INET6);
    CHECK_STR(line.dir, dir);
}

static void what_cannot_be_is_refused_and_quotes_no_key(void)
{
    static const char *const wrong[] = {"model=maybenot",    "modell=x",   "model=a;preset=mild",
                                        "users=0",           "users=x",    "users=9",
                                        "model=a:2;users=3", "model=",     "state=/tmp",
                                        "schedule=x",        "pace=1",     "model=shuffle;users=3",
                                        "link=AQ",           "idle-stop=0"};
    BEGIN("--cc", "reno");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        msg.text[0] = '\0';
        CHECK(read_line(wrong[i]) != TM_OK);
        CHECK(msg.text[0] != '\0' && strstr(msg.text, keys) == NULL);
    }
    asked.dest.kind = TM_ADDR_NAME;
    CHECK_INT(read_line(""), TM_ERR_RANGE);
    asked.dest.kind = TM_ADDR_IPV4;
    asked.login_len = 0;
    CHECK_INT(tm_bridge_line_read(&line, &asked, &command, "/top", &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "link=") != NULL);
    keys[5] = keys[5] == 'A' ? 'B' : 'A';
    CHECK_INT(read_line(""), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"the_default_is_a_preset", the_default_is_a_preset},
    {"a_line_that_says_anything_of_the_model_decides",
     a_line_that_says_anything_of_the_model_decides},
    {"lines_with_the_same_keys_share_what_is_kept", lines_with_the_same_keys_share_what_is_kept},
    {"what_cannot_be_is_refused_and_quotes_no_key", what_cannot_be_is_refused_and_quotes_no_key},
};
CHECK_MAIN("bridge_line", cases)
