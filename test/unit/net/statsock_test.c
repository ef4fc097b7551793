/* A socket that answers whoever connects. */
#include "tm/net/statsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "test/support/check.h"

/* Deeper than an address of a unix socket can be long. */
#define NAME                                                                                       \
    "a-directory-of-a-name-that-is-longer-than-an-address-of-a-unix-socket-could-ever-hold-in-it"

struct scene {
    char base[64], dir[256];
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t quit;
    struct tm_statsock *sock;
    unsigned n_asked, n_looks, n_busy; /* n_busy: looks that find no time */
    size_t len;                        /* of the answer */
};

static size_t on_answer(void *user, char *out, size_t cap)
{
    struct scene *s = user;
    s->n_asked++;
    CHECK_INT(cap, TM_STATSOCK_MAX);
    memset(out, 'x', s->len);
    return s->len;
}

static bool is_ready(void *user)
{
    struct scene *s = user;
    return ++s->n_looks > s->n_busy;
}

static void on_quit(uv_async_t *async)
{
    struct scene *s = async->data;
    tm_statsock_close(s->sock);
    uv_close((uv_handle_t *)async, NULL);
}

static void run(void *arg)
{
    struct scene *s = arg;
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
}

static void scene_dir(struct scene *s)
{
    memset(s, 0, sizeof *s);
    (void)strcpy(s->base, "/tmp/tm-statsock-XXXXXX");
    CHECK(mkdtemp(s->base) != NULL);
    (void)snprintf(s->dir, sizeof s->dir, "%s/%s", s->base, NAME);
    CHECK_INT(mkdir(s->dir, 0700), 0);
    s->len = 100;
}

static void scene_start(struct scene *s)
{
    struct tm_msg msg = {""};
    CHECK_INT(uv_loop_init(&s->loop), 0);
    CHECK_INT(uv_async_init(&s->loop, &s->quit, on_quit), 0);
    s->quit.data = s;
    const struct tm_statsock_cfg cfg = {
        .dir = s->dir, .answer = on_answer, .is_ready = is_ready, .user = s};
    CHECK_INT(tm_statsock_open(&s->sock, &s->loop, &cfg, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK_INT(uv_thread_create(&s->thread, run, s), 0);
}

static void scene_stop(struct scene *s)
{
    (void)uv_async_send(&s->quit);
    (void)uv_thread_join(&s->thread);
    CHECK_INT(uv_loop_close(&s->loop), 0);
}

static void scene_remove(struct scene *s)
{
    CHECK_INT(rmdir(s->dir), 0); /* nothing was left behind */
    CHECK_INT(rmdir(s->base), 0);
}

static void who_asks_is_answered(void)
{
    struct scene s;
    static char got[TM_STATSOCK_MAX];
    size_t len = 0;
    scene_dir(&s);
    scene_start(&s);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_OK);
        CHECK_INT(len, 100);
        CHECK(got[0] == 'x' && got[99] == 'x');
        CHECK_INT(s.n_asked, i);
    }
    s.len = TM_STATSOCK_MAX; /* the longest answer arrives whole */
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_OK);
    CHECK_INT(len, TM_STATSOCK_MAX);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got - 1, &len, NULL), TM_ERR_LIMIT);
    s.len = 0;
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_ERR_IO);
    scene_stop(&s);
    scene_remove(&s);
}

static void only_the_owner_may_open_it(void)
{
    struct scene s;
    struct stat st;
    char path[300];
    scene_dir(&s);
    mode_t old = umask(0);
    scene_start(&s);
    (void)umask(old);
    (void)snprintf(path, sizeof path, "%s/%s", s.dir, TM_STATSOCK_NAME);
    CHECK_INT(stat(path, &st), 0);
    CHECK(S_ISSOCK(st.st_mode));
    CHECK_INT(st.st_mode & 0777, 0600);
    scene_stop(&s);
    scene_remove(&s);
}

