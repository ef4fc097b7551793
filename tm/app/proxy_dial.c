/* tm/app/proxy_dial.c - see proxy_dial.h. */
#include "tm/app/proxy_dial.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tm/app/address.h"
#include "tm/app/forward.h"
#include "tm/core/socks5.h"

int tm_proxy_open(int *fd, const char *text, struct tm_msg *msg)
{
    struct tm_door at;
    struct sockaddr_storage sa;
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    *fd = -1;
    int rc = tm_door_parse(&at, text, msg);
    bool is_unix = rc == TM_OK && at.path[0] != '\0';
    if (is_unix)
        memcpy(un.sun_path, at.path, sizeof un.sun_path);
    else if (rc == TM_OK)
        rc = tm_address_resolve(&sa, &at.at, msg);
    if (rc != TM_OK)
        return rc;
    const struct sockaddr *to =
        is_unix ? (const struct sockaddr *)&un : (const struct sockaddr *)&sa;
    *fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd >= 0 && connect(*fd, to, is_unix ? sizeof un : tm_address_len(&sa)) == 0)
        return TM_OK;
    rc = tm_msg_set(msg, TM_ERR_IO, "no proxy at %.200s: %s; is tm-client running there?", text,
                    strerror(errno));
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return rc;
}

bool tm_proxy_request(int fd, const struct tm_dest *dest)
{
    static const uint8_t greeting[] = {5, 1, TM_SOCKS5_NO_AUTH};
    uint8_t text[TM_SOCKS5_REPLY_MAX];
    size_t len = tm_socks5_reply(text, TM_REPLY_OK, dest); /* a request is laid out as a reply */
    text[1] = TM_SOCKS_CONNECT;
    return send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == (ssize_t)sizeof greeting &&
           send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}
