/* Places on this machine alone. */
#include "tm/app/innerdoor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test/support/check.h"

static void only_this_machine_is_a_place(void)
{
    static const struct {
        const char *text;
        int rc;
    } row[] = {
        {"127.0.0.1:9100", TM_OK},
        {"127.8.8.8:0", TM_OK},
        {"[::1]:1", TM_OK},
        {"localhost:9100", TM_OK},
        {"unix:/run/x", TM_OK},
        {"unix:x", TM_OK},
        {"unix:", TM_ERR_FORMAT},
        {"0.0.0.0:9100", TM_ERR_RANGE},
        {"*:9100", TM_ERR_RANGE},
        {":9100", TM_ERR_RANGE},
        {"[::]:9100", TM_ERR_RANGE},
        {"192.0.2.1:9100", TM_ERR_RANGE},
        {"[::ffff:127.0.0.1]:1", TM_ERR_RANGE},
        {"example.org:9100", TM_ERR_RANGE},
        {"128.0.0.1:1", TM_ERR_RANGE},
        {"9100", TM_ERR_FORMAT},
        {"127.0.0.1:x", TM_ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct tm_innerdoor d;
        struct tm_msg msg = {""};
        CHECK_INT(tm_innerdoor_parse(&d, row[i].text, true, &msg), row[i].rc);
        CHECK((row[i].rc == TM_OK) == (msg.text[0] == '\0'));
    }
}

static void a_path_must_be_allowed_and_fit(void)
{
    struct tm_innerdoor d;
    char text[200] = "unix:";
    memset(text + 5, 'p', TM_INNERDOOR_PATH_MAX);
    CHECK_INT(tm_innerdoor_parse(&d, text, true, NULL), TM_OK);
    CHECK_INT(strlen(d.path), TM_INNERDOOR_PATH_MAX);
    CHECK_INT(tm_innerdoor_parse(&d, text, false, NULL), TM_ERR_FORMAT);
    text[5 + TM_INNERDOOR_PATH_MAX] = 'p';
    CHECK_INT(tm_innerdoor_parse(&d, text, true, NULL), TM_ERR_RANGE);
}

static void an_address_gets_a_port(void)
{
    struct tm_innerdoor d;
    uint16_t port = 0;
    int fd = -1, other = -1;
    struct tm_msg msg = {""};
    CHECK_INT(tm_innerdoor_parse(&d, "127.0.0.1:0", false, NULL), TM_OK);
    CHECK_INT(tm_innerdoor_open(&fd, &port, &d, &msg), TM_OK);
    CHECK(port > 0);
    d.addr.port = port;
    CHECK_INT(tm_innerdoor_open(&other, &port, &d, &msg), TM_ERR_IO);
    CHECK(strstr(msg.text, "stop the program that has it") != NULL);
    (void)close(fd);
}

/* What is left behind is replaced, what is in use is not, and what is no socket is not touched. */
static void a_path_is_taken_only_where_nobody_answers(void)
{
    char dir[] = "/tmp/tm-door-XXXXXX", text[100];
    struct tm_innerdoor d;
    struct stat st;
    uint16_t port;
    int fd = -1, other = -1;
    CHECK(mkdtemp(dir) != NULL);
    (void)snprintf(text, sizeof text, "unix:%s/m", dir);
    CHECK_INT(tm_innerdoor_parse(&d, text, true, NULL), TM_OK);
    CHECK_INT(tm_innerdoor_open(&fd, &port, &d, NULL), TM_OK);
    CHECK_INT(stat(d.path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0660);
    CHECK_INT(tm_innerdoor_open(&other, &port, &d, NULL), TM_ERR_CLOSED);
    (void)close(fd);
    CHECK_INT(tm_innerdoor_open(&fd, &port, &d, NULL), TM_OK);
    (void)close(fd);
    tm_innerdoor_remove(&d);
    CHECK(stat(d.path, &st) != 0);
    FILE *f = fopen(d.path, "w");
    CHECK(f != NULL && fclose(f) == 0);
    CHECK_INT(tm_innerdoor_open(&fd, &port, &d, NULL), TM_ERR_IO);
    CHECK_INT(stat(d.path, &st), 0);
    CHECK_INT(unlink(d.path), 0);
    CHECK_INT(rmdir(dir), 0);
    CHECK_INT(tm_innerdoor_open(&fd, &port, &d, NULL), TM_ERR_IO); /* no directory */
}

static const struct check_case cases[] = {
    {"only_this_machine_is_a_place", only_this_machine_is_a_place},
    {"a_path_must_be_allowed_and_fit", a_path_must_be_allowed_and_fit},
    {"an_address_gets_a_port", an_address_gets_a_port},
    {"a_path_is_taken_only_where_nobody_answers", a_path_is_taken_only_where_nobody_answers},
};
CHECK_MAIN("door", cases)
