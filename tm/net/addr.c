/* tm/net/addr.c */
#include "tm/net/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void tm_addr_text(const struct sockaddr *sa, char out[TM_ADDR_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET6) {
        memcpy(&in6, sa, sizeof in6);
        (void)inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host);
        (void)snprintf(out, TM_ADDR_TEXT_MAX, "[%s]:%u", host, ntohs(in6.sin6_port));
    } else if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof in);
        (void)inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
        (void)snprintf(out, TM_ADDR_TEXT_MAX, "%s:%u", host, ntohs(in.sin_port));
    } else {
        (void)snprintf(out, TM_ADDR_TEXT_MAX, "?");
    }
}

socklen_t tm_addr_len(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return sizeof(struct sockaddr_in);
    return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : 0;
}

void tm_addr_dest(struct tm_dest *out, const struct sockaddr *sa)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    if (sa->sa_family == AF_INET) {
        memcpy(&in, sa, sizeof in);
        *out = (struct tm_dest){.kind = TM_ADDR_IPV4, .len = 4, .port = ntohs(in.sin_port)};
        memcpy(out->addr, &in.sin_addr, 4);
        return;
    }
    memcpy(&in6, sa, sizeof in6);
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
    *out = (struct tm_dest){.kind = is_mapped ? TM_ADDR_IPV4 : TM_ADDR_IPV6,
                            .len = is_mapped ? 4 : 16,
                            .port = ntohs(in6.sin6_port)};
    memcpy(out->addr, in6.sin6_addr.s6_addr + (16 - out->len), out->len);
}

void tm_addr_of_dest(struct sockaddr_storage *out, const struct tm_dest *d)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(d->port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(d->port)};
    memset(out, 0, sizeof *out);
    if (d->kind == TM_ADDR_IPV4) {
        memcpy(&in.sin_addr, d->addr, 4);
        memcpy(out, &in, sizeof in);
    } else {
        memcpy(&in6.sin6_addr, d->addr, 16);
        memcpy(out, &in6, sizeof in6);
    }
}

void tm_errno_text(int error, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s", error == 0 ? "connection closed" : strerror(error));
    out[0] = (char)tolower((unsigned char)out[0]);
}
