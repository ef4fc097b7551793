/* The small HTTP server: answers, refusals, and who comes slowly, in numbers, or not at all. */
#include "tm/net/webdoor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/support/check.h"

struct scene {
    uv_loop_t loop;
    struct tm_webdoor *door;
    struct sockaddr_in addr;
    unsigned n_asked, n_looks, n_busy; /* n_busy: looks that find no time */
    size_t body_len;
    uint8_t body[TM_WEBDOOR_BODY_MAX];
};

static void on_ask(void *user, const struct tm_http_ask *ask, struct tm_webdoor_answer *a)
{
    struct scene *s = user;
    s->n_asked++;
    CHECK(ask->path.p[0] == '/');
    a->type = "text/x-test";
    a->headers = "X-Test: yes\r\n";
    a->body = (struct tm_view){s->body, s->body_len};
}

static bool is_ready(void *user)
{
    struct scene *s = user;
    return ++s->n_looks > s->n_busy;
}

static struct scene *scene_new(bool is_tcp)
{
    struct scene *s = calloc(1, sizeof *s);
    struct tm_webdoor_cfg cfg = {
        .is_tcp = is_tcp, .answer = on_ask, .is_ready = is_ready, .user = s};
    socklen_t len = sizeof s->addr;
    s->addr =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cfg.take_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(cfg.take_fd, (struct sockaddr *)&s->addr, len), 0);
    CHECK_INT(listen(cfg.take_fd, 64), 0);
    CHECK_INT(getsockname(cfg.take_fd, (struct sockaddr *)&s->addr, &len), 0);
    CHECK_INT(uv_loop_init(&s->loop), 0);
    CHECK_INT(tm_webdoor_open(&s->door, &s->loop, &cfg), TM_OK);
    memcpy(s->body, "hello", 5);
    s->body_len = 5;
    return s;
}

static void scene_free(struct scene *s)
{
    tm_webdoor_close(s->door);
    CHECK_INT(uv_run(&s->loop, UV_RUN_DEFAULT), 0); /* nothing is left that it would wait for */
    CHECK_INT(uv_loop_close(&s->loop), 0);
    free(s);
}

