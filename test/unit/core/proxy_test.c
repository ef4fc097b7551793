/* test/unit/core/proxy_test.c - whole conversations with the proxy port, in every cut, and lookups' answers. */
#include "tm/core/proxy.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "tm/core/lookup.h"
#include "tm/core/socks5.h"

struct talk {
    struct tm_proxy proxy;
    enum tm_proxy_want want;
    size_t n_used; /* of the client's bytes, when something was wanted */
    size_t len, said_len;
    uint8_t in[TM_PROXY_IN_MAX + TM_HTTP_GROWTH];
    uint8_t said[4 * TM_PROXY_OUT_MAX];
};

/* Feeds a conversation in pieces of `step` bytes; stops when something is wanted. */
static void talk(struct talk *t, const void *bytes, size_t len, size_t step)
{
    *t = (struct talk){.want = TM_PROXY_MORE};
    for (size_t at = 0; at < len && t->want == TM_PROXY_MORE; at += step) {
        size_t n = len - at < step ? len - at : step;
        struct tm_wr out = tm_wr_init(t->said + t->said_len, TM_PROXY_OUT_MAX);
        memcpy(t->in + t->len, (const uint8_t *)bytes + at, n);
        t->len += n;
        t->want = tm_proxy_feed(&t->proxy, t->in, &t->len, sizeof t->in, &out);
        CHECK(tm_wr_ok(&out));
        t->said_len += out.len;
        t->n_used = at + n;
    }
}

static void reply(struct talk *t, enum tm_reply code, const struct tm_dest *found)
{
    struct tm_wr out = tm_wr_init(t->said, TM_PROXY_OUT_MAX);
    tm_proxy_reply(&t->proxy, code, found, &out);
    t->said_len = out.len;
}

struct wanted {
    const char *bytes;
    size_t len; /* of the conversation, without what follows it */
    enum tm_proxy_want want;
    enum tm_proxy_speech speech;
    const char *said;
    size_t said_len;
    const char *left; /* of a conversation with "+" behind it */
    const char *granted, *refused;
    size_t granted_len, refused_len;
};

#define TEXT(s) (s), sizeof(s) - 1
#define NAME    "\13example.org"

static const struct wanted good[] = {
    {TEXT("\5\1\0\5\1\0\3" NAME "\0\120"), TM_PROXY_STREAM, TM_PROXY_SOCKS5, TEXT("\5\0"), "+",
     "\5\0\0\1\0\0\0\0\0\0", "\5\5\0\1\0\0\0\0\0\0", 10, 10},
    {TEXT("\5\1\2\1\2me\3you\5\1\0\3" NAME "\0\120"), TM_PROXY_STREAM, TM_PROXY_SOCKS5,
     TEXT("\5\2\1\0"), "+", "\5\0\0\1\0\0\0\0\0\0", "\5\5\0\1\0\0\0\0\0\0", 10, 10},
    {TEXT("\4\1\0\120\0\0\0\1me\0example.org\0"), TM_PROXY_STREAM, TM_PROXY_SOCKS4, TEXT(""), "+",
     "\0\132\0\0\0\0\0\0", "\0\133\0\0\0\0\0\0", 8, 8},
    {TEXT("CONNECT example.org:80 HTTP/1.1\r\n\r\n"), TM_PROXY_STREAM, TM_PROXY_HTTP_CONNECT,
     TEXT(""), "+", "HTTP/1.1 200 ", "HTTP/1.1 502 ", 13, 13},
    {TEXT("GET http://example.org/ HTTP/1.1\r\nContent-Length: 9\r\n\r\n"), TM_PROXY_STREAM,
     TM_PROXY_HTTP, TEXT(""),
     "GET / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 9\r\nConnection: close\r\n\r\n+", "",
     "HTTP/1.1 502 ", 0, 13},
};

