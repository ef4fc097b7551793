/* tm/core/socks4.c - see socks4.h. */
#include "tm/core/socks4.h"

#include <string.h>

#define VERSION  0x04U
#define HEAD_LEN 8U
#define GRANTED  90U
#define REJECTED 91U

/* The length of the text at `at` whose end is a zero: false when there is none in the bytes yet. */
static bool find_text(const uint8_t *p, size_t len, size_t at, size_t *text_len)
{
    const uint8_t *zero = at < len ? memchr(p + at, 0, len - at) : NULL;
    *text_len = zero == NULL ? len - at : (size_t)(zero - p) - at;
    return zero != NULL;
}

static ssize_t refuse(struct tm_socks_request *req, enum tm_reply reply, size_t consumed)
{
    req->reply = reply;
    return (ssize_t)consumed;
}

ssize_t tm_socks4_request(const uint8_t *p, size_t len, struct tm_socks_request *req)
{
    size_t user_len = 0, name_len = 0, at = HEAD_LEN;
    if (len >= 1 && p[0] != VERSION)
        return TM_ERR_PROTO;
    if (len < HEAD_LEN)
        return 0;
    bool has_user = find_text(p, len, at, &user_len);
    if (user_len > TM_SOCKS4_USER_MAX)
        return refuse(req, TM_REPLY_FAILURE, len);
    if (!has_user)
        return 0;
    at += user_len + 1;
    req->dest = (struct tm_dest){.kind = TM_ADDR_IPV4, .len = 4};
    req->dest.port = (uint16_t)(p[2] << 8 | p[3]);
    memcpy(req->dest.addr, p + 4, 4);
    if (p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0) {
        bool has_name = find_text(p, len, at, &name_len);
        if (name_len > TM_DEST_HOST_MAX)
            return refuse(req, TM_REPLY_FAILURE, len);
        if (!has_name)
            return 0;
        req->dest.kind = TM_ADDR_NAME;
        req->dest.len = (uint8_t)name_len;
        memcpy(req->dest.addr, p + at, name_len);
        if (!tm_socks_is_name(p + at, name_len))
            return refuse(req, TM_REPLY_FAILURE, at + name_len + 1);
        at += name_len + 1;
    }
    if (p[1] != TM_SOCKS_CONNECT && p[1] != TM_SOCKS_RESOLVE)
        return refuse(req, TM_REPLY_COMMAND_UNSUPPORTED, at);
    req->command = (enum tm_socks_command)p[1];
    req->reply = TM_REPLY_OK;
    return (ssize_t)at;
}

void tm_socks4_reply(uint8_t out[TM_SOCKS4_REPLY_LEN], enum tm_reply reply,
                     const struct tm_dest *found)
{
    bool is_good = reply == TM_REPLY_OK && (found == NULL || found->kind == TM_ADDR_IPV4);
    memset(out, 0, TM_SOCKS4_REPLY_LEN);
    out[1] = is_good ? GRANTED : REJECTED;
    if (is_good && found != NULL)
        memcpy(out + 4, found->addr, 4);
}
