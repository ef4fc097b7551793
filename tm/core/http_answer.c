/* tm/core/http_answer.c - what a client of the proxy is told (tm/core/http.h). */
#include "tm/core/http.h"

#include <string.h>

#define BODY_MAX 128U /* of a line of text */

enum tm_http_status tm_http_status_of(enum tm_reply reply)
{
    switch (reply) {
    case TM_REPLY_OK:
        return TM_HTTP_OK;
    case TM_REPLY_DENIED:
        return TM_HTTP_FORBIDDEN;
    case TM_REPLY_TTL_EXPIRED:
        return TM_HTTP_GATEWAY_TIMEOUT;
    case TM_REPLY_FAILURE:
    case TM_REPLY_NET_UNREACHABLE:
    case TM_REPLY_HOST_UNREACHABLE:
    case TM_REPLY_REFUSED:
    case TM_REPLY_COMMAND_UNSUPPORTED:
    case TM_REPLY_ADDRESS_UNSUPPORTED:
    case TM_REPLY_NAME_UNKNOWN:
        break;
    }
    return TM_HTTP_BAD_GATEWAY;
}

const char *tm_http_why(enum tm_reply reply)
{
    switch (reply) {
    case TM_REPLY_OK:
        return "connected";
    case TM_REPLY_DENIED:
        return "the server does not connect there";
    case TM_REPLY_NET_UNREACHABLE:
        return "the network of the destination cannot be reached";
    case TM_REPLY_HOST_UNREACHABLE:
        return "the destination cannot be reached";
    case TM_REPLY_REFUSED:
        return "the destination refused the connection";
    case TM_REPLY_TTL_EXPIRED:
        return "the destination did not answer in time";
    case TM_REPLY_NAME_UNKNOWN:
        return "the name was not found";
    case TM_REPLY_ADDRESS_UNSUPPORTED:
        return "not an address to connect to";
    case TM_REPLY_COMMAND_UNSUPPORTED:
    case TM_REPLY_FAILURE:
        break;
    }
    return "the server could not connect";
}

const char *tm_http_reason(enum tm_http_status status)
{
    switch (status) {
    case TM_HTTP_OK:
        return "OK";
    case TM_HTTP_BAD_REQUEST:
        return "Bad Request";
    case TM_HTTP_FORBIDDEN:
        return "Forbidden";
    case TM_HTTP_NOT_FOUND:
        return "Not Found";
    case TM_HTTP_METHOD:
        return "Method Not Allowed";
    case TM_HTTP_TIMEOUT:
        return "Request Timeout";
    case TM_HTTP_CONTENT:
        return "Content Too Large";
    case TM_HTTP_MISDIRECTED:
        return "Misdirected Request";
    case TM_HTTP_TOO_LARGE:
        return "Request Header Fields Too Large";
    case TM_HTTP_NOT_IMPLEMENTED:
        return "Not Implemented";
    case TM_HTTP_BAD_GATEWAY:
        return "Bad Gateway";
    case TM_HTTP_UNAVAILABLE:
        return "Service Unavailable";
    case TM_HTTP_GATEWAY_TIMEOUT:
        return "Gateway Timeout";
    case TM_HTTP_VERSION:
        return "HTTP Version Not Supported";
    }
    return "";
}

static void put(struct tm_wr *w, const char *text)
{
    tm_wr_bytes(w, text, strlen(text));
}

static void put_number(struct tm_wr *w, unsigned n)
{
    if (n >= 10)
        put_number(w, n / 10);
    tm_wr_u8(w, (uint8_t)('0' + n % 10));
}

size_t tm_http_answer(uint8_t out[TM_HTTP_ANSWER_MAX], enum tm_http_status status, const char *why)
{
    struct tm_wr w = tm_wr_init(out, TM_HTTP_ANSWER_MAX);
    put(&w, "HTTP/1.1 ");
    put_number(&w, (unsigned)status);
    put(&w, " ");
    put(&w, status == TM_HTTP_OK ? "Connection established" : tm_http_reason(status));
    if (status == TM_HTTP_OK) {
        put(&w, "\r\n\r\n");
        return w.len;
    }
    TM_ASSERT_LE(strlen(why), BODY_MAX);
    put(&w, " (");
    put(&w, why);
    put(&w, ")\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: ");
    put_number(&w, (unsigned)strlen(why) + 1);
    put(&w, "\r\n\r\n");
    put(&w, why);
    put(&w, "\n");
    TM_ASSERT(tm_wr_ok(&w));
    return w.len;
}
