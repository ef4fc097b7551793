/* tm/core/lookup.c - see lookup.h. */
#include "tm/core/lookup.h"

#include <stdbool.h>
#include <string.h>

#include "tm/core/socks5.h"

#define HEAD_LEN 2U

size_t tm_lookup_encode(uint8_t out[TM_LOOKUP_MAX], const struct tm_dest *found)
{
    out[0] = (uint8_t)found->kind;
    out[1] = found->len;
    memcpy(out + HEAD_LEN, found->addr, found->len);
    return HEAD_LEN + (size_t)found->len;
}

static bool is_sound(const uint8_t *p)
{
    switch (p[0]) {
    case TM_ADDR_IPV4:
        return p[1] == 4;
    case TM_ADDR_IPV6:
        return p[1] == 16;
    case TM_ADDR_NAME:
        return tm_socks_is_name(p + HEAD_LEN, p[1]);
    default:
        return false;
    }
}

ssize_t tm_lookup_decode(struct tm_dest *found, const uint8_t *p, size_t len)
{
    if (len < HEAD_LEN || len < HEAD_LEN + (size_t)p[1])
        return 0;
    if (!is_sound(p))
        return TM_ERR_PROTO;
    *found = (struct tm_dest){.kind = (enum tm_addr_kind)p[0], .len = p[1]};
    memcpy(found->addr, p + HEAD_LEN, p[1]);
    return (ssize_t)(HEAD_LEN + (size_t)p[1]);
}