static int come(const struct scene *s)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (const struct sockaddr *)&s->addr, sizeof s->addr), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Steps the loop until the connection ends, at most `seconds`; what came, NUL-terminated.  False: it did not end. */
static bool hear(struct scene *s, int fd, char *out, size_t cap, unsigned seconds)
{
    uint64_t end = uv_hrtime() + seconds * UINT64_C(1000000000);
    size_t len = 0;
    out[0] = '\0';
    while (uv_hrtime() < end) {
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
        ssize_t n = recv(fd, out + len, cap - 1 - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return true;
        len += n > 0 ? (size_t)n : 0;
        out[len] = '\0';
        if (n < 0)
            (void)usleep(200);
    }
    return false;
}

#define ASK "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void check_answer(struct scene *s, const char *ask, const char *want)
{
    static char got[2 * TM_WEBDOOR_BODY_MAX];
    int fd = come(s);
    say(fd, ask);
    CHECK(hear(s, fd, got, sizeof got, 20));
    CHECK(strncmp(got, want, strlen(want)) == 0);
    (void)close(fd);
}

static void a_question_is_answered_and_the_connection_ends(void)
{
    static char got[4096];
    struct scene *s = scene_new(true);
    int fd = come(s);
    for (const char *c = ASK; *c != '\0'; c++) { /* byte by byte */
        say(fd, (char[]){*c, '\0'});
        (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    }
    CHECK(hear(s, fd, got, sizeof got, 20));
    CHECK_STR(got, "HTTP/1.1 200 OK\r\nContent-Type: text/x-test\r\nContent-Length: 5\r\n"
                   "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Test: yes\r\n"
                   "Connection: close\r\n\r\nhello");
    (void)close(fd);
    fd = come(s);
    say(fd, "HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    CHECK(hear(s, fd, got, sizeof got, 20));
    CHECK(strstr(got, "Content-Length: 5\r\n") != NULL && strstr(got, "hello") == NULL);
    (void)close(fd);
    CHECK_INT(s->n_asked, 2);
    scene_free(s);
}

static void what_is_no_question_is_refused_here(void)
{
    struct scene *s = scene_new(true);
    char *large = calloc(1, TM_WEBDOOR_HEAD_MAX + 100);
    memset(large, 'x', TM_WEBDOOR_HEAD_MAX + 1);
    check_answer(s, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 "HTTP/1.1 405 Method Not Allowed\r\n");
    check_answer(s, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421 ");
    check_answer(s, "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 421 "); /* of no host */
    check_answer(s, "nonsense\r\n\r\n", "HTTP/1.1 400 ");
    check_answer(s, large, "HTTP/1.1 431 ");
    CHECK_INT(s->n_asked, 0);
    free(large);
    scene_free(s);
    s = scene_new(false);
    check_answer(s, "GET / HTTP/1.0\r\n\r\n",
                 "HTTP/1.1 200 OK\r\n"); /* a path: the host says nothing */
    scene_free(s);
}

static void the_longest_answer_arrives_whole_at_a_slow_reader(void)
{
    static char got[TM_WEBDOOR_BODY_MAX + 1024];
    struct scene *s = scene_new(true);
    int fd = come(s), small = 32768;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    memset(s->body, 'y', sizeof s->body);
    s->body_len = sizeof s->body;
    say(fd, ASK);
    CHECK(hear(s, fd, got, sizeof got, 20));
    const char *body = strstr(got, "\r\n\r\n");
    CHECK(body != NULL && strspn(body + 4, "y") == TM_WEBDOOR_BODY_MAX);
    (void)close(fd);
    scene_free(s);
}

static void an_answer_waits_for_time_but_not_for_ever(void)
{
    struct scene *s = scene_new(true);
    s->n_busy = 3;
    check_answer(s, ASK, "HTTP/1.1 200 OK\r\n");
    CHECK_INT(s->n_looks, 4);
    s->n_busy = UINT32_MAX;
    check_answer(s, ASK, "HTTP/1.1 200 OK\r\n");
    CHECK_INT(s->n_looks, 4 + TM_WEBDOOR_WAIT_MS);
    scene_free(s);
}

/* So many say nothing: no place is left, and one more is answered when these have been ended. */
static void silent_ones_are_ended(void)
{
    char got[1024];
    int silent[TM_WEBDOOR_CONNS];
    struct scene *s = scene_new(true);
    for (size_t i = 0; i < TM_WEBDOOR_CONNS; i++)
        silent[i] = come(s);
    check_answer(s, ASK, "HTTP/1.1 200 OK\r\n");
    for (size_t i = 0; i < TM_WEBDOOR_CONNS; i++) {
        CHECK(hear(s, silent[i], got, sizeof got, 20));
        CHECK_STR(got, "");
        (void)close(silent[i]);
    }
    scene_free(s);
}

static void it_may_close_in_the_middle(void)
{
    struct scene *s = scene_new(true);
    int half = come(s), whole = come(s);
    say(half, "GET /");
    s->n_busy = UINT32_MAX;
    say(whole, ASK);
    while (s->n_looks < 2)
        (void)uv_run(&s->loop, UV_RUN_ONCE);
    scene_free(s);
    (void)close(half);
    (void)close(whole);
}

static const struct check_case cases[] = {
    {"a_question_is_answered_and_the_connection_ends",
     a_question_is_answered_and_the_connection_ends},
    {"what_is_no_question_is_refused_here", what_is_no_question_is_refused_here},
    {"the_longest_answer_arrives_whole_at_a_slow_reader",
     the_longest_answer_arrives_whole_at_a_slow_reader},
    {"an_answer_waits_for_time_but_not_for_ever", an_answer_waits_for_time_but_not_for_ever},
    {"silent_ones_are_ended", silent_ones_are_ended},
    {"it_may_close_in_the_middle", it_may_close_in_the_middle},
};
CHECK_MAIN("webdoor", cases)