static void every_protocol_asks_for_the_same_stream_however_it_is_cut(void)
{
    static struct talk t;
    char bytes[300];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const struct wanted *w = &good[i];
        memcpy(bytes, w->bytes, w->len);
        bytes[w->len] = '+';
        for (size_t step = 1; step <= w->len + 1; step++) {
            talk(&t, bytes, w->len + 1, step);
            CHECK_INT(t.want, w->want);
            CHECK_INT(t.proxy.speech, w->speech);
            CHECK_INT(t.proxy.dest.kind, TM_ADDR_NAME);
            CHECK_INT(t.proxy.dest.len, 11);
            CHECK_MEM(t.proxy.dest.addr, "example.org", 11);
            CHECK_INT(t.proxy.dest.port, 80);
            CHECK_INT(t.said_len, w->said_len);
            CHECK_MEM(t.said, w->said, w->said_len);
            CHECK(t.n_used >= w->len);
            size_t left = strlen(w->left) - (t.n_used == w->len ? 1 : 0);
            CHECK_INT(t.len, left);
            CHECK_MEM(t.in, w->left, left);
        }
        reply(&t, TM_REPLY_OK, NULL);
        CHECK(t.said_len >= w->granted_len);
        CHECK_MEM(t.said, w->granted, w->granted_len);
        reply(&t, TM_REPLY_REFUSED, NULL);
        CHECK(t.said_len >= w->refused_len);
        CHECK_MEM(t.said, w->refused, w->refused_len);
    }
}

static void an_association_is_wanted_however_it_is_cut(void)
{
    static const char bytes[] = "\5\1\0\5\3\0\1\177\0\0\1\20\0";
    static struct talk t;
    const struct tm_dest bound = {
        .kind = TM_ADDR_IPV4, .len = 4, .addr = {127, 0, 0, 1}, .port = 5000};
    for (size_t step = 1; step < sizeof bytes; step++) {
        talk(&t, bytes, sizeof bytes - 1, step);
        CHECK_INT(t.want, TM_PROXY_DATAGRAMS);
        CHECK_INT(t.proxy.dest.port, 4096);
        reply(&t, TM_REPLY_OK, &bound);
        CHECK_INT(t.said_len, 10);
        CHECK_MEM(t.said, "\5\0\0\1\177\0\0\1\23\210", 10);
        reply(&t, TM_REPLY_FAILURE, NULL);
        CHECK_MEM(t.said, "\5\1\0\1\0\0\0\0\0\0", 10);
    }
    talk(&t, "\4\3\0\120\1\1\1\1\0", 9, 9); /* SOCKS 4 has none */
    CHECK_INT(t.want, TM_PROXY_END);
}

static void what_is_not_understood_gets_its_protocols_answer_and_the_end(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *said;
        size_t said_len;
    } bad[] = {
        {TEXT("\5\1\1"), TEXT("\5\377")},
        {TEXT("\5\1\0\4"), TEXT("\5\0")},
        {TEXT("\5\1\2\2"), TEXT("\5\2")},
        {TEXT("\5\1\0\5\2\0\1\0\0\0\0\0\0"), TEXT("\5\0\5\7\0\1\0\0\0\0\0\0")},
        {TEXT("\5\1\0\5\1\0\11"), TEXT("\5\0\5\10\0\1\0\0\0\0\0\0")},
        {TEXT("\5\1\0\5\1\0\1\1\1\1\1\0\0"), TEXT("\5\0\5\10\0\1\0\0\0\0\0\0")}, /* port 0 */
        {TEXT("\4\2\0\120\1\1\1\1\0"), TEXT("\0\133\0\0\0\0\0\0")},
        {TEXT("GET / HTTP/1.1\r\n\r\n"), TEXT("HTTP/1.1 400 ")},
        {TEXT("GET https://a/ HTTP/1.1\r\n\r\n"), TEXT("HTTP/1.1 501 ")},
        {TEXT("GET http://a/ HTTP/3.0\r\n\r\n"), TEXT("HTTP/1.1 505 ")},
        {TEXT("\26\3\1\2\0"), TEXT("")}, /* TLS */
        {TEXT("\0"), TEXT("")},
    };
    static struct talk t;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t step = 1; step <= bad[i].len; step++) {
            talk(&t, bad[i].bytes, bad[i].len, step);
            CHECK_INT(t.want, TM_PROXY_END);
            CHECK(t.said_len >= bad[i].said_len);
            CHECK_MEM(t.said, bad[i].said, bad[i].said_len);
        }
}

