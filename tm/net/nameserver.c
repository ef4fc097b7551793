/* tm/net/nameserver.c - see nameserver.h. */
#include "tm/net/nameserver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define PORT     53
#define TEXT_MAX 16384U

static const char word[] = "nameserver";

/* An address, without a zone: one that needs it is not for a stream. */
static bool read_address(struct tm_dest *dest, const char *p, size_t len)
{
    char text[INET6_ADDRSTRLEN];
    if (len == 0 || len >= sizeof text)
        return false;
    memcpy(text, p, len);
    text[len] = '\0';
    dest->port = PORT;
    dest->kind = TM_ADDR_IPV4;
    dest->len = 4;
    if (inet_pton(AF_INET, text, dest->addr) == 1)
        return true;
    dest->kind = TM_ADDR_IPV6;
    dest->len = 16;
    return inet_pton(AF_INET6, text, dest->addr) == 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void tm_nameserver_parse(struct tm_dest *dest, const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *line = text; line < end;) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        const char *stop = eol != NULL ? eol : end;
        size_t n = sizeof word - 1;
        if ((size_t)(stop - line) > n && memcmp(line, word, n) == 0 && is_blank(line[n])) {
            const char *p = line + n;
            while (p < stop && is_blank(*p))
                p++;
            const char *q = p;
            while (q < stop && !is_blank(*q) && *q != '\r')
                q++;
            if (read_address(dest, p, (size_t)(q - p)))
                return;
        }
        line = stop + 1;
    }
    (void)read_address(dest, "127.0.0.1", sizeof "127.0.0.1" - 1);
}

void tm_nameserver_read(struct tm_dest *dest)
{
    char text[TEXT_MAX];
    int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : 0;
    if (fd >= 0)
        (void)close(fd);
    tm_nameserver_parse(dest, text, n > 0 ? (size_t)n : 0);
}
