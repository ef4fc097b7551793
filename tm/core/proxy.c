/* tm/core/proxy.c - see proxy.h. */
#include "tm/core/proxy.h"

#include <stdbool.h>
#include <string.h>

#include "tm/core/socks4.h"
#include "tm/core/socks5.h"

static void drop(uint8_t *in, size_t *len, size_t n)
{
    *len -= n;
    memmove(in, in + n, *len);
}

static void answer(struct tm_wr *out, enum tm_http_status status, const char *why)
{
    uint8_t text[TM_HTTP_ANSWER_MAX];
    tm_wr_bytes(out, text, tm_http_answer(text, status, why));
}

static enum tm_proxy_want refuse(struct tm_proxy *p, enum tm_reply reply, struct tm_wr *out)
{
    tm_proxy_reply(p, reply, NULL, out);
    return TM_PROXY_END;
}

/* ---- SOCKS ---- */

static enum tm_proxy_want asked(struct tm_proxy *p, const struct tm_socks_request *req,
                                struct tm_wr *out)
{
    if (req->reply != TM_REPLY_OK)
        return refuse(p, req->reply, out);
    p->dest = req->dest;
    p->phase = TM_PROXY_ASKED;
    if (req->command == TM_SOCKS_UDP_ASSOCIATE)
        return TM_PROXY_DATAGRAMS;
    if (req->command == TM_SOCKS_CONNECT)
        return p->dest.port != 0 ? TM_PROXY_STREAM : refuse(p, TM_REPLY_ADDRESS_UNSUPPORTED, out);
    p->dest.port = 0;
    bool is_answer = req->command == TM_SOCKS_RESOLVE && p->dest.kind != TM_ADDR_NAME;
    if (!is_answer)
        return TM_PROXY_LOOKUP;
    tm_proxy_reply(p, TM_REPLY_OK, &p->dest, out);
    return TM_PROXY_END;
}

/* in: a whole login. */
static void keep_login(struct tm_proxy *p, const uint8_t *in)
{
    size_t user = in[1], password = in[2 + user];
    const uint8_t *second = in + 3 + user;
    bool is_none = password == 1 && second[0] == 0;
    memcpy(p->login, in + 2, user);
    p->login_len = user;
    if (is_none)
        return;
    memcpy(p->login + user, second, password);
    p->login_len += password;
}

/* Greeting and login: MORE also when the next message's turn has come. */
static enum tm_proxy_want socks5_begin(struct tm_proxy *p, uint8_t *in, size_t *len,
                                       struct tm_wr *out)
{
    uint8_t said[TM_SOCKS5_METHOD_LEN], method = TM_SOCKS5_NO_METHOD;
    bool is_login = p->phase == TM_PROXY_LOGIN;
    ssize_t n = is_login ? tm_socks5_login(in, *len) : tm_socks5_greeting(in, *len, &method);
    if (n <= 0)
        return n < 0 ? TM_PROXY_END : TM_PROXY_MORE;
    if (p->wants_login && is_login)
        keep_login(p, in);
    if (p->wants_login && !is_login && in[1] > 0 && memchr(in + 2, TM_SOCKS5_LOGIN, in[1]) != NULL)
        method = TM_SOCKS5_LOGIN;
    drop(in, len, (size_t)n);
    if (is_login)
        tm_socks5_logged_in(said);
    else
        tm_socks5_method(said, method);
    tm_wr_bytes(out, said, sizeof said);
    if (!is_login && method == TM_SOCKS5_NO_METHOD)
        return TM_PROXY_END;
    p->phase = !is_login && method == TM_SOCKS5_LOGIN ? TM_PROXY_LOGIN : TM_PROXY_REQUEST;
    return TM_PROXY_MORE;
}

static enum tm_proxy_want socks5(struct tm_proxy *p, uint8_t *in, size_t *len, struct tm_wr *out)
{
    struct tm_socks_request req;
    while (p->phase != TM_PROXY_REQUEST) {
        unsigned before = p->phase;
        enum tm_proxy_want want = socks5_begin(p, in, len, out);
        if (want == TM_PROXY_END || p->phase == before)
            return want;
    }
    ssize_t n = tm_socks5_request(in, *len, &req);
    if (n <= 0)
        return n < 0 ? TM_PROXY_END : TM_PROXY_MORE;
    drop(in, len, (size_t)n);
    return asked(p, &req, out);
}

static enum tm_proxy_want socks4(struct tm_proxy *p, uint8_t *in, size_t *len, struct tm_wr *out)
{
    struct tm_socks_request req;
    ssize_t n = tm_socks4_request(in, *len, &req);
    if (n <= 0)
        return n < 0 ? TM_PROXY_END : TM_PROXY_MORE;
    drop(in, len, (size_t)n);
    return asked(p, &req, out);
}

/* ---- HTTP ---- */

