/* tm/app/address.c - see address.h. */
#include "tm/app/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tm/app/units.h"

/* Copies [p, p + len) as a host; false when it is too long or no host could be called so. */
static bool take_host(char host[TM_ADDRESS_HOST_MAX + 1], const char *p, size_t len)
{
    if (len > TM_ADDRESS_HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        if (p[i] <= 0x20 || p[i] >= 0x7f || strchr("[]/@", p[i]) != NULL)
            return false;
    memcpy(host, p, len);
    host[len] = '\0';
    if (strcmp(host, "*") == 0)
        host[0] = '\0';
    return true;
}

static bool take_port(uint16_t *port, const char *text)
{
    int64_t v;
    if (tm_units_count(text, &v) != TM_OK || v > UINT16_MAX)
        return false;
    *port = (uint16_t)v;
    return true;
}

int tm_address_parse(struct tm_address *a, const char *text, struct tm_msg *msg)
{
    const char *colon = strrchr(text, ':'), *host = text;
    if (colon == NULL)
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s' has no port; write HOST:PORT", text);
    size_t len = (size_t)(colon - text);
    bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    if (bracketed) {
        host++;
        len -= 2;
    } else if (memchr(text, ':', len) != NULL) {
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "'%s': write an IPv6 address in brackets, [ADDR]:PORT", text);
    }
    if (!take_host(a->host, host, len) || (bracketed && strchr(a->host, ':') == NULL))
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s': this is no host name or address", text);
    if (!take_port(&a->port, colon + 1))
        return tm_msg_set(msg, TM_ERR_FORMAT, "'%s': the port must be a number from 0 to 65535",
                          text);
    return TM_OK;
}

void tm_address_print(char out[TM_ADDRESS_TEXT_MAX], const char *host, uint16_t port)
{
    bool v6 = strchr(host, ':') != NULL;
    snprintf(out, TM_ADDRESS_TEXT_MAX, "%s%s%s:%u", v6 ? "[" : "", host[0] == '\0' ? "*" : host,
             v6 ? "]" : "", (unsigned)port);
}

int tm_address_dest(struct tm_dest *d, const struct tm_address *a)
{
    size_t len = strlen(a->host);
    if (len == 0 || a->port == 0)
        return TM_ERR_RANGE;
    *d = (struct tm_dest){.port = a->port};
    if (inet_pton(AF_INET, a->host, d->addr) == 1) {
        d->kind = TM_ADDR_IPV4;
        d->len = 4;
    } else if (inet_pton(AF_INET6, a->host, d->addr) == 1) {
        d->kind = TM_ADDR_IPV6;
        d->len = 16;
    } else {
        d->kind = TM_ADDR_NAME;
        d->len = (uint8_t)len;
        memcpy(d->addr, a->host, len);
    }
    return TM_OK;
}

int tm_address_resolve(struct sockaddr_storage *out, const struct tm_address *a, struct tm_msg *msg)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *ai = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", (unsigned)a->port);
    const char *host = a->host[0] != '\0' ? a->host : "::";
    int rc = getaddrinfo(host, port, &hints, &ai);
    if (rc != 0)
        return tm_msg_set(msg, TM_ERR_IO,
                          "cannot resolve '%s': %s; check the name and the name server", a->host,
                          gai_strerror(rc));
    memset(out, 0, sizeof *out);
    memcpy(out, ai->ai_addr, ai->ai_addrlen);
    freeaddrinfo(ai);
    return TM_OK;
}

socklen_t tm_address_len(const struct sockaddr_storage *sa)
{
    return sa->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}
