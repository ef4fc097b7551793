/* tm/app/udpforward.c - see udpforward.h. */
#include "tm/app/udpforward.h"

#include <string.h>

static const char mark[] = "/udp:"; /* behind the port to listen on */

bool tm_udpforward_is(const char *text)
{
    return strstr(text, mark) != NULL;
}

/* Without the mark it is a forward as any. */
int tm_udpforward_parse(struct tm_address_forward *f, const char *text, struct tm_msg *msg)
{
    char plain[2 * TM_ADDRESS_TEXT_MAX];
    const char *at = strstr(text, mark);
    size_t left = at != NULL ? (size_t)(at - text) : sizeof plain;
    size_t rest = at != NULL ? strlen(at) - (sizeof mark - 2) : 0; /* from the colon on */
    if (left + rest < sizeof plain) {
        memcpy(plain, text, left);
        memcpy(plain + left, at + sizeof mark - 2, rest + 1);
        if (tm_address_parse_forward(f, plain, NULL) == TM_OK)
            return TM_OK;
    }
    return tm_msg_set(msg, TM_ERR_FORMAT,
                      "'%.300s': write [BIND:]PORT/udp:HOST:HOSTPORT, IPv6 addresses in brackets",
                      text);
}