static const char *why_refused(enum tm_http_status status)
{
    switch (status) {
    case TM_HTTP_TOO_LARGE:
        return "the head of the request is too large";
    case TM_HTTP_NOT_IMPLEMENTED:
        return "only http goes by address, use CONNECT for the rest; of codings only chunked";
    case TM_HTTP_VERSION:
        return "HTTP/1.0 and 1.1 are understood";
    case TM_HTTP_OK:
    case TM_HTTP_BAD_REQUEST:
    case TM_HTTP_FORBIDDEN:
    case TM_HTTP_NOT_FOUND:
    case TM_HTTP_METHOD:
    case TM_HTTP_TIMEOUT:
    case TM_HTTP_CONTENT:
    case TM_HTTP_MISDIRECTED:
    case TM_HTTP_BAD_GATEWAY:
    case TM_HTTP_UNAVAILABLE:
    case TM_HTTP_GATEWAY_TIMEOUT:
        break;
    }
    return "not a request to a proxy that can be understood";
}

static enum tm_proxy_want end_with(enum tm_http_status status, struct tm_wr *out)
{
    answer(out, status, why_refused(status));
    return TM_PROXY_END;
}

static enum tm_proxy_want http(struct tm_proxy *p, uint8_t *in, size_t *len, size_t cap,
                               struct tm_wr *out)
{
    uint8_t text[TM_HTTP_HEAD_MAX + TM_HTTP_GROWTH];
    struct tm_wr head = tm_wr_init(text, sizeof text);
    struct tm_http_request req;
    ssize_t n = tm_http_head(in, *len, p->n_looked);
    p->n_looked = *len;
    if (n == 0)
        return TM_PROXY_MORE;
    enum tm_http_status status =
        n < 0 ? TM_HTTP_TOO_LARGE : tm_http_request(&req, &head, in, (size_t)n);
    if (status != TM_HTTP_OK)
        return end_with(status, out);
    drop(in, len, (size_t)n);
    p->dest = req.dest;
    p->phase = TM_PROXY_ASKED;
    if (req.form == TM_HTTP_CONNECT) {
        p->speech = TM_PROXY_HTTP_CONNECT;
        return TM_PROXY_STREAM;
    }
    p->body = req.body;
    n = tm_http_body_take(&p->body, in, *len);
    if (n < 0)
        return end_with(TM_HTTP_BAD_REQUEST, out);
    *len = (size_t)n;
    TM_ASSERT_LE(head.len + *len, cap);
    memmove(in + head.len, in, *len);
    memcpy(in, text, head.len);
    *len += head.len;
    return TM_PROXY_STREAM;
}

/* ---- Any ---- */

static enum tm_proxy_speech speech_of(uint8_t first)
{
    if (first == 5)
        return TM_PROXY_SOCKS5;
    if (first == 4)
        return TM_PROXY_SOCKS4;
    uint8_t lower = first | 0x20;
    return lower >= 'a' && lower <= 'z' ? TM_PROXY_HTTP : TM_PROXY_UNKNOWN;
}

enum tm_proxy_want tm_proxy_feed(struct tm_proxy *p, uint8_t *in, size_t *len, size_t cap,
                                 struct tm_wr *out)
{
    if (*len > 0 && p->speech == TM_PROXY_UNKNOWN)
        p->speech = speech_of(in[0]);
    switch (p->speech) {
    case TM_PROXY_SOCKS5:
        return socks5(p, in, len, out);
    case TM_PROXY_SOCKS4:
        return socks4(p, in, len, out);
    case TM_PROXY_HTTP:
        return http(p, in, len, cap, out);
    case TM_PROXY_UNKNOWN:
    case TM_PROXY_HTTP_CONNECT:
        break;
    }
    return *len == 0 ? TM_PROXY_MORE : TM_PROXY_END;
}

void tm_proxy_reply(const struct tm_proxy *p, enum tm_reply reply, const struct tm_dest *found,
                    struct tm_wr *out)
{
    uint8_t said[TM_SOCKS5_REPLY_MAX];
    switch (p->speech) {
    case TM_PROXY_SOCKS5:
        tm_wr_bytes(out, said, tm_socks5_reply(said, reply, found));
        break;
    case TM_PROXY_SOCKS4:
        tm_socks4_reply(said, reply, found);
        tm_wr_bytes(out, said, TM_SOCKS4_REPLY_LEN);
        break;
    case TM_PROXY_HTTP_CONNECT:
    case TM_PROXY_HTTP:
        if (reply != TM_REPLY_OK || p->speech == TM_PROXY_HTTP_CONNECT)
            answer(out, tm_http_status_of(reply), tm_http_why(reply));
        break;
    case TM_PROXY_UNKNOWN:
        break;
    }
}

void tm_proxy_too_slow(const struct tm_proxy *p, struct tm_wr *out)
{
    if (p->phase == TM_PROXY_ASKED)
        tm_proxy_reply(p, TM_REPLY_FAILURE, NULL, out);
    else if (p->speech == TM_PROXY_HTTP)
        answer(out, TM_HTTP_TIMEOUT, "the request did not come in time");
}
