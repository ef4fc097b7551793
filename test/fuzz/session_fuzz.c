/* Everything that a record's plaintext can do to the engine: frames, control messages, explicit plans.
 *
 * Byte 0 chooses side, master, plan mode, and whether a client asks for listeners; then records: length (2 bytes, big-endian) and bytes.  Between
 * records the engine is polled and composes, so that its answers run too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"
#include "tm/core/session_listen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tm_session *start(unsigned mode, const struct tm_model *m)
{
    struct tm_session_cfg cfg = {.side = TM_CLIENT,
                                 .master = mode & 2 ? TM_SERVER : TM_CLIENT,
                                 .plan_mode = mode & 4 ? TM_PLAN_EMBEDDED : TM_PLAN_SEEDED,
                                 .model = m,
                                 .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
                                 .n_users = 2,
                                 .prep_us = TM_PREP_US,
                                 .seed = {1}};
    struct tm_session *c;
    struct tm_act act;
    struct tm_token t;
    if (tm_session_new(&c, &cfg, 0) != TM_OK || !tm_session_poll(c, 0, &act))
        abort();
    tm_session_token(c, 0, &t);
    if (!(mode & 1)) {
        tm_session_opened(c, 0, 100);
        tm_session_sent(c, 0, 0, 100, 100, 0);
        const struct tm_dest bind = {.kind = TM_ADDR_IPV4, .len = 4, .port = 1};
        uint32_t listener;
        for (int i = 0; mode & 8 && i < 2; i++)
            if (tm_session_listen(c, &bind, &listener) != TM_OK)
                abort();
        return c;
    }
    tm_session_free(c);
    tm_session_cfg_from_token(&cfg, &t);
    cfg.model = m;
    if (tm_session_new(&c, &cfg, 100) != TM_OK || tm_session_accept(c, &t, act.size, 100) != TM_OK)
        abort();
    return c;
}

static void drain(struct tm_session *s, int64_t now_us)
{
    static uint8_t plain[TM_RECORD_PLAIN_MAX];
    struct tm_act act;
    struct tm_event ev;
    for (int i = 0; i < 40 && tm_session_next_event(s, &ev); i++) {
        bool end;
        if (ev.kind == TM_EVENT_OPEN)
            tm_session_stream_reply(s, ev.stream, ev.stream % 3 ? TM_REPLY_OK : TM_REPLY_REFUSED);
        uint64_t id;
        if (ev.kind == TM_EVENT_LISTEN)
            tm_session_listening(s, ev.listener, ev.listener % 2 ? TM_REPLY_DENIED : TM_REPLY_OK,
                                 1);
        if (ev.kind == TM_EVENT_LISTEN && tm_session_stream_accept(s, ev.listener, &id) == TM_OK)
            (void)tm_session_stream_send(s, id, (const uint8_t *)"x", 1);
        if (ev.kind == TM_EVENT_READABLE)
            tm_session_stream_consume(s, ev.stream, tm_session_stream_peek(s, ev.stream, &end).len);
    }
    for (int i = 0; i < 40 && tm_session_poll(s, now_us, &act); i++) {
        if (act.kind != TM_ACT_WRITE)
            continue;
        while (tm_session_compose(s, act.carrier, plain, now_us) > 0)
            ;
        tm_session_sent(s, act.carrier, act.write, now_us, now_us, 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    struct tm_model m;
    tm_model_constant_default(&m);
    struct tm_session *s = start(data[0], &m);
    int64_t now_us = 200;
    for (size_t at = 1; at + 2 <= size;) {
        size_t len = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (len > size - at)
            len = size - at;
        if (len > TM_RECORD_PLAIN_MAX)
            len = TM_RECORD_PLAIN_MAX;
        tm_session_received(s, 0, 1448, now_us);
        if (len > 0)
            (void)tm_session_record(s, 0, data + at, len, now_us);
        at += len;
        drain(s, now_us);
        now_us += 3000;
    }
    tm_session_free(s);
    return 0;
}