/* As Tor hands over the arguments of a bridge line: the first 255 bytes as the user, the rest as the password, or one NUL. */
static void who_wants_the_login_gets_it_in_every_cut(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *login, *said;
        size_t said_len;
    } login[] = {
        {TEXT("\5\2\0\2\1\3a=b\1\0\5\1\0\1\300\0\2\1\1\273"), "a=b", TEXT("\5\2\1\0")},
        {TEXT("\5\1\2\1\3a=b\2;c\5\1\0\1\300\0\2\1\1\273"), "a=b;c", TEXT("\5\2\1\0")},
        {TEXT("\5\1\2\1\1a\1b\5\1\0\1\300\0\2\1\1\273"), "ab", TEXT("\5\2\1\0")},
        {TEXT("\5\1\0\5\1\0\1\300\0\2\1\1\273"), "", TEXT("\5\0")},
    };
    for (size_t i = 0; i < sizeof login / sizeof *login; i++) {
        for (size_t step = 1; step <= login[i].len; step++) {
            struct tm_proxy p = {.wants_login = true};
            uint8_t in[64 + TM_HTTP_GROWTH], said[TM_PROXY_OUT_MAX];
            struct tm_wr out = tm_wr_init(said, sizeof said);
            enum tm_proxy_want want = TM_PROXY_MORE;
            size_t len = 0;
            for (size_t at = 0; at < login[i].len && want == TM_PROXY_MORE; at += step) {
                size_t n = login[i].len - at < step ? login[i].len - at : step;
                memcpy(in + len, login[i].bytes + at, n);
                len += n;
                want = tm_proxy_feed(&p, in, &len, sizeof in, &out);
            }
            CHECK_INT(want, TM_PROXY_STREAM);
            CHECK_INT(p.login_len, strlen(login[i].login));
            CHECK_MEM(p.login, login[i].login, p.login_len);
            CHECK_INT(out.len, login[i].said_len);
            CHECK_MEM(said, login[i].said, out.len);
        }
    }
}

static void the_longest_login_is_kept(void)
{
    static uint8_t in[1024 + TM_HTTP_GROWTH];
    uint8_t said[TM_PROXY_OUT_MAX];
    struct tm_wr out = tm_wr_init(said, sizeof said);
    struct tm_proxy p = {.wants_login = true};
    struct tm_wr w = tm_wr_init(in, 1024);
    tm_wr_bytes(&w, "\5\1\2\1\377", 5);
    for (int i = 0; i < 255; i++)
        tm_wr_u8(&w, 'u');
    tm_wr_u8(&w, 255);
    for (int i = 0; i < 255; i++)
        tm_wr_u8(&w, 'p');
    size_t len = w.len;
    CHECK_INT(tm_proxy_feed(&p, in, &len, sizeof in, &out), TM_PROXY_MORE);
    CHECK_INT(p.login_len, TM_PROXY_LOGIN_MAX);
    CHECK(p.login[254] == 'u' && p.login[255] == 'p' && p.login[509] == 'p');
}

static void two_requests_at_once_are_refused(void)
{
    static const char two[] = "GET http://a/ HTTP/1.1\r\n\r\nGET http://b/ HTTP/1.1\r\n\r\n";
    static struct talk t;
    talk(&t, two, sizeof two - 1, sizeof two);
    CHECK_INT(t.want, TM_PROXY_END);
    CHECK_MEM(t.said, "HTTP/1.1 400 ", 13);
}

static void a_head_without_end_is_too_large(void)
{
    static uint8_t longest[TM_PROXY_IN_MAX];
    static struct talk t;
    memset(longest, 'a', sizeof longest);
    talk(&t, longest, sizeof longest - 1, 1000);
    CHECK_INT(t.want, TM_PROXY_MORE);
    talk(&t, longest, sizeof longest, 1000);
    CHECK_INT(t.want, TM_PROXY_END);
    CHECK_MEM(t.said, "HTTP/1.1 431 ", 13);
}

