/* tm/app/udpforward.c - see udpforward.h. */
#include "tm/app/udpforward.h"

#include <string.h>

static const char mark[] = "/udp:"; /* behind the port to listen on */

bool tm_udpforward_is(const char *text)
{
    return strstr(text, mark) != NULL;
}

static bool is_unix(const struct tm_dest *d)
{
    return d->kind == TM_ADDR_NAME && d->len > 5 && memcmp(d->addr, "unix:", 5) == 0;
}

/* Without the mark it is a forward as any. */
int tm_udpforward_parse(struct tm_forward *f, const char *text, struct tm_msg *msg)
{
    char plain[2 * TM_ADDRESS_TEXT_MAX];
    const char *at = strstr(text, mark);
    size_t left = at != NULL ? (size_t)(at - text) : sizeof plain;
    size_t rest = at != NULL ? strlen(at) - (sizeof mark - 2) : 0; /* from the colon on */
    if (left + rest < sizeof plain) {
        memcpy(plain, text, left);
        memcpy(plain + left, at + sizeof mark - 2, rest + 1);
        if (tm_forward_parse(f, plain, NULL) == TM_OK && f->bind.path[0] == '\0' &&
            !is_unix(&f->dest))
            return TM_OK;
    }
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "'%.300s': write [BIND:]PORT/udp:HOST:HOSTPORT, IPv6 addresses in brackets",
                      text);
}
