/* tm/app/client_connect.c - tm-client connect: standard input and output joined to one connection through the proxy of the tm-client
 * that runs, as ssh's ProxyCommand wants it.
 *
 * The end of the input closes that direction alone; the program ends with the other one.  A buffer for each direction, and no write
 * but where there is room, so that a side that does not read holds up only what goes to it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tm/app/forward.h"
#include "tm/app/main.h"
#include "tm/app/proxy_dial.h"
#include "tm/core/http.h"
#include "tm/core/socks5.h"

#define BUF_LEN 4096U /* PIPE_BUF: a pipe with room takes as much */

struct way {
    int from, to;
    bool is_over; /* the end of `from` was read, and everything before it written */
    size_t off, len;
    uint8_t buf[BUF_LEN];
};

static bool read_exactly(int fd, uint8_t *p, size_t len)
{
    return recv(fd, p, len, MSG_WAITALL) == (ssize_t)len;
}

/* Asks for the connection; *reply is how it went.  False when the proxy does not speak SOCKS 5. */
static bool ask(int fd, const struct tm_dest *dest, uint8_t *reply)
{
    uint8_t text[TM_SOCKS5_REPLY_MAX];
    if (!tm_proxy_request(fd, dest) || !read_exactly(fd, text, 2) || text[0] != 5 ||
        text[1] != TM_SOCKS5_NO_AUTH || !read_exactly(fd, text, 5))
        return false;
    *reply = text[1];
    size_t rest = text[3] == TM_ADDR_IPV4 ? 4U : text[3] == TM_ADDR_IPV6 ? 16U : 1U + text[4];
    return read_exactly(fd, text, rest - 1 + 2); /* one byte of it was read, the port follows */
}

/* Does what can be done without waiting; false: the connection is broken. */
static bool move(struct way *w, short can_read, short can_write)
{
    if (can_write != 0 && w->len > 0) {
        ssize_t n = write(w->to, w->buf + w->off, w->len);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        w->off += (size_t)n;
        w->len -= (size_t)n;
    }
    if (can_read != 0 && w->len == 0 && !w->is_over) {
        ssize_t n = read(w->from, w->buf, BUF_LEN);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        w->off = 0;
        w->len = (size_t)n;
        w->is_over = n == 0;
    }
    return true;
}

/* Waits until something can be done, and does it; false: the connection is broken. */
static bool step(struct way *up, struct way *down, int fd)
{
    bool wants_in = !up->is_over && up->len == 0, has_up = up->len > 0, has_down = down->len > 0;
    struct pollfd p[3] = {
        {.fd = wants_in ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = has_down && !has_up ? -1 : fd,
         .events = (short)((has_down ? 0 : POLLIN) | (has_up ? POLLOUT : 0))},
        {.fd = has_down ? STDOUT_FILENO : -1, .events = POLLOUT},
    };
    if (poll(p, 3, -1) < 0)
        return errno == EINTR;
    short can_read = (short)(p[1].revents & (POLLIN | POLLERR | POLLHUP));
    short can_write = (short)(p[1].revents & (POLLOUT | POLLERR));
    return move(up, p[0].revents, can_write) && move(down, can_read, p[2].revents);
}

/* Until the connection's other side has ended; false: it broke. */
static bool relay(int fd)
{
    struct way up = {.from = STDIN_FILENO, .to = fd}, down = {.from = fd, .to = STDOUT_FILENO};
    bool is_shut = false;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        return false;
    while (!down.is_over) {
        if (!step(&up, &down, fd))
            return false;
        if (up.is_over && !is_shut) {
            (void)shutdown(fd, SHUT_WR);
            is_shut = true;
        }
    }
    return true;
}

enum tm_exit tm_cmd_connect(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_dest dest;
    uint8_t reply = 0;
    int fd = -1, rc = tm_forward_dest(&dest, o->operand, msg);
    if (rc == TM_OK)
        rc = tm_proxy_open(&fd, o->v[TM_OPT_SOCKS].text, msg);
    if (rc == TM_OK && !ask(fd, &dest, &reply))
        rc = tm_msg_set(msg, TM_ERR_PROTO, "no SOCKS 5 proxy at %.200s", o->v[TM_OPT_SOCKS].text);
    if (rc == TM_OK && reply != TM_REPLY_OK)
        rc =
            tm_msg_set(msg, TM_ERR_IO, "%.200s: %s", o->operand, tm_http_why((enum tm_reply)reply));
    if (rc == TM_OK && !relay(fd))
        rc = tm_msg_set(msg, TM_ERR_IO, "the connection to %.200s broke", o->operand);
    if (fd >= 0)
        (void)close(fd);
    return rc == TM_OK ? TM_EXIT_DONE : TM_EXIT_FAILED;
}