/* A process of another user that was let into the directory: connected, and closed unanswered. */
static void another_user_is_not_answered(void)
{
    struct scene s;
    if (geteuid() != 0)
        return; /* only root can become somebody else */
    scene_dir(&s);
    CHECK_INT(chmod(s.base, 0755), 0);
    CHECK_INT(chmod(s.dir, 0755), 0);
    scene_start(&s);
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", s.dir, TM_STATSOCK_NAME);
    CHECK_INT(chmod(path, 0666), 0);
    static char got[TM_STATSOCK_MAX];
    size_t len = 0;
    struct tm_msg msg = {""};
    /* This thread alone: the C library would change the other one, who answers, too. */
    CHECK_INT(syscall(SYS_setresuid, -1, 65534, -1), 0);
    int rc = tm_statsock_ask(s.dir, got, sizeof got, &len, &msg);
    CHECK_INT(syscall(SYS_setresuid, -1, 0, -1), 0);
    CHECK_INT(rc, TM_ERR_IO);
    CHECK_STR(msg.text, "it does not answer us: it belongs to another user");
    CHECK_INT(s.n_asked, 0);
    scene_stop(&s);
    scene_remove(&s);
}

static void nobody_there_is_said(void)
{
    struct scene s;
    char got[16];
    size_t len = 0;
    struct tm_msg msg = {""};
    scene_dir(&s);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, &msg), TM_ERR_CLOSED);
    CHECK_MEM(msg.text, "nothing answers at ", 19);
    scene_remove(&s);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, &msg), TM_ERR_IO);
}

static void an_answer_waits_for_time_but_not_for_ever(void)
{
    struct scene s;
    char got[200];
    size_t len = 0;
    scene_dir(&s);
    s.n_busy = 7;
    scene_start(&s);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_OK);
    CHECK_INT(s.n_looks, 8);
    CHECK_INT(s.n_asked, 1);
    s.n_busy = 1000000;
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_OK);
    CHECK_INT(s.n_looks, 8 + TM_STATSOCK_WAIT_MS);
    scene_stop(&s);
    scene_remove(&s);
}

/* As after SIGKILL: a socket that nobody listens on. */
static void what_was_left_behind_is_replaced_and_who_lives_is_not(void)
{
    struct scene s;
    struct tm_statsock *second = NULL;
    struct tm_msg msg = {""};
    char got[200];
    size_t len = 0;
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = TM_STATSOCK_NAME};
    char cwd[1024];
    scene_dir(&s);
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_INT(chdir(s.dir), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(chdir(cwd), 0);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, &msg), TM_ERR_CLOSED);
    scene_start(&s);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, &msg), TM_OK);
    uv_loop_t loop;
    CHECK_INT(uv_loop_init(&loop), 0);
    const struct tm_statsock_cfg cfg = {.dir = s.dir, .answer = on_answer, .user = &s};
    CHECK_INT(tm_statsock_open(&second, &loop, &cfg, &msg), TM_ERR_CLOSED);
    CHECK(second == NULL);
    CHECK_INT(uv_loop_close(&loop), 0);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, &msg), TM_OK);
    scene_stop(&s);
    scene_remove(&s);
    tm_statsock_close(NULL);
}

/* Many who ask and do not wait for the answer: the program goes on, and answers who waits. */
static void who_does_not_read_delays_nobody(void)
{
    struct scene s;
    char got[200];
    size_t len = 0;
    int fds[6];
    scene_dir(&s);
    scene_start(&s);
    char cwd[1024];
    CHECK(getcwd(cwd, sizeof cwd) != NULL);
    CHECK_INT(chdir(s.dir), 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = TM_STATSOCK_NAME};
    for (size_t i = 0; i < 6; i++) {
        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        CHECK_INT(connect(fds[i], (struct sockaddr *)&a, sizeof a), 0);
    }
    CHECK_INT(chdir(cwd), 0);
    CHECK_INT(close(fds[0]), 0);
    CHECK_INT(tm_statsock_ask(s.dir, got, sizeof got, &len, NULL), TM_OK);
    CHECK_INT(s.n_asked, 7);
    for (size_t i = 1; i < 6; i++)
        (void)close(fds[i]);
    scene_stop(&s);
    scene_remove(&s);
}

static const struct check_case cases[] = {
    {"who_asks_is_answered", who_asks_is_answered},
    {"only_the_owner_may_open_it", only_the_owner_may_open_it},
    {"another_user_is_not_answered", another_user_is_not_answered},
    {"an_answer_waits_for_time_but_not_for_ever", an_answer_waits_for_time_but_not_for_ever},
    {"nobody_there_is_said", nobody_there_is_said},
    {"what_was_left_behind_is_replaced_and_who_lives_is_not",
     what_was_left_behind_is_replaced_and_who_lives_is_not},
    {"who_does_not_read_delays_nobody", who_does_not_read_delays_nobody},
};
CHECK_MAIN("statsock", cases)