/* As much beside the head as a buffer holds. */
static void the_longest_head_goes_on_with_what_follows_it(void)
{
    static const char first[] = "POST http://a/ HTTP/1.1\nContent-Length: 100000\nA: ";
    static uint8_t head[TM_PROXY_IN_MAX];
    static struct talk t;
    memset(head, 'a', sizeof head);
    memcpy(head, first, sizeof first - 1);
    memcpy(head + sizeof head - 12, "\n\n", 2);
    talk(&t, head, sizeof head, sizeof head);
    CHECK_INT(t.want, TM_PROXY_STREAM);
    CHECK_MEM(t.in + t.len - 14, "\r\n\r\naaaaaaaaaa", 14);
    CHECK_INT(t.proxy.body.left, 100000 - 10);
}

static void lookups_are_asked_and_answered(void)
{
    static const struct tm_dest v4 = {.kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 9}};
    static const struct tm_dest name = {.kind = TM_ADDR_NAME, .len = 1, .addr = "a"};
    static struct talk t;
    talk(&t, TEXT("\5\1\0\5\360\0\3" NAME "\0\120"), 5);
    CHECK_INT(t.want, TM_PROXY_LOOKUP);
    CHECK_INT(t.proxy.dest.kind, TM_ADDR_NAME);
    CHECK_INT(t.proxy.dest.port, 0);
    reply(&t, TM_REPLY_OK, &v4);
    CHECK_INT(t.said_len, 10);
    CHECK_MEM(t.said, "\5\0\0\1\300\0\2\11\0\0", 10);
    talk(&t, TEXT("\5\1\0\5\361\0\1\300\0\2\11\0\0"), 5);
    CHECK_INT(t.want, TM_PROXY_LOOKUP);
    CHECK_INT(t.proxy.dest.kind, TM_ADDR_IPV4);
    reply(&t, TM_REPLY_OK, &name);
    CHECK_INT(t.said_len, 8);
    CHECK_MEM(t.said, "\5\0\0\3\1a\0\0", 8);
    talk(&t, TEXT("\4\360\0\0\0\0\0\1\0example.org\0"), 5);
    CHECK_INT(t.want, TM_PROXY_LOOKUP);
    reply(&t, TM_REPLY_OK, &v4);
    CHECK_MEM(t.said, "\0\132\0\0\300\0\2\11", 8);
    talk(&t, TEXT("\5\1\0\5\360\0\1\300\0\2\11\0\0"), 5); /* the address of an address is itself */
    CHECK_INT(t.want, TM_PROXY_END);
    CHECK_MEM(t.said, "\5\0\5\0\0\1\300\0\2\11\0\0", 12);
}

static void who_is_too_slow_is_told_in_its_protocol(void)
{
    static struct talk t;
    static const struct {
        const char *bytes;
        size_t len;
        const char *said;
        size_t said_len;
    } slow[] = {
        {TEXT(""), TEXT("")},
        {TEXT("\5\1\0"), TEXT("")},
        {TEXT("GET "), TEXT("HTTP/1.1 408 ")},
        {TEXT("\5\1\0\5\1\0\1\1\1\1\1\0\1"), TEXT("\5\1\0\1\0\0\0\0\0\0")},
        {TEXT("CONNECT a:1 HTTP/1.1\r\n\r\n"), TEXT("HTTP/1.1 502 ")},
    };
    for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
        talk(&t, slow[i].bytes, slow[i].len, 1);
        struct tm_wr out = tm_wr_init(t.said, TM_PROXY_OUT_MAX);
        tm_proxy_too_slow(&t.proxy, &out);
        CHECK(out.len >= slow[i].said_len && (out.len == 0) == (slow[i].said_len == 0));
        CHECK_MEM(t.said, slow[i].said, slow[i].said_len);
    }
}

