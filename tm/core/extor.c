/* tm/core/extor.c - see extor.h. */
#include "tm/core/extor.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SAFE_COOKIE 1U
#define HEAD_LEN    4U /* of a frame */

enum command {
    CMD_DONE = 0x0000,
    CMD_USERADDR = 0x0001,
    CMD_TRANSPORT = 0x0002,
    CMD_OKAY = 0x1000,
    CMD_DENY = 0x1001 /* CONTROL and what may come later is passed over */
};

static const char label[][48] = {
    [TM_EXTOR_SERVER] = "ExtORPort authentication server-to-client hash",
    [TM_EXTOR_CLIENT] = "ExtORPort authentication client-to-server hash",
};
static_assert(sizeof label[0] + 2 * (size_t)TM_EXTOR_NONCE_LEN <= TM_EXTOR_TEXT_MAX, "a text fits");
static_assert(3 * (size_t)HEAD_LEN + 2 * (size_t)TM_EXTOR_NAME_MAX + TM_EXTOR_MAC_LEN <=
                  TM_EXTOR_OUT_MAX,
              "what is said at once fits");

void tm_extor_init(struct tm_extor *e, const uint8_t client_nonce[TM_EXTOR_NONCE_LEN],
                   const char *user_addr, const char *transport)
{
    *e = (struct tm_extor){.phase = TM_EXTOR_KINDS};
    memcpy(e->client_nonce, client_nonce, sizeof e->client_nonce);
    (void)strncat(e->user_addr, user_addr, sizeof e->user_addr - 1);
    (void)strncat(e->transport, transport, sizeof e->transport - 1);
}

static void drop(uint8_t *in, size_t *len, size_t n)
{
    *len -= n;
    memmove(in, in + n, *len);
}

static void frame(struct tm_wr *out, enum command command, const char *body)
{
    tm_wr_u16(out, (uint16_t)command);
    tm_wr_u16(out, (uint16_t)strlen(body));
    tm_wr_bytes(out, body, strlen(body));
}

/* The kinds of authentication, up to the 0; one of them must be ours. */
static enum tm_extor_want kinds(struct tm_extor *e, uint8_t *in, size_t *len, struct tm_wr *out)
{
    const uint8_t *end = *len > 0 ? memchr(in, 0, *len) : NULL;
    if (end == NULL)
        return *len < TM_EXTOR_IN_MAX ? TM_EXTOR_MORE : TM_EXTOR_REFUSED;
    if (memchr(in, SAFE_COOKIE, (size_t)(end - in)) == NULL)
        return TM_EXTOR_REFUSED;
    drop(in, len, (size_t)(end - in) + 1);
    tm_wr_u8(out, SAFE_COOKIE);
    tm_wr_bytes(out, e->client_nonce, sizeof e->client_nonce);
    e->phase = TM_EXTOR_PROOF;
    return TM_EXTOR_MORE;
}

static enum tm_extor_want proof(struct tm_extor *e, uint8_t *in, size_t *len)
{
    if (*len < TM_EXTOR_MAC_LEN + TM_EXTOR_NONCE_LEN)
        return TM_EXTOR_MORE;
    memcpy(e->server_mac, in, TM_EXTOR_MAC_LEN);
    memcpy(e->server_nonce, in + TM_EXTOR_MAC_LEN, TM_EXTOR_NONCE_LEN);
    drop(in, len, TM_EXTOR_MAC_LEN + TM_EXTOR_NONCE_LEN);
    e->phase = TM_EXTOR_PROVING;
    return TM_EXTOR_MACS;
}

/* Whether tor believes us; then whose connection it is. */
static enum tm_extor_want result(struct tm_extor *e, uint8_t *in, size_t *len, struct tm_wr *out)
{
    if (*len == 0)
        return TM_EXTOR_MORE;
    if (in[0] != 1)
        return TM_EXTOR_REFUSED;
    drop(in, len, 1);
    if (e->user_addr[0] != '\0')
        frame(out, CMD_USERADDR, e->user_addr);
    frame(out, CMD_TRANSPORT, e->transport);
    frame(out, CMD_DONE, "");
    e->phase = TM_EXTOR_ANSWER;
    return TM_EXTOR_MORE;
}

static enum tm_extor_want answer(uint8_t *in, size_t *len)
{
    while (*len >= HEAD_LEN) {
        unsigned command = (unsigned)in[0] << 8 | in[1];
        size_t n = HEAD_LEN + ((size_t)in[2] << 8 | in[3]);
        if (command == CMD_DENY || n > TM_EXTOR_IN_MAX)
            return TM_EXTOR_REFUSED;
        if (*len < n)
            return TM_EXTOR_MORE;
        drop(in, len, n);
        if (command == CMD_OKAY)
            return TM_EXTOR_DONE;
    }
    return TM_EXTOR_MORE;
}

enum tm_extor_want tm_extor_feed(struct tm_extor *e, uint8_t *in, size_t *len, struct tm_wr *out)
{
    enum tm_extor_want want = TM_EXTOR_MORE;
    unsigned before;
    do {
        before = e->phase;
        switch (e->phase) {
        case TM_EXTOR_KINDS:
            want = kinds(e, in, len, out);
            break;
        case TM_EXTOR_PROOF:
            want = proof(e, in, len);
            break;
        case TM_EXTOR_RESULT:
            want = result(e, in, len, out);
            break;
        case TM_EXTOR_ANSWER:
            want = answer(in, len);
            break;
        case TM_EXTOR_PROVING:
            break;
        }
    } while (want == TM_EXTOR_MORE && e->phase != before);
    return want;
}

size_t tm_extor_text(const struct tm_extor *e, enum tm_extor_side side,
                     uint8_t text[TM_EXTOR_TEXT_MAX])
{
    struct tm_wr w = tm_wr_init(text, TM_EXTOR_TEXT_MAX);
    tm_wr_bytes(&w, label[side], strlen(label[side]));
    tm_wr_bytes(&w, e->client_nonce, sizeof e->client_nonce);
    tm_wr_bytes(&w, e->server_nonce, sizeof e->server_nonce);
    TM_ASSERT(tm_wr_ok(&w));
    return w.len;
}

/* In a time that does not tell how much is equal. */
static bool is_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    uint8_t different = 0;
    for (size_t i = 0; i < n; i++)
        different = (uint8_t)(different | (a[i] ^ b[i]));
    return different == 0;
}

enum tm_extor_want tm_extor_macs(struct tm_extor *e, const uint8_t server[TM_EXTOR_MAC_LEN],
                                 const uint8_t client[TM_EXTOR_MAC_LEN], struct tm_wr *out)
{
    if (!is_equal(server, e->server_mac, TM_EXTOR_MAC_LEN))
        return TM_EXTOR_REFUSED;
    tm_wr_bytes(out, client, TM_EXTOR_MAC_LEN);
    e->phase = TM_EXTOR_RESULT;
    return TM_EXTOR_MORE;
}
