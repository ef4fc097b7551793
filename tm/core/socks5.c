/* tm/core/socks5.c - see socks5.h. */
#include "tm/core/socks5.h"

#include <stdbool.h>
#include <string.h>

#include "tm/base/buf.h"

#define VERSION       0x05U
#define LOGIN_VERSION 0x01U
#define HEAD_LEN      4U /* VER CMD RSV ATYP */
#define PORT_LEN      2U

ssize_t tm_socks5_greeting(const uint8_t *p, size_t len, uint8_t *method)
{
    if (len >= 1 && p[0] != VERSION)
        return TM_ERR_PROTO;
    if (len < 2)
        return 0;
    size_t total = 2U + p[1];
    if (len < total)
        return 0;
    /* NMETHODS 0 is against the RFC, but answered like any other greeting that offers nothing. */
    *method = TM_SOCKS5_NO_METHOD;
    if (p[1] > 0 && memchr(p + 2, TM_SOCKS5_NO_AUTH, p[1]) != NULL)
        *method = TM_SOCKS5_NO_AUTH;
    else if (p[1] > 0 && memchr(p + 2, TM_SOCKS5_LOGIN, p[1]) != NULL)
        *method = TM_SOCKS5_LOGIN;
    return (ssize_t)total;
}

void tm_socks5_method(uint8_t out[TM_SOCKS5_METHOD_LEN], uint8_t method)
{
    out[0] = VERSION;
    out[1] = method;
}

ssize_t tm_socks5_login(const uint8_t *p, size_t len)
{
    if (len >= 1 && p[0] != LOGIN_VERSION)
        return TM_ERR_PROTO;
    if (len < 2)
        return 0;
    size_t at = 2U + p[1]; /* of the password's length */
    if (len <= at || len < at + 1 + p[at])
        return 0;
    return (ssize_t)(at + 1 + p[at]);
}

void tm_socks5_logged_in(uint8_t out[TM_SOCKS5_METHOD_LEN])
{
    out[0] = LOGIN_VERSION;
    out[1] = 0;
}

static bool is_command(uint8_t cmd)
{
    return cmd == TM_SOCKS_CONNECT || cmd == TM_SOCKS_UDP_ASSOCIATE || cmd == TM_SOCKS_RESOLVE ||
           cmd == TM_SOCKS_RESOLVE_PTR;
}

/* Offset and length of the address behind the head; false when more bytes are needed. */
static bool find_address(const uint8_t *p, size_t len, size_t *at, size_t *addr_len)
{
    *at = HEAD_LEN;
    if (p[3] == TM_ADDR_IPV4) {
        *addr_len = 4;
    } else if (p[3] == TM_ADDR_IPV6) {
        *addr_len = 16;
    } else {
        if (len <= HEAD_LEN)
            return false;
        *at = HEAD_LEN + 1;
        *addr_len = p[HEAD_LEN];
    }
    return len >= *at + *addr_len + PORT_LEN;
}

bool tm_socks_is_name(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] <= 0x20 || p[i] >= 0x7f)
            return false;
    return len > 0;
}

ssize_t tm_socks5_request(const uint8_t *p, size_t len, struct tm_socks_request *req)
{
    if (len >= 1 && p[0] != VERSION)
        return TM_ERR_PROTO;
    if (len < HEAD_LEN)
        return 0;
    uint8_t cmd = p[1], atyp = p[3];
    if (atyp != TM_ADDR_IPV4 && atyp != TM_ADDR_IPV6 && atyp != TM_ADDR_NAME) {
        req->reply = is_command(cmd) ? TM_REPLY_ADDRESS_UNSUPPORTED : TM_REPLY_COMMAND_UNSUPPORTED;
        return HEAD_LEN;
    }
    size_t at, addr_len;
    if (!find_address(p, len, &at, &addr_len))
        return 0;
    ssize_t consumed = (ssize_t)(at + addr_len + PORT_LEN);
    if (!is_command(cmd)) {
        req->reply = TM_REPLY_COMMAND_UNSUPPORTED;
        return consumed;
    }
    if (atyp == TM_ADDR_NAME &&
        (cmd == TM_SOCKS_RESOLVE_PTR || !tm_socks_is_name(p + at, addr_len))) {
        req->reply = TM_REPLY_FAILURE;
        return consumed;
    }
    struct tm_dest *dest = &req->dest;
    req->command = (enum tm_socks_command)cmd;
    *dest = (struct tm_dest){.kind = (enum tm_addr_kind)atyp, .len = (uint8_t)addr_len};
    memcpy(dest->addr, p + at, addr_len);
    dest->port = (uint16_t)(p[at + addr_len] << 8 | p[at + addr_len + 1]);
    req->reply = TM_REPLY_OK;
    return consumed;
}

/* ATYP ADDR PORT, as replies and datagrams have it. */
static void put_address(struct tm_wr *w, const struct tm_dest *d)
{
    tm_wr_u8(w, (uint8_t)d->kind);
    if (d->kind == TM_ADDR_NAME)
        tm_wr_u8(w, d->len);
    tm_wr_bytes(w, d->addr, d->len);
    tm_wr_u16(w, d->port);
}

size_t tm_socks5_reply(uint8_t out[TM_SOCKS5_REPLY_MAX], enum tm_reply reply,
                       const struct tm_dest *bound)
{
    static const struct tm_dest unknown = {.kind = TM_ADDR_IPV4, .len = 4};
    struct tm_wr w = tm_wr_init(out, TM_SOCKS5_REPLY_MAX);
    tm_wr_u8(&w, VERSION);
    tm_wr_u8(&w, (uint8_t)(reply == TM_REPLY_NAME_UNKNOWN ? TM_REPLY_HOST_UNREACHABLE : reply));
    tm_wr_u8(&w, 0);
    put_address(&w, bound != NULL ? bound : &unknown);
    TM_ASSERT(tm_wr_ok(&w));
    return w.len;
}

/* ---- Datagrams ---- */

int tm_socks5_datagram(const uint8_t *p, size_t len, struct tm_datagram *d)
{
    size_t at, addr_len;
    if (len <= HEAD_LEN || p[0] != 0 || p[1] != 0 || p[2] != 0)
        return TM_ERR_PROTO;
    uint8_t atyp = p[3];
    if ((atyp != TM_ADDR_IPV4 && atyp != TM_ADDR_IPV6 && atyp != TM_ADDR_NAME) ||
        !find_address(p, len, &at, &addr_len))
        return TM_ERR_PROTO;
    if (atyp == TM_ADDR_NAME && !tm_socks_is_name(p + at, addr_len))
        return TM_ERR_PROTO;
    d->dest = (struct tm_dest){.kind = (enum tm_addr_kind)atyp, .len = (uint8_t)addr_len};
    memcpy(d->dest.addr, p + at, addr_len);
    at += addr_len;
    d->dest.port = (uint16_t)(p[at] << 8 | p[at + 1]);
    at += PORT_LEN;
    d->data = (struct tm_view){p + at, len - at};
    return d->dest.port != 0 && d->data.len <= TM_DATAGRAM_MAX ? TM_OK : TM_ERR_PROTO;
}

size_t tm_socks5_datagram_head(uint8_t out[TM_SOCKS5_UDP_HEAD_MAX], const struct tm_dest *from)
{
    struct tm_wr w = tm_wr_init(out, TM_SOCKS5_UDP_HEAD_MAX);
    tm_wr_zeros(&w, 3);
    put_address(&w, from);
    TM_ASSERT(tm_wr_ok(&w));
    return w.len;
}