static void a_lookups_answer_is_read_as_it_was_written(void)
{
    static const struct tm_dest all[] = {
        {.kind = TM_ADDR_IPV4, .len = 4, .addr = {192, 0, 2, 9}},
        {.kind = TM_ADDR_IPV6, .len = 16, .addr = {0x20, 1, 0xd, 0xb8}},
        {.kind = TM_ADDR_NAME, .len = 11, .addr = "example.org"},
    };
    uint8_t text[TM_LOOKUP_MAX];
    struct tm_dest found;
    for (size_t i = 0; i < 3; i++) {
        size_t len = tm_lookup_encode(text, &all[i]);
        CHECK_INT(len, 2 + all[i].len);
        for (size_t n = 0; n < len; n++)
            CHECK_INT(tm_lookup_decode(&found, text, n), 0);
        CHECK_INT(tm_lookup_decode(&found, text, len), len);
        CHECK_INT(found.kind, all[i].kind);
        CHECK_INT(found.len, all[i].len);
        CHECK_MEM(found.addr, all[i].addr, found.len);
        for (int k = 0; k < 256; k++) {
            text[0] = (uint8_t)k;
            ssize_t n = tm_lookup_decode(&found, text, len);
            CHECK_INT(n == (ssize_t)len, k == (int)all[i].kind || (k == 3 && i == 2));
        }
    }
    CHECK_INT(tm_lookup_decode(&found, (const uint8_t *)"\3\0", 2), TM_ERR_PROTO);
    CHECK_INT(tm_lookup_decode(&found, (const uint8_t *)"\3\1 ", 3), TM_ERR_PROTO);
    CHECK_INT(tm_lookup_decode(&found, (const uint8_t *)"\1\5aaaaa", 7), TM_ERR_PROTO);
}

/* Any cut of any bytes gives the same conversation. */
static void mutated_conversations_do_not_depend_on_their_cuts(void)
{
    static struct talk whole, cut;
    char bytes[300];
    for (size_t k = 0; k < sizeof good / sizeof good[0]; k++)
        for (size_t i = 0; i < good[k].len; i++)
            for (unsigned bit = 0; bit < 8; bit++) {
                size_t len = good[k].len;
                memcpy(bytes, good[k].bytes, len);
                bytes[i] = (char)(bytes[i] ^ (int)(1U << bit));
                talk(&whole, bytes, len, len);
                talk(&cut, bytes, len, 3);
                CHECK_INT(cut.want, whole.want);
                if (whole.want == TM_PROXY_STREAM)
                    CHECK_MEM(&cut.proxy.dest, &whole.proxy.dest, sizeof cut.proxy.dest);
            }
}

static const struct check_case cases[] = {
    {"every_protocol_asks_for_the_same_stream_however_it_is_cut",
     every_protocol_asks_for_the_same_stream_however_it_is_cut},
    {"an_association_is_wanted_however_it_is_cut", an_association_is_wanted_however_it_is_cut},
    {"what_is_not_understood_gets_its_protocols_answer_and_the_end",
     what_is_not_understood_gets_its_protocols_answer_and_the_end},
    {"who_wants_the_login_gets_it_in_every_cut", who_wants_the_login_gets_it_in_every_cut},
    {"the_longest_login_is_kept", the_longest_login_is_kept},
    {"two_requests_at_once_are_refused", two_requests_at_once_are_refused},
    {"a_head_without_end_is_too_large", a_head_without_end_is_too_large},
    {"the_longest_head_goes_on_with_what_follows_it",
     the_longest_head_goes_on_with_what_follows_it},
    {"lookups_are_asked_and_answered", lookups_are_asked_and_answered},
    {"who_is_too_slow_is_told_in_its_protocol", who_is_too_slow_is_told_in_its_protocol},
    {"a_lookups_answer_is_read_as_it_was_written", a_lookups_answer_is_read_as_it_was_written},
    {"mutated_conversations_do_not_depend_on_their_cuts",
     mutated_conversations_do_not_depend_on_their_cuts},
};
CHECK_MAIN("proxy", cases)
