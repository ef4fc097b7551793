/* tm/net/addr.c */
#include "tm/net/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
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

void tm_errno_text(int error, char *out, size_t cap)
{
    (void)snprintf(out, cap, "%s", error == 0 ? "connection closed" : strerror(error));
    out[0] = (char)tolower((unsigned char)out[0]);
}
